import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { errors } from '../lib/errors.ts'
import { total } from '../lib/log.ts'
import type { Queues } from '../lib/queues/queue.ts'
import { door } from './door.ts'
import { cloudEvent } from './samples.ts'

const push = 'container-registry.image.push'
const good = cloudEvent(push, 'image')
const unauthenticated = {
  code: 'UNAUTHENTICATED',
  message: 'The credentials are missing or wrong, or there is no such registry.',
}
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

// Every source takes a static token; the table runs over all of them.
describe.each([
  ['distribution', { events: [] }],
  ['cloudevents', [good]],
])('authentication of %s', (registry, body) => {
  test.each([
    ['Bearer secret', 202],
    ['bearer  secret', 202],
    ['secret', 202],
    [basic('anybody', 'secret'), 202],
    [basic('', 'secret'), 202],
    ['Bearer second', 202],
    ['Bearer wrong', 401],
    ['Bearer secre', 401],
    ['Bearer secrets', 401],
    ['Bearer ', 401],
    ['Bearer', 401],
    ['', 401],
    [basic('secret', 'wrong'), 401],
    [basic('secret', ''), 401],
    ['Basic secret', 401],
    ['Splunk secret', 401],
    ['Token secret', 401],
    ['Bearer secret second', 401],
    ['secret second', 401],
  ])('Authorization %j: %d', async (authorization, status) => {
    const { post, intake, quarantine } = door({ secrets: ['secret', 'second'] })
    const answer = await post(`/webhooks/${registry}`, body, { headers: { authorization } })
    expect(answer.status).toBe(status)
    if (status === 401) {
      expect(answer.body).toEqual(unauthenticated)
      expect([await intake(), await quarantine()]).toEqual([[], []])
    }
  })

  test('a token in the URL does not count', async () => {
    const { post } = door()
    const answer = await post(`/webhooks/${registry}`, body, { headers: { authorization: '' }, query: 'token=secret' })
    expect(answer.status).toBe(401)
  })

  test('without a secret nobody gets in', async () => {
    const { post } = door({ secrets: [] })
    for (const authorization of ['', 'Bearer ', 'Bearer undefined', basic('', '')]) {
      expect((await post(`/webhooks/${registry}`, body, { headers: { authorization } })).status).toBe(401)
    }
  })
})

test.each(['nobody', '__proto__', 'constructor', '%64istribution%00', '..'])(
  'registry %s is answered as wrong credentials are',
  async (id) => {
    const { post } = door()
    expect(await post(`/webhooks/${id}`, good)).toMatchObject({ status: 401, body: unauthenticated })
  },
)

