import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { edition } from '../../lib/edition.ts'
import { door, NOW } from '../door.ts'
import { cloudEvent, targets } from '../samples.ts'

const structured = { headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' } }
const push = 'container-registry.image.push'

describe.each([
  ['2020-07-28', 'cloudevents', 30],
  ['2026-08-11', 'newest', 36],
])('edition %s', (date, registry, count) => {
  const rows = edition(date).actions

  test(`carries all ${count} actions, each through its family's URL`, async () => {
    expect(rows).toHaveLength(count)
    const { post, intake, quarantine } = door()
    for (const { action, family } of rows) {
      const { status, body } = await post(`/webhooks/${registry}/${family}`, cloudEvent(action, family), structured)
      expect([status, body.accepted.map((entry) => entry.action), body.quarantined]).toEqual([202, [action], []])
    }
    const events = await intake()
    expect(events.map(({ action, dataEvent, severity }) => [action, dataEvent, severity])).toEqual(
      rows.map(({ action, dataEvent, severity }) => [action, dataEvent, severity]),
    )
    expect(events.filter(({ deprecated }) => deprecated).map(({ action }) => action)).toEqual(
      rows.filter(({ deprecated }) => deprecated).map(({ action }) => action),
    )
    expect(await quarantine()).toEqual([])
  })

  test('and all of them in one batch', async () => {
    const { post } = door()
    const batch = rows.map(({ action, family }) => cloudEvent(action, family))
    const headers = { 'content-type': 'application/cloudevents-batch+json' }
    const { body } = await post(`/webhooks/${registry}`, batch, { headers })
    expect(body.accepted.map(({ action }) => action)).toEqual(rows.map(({ action }) => action))
  })
})

// V8 reads such names as other ones at times, so nobody could say any more what was sent.
test.each([
  ['requestData', { requestData: { role: 'x', deep: [{ '\n': 1 }] } }],
  ['requestData', { requestData: { '\\': 1 } }],
  ['responseData', { responseData: { 'a"b': 1 } }],
  ['responseData', { responseData: { '\ud83d': 1 } }],
  ['policy', { target: { policy: { '\uffff': 1 } } }],
])('a field whose name has to be escaped goes to quarantine: %s', async (where, more) => {
  const { post, intake, quarantine } = door()
  const ce = cloudEvent(push, 'image')
  const data = { ...ce.data, ...more, target: { ...ce.data.target, ...('target' in more ? more.target : {}) } }
  const { body } = await post('/webhooks/cloudevents', { ...ce, data }, structured)
  expect(body.quarantined).toMatchObject([{ reason: 'INVALID_ITEM' }])
  expect(await intake()).toEqual([])
  expect(JSON.stringify(await quarantine())).toContain(`${where}: JSON has to escape the name of a field`)
})

test('nor does an extension of such a name, nor one that was read as another one, get in', async () => {
  const { post, intake } = door()
  JSON.parse('{"role":"x","\\\\":"y"}')
  const text = JSON.stringify({
    ...cloudEvent(push, 'image'),
    data: { ...cloudEvent(push, 'image').data, requestData: { role: 'x' } },
  })
  await post('/webhooks/cloudevents', text.replace('"role":"x"', '"role":"x","\\n":1'), structured)
  await post('/webhooks/cloudevents', { ...cloudEvent(push, 'image'), 'a\tb': 1 }, structured)
  expect(await intake()).toEqual([])
})

describe('modes', () => {
  const ce = cloudEvent(push, 'image')

  test('structured, binary, batched and base64 data give the same event', async () => {
    const { post, intake } = door()
    const { data, ...attributes } = ce
    const ceHeaders = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encodeURIComponent(value)]),
    )
    await post('/webhooks/cloudevents', ce, structured)
    await post('/webhooks/cloudevents', data, { headers: { 'content-type': 'application/json', ...ceHeaders } })
    await post('/webhooks/cloudevents', [ce], { headers: { 'content-type': 'application/cloudevents-batch+json' } })
    const base64 = { ...attributes, data_base64: Buffer.from(JSON.stringify(data)).toString('base64') }
    await post('/webhooks/cloudevents', base64, structured)
    const [first, ...others] = await intake()
    expect(first?.target.name).toBe('de.icr.io/team/app:1.4.0')
    expect(others).toEqual([first, first, first])
  })

  test('binary mode without a body: the attributes alone are an event of an action that needs no target', async () => {
    const { post } = door()
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': '1',
      'ce-source': '/x',
      'ce-type': 'container-registry.auth.get',
    }
    const { body } = await post('/webhooks/cloudevents', '', { headers })
    expect(body.accepted).toMatchObject([{ action: 'container-registry.auth.get', target: 'de.icr.io' }])
  })

  test('source and id together make the event, not the id alone', async () => {
    const { post } = door()
    const batch = [ce, { ...ce, source: '/other' }, { ...ce, id: 'another' }, ce]
    const { body } = await post('/webhooks/cloudevents', batch)
    const [a, b, c, again] = body.accepted.map(({ id }) => id)
    expect(new Set([a, b, c]).size).toBe(3)
    expect(again).toBe(a)
  })
})

