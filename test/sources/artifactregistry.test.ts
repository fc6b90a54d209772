import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { RegistryConfig } from '../../lib/registries.ts'
import { artifactregistry } from '../../lib/sources/artifactregistry.ts'
import { door, NOW } from '../door.ts'

// Every fixture was written from Google's pages.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/artifactregistry', `${name}.json`), 'utf8')

const HOST = 'europe-west3-docker.pkg.dev'
const IMAGE = 'de.icr.io/acme-prod/team/app'
const DIGEST = `sha256:${'c3'.repeat(32)}`
const SIGNATURE = `sha256-${'c3'.repeat(32)}.sig`

const configured = (accept: object): RegistryConfig[] => [
  { id: 'artifactregistry', source: 'artifactregistry', domain: HOST, region: 'eu-central', account: 'acme', accept },
]

// Written down by reading the fixtures.
const table: [fixture: string, action: string, name: string, id: string, time: string][] = [
  ['wrapped-insert-tag', 'image.push', `${IMAGE}:1.4.0`, `${IMAGE}@${DIGEST}`, '2026-11-22T12:39:43.25+0000'],
  ['wrapped-insert-digest', 'image.push', `${IMAGE}@${DIGEST}`, `${IMAGE}@${DIGEST}`, '2026-11-22T12:39:42.90+0000'],
  [
    'wrapped-insert-signature',
    'image.push',
    `${IMAGE}:${SIGNATURE}`,
    `${IMAGE}@sha256:${'d4'.repeat(32)}`,
    '2026-11-22T12:39:50.10+0000',
  ],
  ['wrapped-delete-tag', 'image.untag', `${IMAGE}:1.4.0`, `${IMAGE}:1.4.0`, '2026-11-22T12:50:00.00+0000'],
  ['wrapped-delete-digest', 'image.delete', `${IMAGE}@${DIGEST}`, `${IMAGE}@${DIGEST}`, '2026-11-22T12:50:01.00+0000'],
]

test.each(table)('%s', async (fixture, action, name, id, eventTime) => {
  const { post, intake } = door()
  const { status, body } = await post('/webhooks/artifactregistry/image', read(fixture))
  expect([status, body.ignored, body.quarantined]).toEqual([202, 0, []])
  const [event, ...more] = await intake()
  expect(more).toEqual([])
  expect(event).toMatchObject({
    action: `container-registry.${action}`,
    eventTime,
    outcome: 'success',
    target: { name, id, host: { address: HOST } },
    // Nobody is named, so nobody is invented.
    initiator: { id: '', name: 'artifactregistry' },
    route: { contradictingDomain: HOST },
  })
})

describe('without the wrapper', () => {
  const body = read('unwrapped-insert-digest-tag')
  const metadata = {
    'x-goog-pubsub-subscription-name': 'projects/p/subscriptions/s',
    'x-goog-pubsub-message-id': '2070443601311540',
    'x-goog-pubsub-publish-time': '2026-11-22T12:39:43.254Z',
  }

  test('id and time stand in headers', async () => {
    const { post, intake } = door()
    await post('/webhooks/artifactregistry', body, { headers: metadata })
    const [event] = await intake()
    expect(event).toMatchObject({
      action: 'container-registry.image.push',
      eventTime: '2026-11-22T12:39:43.25+0000',
      target: {
        name: 'de.icr.io/my-project/my-repo/hello-world:1.1',
        id: 'de.icr.io/my-project/my-repo/hello-world@sha256:6ec128e26cd5',
        host: { address: 'us-west1-docker.pkg.dev' },
      },
    })
  })

  test('the id makes the event; without it the notification and its time do', async () => {
    const { post } = door()
    const idOf = async (headers: Record<string, string>) =>
      (await post('/webhooks/artifactregistry', body, { headers })).body.accepted[0]?.id
    const time = { 'x-goog-pubsub-publish-time': '2026-11-22T12:39:43.254Z' }
    const first = await idOf(metadata)
    expect(first).toBeDefined()
    expect(await idOf({ ...metadata, 'x-goog-pubsub-publish-time': '2026-11-22T12:39:44Z' })).toBe(first)
    const others = [
      await idOf({ ...metadata, 'x-goog-pubsub-message-id': '2' }),
      await idOf(time),
      await idOf({ 'x-goog-pubsub-publish-time': '2026-11-22T12:39:44Z' }),
    ]
    expect(new Set([first, ...others]).size).toBe(4)
    expect(await idOf(time)).toBe(others[1])
  })

  test('and without metadata in none: the same again is a repetition for ten minutes, then another event', async () => {
    const { post, intake } = door()
    const idAt = async (receivedAt: number, changes: object = {}) => {
      const sent = { ...JSON.parse(body), ...changes }
      return (await post('/webhooks/artifactregistry', sent, { receivedAt })).body.accepted[0]?.id
    }
    const first = await idAt(NOW)
    expect(first).toBeDefined()
    expect(await idAt(NOW + 599_000)).toBe(first)
    expect(await idAt(NOW + 599_000, { action: 'DELETE' })).not.toBe(first)
    expect(await idAt(NOW + 601_000)).not.toBe(first)
    expect((await intake())[0]?.route?.assumed).toContain('eventTime')
  })
})