test.each([
  ['POST', '/webhooks/distribution/nothing'],
  ['POST', '/webhooks/distribution/image/more'],
  ['POST', '/webhooks/'],
  ['POST', '/webhooks'],
  ['POST', '/'],
  ['GET', '/webhooks/distribution'],
  ['PUT', '/webhooks/distribution'],
  ['POST', '/actions'],
  ['GET', '/actions/1'],
])('%s %s is not found', async (method, path) => {
  const { post } = door()
  expect(await post(path, good, { method })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
})

test('GET /health, /actions and /locations', async () => {
  const { post } = door()
  const get = async (path: string) =>
    (await post(path, '', { method: 'GET', headers: { authorization: '' } })) as { status: number; body: unknown }
  expect(await get('/health')).toMatchObject({ status: 200, body: { status: 'ready', edition: '2020-07-28' } })
  const actions = (await get('/actions')).body as { edition: string; actions: object[] }
  expect([actions.edition, actions.actions.length]).toEqual(['2020-07-28', 30])
  expect(actions.actions).toContainEqual(
    expect.objectContaining({
      action: 'container-registry.registrytokens.delete',
      family: 'registrytoken',
      deprecated: true,
      dataEvent: false,
    }),
  )
  const locations = (await get('/locations')).body as { edition: string; locations: object[] }
  expect(locations.edition).toBe('2020-07-28')
  expect(locations.locations).toContainEqual(
    expect.objectContaining({
      region: 'ap-south',
      domain: 'au.icr.io',
      location: 'jp-tok',
      locationName: 'Tokyo (jp-tok)',
    }),
  )
})

test('a body over the limit is refused before it is looked into, at the limit it is taken', async () => {
  const { post, intake, quarantine } = door()
  const limit = 1024 * 1024
  expect(await post('/webhooks/cloudevents', Buffer.alloc(limit + 1, 32))).toMatchObject({
    status: 413,
    body: { code: 'TOO_LARGE' },
  })
  expect([await intake(), await quarantine()]).toEqual([[], []])
  const padded = Buffer.concat([Buffer.from(JSON.stringify(good)), Buffer.alloc(limit, 32)]).subarray(0, limit)
  expect((await post('/webhooks/cloudevents', padded)).body.accepted).toHaveLength(1)
})

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

// Genuine but unusable: 202, kept in quarantine as received, with the reason.
test.each<[string, string | Buffer, string]>([
  ['nothing', '', 'INVALID_BODY'],
  ['no JSON', 'hello', 'INVALID_BODY'],
  ['half JSON', '{"events":[', 'INVALID_BODY'],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 'INVALID_BODY'],
  ['base64 of JSON', Buffer.from('{"events":[]}').toString('base64'), 'INVALID_BODY'],
  ['null', 'null', 'INVALID_ENVELOPE'],
  ['a number', '1e400', 'INVALID_ENVELOPE'],
  ['a list', '[]', 'INVALID_ENVELOPE'],
  ['no list of events', '{"events":{}}', 'INVALID_ENVELOPE'],
  ['another shape', '{"hello":"world"}', 'INVALID_ENVELOPE'],
  ['__proto__ for events', '{"__proto__":{"events":[]}}', 'INVALID_ENVELOPE'],
  ['deep nesting', `{"events":[${deep(100)}]}`, 'TOO_DEEP'],
  ['very deep nesting', `{"events":${deep(200_000)}}`, 'TOO_DEEP'],
  ['an item that is null', '{"events":[null]}', 'INVALID_ITEM'],
  ['an item that is a number', '{"events":[5]}', 'INVALID_ITEM'],
  ['an item without an action', '{"events":[{}]}', 'INVALID_ITEM'],
  ['an unknown action', '{"events":[{"action":"explode","target":{}}]}', 'UNKNOWN_ACTION'],
  ['an action of the prototype', '{"events":[{"action":"__proto__","target":{}}]}', 'UNKNOWN_ACTION'],
  ['no repository', '{"events":[{"action":"push","target":{"tag":"v1"}}]}', 'INVALID_TARGET'],
  ['no tag and no digest', '{"events":[{"action":"push","target":{"repository":"a"}}]}', 'INVALID_TARGET'],
  [
    'a control character in the tag',
    '{"events":[{"action":"push","target":{"repository":"a","tag":"v\\u0000"}}]}',
    'INVALID_TARGET',
  ],
  [
    'a lone surrogate in the repository',
    '{"events":[{"action":"push","target":{"repository":"a\\ud800","tag":"v"}}]}',
    'INVALID_TARGET',
  ],
  [
    'a repository of 256 characters',
    `{"events":[{"action":"push","target":{"repository":"${'a'.repeat(256)}","tag":"v"}}]}`,
    'INVALID_TARGET',
  ],
  ['100,000 items', `{"events":[${'0,'.repeat(99_999)}0]}`, 'TOO_MANY_ITEMS'],
])('%s is kept in quarantine', async (_what, body, reason) => {
  const { post, intake, quarantine } = door()
  const { status, body: answer } = await post('/webhooks/distribution/image', body)
  expect(status).toBe(202)
  expect(answer).toEqual({ accepted: [], ignored: 0, quarantined: [{ id: expect.any(String), reason }] })
  expect(await intake()).toEqual([])
  const [kept, ...more] = await quarantine()
  expect(more).toEqual([])
  expect(kept).toMatchObject({
    id: answer.quarantined[0]?.id,
    reason,
    registry: 'distribution',
    family: 'image',
    receivedAt: '2026-11-22T13:00:00.12+0000',
  })
  expect(Buffer.from(kept?.body ?? '', 'base64').equals(Buffer.from(body))).toBe(true)
})

