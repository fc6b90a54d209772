import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { gitlab } from '../../lib/sources/gitlab.ts'
import { type Door, door, NOW } from '../door.ts'

// Written from the fields that GitLab documents and from what its own tests expect of the messages.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/gitlab', `${name}.json`), 'utf8')

/** Posts `body` as GitLab does: with a content type that is not true. */
function post(to: Door, body: unknown, headers: Record<string, string> = {}, receivedAt = NOW) {
  return to.post('/webhooks/gitlab', body, {
    headers: {
      authorization: '',
      'content-type': 'application/x-www-form-urlencoded',
      'x-gitlab-event-streaming-token': 'secret',
      ...headers,
    },
    receivedAt,
  })
}

/** An event about the repository `api` of the project `Group/Project`, as the system writes it. */
const event = (event_type: string | undefined, changes: object = {}, details: object = {}) => ({
  id: 'e1',
  author_id: 42,
  author_name: 'Jane Example',
  entity_id: 29,
  entity_type: 'Project',
  entity_path: 'Group/Project',
  ip_address: '198.51.100.7',
  target_id: 118,
  target_type: 'ContainerRepository',
  target_details: 'api',
  created_at: '2026-11-22T12:00:00.500Z',
  ...(event_type === undefined ? {} : { event_type }),
  details: { author_class: 'User', custom_message: 'Container repository tags marked for deletion: 1.0', ...details },
  ...changes,
})

const TAGS = 'container_repository_tags_deleted'

test('deleted tags are an event each, field by field', async () => {
  const to = door()
  const { body } = await post(to, read('audit-stream-container-tags-deleted'))
  expect(body.accepted.map(({ action, target }) => [action, target])).toEqual([
    ['container-registry.image.untag', 'de.icr.io/example-group/example-project/api:1.0'],
    ['container-registry.image.untag', 'de.icr.io/example-group/example-project/api:1.1'],
  ])
  const [first, second] = await to.intake()
  expect(first?.id).not.toBe(second?.id)
  expect(first).toMatchObject({
    eventTime: '2025-06-11T08:02:19.11+0000',
    outcome: 'success',
    severity: 'warning',
    initiator: {
      id: '42',
      name: 'Jane Example',
      typeURI: 'service/security/account/user',
      host: { address: '198.51.100.7', addressType: 'IPv4' },
    },
    target: { name: 'de.icr.io/example-group/example-project/api:1.0' },
    requestData: { authorClass: 'User' },
    route: { source: 'gitlab', assumed: ['initiator.credential.type'] },
  })
  expect(first?.route?.contradictingDomain).toBeUndefined()
})

test('a deleted repository is a bulk deletion by the system', async () => {
  const to = door()
  const changes = { author_id: -1, author_name: '(System)', ip_address: null }
  const details = {
    author_class: 'Gitlab::Audit::UnauthenticatedAuthor',
    custom_message: 'Container repository 118 deleted by worker',
  }
  const { body } = await post(to, event('container_repository_deleted', changes, details))
  expect(body.accepted.map(({ action, target }) => [action, target])).toEqual([
    ['container-registry.image.bulkdelete', 'de.icr.io/group/project/api'],
  ])
  expect((await to.intake())[0]).toMatchObject({
    eventTime: '2026-11-22T12:00:00.50+0000',
    initiator: { id: '(System)', name: '(System)', host: { address: '' } },
    requestData: { authorClass: 'Gitlab::Audit::UnauthenticatedAuthor' },
  })
})

test.each([
  ['its name in the project', 'Group/Project', 'api', 'group/project/api'],
  ['the whole path', 'Group/Project', 'group/project/api', 'group/project/api'],
  ['the project’s own', 'Group/Project', '', 'group/project'],
  ['the project’s own by its path', 'Group/Project', 'group/project', 'group/project'],
  ['nothing', 'Group/Project', null, 'group/project'],
  ['the whole path, and no project', null, 'group/project/api', 'group/project/api'],
  ['a name that only begins like the project', 'team/app', 'team/apps', 'team/app/team/apps'],
])('a repository that is said by %s', async (_what, entity_path, target_details, repository) => {
  const to = door()
  const { body } = await post(to, event('container_repository_deleted', { entity_path, target_details }))
  expect(body.accepted.map(({ target }) => target)).toEqual([`de.icr.io/${repository}`])
})

