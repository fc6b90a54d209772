import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { securityHeaders } from '../lib/answers.ts'
import { checkRegistries, type RegistryConfig } from '../lib/registries.ts'
import { sources } from '../lib/sources/index.ts'
import { type Door, door, NOW } from './door.ts'
import { type Deployed, openFunction } from './function.ts'
import { cloudEvent } from './samples.ts'
import { senders } from './sources/senders/index.ts'
import { send, type Way } from './sources/ways.ts'

const place = { domain: 'de.icr.io', region: 'eu-central', account: 'acme' } as const
const events = { id: 'hub', source: 'cloudevents', ...place } as const
const good = cloudEvent('container-registry.image.push', 'image')
const wrong = { headers: { authorization: 'Bearer wrong' } }

describe('the limit of a registry', () => {
  const limit = { perSecond: 2, burst: 3 }
  const limited = (): Door =>
    door({
      registries: [
        { ...events, limit },
        { ...events, id: 'other', limit },
      ],
    })
  const statuses = async ({ post }: Door, count: number, request: object = {}, path = '/webhooks/hub') => {
    const all: number[] = []
    for (let index = 0; index < count; index++) all.push((await post(path, good, request)).status)
    return all
  }

  test('over it nothing is kept, and Retry-After is true', async () => {
    const to = limited()
    expect(await statuses(to, 3)).toEqual([202, 202, 202])
    const answer = await to.post('/webhooks/hub', 'anything at all')
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '1' }, body: { code: 'RATE_LIMITED' } })
    expect(to.entry).toMatchObject({ registry: 'hub', code: 'RATE_LIMITED', received: 1, rejected: 1 })
    expect([(await to.intake()).length, (await to.quarantine()).length]).toEqual([3, 0])
    expect(await statuses(to, 1, { receivedAt: NOW + 499 })).toEqual([429])
    expect(await statuses(to, 2, { receivedAt: NOW + 1000 })).toEqual([202, 202])
  })

  test('Retry-After is what has to be waited', async () => {
    const { post } = door({ registries: [{ ...events, limit: { perSecond: 0.1, burst: 1 } }] })
    expect((await post('/webhooks/hub', good)).status).toBe(202)
    const at = async (seconds: number) =>
      (await post('/webhooks/hub', good, { receivedAt: NOW + seconds * 1000 })).headers
    expect(await at(0)).toMatchObject({ 'retry-after': '10' })
    expect(await at(6.5)).toMatchObject({ 'retry-after': '4' })
    expect((await post('/webhooks/hub', good, { receivedAt: NOW + 10_000 })).status).toBe(202)
  })

  test('each registry has its own, and strangers use up none of it', async () => {
    const to = limited()
    expect(new Set(await statuses(to, 10, wrong))).toEqual(new Set([401]))
    expect(await statuses(to, 4)).toEqual([202, 202, 202, 429])
    // Whoever is not known is told nothing new.
    expect(new Set(await statuses(to, 2, wrong))).toEqual(new Set([401]))
    expect(await statuses(to, 4, {}, '/webhooks/other')).toEqual([202, 202, 202, 429])
  })

  test('handshakes count', async () => {
    const to = limited()
    const request = { method: 'OPTIONS', headers: { 'webhook-request-origin': 'a.example' } }
    expect(await statuses(to, 4, request)).toEqual([200, 200, 200, 429])
  })

  test('2,000 at once and 1,000 a second unless it says otherwise', async () => {
    const registry = checkRegistries([events], '2020-07-28').get('hub')
    const taken = (at: number, count: number) =>
      Array.from({ length: count }, () => registry?.limit(at)).filter((wait) => wait === 0).length
    expect([taken(NOW, 3000), taken(NOW + 1000, 3000)]).toEqual([2000, 1000])
  })
})

