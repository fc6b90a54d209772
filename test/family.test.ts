import { describe, expect, test } from '@jest/globals'
import { RouterError } from '../lib/errors.ts'
import type { Queues } from '../lib/queues/queue.ts'
import type { RegistryConfig } from '../lib/registries.ts'
import type { Secrets } from '../lib/secrets.ts'
import { door, NOW } from './door.ts'
import { cloudEvent } from './samples.ts'
import { sender as acr } from './sources/senders/acr.ts'
import { sender as artifactregistry } from './sources/senders/artifactregistry.ts'

// The story of a webhook, step by step: what is asked of others, in which order, and what the log says of it.

const push = 'container-registry.image.push'
const good = cloudEvent(push, 'image')
const old = cloudEvent('container-registry.image.build', 'image')
const bad = { ...good, type: 'nonsense' }
const push2 = { action: 'push', target: { repository: 'a', tag: 'v' } }
const mount = { action: 'mount', target: {} }

/** A door whose queues note what they are asked. */
function noting(broken: Partial<Queues> = {}, patience = 10_000) {
  const asked: string[] = []
  const limits: number[] = []
  const note = (what: string, timeout = Number.NaN) => {
    asked.push(what)
    limits.push(timeout)
  }
  const opened = door({
    patience,
    broken: {
      async send(queue, messages, timeout) {
        note(`${messages.length} to ${queue.name.slice('registry-events-test-'.length)}`, timeout)
        return broken.send?.(queue, messages, timeout) ?? []
      },
      async ready(queue, timeout) {
        note(`is ${queue.name.slice('registry-events-test-'.length)} ready`, timeout)
        return broken.ready?.(queue, timeout)
      },
    },
  })
  return { ...opened, opened, asked, limits }
}

describe('queues are asked', () => {
  test.each<[string, unknown, string[]]>([
    ['only for what there is: events', [good, old], ['2 to intake']],
    ['only for what there is: unusable items', [bad], ['1 to quarantine']],
    ['only for what there is: nothing', [], []],
    ['in this order for both', [good, bad], ['is intake ready', '1 to quarantine', '1 to intake']],
  ])('%s', async (_what, body, expected) => {
    const { post, asked } = noting()
    expect((await post('/webhooks/cloudevents', body)).status).toBe(202)
    expect(asked).toEqual(expected)
  })

  test('all within one time, which is what is left of it', async () => {
    const { post, limits } = noting({
      // The work of a millisecond or more.
      async ready() {
        const end = performance.now() + 2
        while (performance.now() < end);
      },
    })
    await post('/webhooks/cloudevents', [good, bad])
    expect(limits).toHaveLength(3)
    for (const limit of limits) expect(limit).toBeLessThanOrEqual(10_000)
    for (const limit of limits) expect(limit).toBeGreaterThan(5000)
    expect(limits.toSorted((a, b) => b - a)).toEqual(limits)
    expect(limits[1]).toBeLessThanOrEqual((limits[0] ?? 0) - 2)
  })

  test('each for a little while, however late it is', async () => {
    const { post, limits } = noting({}, 0)
    expect((await post('/webhooks/cloudevents', [good, bad])).status).toBe(202)
    expect(limits).toEqual([200, 200, 200])
  })

  test('no further when one refuses, and the log says which and how many', async () => {
    const { post, opened, asked } = noting({ send: async () => [0] })
    expect((await post('/webhooks/cloudevents', [good, bad, bad])).status).toBe(503)
    expect(asked).toEqual(['is intake ready', '2 to quarantine'])
    expect(opened.entry).toMatchObject({
      why: 'registry-events-test-quarantine refused 1 of 2 messages.',
      received: 3,
      rejected: 3,
    })
    expect(opened.entry.accepted).toBeUndefined()
  })

  test('no further when intake does not answer', async () => {
    const { post, asked } = noting({
      async ready() {
        throw new RouterError('UNAVAILABLE', 'intake is down')
      },
    })
    expect((await post('/webhooks/cloudevents', [good, bad])).status).toBe(503)
    expect(asked).toEqual(['is intake ready'])
  })
})

