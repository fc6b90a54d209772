import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { RegistryConfig } from '../../lib/registries.ts'
import { github } from '../../lib/sources/github.ts'
import { type Door, door } from '../door.ts'

// Written from the field names of GitHub's documentation; the public examples of GitHub are not copied.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/github', `${name}.json`), 'utf8')

const DELIVERY = '40731f00-2623-11ec-8a58-45788bc19979'

/** Posts `body` as GitHub does, signed with the secret of the door. */
function post(to: Door, event: string | undefined, body: unknown, headers: Record<string, string> = {}) {
  const sent = typeof body === 'string' ? body : JSON.stringify(body)
  return to.post('/webhooks/github', sent, {
    headers: {
      authorization: '',
      'x-github-delivery': DELIVERY,
      'x-hub-signature-256': `sha256=${createHmac('sha256', 'secret').update(sent).digest('hex')}`,
      ...(event === undefined ? {} : { 'x-github-event': event }),
      ...headers,
    },
  })
}

const withSettings = (accept: NonNullable<Extract<RegistryConfig, { source: 'github' }>['accept']>) =>
  door({
    registries: [
      { id: 'github', source: 'github', domain: 'de.icr.io', region: 'eu-central', account: 'acme', accept },
    ],
  })

const A1 = `sha256:${'a1'.repeat(32)}`
const B2 = `sha256:${'b2'.repeat(32)}`

interface Changes {
  action?: string
  told?: object
  version?: object
  container?: object | null
  sender?: object | null
}

/** A push of ghcr.io/team/app:1.0; `key` is where the event has it. */
const push = (key: 'package' | 'registry_package', { action, told, version, container, sender }: Changes = {}) => ({
  action: action ?? 'published',
  [key]: {
    id: 7,
    name: 'App',
    namespace: 'Team',
    ecosystem: 'CONTAINER',
    package_type: 'CONTAINER',
    created_at: '2026-11-22T11:00:00Z',
    updated_at: '2026-11-22T12:00:00Z',
    owner: { login: 'Team', id: 1 },
    package_version: {
      id: key === 'package' ? 100 : 101,
      version: A1,
      created_at: '0001-01-01T00:00:00Z',
      updated_at: '0001-01-01T00:00:00Z',
      container_metadata:
        container === undefined ? { tag: { name: '1.0', digest: A1 }, manifest: { digest: A1 } } : container,
      package_url: 'ghcr.io/team/app:1.0',
      ...version,
    },
    ...told,
  },
  sender: sender === undefined ? { login: 'octo-ci', id: 77 } : sender,
})

test.each([
  ['package-published-index-tag', 'de.icr.io/exampleorg/hello:1.0', '2024-03-11T09:12:31.00+0000'],
  ['package-updated-tag', 'de.icr.io/exampleorg/hello:1.0', '2024-03-11T09:12:31.00+0000'],
])('%s is a push of %s at %s', async (fixture, target, eventTime) => {
  const to = door()
  const { body } = await post(to, 'package', read(fixture))
  expect(body.accepted.map((entry) => [entry.action, entry.target])).toEqual([
    ['container-registry.image.push', target],
  ])
  expect(body.quarantined).toEqual([])
  expect(await to.intake()).toMatchObject([{ eventTime, initiator: { id: 'octo-ci', name: 'octo-ci' } }])
})

test('a push by tag, field by field', async () => {
  const to = door()
  await post(to, 'package', read('package-published-index-tag'))
  const [event] = await to.intake()
  expect(event).toMatchObject({
    eventTime: '2024-03-11T09:12:31.00+0000',
    action: 'container-registry.image.push',
    outcome: 'success',
    initiator: {
      id: 'octo-ci',
      name: 'octo-ci',
      typeURI: 'service/security/account/user',
      host: { address: '', addressType: 'IPv4' },
    },
    target: {
      id: `de.icr.io/exampleorg/hello@${A1}`,
      name: 'de.icr.io/exampleorg/hello:1.0',
      host: { address: 'ghcr.io' },
    },
    requestData: { gitRepository: 'ExampleOrg/hello', mediaType: 'application/vnd.oci.image.index.v1+json' },
    route: { source: 'github', contradictingDomain: 'ghcr.io', assumed: ['initiator.credential.type'] },
  })
})

test('a child of a multi-arch push is named by its digest', async () => {
  const to = door()
  const { body } = await post(to, 'package', read('package-published-child-untagged'))
  expect(body.accepted.map(({ target }) => target)).toEqual([`de.icr.io/exampleorg/hello@${B2}`])
})

