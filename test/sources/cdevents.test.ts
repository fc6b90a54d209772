import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { RegistryConfig } from '../../lib/registries.ts'
import { cdevents } from '../../lib/sources/cdevents.ts'
import { door } from '../door.ts'

const fixture = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../fixtures/cdevents/structured-published.json'), 'utf8'),
)
const structured = { headers: { 'content-type': 'application/cloudevents+json' } }

const HEX = 'a1'.repeat(32)
const IMAGE = 'de.icr.io/team/app'
const PURL = `pkg:oci/app@sha256%3A${HEX}?repository_url=registry.example.com/team/app&tag=1.4.0`

/** A bare CDEvent. */
const event = (type: string, subjectId = PURL, context: object = {}, content: unknown = { user: 'release-bot' }) => ({
  context: {
    version: '0.3.0',
    id: 'e1',
    source: '/ci',
    type,
    timestamp: '2026-11-22T12:00:00.5Z',
    ...context,
  },
  subject: { id: subjectId, source: '/ci', content },
})

test('a published image, field by field', async () => {
  const { post, intake } = door()
  const { body } = await post('/webhooks/cdevents', fixture, structured)
  expect(body).toMatchObject({ ignored: 0, quarantined: [] })
  const [written] = await intake()
  expect(written).toMatchObject({
    action: 'container-registry.image.push',
    eventTime: '2026-11-22T12:39:43.08+0000',
    outcome: 'success',
    initiator: { id: 'release-bot', name: 'release-bot', host: { address: '' } },
    target: {
      id: `${IMAGE}@sha256:${HEX}`,
      name: `${IMAGE}:1.4.0`,
      host: { address: 'registry.example.com' },
    },
    correlationId: '0d6d8a0e-3c3e-4f55-8f43-3b8f6f0e7a10',
    requestData: {
      packageUrl: fixture.data.subject.id,
      sbom: 'https://sbom.example.com/app/1.4.0.spdx.json',
    },
    route: { contradictingDomain: 'registry.example.com' },
  })
})

test('binary, batched, base64 and bare give the same event', async () => {
  const { post, intake } = door()
  const { data, datacontenttype: _type, ...attributes } = fixture
  await post('/webhooks/cdevents', fixture, structured)
  const ce = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, String(value)]))
  await post('/webhooks/cdevents', data, { headers: ce })
  await post('/webhooks/cdevents', [fixture], { headers: { 'content-type': 'application/cloudevents-batch+json' } })
  const data_base64 = Buffer.from(JSON.stringify(data)).toString('base64')
  await post('/webhooks/cdevents', { ...attributes, data_base64 }, structured)
  await post('/webhooks/cdevents', data)
  await post('/webhooks/cdevents', [data])
  const [first, ...others] = await intake()
  expect(first?.target.name).toBe(`${IMAGE}:1.4.0`)
  expect(others).toEqual([first, first, first, first, first])
})

test('headers around a CDEvent do not make it another', async () => {
  const { post } = door()
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'x',
    'ce-source': '/x',
    'ce-type': 'dev.cdevents.artifact.deleted.0.1.0',
  }
  const { body } = await post('/webhooks/cdevents', event('dev.cdevents.artifact.downloaded.0.1.0'), { headers })
  expect(body.accepted.map(({ action }) => action)).toEqual(['container-registry.image.pull'])
})

describe.each([
  ['published', 'image.push'],
  ['deleted', 'image.delete'],
  ['downloaded', 'image.pull'],
  ['signed', 'signature.write'],
])('artifact %s is %s', (predicate, action) => {
  const registries: RegistryConfig[] = [
    {
      id: 'cdevents',
      source: 'cdevents',
      domain: 'de.icr.io',
      region: 'eu-central',
      account: 'acme',
      editions: ['2022-01-18'],
    },
  ]

  test.each(['.0.1.0', '.0.2.0', '.0.3.0-draft', '.1.0.0', ''])('in version %j', async (version) => {
    const { post } = door({ registries })
    const { body } = await post('/webhooks/cdevents', event(`dev.cdevents.artifact.${predicate}${version}`))
    expect(body.quarantined).toEqual([])
    expect(body.accepted).toMatchObject([{ action: `container-registry.${action}`, target: `${IMAGE}:1.4.0` }])
  })

  test.each(['pkg:golang/mygit.com/myorg/myapp@234fd47e07d1', 'pkg:npm/%40acme/app@1.0.0', 'pkg:helm/app@1.0.0'])(
    'of %s is noise',
    async (purl) => {
      const to = door({ registries })
      await to.post('/webhooks/cdevents', event(`dev.cdevents.artifact.${predicate}.0.2.0`, purl))
      expect([to.entry.accepted, to.entry.ignored]).toEqual([0, { 'other package type': 1 }])
    },
  )
})