describe('the addresses of a registry', () => {
  const allow = ['192.0.2.0/24', '198.51.100.7', '2001:db8:1::/48', '2001:db8::7', '::ffff:203.0.113.0/120']
  const { post, ...to } = door({ registries: [{ ...events, allow }] })

  test.each([
    ['192.0.2.1', 202],
    ['192.0.2.255', 202],
    ['::ffff:192.0.2.9', 202],
    ['::ffff:c000:209', 202],
    ['192.0.3.1', 401],
    ['198.51.100.7', 202],
    ['198.51.100.8', 401],
    ['203.0.113.5', 202],
    ['::ffff:203.0.113.5', 202],
    ['203.0.114.5', 401],
    ['2001:db8:1:ffff::1', 202],
    ['2001:DB8:1::', 202],
    ['2001:db8:2::1', 401],
    ['2001:db8::7', 202],
    ['2001:db8::8', 401],
    ['::192.0.2.1', 401],
    ['127.0.0.1', 401],
    ['192.0.2.1, 203.0.113.9', 401],
    ['', 401],
    ['unknown', 401],
    [undefined, 401],
  ])('%s: %d', async (address, status) => {
    const request = { ...(address === undefined ? {} : { address }) }
    expect((await post('/webhooks/hub', good, request)).status).toBe(status)
  })

  test('a wrong one is answered as wrong credentials are; the log says which it was', async () => {
    const from = door({ registries: [{ ...events, allow }] })
    const elsewhere = await from.post('/webhooks/hub', good, { address: '203.0.114.1' })
    expect(from.entry).toMatchObject({ registry: 'hub', address: '203.0.114.1', code: 'UNAUTHENTICATED', rejected: 1 })
    const unproven = await from.post('/webhooks/hub', good, { address: '192.0.2.1', ...wrong })
    expect(from.entry.address).toBeUndefined()
    expect(elsewhere).toEqual(unproven)
    // A stranger at a strange address is nothing to look into.
    await from.post('/webhooks/hub', good, { address: '203.0.114.1', ...wrong })
    expect(from.entry.address).toBeUndefined()
    expect(elsewhere.status).toBe(401)
    expect([await from.intake(), await from.quarantine()]).toEqual([[], []])
  })

  test('all the work of a wrong credential is done: secrets are read again', async () => {
    const readings: (number | undefined)[] = []
    const secrets = async (_id: string, { since }: { since?: number } = {}) => {
      readings.push(since)
      return ['secret']
    }
    const from = door({ secrets, registries: [{ ...events, allow }] })
    const readingsOf = async (path: string, request: object) => {
      readings.length = 0
      expect((await from.post(path, good, request)).status).toBe(401)
      return [...readings]
    }
    const expected = [undefined, NOW]
    expect(await readingsOf('/webhooks/hub', { address: '203.0.114.1' })).toEqual(expected)
    expect(await readingsOf('/webhooks/hub', { address: '192.0.2.1', ...wrong })).toEqual(expected)
    expect(await readingsOf('/webhooks/nobody', { address: '192.0.2.1' })).toEqual(expected)
  })

  test('handshakes come from there, too, whatever a header says', async () => {
    const headers = {
      'webhook-request-origin': 'a.example',
      'x-forwarded-for': '192.0.2.1',
      forwarded: 'for=192.0.2.1',
    }
    const at = async (address: string) =>
      (await post('/webhooks/hub', '', { method: 'OPTIONS', headers, address })).status
    expect([await at('192.0.2.1'), await at('203.0.114.1')]).toEqual([200, 401])
    expect(await to.quarantine()).toEqual([])
  })

  test('every mistake in the list is told', () => {
    const list = [
      '192.0.2.0/33',
      '192.0.2',
      'localhost',
      '2001:db8::/129',
      '',
      '192.0.2.1/',
      7,
      'fe80::1%eth0',
      '0.0.0.0/0',
    ]
    const configs = [
      { ...events, allow: list },
      { ...events, id: 'b', allow: [] },
      { ...events, id: 'c', allow: '::1' },
    ]
    const check = () => checkRegistries(configs as unknown as RegistryConfig[], '2020-07-28')
    const wrong = (id: string, entry: unknown) =>
      `registry "${id}": allow: has to be a list of addresses and networks like "192.0.2.0/24", which ${JSON.stringify(entry)} is not`
    expect(check).toThrow(
      [
        'registries.ts has 10 mistake(s):',
        ...list.slice(0, -1).map((entry) => wrong('hub', entry)),
        wrong('b', []),
        wrong('c', '::1'),
      ].join('\n  - '),
    )
  })
})

