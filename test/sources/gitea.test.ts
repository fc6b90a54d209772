import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { RegistryConfig } from '../../lib/registries.ts'
import { gitea } from '../../lib/sources/gitea.ts'
import { type Door, door, NOW } from '../door.ts'

// Written from the structures that Gitea and Forgejo encode.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/gitea', `${name}.json`), 'utf8')

const DELIVERY = '6a3ce9d2-8f1c-4c8e-9a53-0c6f1e0c9b11'
const DIGEST = `sha256:${'a7'.repeat(32)}`

const signatureOf = (text: string) => createHmac('sha256', 'secret').update(text).digest('hex')

/** Posts `body` as Gitea does, signed with the secret of the door. */
function post(to: Door, event: string, body: unknown, headers: Record<string, string> = {}, receivedAt = NOW) {
  const sent = typeof body === 'string' ? body : JSON.stringify(body)
  return to.post('/webhooks/gitea', sent, {
    headers: {
      authorization: '',
      'x-gitea-delivery': DELIVERY,
      'x-gitea-event': event,
      'x-gitea-event-type': event,
      'x-gitea-signature': signatureOf(sent),
      ...headers,
    },
    receivedAt,
  })
}

const push = (told: object = {}, changes: object = {}) => ({
  action: 'created',
  repository: null,
  package: {
    id: 12,
    owner: { id: 3, login: 'Team' },
    creator: { id: 9, login: 'somebody-else' },
    type: 'container',
    name: 'app',
    version: '1.0',
    html_url: 'https://git.example.com/Team/-/packages/container/app/1.0',
    created_at: '2026-11-22T12:00:00Z',
    ...told,
  },
  sender: { id: 9, login: 'ci-bot' },
  ...changes,
})

const withSettings = (accept: NonNullable<Extract<RegistryConfig, { source: 'gitea' }>['accept']>) =>
  door({
    registries: [{ id: 'gitea', source: 'gitea', domain: 'de.icr.io', region: 'eu-central', account: 'acme', accept }],
  })

test.each([
  ['package-created-tag', 'de.icr.io/team/app:1.0'],
  ['package-created-digest', `de.icr.io/team/app@${DIGEST}`],
])('%s is a push of %s', async (fixture, target) => {
  const to = door()
  const { body } = await post(to, 'package', read(fixture))
  expect(body.accepted.map((entry) => [entry.action, entry.target])).toEqual([
    ['container-registry.image.push', target],
  ])
  expect(await to.intake()).toMatchObject([
    {
      eventTime: '2024-05-06T07:08:09.00+0000',
      initiator: { id: 'ci-bot', name: 'ci-bot', typeURI: 'service/security/account/user' },
      target: { id: target, name: target, host: { address: 'git.example.com' } },
      route: {
        source: 'gitea',
        contradictingDomain: 'git.example.com',
        assumed: ['initiator.credential.type'],
      },
    },
  ])
})

test.each([
  ['a tag', '1.0', 'de.icr.io/team/app:1.0'],
  ['a digest', DIGEST, `de.icr.io/team/app@${DIGEST}`],
])('a deletion by %s is of that image, at the time of receipt', async (_what, version, target) => {
  const to = door()
  const { body } = await post(to, 'package', push({ version }, { action: 'deleted' }))
  expect(body.accepted.map((entry) => [entry.action, entry.target])).toEqual([
    ['container-registry.image.delete', target],
  ])
  const [event] = await to.intake()
  expect(event?.eventTime).toBe('2026-11-22T13:00:00.12+0000')
  expect(event?.route?.assumed).toContain('eventTime')
})