test.each([
  ['Container repository tags marked for deletion: 1.0', ['1.0']],
  ['Container repository tags marked for deletion: 1.0, 1.1, latest', ['1.0', '1.1', 'latest']],
  ['Some other words: a,b ,  c', ['a', 'b', 'c']],
  ['tags: a, a', ['a']],
  ['tags: a, , b,', ['a', 'b']],
])('%s', async (custom_message, tags) => {
  const to = door()
  const { body } = await post(to, event(TAGS, {}, { custom_message }))
  expect(body.accepted.map(({ target }) => target)).toEqual(tags.map((tag) => `de.icr.io/group/project/api:${tag}`))
  expect(body.quarantined).toEqual([])
})

test.each([
  ['no tags', event(TAGS, {}, { custom_message: 'Container repository tags marked for deletion: ' }), 'INVALID_TARGET'],
  ['a sentence without tags', event(TAGS, {}, { custom_message: 'Tags deleted' }), 'INVALID_TARGET'],
  ['a sentence that is none', event(TAGS, {}, { custom_message: { tags: ['1.0'] } }), 'INVALID_ITEM'],
  ['no repository', event(TAGS, { entity_path: null, target_details: null }), 'INVALID_TARGET'],
  ['an author that is an object', event('container_repository_deleted', { author_id: {} }), 'INVALID_ITEM'],
  ['a type that is a number', { ...event(undefined), event_type: 5 }, 'INVALID_ITEM'],
  ['a type that nobody knows', event('container_registry_tag_rule_created'), 'UNKNOWN_ACTION'],
  ['no type at all', event(undefined), 'UNKNOWN_ACTION'],
  ['text', '"text"', 'INVALID_ENVELOPE'],
  ['a form', 'payload=%7B%7D', 'INVALID_BODY'],
])('%s goes to quarantine', async (_what, body, reason) => {
  const to = door()
  const answer = await post(to, body)
  expect(answer.status).toBe(202)
  expect(answer.body.quarantined).toMatchObject([{ reason }])
  expect(await to.intake()).toEqual([])
})

test('several events as a list count each for itself', async () => {
  const to = door()
  const { body } = await post(to, [
    event(TAGS, { id: 1 }, { custom_message: 'deleted: a, b' }),
    7,
    event('user_created', { id: 2 }),
    event('container_repository_deleted', { id: 3 }),
  ])
  expect(body.accepted).toHaveLength(3)
  expect(body.ignored).toBe(1)
  expect(body.quarantined).toMatchObject([{ reason: 'INVALID_ITEM' }])
  expect(to.entry.received).toBe(5)
})

describe('the type', () => {
  test.each([
    ['is that of the body', TAGS, { 'x-gitlab-audit-event-type': 'user_created' }, {}],
    ['is that of the header when the body has none', undefined, { 'x-gitlab-audit-event-type': TAGS }, {}],
    ['is that of the header when the body’s is empty', '', { 'x-gitlab-audit-event-type': TAGS }, {}],
    ['is that of the details when there is no other', undefined, {}, { event_name: TAGS }],
  ])('%s', async (_what, type, headers, details) => {
    const to = door()
    const { body } = await post(to, event(type, {}, details), headers)
    expect(body.accepted.map(({ action }) => action)).toEqual(['container-registry.image.untag'])
  })
})