test.each([
  [
    'an event of another edition',
    'container-registry.settings.set',
    'UNKNOWN_ACTION',
    'it is in the editions from 2020-10-21 on',
  ],
  [
    'an action that was removed',
    'container-registry.image.rm',
    'UNKNOWN_ACTION',
    'it is in the editions from 2019-06-13 to before 2019-12-19',
  ],
  ['an action that never was', 'container-registry.image.explode', 'UNKNOWN_ACTION', 'no edition has it'],
  ['a family that never was', 'container-registry.widget.create', 'UNKNOWN_ACTION', 'no edition has it'],
  ["another vendor's event", 'harbor.artifact.pushed', 'UNKNOWN_ACTION', 'no edition has it'],
  [
    'an event of another family',
    'container-registry.namespace.list',
    'WRONG_FAMILY',
    'post it to /webhooks/cloudevents/namespace',
  ],
])('%s: the sentence says what to do', async (_what, type, reason, sentence) => {
  const { post, quarantine } = door()
  const { body } = await post('/webhooks/cloudevents/image', { ...good, type })
  expect(body.quarantined.map((entry) => entry.reason)).toEqual([reason])
  expect((await quarantine())[0]?.message).toContain(sentence)
})

test.each([
  ['container-registry.image.push', { tag: 'v' }, 'target.repository is missing'],
  ['container-registry.image.push', { repository: 'a' }, 'target.tag or target.digest is missing'],
  ['container-registry.namespace.create', {}, 'target.namespace is missing'],
  [
    'container-registry.quota.set',
    {},
    'target.storageMegabytes or target.trafficMegabytes or target.storagePercent is missing',
  ],
  ['container-registry.quota.set', { storageMegabytes: '5' }, 'target.storageMegabytes: must be a number'],
  ['container-registry.retention.set', { namespace: 'a' }, 'target.policy is missing'],
  ['container-registry.registrytoken.get', {}, 'target.token is missing'],
  ['container-registry.plan.set', {}, 'target.plan is missing'],
  ['container-registry.exemption.create', { issueType: 'cve' }, 'target.issueId is missing'],
  ['container-registry.auth.set', {}, 'target.privateOnly or target.iamAuthz is missing'],
  ['container-registry.trash.restore', { digest: 'sha256:0a' }, 'target.repository is missing'],
  ['container-registry.manifest.inspect', 'team/app', 'target:'],
])('%s of %j names the field', async (type, target, sentence) => {
  const { post, quarantine } = door()
  const { body } = await post('/webhooks/cloudevents', { ...good, type, data: { target } })
  expect(body.quarantined.map(({ reason }) => reason)).toEqual(['INVALID_TARGET'])
  expect((await quarantine())[0]?.message).toContain(sentence)
})

test('one bad item never costs its neighbours', async () => {
  const { post, intake, quarantine } = door()
  const bad = [
    null,
    { ...good, type: 'nonsense' },
    { ...good, id: 'x', data: {} },
    { ...good, id: 'y', type: 'container-registry.plan.get' },
  ]
  const { status, body } = await post('/webhooks/cloudevents/image', [good, ...bad, { ...good, id: 'last' }])
  expect(status).toBe(202)
  expect(body.accepted).toHaveLength(2)
  expect(body.quarantined.map(({ reason }) => reason)).toEqual([
    'INVALID_ITEM',
    'UNKNOWN_ACTION',
    'INVALID_TARGET',
    'WRONG_FAMILY',
  ])
  expect(await intake()).toHaveLength(2)
  expect((await quarantine()).map(({ item }) => item)).toEqual([1, 2, 3, 4])
})