test('a signature is kept aside where the edition has no such action', async () => {
  const { post, quarantine } = door()
  await post('/webhooks/cdevents', event('dev.cdevents.artifact.signed.0.2.0'))
  expect((await quarantine()).map(({ reason }) => reason)).toEqual(['UNKNOWN_ACTION'])
})

// Written down by reading the specification of package URLs, and what senders make of it.
test.each<[purl: string, name: string, id: string, domain: string | undefined]>([
  [`pkg:oci/app@sha256:${HEX}`, `de.icr.io/app@sha256:${HEX}`, `de.icr.io/app@sha256:${HEX}`, undefined],
  [`pkg:oci/app@sha256%3a${HEX}?tag=v1`, 'de.icr.io/app:v1', `de.icr.io/app@sha256:${HEX}`, undefined],
  [
    `pkg:oci/app@sha256%3A${HEX}?arch=amd64&repository_url=de.icr.io%2Fteam%2Fapp&tag=v1`,
    `${IMAGE}:v1`,
    `${IMAGE}@sha256:${HEX}`,
    'de.icr.io',
  ],
  [
    `pkg:oci/app@sha256%3A${HEX}?repository_url=de.icr.io/team&tag=v1`,
    `${IMAGE}:v1`,
    `${IMAGE}@sha256:${HEX}`,
    'de.icr.io',
  ],
  [
    `pkg:oci/app@sha256%3A${HEX}?repository_url=de.icr.io`,
    `de.icr.io/app@sha256:${HEX}`,
    `de.icr.io/app@sha256:${HEX}`,
    'de.icr.io',
  ],
  ['pkg:oci/app@v1?repository_url=https://de.icr.io/team/app/', `${IMAGE}:v1`, `${IMAGE}:v1`, 'de.icr.io'],
  [
    'pkg:oci/app@v1%2B2?repository_url=de.icr.io/my%2Bteam/app',
    'de.icr.io/my+team/app:v1+2',
    'de.icr.io/my+team/app:v1+2',
    'de.icr.io',
  ],
  [
    'pkg:oci/myapp?repository_url=de.icr.io/team/app&tag=v1',
    'de.icr.io/team/app/myapp:v1',
    'de.icr.io/team/app/myapp:v1',
    'de.icr.io',
  ],
  ['pkg:oci/app?tag=v1+2', 'de.icr.io/app:v1+2', 'de.icr.io/app:v1+2', undefined],
  ['pkg:docker/cassandra@3.11', 'de.icr.io/cassandra:3.11', 'de.icr.io/cassandra:3.11', undefined],
  [
    `pkg:docker/team/app@sha256:${HEX}?repository_url=localhost:5000#sub/path`,
    `${IMAGE}@sha256:${HEX}`,
    `${IMAGE}@sha256:${HEX}`,
    'localhost:5000',
  ],
  ['PKG:Docker/team/app@v1', `${IMAGE}:v1`, `${IMAGE}:v1`, undefined],
])('%s is %s', async (purl, name, id, domain) => {
  const { post, intake } = door()
  const { body } = await post('/webhooks/cdevents', event('dev.cdevents.artifact.published.0.2.0', purl))
  expect(body.quarantined).toEqual([])
  const [written] = await intake()
  expect([written?.target.name, written?.target.id, written?.target.host?.address]).toEqual([name, id, domain])
})

const others = Object.entries(cdevents.vocabulary).filter(([name]) => !name.includes('other package type'))

test('all 78 events of the specification are known by name', () => {
  expect(others.length).toBe(78)
  expect(new Set(others.map(([name]) => name.split('.').slice(0, 3).join('.'))).size).toBe(23)
})

