import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { acr } from '../../lib/sources/acr.ts'
import { door, NOW } from '../door.ts'

// Bodies of `test/fixtures/acr` are written after the vendor's description of its three formats.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/acr', `${name}.json`), 'utf8')
const json = (name: string) => JSON.parse(read(name))

const JSON_TYPE = 'application/json; charset=utf-8'
const CLOUD_EVENT = 'application/cloudevents+json; charset=utf-8'
const BATCH = 'application/cloudevents-batch+json; charset=utf-8'

const A = 'de.icr.io/team/app'
const DIGEST = `sha256:${'3b6f1c0a'.repeat(8)}`
const SIGNATURE = `sha256-${'3b6f1c0a'.repeat(8)}.sig`
const BY_WEBHOOK = '2026-11-20T08:15:30.34+0000'
const DOCKER = 'docker/27.3.1 go/go1.22.7 os/linux arch/amd64'
const PYTHON = 'python-requests/2.32.3'
const HOST = 'contoso.azurecr.io'

type Row = [action: string, target: string, time: string, agent: string | undefined, domain: string | undefined]

// Written down by reading the fixtures.
const table: [fixture: string, contentType: string, events: Row[], ignored: Record<string, number>][] = [
  ['webhook-push', JSON_TYPE, [['image.push', `${A}:1.4.0`, BY_WEBHOOK, DOCKER, HOST]], {}],
  ['webhook-push-untagged', JSON_TYPE, [['image.push', `${A}@${DIGEST}`, BY_WEBHOOK, DOCKER, HOST]], {}],
  ['webhook-push-signature', JSON_TYPE, [['image.push', `${A}:${SIGNATURE}`, BY_WEBHOOK, DOCKER, HOST]], {}],
  ['webhook-delete', JSON_TYPE, [['image.delete', `${A}@${DIGEST}`, '2026-11-20T08:16:01.65+0000', PYTHON, HOST]], {}],
  ['webhook-delete-repository', JSON_TYPE, [['image.bulkdelete', A, '2026-11-20T08:17:01.65+0000', PYTHON, HOST]], {}],
  [
    'webhook-chart-push',
    JSON_TYPE,
    [['image.push', 'de.icr.io/charts:2.0.1.tgz', '2026-11-20T08:18:12.12+0000', undefined, undefined]],
    {},
  ],
  [
    'webhook-chart-delete',
    JSON_TYPE,
    [['image.delete', 'de.icr.io/charts:2.0.1.tgz', '2026-11-20T08:18:12.12+0000', undefined, undefined]],
    {},
  ],
  ['webhook-quarantine', JSON_TYPE, [], { quarantine: 1 }],
  ['eventgrid-image-pushed', JSON_TYPE, [['image.push', `${A}:1.4.0`, BY_WEBHOOK, DOCKER, HOST]], {}],
  ['eventgrid-subscription-deleted', JSON_TYPE, [], { 'subscription deletion': 1 }],
  [
    'eventgrid-batch',
    JSON_TYPE,
    [
      ['image.push', `${A}@${DIGEST}`, BY_WEBHOOK, DOCKER, HOST],
      ['image.delete', `${A}@${DIGEST}`, '2026-11-20T08:16:01.65+0000', PYTHON, HOST],
      ['image.bulkdelete', A, '2026-11-20T08:17:01.65+0000', PYTHON, HOST],
      // Charts have no request: the domain is that of the topic.
      ['image.push', 'de.icr.io/charts:2.0.1', '2026-11-20T08:18:12.12+0000', undefined, HOST],
      ['image.delete', 'de.icr.io/charts:2.0.1', '2026-11-20T08:18:12.12+0000', undefined, HOST],
    ],
    { 'subscription validation': 1, 'subscription deletion': 1 },
  ],
  ['cloudevents-image-pushed', CLOUD_EVENT, [['image.push', `${A}:1.4.0`, BY_WEBHOOK, DOCKER, HOST]], {}],
  [
    'cloudevents-batch',
    BATCH,
    [
      ['image.delete', `${A}@${DIGEST}`, '2026-11-20T08:16:01.65+0000', PYTHON, HOST],
      ['image.push', 'de.icr.io/charts:2.0.1', '2026-11-20T08:18:12.12+0000', undefined, HOST],
    ],
    {},
  ],
]

