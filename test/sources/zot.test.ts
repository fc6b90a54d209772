import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { RegistryConfig } from '../../lib/registries.ts'
import { zot } from '../../lib/sources/zot.ts'
import { door } from '../door.ts'

// Every fixture was written from zot's sources: its events carry the body alone, the rest stands in headers.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/zot', `${name}.json`), 'utf8')

const binary = (type: string, changes: Record<string, string> = {}) => ({
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': '3c1e5a52-6a4f-4f8e-9d55-0c6f0a5b7c11',
  'ce-source': 'zotregistry.dev',
  'ce-type': type,
  'ce-time': '2026-11-22T12:39:43.083123456Z',
  ...changes,
})

const updated = 'zotregistry.image.updated'
const digest = `sha256:${'f6'.repeat(32)}`
const image = 'de.icr.io/team/app'

const configured = (accept: object): RegistryConfig[] => [
  { id: 'zot', source: 'zot', domain: 'de.icr.io', region: 'eu-central', account: 'acme', accept },
]

// Written down by reading the fixtures.
const table: [fixture: string, type: string, action: string, name: string, id: string][] = [
  ['image-updated-tag', updated, 'image.push', `${image}:1.0`, `${image}@${digest}`],
  ['image-deleted-tag', 'zotregistry.image.deleted', 'image.untag', `${image}:1.0`, `${image}@${digest}`],
  ['image-deleted-digest', 'zotregistry.image.deleted', 'image.delete', `${image}@${digest}`, `${image}@${digest}`],
  ['image-lint-failed', 'zotregistry.image.lint_failed', 'image.push', `${image}:1.0`, `${image}@${digest}`],
  [
    'repository-created',
    'zotregistry.repository.created',
    'namespace.create',
    'team/app',
    'crn:v1:bluemix:public:container-registry::a/acme::namespace:team/app',
  ],
]

test.each(table)('%s', async (fixture, type, action, name, id) => {
  const { post, intake } = door()
  const { status, body } = await post('/webhooks/zot', read(fixture), { headers: binary(type) })
  expect([status, body.ignored, body.quarantined]).toEqual([202, 0, []])
  const [event] = await intake()
  expect(event).toMatchObject({
    action: `container-registry.${action}`,
    eventTime: '2026-11-22T12:39:43.08+0000',
    target: { name },
  })
  expect(event?.target.id).toContain(id.startsWith('crn:') ? 'team/app' : id)
  // It never says which domain it serves.
  expect(event?.target.host).toBeUndefined()
})

test('who did it, from where, with what', async () => {
  const { post, intake } = door()
  await post('/webhooks/zot', read('image-updated-tag'), { headers: binary(updated) })
  await post('/webhooks/zot', read('image-deleted-tag'), { headers: binary('zotregistry.image.deleted') })
  await post('/webhooks/zot', read('image-deleted-digest'), { headers: binary('zotregistry.image.deleted') })
  const events = await intake()
  expect(events.map(({ initiator: { id, name, host } }) => [id, name, host.address, host.agent])).toEqual([
    ['ci-bot', 'ci-bot', '198.51.100.7', 'skopeo/1.15.1'],
    ['alice', 'alice', '2001:db8::7', 'curl/8.5.0'],
    ['', 'zot', '', undefined],
  ])
})

test('the manifest stays out of the event', async () => {
  const { post, intake } = door()
  await post('/webhooks/zot', read('image-updated-tag'), { headers: binary(updated) })
  expect(JSON.stringify(await intake())).not.toContain('schemaVersion')
})

test('what the lint rules refuse is a failed push', async () => {
  const { post, intake } = door()
  await post('/webhooks/zot', read('image-lint-failed'), { headers: binary('zotregistry.image.lint_failed') })
  const [event] = await intake()
  expect([event?.outcome, event?.reason.reasonCode]).toEqual(['failure', 400])
  expect(event?.reason.reasonForFailure).toBe('The image does not pass the lint rules')
})