describe('pushes', () => {
  test.each<[string, object, number]>([
    ['wrapped-insert-digest', { children: 'tagged' }, 0],
    ['wrapped-insert-tag', { children: 'tagged', signatures: 'ignore' }, 1],
    ['wrapped-insert-signature', { signatures: 'ignore' }, 0],
    ['wrapped-delete-digest', { children: 'tagged', signatures: 'ignore' }, 1],
  ])('%s with %j: %i', async (fixture, accept, accepted) => {
    const { post } = door({ registries: configured(accept) })
    const { body } = await post('/webhooks/artifactregistry', read(fixture))
    expect([body.accepted.length, body.ignored, body.quarantined]).toEqual([accepted, 1 - accepted, []])
  })
})

const wrap = (inner: unknown, message: object = { messageId: '1', publishTime: '2026-11-22T12:00:00Z' }) => ({
  message: {
    data: Buffer.from(typeof inner === 'string' ? inner : JSON.stringify(inner)).toString('base64'),
    ...message,
  },
  subscription: 'projects/p/subscriptions/s',
})

test('both ids of one message are one event, two messages are two', async () => {
  const { post } = door()
  const inner = { action: 'DELETE', tag: `${HOST}/p/r/app:1` }
  const idOf = async (message: object, of: object = inner) =>
    (await post('/webhooks/artifactregistry', wrap(of, message))).body.accepted[0]?.id
  const time = { publishTime: '2026-11-22T12:00:00Z' }
  const first = await idOf({ messageId: '1', message_id: '1', ...time })
  expect(first).toBeDefined()
  expect(await idOf({ message_id: '1', ...time })).toBe(first)
  expect(await idOf({ messageId: '1', publish_time: '2026-11-22T12:00:01Z' })).toBe(first)
  const others = [
    await idOf({ messageId: '2', ...time }),
    await idOf({ messageId: '1', ...time }, { ...inner, tag: `${HOST}/p/r/app:2` }),
    await idOf(time),
    await idOf({ publishTime: '2026-11-22T12:00:01Z' }),
  ]
  expect(new Set([first, ...others]).size).toBe(5)
  expect(await idOf(time)).toBe(others[2])
})

test('the digest of another image does not become this one’s', async () => {
  const { post, intake } = door()
  const digest = `${HOST}/p/r/other@sha256:0a`
  await post(
    '/webhooks/artifactregistry',
    wrap({
      action: 'INSERT',
      digest,
      tag: `${HOST}/p/r/app:sha256-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.att`,
    }),
  )
  const [event] = await intake()
  expect(event?.target).toMatchObject({
    name: 'de.icr.io/p/r/app:sha256-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.att',
    id: 'de.icr.io/p/r/app:sha256-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.att',
  })
  expect(event?.requestData).toMatchObject({ digest })
})

describe('what cannot be used goes to quarantine', () => {
  const tag = `${HOST}/p/r/app:1`
  test.each<[string, unknown, string]>([
    ['data that is no JSON', read('wrapped-not-json'), 'INVALID_ITEM'],
    ['data of any bytes', wrap('\u0001\u0002'), 'INVALID_ITEM'],
    ['data that is no object', wrap([1]), 'INVALID_ITEM'],
    ['data that is too deep', wrap(`{"action":"INSERT","x":${'['.repeat(70)}${']'.repeat(70)}}`), 'TOO_DEEP'],
    ['a message without data', { message: { messageId: '1', attributes: { a: 'b' } } }, 'INVALID_ITEM'],
    ['a message that is no object', { message: 'hello' }, 'INVALID_ITEM'],
    ['an unknown action', wrap({ action: 'UPDATE', tag }), 'UNKNOWN_ACTION'],
    ['an action without a name', wrap({ tag }), 'INVALID_ITEM'],
    ['a tag that is no text', wrap({ action: 'INSERT', tag: 1 }), 'INVALID_ITEM'],
    ['neither tag nor digest', wrap({ action: 'INSERT' }), 'INVALID_ITEM'],
    ['another body', { hello: 'world' }, 'INVALID_ITEM'],
    ['a list', [], 'INVALID_ENVELOPE'],
    ['no JSON', 'hello', 'INVALID_BODY'],
  ])('%s', async (_what, body, reason) => {
    const { post, quarantine } = door()
    const answer = await post('/webhooks/artifactregistry', body)
    expect([answer.status, answer.body.accepted]).toEqual([202, []])
    expect((await quarantine()).map((entry) => entry.reason)).toEqual([reason])
  })

  test('neither is ignored where pushes by digest are', async () => {
    const { post } = door({ registries: configured({ children: 'tagged' }) })
    const { body } = await post('/webhooks/artifactregistry', wrap({ action: 'INSERT' }))
    expect([body.ignored, body.quarantined.length]).toEqual([0, 1])
  })
})

test('every event that it can send is in a test above', () => {
  expect(Object.keys(artifactregistry.vocabulary)).toEqual([
    'INSERT, by tag',
    'INSERT, by digest',
    'INSERT, signature',
    'DELETE, by tag',
    'DELETE, by digest',
  ])
})