test.each(others.flatMap(([name, meaning]) => ('ignored' in meaning ? [[name, meaning.ignored]] : [])))(
  '%s is no audited action: %s',
  async (name, ignored) => {
    const to = door()
    await to.post(
      '/webhooks/cdevents',
      event(`${name}.0.2.0`, 'anything at 100%', {}, { user: { id: 7 }, sbom: 'none' }),
    )
    expect([to.entry.accepted, to.entry.ignored, to.entry.quarantined]).toEqual([0, { [String(ignored)]: 1 }, {}])
  },
)

test('an anonymous event without time, chain and content', async () => {
  const { post, intake } = door()
  const { context, subject } = event('dev.cdevents.artifact.published.0.1.0')
  const { timestamp: _time, ...rest } = context
  await post('/webhooks/cdevents', { context: { ...rest, chainId: null }, subject: { id: subject.id } })
  const [written] = await intake()
  expect(written?.initiator.name).toBe('cdevents')
  expect(written?.route?.assumed).toEqual(expect.arrayContaining(['eventTime', 'initiator.name']))
})

test('source, id and type make the event', async () => {
  const { post } = door()
  const type = 'dev.cdevents.artifact.published.0.2.0'
  const idOf = async (context: object = {}, of = type) =>
    (await post('/webhooks/cdevents', event(of, PURL, context))).body.accepted[0]?.id
  const first = await idOf()
  expect(first).toBeDefined()
  expect(await idOf()).toBe(first)
  expect(await idOf({ chainId: 'c' })).toBe(first)
  const another = [
    await idOf({ id: 'e2' }),
    await idOf({ source: '/other' }),
    await idOf({}, type.replace('published', 'downloaded')),
  ]
  expect(new Set([first, ...another]).size).toBe(4)
})

describe('what cannot be used goes to quarantine', () => {
  const published = 'dev.cdevents.artifact.published.0.2.0'
  test.each<[string, unknown, string]>([
    ['an unknown subject', event('dev.cdevents.galaxy.created.0.1.0'), 'UNKNOWN_ACTION'],
    ['an unknown predicate', event('dev.cdevents.artifact.copied.0.1.0'), 'UNKNOWN_ACTION'],
    ["a tool's own event", event('dev.cdeventsx.mytool-resource.created.0.1.0'), 'UNKNOWN_ACTION'],
    ['a subject that is no package URL', event(published, 'registry.example.com/team/app:1.4.0'), 'INVALID_ITEM'],
    ['broken percent-encoding', event(published, 'pkg:oci/app@sha256%ZZ'), 'INVALID_ITEM'],
    ['neither tag nor digest', event(published, 'pkg:oci/app'), 'INVALID_TARGET'],
    ['no name', event(published, 'pkg:oci/'), 'INVALID_TARGET'],
    ['no context', { subject: { id: PURL } }, 'INVALID_ITEM'],
    ['an empty id', event(published, PURL, { id: '' }), 'INVALID_ITEM'],
    ['a user that is no text', event(published, PURL, {}, { user: 7 }), 'INVALID_ITEM'],
    ['a CloudEvent without data', { ...fixture, data: undefined }, 'INVALID_ITEM'],
    ['a CloudEvent without id', { ...fixture, id: undefined }, 'INVALID_ITEM'],
    ['no JSON', 'artifact=published', 'INVALID_BODY'],
  ])('%s', async (_what, body, reason) => {
    const { post, quarantine } = door()
    const answer = await post('/webhooks/cdevents', body)
    expect([answer.status, answer.body.accepted]).toEqual([202, []])
    expect((await quarantine()).map((entry) => entry.reason)).toEqual([reason])
  })

  test('and costs its neighbours nothing', async () => {
    const { post } = door()
    const { body } = await post('/webhooks/cdevents', [
      event('x'),
      event(published),
      event('dev.cdevents.build.queued.0.1.0'),
    ])
    expect([body.accepted.length, body.ignored, body.quarantined.length]).toEqual([1, 1, 1])
  })
})

test('answers the validation of CloudEvents webhooks', async () => {
  const { post } = door()
  const { status, headers } = await post('/webhooks/cdevents', '', {
    method: 'OPTIONS',
    headers: { 'webhook-request-origin': 'ci.example.com' },
  })
  expect([status, headers['webhook-allowed-origin']]).toEqual([200, 'ci.example.com'])
})