test.each([
  ['container_repository_deletion_marked', 'deletion request'],
  ['container_repository_created', 'repository creation'],
  ['project_feature_container_registry_access_level_updated', 'registry setting'],
  ['project_feature_package_registry_access_level_updated', 'registry setting'],
  ['project_packages_enabled_updated', 'registry setting'],
  ['package_registry_package_deleted', 'package'],
  ['package_registry_package_published', 'package'],
  ['virtual_registries_container_cache_entry_deleted', 'cache entry'],
  ['virtual_registries_container_cache_remote_entry_deleted', 'cache entry'],
  ['virtual_registries_packages_maven_cache_entry_deleted', 'cache entry'],
  ['virtual_registries_packages_maven_cache_remote_entry_deleted', 'cache entry'],
  ['virtual_registries_packages_maven_upstream_artifact_denied', 'package'],
])('%s is ignored as a %s', async (type, ignored) => {
  const to = door()
  const { body } = await post(to, event(type))
  expect(body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
  expect(to.entry.ignored).toEqual({ [ignored]: 1 })
})

test('every other type is ignored, whatever its other fields are', async () => {
  const others = Object.entries(gitlab.vocabulary)
    .filter(([, meaning]) => 'ignored' in meaning && meaning.ignored === 'other audit event')
    .map(([name]) => name)
  expect(others.length).toBeGreaterThan(600)
  expect(others).toEqual(expect.arrayContaining(['repository_git_operation', 'user_created', 'audit_operation']))
  expect(others.filter((name) => !/^[a-z0-9_]+$/.test(name))).toEqual([])
  const to = door()
  const odd = { author_id: {}, target_details: [1], entity_path: 7, details: { custom_message: { protocol: 'ssh' } } }
  const { body } = await post(
    to,
    others.map((type) => event(type, odd)),
  )
  expect(body).toEqual({ accepted: [], ignored: others.length, quarantined: [] })
  expect(to.entry.ignored).toEqual({ 'other audit event': others.length })
})

describe('ids', () => {
  const ids = async (body: object, receivedAt = NOW) =>
    (await post(door(), body, {}, receivedAt)).body.accepted.map(({ id }) => id)

  test('the same event twice is the same, another one is not', async () => {
    const first = await ids(event(TAGS))
    expect(first).toHaveLength(1)
    expect(await ids(event(TAGS), NOW + 3_600_000)).toEqual(first)
    expect(await ids(event(TAGS, { id: 'e2' }))).not.toEqual(first)
    expect(await ids(event(TAGS, { created_at: '2026-11-22T12:00:00.500123+00:00' }))).toEqual(first)
  })

  test('events of one second, to which old versions give one id, differ in what they are about', async () => {
    const first = await ids(event(TAGS, { id: 1700000000 }))
    expect(await ids(event(TAGS, { id: 1700000000 }, { custom_message: 'deleted: 2.0' }))).not.toEqual(first)
    expect(await ids(event(TAGS, { id: 1700000000, target_details: 'web' }))).not.toEqual(first)
    expect(await ids(event('container_repository_deleted', { id: 1700000000 }))).not.toEqual(first)
  })

  test('without an id the event itself is it', async () => {
    const first = await ids(event(TAGS, { id: null }))
    expect(await ids(event(TAGS, { id: null }), NOW + 3_600_000)).toEqual(first)
    expect(await ids(event(TAGS, { id: null, created_at: '2026-11-22T12:00:01Z' }))).not.toEqual(first)
  })

  test('without a time either, when it came', async () => {
    const first = await ids(event(TAGS, { id: null, created_at: null }))
    expect(await ids(event(TAGS, { id: null, created_at: null }), NOW + 60_000)).toEqual(first)
    expect(await ids(event(TAGS, { id: null, created_at: null }), NOW + 3_600_000)).not.toEqual(first)
  })
})

test('without a time the time of receipt is used, and the event says so', async () => {
  const to = door()
  await post(to, event(TAGS, { created_at: 'yesterday' }))
  const [written] = await to.intake()
  expect(written?.eventTime).toBe('2026-11-22T13:00:00.12+0000')
  expect(written?.route?.assumed).toContain('eventTime')
})