test('everything that data can say is in the event', async () => {
  const { post, intake } = door()
  const data = {
    target: { ...targets.image, alias: 'app', resourceGroupId: 'crn:v1:rg', host: 'de.icr.io' },
    initiator: {
      id: 'iam-ServiceId-1',
      name: 'ci',
      credential: 'apikey',
      address: '[2001:db8::7]:9',
      agent: 'ci/1',
      authnId: 'IBMid-1',
      authnName: 'alice',
    },
    outcome: 'failure',
    reason: { code: 403, message: 'not yours' },
    requestData: { why: 'because' },
    responseData: { trace: 't' },
    correlationId: 'c1',
  }
  await post('/webhooks/cloudevents', cloudEvent('container-registry.image.delete', 'image', { data }))
  const [event] = await intake()
  expect(event).toMatchObject({
    outcome: 'failure',
    severity: 'critical',
    message: 'Container Registry: delete image de.icr.io/team/app:1.4.0 -failure',
    reason: { reasonCode: 403, reasonType: 'Forbidden', reasonForFailure: 'not yours' },
    initiator: {
      id: 'iam-ServiceId-1',
      name: 'ci',
      typeURI: 'service/security/account/serviceid',
      credential: { type: 'apikey' },
      host: { address: '2001:db8::7', addressType: 'IPv6', agent: 'ci/1' },
      authnId: 'IBMid-1',
      authnName: 'alice',
    },
    target: { alias: 'app', resourceGroupId: 'crn:v1:rg', host: { address: 'de.icr.io' } },
    requestData: { why: 'because' },
    responseData: { trace: 't' },
    correlationId: 'c1',
  })
  expect(event?.route?.assumed).toBeUndefined()
})

test.each([
  [
    'container-registry.namespace.create',
    'namespace',
    'team',
    'crn:v1:bluemix:public:container-registry::a/acme::namespace:team',
    undefined,
  ],
  [
    'container-registry.quota.set',
    'quota',
    'de.icr.io',
    'crn:v1:bluemix:public:container-registry::a/acme:::',
    { storageMegabytes: 5120, trafficMegabytes: -1 },
  ],
  [
    'container-registry.exemption.create',
    'exemption',
    'CVE-2020-0001',
    'crn:v1:bluemix:public:container-registry::a/acme::exemption:CVE-2020-0001',
    { issueType: 'cve' },
  ],
  [
    'container-registry.retention.set',
    'retention',
    'team',
    'crn:v1:bluemix:public:container-registry::a/acme::retention:team',
    { policy: { imagesPerRepo: 10, retainUntagged: false } },
  ],
  [
    'container-registry.auth.set',
    'auth',
    'de.icr.io',
    'crn:v1:bluemix:public:container-registry::a/acme:::',
    { privateOnly: true },
  ],
] as const)('%s: target and request data', async (action, family, name, id, requestData) => {
  const { post, intake } = door()
  await post('/webhooks/cloudevents', cloudEvent(action, family))
  const [event] = await intake()
  expect(event?.target).toMatchObject({ name, id })
  expect(event?.requestData).toEqual(requestData)
})

const image = { repository: 'team/app', tag: '1.4.0' }

test.each([
  [
    'container-registry.signature.write',
    { ...image, signatureMethod: 'simple', signatureObject: 'image' },
    { repository: 'es.icr.io/team/app', signatureMethod: 'simple', signatureObject: 'image' },
  ],
  ['container-registry.image-vulnerability-report.read', image, { name: 'es.icr.io/team/app:1.4.0' }],
  [
    'container-registry.account-vulnerability-status.list',
    { repository: 'team/app', includeIBM: false, includePrivate: true },
    { repository: 'es.icr.io/team/app', includeIBM: 'false', includePrivate: 'true' },
  ],
])('%s keeps its custom data as text in RequestParameters', async (action, target, RequestParameters) => {
  const { post, intake } = door()
  await post('/webhooks/newest', cloudEvent(action, 'image', { data: { target } }))
  expect((await intake())[0]?.requestData).toEqual({ RequestParameters })
})