describe('the log', () => {
  test('has every item of a body, and the ids of its events', async () => {
    const opened = door()
    const items = [good, old, bad, { ...bad, type: 'other' }, { ...good, data: {} }]
    const { body } = await opened.post('/webhooks/cloudevents', items)
    const { entry } = opened
    expect(entry).toMatchObject({
      registry: 'cloudevents',
      family: 'webhook',
      received: 5,
      accepted: 2,
      ids: body.accepted.map(({ id }) => id),
      ignored: {},
      quarantined: { UNKNOWN_ACTION: 2, INVALID_TARGET: 1 },
      deprecated: 0,
    })
    expect(entry.handshake).toBeUndefined()
    expect(entry.rejected).toBeUndefined()
  })

  test('counts noise by its name, and the answer all of it', async () => {
    const opened = door()
    const events = [
      mount,
      mount,
      push2,
      { action: 'push', target: { repository: 'a', mediaType: 'application/octet-stream', digest: 'sha256:00' } },
    ]
    const { body } = await opened.post('/webhooks/distribution', { events })
    expect(opened.entry).toMatchObject({ received: 4, accepted: 1, ignored: { 'blob mount': 2, 'blob push': 1 } })
    expect([body.accepted.length, body.ignored, body.quarantined]).toEqual([1, 3, []])
    expect(body.accepted[0]).toEqual({ id: opened.entry.ids?.[0], action: push, target: 'de.icr.io/a:v' })
  })

  test('counts events that are deprecated, and only them', async () => {
    const opened = door()
    const deprecated = cloudEvent('container-registry.registrytoken.get', 'registrytoken')
    await opened.post('/webhooks/cloudevents', [deprecated, good])
    expect(opened.entry).toMatchObject({ accepted: 2, deprecated: 1 })
  })

  test('has the family whose function it was', async () => {
    const opened = door()
    const { body } = await opened.post('/webhooks/cloudevents/image', [good, bad])
    expect(opened.entry.family).toBe('image')
    const [kept] = await opened.quarantine()
    expect(kept).toMatchObject({ id: body.quarantined[0]?.id, reason: 'UNKNOWN_ACTION', family: 'image' })
    await opened.post('/webhooks/cloudevents', [bad])
    expect((await opened.quarantine())[1]?.family).toBe('webhook')
  })

  test('says which registry a refused request was for, and nothing of one that there is not', async () => {
    const opened = door()
    const headers = { authorization: 'Bearer wrong' }
    expect((await opened.post('/webhooks/cloudevents', good, { headers })).status).toBe(401)
    expect(opened.entry).toMatchObject({ registry: 'cloudevents', received: 1, rejected: 1 })
    await opened.post('/webhooks/nobody', good, { headers })
    expect(opened.entry.registry).toBeUndefined()
  })

  test('says how large a body was that was refused', async () => {
    const opened = door()
    const limit = 1024 * 1024
    expect((await opened.post('/webhooks/cloudevents', Buffer.alloc(limit + 1))).status).toBe(413)
    expect(opened.entry.why).toBe(`The body has ${limit + 1} bytes, the limit is ${limit}.`)
    expect((await opened.post('/webhooks/cloudevents', Buffer.alloc(limit))).status).toBe(202)
  })
})

describe('a handshake', () => {
  const origin = { 'webhook-request-origin': 'a.example' }

  test('carries no items, and the log says that it was one', async () => {
    const { post, opened, asked } = noting()
    expect((await post('/webhooks/cloudevents', '', { method: 'OPTIONS', headers: origin })).status).toBe(200)
    expect([opened.entry.handshake, opened.entry.received, asked]).toEqual([true, undefined, []])
  })

  test('has to be genuine', async () => {
    const { post, opened } = noting()
    const headers = { ...origin, authorization: 'Bearer wrong' }
    expect((await post('/webhooks/cloudevents', '', { method: 'OPTIONS', headers })).status).toBe(401)
    expect(opened.entry.handshake).toBeUndefined()
  })

  test.each(['cloudevents', 'distribution'])(
    'that %s does not know is not found, and nothing of it is kept',
    async (id) => {
      const { post, asked } = noting()
      expect((await post(`/webhooks/${id}`, [good], { method: 'OPTIONS' })).status).toBe(404)
      expect(asked).toEqual([])
    },
  )

  test('that can’t be read is in quarantine, not an error', async () => {
    const opened = door()
    const headers = { ...acr.headers, 'aeg-event-type': 'SubscriptionValidation' }
    const { status, body } = await opened.post('/webhooks/acr', '{"half', { headers })
    expect([status, body.quarantined.map(({ reason }) => reason)]).toEqual([202, ['INVALID_BODY']])
  })
})