test('a form holds the same event, and its signature covers the form', async () => {
  const [asJson, asForm] = [door(), door()]
  const json = JSON.stringify(push('package'))
  const first = await post(asJson, 'package', json)
  const form = `payload=${encodeURIComponent(json)}`
  const second = await post(asForm, 'package', form, { 'content-type': 'application/x-www-form-urlencoded' })
  expect(first.body.accepted).toHaveLength(1)
  expect(second.body).toEqual(first.body)
})

describe('both events of one push', () => {
  // Only one of them says when the version changed.
  const version = { version: { id: 101, updated_at: '2026-11-22T12:00:01Z' } }
  const all = async (to: Door) => [
    await post(to, 'package', push('package')),
    await post(to, 'registry_package', push('registry_package', version), { 'x-github-delivery': 'another' }),
  ]

  test('have the same id', async () => {
    const to = door()
    const [one, other] = await all(to)
    expect(one?.body.accepted).toHaveLength(1)
    expect(other?.body).toEqual(one?.body)
  })

  test.each([
    ['package', [1, 0]],
    ['registry_package', [0, 1]],
  ] as const)('only %s counts when the settings say so', async (events, counts) => {
    const to = withSettings({ events })
    const answers = await all(to)
    expect(answers.map(({ body }) => body.accepted.length)).toEqual(counts)
    expect(answers.map(({ body }) => body.ignored)).toEqual(counts.map((count) => 1 - count))
    expect(await to.quarantine()).toEqual([])
  })
})

test('another push is another event, the same delivery sent again is not', async () => {
  const to = door()
  const id = async (changes: Changes, headers: Record<string, string> = {}) =>
    (await post(to, 'package', push('package', changes), headers)).body.accepted[0]?.id
  const first = await id({})
  expect(first).toEqual(expect.any(String))
  expect(await id({})).toBe(first)
  expect(await id({}, { 'x-github-delivery': 'sent-again-with-another-id' })).toBe(first)
  expect(await id({ action: 'updated' })).not.toBe(first)
  expect(await id({ told: { updated_at: '2026-11-22T12:00:01Z' } })).not.toBe(first)
  expect(await id({ container: { tag: { name: '1.1', digest: A1 } } })).not.toBe(first)
  expect(await id({ container: { tag: { name: '1.0', digest: B2 } } })).not.toBe(first)
  expect(await id({ told: { name: 'other' } })).not.toBe(first)
  const none = { updated_at: null }
  const byVersion = await id({ told: none, version: { updated_at: '2026-11-22T12:00:00Z' } })
  expect(await id({ told: none, version: { updated_at: '2026-11-22T12:00:01Z' } })).not.toBe(byVersion)
})

describe('time', () => {
  const VERSION = '2026-11-22T12:30:00Z'
  test.each([
    ['of the version', { version: { updated_at: VERSION } }, '2026-11-22T12:30:00.00+0000', false],
    ['of the package', {}, '2026-11-22T12:00:00.00+0000', false],
    ['of receipt', { told: { updated_at: '0001-01-01T00:00:00Z' } }, '2026-11-22T13:00:00.12+0000', true],
  ])('%s', async (_what, changes, eventTime, assumed) => {
    const to = door()
    await post(to, 'package', push('package', changes))
    const [event] = await to.intake()
    expect(event?.eventTime).toBe(eventTime)
    expect(event?.route?.assumed?.includes('eventTime')).toBe(assumed)
  })

  test('without one the id of the delivery tells pushes apart, and without that when they came', async () => {
    const to = door()
    const body = push('package', { told: { updated_at: null } })
    const id = async (delivery: string, receivedAt: number) => {
      const sent = JSON.stringify(body)
      const signature = `sha256=${createHmac('sha256', 'secret').update(sent).digest('hex')}`
      const headers = { 'x-github-event': 'package', 'x-github-delivery': delivery, 'x-hub-signature-256': signature }
      return (await to.post('/webhooks/github', sent, { headers, receivedAt })).body.accepted[0]?.id
    }
    const now = Date.UTC(2026, 10, 22, 13)
    const first = await id('one', now)
    expect(await id('one', now + 3_600_000)).toBe(first)
    expect(await id('two', now)).not.toBe(first)
    const without = await id('', now)
    expect(await id('', now + 60_000)).toBe(without)
    expect(await id('', now + 3_600_000)).not.toBe(without)
  })
})

