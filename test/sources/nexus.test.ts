import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { nexus } from '../../lib/sources/nexus.ts'
import { door } from '../door.ts'

// Fixtures were written after Sonatype's help pages and the webhook classes of nexus-public; no real body is among them.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/nexus', `${name}.json`), 'utf8')

const DELIVERY = '7c9d2f35-1c53-4a0b-9d3e-52b1c0a8e0f1'

type Door = ReturnType<typeof door>

/** Posts `body`, signed, with the headers of Nexus; `id` is the kind of webhook. */
function post(to: Door, body: unknown, id?: string, delivery: string | undefined = DELIVERY) {
  const bytes = typeof body === 'string' ? body : JSON.stringify(body)
  return to.post('/webhooks/nexus', bytes, {
    headers: {
      authorization: '',
      'content-type': 'application/json; charset=UTF-8',
      'x-nexus-webhook-signature': createHmac('sha1', 'secret').update(bytes).digest('hex'),
      ...(delivery ? { 'x-nexus-webhook-delivery': delivery } : {}),
      ...(id ? { 'x-nexus-webhook-id': id } : {}),
    },
  })
}

const COMPONENT = 'rm:repository:component'
const ASSET = 'rm:repository:asset'
const REPOSITORY = 'rm:global:repository'
const AUDIT = 'rm:global:audit'

const A = 'de.icr.io/docker-hosted/team/app'
const ADMIN = { id: 'admin', name: 'admin', host: { address: '198.51.100.7', addressType: 'IPv4' } }
const TIME = '2024-11-10T23:57:49.66+0000'
const crn = (name: string) => `crn:v1:bluemix:public:container-registry::a/acme::namespace:${name}`

// Written down by reading the fixtures.
const table: [fixture: string, id: string, action: string, target: object, initiator: object, time: string][] = [
  ['component-created', COMPONENT, 'image.push', { name: `${A}:1.0` }, ADMIN, TIME],
  ['component-updated', COMPONENT, 'image.push', { name: `${A}:1.0` }, ADMIN, TIME],
  [
    'component-created-by-digest',
    COMPONENT,
    'image.push',
    { name: `${A}@sha256:${'6'.repeat(64)}` },
    { id: 'ci', host: { address: '2001:db8::7', addressType: 'IPv6' } },
    TIME,
  ],
  ['component-deleted', COMPONENT, 'image.delete', { name: `${A}:1.0` }, ADMIN, TIME],
  [
    'component-purged',
    COMPONENT,
    'image.bulkdelete',
    { name: 'de.icr.io/docker-hosted' },
    { id: '*TASK', name: '*TASK', host: { address: '', addressType: 'IPv4' } },
    '2024-11-11T01:00:00.00+0000',
  ],
  [
    'global-repository-created',
    REPOSITORY,
    'namespace.create',
    { name: 'docker-hosted', id: crn('docker-hosted') },
    ADMIN,
    TIME,
  ],
  [
    'global-repository-deleted',
    REPOSITORY,
    'namespace.delete',
    { name: 'docker-hosted', id: crn('docker-hosted') },
    ADMIN,
    TIME,
  ],
]

describe.each([
  ['with X-Nexus-Webhook-ID', true],
  ['without it, by the fields of the body', false],
])('%s', (_name, hasId) => {
  test.each(table)('%s: %s, %s', async (fixture, id, action, target, initiator, eventTime) => {
    const to = door()
    const { status, body } = await post(to, read(fixture), hasId ? id : undefined)
    expect([status, body.ignored, body.quarantined]).toEqual([202, 0, []])
    expect(await to.intake()).toMatchObject([
      { action: `container-registry.${action}`, outcome: 'success', target, initiator, eventTime },
    ])
  })

  test.each([
    ['asset-created-blob', ASSET, 'asset'],
    ['asset-purged', ASSET, 'asset'],
    ['component-created-maven', COMPONENT, 'other format'],
    ['global-audit', AUDIT, 'audit'],
  ])('%s is ignored by name', async (fixture, id, name) => {
    const to = door()
    expect((await post(to, read(fixture), hasId ? id : undefined)).body).toMatchObject({ accepted: [], ignored: 1 })
    expect(to.entry.ignored).toEqual({ [name]: 1 })
  })
})

