import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { quay } from '../../lib/sources/quay.ts'
import { type Door, door, NOW } from '../door.ts'

// Bodies were written from the forms that Quay's own code gives them; no body of anybody's was at hand to be copied.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/quay', `${name}.json`), 'utf8')

/** Posts a notification to the URL of `event`, or to one without. */
const notify = (to: Door, body: unknown, event?: string, receivedAt = NOW) =>
  to.post('/webhooks/quay', body, { query: `${event === undefined ? '' : `event=${event}&`}token=secret`, receivedAt })

/** Posts what goes to the collector. */
const collect = (to: Door, body: unknown, receivedAt = NOW) =>
  to.post('/webhooks/quay', body, { headers: { authorization: 'Splunk quay:secret' }, receivedAt })

const short = ({ action, target }: { action: string; target: string }): [string, string] => [
  action.slice('container-registry.'.length),
  target,
]

const WEB = 'de.icr.io/acme/web'
const DIGEST = 'sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef'
const place = {
  name: 'web',
  repository: 'acme/web',
  namespace: 'acme',
  docker_url: 'quay.example.com/acme/web',
  homepage: 'https://quay.example.com/repository/acme/web',
}
const build = JSON.parse(read('build')) as Record<string, unknown>
const failed = { ...build, error_message: 'Could not pull the base image' }
const built = { ...build, image_id: 'sha256:1f2e', manifest_digests: [`quay.example.com/acme/web@${DIGEST}`] }
const quotaAlert = { namespace: 'acme', threshold_percent: 80, usage_bytes: 800, limit_bytes: 1000 }