test.each([
  ['the tag', { tag: { name: '1.0', digest: A1 }, manifest: { digest: B2 } }, A1],
  [
    'the manifest, when the tag has a cut one',
    { tag: { name: '1.0', digest: 'sha256:6c62' }, manifest: { digest: B2 } },
    B2,
  ],
  [
    'the version, when both others are cut',
    { tag: { name: '1.0', digest: 'sha256:6c62' }, manifest: { digest: 'sha256:6c62' } },
    A1,
  ],
  ['the version, when there is no other', { tag: { name: '1.0', digest: '' } }, A1],
])('the digest is that of %s', async (_what, container, digest) => {
  const to = door()
  await post(to, 'package', push('package', { container }))
  expect((await to.intake())[0]?.target.id).toBe(`de.icr.io/team/app@${digest}`)
})

test('a digest that is cut everywhere is better than none', async () => {
  const to = door()
  const container = { tag: { name: '', digest: 'sha256:6c62' }, manifest: null }
  const { body } = await post(to, 'package', push('package', { container, version: { version: 'x' } }))
  expect(body.accepted.map(({ target }) => target)).toEqual(['de.icr.io/team/app@sha256:6c62'])
})

describe('kinds of packages', () => {
  test.each([
    ['CONTAINER', 'CONTAINER', null],
    ['container', null, null],
    ['docker', null, null],
    ['npm', 'docker', null],
    ['npm', 'npm', { tag: { name: '1.0', digest: A1 } }],
  ])('type %j, ecosystem %j is an image', async (package_type, ecosystem, container) => {
    const to = door()
    const { body } = await post(to, 'package', push('package', { told: { package_type, ecosystem }, container }))
    expect(body.accepted).toHaveLength(1)
  })

  test('the Docker registry before ghcr.io has the tag as the version', async () => {
    const to = door()
    const version = { version: '1.0', package_url: 'docker.pkg.github.com/team/repo/app:1.0' }
    const { body } = await post(
      to,
      'package',
      push('package', { told: { package_type: 'docker' }, container: null, version }),
    )
    expect(body.accepted.map(({ target }) => target)).toEqual(['de.icr.io/team/app:1.0'])
    expect((await to.intake())[0]?.target.host?.address).toBe('docker.pkg.github.com')
  })

  test.each(['npm', 'maven', 'rubygems', 'NUGET', 'debian', 'pypi'])('%s is ignored', async (kind) => {
    for (const key of ['package', 'registry_package'] as const) {
      const to = door()
      const body = push(key, { told: { package_type: kind, ecosystem: kind }, container: null })
      const answer = await post(to, key, body)
      expect(answer.body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
      expect(to.entry.ignored).toEqual({ 'other package': 1 })
    }
  })

  test('one that nobody knows goes to quarantine', async () => {
    const to = door()
    const { body } = await post(
      to,
      'package',
      push('package', { told: { package_type: 'cargo', ecosystem: 'cargo' }, container: null }),
    )
    expect(body.quarantined).toMatchObject([{ reason: 'UNKNOWN_ACTION' }])
  })
})

test.each(['package', 'registry_package'] as const)(
  'an action of %s that nobody knows goes to quarantine',
  async (key) => {
    const to = door()
    const { body } = await post(to, key, push(key, { action: 'deleted' }))
    expect(body.quarantined).toMatchObject([{ reason: 'UNKNOWN_ACTION' }])
    expect((await to.quarantine())[0]?.message).toContain(`${key} deleted`)
  },
)

const SIGNATURE_TAG = `sha256-${'a1'.repeat(32)}.sig`

describe.each(['published', 'updated'])('settings, package %s', (action) => {
  const untagged = push('package', { action, container: { tag: { name: '', digest: A1 } } })
  const signature = push('package', { action, container: { tag: { name: SIGNATURE_TAG, digest: A1 } } })

  test.each([
    ['package', {}, [1, 1]],
    ['package', { children: 'tagged' }, [0, 1]],
    ['package', { signatures: 'ignore' }, [1, 0]],
    ['registry_package', {}, [1, 1]],
    ['registry_package', { children: 'tagged' }, [0, 1]],
    ['registry_package', { signatures: 'ignore' }, [1, 0]],
  ] as const)('%s, %j', async (event, accept, counts) => {
    const to = withSettings(accept)
    for (const [index, body] of [untagged, signature].entries()) {
      const answer = await post(to, event, body)
      expect([answer.body.accepted.length, answer.body.ignored]).toEqual([counts[index], 1 - (counts[index] ?? 0)])
    }
  })
})

test('a ping is answered, but only a genuine one', async () => {
  const to = door()
  const answer = await post(to, 'ping', { zen: 'Keep it logically awesome.', hook_id: 1 })
  expect([answer.status, answer.body]).toEqual([200, { answer: 'pong' }])
  const forged = await post(to, 'ping', {}, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })
  expect(forged.status).toBe(401)
  expect(await to.intake()).toEqual([])
})