test.each(table)('%s', async (fixture, contentType, events, ignored) => {
  const made = door()
  const { status } = await made.post('/webhooks/acr', read(fixture), { headers: { 'content-type': contentType } })
  expect(status).toBe(202)
  const written = await made.intake()
  expect(
    written.map(({ action, target, eventTime, initiator }) => [
      action.slice('container-registry.'.length),
      target.name,
      eventTime,
      initiator.host.agent,
      target.host?.address,
    ]),
  ).toEqual(events)
  expect(written.every(({ outcome, route }) => outcome === 'success' && !route?.assumed?.includes('eventTime'))).toBe(
    true,
  )
  expect(written.every(({ initiator }) => initiator.id === '' && initiator.name === 'acr')).toBe(true)
  expect(made.entry.ignored).toEqual(ignored)
  expect(await made.quarantine()).toEqual([])
})

test('an event with an actor, an address, a connected registry and a request, field by field', async () => {
  const { post, intake } = door()
  const [event] = json('eventgrid-image-pushed')
  event.data.actor = { name: 'deploy-token' }
  event.data.request.addr = '192.0.2.7:51334'
  await post('/webhooks/acr', [event])
  const [written] = await intake()
  expect(written).toMatchObject({
    initiator: {
      id: 'deploy-token',
      name: 'deploy-token',
      host: { address: '192.0.2.7', addressType: 'IPv4', agent: DOCKER },
    },
    target: { id: `${A}@${DIGEST}`, name: `${A}:1.4.0`, host: { address: HOST } },
    correlationId: '7d1f0c1e-0000-4000-8000-000000000001',
    requestData: { location: 'westeurope', connectedRegistry: 'edge7' },
    route: { source: 'acr', contradictingDomain: HOST },
  })
})

test('a chart keeps its name', async () => {
  const { post, intake } = door()
  await post('/webhooks/acr', read('webhook-chart-push'))
  expect((await intake())[0]?.requestData).toEqual({ chart: 'web' })
})

const push = json('webhook-push')
const accepted = async (body: unknown, contentType = JSON_TYPE) => {
  const answer = await door().post('/webhooks/acr', body, { headers: { 'content-type': contentType } })
  return answer.body.accepted.map(({ action, target }) => [action.slice('container-registry.'.length), target])
}
const withTarget = (changes: object) => ({ ...push, target: { ...push.target, ...changes } })

describe('every event of the vocabulary', () => {
  const event = (eventType: string, data: object = {}) => [{ ...json('eventgrid-image-pushed')[0], eventType, data }]
  const pushed = 'Microsoft.ContainerRegistry.ImagePushed'
  const untagged = json('webhook-push-untagged')
  const signature = json('webhook-push-signature')
  const repository = json('webhook-delete-repository')
  const image = json('webhook-delete')
  const chart = json('webhook-chart-push')
  const rows: Record<string, [body: unknown, becomes: string]> = {
    'push, by tag': [push, 'image.push'],
    'push, by digest': [untagged, 'image.push'],
    'push, signature': [signature, 'image.push'],
    delete: [image, 'image.delete'],
    'delete, of the repository': [repository, 'image.bulkdelete'],
    chart_push: [chart, 'image.push'],
    chart_delete: [json('webhook-chart-delete'), 'image.delete'],
    quarantine: [json('webhook-quarantine'), 'quarantine'],
    // One that is not by itself gets no answer of its own.
    ping: [[{ action: 'ping' }], 'ping'],
    [`${pushed}, by tag`]: [event(pushed, push), 'image.push'],
    [`${pushed}, by digest`]: [event(pushed, untagged), 'image.push'],
    [`${pushed}, signature`]: [event(pushed, signature), 'image.push'],
    'Microsoft.ContainerRegistry.ImageDeleted': [
      event('Microsoft.ContainerRegistry.ImageDeleted', image),
      'image.delete',
    ],
    'Microsoft.ContainerRegistry.ImageDeleted, of the repository': [
      event('Microsoft.ContainerRegistry.ImageDeleted', repository),
      'image.bulkdelete',
    ],
    'Microsoft.ContainerRegistry.ChartPushed': [event('Microsoft.ContainerRegistry.ChartPushed', chart), 'image.push'],
    'Microsoft.ContainerRegistry.ChartDeleted': [
      event('Microsoft.ContainerRegistry.ChartDeleted', chart),
      'image.delete',
    ],
    'Microsoft.EventGrid.SubscriptionValidationEvent': [
      event('Microsoft.EventGrid.SubscriptionValidationEvent'),
      'subscription validation',
    ],
    'Microsoft.EventGrid.SubscriptionDeletedEvent': [
      event('Microsoft.EventGrid.SubscriptionDeletedEvent'),
      'subscription deletion',
    ],
  }

  test('has a row here', () => {
    expect(Object.keys(rows).sort()).toEqual(Object.keys(acr.vocabulary).sort())
  })

  test.each(Object.entries(rows))('%s', async (_name, [body, becomes]) => {
    const made = door()
    const answer = await made.post('/webhooks/acr', body)
    const actions = answer.body.accepted.map(({ action }) => action.slice('container-registry.'.length))
    expect([...actions, ...Object.keys(made.entry.ignored ?? {})]).toEqual([becomes])
  })
})

