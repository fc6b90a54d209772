import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { artifactory } from '../../lib/sources/artifactory.ts'
import { door, NOW } from '../door.ts'

// Fixtures were written here after JFrog's event types; no real body is among them.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/artifactory', `${name}.json`), 'utf8')

const withSettings = (accept: object) =>
  door({
    registries: [
      {
        id: 'artifactory',
        source: 'artifactory',
        domain: 'de.icr.io',
        region: 'eu-central',
        account: 'acme',
        accept,
      } as never,
    ],
  })

const auth = (secret = 'secret') => ({ headers: { authorization: '', 'x-jfrog-event-auth': secret } })

const hex = (character: string) => `sha256:${character.repeat(64)}`
const A = 'de.icr.io/docker-local/team/app'

// Written down by reading the fixtures.
const table: [fixture: string, action: string, name: string, id: string, initiator: object][] = [
  ['docker-pushed', 'image.push', `${A}:1.4.0`, `${A}@${hex('4')}`, { id: 'jane', name: 'jane' }],
  [
    'docker-pushed-list',
    'image.push',
    `${A}:2.0`,
    `${A}@${hex('5')}`,
    { id: 'jffe@01hy0000000000000000000000/users/ci', name: 'ci', credential: { type: 'token' } },
  ],
  ['docker-pushed-child', 'image.push', `${A}@${hex('6')}`, `${A}@${hex('6')}`, { id: '', name: 'artifactory' }],
  ['docker-deleted', 'image.delete', `${A}:1.4.0`, `${A}@${hex('4')}`, { id: 'jane' }],
  [
    'docker-promoted',
    'image.tag',
    'de.icr.io/docker-prod/team/app:stable',
    `de.icr.io/docker-prod/team/app@${hex('4')}`,
    { id: 'jane' },
  ],
]

test.each(table)('%s is %s of %s', async (fixture, action, name, id, initiator) => {
  const { post, intake, quarantine } = door()
  const { status, body } = await post('/webhooks/artifactory/image', read(fixture), auth())
  expect([status, body.ignored, body.quarantined]).toEqual([202, 0, []])
  const [event] = await intake()
  expect(event).toMatchObject({
    action: `container-registry.${action}`,
    outcome: 'success',
    target: { name, id },
    initiator: { ...initiator, host: { address: '' } },
    // It says no time: the time of receipt is used, and the event says so.
    eventTime: '2026-11-22T13:00:00.12+0000',
  })
  expect(event?.route?.assumed).toContain('eventTime')
  expect(await quarantine()).toEqual([])
})

test('what has no field of its own is kept', async () => {
  const { post, intake } = door()
  await post('/webhooks/artifactory', read('docker-pushed-list'), auth())
  await post('/webhooks/artifactory', read('docker-promoted'), auth())
  const [pushed, promoted] = await intake()
  expect(pushed?.requestData).toEqual({
    imageType: 'oci',
    platforms: ['linux/amd64', 'linux/arm64'],
    realm: 'internal',
    source: 'jfrog/jfrt@01hz0000000000000000000000',
  })
  expect(promoted?.requestData).toMatchObject({ sourceRepository: 'docker-local', sourceTag: '1.4.0' })
})

// Every domain with its event types, and what those that are no audited actions are counted as.
const types: [domain: string, ignored: string, types: string][] = [
  ['artifact', 'artifact', 'deployed deleted moved copied cached'],
  ['artifact_property', 'property', 'added deleted'],
  ['artifact_lifecycle', 'archiving', 'archive restore'],
  ['build', 'build', 'uploaded deleted promoted'],
  ['release_bundle', 'release bundle', 'created signed deleted'],
  [
    'release_bundle_v2',
    'release bundle',
    'release_bundle_v2_started release_bundle_v2_failed release_bundle_v2_completed',
  ],
  [
    'release_bundle_v2_promotion',
    'release bundle',
    'release_bundle_v2_promotion_started release_bundle_v2_promotion_failed release_bundle_v2_promotion_completed',
  ],
  [
    'distribution',
    'distribution',
    'distribute_started distribute_completed distribute_aborted distribute_failed delete_started delete_completed delete_failed',
  ],
  ['artifactory_release_bundle', 'distribution', 'received delete_started delete_completed delete_failed'],
  ['destination', 'distribution', 'received delete_started delete_completed delete_failed'],
  ['user', 'account', 'locked'],
  ['xray_scan_status', 'scan', 'done failed partial not_supported'],
  ['app_trust', 'application', 'entry_gate_evaluation entry_gate_validation entry_gate_failure'],
  ['app_trust', 'application', 'exit_gate_evaluation exit_gate_validation exit_gate_failure'],
  [
    'app_trust',
    'application',
    'entry_gate_evaluation_started entry_gate_evaluation_validation_passed entry_gate_evaluation_validation_failed',
  ],
  [
    'app_trust',
    'application',
    'exit_gate_evaluation_started exit_gate_evaluation_validation_passed exit_gate_evaluation_validation_failed',
  ],
  [
    'app_trust',
    'application',
    'application_creation_started application_creation_completed application_creation_failed',
  ],
  ['app_trust', 'application', 'application_update_started application_update_completed application_update_failed'],
  [
    'app_trust',
    'application',
    'application_deletion_started application_deletion_completed application_deletion_failed',
  ],
  ['app_trust', 'application', 'version_creation_started version_creation_completed version_creation_failed'],
  ['app_trust', 'application', 'version_promotion_started version_promotion_completed version_promotion_failed'],
  ['app_trust', 'application', 'release_started release_completed release_failed'],
]