describe('the event', () => {
  const names = { 'x-gitea-event': '', 'x-gitea-event-type': '', 'x-forgejo-event': '', 'x-forgejo-event-type': '' }

  test.each(Object.keys(names))('is that of %s when the others are empty', async (name) => {
    const to = door()
    const { body } = await post(to, '', push(), { ...names, [name]: 'package' })
    expect(body.accepted).toHaveLength(1)
    // The body of another event does not show which it is.
    const other = await post(to, '', { ref: 'main' }, { ...names, [name]: 'release' })
    expect(other.body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
  })

  test('is shown by the body when no header has it', async () => {
    const to = door()
    const { body } = await post(to, '', push(), names)
    expect(body.accepted).toHaveLength(1)
  })
})

describe('a form', () => {
  const json = JSON.stringify(push())
  const form = `payload=${encodeURIComponent(json)}`
  const type = { 'content-type': 'application/x-www-form-urlencoded' }

  test('is signed by the text in it', async () => {
    const [asJson, asForm] = [door(), door()]
    const first = await post(asJson, 'package', json)
    const second = await post(asForm, 'package', form, { ...type, 'x-gitea-signature': signatureOf(json) })
    expect(first.body.accepted).toHaveLength(1)
    expect(second.body).toEqual(first.body)
  })

  test('with another text in it is refused', async () => {
    const to = door()
    const tampered = form.replace('1.0', '1.1')
    expect(tampered).not.toBe(form)
    const { status } = await post(to, 'package', tampered, { ...type, 'x-gitea-signature': signatureOf(json) })
    expect(status).toBe(401)
  })

  test('without a text in it goes to quarantine', async () => {
    const to = door()
    const { body } = await post(to, 'package', 'other=1', type)
    expect(body.quarantined).toMatchObject([{ reason: 'INVALID_BODY' }])
  })
})

test('without a secret its Authorization header is enough, with an empty signature beside it', async () => {
  const to = door()
  const headers = { authorization: 'Bearer secret', 'x-gitea-signature': '', 'x-hub-signature-256': 'sha256=' }
  expect((await post(to, 'package', push(), headers)).body.accepted).toHaveLength(1)
  const without = await post(to, 'package', push(), { ...headers, authorization: '' })
  expect(without.status).toBe(401)
})

describe('ids', () => {
  const id = async (body: object, headers: Record<string, string> = {}, receivedAt = NOW) =>
    (await post(door(), 'package', body, headers, receivedAt)).body.accepted[0]?.id

  test('the same delivery is the same event, another one is not', async () => {
    const first = await id(push())
    expect(first).toEqual(expect.any(String))
    expect(await id(push(), {}, NOW + 3_600_000)).toBe(first)
    // A tag that is pushed again may keep number and time of its version.
    expect(await id(push(), { 'x-gitea-delivery': 'another' })).not.toBe(first)
    expect(await id(push({ version: '1.1' }))).not.toBe(first)
    expect(await id(push({}, { action: 'deleted' }))).not.toBe(first)
  })

  test.each(['x-gitea-delivery', 'x-forgejo-delivery', 'webhook-id'])('without a time %s counts', async (name) => {
    const body = push({ created_at: null })
    const first = await id(body, { 'x-gitea-delivery': '', [name]: 'one' })
    expect(await id(body, { 'x-gitea-delivery': '', [name]: 'one' }, NOW + 3_600_000)).toBe(first)
    expect(await id(body, { 'x-gitea-delivery': '', [name]: 'two' })).not.toBe(first)
  })

  test('without one it is the version, and when it was created', async () => {
    const none = { 'x-gitea-delivery': '' }
    const first = await id(push(), none)
    expect(await id(push({ id: 4712 }), none)).not.toBe(first)
    expect(await id(push(), none, NOW + 3_600_000)).toBe(first)
    expect(await id(push({ created_at: '2026-11-22T12:00:01Z' }), none)).not.toBe(first)
  })

  test('without a time either it is when it came', async () => {
    const none = { 'x-gitea-delivery': '' }
    const body = push({ created_at: null, version: '2.0' })
    const first = await id(body, none)
    expect(await id(body, none, NOW + 60_000)).toBe(first)
    expect(await id(body, none, NOW + 3_600_000)).not.toBe(first)
  })
})

test.each([
  [{}, DIGEST, 1],
  [{ children: 'tagged' }, DIGEST, 0],
  [{ children: 'tagged' }, '1.0', 1],
  [{}, `sha256-${'a7'.repeat(32)}.sig`, 1],
  [{ signatures: 'ignore' }, `sha256-${'a7'.repeat(32)}.sig`, 0],
  [{ signatures: 'ignore' }, '1.0', 1],
] as const)('settings %j, version %s', async (accept, version, accepted) => {
  const to = withSettings(accept)
  const { body } = await post(to, 'package', push({ version }))
  expect([body.accepted.length, body.ignored]).toEqual([accepted, 1 - accepted])
  expect(await to.quarantine()).toEqual([])
})

test('other kinds of packages are ignored', async () => {
  const kinds = Object.keys(gitea.vocabulary).flatMap((name) => /^package, (.*)$/.exec(name)?.[1] ?? [])
  expect(kinds).toEqual(expect.arrayContaining(['npm', 'generic', 'maven', 'debian', 'terraform']))
  for (const type of kinds) {
    const to = door()
    const { body } = await post(to, 'package', push({ type }))
    expect(body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
    expect(to.entry.ignored).toEqual({ 'other package': 1 })
  }
})

test('every other event is ignored, a test delivery among them', async () => {
  const events = Object.keys(gitea.vocabulary).filter((name) => /^[a-z_]+$/.test(name))
  expect(events).toEqual(
    expect.arrayContaining(['push', 'pull_request_review_approved', 'pull_request_approved', 'wiki']),
  )
  for (const name of events) {
    const to = door()
    const { body } = await post(to, name, { ref: 'refs/heads/main', commits: [] })
    expect(body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
    expect(to.entry.ignored).toEqual({ 'other event': 1 })
  }
})

test('every row of the vocabulary that is mapped is told of above', () => {
  const mapped = Object.entries(gitea.vocabulary).flatMap(([name, meaning]) => ('action' in meaning ? [name] : []))
  expect(mapped).toEqual([
    'package created, by tag',
    'package created, by digest',
    'package created, signature',
    'package deleted',
  ])
})

describe('quarantine', () => {
  test.each([
    ['an event that nobody knows', 'package_v2', push(), 'UNKNOWN_ACTION'],
    ['an action that nobody knows', 'package', push({}, { action: 'moved' }), 'UNKNOWN_ACTION'],
    ['a kind of package that nobody knows', 'package', push({ type: 'floppy' }), 'UNKNOWN_ACTION'],
    ['no event at all', '', { action: 'created' }, 'INVALID_ENVELOPE'],
    ['a list', 'package', [], 'INVALID_ENVELOPE'],
    ['no package', 'package', { action: 'created' }, 'INVALID_ITEM'],
    ['a version that is a number', 'package', push({ version: 1 }), 'INVALID_ITEM'],
    ['no owner', 'package', push({ owner: null }), 'INVALID_TARGET'],
    ['no version', 'package', push({ version: '' }), 'INVALID_TARGET'],
  ])('takes %s', async (_what, event, body, reason) => {
    const to = door()
    const answer = await post(to, event, body)
    expect(answer.status).toBe(202)
    expect(answer.body.quarantined).toMatchObject([{ reason }])
    expect(await to.intake()).toEqual([])
  })
})

test('nobody is invented when there is no sender, and no domain when there is no address', async () => {
  const to = door()
  await post(to, 'package', push({ html_url: '' }, { sender: null }))
  const [event] = await to.intake()
  expect(event?.initiator).toMatchObject({ id: '', name: 'gitea' })
  expect(event?.target.host).toBeUndefined()
})