test('every mistake in a limit is told', () => {
  const none = [5, null, 'ten', [], {}, { perSecond: 0, burst: 1 }, { perSecond: 1, burst: 0.5 }]
  const half = [
    { perSecond: '5', burst: 1 },
    { perSecond: 1 },
    { perSecond: 1, burst: 1, per: 1 },
    { perSecond: 1e9, burst: 1 },
  ]
  const configs = [...none, ...half].map((limit, index) => ({ ...events, id: `r${index}`, limit }))
  const check = () => checkRegistries(configs as unknown as RegistryConfig[], '2020-07-28')
  const sentence = 'has to be { perSecond, burst }, numbers from 0.001 and from 1 to 1000000, and nothing else'
  expect(check).toThrow(
    ['registries.ts has 11 mistake(s):', ...configs.map(({ id }) => `registry "${id}": limit: ${sentence}`)].join(
      '\n  - ',
    ),
  )
})

describe('the time of a request', () => {
  const over = (patience: number) => {
    const end = performance.now() + patience
    while (performance.now() < end) {
      // Uses it up.
    }
  }

  test('what its own work took does not refuse it: each wait gets a little all the same', async () => {
    const left: number[] = []
    const send = async (_queue: unknown, _messages: unknown, timeout = Number.NaN) => {
      left.push(timeout)
      return []
    }
    const slow = async () => {
      over(40)
      return ['secret']
    }
    const { post } = door({ broken: { send }, secrets: slow, patience: 30 })
    expect((await post('/webhooks/cloudevents', [good, { ...good, type: 'nonsense' }])).status).toBe(202)
    expect(left).toEqual([200, 200])
  })

  test('secrets and queues get what is left of it', async () => {
    const left: number[] = []
    const note = (timeout = Number.NaN) => {
      left.push(timeout)
      over(10)
    }
    const secrets = async (_id: string, { timeout }: { timeout?: number } = {}) => {
      note(timeout)
      return ['secret']
    }
    const queues = {
      ready: async (_queue: unknown, timeout?: number) => note(timeout),
      send: async (_queue: unknown, _messages: unknown, timeout?: number) => {
        note(timeout)
        return []
      },
    }
    const { post } = door({ broken: queues, secrets, patience: 5000 })
    await post('/webhooks/cloudevents', [good, { ...good, type: 'nonsense' }])
    expect(left).toHaveLength(4)
    left.reduce((before, after) => {
      expect(after).toBeLessThanOrEqual(before - 9)
      return after
    }, 5009)
  })
})