describe('notifications', () => {
  const WEBS: [string, string][] = [
    ['image.push', `${WEB}:2.1`],
    ['image.push', `${WEB}:stable`],
  ]
  const builds: [string, string][] = [
    ['image.build', `${WEB}:main`],
    ['image.build', `${WEB}:latest`],
  ]

  // The type that the URL says, the body, events, what is ignored.
  const table: [
    event: string | undefined,
    body: unknown,
    events: [string, string][],
    ignored: Record<string, number>,
  ][] = [
    ['repo_push', read('repo-push'), WEBS, {}],
    [undefined, read('repo-push'), WEBS, {}],
    ['', read('repo-push'), WEBS, {}],
    ['build_success', built, builds, {}],
    ['build_success', build, builds, {}],
    [undefined, built, builds, {}],
    [undefined, { ...build, image_id: '77' }, builds, {}],
    [undefined, { ...build, manifest_digests: [DIGEST] }, builds, {}],
    ['build_failure', failed, builds, {}],
    ['build_failure', build, builds, {}],
    [undefined, failed, builds, {}],
    ['build_queued', build, [], { 'build progress': 1 }],
    ['build_start', build, [], { 'build progress': 1 }],
    ['build_cancelled', { ...build, image_id: '1' }, [], { 'build progress': 1 }],
    [undefined, build, [], { 'build progress': 1 }],
    ['repo_mirror_sync_started', { ...place, message: 'm' }, [], { mirroring: 1 }],
    ['repo_mirror_sync_success', { ...place, message: 'm' }, [], { mirroring: 1 }],
    ['repo_mirror_sync_failed', { ...place, message: 'm' }, [], { mirroring: 1 }],
    [undefined, { ...place, message: 'm' }, [], { mirroring: 1 }],
    ['vulnerability_found', { ...place, tags: ['a'], vulnerability: {} }, [], { vulnerability: 1 }],
    [undefined, { ...place, tags: ['a'], vulnerability: {} }, [], { vulnerability: 1 }],
    [undefined, { ...place, tags: ['a'], vulnerabilities: [] }, [], { vulnerability: 1 }],
    [undefined, { ...place, vulnerable_index_report_created: 'true' }, [], { vulnerability: 1 }],
    ['repo_image_expiry', { ...place, tags: ['a'], expiring_in: '7 days' }, [], { 'expiry notice': 1 }],
    [undefined, { ...place, tags: ['a'], expiring_in: '7 days' }, [], { 'expiry notice': 1 }],
    ['quota_warning', quotaAlert, [], { 'quota alert': 1 }],
    ['quota_error', quotaAlert, [], { 'quota alert': 1 }],
    [undefined, quotaAlert, [], { 'quota alert': 1 }],
    // A template of the user's own: the URL alone says what it is.
    ['vulnerability_found', { text: 'look' }, [], { vulnerability: 1 }],
  ]

  test.each(table)('%s, %j', async (event, body, events, ignored) => {
    const to = door()
    const answer = await notify(to, body, event)
    expect(answer.status).toBe(202)
    expect(answer.body.accepted.map(short)).toEqual(events)
    expect(to.entry.ignored ?? {}).toEqual(ignored)
    expect(await to.quarantine()).toEqual([])
  })

  test('a push, field by field: no actor, no time, the domain of docker_url', async () => {
    const to = door()
    await notify(to, read('repo-push'), 'repo_push')
    const [event] = await to.intake()
    expect(event).toMatchObject({
      action: 'container-registry.image.push',
      outcome: 'success',
      eventTime: '2026-11-22T13:00:00.12+0000',
      initiator: { id: '', name: 'quay', host: { address: '' } },
      target: { id: `${WEB}:2.1`, name: `${WEB}:2.1`, host: { address: 'quay.example.com:8443' } },
    })
    expect(event?.route?.assumed).toEqual(['eventTime', 'initiator.name', 'initiator.credential.type'])
    expect(event?.route?.contradictingDomain).toBe('quay.example.com:8443')
  })

  test('a build says how it ended, and its digest when there is one', async () => {
    const to = door()
    await notify(to, failed, 'build_failure')
    await notify(to, built, 'build_success')
    const [bad, , good] = await to.intake()
    expect(bad).toMatchObject({ outcome: 'failure', reason: { reasonForFailure: 'Could not pull the base image' } })
    expect(good).toMatchObject({ outcome: 'success', target: { id: `${WEB}@${DIGEST}`, name: `${WEB}:main` } })
    expect(good?.requestData).toMatchObject({
      buildId: '5f1f7c2a-8d2b-4a39-9a57-3c5b1a1d0e01',
      imageId: 'sha256:1f2e',
      triggerKind: 'github',
    })
  })

  test('of several digests none is the target’s', async () => {
    const to = door()
    await notify(to, { ...build, manifest_digests: [DIGEST, 'sha256:1f2e'] }, 'build_success')
    const [event] = await to.intake()
    expect(event?.target.id).toBe(`${WEB}:main`)
    expect(event?.requestData?.manifestDigests).toEqual([DIGEST, 'sha256:1f2e'])
  })

  const push = { ...place, updated_tags: ['1.0'] }

  // What can't be read is kept, whole.
  const unusable: [what: string, event: string | undefined, body: unknown, reason: string][] = [
    ['a type that Quay does not have', 'repo_pull', push, 'UNKNOWN_ACTION'],
    ['a kind of the log as type', 'push_repo', push, 'UNKNOWN_ACTION'],
    ['a push at the URL of something else', 'build_queued', push, 'INVALID_ENVELOPE'],
    ['a failed build at the URL of queued ones', 'build_queued', failed, 'INVALID_ENVELOPE'],
    ['a build at the URL of vulnerabilities', 'vulnerability_found', build, 'INVALID_ENVELOPE'],
    ['an unknown shape', undefined, { ...place, other: 1 }, 'INVALID_ENVELOPE'],
    ['a list', 'repo_push', [push], 'INVALID_ENVELOPE'],
    ['no JSON', 'repo_push', 'payload=1', 'INVALID_BODY'],
    ['no tags', 'repo_push', { ...place, updated_tags: [] }, 'INVALID_TARGET'],
    ['no repository', 'repo_push', { updated_tags: ['1.0'] }, 'INVALID_TARGET'],
    ['tags that are no list', 'repo_push', { ...place, updated_tags: { latest: 'id' } }, 'INVALID_ITEM'],
    ['a tag that is no text', 'repo_push', { ...place, updated_tags: ['1.0', 2] }, 'INVALID_ITEM'],
    ['a build without tags', 'build_success', { ...place, build_id: '1' }, 'INVALID_TARGET'],
  ]
  test.each(unusable)('%s goes to quarantine', async (_what, event, body, reason) => {
    const to = door()
    const answer = await notify(to, body, event)
    expect(answer.body).toMatchObject({ accepted: [], ignored: 0 })
    expect((await to.quarantine()).map((message) => message.reason)).toEqual([reason])
  })

  const idsOf = async (body: unknown, event: string | undefined, receivedAt: number) =>
    (await notify(door(), body, event, receivedAt)).body.accepted.map(({ id }) => id)

  test('the same body is one push for 3 minutes, and another one after', async () => {
    const start = NOW + 3_600_000
    const [first] = await idsOf(push, 'repo_push', start)
    expect(await idsOf(push, 'repo_push', start + 120_000)).toEqual([first])
    expect(await idsOf(push, undefined, start + 179_999)).toEqual([first])
    expect(await idsOf(push, 'repo_push', start + 180_000)).not.toEqual([first])
    expect(await idsOf({ ...push, updated_tags: ['1.1'] }, 'repo_push', start)).not.toEqual([first])
    expect(new Set(await idsOf(read('repo-push'), 'repo_push', start)).size).toBe(2)
  })
})