describe('settings', () => {
  const taken = async (accept: object, body: unknown) => {
    const config = { id: 'acr', source: 'acr', domain: 'de.icr.io', region: 'eu-central', account: 'acme' } as const
    const made = door({ registries: [{ ...config, accept }] })
    const { accepted: events } = (await made.post('/webhooks/acr', body)).body
    return events.length > 0 ? 'event' : made.entry.ignored
  }

  test.each([
    [{ children: 'tagged' }, 'webhook-push-untagged', { 'push by digest': 1 }],
    [{ children: 'tagged' }, 'webhook-push', 'event'],
    [{ signatures: 'ignore' }, 'webhook-push-signature', { signature: 1 }],
    [{ signatures: 'ignore' }, 'webhook-push', 'event'],
    [{ charts: 'ignore' }, 'webhook-chart-push', { chart: 1 }],
    [{ charts: 'ignore' }, 'webhook-chart-delete', { chart: 1 }],
    [{ charts: 'ignore' }, 'webhook-push', 'event'],
  ])('%j, %s: %j', async (accept, fixture, becomes) => {
    expect(await taken(accept, read(fixture))).toEqual(becomes)
  })

  test('charts of Event Grid', async () => {
    const [, , , , pushed, deleted] = json('eventgrid-batch')
    expect(await taken({ charts: 'ignore' }, [pushed, deleted])).toEqual({ chart: 2 })
  })
})