describe('the deployed function', () => {
  let deployed: Deployed
  beforeAll(async () => {
    const registries = [events, { ...events, id: 'inside', allow: ['192.0.2.0/24'] }]
    deployed = await openFunction(registries, { hub: 'secret', inside: 'secret' })
  })
  afterAll(() => deployed.close())

  const headers = { authorization: 'Bearer secret', 'content-type': 'application/cloudevents+json' }
  const body = JSON.stringify(good)

  test.each([
    ['taken', { path: '/webhooks/hub', headers, body }, 202],
    [
      'a handshake',
      { path: '/webhooks/hub', method: 'OPTIONS', headers: { ...headers, 'webhook-request-origin': 'a' } },
      200,
    ],
    ['the tables', { path: '/actions', method: 'GET' }, 200],
    ['refused', { path: '/webhooks/hub', body }, 401],
    ['not there', { path: '/nothing', method: 'GET' }, 404],
    ['too large', { path: '/webhooks/hub', headers, body: Buffer.alloc(1024 * 1024 + 1) }, 413],
  ])('every answer has the security headers: %s', async (_what, request, status) => {
    const answer = await deployed.call(request)
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({ ...securityHeaders, 'content-type': 'application/json' })
    expect(Object.keys(securityHeaders).toSorted()).toEqual([
      'cache-control',
      'content-security-policy',
      'cross-origin-resource-policy',
      'referrer-policy',
      'strict-transport-security',
      'x-content-type-options',
      'x-frame-options',
    ])
    expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined)
  })

  test('the address is what the platform says, never what a header says', async () => {
    const forged = { ...headers, 'x-forwarded-for': '192.0.2.1', 'x-real-ip': '192.0.2.1', forwarded: 'for=192.0.2.1' }
    const from = async (address: string) =>
      (await deployed.call({ path: '/webhooks/inside', headers: forged, body, address })).status
    expect([await from('192.0.2.1'), await from('203.0.113.1')]).toEqual([202, 401])
  })

  test.each([true, false])(
    'a body over the limit is not even decoded (base64: %s), at the limit it is taken',
    async (encoded) => {
      const limit = 1024 * 1024
      const padded = Buffer.concat([Buffer.from(body), Buffer.alloc(limit, 32)])
      const of = async (size: number) =>
        (await deployed.call({ path: '/webhooks/hub', headers, body: padded.subarray(0, size), encoded })).status
      const { from } = Buffer
      const decoded: number[] = []
      Buffer.from = ((...of: Parameters<typeof from>) => {
        if (typeof of[0] === 'string') decoded.push(of[0].length)
        return Reflect.apply(from, Buffer, of)
      }) as typeof from
      try {
        const event = { path: '/webhooks/hub', headers, body: padded.subarray(0, limit + 1), encoded }
        expect((await deployed.call(event)).status).toBe(413)
        expect(decoded.filter((length) => length > limit / 2)).toEqual([])
      } finally {
        Buffer.from = from
      }
      expect([await of(limit + 1), await of(limit)]).toEqual([413, 202])
      const lines = deployed.printed().trim().split('\n')
      expect(JSON.parse(lines.at(-2) ?? '')).toMatchObject({ code: 'TOO_LARGE', received: 1, rejected: 1 })
    },
  )

  test('a body that is missing is an empty one', async () => {
    const requestContext = { http: { method: 'POST', sourceIp: '192.0.2.1' } }
    const event = { rawPath: '/webhooks/hub', rawQueryString: '', headers, requestContext, body: null }
    expect((await deployed.handle(event as never)).statusCode).toBe(202)
  })
})