test.each([
  ['duplicate keys: the last counts', `{"events":[],"events":[{"action":"mount","target":{}}]}`],
  [
    '__proto__ beside what is needed',
    `{"__proto__":{"x":1},"events":[{"__proto__":{"action":"push"},"action":"mount","target":{}}]}`,
  ],
  ['a byte order mark', `\ufeff{"events":[{"action":"mount","target":{}}]}`],
])('%s', async (_what, body) => {
  const { post } = door()
  expect((await post('/webhooks/distribution', body)).body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
  expect(({} as Record<string, unknown>).x).toBeUndefined()
})

test('text of outsiders: control characters, lone surrogates, what SQS refuses, and any plane of Unicode', async () => {
  const { post, intake } = door()
  const nasty = 'a\u0000b\u001b[31m\ufffe\uffff\ud800 \u{1f600}\u202e'
  const data = {
    target: { repository: 'team/app', tag: 'v1' },
    initiator: { name: nasty, agent: nasty },
    requestData: { note: nasty },
  }
  const { status, body } = await post('/webhooks/cloudevents', { ...good, data })
  expect([status, body.accepted.length]).toEqual([202, 1])
  const [event] = await intake()
  expect(event?.initiator.name).toBe('a b [31m\ufffe\uffff\ufffd \u{1f600}')
  expect(event?.requestData).toEqual({ note: nasty })
})

test('huge numbers are refused where numbers count', async () => {
  const { post, quarantine } = door()
  const text = JSON.stringify({
    ...good,
    type: 'container-registry.quota.set',
    data: { target: { storageMegabytes: 1 } },
  })
  await post('/webhooks/cloudevents', text.replace('"storageMegabytes":1', '"storageMegabytes":1e999'))
  expect(await quarantine()).toMatchObject([
    { reason: 'INVALID_TARGET', message: 'target.storageMegabytes: must be a number.' },
  ])
})

test('no credential is kept in quarantine', async () => {
  const { post, quarantine } = door({ secrets: ['s3cr3t'] })
  const headers = {
    authorization: 'Bearer s3cr3t',
    cookie: 's3cr3t',
    'x-api-key': 's3cr3t',
    'webhook-signature': 's3cr3t',
    'user-agent': 'me',
  }
  await post('/webhooks/distribution', 'no json', { headers, query: 'token=s3cr3t' })
  const kept = await quarantine()
  expect(JSON.stringify(kept)).not.toContain('s3cr3t')
  expect(kept[0]?.headers).toEqual({ 'content-type': 'application/json', 'user-agent': 'me' })
})

test('a body too large for one message is kept in parts', async () => {
  const { post, quarantine } = door()
  const body = Buffer.alloc(1024 * 1024, 'x')
  const { body: answer } = await post('/webhooks/distribution', body)
  const kept = await quarantine()
  expect(answer.quarantined).toHaveLength(1)
  expect(kept.map(({ id, part, parts }) => [id, part, parts])).toEqual(
    [1, 2, 3].map((part) => [answer.quarantined[0]?.id, part, 3]),
  )
  expect(Buffer.concat(kept.map((message) => Buffer.from(message.body, 'base64'))).equals(body)).toBe(true)
})

test('many bad items of a large body are kept together, each with its reason', async () => {
  const { post, quarantine } = door()
  const items = Array.from({ length: 900 }, (_, index) => ({
    ...good,
    id: `i${index}`,
    type: index % 2 ? 'nonsense' : push,
    padding: 'x'.repeat(400),
  }))
  const { body } = await post('/webhooks/cloudevents', items)
  expect([body.accepted.length, body.quarantined.length]).toEqual([450, 450])
  const kept = await quarantine()
  expect(kept[0]?.items).toHaveLength(450)
  expect(kept[0]?.items?.[0]).toEqual({
    id: body.quarantined[0]?.id,
    item: 1,
    reason: 'UNKNOWN_ACTION',
    message: '"nonsense" is not in edition 2020-07-28: no edition has it.',
  })
  expect(kept.every(({ parts }) => parts === kept.length)).toBe(true)
})

describe('the queue is down', () => {
  const down = async (): Promise<never> => {
    throw new Error('connection refused to 10.0.0.1 with key AKIA')
  }
  const only = (name: string, send: Queues['send']): Partial<Queues> => {
    const { queues } = door()
    return {
      send: (queue, messages) => (queue.name.endsWith(name) ? send(queue, messages) : queues.send(queue, messages)),
    }
  }

  test.each([
    ['intake', good],
    ['quarantine', 'no json'],
  ])('%s: the sender is told to try again and the cause stays inside', async (name, body) => {
    const { RouterError } = await import('../lib/errors.ts')
    const { post } = door({
      broken: only(name, async () => {
        throw new RouterError('UNAVAILABLE', 'SendMessageBatch to 10.0.0.1 failed')
      }),
    })
    const answer = await post('/webhooks/cloudevents', body)
    expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE', message: errors.UNAVAILABLE.message } })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('an unforeseen failure is a 500 without details', async () => {
    const { post } = door({ broken: { send: down } })
    expect(await post('/webhooks/cloudevents', good)).toMatchObject({
      status: 500,
      body: { code: 'INTERNAL', message: errors.INTERNAL.message },
    })
  })

  test('one refused entry of a batch: nothing was promised, and the retry has the same ids', async () => {
    const state = door()
    const batch = [good, { ...good, id: 'second' }]
    const half = door({ broken: { send: async () => [1] } })
    expect((await half.post('/webhooks/cloudevents', batch)).status).toBe(503)
    const first = await state.post('/webhooks/cloudevents', batch)
    const again = await state.post('/webhooks/cloudevents', batch)
    expect(again.body).toEqual(first.body)
  })
})

test('any bytes of a genuine sender end as accepted, ignored or quarantined, and are counted', async () => {
  const item = fc.oneof(
    fc.constant(good),
    fc.constant({ action: 'mount', target: {} }),
    fc.record({ action: fc.constantFrom('push', 'pull', 'delete', 'x'), target: fc.object() }),
    fc.jsonValue(),
  )
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.array(item, { maxLength: 5 }).map((events) => JSON.stringify({ events })),
    fc.array(item, { maxLength: 5 }).map((events) => JSON.stringify(events)),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('distribution', 'cloudevents'), body, async (registry, bytes) => {
      const opened = door()
      const { status, body: answer } = await opened.post(`/webhooks/${registry}`, bytes)
      expect(status).toBe(202)
      const counted = answer.accepted.length + answer.ignored + answer.quarantined.length
      expect(counted).toBe(opened.entry.received)
      expect((await opened.intake()).length).toBe(answer.accepted.length)
    }),
    { numRuns: 200 },
  )
})