describe('handshakes', () => {
  const validation = json('eventgrid-subscription-validation')
  const code = 'A1B2C3D4-0000-4000-8000-0123456789AB'
  const handshake = async (body: unknown, headers: Record<string, string> = {}) => {
    const made = door()
    const { status, body: answer } = await made.post('/webhooks/acr', body, { headers })
    expect(await made.intake()).toEqual([])
    return [status, answer]
  }

  test.each([[{}], [{ 'aeg-event-type': 'SubscriptionValidation' }], [{ 'aeg-event-type': 'SUBSCRIPTIONVALIDATION' }]])(
    'of Event Grid with the headers %j',
    async (headers) => {
      expect(await handshake(validation, headers)).toEqual([200, { validationResponse: code }])
    },
  )

  test('of Event Grid that only the header tells of', async () => {
    const escaped = JSON.stringify(validation).replace('Microsoft.EventGrid.S', 'Microsoft.EventGrid\\u002eS')
    expect(await handshake(escaped, { 'aeg-event-type': 'subscriptionValidation' })).toEqual([
      200,
      { validationResponse: code },
    ])
    expect((await handshake(escaped, { 'aeg-event-type': 'Notification' }))[0]).toBe(202)
  })

  test('of Event Grid with the secret in the URL', async () => {
    const { post } = door()
    const request = { query: 'token=secret', headers: { authorization: '' } }
    const answer = await post('/webhooks/acr', validation, request)
    expect([answer.status, answer.body]).toEqual([200, { validationResponse: code }])
    const refused = await post('/webhooks/acr', validation, { ...request, query: 'token=guess' })
    expect([refused.status, refused.body.code]).toEqual([401, 'UNAUTHENTICATED'])
  })

  test.each<[string, unknown, Record<string, string>, object]>([
    ['twice', [...validation, ...validation], {}, { ignored: 2 }],
    ['without a code', [{ ...validation[0], data: {} }], {}, { ignored: 1 }],
    ['without data', [{ ...validation[0], data: null }], {}, { ignored: 1 }],
    ['with data that is text', [{ ...validation[0], data: 'x' }], {}, { ignored: 1 }],
    ['with a number as the code', [{ ...validation[0], data: { validationCode: 7 } }], {}, { ignored: 1 }],
    ['not in a list', validation[0], {}, { ignored: 1 }],
    ['only in the header', [], { 'aeg-event-type': 'SubscriptionValidation' }, { ignored: 0 }],
  ])('of Event Grid %s is none', async (_what, body, headers, counts) => {
    expect(await handshake(body, headers)).toEqual([202, { accepted: [], quarantined: [], ...counts }])
  })

  test('of Event Grid that is not JSON goes to quarantine', async () => {
    const made = door()
    const headers = { 'aeg-event-type': 'SubscriptionValidation' }
    expect((await made.post('/webhooks/acr', '[{', { headers })).status).toBe(202)
    expect((await made.quarantine()).map(({ reason }) => reason)).toEqual(['INVALID_BODY'])
  })

  test('a push of which the tag tells of a validation is a push', async () => {
    const [event] = json('eventgrid-image-pushed')
    event.data.target.tag = 'Microsoft.EventGrid.SubscriptionValidationEvent'
    expect(await accepted([event])).toEqual([['image.push', `${A}:Microsoft.EventGrid.SubscriptionValidationEvent`]])
  })

  test('of CloudEvents', async () => {
    const { post } = door()
    const answer = await post('/webhooks/acr', '', {
      method: 'OPTIONS',
      headers: { 'webhook-request-origin': 'eventgrid.azure.net', 'webhook-request-rate': '120' },
    })
    expect([answer.status, answer.headers]).toEqual([
      200,
      { 'webhook-allowed-origin': 'eventgrid.azure.net', 'webhook-allowed-rate': '120' },
    ])
  })

  test('a ping', async () => {
    expect(await handshake(read('webhook-ping'))).toEqual([200, {}])
    expect(await handshake({ action: 'ping' })).toEqual([200, {}])
  })

  test('a push of the tag "ping" is a push', async () => {
    expect(await accepted(withTarget({ tag: 'ping' }))).toEqual([['image.push', `${A}:ping`]])
  })
})