test('a scan is noise', async () => {
  const to = door()
  const { body } = await to.post('/webhooks/zot', read('image-scanned'), {
    headers: binary('zotregistry.image.scanned'),
  })
  expect(body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
  expect(to.entry.ignored).toEqual({ scan: 1 })
})

const changed = (changes: object) => ({ ...JSON.parse(read('image-updated-tag')), ...changes })

describe('pushes', () => {
  const signature = `sha256-${'a0'.repeat(32)}.sig`
  test.each<[string, object, object, number]>([
    ['by digest', { reference: digest }, {}, 1],
    ['by digest', { reference: digest }, { children: 'tagged' }, 0],
    ['of a signature', { reference: signature }, {}, 1],
    ['of a signature', { reference: signature }, { signatures: 'ignore' }, 0],
    ['by tag', {}, { children: 'tagged', signatures: 'ignore' }, 1],
  ])('%s %j with %j: %i', async (_what, changes, accept, accepted) => {
    const { post } = door({ registries: configured(accept) })
    const { body } = await post('/webhooks/zot', changed(changes), { headers: binary(updated) })
    expect([body.accepted.length, body.ignored, body.quarantined]).toEqual([accepted, 1 - accepted, []])
  })
})

test('a type prefix and a source of its own say the same', async () => {
  const { post } = door()
  const headers = binary('com.example.registry.image.updated', { 'ce-source': 'https://registry.example.com/acme' })
  const { body } = await post('/webhooks/zot', read('image-updated-tag'), { headers })
  expect(body.accepted.map(({ action }) => action)).toEqual(['container-registry.image.push'])
})

test('structured mode and base64 give the same event as binary mode', async () => {
  const { post, intake } = door()
  const headers = binary(updated)
  await post('/webhooks/zot', read('image-updated-tag'), { headers })
  const attributes = Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (name.startsWith('ce-') ? [[name.slice(3), value]] : [])),
  )
  const type = { headers: { 'content-type': 'application/cloudevents+json' } }
  await post('/webhooks/zot', { ...attributes, data: changed({}) }, type)
  const data_base64 = Buffer.from(read('image-updated-tag')).toString('base64')
  await post('/webhooks/zot', { ...attributes, data_base64 }, type)
  const [first, ...others] = await intake()
  expect(first?.target.name).toBe(`${image}:1.0`)
  expect(others).toEqual([first, first])
})

test('the same delivery is the same event, another id or source is another', async () => {
  const { post } = door()
  const idOf = async (changes: Record<string, string> = {}) =>
    (await post('/webhooks/zot', read('image-updated-tag'), { headers: binary(updated, changes) })).body.accepted[0]?.id
  const first = await idOf()
  expect(first).toBeDefined()
  expect(await idOf({ 'ce-time': '2026-11-22T12:40:00Z' })).toBe(first)
  const others = [await idOf({ 'ce-id': 'another' }), await idOf({ 'ce-source': 'https://other.example' })]
  expect(new Set([first, ...others]).size).toBe(3)
})

describe('what cannot be used goes to quarantine', () => {
  test.each<[string, string, Record<string, string>, string]>([
    ['an unknown event', read('image-updated-tag'), binary('zotregistry.image.copied'), 'UNKNOWN_ACTION'],
    ['an event of something else', read('image-updated-tag'), binary('com.example.updated'), 'UNKNOWN_ACTION'],
    ['a body without the headers', read('image-updated-tag'), { 'content-type': 'application/json' }, 'INVALID_ITEM'],
    ['a body without a name', '{"reference":"1.0"}', binary(updated), 'INVALID_ITEM'],
    ['a reference that is no text', '{"name":"a","reference":1}', binary(updated), 'INVALID_ITEM'],
    ['neither reference nor digest', '{"name":"team/app"}', binary(updated), 'INVALID_TARGET'],
    ['no body', '', binary(updated), 'INVALID_ITEM'],
    ['no JSON', 'name=team/app', binary(updated), 'INVALID_BODY'],
  ])('%s', async (_what, body, headers, reason) => {
    const { post, quarantine } = door()
    const answer = await post('/webhooks/zot', body, { headers })
    expect([answer.status, answer.body.accepted]).toEqual([202, []])
    expect((await quarantine()).map((entry) => entry.reason)).toEqual([reason])
  })
})

test('every event that it can send is in a test above', () => {
  expect(Object.keys(zot.vocabulary).sort()).toEqual(
    [
      'zotregistry.repository.created',
      'zotregistry.image.updated, by tag',
      'zotregistry.image.updated, by digest',
      'zotregistry.image.updated, signature',
      'zotregistry.image.deleted, by tag',
      'zotregistry.image.deleted, by digest',
      'zotregistry.image.lint_failed',
      'zotregistry.image.scanned',
    ].sort(),
  )
})