test('a purge keeps the ids, and a repository its type', async () => {
  const to = door()
  await post(to, read('component-purged'), COMPONENT)
  await post(to, read('global-repository-created'), REPOSITORY)
  const [purged, created] = await to.intake()
  const ids = ['08909bf0c86cf6c9600aade89e1c5e25', '1a909bf0c86cf6c9600aade89e1c5e25']
  expect(purged?.requestData).toEqual({ componentIds: ids })
  expect(created?.requestData).toEqual({ repositoryType: 'hosted' })
})

const created = JSON.parse(read('component-created'))
const component = (changes: object, own: object = {}) => ({
  ...created,
  ...own,
  component: { ...created.component, ...changes },
})
const repository = (action: string, format: string) => ({
  ...created,
  component: null,
  action,
  repository: { format, name: 'r', type: 'hosted' },
})

// What the fixtures do not show.
const noise: [id: string, body: object, ignored: string][] = [
  [ASSET, { action: 'UPDATED', asset: {} }, 'asset'],
  [ASSET, { action: 'DELETED', asset: {} }, 'asset'],
  [COMPONENT, component({ format: 'npm' }, { action: 'UPDATED' }), 'other format'],
  [COMPONENT, component({ format: 'npm' }, { action: 'DELETED' }), 'other format'],
  [REPOSITORY, repository('UPDATED', 'docker'), 'repository update'],
  [REPOSITORY, repository('CREATED', 'raw'), 'other format'],
  [REPOSITORY, repository('UPDATED', 'raw'), 'other format'],
  [REPOSITORY, repository('DELETED', 'raw'), 'other format'],
]

test.each(noise)('%s %# is ignored by name', async (id, body, name) => {
  const to = door()
  expect((await post(to, body, id)).body.quarantined).toEqual([])
  expect(to.entry.ignored).toEqual({ [name]: 1 })
})

test('the vocabulary has every event of the four kinds', () => {
  const of = (kind: string, actions: string[]) => actions.map((action) => `${kind} ${action}`)
  const pushes = of('component', ['CREATED', 'UPDATED']).flatMap((name) =>
    ['by tag', 'by digest', 'signature'].map((naming) => `${name}, ${naming}`),
  )
  const others = [
    ...of('component', ['CREATED', 'UPDATED', 'DELETED']),
    ...of('repository', ['CREATED', 'UPDATED', 'DELETED']),
  ].map((name) => `${name}, other format`)
  const all = [
    ...pushes,
    ...of('component', ['DELETED', 'PURGED']),
    ...of('asset', ['CREATED', 'UPDATED', 'DELETED', 'PURGED']),
    ...of('repository', ['CREATED', 'UPDATED', 'DELETED']),
    ...others,
    'audit',
  ]
  expect(new Set(Object.keys(nexus.vocabulary))).toEqual(new Set(all))
})

test.each([
  ['an action', COMPONENT, component({}, { action: 'SIGNED' })],
  ['an action of another format', COMPONENT, component({ format: 'npm' }, { action: 'SIGNED' })],
  ['an action that is not there', COMPONENT, component({}, { action: null })],
  ['an action of a repository', REPOSITORY, repository('PURGED', 'docker')],
  ['a kind of webhook', 'rm:repository:tag', created],
  ['a kind of webhook that is called like one of ours', 'audit', created],
  ['a kind of webhook of another product', 'iq:policyAlert', { initiator: 'admin' }],
])('%s that is not known goes to quarantine', async (_what, id, body) => {
  const to = door()
  expect((await post(to, body, id)).body).toMatchObject({ accepted: [], ignored: 0 })
  expect(await to.quarantine()).toMatchObject([{ reason: 'UNKNOWN_ACTION' }])
})