describe('oddities', () => {
  test('the attribute specVersion in mixed case', async () => {
    const { specversion, ...event } = json('cloudevents-image-pushed')
    expect(await accepted({ ...event, specVersion: specversion }, CLOUD_EVENT)).toEqual([['image.push', `${A}:1.4.0`]])
    expect(await accepted({ ...event, specVersion: specversion })).toEqual([['image.push', `${A}:1.4.0`]])
  })

  test('CloudEvents as plain JSON, alone and in a list, and in binary mode', async () => {
    const { data, ...attributes } = json('cloudevents-image-pushed')
    expect(await accepted({ ...attributes, data })).toEqual([['image.push', `${A}:1.4.0`]])
    expect(await accepted([{ ...attributes, data }])).toEqual([['image.push', `${A}:1.4.0`]])
    const headers = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encodeURIComponent(String(value))]),
    )
    const answer = await door().post('/webhooks/acr', data, { headers })
    expect(answer.body.accepted.map(({ target }) => target)).toEqual([`${A}:1.4.0`])
  })

  test.each([
    ['the time of Event Grid when its own is missing', { timestamp: null }, '2026-11-20T08:15:31.66+0000'],
    ['the time of Event Grid when its own is none', { timestamp: 'yesterday' }, '2026-11-20T08:15:31.66+0000'],
    ['its own time with an offset', { timestamp: '2026-11-20T00:15:30.0087496-08:00' }, '2026-11-20T08:15:30.00+0000'],
  ])('%s', async (_what, changes, time) => {
    const { post, intake } = door()
    const [event] = json('eventgrid-image-pushed')
    await post('/webhooks/acr', [{ ...event, data: { ...event.data, ...changes } }])
    expect((await intake())[0]?.eventTime).toBe(time)
  })

  test('a chart without a version has its file as the tag', async () => {
    const chart = json('webhook-chart-push')
    const { version: _, ...target } = chart.target
    expect(await accepted({ ...chart, target })).toEqual([['image.push', 'de.icr.io/charts:web-2.0.1.tgz']])
  })

  test('the resource with a slash at its end', async () => {
    const { post, intake } = door()
    const [, , , , chart] = json('eventgrid-batch')
    await post('/webhooks/acr', [{ ...chart, topic: `${chart.topic}/` }])
    expect((await intake())[0]?.target.host?.address).toBe(HOST)
  })

  test.each([
    [
      'a type that is not known',
      [{ eventType: 'Microsoft.ContainerRegistry.ImageScanned', data: {} }],
      'UNKNOWN_ACTION',
    ],
    ['an action that is not known', { ...push, action: 'pull' }, 'UNKNOWN_ACTION'],
    ['an action that objects have', { ...push, action: 'toString' }, 'UNKNOWN_ACTION'],
    ['a type of another service', [{ eventType: 'Microsoft.Storage.BlobCreated', data: {} }], 'UNKNOWN_ACTION'],
    ['a tag that is a number', withTarget({ tag: 7 }), 'INVALID_ITEM'],
    ['a target that is a list', { ...push, target: [] }, 'INVALID_TARGET'],
    ['no target', { ...push, target: null }, 'INVALID_TARGET'],
    ['no repository', withTarget({ repository: undefined }), 'INVALID_TARGET'],
    ['data that is text', [{ eventType: 'Microsoft.ContainerRegistry.ImagePushed', data: 'x' }], 'INVALID_ITEM'],
    ['an action that is a list', { ...push, action: ['push'] }, 'INVALID_ITEM'],
    ['a type that is a list', [{ eventType: ['x'] }], 'INVALID_ITEM'],
    ['an item that is a number', [7], 'INVALID_ITEM'],
    ['an item that is nothing', [null], 'INVALID_ITEM'],
    ['an object of something else', { events: [] }, 'INVALID_ENVELOPE'],
    ['text', '"push"', 'INVALID_ENVELOPE'],
    ['no JSON', '{"action":"push"', 'INVALID_BODY'],
  ])('%s goes to quarantine', async (_what, body, reason) => {
    const { post, intake, quarantine } = door()
    expect((await post('/webhooks/acr', body)).status).toBe(202)
    expect((await quarantine()).map((message) => message.reason)).toEqual([reason])
    expect(await intake()).toEqual([])
  })

  test('a bad event never costs its neighbours', async () => {
    const [good] = json('eventgrid-image-pushed')
    const { body } = await door().post('/webhooks/acr', [{ ...good, data: 'x' }, good, 7])
    expect(body.accepted.map(({ target }) => target)).toEqual([`${A}:1.4.0`])
    expect(body.quarantined).toHaveLength(2)
  })
})

describe('ids', () => {
  const made = door()
  const ids = async (body: unknown, receivedAt = NOW) =>
    (await made.post('/webhooks/acr', body, { receivedAt })).body.accepted.map(({ id }) => id)
  const [event] = json('eventgrid-image-pushed')
  const cloud = json('cloudevents-image-pushed')
  const { id: _id, ...anonymous } = push
  const { timestamp: _timestamp, ...timeless } = anonymous

  test.each([
    ['a webhook', push],
    ['Event Grid', [event]],
    ['a CloudEvent', cloud],
    ['a webhook without an id', anonymous],
    ['a webhook without id and time', timeless],
  ])('the same delivery of %s has the same id', async (_what, body) => {
    const first = await ids(body)
    expect(first).toHaveLength(1)
    expect(await ids(body, NOW + 60_000)).toEqual(first)
  })

  test.each([
    ['another id', push, { ...push, id: 'other' }],
    ['another tag', push, withTarget({ tag: '1.5.0' })],
    ['another digest', push, withTarget({ digest: 'sha256:0a' })],
    ['another action', push, { ...push, action: 'delete' }],
    ['another id of Event Grid', [event], [{ ...event, id: 'other' }]],
    ['another source', cloud, { ...cloud, source: `${cloud.source}2` }],
    ['another time, without an id', anonymous, { ...anonymous, timestamp: '2026-11-20T08:15:31Z' }],
  ])('%s is another event', async (_what, one, other) => {
    expect(await ids(one)).not.toEqual(await ids(other))
  })

  test('without id and time the same again an hour later is another event', async () => {
    expect(await ids(timeless)).not.toEqual(await ids(timeless, NOW + 3_600_000))
  })
})