describe('the vocabulary', () => {
  const noise = types.flatMap(([domain, ignored, list]) =>
    list.split(' ').map((type): [string, string, string] => [domain, type, ignored]),
  )

  test('has every row that is tried here, and no other', () => {
    const tried = noise.map(([domain, type]) => `${domain} ${type}`)
    const pushes = ['by tag', 'by digest', 'signature'].map((naming) => `docker pushed, ${naming}`)
    const curation = ['package blocked', 'waiver request', 'policy changed'].map((what) => `curation ${what}`)
    const all = [...pushes, 'docker deleted', 'docker promoted', ...tried, ...curation]
    expect(new Set(Object.keys(artifactory.vocabulary))).toEqual(new Set(all))
  })

  test.each(noise)('%s %s is ignored as %s', async (domain, event_type, ignored) => {
    const to = door()
    const { body } = await to.post('/webhooks/artifactory', { domain, event_type, data: {} }, auth())
    expect(body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
    expect(to.entry.ignored).toEqual({ [ignored]: 1 })
  })

  test.each([
    ['package blocked', read('curation-package-blocked')],
    ['waiver request', { waiver_request: { id: 5 } }],
    ['policy changed', { curation_event_type: 'Policy Updated', policy_before: {} }],
  ])('curation, %s, which has neither domain nor type, is ignored by name', async (_what, body) => {
    const to = door()
    expect((await to.post('/webhooks/artifactory', body, auth())).body.ignored).toBe(1)
    expect(to.entry.ignored).toEqual({ curation: 1 })
  })

  test('a deployed manifest is a file; the push is told of as a docker event', async () => {
    const to = door()
    await to.post('/webhooks/artifactory', read('artifact-deployed'), auth())
    expect(to.entry.ignored).toEqual({ artifact: 1 })
  })

  test.each([
    ['docker', 'scanned'],
    ['docker', 'constructor'],
    ['not_supported', 'not_supported'],
    ['', ''],
  ])('%s %s, which is not known, goes to quarantine', async (domain, event_type) => {
    const { post, quarantine } = door()
    const { status, body } = await post('/webhooks/artifactory', { domain, event_type, data: {} }, auth())
    expect([status, body.accepted, body.ignored]).toEqual([202, [], 0])
    expect(await quarantine()).toMatchObject([{ reason: 'UNKNOWN_ACTION' }])
  })
})

const pushed = JSON.parse(read('docker-pushed'))
const push = (data: object, changes: object = {}) => ({ ...pushed, ...changes, data: { ...pushed.data, ...data } })

describe('settings', () => {
  test.each([
    ['children', 'tagged', 'docker-pushed-child', 'push by digest'],
    ['signatures', 'ignore', undefined, 'signature'],
  ])('%s: %s', async (setting, value, fixture, name) => {
    const body = fixture ? read(fixture) : push({ tag: `sha256-${'4'.repeat(64)}.sig` })
    const usual = door()
    expect((await usual.post('/webhooks/artifactory', body, auth())).body.accepted).toHaveLength(1)
    const set = withSettings({ [setting]: value })
    expect((await set.post('/webhooks/artifactory', body, auth())).body.ignored).toBe(1)
    expect(set.entry.ignored).toEqual({ [name]: 1 })
    // Nothing else is ignored with it.
    expect((await set.post('/webhooks/artifactory', pushed, auth())).body.accepted).toHaveLength(1)
  })

  test('signature: the sha1= form holds only where it is asked for, and the others go on holding', async () => {
    const body = read('docker-pushed')
    const sha1 = `sha1=${createHmac('sha1', 'secret').update(body).digest('hex')}`
    const sha256 = createHmac('sha256', 'secret').update(body).digest('hex')
    const answers = async (to: ReturnType<typeof door>) => {
      const found: number[] = []
      for (const given of [sha1, sha256, 'secret'])
        found.push((await to.post('/webhooks/artifactory', body, auth(given))).status)
      return found
    }
    expect(await answers(door())).toEqual([401, 202, 202])
    expect(await answers(withSettings({ signature: 'sha256' }))).toEqual([401, 202, 202])
    expect(await answers(withSettings({ signature: 'sha256 or sha1' }))).toEqual([202, 202, 202])
  })
})

describe('oddities', () => {
  test.each([
    ['a digest as the folder of a child', { tag: hex('6'), sha256: '6'.repeat(64) }, `${A}@${hex('6')}`],
    ['a checksum that has its prefix', { sha256: hex('7'), tag: '' }, `${A}@${hex('7')}`],
    ['no checksum', { sha256: null }, `${A}:1.4.0`],
  ])('%s', async (_what, data, name) => {
    const { post } = door()
    const { body } = await post('/webhooks/artifactory', push(data), auth())
    expect(body.accepted.map(({ target }) => target)).toEqual([name])
  })

  test.each([
    ['a user', { source: 'jfrog/jane' }, 'jane'],
    ['a user whose name looks like a service', { source: 'jfrog/jfk@example.com' }, 'jfk@example.com'],
    ['a service', { source: 'jfrog/jfrt@01h9mspg5atsp402qqxm071zjv' }, ''],
    ['something else', { source: 'elsewhere/jane' }, ''],
    ['nothing', { source: null }, ''],
    ['a user context', { source: 'jfrog/jfrt@01h9mspg5atsp402qqxm071zjv', userContext: { id: 'jane' } }, 'jane'],
  ])('actor: source is %s', async (_what, changes, id) => {
    const { post, intake } = door()
    await post('/webhooks/artifactory', push({}, changes), auth())
    expect((await intake())[0]?.initiator.id).toBe(id)
  })

  test.each([
    ['https://acme.jfrog.io', 'acme.jfrog.io'],
    ['https://art.example.com:8443/artifactory', 'art.example.com:8443'],
    ['art.example.com:8081', 'art.example.com:8081'],
    ['', undefined],
    ['https://<your_origin>', undefined],
    [null, undefined],
  ])('jpd_origin %j: domain %j', async (jpd_origin, domain) => {
    const { post, intake } = door()
    await post('/webhooks/artifactory', push({}, { jpd_origin }), auth())
    const [event] = await intake()
    expect(event?.route?.contradictingDomain).toBe(domain)
    expect(event?.target.host?.address).toBe(domain)
    expect(event?.target.name).toBe(`${A}:1.4.0`)
  })

  test.each([
    ['no data', { domain: 'docker', event_type: 'pushed' }, 'INVALID_TARGET'],
    ['no image', push({ image_name: null }), 'INVALID_TARGET'],
    ['neither tag nor checksum', push({ tag: null, sha256: null }), 'INVALID_TARGET'],
    ['a number as tag', push({ tag: 1 }), 'INVALID_ITEM'],
    ['no type', { domain: 'docker', data: {} }, 'INVALID_ITEM'],
    ['an empty object', {}, 'INVALID_ITEM'],
    ['a list', [pushed], 'INVALID_ENVELOPE'],
    ['a word', '"pushed"', 'INVALID_ENVELOPE'],
    ['no JSON', '{', 'INVALID_BODY'],
  ])('%s goes to quarantine', async (_what, body, reason) => {
    const { post, quarantine } = door()
    expect((await post('/webhooks/artifactory', body, auth())).status).toBe(202)
    expect(await quarantine()).toMatchObject([{ reason }])
  })
})

describe('duplicates', () => {
  // What other tests posted must not be remembered here.
  const own = (changes: object = {}, data: object = {}) => push({ path: 'duplicates', ...data }, changes)

  async function id(body: object, receivedAt: number) {
    const { post } = door()
    return (await post('/webhooks/artifactory', body, { ...auth(), receivedAt })).body.accepted[0]?.id
  }

  test('a delivery that is repeated within 3 minutes is the same event, later it is another one', async () => {
    const first = await id(own(), NOW)
    expect(await id(own(), NOW + 160_000)).toBe(first)
    expect(await id(own(), NOW + 181_000)).not.toBe(first)
  })

  test('so is the same event told of by another subscription', async () => {
    expect(await id(own({ subscription_key: 'another' }), NOW)).toBe(await id(own(), NOW))
  })

  test('another image, type or user is another event', async () => {
    const ids = new Set([
      await id(own(), NOW),
      await id(own({}, { sha256: '8'.repeat(64) }), NOW),
      await id(own({}, { tag: 'other' }), NOW),
      await id(own({ event_type: 'deleted' }), NOW),
      await id(own({ source: 'jfrog/john' }), NOW),
      await id(own({ userContext: { id: 'john' } }), NOW),
    ])
    expect(ids.size).toBe(6)
  })
})