// Nothing that comes in makes the router call anything: neither a callback of a handshake nor an address in a body.
describe('no call goes out to an address that came in', () => {
  let server: Server
  let address: string
  const calls: unknown[] = []
  const note = (message: unknown) => calls.push(message)
  const channels = ['net.client.socket', 'http.client.request.start', 'undici:request:create', 'udp.socket'].map(
    (name) => channel(name),
  )

  beforeAll(async () => {
    server = createServer((socket) => {
      calls.push('a connection')
      socket.destroy()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const one of channels) one.subscribe(note)
  })
  afterAll(() => {
    for (const one of channels) one.unsubscribe(note)
    server.close()
  })

  const quiet = async (
    to: Door,
    source: string,
    body: Buffer,
    way: Way,
    request: Partial<Parameters<Door['post']>[2]> = {},
  ) => {
    const { headers, query, ...rest } = { headers: {}, query: '', ...request }
    const sent = send({ body, headers, query }, way, way.credentials(body, 'secret'))
    const answer = await to.post(`/webhooks/${source}`, body, {
      ...sent,
      headers: { authorization: '', ...sent.headers },
      ...rest,
    })
    // A connection would be made by now, or in the next turn of the loop.
    await new Promise(setImmediate)
    expect([answer.status, calls]).toEqual([expect.any(Number), []])
    return answer.status
  }

  test('this would be seen', async () => {
    await fetch(address).catch(() => undefined)
    expect(calls.length).toBeGreaterThan(0)
    calls.length = 0
  })

  test.each(senders.map((sender, index) => [`${sender.source} ${index}`, sender] as const))(
    '%s',
    async (_name, sender) => {
      const { source, headers, query = '', ways } = sender
      const text = sender.body.toString()
      const bodies = [
        text.replace(/https?:\/\/[^"\\\s]+/g, address),
        text.replace(/(?<=": ?")(?!20)[^"\\]*(?=")/g, address),
        text.replace(/^(\s*\[?\s*\{)/, `$1"url":"${address}","callback_url":"${address}","SubscribeURL":"${address}",`),
      ]
      for (const body of bodies) {
        for (const way of ways) {
          const hints = {
            host: new URL(address).host,
            origin: address,
            referer: address,
            'x-forwarded-host': new URL(address).host,
          }
          await quiet(door(), source, Buffer.from(body), way, { headers: { ...headers, ...hints }, query })
        }
      }
    },
  )

  test('handshakes', async () => {
    const [acr, ...others] = senders.filter(({ source }) =>
      ['acr', 'cloudevents', 'harbor', 'zot', 'ecr', 'cdevents'].includes(source),
    )
    const data = { validationCode: 'code', validationUrl: address }
    const validation = {
      id: 'a',
      topic: '/a',
      subject: '',
      eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
      eventTime: '2026-11-22T13:00:00Z',
      data,
    }
    const grid = { headers: { 'aeg-event-type': 'SubscriptionValidation', 'content-type': 'application/json' } }
    const [way] = (acr as (typeof senders)[number]).ways as [Way]
    expect(await quiet(door(), 'acr', Buffer.from(JSON.stringify([validation])), way, grid)).toBe(200)
    const sns = {
      Type: 'SubscriptionConfirmation',
      SubscribeURL: address,
      Token: 't',
      TopicArn: 'arn:aws:sns:eu-central-1:1:t',
      SigningCertURL: `${address}/cert.pem`,
    }
    const notification = { ...sns, Type: 'Notification', UnsubscribeURL: address, Message: '{}' }
    for (const { source, ways } of [acr, ...others] as (typeof senders)[number][]) {
      for (const body of [sns, notification, { challenge: 'c', url: address }, validation]) {
        const headers = {
          'x-amz-sns-message-type': 'SubscriptionConfirmation',
          'content-type': 'text/plain; charset=UTF-8',
        }
        await quiet(door(), source, Buffer.from(JSON.stringify(body)), ways[0] as Way, { headers })
      }
      const headers = {
        'webhook-request-origin': 'a.example',
        'webhook-request-callback': address,
        'webhook-request-rate': '100',
      }
      await quiet(door(), source, Buffer.from(''), ways[0] as Way, { method: 'OPTIONS', headers })
    }
  })

  test('tokens that name where their keys are', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const header = { alg: 'RS256', kid: 'k', jku: `${address}/keys`, x5u: `${address}/cert`, jwk: { kty: 'RSA' } }
    const claims = { iss: address, aud: address, exp: NOW / 1000 + 60, iat: NOW / 1000, email: 'a@example.com' }
    const authorization = `Bearer ${part(header)}.${part(claims)}.${Buffer.alloc(256).toString('base64url')}`
    for (const source of Object.keys(sources)) {
      expect((await door().post(`/webhooks/${source}`, '{}', { headers: { authorization } })).status).toBe(401)
    }
    await new Promise(setImmediate)
    expect(calls).toEqual([])
  })
})
