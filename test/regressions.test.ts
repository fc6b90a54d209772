import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RouterError } from '../lib/errors.ts'
import { sqs } from '../lib/queues/sqs.ts'
import { checkRegistries, type RegistryConfig } from '../lib/registries.ts'
import { environmentSecrets, managedSecrets } from '../lib/secrets.ts'
import { formatTime, parseTime } from '../lib/time.ts'
import { likeAws } from '../local/gateway.ts'
import { door, NOW, peek } from './door.ts'
import { cloudEvent } from './samples.ts'
import { binary as zotEvent } from './sources/senders/zot.ts'
import { nexusSha1, standard } from './sources/ways.ts'

// Faults that were there once, each named after what went wrong.

const push = 'container-registry.image.push'
const structured = { 'content-type': 'application/cloudevents+json' }

/** Headers of Standard Webhooks for `body`, and no token. */
const signed = (body: string): Record<string, string> => {
  const timestamp = String(Math.floor(NOW / 1000))
  const signature = createHmac('sha256', 'secret').update(`msg.${timestamp}.${body}`).digest('base64')
  return {
    authorization: '',
    'webhook-id': 'msg',
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
}

const binary = (type: string) => ({
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': '/s',
  'ce-type': type,
})

describe('a signed CloudEvent', () => {
  test('in structured mode became another one by headers in front of it', async () => {
    const { post, intake } = door()
    const body = JSON.stringify(cloudEvent('container-registry.image.pull', 'image'))
    const headers = { ...signed(body), ...binary('container-registry.registrytokens.delete') }
    const answer = await post('/webhooks/cloudevents', body, { headers })
    expect(answer.body.quarantined.map(({ reason }) => reason)).toEqual(['INVALID_ITEM'])
    expect(await intake()).toEqual([])
  })

  test('got other data by a header', async () => {
    const { post, intake } = door()
    const body = JSON.stringify({ target: { repository: 'a', tag: 'v' } })
    const evil = Buffer.from('{"target":{"repository":"evil","tag":"v"}}').toString('base64')
    await post('/webhooks/cloudevents', body, {
      headers: { ...signed(body), ...binary(push), 'ce-data_base64': evil, 'ce-data': 'x' },
    })
    expect((await intake()).map(({ target }) => target.name)).toEqual(['de.icr.io/a:v'])
  })
})

describe('secrets', () => {
  test.each(['whsec_', 'whsec_!!!', 'whsec_====', 'whsec_YWJj!ZGVm'])('%s was a key that anybody has', (secret) => {
    expect(() => environmentSecrets({ SECRET_HUB: secret }, ['hub'])).toThrow(/registry "hub", SECRET_HUB: /)
  })

  test('the sentence about a wrong secret shows the secret', () => {
    expect(() => environmentSecrets({ SECRET_HUB: 'whsec_c2hvcnQ!' }, ['hub'])).not.toThrow('c2hvcnQ')
  })

  test('a secret that is gone, denied or emptied stayed valid', async () => {
    const gone: [number, object][] = [
      [400, { __type: 'ResourceNotFoundException' }],
      [400, { __type: 'AccessDeniedException' }],
      [200, { SecretString: ' ' }],
    ]
    for (const answer of gone) {
      const answers: [number, object][] = [[200, { SecretString: 'leaked' }], answer]
      const server = createServer((_request, response) => {
        const [status, body] = answers.shift() as [number, object]
        response.writeHead(status).end(JSON.stringify(body))
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const credentials = () => ({ accessKeyId: 'a', secretAccessKey: 'b' })
      let clock = 0
      const secrets = managedSecrets({
        endpoint,
        credentials,
        region: 'eu-central-1',
        stage: 'prod',
        registryIds: ['hub'],
        timeout: 1000,
        now: () => clock,
      })
      expect(await secrets('hub')).toEqual(['leaked'])
      clock = 6 * 60_000
      await expect(secrets('hub')).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
      server.closeAllConnections()
      server.close()
    }
  })

  test('Basic credentials without a colon counted as a password', async () => {
    const { post } = door()
    const authorization = `Basic ${Buffer.from('secret').toString('base64')}`
    expect((await post('/webhooks/distribution', '{"events":[]}', { headers: { authorization } })).status).toBe(401)
  })
})

test('registries with missing or wrong fields started and failed at the first webhook', () => {
  const broken = [
    { source: 'distribution' },
    null,
    { id: 7, source: 'distribution', domain: 'a.b', region: 'global', account: 12, editions: '2020-07-28' },
  ]
  const attempt = () => checkRegistries(broken as unknown as Parameters<typeof checkRegistries>[0], '2020-07-28')
  for (const part of [
    'number 1: id:',
    'number 1: domain:',
    'number 1: account:',
    'number 1: region:',
    'number 2: has to be',
    'number 3: id:',
    'number 3: account:',
    'number 3: editions:',
  ]) {
    expect(attempt).toThrow(part)
  }
  const late = [
    { id: 'a', source: 'harbour', domain: 'zz.icr.io', region: 'mars', account: 'x', editions: ['2030-01-01'] },
  ]
  for (const part of ['source:', 'editions:', 'region:', 'domain:']) {
    expect(() => checkRegistries(late as never, '2020-07-28')).toThrow(part)
  }
  expect(() => checkRegistries(undefined as never, '2020-07-28')).toThrow('it has to export the list `registries`')
})

describe('queueing', () => {
  test('a body of many batches took as long as all of them, and went on after it had failed', async () => {
    let calls = 0
    const server = createServer((_request, response) => {
      calls++
      setTimeout(() => response.writeHead(200).end('{}'), 150)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const queues = sqs({
      endpoint,
      accountId: '0',
      timeout: 400,
      credentials: () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
    })
    const messages = Array.from({ length: 1000 }, () => ({ body: '{}', attributes: {} }))
    await expect(queues.send({ name: 'q', awsRegion: 'eu-central-1' }, messages)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    const after = calls
    server.closeAllConnections()
    server.close()
    expect(after).toBeLessThan(100)
  })

  test('events were kept although the quarantine of their neighbours was down', async () => {
    const opened = door({
      broken: {
        async send(queue, messages) {
          if (queue.name.endsWith('quarantine')) throw new RouterError('UNAVAILABLE')
          return opened.queues.send(queue, messages)
        },
      },
    })
    const answer = await opened.post('/webhooks/cloudevents', [cloudEvent(push, 'image'), null])
    expect(answer.status).toBe(503)
    expect(await opened.intake()).toEqual([])
  })
})

test('a mixed body filled the quarantine at every retry while intake was down', async () => {
  const opened = door({
    broken: {
      async ready() {
        throw new RouterError('UNAVAILABLE')
      },
    },
  })
  for (let tries = 0; tries < 3; tries++) {
    expect((await opened.post('/webhooks/cloudevents', [cloudEvent(push, 'image'), null])).status).toBe(503)
  }
  expect([await opened.intake(), await opened.quarantine()]).toEqual([[], []])
})

test('all queueing of a webhook took as long as each of its calls may', async () => {
  const timeouts: number[] = []
  const opened = door({
    broken: {
      async ready(_queue, timeout = 0) {
        timeouts.push(timeout)
        await new Promise((done) => setTimeout(done, 50))
      },
      async send(queue, messages, timeout = 0) {
        timeouts.push(timeout)
        return opened.queues.send(queue, messages)
      },
    },
  })
  expect((await opened.post('/webhooks/cloudevents', [cloudEvent(push, 'image'), null])).status).toBe(202)
  const [first = 0, ...later] = timeouts
  expect(later).toHaveLength(2)
  for (const timeout of later) expect(timeout).toBeLessThanOrEqual(first - 49)
})

const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])

test.each([
  [
    'distribution',
    (item: unknown) => ({
      events: [
        { action: 'mount', target: {} },
        { action: 'mount', target: item },
      ],
    }),
    0,
    1,
  ],
  ['cloudevents', (item: unknown) => [cloudEvent(push, 'image'), { ...cloudEvent(push, 'image'), data: item }], 1, 0],
])('a deep item cost its neighbours: %s', async (registry, body, accepted, ignored) => {
  const { post } = door()
  const answer = await post(`/webhooks/${registry}`, body(deep(100)))
  expect([answer.body.accepted.length, answer.body.ignored]).toEqual([accepted, ignored])
  expect(answer.body.quarantined.map(({ reason }) => reason)).toEqual(['TOO_DEEP'])
})

test('each of some bad items of a larger body is a message of its own, with its sentence', async () => {
  const { post, quarantine } = door()
  const items = Array.from({ length: 100 }, (_, index) => ({
    ...cloudEvent(push, 'image'),
    id: `i${index}`,
    ...(index % 2 ? { type: `bad.${index}` } : {}),
  }))
  const { body } = await post('/webhooks/cloudevents', items)
  const kept = await quarantine()
  expect(kept.map(({ id }) => id).toSorted()).toEqual(body.quarantined.map(({ id }) => id).toSorted())
  expect(kept.every(({ item, message }) => message.includes(`bad.${item}`))).toBe(true)
})

test('the same body posted to two functions had one id in quarantine', async () => {
  const { post } = door()
  const ids = ['plan', 'quota'].map(
    async (family) =>
      (await post(`/webhooks/cloudevents/${family}`, cloudEvent(push, 'image'))).body.quarantined[0]?.id,
  )
  expect(new Set(await Promise.all(ids)).size).toBe(2)
})

test.each([
  [
    { id: 'x', name: 'y', repository: 'a', tag: 'v' },
    { repository: 'a', tag: 'v' },
  ],
  [
    { tag: 'v', digest: 'sha256:0a' },
    { tag: 'v', digest: 'sha256:0a' },
  ],
])('what did not get into the target vanished: %j', async (target, requestData) => {
  const { post, intake } = door()
  await post('/webhooks/cloudevents', cloudEvent('container-registry.image.list', 'image', { data: { target } }))
  expect((await intake())[0]?.requestData).toEqual(requestData)
})

test.each([
  ['container-registry.registrytoken.delete', { token: 'tok-1', namespace: 'team' }, 'tok-1', { namespace: 'team' }],
  [
    'container-registry.namespace.delete',
    { namespace: 'team', repository: 'a/b', tag: 'v' },
    'team',
    { repository: 'a/b', tag: 'v' },
  ],
  [
    'container-registry.exemption.create',
    { issueType: 'cve', issueId: 'C-1', namespace: 'team' },
    'C-1',
    { issueType: 'cve', namespace: 'team' },
  ],
  ['container-registry.quota.get', { namespace: 'team' }, 'de.icr.io', { namespace: 'team' }],
])('the target of %s was whatever else its sender named', async (action, target, name, requestData) => {
  const { post, intake } = door()
  await post('/webhooks/cloudevents', cloudEvent(action, 'image', { data: { target } }))
  const [event] = await intake()
  expect([event?.target.name, event?.requestData]).toEqual([name, requestData])
})

test('two binary CloudEvents with equal bodies had one id in quarantine', async () => {
  const { post } = door()
  const ids = ['foo.a', 'foo.b', 'foo.a'].map(async (type) => {
    const { body } = await post('/webhooks/cloudevents', '{}', { headers: binary(type) })
    return body.quarantined[0]?.id
  })
  const [a, b, again] = await Promise.all(ids)
  expect([a === b, a === again]).toEqual([false, true])
})

describe('the accounts of the log did not add up', () => {
  const counts = ({ entry }: ReturnType<typeof door>) => {
    const { received, accepted, ignored, quarantined, rejected, deprecated, family } = entry
    return { received, accepted, ignored, quarantined, rejected, deprecated, family }
  }

  test('accepted, ignored, quarantined and deprecated', async () => {
    const opened = door()
    const mount = { action: 'mount', target: {} }
    await opened.post('/webhooks/distribution/image', { events: [mount, mount, null] })
    expect(counts(opened)).toMatchObject({
      received: 3,
      accepted: 0,
      ignored: { 'blob mount': 2 },
      quarantined: { INVALID_ITEM: 1 },
      family: 'image',
    })
    await opened.post('/webhooks/cloudevents', [
      cloudEvent('container-registry.registrytoken.list', 'registrytoken'),
      cloudEvent(push, 'image'),
    ])
    expect(counts(opened)).toMatchObject({ received: 2, accepted: 2, deprecated: 1, family: 'webhook' })
  })

  test('rejected', async () => {
    const opened = door({ broken: { send: async () => [0] } })
    await opened.post('/webhooks/cloudevents', [cloudEvent(push, 'image'), cloudEvent(push, 'image', { id: 'b' })])
    expect(counts(opened)).toMatchObject({ received: 2, rejected: 2 })
    await opened.post('/webhooks/cloudevents', 'x', { headers: { authorization: 'wrong' } })
    expect(counts(opened)).toMatchObject({ received: 1, rejected: 1 })
    await opened.post('/webhooks/cloudevents', Buffer.alloc(2 * 1024 * 1024))
    expect(counts(opened)).toMatchObject({ received: 1, rejected: 1 })
  })
})

describe('times', () => {
  test.each([
    '9999-12-31T23:59:59-10:00',
    '0000-01-01T00:00:00+23:00',
    '1000-01-01T00:00:00+23:59',
    '2023-02-30T00:00:00Z',
    '2023-04-31T12:00:00+01:00',
    '2023-01-01T24:00:01Z',
    '2023-01-01T00:00:00+99:00',
  ])('%s was written as a time that does not exist', (text) => {
    expect(parseTime(text)).toBeUndefined()
  })

  test('every time and offset comes back in the strict form', () => {
    const date = fc.date({ min: new Date('1000-01-02'), max: new Date('9998-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(date, fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 }), (moment, offset) => {
        const local = new Date(moment.getTime() + offset * 60_000).toISOString().slice(0, -1)
        const two = (value: number) => String(Math.abs(value)).padStart(2, '0')
        const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(offset / 60))}:${two(offset % 60)}`
        const time = parseTime(`${local}${zone}`)
        expect(time).toBe(moment.getTime())
        expect(formatTime(time ?? 0)).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{2}\+0000$/)
      }),
    )
  })
})

describe('identity', () => {
  const write = async (initiator: object) => {
    const { post, intake, quarantine } = door()
    const data = { target: { repository: 'a', tag: 'v' }, initiator }
    await post('/webhooks/cloudevents', cloudEvent(push, 'image', { data }))
    return { event: (await intake())[0], kept: (await quarantine())[0] }
  }

  test('of the initiator was cut without a word', async () => {
    const { event, kept } = await write({ id: 'x'.repeat(600) })
    expect([event, kept?.message]).toEqual([undefined, 'initiator.id: must have at most 512 characters.'])
  })

  test('of control characters made the initiator anonymous', async () => {
    const { event, kept } = await write({ id: '\u0000\u0001', name: 'x' })
    expect([event, kept?.message]).toEqual([undefined, 'initiator.id: must not be made of control characters.'])
  })

  test('of the initiator was cleaned without a word', async () => {
    const { event } = await write({ id: 'a', name: '  admin\u0000 ', agent: 'u'.repeat(400) })
    expect([event?.initiator.name, event?.route?.cleaned]).toEqual(['admin', ['initiator.name', 'initiator.agent']])
  })
})

describe('CloudEvents', () => {
  test('quoted header values were refused, broken percent-encoding was taken', async () => {
    const { post, intake } = door()
    const body = JSON.stringify({ target: { repository: 'a', tag: 'v' } })
    const quoted = { ...binary(push), 'ce-specversion': '"1.0"', 'ce-source': '"/a \\"b\\""' }
    expect((await post('/webhooks/cloudevents', body, { headers: quoted })).body.accepted).toHaveLength(1)
    const broken = { ...binary(push), 'ce-source': '%C0%A0' }
    expect((await post('/webhooks/cloudevents', body, { headers: broken })).body.quarantined).toMatchObject([
      { reason: 'INVALID_ITEM' },
    ])
    expect(await intake()).toHaveLength(1)
  })

  test('extensions and the subject vanished', async () => {
    const { post, intake } = door()
    const extensions = { subject: 'team/app', traceparent: '00-ab', sampled: true }
    await post(
      '/webhooks/cloudevents',
      { ...cloudEvent(push, 'image'), ...extensions, datacontenttype: 'application/json' },
      { headers: structured },
    )
    expect((await intake())[0]?.requestData).toEqual({ extensions })
  })

  test.each(['abc', [1, 2], null])('request data %j passed as an object beside an extension', async (requestData) => {
    const { post, quarantine } = door()
    const data = { target: { repository: 'a', tag: 'v' }, requestData }
    await post('/webhooks/cloudevents', { ...cloudEvent(push, 'image', { data }), subject: 's' })
    expect(await quarantine()).toMatchObject([{ reason: 'INVALID_ITEM' }])
  })

  test('extensions took the place of what the sender called so', async () => {
    const { post, intake } = door()
    const data = { target: { repository: 'a', tag: 'v' }, requestData: { extensions: 'mine' } }
    await post('/webhooks/cloudevents', { ...cloudEvent(push, 'image', { data }), subject: 's' })
    expect((await intake())[0]?.requestData).toEqual({ extensions: 'mine', cloudEventExtensions: { subject: 's' } })
  })

  test.each([
    [{ target: { repository: 'a', tag: 'v', digst: 'x' } }, 'INVALID_TARGET', 'target.digst: there is no such field.'],
    [{ target: { repository: 'a', tag: 'v' }, intiator: {} }, 'INVALID_ITEM', 'intiator: there is no such field.'],
  ])('a misspelt field vanished: %j', async (data, reason, message) => {
    const { post, quarantine } = door()
    await post('/webhooks/cloudevents', cloudEvent(push, 'image', { data }))
    expect(await quarantine()).toMatchObject([{ reason, message }])
  })
})

describe('Distribution', () => {
  const event = (changes: object) => ({
    events: [{ action: 'push', target: { repository: 'a', tag: 'v', digest: 'sha256:0a' }, ...changes }],
  })

  test.each(['', '0001-01-01T00:00:00Z', 'yesterday'])(
    'two pushes without id and with the time %j were one event',
    async (timestamp) => {
      const { post } = door()
      const at = async (receivedAt: number) =>
        (await post('/webhooks/distribution', event({ timestamp }), { receivedAt })).body.accepted[0]?.id
      expect(await at(NOW)).not.toBe(await at(NOW + 86_400_000))
    },
  )

  test('two pushes without id and time were one event, however far apart', async () => {
    const { post } = door()
    const at = async (receivedAt: number) =>
      (await post('/webhooks/distribution', event({}), { receivedAt })).body.accepted[0]?.id
    const [first, retried, nextDay] = [await at(NOW), await at(NOW + 1000), await at(NOW + 86_400_000)]
    expect([first === retried, first === nextDay]).toEqual([true, false])
  })

  test('with a time in it the same event has one id, whenever it comes', async () => {
    const { post } = door()
    const timestamp = '2026-11-22T12:00:00Z'
    const at = async (receivedAt: number) =>
      (await post('/webhooks/distribution', event({ timestamp }), { receivedAt })).body.accepted[0]?.id
    expect(await at(NOW)).toBe(await at(NOW + 86_400_000))
  })

  test.each([
    [
      'a media type with parameters',
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json; charset=utf-8',
        url: 'http://r/v2/a/manifests/sha256:0a',
      },
      1,
    ],
    [
      'an unknown type under a manifest URL',
      { mediaType: 'application/vnd.cncf.helm.config.v1+json', url: 'http://r/v2/a/manifests/sha256:0a' },
      1,
    ],
    [
      'a blob of a repository called x/manifests/y',
      { mediaType: 'application/octet-stream', url: 'http://r/v2/x/manifests/y/blobs/sha256:0a' },
      0,
    ],
  ])('%s was taken for something else', async (_what, target, accepted) => {
    const { post } = door()
    const { body } = await post(
      '/webhooks/distribution',
      event({ target: { repository: 'a', digest: 'sha256:0a', ...target } }),
    )
    expect(body.accepted).toHaveLength(accepted)
  })
})

test.each(['image.tag', 'image.untag'])('%s was taken without a tag', async (action) => {
  const { post, quarantine } = door()
  await post(
    '/webhooks/cloudevents',
    cloudEvent(`container-registry.${action}`, 'image', { data: { target: { repository: 'a', digest: 'sha256:0a' } } }),
  )
  expect(await quarantine()).toMatchObject([
    { reason: 'INVALID_TARGET', message: `target.tag is missing: container-registry.${action} needs it.` },
  ])
})

describe('many items', () => {
  const noise = { action: 'mount', target: {} }
  const good = { id: 'g', action: 'push', target: { repository: 'a', tag: 'v' } }

  test('noise beside an event cost the event', async () => {
    const { post } = door()
    const { body } = await post('/webhooks/distribution', {
      events: [...Array.from({ length: 9000 }, () => noise), good],
    })
    expect([body.accepted.length, body.ignored, body.quarantined]).toEqual([1, 9000, []])
  })

  test('unusable items beside an event cost the event', async () => {
    const { post, quarantine } = door()
    const { body } = await post('/webhooks/distribution', {
      events: [good, ...Array.from({ length: 9000 }, () => 0)],
    })
    expect([body.accepted.length, body.quarantined.map(({ reason }) => reason)]).toEqual([1, ['TOO_MANY_ITEMS']])
    const [kept] = await quarantine()
    expect(kept?.message).toMatch(/^9000 of 9001 items are unusable, the first, number 1: /)
    expect(kept?.item).toBeUndefined()
  })

  test('more events than can be answered are kept as one body', async () => {
    const { post, intake } = door()
    const events = Array.from({ length: 1001 }, (_, index) => ({ ...good, id: `g${index}` }))
    const { body } = await post('/webhooks/distribution', { events })
    expect([body.accepted, body.ignored, body.quarantined.length, await intake()]).toEqual([[], 0, 1, []])
  })
})

test('a body of tiny items was read for seconds', async () => {
  const { post, quarantine } = door()
  const events = Array.from({ length: 500_000 }, () => 0)
  const { status, body } = await post('/webhooks/distribution', { events })
  expect([status, body.quarantined.map(({ reason }) => reason)]).toEqual([202, ['TOO_MANY_ITEMS']])
  expect((await quarantine())[0]?.message).toBe('The body has 500000 items, the limit is 10000.')
})

describe('what took anybody without a secret seconds of the processor', () => {
  // So much that a time that grows with its square is over that of a test by far.
  const refused = async (path: string, body: Buffer, headers: Record<string, string>) => {
    const { app, post } = door()
    app.receiver.bodyLimit = 6 * 1024 * 1024
    expect((await post(path, body, { headers })).status).toBe(401)
  }
  const form = 'application/x-www-form-urlencoded'

  test.each([
    ['many fields', Buffer.from('a&'.repeat(3_000_000))],
    ['many empty fields', Buffer.from('&'.repeat(6_000_000))],
    ['many fields of almost that name', Buffer.from('xpayload='.repeat(600_000))],
    ['one long field', Buffer.from(`payload=${'%41'.repeat(2_000_000)}`)],
  ])('a form of %s', (_name, body) =>
    refused('/webhooks/nobody', body, { 'content-type': form, 'x-gitea-signature': '0'.repeat(64) }),
  )

  test('a header of many spaces', () =>
    refused('/services/collector/event', Buffer.from('{}'), { authorization: `Splunk${' '.repeat(200_000)}x` }))
})

test('texts in the objects that a source writes were kept as users wrote them', async () => {
  const { post, intake } = door()
  const body = {
    domain: 'docker',
    event_type: 'promoted',
    data: {
      repo_key: 'src\u0007\u202e',
      image_name: 'app',
      tag: `x\u0000${'y'.repeat(5000)}`,
      target_repo: 'dst',
      target_tag: '1',
    },
  }
  await post('/webhooks/artifactory', body, { headers: { 'x-jfrog-event-auth': 'secret' } })
  const [event] = await intake()
  expect(event?.target.name).toBe('de.icr.io/dst/app:1')
  expect(event?.requestData).toMatchObject({ sourceRepository: 'src', sourceTag: `x ${'y'.repeat(1022)}` })
  expect(event?.route?.cleaned).toContain('requestData')
})

test('one registry’s window ended with another’s', async () => {
  const account = 'acme'
  const registries = (['dev', 'prod'] as const).map(
    (id) => ({ id, source: 'artifactory', domain: 'a.example', region: 'eu-central', account }) as const,
  )
  const { post } = door({ registries })
  const data = { repo_key: 'docker', image_name: 'app', tag: '1', sha256: 'ab'.repeat(32) }
  const id = async (registry: string, seconds: number) => {
    const { body } = await post(
      `/webhooks/${registry}`,
      { domain: 'docker', event_type: 'pushed', data },
      { headers: { 'x-jfrog-event-auth': 'secret' }, receivedAt: NOW + seconds * 1000 },
    )
    return body.accepted[0]?.id
  }
  await id('dev', 0)
  const first = await id('prod', 175)
  expect(await id('prod', 185)).toBe(first)
})

test('a signature of zot’s body was good for any event that headers made of it', async () => {
  const { post, intake, quarantine } = door()
  const signature = standard.credentials(zotEvent.body, 'secret')
  const headers = { ...zotEvent.headers, ...standard.headers, [standard.at]: signature, authorization: '' }
  const { status } = await post('/webhooks/zot', zotEvent.body, { headers })
  expect(status).toBe(202)
  expect(await intake()).toEqual([])
  expect((await quarantine()).map(({ reason }) => reason)).toEqual(['INVALID_ENVELOPE'])
})

test('an event of the URL cut in half was answered 500', async () => {
  const query = `event=${'a'.repeat(63)}%F0%9F%98%80&token=secret`
  const { status, body } = await door().post('/webhooks/quay', { docker_url: 'quay.io/a/b' }, { query })
  expect([status, body.quarantined.length]).toEqual([202, 1])
})

test('what names neither tag nor digest was ignored as a push by digest', async () => {
  const refused = { eventSource: 'ecr.amazonaws.com', eventName: 'PutImage', eventID: 'e', errorCode: 'AccessDenied' }
  const named = { repositoryName: 'team/app', imageDigest: `sha256:${'ab'.repeat(32)}` }
  const cases = [
    ['ecr', { ...refused, requestParameters: null }, ['INVALID_TARGET'], []],
    ['ecr', { ...refused, requestParameters: named }, [], ['failure']],
    ['acr', { id: '1', action: 'push', target: { repository: 'a' } }, ['INVALID_TARGET'], []],
    ['distribution', { events: [{ id: '1', action: 'push', target: { repository: 'a' } }] }, ['INVALID_TARGET'], []],
    ['harbor', { type: 'PUSH_ARTIFACT', event_data: { repository: { repo_full_name: 'a' } } }, ['INVALID_TARGET'], []],
  ] as const
  for (const [source, sent, reasons, outcomes] of cases) {
    const accept = { children: 'tagged' } as const
    const registry = { id: source, source, domain: 'r.example', region: 'eu-central', account: 'acme', accept } as const
    const { post, intake } = door({ registries: [registry] })
    const { body } = await post(`/webhooks/${source}`, sent)
    expect([source, body.ignored, body.quarantined.map(({ reason }) => reason)]).toEqual([source, 0, reasons])
    expect((await intake()).map(({ outcome }) => outcome)).toEqual(outcomes)
  }
})

test('two people’s pulls under one repeated id were one event', async () => {
  const target = { repository: 'a', tag: 'v', mediaType: 'application/vnd.oci.image.manifest.v1+json' }
  const pull = (name: string, timestamp: string, id: string) => ({
    id: 'same',
    action: 'pull',
    timestamp,
    target,
    actor: { name },
    request: { id, method: 'GET' },
  })
  const events = [pull('alice', '2026-11-22T12:00:00Z', 'r1'), pull('bob', '2026-11-22T12:10:00Z', 'r2')]
  const { body } = await door().post('/webhooks/distribution', { events })
  expect(new Set(body.accepted.map(({ id }) => id)).size).toBe(2)
})

test('a notification of Quay that is new was ignored for one known field', async () => {
  const { post, quarantine } = door()
  const common = {
    repository: 'a/b',
    namespace: 'a',
    name: 'b',
    docker_url: 'quay.io/a/b',
    homepage: 'https://quay.io/a/b',
  }
  for (const more of [
    { message: 'tag deleted', deleted_tags: ['1.0'] },
    { build_id: '1', signed: true },
    { vulnerabilities: [], blocked_pull: true },
  ]) {
    const { body } = await post('/webhooks/quay', { ...common, ...more }, { query: 'token=secret' })
    expect([body.ignored, body.quarantined.map(({ reason }) => reason)]).toEqual([0, ['UNKNOWN_ACTION']])
  }
  expect(await quarantine()).toHaveLength(3)
})

test('fields of an activity that stand in the CloudEvent vanished from its data', async () => {
  for (const field of ['action', 'rule', 'senderId', 'time']) {
    const data = { target: { repository: 'a', tag: 'v' }, [field]: 'x' }
    const { body } = await door().post('/webhooks/cloudevents', cloudEvent(push, 'image', { data }))
    expect(body.quarantined.map(({ reason }) => reason)).toEqual(['INVALID_ITEM'])
  }
})

test('a few characters made a tag a signature', async () => {
  const registries = [
    {
      id: 'hub',
      source: 'dockerhub',
      domain: 'docker.io',
      region: 'eu-central',
      account: 'acme',
      accept: { signatures: 'ignore' },
    },
  ] as const
  const { post } = door({ registries })
  const ignored = async (tag: string) => {
    const sent = { push_data: { pushed_at: 1_700_000_000, pusher: 'p', tag }, repository: { repo_name: 'a/b' } }
    return (await post('/webhooks/hub', sent, { query: 'token=secret' })).body.ignored
  }
  const hex = 'ab'.repeat(32)
  expect([await ignored('sha256-1'), await ignored(`sha256-${hex.slice(1)}.sig`)]).toEqual([0, 0])
  expect([await ignored(`sha256-${hex}.sig`), await ignored(`sha256-${hex}`)]).toEqual([1, 1])
})

test('a secret of base64 did not work in a URL as it is', async () => {
  const secret = 'a+b/c='
  const sent = { push_data: { pushed_at: 1_700_000_000, pusher: 'p', tag: 'v' }, repository: { repo_name: 'a/b' } }
  for (const query of [`token=${secret}`, `token=${encodeURIComponent(secret)}`]) {
    const { status } = await door({ secrets: [secret] }).post('/webhooks/dockerhub', sent, { query })
    expect(status).toBe(202)
  }
})

describe('what has neither id nor time had one id for ever', () => {
  const body = { repository: { namespace: 'a', name: 'b' }, resources: [{ tag: 'v' }] }
  const component = { format: 'docker', name: 'app', version: 'v' }
  const nexus = JSON.stringify({ action: 'CREATED', repositoryName: 'docker', component })
  const detail = { 'action-type': 'PUSH', result: 'SUCCESS', 'repository-name': 'a', 'image-tag': 'v' }
  const ids = { repositoryName: 'a', imageIds: [{ imageTag: 'v' }] }
  test.each<[string, string, unknown, Record<string, string>]>([
    ['harbor', 'Harbor', { type: 'PUSH_ARTIFACT', event_data: body }, {}],
    ['ecr', 'EventBridge', { 'detail-type': 'ECR Image Action', source: 'aws.ecr', detail }, {}],
    ['ecr', 'CloudTrail', { eventSource: 'ecr.amazonaws.com', eventName: 'BatchGetImage', requestParameters: ids }, {}],
    ['nexus', 'Nexus', nexus, { [nexusSha1.at]: nexusSha1.credentials(Buffer.from(nexus), 'secret') }],
  ])('%s, %s', async (source, _what, sent, headers) => {
    const { post } = door()
    const id = async (minutes: number) => {
      const answer = await post(`/webhooks/${source}`, sent, { headers, receivedAt: NOW + minutes * 60_000 })
      return answer.body.accepted[0]?.id
    }
    const first = await id(0)
    expect(first).toEqual(expect.any(String))
    expect([(await id(1)) === first, (await id(60)) === first]).toEqual([true, false])
  })
})

test('a password in a package URL was kept', async () => {
  const { post, intake } = door()
  const digest = `sha256%3A${'ab'.repeat(32)}`
  for (const address of [
    'https://user:hunter2@r.example/x',
    'user:hunter2@r.example%2Fx',
    'https%3A%2F%2Fuser:hunter2%40r.example%2Fx',
  ]) {
    const event = {
      context: { version: '0.4.1', id: address, source: '/ci', type: 'dev.cdevents.artifact.published.0.2.0' },
      subject: { id: `pkg:oci/a@${digest}?repository_url=${address}`, type: 'artifact', content: {} },
    }
    await post('/webhooks/cdevents', event)
  }
  const events = await intake()
  expect(events.map(({ target }) => target.host?.address)).toEqual(['r.example', 'r.example', 'r.example'])
  expect(JSON.stringify(events)).not.toContain('hunter2')
})

test('a text that was cut ended in a space', async () => {
  const { post, intake } = door()
  const data = { target: { repository: 'a', tag: 'v' }, initiator: { agent: `${'a'.repeat(349)} ${'b'.repeat(9)}` } }
  await post('/webhooks/cloudevents', cloudEvent(push, 'image', { data }))
  expect((await intake())[0]?.initiator.host.agent).toBe('a'.repeat(349))
})

test.each([
  ['source', ['harbor']],
  ['source', { toString: 1 }],
  ['domain', { toString: 1 }],
  ['editions', [['2020-07-28']]],
])('a registry whose %s was %j was taken, or refused without a word', (name, value) => {
  const config = { id: 'hub', source: 'harbor', domain: 'hub.example.com', region: 'eu-central', account: 'acme' }
  const registries = [{ ...config, [name]: value }] as unknown as RegistryConfig[]
  expect(() => checkRegistries(registries, '2020-07-28')).toThrow(`registry "hub": ${name}: `)
})

test('an event without an action on the intake queue cost its neighbours their place', async () => {
  const first = door()
  await first.post('/webhooks/cloudevents', cloudEvent(push, 'image'))
  const [event] = await first.intake()
  const opened = door()
  const bodies = [{ ...event, action: undefined }, event].map((value) => JSON.stringify(value))
  await opened.queues.send(
    opened.app.receiver.intake,
    bodies.map((body) => ({ body, attributes: {} })),
  )
  await opened.route()
  const location = { name: 'registry-events-test-eu-de', awsRegion: 'eu-central-1' }
  expect(await peek(opened.queues, location)).toHaveLength(1)
})

test('a policy was cut without a word', async () => {
  const { post, intake } = door()
  const lifecyclePolicyText = JSON.stringify({ rules: [{ description: 'd'.repeat(3000) }] })
  const call = { eventSource: 'ecr.amazonaws.com', eventName: 'PutLifecyclePolicy', eventID: 'e' }
  await post('/webhooks/ecr', { ...call, requestParameters: { repositoryName: 'a', lifecyclePolicyText } })
  const [event] = await intake()
  expect(event?.route?.cleaned).toEqual(['requestData.policy'])
})

test('a function that did not answer in time was answered 200, with a stack', () => {
  type Server = Parameters<typeof likeAws>[0]
  const extensions = new Map<string, Parameters<Server['ext']>[1]>()
  likeAws({ ext: (event, method) => void extensions.set(event, method) })
  const headers: Record<string, string> = {}
  const response = {
    statusCode: 200,
    // As serverless-offline writes it.
    source: '{"errorMessage":"[504] - Lambda timeout.","errorType":"LambdaTimeoutError","stackTrace":["at x"]}',
    header: (name: string, value: string) => {
      headers[name] = value
    },
  }
  extensions.get('onPreResponse')?.({ headers: {}, payload: undefined, response }, { continue: Symbol('continue') })
  expect([response.statusCode, JSON.parse(response.source).code, headers]).toEqual([
    503,
    'UNAVAILABLE',
    { 'retry-after': '5' },
  ])
  const own = { statusCode: 202, source: '{"accepted":[],"ignored":1,"quarantined":[]}' }
  extensions.get('onPreResponse')?.(
    { headers: {}, payload: undefined, response: own },
    { continue: Symbol('continue') },
  )
  expect(own).toEqual({ statusCode: 202, source: '{"accepted":[],"ignored":1,"quarantined":[]}' })
})

describe('bodies that took a time that grew with their square', () => {
  const many = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item)
  const tags = Array.from({ length: 9000 }, (_, index) => `t${index}`)
  const call = { eventSource: 'ecr.amazonaws.com', eventName: 'BatchDeleteImage', eventID: 'e' }
  // So large that the square of it takes longer than a test may.
  test.each([
    ['harbor', { type: 'REPLICATION', event_data: { resources: many(9000, {}) } }, ''],
    [
      'quay',
      { docker_url: 'quay.io/a/b', repository: 'a/b', updated_tags: many(9000, 'x'.repeat(90)) },
      'token=secret',
    ],
    [
      'quay',
      { x: [...many(300_000, 0), JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`)], logs: many(9000, 0) },
      'token=secret',
    ],
    ['acr', [{ id: '1', topic: `${'a'.repeat(900_000)}//`, eventType: 'Microsoft.ContainerRegistry.ImagePushed' }], ''],
    [
      'ecr',
      {
        ...call,
        requestParameters: { repositoryName: 'a', imageIds: tags.map((imageTag) => ({ imageTag })) },
        responseElements: { failures: tags.map((imageTag) => ({ imageId: { imageTag }, failureCode: 'X' })) },
      },
      '',
    ],
  ])('%s', async (source, sent, query) => {
    expect((await door().post(`/webhooks/${source}`, sent, { query })).status).toBe(202)
  })
})

test('an id that the sender chose was given a location', async () => {
  const opened = door()
  const id = 'crn:v1:bluemix:public:container-registry::a/other:::'
  await opened.post(
    '/webhooks/cloudevents',
    cloudEvent(push, 'image', { data: { target: { id, repository: 'a', tag: 'v' } } }),
  )
  await opened.route()
  const [body] = await peek(opened.queues, { name: 'registry-events-test-eu-de', awsRegion: 'eu-central-1' })
  expect(JSON.parse(body ?? '{}').target.id).toBe(id)
})

test('a time is written as Date writes it, whatever the day before was', () => {
  const times = [
    0, -1, 1, 951_782_399_999, 951_782_400_000, 1_709_164_799_999, -30_610_224_000_000, 253_402_300_799_999,
  ]
  const random = Array.from({ length: 500 }, (_, index) => (index * 7_654_321_987) % 4_000_000_000_000)
  for (const time of [...times, ...random]) {
    expect(formatTime(time)).toBe(`${new Date(time).toISOString().slice(0, 22)}+0000`)
  }
})