/** An entry of the log as the producer for Splunk sends it. */
const entryOf = (kind: string, metadata: unknown = {}, changes: object = {}) => ({
  event: {
    account: 'acme',
    datetime: 1795352398,
    ip: '198.51.100.7',
    kind,
    metadata_json: metadata,
    performer: 'jane',
    repository: 'web',
    ...changes,
  },
  host: 'quay.example.com',
  sourcetype: 'access_combined',
})

const V1 = { namespace: 'acme', repo: 'web', tag: 'v1' }
const BY_DIGEST = { namespace: 'acme', repo: 'web', manifest_digest: DIGEST }
const LIMIT = { namespace: 'acme', type: 'Reject', threshold_percent: 90 }
const QUOTA = { namespace: 'acme', limit_bytes: 5368709120, limit: '5.0 GiB' }
const POLICY = { namespace: 'acme', method: 'creation_date', value: '5d', tag_pattern: '^pr-' }

describe('the action log', () => {
  const SIGNATURE = `sha256-${DIGEST.slice(7)}.sig`

  // Every row of the vocabulary that is an audited action: name, what is done, metadata, action, target, outcome.
  const table: [name: string, kind: string, metadata: object, action: string, target: string, outcome: string][] = [
    ['push_repo, by tag', 'push_repo', V1, 'image.push', `${WEB}:v1`, 'success'],
    ['push_repo, by digest', 'push_repo', BY_DIGEST, 'image.push', `${WEB}@${DIGEST}`, 'success'],
    ['push_repo, signature', 'push_repo', { ...V1, tag: SIGNATURE }, 'image.push', `${WEB}:${SIGNATURE}`, 'success'],
    ['push_repo_failed', 'push_repo_failed', V1, 'image.push', `${WEB}:v1`, 'failure'],
    ['pull_repo', 'pull_repo', V1, 'image.pull', `${WEB}:v1`, 'success'],
    ['pull_repo', 'pull_repo', BY_DIGEST, 'image.pull', `${WEB}@${DIGEST}`, 'success'],
    ['repo_verb', 'repo_verb', { ...V1, verb: 'squash' }, 'image.pull', `${WEB}:v1`, 'success'],
    ['pull_repo_failed', 'pull_repo_failed', BY_DIGEST, 'image.pull', `${WEB}@${DIGEST}`, 'failure'],
    ['create_tag', 'create_tag', V1, 'image.tag', `${WEB}:v1`, 'success'],
    ['move_tag', 'move_tag', { ...V1, ...BY_DIGEST }, 'image.tag', `${WEB}:v1`, 'success'],
    ['revert_tag', 'revert_tag', V1, 'image.tag', `${WEB}:v1`, 'success'],
    ['delete_tag', 'delete_tag', V1, 'image.untag', `${WEB}:v1`, 'success'],
    ['autoprune_tag_delete', 'autoprune_tag_delete', V1, 'image.untag', `${WEB}:v1`, 'success'],
    ['delete_tag_failed, by tag', 'delete_tag_failed', V1, 'image.untag', `${WEB}:v1`, 'failure'],
    ['delete_tag_failed, by digest', 'delete_tag_failed', BY_DIGEST, 'image.delete', `${WEB}@${DIGEST}`, 'failure'],
    ['permanently_delete_tag', 'permanently_delete_tag', V1, 'image.delete', `${WEB}:v1`, 'success'],
    ['delete_repo', 'delete_repo', { namespace: 'acme', repo: 'web' }, 'image.bulkdelete', WEB, 'success'],
    ['build_dockerfile', 'build_dockerfile', { docker_tags: ['main'] }, 'image.build', `${WEB}:main`, 'pending'],
    ['org_create', 'org_create', { namespace: 'acme' }, 'namespace.create', 'acme', 'success'],
    ['org_delete', 'org_delete', { namespace: 'acme' }, 'namespace.delete', 'acme', 'success'],
    ['org_create_quota', 'org_create_quota', QUOTA, 'quota.set', 'de.icr.io', 'success'],
    ['org_change_quota', 'org_change_quota', QUOTA, 'quota.set', 'de.icr.io', 'success'],
    ['org_delete_quota', 'org_delete_quota', QUOTA, 'quota.set', 'de.icr.io', 'success'],
    // Quay tells the percentage alone, which is not enough (see below); with the amount it would be.
    ['org_create_quota_limit', 'org_create_quota_limit', LIMIT, 'quota.set', 'de.icr.io', 'success'],
    ['org_change_quota_limit', 'org_change_quota_limit', LIMIT, 'quota.set', 'de.icr.io', 'success'],
    ['org_delete_quota_limit', 'org_delete_quota_limit', LIMIT, 'quota.set', 'de.icr.io', 'success'],
    ...['create', 'update', 'delete'].flatMap((verb) =>
      ['namespace', 'repository'].map((of): [string, string, object, string, string, string] => {
        const kind = `${verb}_${of}_autoprune_policy`
        return [kind, kind, POLICY, 'retention.set', 'acme', 'success']
      }),
    ),
  ]

  test.each(table)('%s', async (_name, kind, metadata, action, target, outcome) => {
    const to = door()
    const answer = await collect(to, entryOf(kind, metadata))
    expect(answer.body.accepted.map(short)).toEqual([[action, target]])
    expect((await to.intake()).map((event) => event.outcome)).toEqual([outcome])
    expect(await to.quarantine()).toEqual([])
  })

  const rows = Object.entries(quay.vocabulary).filter(([name]) => name.startsWith('log: '))

  test('no audited row is left out above', () => {
    const audited = rows.filter(([, meaning]) => 'action' in meaning).map(([name]) => name.slice('log: '.length))
    expect(new Set(table.map(([name]) => name))).toEqual(new Set(audited))
  })

  const noise = rows.flatMap(([name, meaning]): [string, string][] =>
    'ignored' in meaning ? [[name.slice('log: '.length), meaning.ignored]] : [],
  )
  test.each(noise)('%s is ignored: %s', async (kind, name) => {
    const to = door()
    // Others than audited actions have metadata of other types.
    const answer = await collect(to, entryOf(kind, { tag: ['a'], username: 7, repo: {} }))
    expect(answer.body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
    expect(to.entry.ignored).toEqual({ [name]: 1 })
  })

  test.each([
    ['user_create', 'accounts'],
    ['org_add_team_member', 'accounts'],
    ['create_robot', 'credentials'],
    ['login_failure', 'logins'],
    ['change_repo_visibility', 'permissions'],
    ['create_repo', 'repository settings'],
    ['change_tag_expiration', 'labels and expiry'],
    ['repo_mirror_sync_tag_success', 'mirroring'],
    ['start_build_trigger', 'build settings'],
    ['service_key_create', 'administration'],
  ])('%s is among them as %s', (kind, name) => {
    expect(noise).toContainEqual([kind, name])
  })

  test('a push of a robot, field by field', async () => {
    const to = door()
    await collect(to, read('action-log-splunk-hec-push'))
    const [event] = await to.intake()
    expect(event).toMatchObject({
      action: 'container-registry.image.push',
      outcome: 'success',
      eventTime: '2024-04-01T19:33:20.00+0000',
      initiator: {
        id: 'devtable+ci',
        name: 'devtable+ci',
        host: { address: '198.51.100.7', addressType: 'IPv4', agent: 'docker/24.0.7 go/go1.20.10' },
      },
      target: { name: 'de.icr.io/devtable/simple:latest', host: { address: 'quay.example.com' } },
    })
    expect(event?.route).toMatchObject({ contradictingDomain: 'quay.example.com' })
    expect(event?.route?.assumed).toEqual(['initiator.credential.type'])
  })

  test('a deleted tag with the fields of later versions', async () => {
    const to = door()
    await collect(to, read('action-log-splunk-hec-delete-tag'))
    expect((await to.intake())[0]).toMatchObject({
      action: 'container-registry.image.untag',
      eventTime: '2024-04-01T19:34:50.00+0000',
      correlationId: '3f0a4e3e-7b3e-4a53-9c36-1b5e0e5c9a44',
      initiator: { id: 'jane', host: { address: '198.51.100.7', agent: 'Mozilla/5.0' } },
      target: { name: 'de.icr.io/devtable/simple:old' },
      requestData: {
        authType: 'session',
        performerKind: 'user',
        httpMethod: 'DELETE',
        requestUrl: 'https://quay.example.com/api/v1/repository/devtable/simple/tag/old',
        xForwardedFor: '198.51.100.7',
      },
    })
  })

  test('the exported file, without its last row', async () => {
    const to = door()
    const answer = await collect(to, read('action-log-export-file'))
    expect(answer.body.accepted.map(short)).toEqual([['image.untag', 'de.icr.io/devtable/simple:old']])
    expect(answer.body).toMatchObject({ ignored: 0, quarantined: [] })
    const [event] = await to.intake()
    expect(event).toMatchObject({
      eventTime: '2025-04-01T09:00:00.00+0000',
      initiator: { id: 'jane', name: 'jane', host: { address: '198.51.100.7' } },
    })
    expect(event?.target.host).toBeUndefined()
  })

  test('a file whose rows leave the names to its head', async () => {
    const row = { kind: 'delete_repo', metadata: {}, datetime: 'Tue, 01 Apr 2025 09:00:00 -0000' }
    const answer = await collect(door(), { namespace: 'acme', repository: 'web', logs: [row, { terminator: true }] })
    expect(answer.body.accepted.map(short)).toEqual([['image.bulkdelete', WEB]])
  })

  test('a file whose rows have an object as namespace', async () => {
    const row = { kind: 'org_create', namespace: { kind: 'org', name: 'acme' }, datetime: '2025-04-01T09:00:00Z' }
    const answer = await collect(door(), { logs: [row] })
    expect(answer.body.accepted.map(short)).toEqual([['namespace.create', 'acme']])
  })

  test.each([
    ['with nothing between them', ''],
    ['with a line break between them', '\n'],
    ['with more white space', ' \r\n\t'],
  ])('several entries in one body, %s', async (_what, between) => {
    const to = door()
    const tricky = { ...V1, other: '" }', message: '}{ "quoted" \\' }
    const bodies = [entryOf('pull_repo', tricky), entryOf('login_success'), entryOf('delete_tag', V1)]
    const answer = await collect(to, bodies.map((body) => JSON.stringify(body)).join(between) + between)
    expect(answer.body.accepted.map(short)).toEqual([
      ['image.pull', `${WEB}:v1`],
      ['image.untag', `${WEB}:v1`],
    ])
    expect(answer.body).toMatchObject({ ignored: 1, quarantined: [] })
  })

  test('one bad entry does not cost its neighbours', async () => {
    const to = door()
    const bodies = [
      entryOf('pull_repo', V1),
      { host: 'a' },
      { event: 'text' },
      entryOf('no_such_kind'),
      read('repo-push'),
    ]
    const answer = await collect(
      to,
      bodies.map((body) => (typeof body === 'string' ? body : JSON.stringify(body))).join('\n'),
    )
    expect(answer.body.accepted.map(short)).toEqual([['image.pull', `${WEB}:v1`]])
    expect(answer.body.quarantined.map(({ reason }) => reason)).toEqual([
      'INVALID_ITEM',
      'INVALID_ITEM',
      'UNKNOWN_ACTION',
      'INVALID_ITEM',
    ])
  })

  test.each([
    ['an open object', `${JSON.stringify(entryOf('pull_repo', V1))}{"event":`],
    ['an open text', `${JSON.stringify(entryOf('pull_repo', V1))}{"event":"\\"`],
    ['a comma', [entryOf('pull_repo', V1), entryOf('pull_repo', V1)].map((body) => JSON.stringify(body)).join(',')],
    ['closing brackets', '}}}}'],
  ])('a body with %s is kept whole', async (_what, body) => {
    const to = door()
    const answer = await collect(to, body)
    expect(answer.body).toMatchObject({ accepted: [], ignored: 0 })
    expect((await to.quarantine()).map(({ reason }) => reason)).toEqual(['INVALID_BODY'])
  })

  test('metadata may be text', async () => {
    const answer = await collect(
      door(),
      [
        entryOf('pull_repo', JSON.stringify(V1)),
        entryOf('build_dockerfile', JSON.stringify({ docker_tags: ['a', 'b'] })),
      ]
        .map((body) => JSON.stringify(body))
        .join(''),
    )
    expect(answer.body.accepted.map(short)).toEqual([
      ['image.pull', `${WEB}:v1`],
      ['image.build', `${WEB}:a`],
      ['image.build', `${WEB}:b`],
    ])
  })

  // Kind, metadata and other fields; why it can't be an event.
  const unusable: [what: string, entry: unknown, reason: string][] = [
    ['a kind that Quay does not have', entryOf('shred_repo', V1), 'UNKNOWN_ACTION'],
    ['a kind as a number', entryOf('x', V1, { kind: 42 }), 'INVALID_ITEM'],
    ['no kind', { event: {} }, 'INVALID_ITEM'],
    ['a tag that is a number', entryOf('pull_repo', { ...V1, tag: 7 }), 'INVALID_ITEM'],
    ['metadata that are a list', entryOf('pull_repo', []), 'INVALID_TARGET'],
    ['metadata that are no JSON', entryOf('pull_repo', '{'), 'INVALID_ITEM'],
    ['metadata in text that are too deep', entryOf('pull_repo', '['.repeat(70) + ']'.repeat(70)), 'TOO_DEEP'],
    ['neither tag nor digest', entryOf('push_repo', { namespace: 'acme', repo: 'web' }), 'INVALID_TARGET'],
    [
      'a limit of a quota without its percentage',
      entryOf('org_create_quota_limit', { type: 'Reject' }),
      'INVALID_TARGET',
    ],
    ['a build without tags', entryOf('build_dockerfile', {}), 'INVALID_TARGET'],
  ]
  test.each(unusable)('%s goes to quarantine', async (_what, body, reason) => {
    const to = door()
    const answer = await collect(to, body)
    expect(answer.body).toMatchObject({ accepted: [], ignored: 0 })
    expect((await to.quarantine()).map((message) => message.reason)).toEqual([reason])
  })

  test('a push without tag and digest is not ignored as a push by digest', async () => {
    const registries = [
      {
        id: 'quay',
        source: 'quay',
        domain: 'de.icr.io',
        region: 'eu-central',
        account: 'acme',
        accept: { children: 'tagged' },
      },
    ] as const
    const to = door({ registries })
    await collect(to, entryOf('push_repo', {}))
    expect((await to.quarantine()).map(({ reason }) => reason)).toEqual(['INVALID_TARGET'])
  })

  test('quotas are in megabytes, policies are objects', async () => {
    const to = door()
    await collect(to, entryOf('org_change_quota', { ...QUOTA, previous_limit_bytes: 1073741824 }))
    await collect(to, entryOf('org_delete_quota', QUOTA))
    await collect(to, entryOf('update_repository_autoprune_policy', { ...POLICY, repo: 'web' }))
    await collect(to, entryOf('delete_namespace_autoprune_policy', { policy_uuid: 'u1', namespace: 'acme' }))
    await collect(to, entryOf('org_delete_quota_limit', LIMIT))
    const [changed, deleted, updated, dropped, limit] = await to.intake()
    expect(limit?.requestData).toMatchObject({ storagePercent: 90, change: 'delete', limitType: 'Reject' })
    expect(changed?.requestData).toMatchObject({
      namespace: 'acme',
      storageMegabytes: 5120,
      limitBytes: 5368709120,
      previousLimitBytes: 1073741824,
    })
    expect(deleted?.requestData).toMatchObject({ storageMegabytes: -1, limitBytes: 5368709120 })
    const policy = { change: 'update', repository: 'web', method: 'creation_date', value: '5d', tagPattern: '^pr-' }
    expect(JSON.stringify(updated)).toContain(JSON.stringify(policy))
    expect(JSON.stringify(dropped)).toContain(JSON.stringify({ change: 'delete', policyUuid: 'u1' }))
  })

  test('what is refused says why', async () => {
    const to = door()
    await collect(to, entryOf('pull_repo_failed', { ...V1, message: 'access is not authorized' }, { performer: null }))
    expect((await to.intake())[0]).toMatchObject({
      outcome: 'failure',
      reason: { reasonCode: 401, reasonForFailure: 'access is not authorized' },
    })
  })

  test('what is refused before Quay knows the repository is named by the metadata', async () => {
    const metadata = { namespace: 'nobody', repo: 'nothing', tag: 'v1', message: 'there is no such namespace' }
    const answer = await collect(door(), entryOf('push_repo_failed', metadata, { account: null, repository: null }))
    expect(answer.body.accepted.map(short)).toEqual([['image.push', 'de.icr.io/nobody/nothing:v1']])
  })

  test.each([
    ['who performed it', {}, V1, 'jane'],
    ['who the metadata say', { performer: null }, { ...V1, username: 'bob' }, 'bob'],
    ['the worker', { performer: null }, { ...V1, performer: 'autoprune worker' }, 'autoprune worker'],
    ['nobody', { performer: null }, V1, ''],
  ])('the initiator is %s', async (_what, changes, metadata, id) => {
    const to = door()
    await collect(to, entryOf('pull_repo', metadata, changes))
    expect((await to.intake())[0]?.initiator).toMatchObject({ id, name: id || 'quay' })
  })

  test.each([
    [1795352398, '2026-11-22T12:59:58.00+0000'],
    [1795352398.75, '2026-11-22T12:59:58.75+0000'],
    ['2026-11-22T12:59:58.5Z', '2026-11-22T12:59:58.50+0000'],
    ['2026-11-22 13:59:58.123456+01:00', '2026-11-22T12:59:58.12+0000'],
    ['Sun, 22 Nov 2026 12:59:58 -0000', '2026-11-22T12:59:58.00+0000'],
    ['22 Nov 2026 12:59:58 GMT', '2026-11-22T12:59:58.00+0000'],
    ['Sun, 22 Nov 2026 12:59:58 +0130', '2026-11-22T11:29:58.00+0000'],
  ])('time %j is %s', async (datetime, time) => {
    const to = door()
    await collect(to, entryOf('pull_repo', V1, { datetime }))
    const [event] = await to.intake()
    expect(event?.eventTime).toBe(time)
    expect(event?.route?.assumed).not.toContain('eventTime')
  })

  test.each([
    ['2026-11-22 12:59:58.123456'],
    ['Sun, 31 Feb 2026 12:59:58 GMT'],
    ['Sun, 22 Foo 2026 12:59:58 GMT'],
    [1e15],
    [0],
  ])('time %j is none: that of receipt is used, and what was said is kept', async (datetime) => {
    const to = door()
    await collect(to, entryOf('pull_repo', V1, { datetime }))
    const [event] = await to.intake()
    expect(event?.eventTime).toBe('2026-11-22T13:00:00.12+0000')
    expect(event?.route?.assumed).toContain('eventTime')
    expect(event?.requestData?.localTime).toBe(datetime)
  })

  const idsOf = async (body: unknown, receivedAt = NOW) =>
    (await collect(door(), body, receivedAt)).body.accepted.map(({ id }) => id)

  test('the same entry again is the same event, whenever; another second is another', async () => {
    const [first] = await idsOf(entryOf('pull_repo', V1))
    expect(await idsOf(entryOf('pull_repo', V1), NOW + 86_400_000)).toEqual([first])
    expect(await idsOf(entryOf('pull_repo', V1, { datetime: 1795352399 }))).not.toEqual([first])
    expect(await idsOf(entryOf('pull_repo', V1, { ip: '198.51.100.8' }))).not.toEqual([first])
    expect(await idsOf(entryOf('delete_tag', V1))).not.toEqual([first])
    const text = JSON.stringify(entryOf('pull_repo', V1))
    const both = await idsOf(text + text)
    expect(both[0]).toBe(first)
    expect(new Set(both).size).toBe(2)
    expect(await idsOf(text + text)).toEqual(both)
  })

  test('an entry without a time is the same for 3 minutes', async () => {
    const entry = entryOf('pull_repo', V1, { datetime: null })
    const [first] = await idsOf(entry)
    expect(await idsOf(entry, NOW + 100_000)).toEqual([first])
    expect(await idsOf(entry, NOW + 400_000)).not.toEqual([first])
  })
})

test.each([
  ['children', 'tagged', entryOf('push_repo', BY_DIGEST), 'push by digest'],
  [
    'signatures',
    'ignore',
    entryOf('push_repo', { ...V1, tag: 'sha256-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.sig' }),
    'signature',
  ],
  [
    'signatures',
    'ignore',
    { ...place, updated_tags: ['sha256-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.sig'] },
    'signature',
  ],
])('with %s: %s some pushes are ignored', async (setting, value, body, name) => {
  const config = { id: 'quay', source: 'quay', domain: 'de.icr.io', region: 'eu-central', account: 'acme' } as const
  const to = door({ registries: [{ ...config, accept: { [setting]: value } }] })
  expect((await collect(to, body)).body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
  expect(to.entry.ignored).toEqual({ [name]: 1 })
  const before = door({ registries: [config] })
  expect((await collect(before, body)).body.accepted).toHaveLength(1)
})

test('a static token in a header proves nothing: no sender of Quay’s can send one', async () => {
  const answer = await door().post('/webhooks/quay', read('repo-push'))
  expect(answer.status).toBe(401)
})