describe('secrets', () => {
  const asking = (answers: readonly (readonly string[])[]) => {
    const asked: [string, number | undefined, boolean][] = []
    const lists = [...answers]
    const secrets: Secrets = async (id, { since, timeout = Number.NaN } = {}) => {
      asked.push([id, since, timeout > 0 && timeout <= 60_000])
      return lists.length > 1 ? (lists.shift() ?? []) : (lists[0] ?? [])
    }
    return { asked, secrets }
  }

  test('are read once when they hold', async () => {
    const { asked, secrets } = asking([['secret']])
    expect((await door({ secrets }).post('/webhooks/cloudevents', good)).status).toBe(202)
    expect(asked).toEqual([['cloudevents', undefined, true]])
  })

  test('are read again before a request is refused, and what is new counts', async () => {
    const { asked, secrets } = asking([['before'], ['secret']])
    expect((await door({ secrets }).post('/webhooks/cloudevents', good)).status).toBe(202)
    expect(asked).toEqual([
      ['cloudevents', undefined, true],
      ['cloudevents', NOW, true],
    ])
    const { secrets: others } = asking([['before'], ['after']])
    expect((await door({ secrets: others }).post('/webhooks/cloudevents', good)).status).toBe(401)
  })

  test('are read as often for an id that is no registry’s', async () => {
    const { asked, secrets } = asking([['secret'], ['secret']])
    expect((await door({ secrets }).post('/webhooks/nobody', good)).status).toBe(401)
    expect(asked).toEqual([
      ['nobody', undefined, true],
      ['nobody', NOW, true],
    ])
  })

  test('are not asked for where a token is all that counts, and are of no use there', async () => {
    const { asked, secrets } = asking([['secret'], ['secret', 'more']])
    const registries: readonly RegistryConfig[] = [
      {
        id: 'google',
        source: 'artifactregistry',
        domain: 'europe-west3-docker.pkg.dev',
        region: 'eu-central',
        account: 'acme',
        accept: { audience: 'a', email: 'e', keysUrl: 'http://127.0.0.1:1/certs' },
      },
    ]
    const { post } = door({ secrets, registries })
    expect((await post('/webhooks/google', artifactregistry.body)).status).toBe(401)
    expect(asked).toEqual([['google', NOW, true]])
  })

  test('that can’t be read are no reason to refuse for good', async () => {
    const secrets: Secrets = async () => {
      throw new RouterError('UNAVAILABLE', 'no answer')
    }
    expect((await door({ secrets }).post('/webhooks/cloudevents', good)).status).toBe(503)
  })

  test('in a body are blanked in what is kept of it', async () => {
    const opened = door({ secrets: ['s3cr3t-of-hub'] })
    const headers = { authorization: 'Bearer s3cr3t-of-hub' }
    await opened.post('/webhooks/cloudevents', [{ ...bad, type: 's3cr3t-of-hub' }], { headers })
    const [kept] = await opened.quarantine()
    expect(Buffer.from(kept?.body ?? '', 'base64').toString()).not.toContain('s3cr3t')
    expect(kept?.message).not.toContain('s3cr3t')
  })
})

describe('an address that a registry does not allow', () => {
  const registries: readonly RegistryConfig[] = [
    {
      id: 'hub',
      source: 'cloudevents',
      domain: 'de.icr.io',
      region: 'eu-central',
      account: 'acme',
      allow: ['192.0.2.0/24'],
    },
  ]

  test('is in the log with good credentials, and in no other case', async () => {
    const opened = door({ registries })
    const of = async (request: object) => {
      const { status } = await opened.post('/webhooks/hub', good, request)
      return [status, opened.entry.address]
    }
    expect(await of({ address: '203.0.113.9' })).toEqual([401, '203.0.113.9'])
    expect(await of({})).toEqual([401, 'unknown'])
    expect(await of({ address: '203.0.113.9', headers: { authorization: 'x' } })).toEqual([401, undefined])
    expect(await of({ address: '192.0.2.9' })).toEqual([202, undefined])
  })
})

test('over its limit a registry is told when to come again', async () => {
  const limit = { perSecond: 0.4, burst: 1 }
  const registries: readonly RegistryConfig[] = [
    { id: 'hub', source: 'cloudevents', domain: 'de.icr.io', region: 'eu-central', account: 'acme', limit },
  ]
  const { post } = door({ registries })
  expect((await post('/webhooks/hub', good)).status).toBe(202)
  expect(await post('/webhooks/hub', good)).toMatchObject({ status: 429, headers: { 'retry-after': '3' } })
  expect((await post('/webhooks/hub', good, { receivedAt: NOW + 2500 })).status).toBe(202)
})

test('the log has the ids of what is kept in quarantine, those of the answer', async () => {
  const opened = door()
  const { body } = await opened.post('/webhooks/cloudevents', [bad, good, { ...bad, id: 'another' }])
  expect(opened.entry.kept).toEqual(body.quarantined.map(({ id }) => id))
  expect(new Set(opened.entry.kept).size).toBe(2)
})