describe('Standard Webhooks', () => {
  const body = JSON.stringify(cloudEvent(push, 'image'))
  const seconds = Math.floor(NOW / 1000)
  const sign = (key: Buffer | string, timestamp: number, id = 'msg_1', text = body) =>
    `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64')}`
  const headers = (signature: string, timestamp = seconds, id = 'msg_1') => ({
    headers: {
      authorization: '',
      'content-type': 'application/cloudevents+json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signature,
    },
  })
  const bytes = Buffer.from('0123456789abcdef0123456789abcdef')
  const whsec = `whsec_${bytes.toString('base64')}`

  test.each([
    ['a secret taken as its bytes', ['plain'], sign('plain', seconds), seconds, 202],
    ['a whsec_ secret, base64', [whsec], sign(bytes, seconds), seconds, 202],
    ['a whsec_ secret taken as its bytes', [whsec], sign(whsec, seconds), seconds, 401],
    ['the old of two secrets', ['new', 'old'], sign('old', seconds), seconds, 202],
    ['the new of two secrets', ['new', 'old'], sign('new', seconds), seconds, 202],
    ['a secret that is gone', ['new'], sign('old', seconds), seconds, 401],
    [
      'several signatures, the good one last',
      ['plain'],
      `v1,AAAA v1a,BBBB v2,CCCC ${sign('plain', seconds)}`,
      seconds,
      202,
    ],
    ['signatures joined by a comma, as an HTTP API does', ['plain'], `v1,AAAA,${sign('plain', seconds)}`, seconds, 202],
    ['an unknown version only', ['plain'], sign('plain', seconds).replace('v1,', 'v2,'), seconds, 401],
    ['a truncated signature', ['plain'], sign('plain', seconds).slice(0, -4), seconds, 401],
    ['an empty signature', ['plain'], 'v1,', seconds, 401],
    ['4:59 minutes old', ['plain'], sign('plain', seconds - 299), seconds - 299, 202],
    ['5:01 minutes old', ['plain'], sign('plain', seconds - 301), seconds - 301, 401],
    ['4:59 minutes ahead', ['plain'], sign('plain', seconds + 299), seconds + 299, 202],
    ['5:01 minutes ahead', ['plain'], sign('plain', seconds + 301), seconds + 301, 401],
    ['a timestamp that was not signed', ['plain'], sign('plain', seconds - 100), seconds, 401],
  ])('%s: %#', async (_what, secrets, signature, timestamp, status) => {
    const { post } = door({ secrets })
    expect((await post('/webhooks/cloudevents', body, headers(signature, timestamp))).status).toBe(status)
  })

  test('counts where the source takes it, and nowhere else', async () => {
    const { post } = door({ secrets: ['plain'] })
    const signed = headers(sign('plain', seconds))
    expect((await post('/webhooks/cloudevents', body, signed)).status).toBe(202)
    expect((await post('/webhooks/distribution', body, signed)).status).toBe(401)
  })

  test('a changed body, a changed id, a timestamp that is no number', async () => {
    const { post } = door({ secrets: ['plain'] })
    const good = sign('plain', seconds)
    const statuses = [
      await post('/webhooks/cloudevents', `${body} `, headers(good)),
      await post('/webhooks/cloudevents', body, headers(good, seconds, 'msg_2')),
      await post('/webhooks/cloudevents', body, headers(sign('plain', Number.NaN), Number.NaN)),
    ].map(({ status }) => status)
    expect(statuses).toEqual([401, 401, 401])
  })

  // The vector of the test suites of standard-webhooks/standard-webhooks, and changes of it.
  test.each([
    ['published', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', 'msg_p5jXN8AQM9LWM0D4loKWxJek', 202],
    [
      'the good one last',
      'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      202,
    ],
    ['another id', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=', 'msg_other', 401],
  ])('vector: %s', async (_what, signature, id, status) => {
    const { post } = door({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] })
    const request = { ...headers(signature, 1614265330, id), receivedAt: 1614265330_000 }
    expect((await post('/webhooks/cloudevents', '{"test": 2432232314}', request)).status).toBe(status)
  })
})

describe('the webhook handshake', () => {
  const options = (headers: Record<string, string>) => ({ method: 'OPTIONS', headers })

  test('is answered with the origin and the rate that were asked for', async () => {
    const { post, intake } = door()
    const asked = { 'webhook-request-origin': 'sender.example', 'webhook-request-rate': '120' }
    const answer = await post('/webhooks/cloudevents', '', options(asked))
    expect(answer.status).toBe(200)
    expect(answer.headers).toEqual({ 'webhook-allowed-origin': 'sender.example', 'webhook-allowed-rate': '120' })
    expect(await intake()).toEqual([])
  })

  test('is refused without credentials', async () => {
    const { post } = door()
    const answer = await post(
      '/webhooks/cloudevents',
      '',
      options({ 'webhook-request-origin': 'x', authorization: '' }),
    )
    expect(answer.status).toBe(401)
  })
})