test('every other event of GitHub is ignored, one that it does not have goes to quarantine', async () => {
  const others = Object.keys(github.vocabulary).filter((name) => /^[a-z0-9_]+$/.test(name) && name !== 'ping')
  expect(others).toEqual(expect.arrayContaining(['push', 'release', 'workflow_run', 'secret_scanning_scan', 'star']))
  for (const name of others) {
    const to = door()
    const { body } = await post(to, name, { action: 'created' })
    expect(body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
    expect(to.entry.ignored).toEqual({ 'other event': 1 })
  }
  const to = door()
  const { body } = await post(to, 'package_v2', push('package'))
  expect(body.quarantined).toMatchObject([{ reason: 'UNKNOWN_ACTION' }])
})

test('every row of the vocabulary that names a package is told of above', () => {
  const rows = Object.keys(github.vocabulary).filter((name) => !/^[a-z0-9_]+$/.test(name))
  const kinds = ['npm', 'maven', 'rubygems', 'nuget', 'debian', 'pypi', 'not chosen']
  const namings = ['by tag', 'by digest', 'signature']
  const expected = ['package', 'registry_package'].flatMap((event) => [
    ...kinds.map((kind) => `${event}, ${kind}`),
    ...['published', 'updated'].flatMap((action) => namings.map((naming) => `${event} ${action}, ${naming}`)),
  ])
  expect(rows.sort()).toEqual(expected.sort())
})

test('what stripped the header costs nothing: the body says which event it is', async () => {
  const [first, second] = [door(), door()]
  const named = await post(first, 'registry_package', push('registry_package'))
  const { body } = await post(second, undefined, push('registry_package'))
  expect(body.accepted).toHaveLength(1)
  expect(body).toEqual(named.body)
})

describe('unusable', () => {
  test.each([
    ['a list', 'package', [], 'INVALID_ENVELOPE'],
    ['neither header nor package', undefined, { action: 'published' }, 'INVALID_ENVELOPE'],
    ['no package', 'package', { action: 'published' }, 'INVALID_ITEM'],
    ['no action', 'package', { ...push('package'), action: undefined }, 'INVALID_ITEM'],
    ['an action that is a number', 'package', { ...push('package'), action: 1 }, 'INVALID_ITEM'],
    ['a tag that is a number', 'package', push('package', { container: { tag: { name: 1 } } }), 'INVALID_ITEM'],
    ['no owner', 'package', push('package', { told: { owner: null } }), 'INVALID_TARGET'],
    ['no version', 'package', push('package', { told: { package_version: null } }), 'INVALID_TARGET'],
  ])('%s', async (_what, event, body, reason) => {
    const to = door()
    const answer = await post(to, event, body)
    expect(answer.status).toBe(202)
    expect(answer.body.quarantined).toMatchObject([{ reason }])
    expect(await to.intake()).toEqual([])
  })

  test('a form without a payload', async () => {
    const to = door()
    const { body } = await post(to, 'package', 'other=1', { 'content-type': 'application/x-www-form-urlencoded' })
    expect(body.quarantined).toMatchObject([{ reason: 'INVALID_BODY' }])
  })
})

test('nobody is invented when GitHub names no sender', async () => {
  const to = door()
  await post(to, 'package', push('package', { sender: null }))
  expect((await to.intake())[0]?.initiator).toMatchObject({ id: '', name: 'github' })
})

test('without an address it is ghcr.io', async () => {
  const to = door()
  await post(to, 'package', push('package', { version: { package_url: null } }))
  expect((await to.intake())[0]?.target.host?.address).toBe('ghcr.io')
})

test('a server of a company’s own is named by its address', async () => {
  const to = door()
  await post(to, 'package', push('package', { version: { package_url: 'containers.git.example.com/team/app:1.0' } }))
  expect((await to.intake())[0]?.route?.contradictingDomain).toBe('containers.git.example.com')
})