test.each([
  ['about nothing', { action: 'CREATED', initiator: 'admin' }, undefined, 'INVALID_ITEM'],
  ['a component that is a list', { action: 'CREATED', component: [] }, COMPONENT, 'INVALID_TARGET'],
  ['a component that is text', { action: 'CREATED', component: 'x' }, COMPONENT, 'INVALID_ITEM'],
  ['a version that is a number', component({ version: 1 }), COMPONENT, 'INVALID_ITEM'],
  ['no version', component({ version: null }), COMPONENT, 'INVALID_TARGET'],
  ['no name', component({ name: null }), COMPONENT, 'INVALID_TARGET'],
  ['no repository', component({}, { repositoryName: null }), COMPONENT, 'INVALID_TARGET'],
  ['a repository without a name', { ...repository('CREATED', 'docker'), repository: {} }, REPOSITORY, 'INVALID_TARGET'],
  ['a list', [created], COMPONENT, 'INVALID_ENVELOPE'],
  ['a number', 1, COMPONENT, 'INVALID_ENVELOPE'],
  ['no JSON', '{', COMPONENT, 'INVALID_BODY'],
])('%s goes to quarantine', async (_what, body, id, reason) => {
  const to = door()
  expect((await post(to, body, id)).status).toBe(202)
  expect(await to.quarantine()).toMatchObject([{ reason }])
})

describe('settings', () => {
  const set = (accept: object) =>
    door({
      registries: [
        { id: 'nexus', source: 'nexus', domain: 'de.icr.io', region: 'eu-central', account: 'acme', accept } as never,
      ],
    })

  test.each([
    ['children', 'tagged', read('component-created-by-digest'), 'push by digest'],
    ['signatures', 'ignore', component({ version: `sha256-${'4'.repeat(64)}.sig` }), 'signature'],
  ])('%s: %s', async (setting, value, body, name) => {
    expect((await post(door(), body, COMPONENT)).body.accepted).toHaveLength(1)
    const to = set({ [setting]: value })
    expect((await post(to, body, COMPONENT)).body.ignored).toBe(1)
    expect(to.entry.ignored).toEqual({ [name]: 1 })
    expect((await post(to, created, COMPONENT)).body.accepted).toHaveLength(1)
  })
})

test.each([
  ['admin/198.51.100.7', { id: 'admin', credential: { type: 'user' }, host: { address: '198.51.100.7' } }],
  ['jane@example.com/2001:db8::1', { id: 'jane@example.com', host: { address: '2001:db8::1' } }],
  ['ou/jane/198.51.100.7', { id: 'ou/jane', host: { address: '198.51.100.7' } }],
  ['ou/jane', { id: 'ou/jane', host: { address: '' } }],
  ['anonymous/198.51.100.7', { id: 'anonymous', credential: { type: 'public-access' } }],
  ['*SYSTEM', { id: '*SYSTEM', name: '*SYSTEM', host: { address: '' } }],
  ['*TASK', { id: '*TASK' }],
  ['*UNKNOWN', { id: '', name: 'nexus' }],
  [null, { id: '', name: 'nexus' }],
])('initiator %j', async (initiator, expected) => {
  const to = door()
  await post(to, { ...created, initiator }, COMPONENT)
  expect((await to.intake())[0]?.initiator).toMatchObject(expected)
})

test.each([
  ['2016-11-10T23:57:49.664+0000', '2016-11-10T23:57:49.66+0000', false],
  ['2016-11-10T23:57:49.664+00:00', '2016-11-10T23:57:49.66+0000', false],
  ['2016-11-11T01:57:49.664+02:00', '2016-11-10T23:57:49.66+0000', false],
  ['soon', '2026-11-22T13:00:00.12+0000', true],
  [null, '2026-11-22T13:00:00.12+0000', true],
])('time %j is %s', async (timestamp, eventTime, assumed) => {
  const to = door()
  await post(to, { ...created, timestamp }, COMPONENT)
  const [event] = await to.intake()
  expect(event?.eventTime).toBe(eventTime)
  expect(event?.route?.assumed?.includes('eventTime') ?? false).toBe(assumed)
})

test('without a format it counts as an image', async () => {
  const { body } = await post(door(), component({ format: null }), COMPONENT)
  expect(body.accepted).toMatchObject([{ action: 'container-registry.image.push', target: `${A}:1.0` }])
})

test('one delivery is one event; another delivery, or another body without a delivery, is another', async () => {
  const id = async (body: object, delivery: string) =>
    (await post(door(), body, COMPONENT, delivery)).body.accepted[0]?.id
  const first = await id(created, DELIVERY)
  expect(await id(created, DELIVERY)).toBe(first)
  expect(await id(created, 'another')).not.toBe(first)
  const nameless = await id(created, '')
  expect(await id(created, '')).toBe(nameless)
  expect(await id({ ...created, timestamp: '2024-11-10T23:57:49.665+0000' }, '')).not.toBe(nameless)
})
