import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'
import { type Door, door, NOW } from '../door.ts'

const repeat = readFileSync(resolve(import.meta.dirname, '../fixtures/dockerhub/push-multi-arch-repeat.json'), 'utf8')

const post = (to: Door, body: unknown, receivedAt = NOW) =>
  to.post('/webhooks/dockerhub', body, { query: 'token=secret', receivedAt })

const bodyOf = (data: object = {}, repository: object = {}) => ({
  push_data: { pushed_at: 1795352398, pusher: 'jane', tag: '1.0', images: [], ...data },
  callback_url: 'https://registry.hub.docker.com/u/acme/web/hook/0a1b2c/',
  repository: { repo_name: 'acme/web', namespace: 'acme', name: 'web', ...repository },
})

test('a push, field by field', async () => {
  const to = door()
  const answer = await post(to, repeat)
  expect(answer.status).toBe(202)
  const [event] = await to.intake()
  expect(event).toMatchObject({
    action: 'container-registry.image.push',
    outcome: 'success',
    eventTime: '2021-09-17T09:46:10.00+0000',
    initiator: { id: 'example-bot', name: 'example-bot' },
    target: { name: 'de.icr.io/exampleorg/core:develop', host: { address: 'docker.io' } },
    requestData: { mediaType: 'application/vnd.oci.image.index.v1+json' },
  })
  expect(event?.route?.contradictingDomain).toBe('docker.io')
  expect(event?.route?.assumed).toEqual(['initiator.credential.type'])
})

test('a registry that is configured as docker.io contradicts nothing', async () => {
  const registries = [
    { id: 'dockerhub', source: 'dockerhub', domain: 'docker.io', region: 'eu-central', account: 'acme' },
  ] as const
  const to = door({ registries })
  await post(to, repeat)
  const [event] = await to.intake()
  expect(event?.target.name).toBe('docker.io/exampleorg/core:develop')
  expect(event?.route?.contradictingDomain).toBeUndefined()
})

test.each([
  ['a float', bodyOf({ pushed_at: 1.795352398e9 }), 'acme/web:1.0', '2026-11-22T12:59:58.00+0000'],
  ['a fraction', bodyOf({ pushed_at: 1795352398.25 }), 'acme/web:1.0', '2026-11-22T12:59:58.25+0000'],
  ['images as null', bodyOf({ images: null }), 'acme/web:1.0', '2026-11-22T12:59:58.00+0000'],
  ['images of old', bodyOf({ images: ['5e9d02c4b7a1'] }), 'acme/web:1.0', '2026-11-22T12:59:58.00+0000'],
  ['no pusher', bodyOf({ pusher: null }), 'acme/web:1.0', '2026-11-22T12:59:58.00+0000'],
  ['an official image', bodyOf({}, { repo_name: 'busybox' }), 'busybox:1.0', '2026-11-22T12:59:58.00+0000'],
  ['no full name', bodyOf({}, { repo_name: null }), 'acme/web:1.0', '2026-11-22T12:59:58.00+0000'],
  ['no namespace', bodyOf({}, { repo_name: '', namespace: null }), 'web:1.0', '2026-11-22T12:59:58.00+0000'],
  ['no time', bodyOf({ pushed_at: null }), 'acme/web:1.0', '2026-11-22T13:00:00.12+0000'],
  ['no usable time', bodyOf({ pushed_at: 1e300 }), 'acme/web:1.0', '2026-11-22T13:00:00.12+0000'],
])('a push with %s', async (_what, body, name, time) => {
  const to = door()
  await post(to, body)
  const [event] = await to.intake()
  expect(event?.target.name).toBe(`de.icr.io/${name}`)
  expect(event?.eventTime).toBe(time)
  expect(event?.route?.assumed?.includes('eventTime')).toBe(time.startsWith('2026-11-22T13'))
})

test('a push of several platforms is one event, however often it is told', async () => {
  const to = door()
  const ids = new Set<string | undefined>()
  for (const seconds of [0, 1, 2, 90, 86_400]) {
    const { body } = await post(to, repeat, NOW + seconds * 1000)
    ids.add(body.accepted[0]?.id)
  }
  // What differs in the rest of the body does not count.
  const { body } = await post(to, { ...JSON.parse(repeat), callback_url: 'https://registry.hub.docker.com/other/' })
  ids.add(body.accepted[0]?.id)
  expect(ids.size).toBe(1)
})

const idOf = async (body: unknown, receivedAt = NOW) => (await post(door(), body, receivedAt)).body.accepted[0]?.id

test('another repository, tag, second or pusher is another event', async () => {
  const bodies = [
    bodyOf(),
    bodyOf({ tag: '1.1' }),
    bodyOf({ pushed_at: 1795352399 }),
    bodyOf({ pusher: 'bob' }),
    bodyOf({}, { repo_name: 'acme/api' }),
  ]
  const ids = await Promise.all(bodies.map((body) => idOf(body)))
  expect(new Set(ids).size).toBe(bodies.length)
})

test('without a time equal bodies are one event for 3 minutes', async () => {
  const body = bodyOf({ pushed_at: null, tag: 'timeless' })
  const first = await idOf(body)
  expect(await idOf(body, NOW + 179_999)).toBe(first)
  expect(await idOf(body, NOW + 180_000)).not.toBe(first)
})

test('a signature is a push like any other unless it is to be ignored', async () => {
  const body = bodyOf({ tag: `sha256-${'0a1b'.repeat(16)}.sig` })
  expect((await post(door(), body)).body.accepted).toHaveLength(1)
  const config = {
    id: 'dockerhub',
    source: 'dockerhub',
    domain: 'docker.io',
    region: 'global',
    account: 'acme',
  } as const
  const to = door({ registries: [{ ...config, accept: { signatures: 'ignore' } }] })
  expect((await post(to, body)).body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
  expect(to.entry.ignored).toEqual({ signature: 1 })
})

test.each([
  ['no tag, as before 2017', bodyOf({ tag: undefined, images: ['5e9d02c4b7a1'] }), 'INVALID_TARGET'],
  ['an empty tag', bodyOf({ tag: '' }), 'INVALID_TARGET'],
  ['no repository', bodyOf({}, { repo_name: null, namespace: null, name: null }), 'INVALID_TARGET'],
  ['a tag that is a number', bodyOf({ tag: 1 }), 'INVALID_ITEM'],
  ['a time that is text', bodyOf({ pushed_at: '2026-11-22' }), 'INVALID_ITEM'],
  ['push_data that is text', { push_data: 'x', repository: {} }, 'INVALID_ITEM'],
  ['no repository at all', { push_data: { tag: '1.0' } }, 'INVALID_ITEM'],
  ['no push', { repository: {} }, 'INVALID_ENVELOPE'],
  ['a list', [bodyOf()], 'INVALID_ENVELOPE'],
  ['no JSON', 'payload=1', 'INVALID_BODY'],
])('%s goes to quarantine', async (_what, body, reason) => {
  const to = door()
  const answer = await post(to, body)
  expect(answer.body).toMatchObject({ accepted: [], ignored: 0 })
  expect((await to.quarantine()).map((message) => message.reason)).toEqual([reason])
})

test('a static token in a header proves nothing: Docker Hub can send none', async () => {
  expect((await door().post('/webhooks/dockerhub', repeat)).status).toBe(401)
})