test('whatever becomes of a request, its items add up, and the log knows the registry that it was meant for', async () => {
  const request = fc.record({
    path: fc.constantFrom('distribution', 'cloudevents', 'cloudevents/image', 'cloudevents/paint', 'nobody', ''),
    authorization: fc.constantFrom('Bearer secret', 'Bearer wrong', ''),
    body: fc.array(fc.constantFrom<object>(good, { type: 'x' }, { action: 'mount', target: {} }), { maxLength: 4 }),
    size: fc.constantFrom(0, 2 * 1024 * 1024),
    broken: fc.constantFrom<Partial<Queues>>(
      {},
      { send: async () => [0] },
      { ready: () => Promise.reject(new Error()) },
    ),
  })
  await fc.assert(
    fc.asyncProperty(request, async ({ path, authorization, body, size, broken }) => {
      const opened = door({ broken })
      const bytes = Buffer.concat([Buffer.from(JSON.stringify(body)), Buffer.alloc(size, ' ')])
      const { status } = await opened.post(`/webhooks/${path}`, bytes, { headers: { authorization } })
      const { received, accepted = 0, rejected = 0, ids = [], registry } = opened.entry
      const counted = accepted + total(opened.entry.ignored) + total(opened.entry.quarantined) + rejected
      expect(received).toBe(counted)
      expect(ids).toHaveLength(accepted)
      expect(rejected > 0).toBe(status !== 202)
      const [id = ''] = path.split('/')
      const meant = ['distribution', 'cloudevents'].includes(id) ? id : undefined
      expect(registry).toBe(meant)
    }),
    { numRuns: 100 },
  )
})
