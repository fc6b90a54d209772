import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { harbor } from '../../lib/sources/harbor.ts'
import { door } from '../door.ts'

// Bodies were written here after Harbor's documentation and its payload builders.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/harbor', `${name}.json`), 'utf8')

type Door = ReturnType<typeof door>

const set = (accept: object) =>
  door({
    registries: [
      { id: 'harbor', source: 'harbor', domain: 'de.icr.io', region: 'eu-central', account: 'acme', accept } as never,
    ],
  })

const hex = (character: string) => `sha256:${character.repeat(64)}`
const SECONDS = 1712000000
const TIME = '2024-04-01T19:33:20.00+0000'
const A = 'de.icr.io/library/hello'

interface Said {
  resources?: object[]
  repository?: object | null
  [name: string]: unknown
}

const REPOSITORY = { name: 'hello', namespace: 'library', repo_full_name: 'library/hello', repo_type: 'private' }
const TAGGED = { digest: hex('a'), tag: '1.0', resource_url: 'harbor.example.com/library/hello:1.0' }
const UNTAGGED = {
  digest: hex('b'),
  tag: hex('b'),
  resource_url: `harbor.example.com/library/hello@${hex('b')}`,
}

const dataOf = (said: Said) => ({ resources: [TAGGED], repository: REPOSITORY, ...said })

/** A body of the Default format. */
const plain = (type: string, said: Said = {}, own: object = {}) => ({
  type,
  occur_at: SECONDS,
  operator: 'robot$library+ci',
  event_data: dataOf(said),
  ...own,
})

/** A body of the CloudEvents format. */
const cloud = (type: string, said: Said = {}, own: object = {}) => ({
  specversion: '1.0',
  id: '343f1623-7cba-487c-88f1-c5ebf55e93aa',
  requestid: 'ca0f3ceb-810f-4598-a268-a2291ad4de49',
  source: '/projects/2/webhook/policies/15',
  type,
  datacontenttype: 'application/json',
  time: '2024-04-01T19:33:20Z',
  operator: 'robot$library+ci',
  data: dataOf(said),
  ...own,
})

const asCloudEvent = { headers: { 'content-type': 'application/cloudevents+json' } }

const RETENTION = {
  resources: [],
  repository: null,
  retention: {
    total: 3,
    retained: 0,
    harbor_hostname: 'harbor.example.com',
    project_name: 'library',
    result: 'SUCCESS',
    deleted_artifact: [
      { type: 'image', status: 'SUCCESS', name_tag: 'hello:1.0' },
      { type: 'image', status: 'SUCCESS', name_tag: 'other:3.8' },
      { type: 'image', status: 'SUCCESS', name_tag: 'hello:1.1' },
    ],
  },
}

const NOTHING = { ...RETENTION, retention: { ...RETENTION.retention, deleted_artifact: [] } }

// One row for each event: names of the Default format, of the CloudEvents format and of 1.x; then what becomes of it.
const table: [default_: string, cloudEvent: string | undefined, old: string | undefined, becomes: object][] = [
  ['PUSH_ARTIFACT', 'harbor.artifact.pushed', 'pushImage', { action: 'image.push', outcome: 'success' }],
  ['PULL_ARTIFACT', 'harbor.artifact.pulled', 'pullImage', { action: 'image.pull', outcome: 'success' }],
  ['DELETE_ARTIFACT', 'harbor.artifact.deleted', 'deleteImage', { action: 'image.delete', outcome: 'success' }],
  [
    'QUOTA_EXCEED',
    'harbor.quota.exceeded',
    undefined,
    { action: 'image.push', outcome: 'failure', severity: 'critical', reason: { reasonCode: 403 } },
  ],
  ['QUOTA_WARNING', 'harbor.quota.warned', undefined, { ignored: 'quota warning' }],
  ['REPLICATION', 'harbor.replication.status.changed', undefined, { ignored: 'replication' }],
  ['SCANNING_COMPLETED', 'harbor.scan.completed', 'scanningCompleted', { ignored: 'scan' }],
  ['SCANNING_FAILED', 'harbor.scan.failed', 'scanningFailed', { ignored: 'scan' }],
  ['SCANNING_STOPPED', 'harbor.scan.stopped', undefined, { ignored: 'scan' }],
  ['TAG_RETENTION', 'harbor.tag_retention.finished', undefined, { ignored: 'retention' }],
  ['UPLOAD_CHART', undefined, 'uploadChart', { action: 'image.push', outcome: 'success' }],
  ['DOWNLOAD_CHART', undefined, 'downloadChart', { action: 'image.pull', outcome: 'success' }],
  ['DELETE_CHART', undefined, 'deleteChart', { action: 'image.delete', outcome: 'success' }],
]

const requests = table.flatMap(([default_, cloudEvent, old, becomes]) => [
  [default_, plain(default_), {}, becomes] as const,
  ...(cloudEvent ? [[cloudEvent, cloud(cloudEvent), asCloudEvent, becomes] as const] : []),
  ...(old ? [[old, plain(old), {}, becomes] as const] : []),
])

test.each(requests)('%s', async (_type, body, request, becomes) => {
  const to = door()
  const answer = await to.post('/webhooks/harbor', body, request)
  expect([answer.status, answer.body.quarantined]).toEqual([202, []])
  if ('ignored' in becomes) {
    expect(to.entry.ignored).toEqual({ [becomes.ignored as string]: 1 })
    expect(await to.intake()).toEqual([])
    return
  }
  const { action, ...rest } = becomes as { action: string }
  expect(await to.intake()).toMatchObject([
    {
      ...rest,
      action: `container-registry.${action}`,
      eventTime: TIME,
      target: { name: `${A}:1.0`, id: `${A}@${hex('a')}`, host: { address: 'harbor.example.com' } },
      initiator: { id: 'robot$library+ci', name: 'robot$library+ci', host: { address: '' } },
    },
  ])
})

test('the vocabulary has these and the rows of the audit log, and no other', () => {
  const webhooks = table.flatMap(([default_, , old]) => {
    if (default_ === 'PUSH_ARTIFACT')
      return ['by tag', 'by digest', 'signature'].map((naming) => `${default_}, ${naming}`)
    return default_.endsWith('_CHART') ? [default_, old as string] : [default_]
  })
  const rows = auditLog.flatMap(([resource, operations]) =>
    operations.split(' ').map((operation) => `audit log: ${operation} ${resource}`),
  )
  const all = [...webhooks, 'TAG_RETENTION, nothing deleted', ...rows]
  expect(new Set(Object.keys(harbor.vocabulary))).toEqual(new Set(all))
})

test('a request id links the events of one request', async () => {
  const to = door()
  await to.post('/webhooks/harbor', cloud('harbor.artifact.pushed'), asCloudEvent)
  await to.post('/webhooks/harbor', plain('PUSH_ARTIFACT'))
  const [cloudEvent, other] = await to.intake()
  expect(cloudEvent?.correlationId).toBe('ca0f3ceb-810f-4598-a268-a2291ad4de49')
  expect(other).not.toHaveProperty('correlationId')
})

test('a CloudEvent under a plain content type is one all the same', async () => {
  const { post } = door()
  const { body } = await post('/webhooks/harbor', cloud('harbor.artifact.pulled'))
  expect(body.accepted).toMatchObject([{ action: 'container-registry.image.pull', target: `${A}:1.0` }])
})

describe('a refused push', () => {
  const said = {
    resources: [{ digest: hex('a') }],
    custom_attributes: { Details: 'adding 2.1 MiB will exceed 10 MiB' },
  }

  test.each([
    ['Default', plain('QUOTA_EXCEED', said, { operator: '' }), {}],
    ['CloudEvents', cloud('harbor.quota.exceeded', said, { operator: '' }), asCloudEvent],
  ])('in the %s format says why, is critical, and nobody is invented', async (_format, body, request) => {
    const to = door()
    await to.post('/webhooks/harbor', body, request)
    expect(await to.intake()).toMatchObject([
      {
        action: 'container-registry.image.push',
        outcome: 'failure',
        severity: 'critical',
        message: `Container Registry: push image ${A}@${hex('a')} -failure`,
        reason: { reasonCode: 403, reasonType: 'Forbidden', reasonForFailure: 'adding 2.1 MiB will exceed 10 MiB' },
        initiator: { id: '', name: 'harbor' },
      },
    ])
  })

  test('a Details of a push that was not refused is no failure', async () => {
    const to = door()
    await to.post('/webhooks/harbor', plain('PUSH_ARTIFACT', { custom_attributes: { Details: 'fine' } }))
    const [event] = await to.intake()
    expect(event?.outcome).toBe('success')
    expect(event?.reason).not.toHaveProperty('reasonForFailure')
  })
})

describe('names', () => {
  const namesOf = async (body: object) =>
    (await door().post('/webhooks/harbor', body)).body.accepted.map(({ target }) => target)

  test('a child of a multi-arch image has its digest where the tag is', async () => {
    const digest = 'sha256:bb6bfb73e3b5d1c6a1f0a7d1c2b3e4f5a6978899aabbccddeeff001122334455'
    const to = door()
    await to.post('/webhooks/harbor', read('push-untagged-child-manifest'))
    expect(await to.intake()).toMatchObject([
      {
        action: 'container-registry.image.push',
        target: { name: `${A}@${digest}`, id: `${A}@${digest}`, host: { address: 'harbor.example.com' } },
        initiator: { id: 'robot$library+ci' },
        eventTime: TIME,
      },
    ])
  })

  test('each of several resources is an event', async () => {
    const to = door()
    const { body } = await to.post('/webhooks/harbor', plain('DELETE_ARTIFACT', { resources: [TAGGED, UNTAGGED] }))
    expect(body.accepted.map(({ target }) => target)).toEqual([`${A}:1.0`, `${A}@${hex('b')}`])
    expect(new Set(body.accepted.map(({ id }) => id)).size).toBe(2)
    expect(to.entry.received).toBe(2)
  })

  test('one unusable resource does not cost the others', async () => {
    const to = door()
    await to.post('/webhooks/harbor', plain('PUSH_ARTIFACT', { resources: [{}, TAGGED, { tag: 'a b', digest: 'x' }] }))
    expect((await to.intake()).map(({ target }) => target.name)).toEqual([`${A}:1.0`])
    expect(await to.quarantine()).toMatchObject([
      { reason: 'INVALID_TARGET', item: 0 },
      { reason: 'INVALID_TARGET', item: 2 },
    ])
  })

  test.each([
    ['only a digest, in the field of the tag', { tag: hex('b') }, `${A}@${hex('b')}`],
    ['only a tag', { tag: '1.0' }, `${A}:1.0`],
    ['an empty tag', { tag: '', digest: hex('a') }, `${A}@${hex('a')}`],
    ['a URL that says another tag', { ...TAGGED, resource_url: 'harbor.example.com/library/hello:9' }, `${A}:1.0`],
  ])('%s', async (_what, resource, name) => {
    expect(await namesOf(plain('PUSH_ARTIFACT', { resources: [resource] }))).toEqual([name])
  })
})

test.each([
  ['harbor.example.com/library/hello:1.0', 'harbor.example.com'],
  ['harbor.example.com:8443/library/hello@sha256:0a', 'harbor.example.com:8443'],
  ['localhost/library/hello:1.0', 'localhost'],
  ['harbor/library/hello:1.0', 'harbor'],
  ['https://charts.example.com/chartrepo/library/charts/hello-1.0.tgz', 'charts.example.com'],
  ['library/hello', undefined],
  ['elsewhere.example.com/other/hello:1.0', undefined],
  ['a/b/library/hello:1.0', undefined],
  ['https://', undefined],
  ['', undefined],
  [null, undefined],
])('resource_url %j: domain %j, which decides nothing', async (resource_url, domain) => {
  const to = door()
  await to.post('/webhooks/harbor', plain('PUSH_ARTIFACT', { resources: [{ ...TAGGED, resource_url }] }))
  const [event] = await to.intake()
  expect(event?.target.name).toBe(`${A}:1.0`)
  expect(event?.target.host?.address).toBe(domain)
  expect(event?.route?.contradictingDomain).toBe(domain)
})

test('a dotted project without a host in the URL is no domain', async () => {
  const to = door()
  const said = {
    resources: [{ ...TAGGED, resource_url: 'acme.de/hello' }],
    repository: { repo_full_name: 'acme.de/hello' },
  }
  await to.post('/webhooks/harbor', plain('pushImage', said))
  const [event] = await to.intake()
  expect(event?.target).toEqual({
    name: 'de.icr.io/acme.de/hello:1.0',
    id: `de.icr.io/acme.de/hello@${hex('a')}`,
    typeURI: 'container-registry/image',
  })
})

test.each([
  [1712000000.5, '2024-04-01T19:33:20.50+0000', false],
  [253402300799, '9999-12-31T23:59:59.00+0000', false],
  [null, '2026-11-22T13:00:00.12+0000', true],
  [0, '2026-11-22T13:00:00.12+0000', true],
  [-62135596800, '2026-11-22T13:00:00.12+0000', true],
  [253402300800, '2026-11-22T13:00:00.12+0000', true],
  [1e300, '2026-11-22T13:00:00.12+0000', true],
])('occur_at %j is %s', async (occur_at, eventTime, assumed) => {
  const to = door()
  await to.post('/webhooks/harbor', plain('PULL_ARTIFACT', {}, { occur_at }))
  const [event] = await to.intake()
  expect(event?.eventTime).toBe(eventTime)
  expect(event?.route?.assumed?.includes('eventTime') ?? false).toBe(assumed)
})

describe('settings', () => {
  test.each([
    ['children', 'tagged', plain('PUSH_ARTIFACT', { resources: [UNTAGGED] }), 'push by digest'],
    ['children', 'tagged', cloud('harbor.artifact.pushed', { resources: [UNTAGGED] }), 'push by digest'],
    [
      'signatures',
      'ignore',
      plain('PUSH_ARTIFACT', { resources: [{ digest: hex('c'), tag: `sha256-${'a'.repeat(64)}.sig` }] }),
      'signature',
    ],
    ['charts', 'ignore', plain('uploadChart'), 'chart'],
    ['charts', 'ignore', plain('downloadChart'), 'chart'],
    ['charts', 'ignore', plain('deleteChart'), 'chart'],
    ['charts', 'ignore', plain('UPLOAD_CHART'), 'chart'],
    ['charts', 'ignore', plain('DOWNLOAD_CHART'), 'chart'],
    ['charts', 'ignore', plain('DELETE_CHART'), 'chart'],
  ])('%s: %s, %#', async (setting, value, body, ignored) => {
    expect((await door().post('/webhooks/harbor', body)).body.accepted).toHaveLength(1)
    const to = set({ [setting]: value })
    expect((await to.post('/webhooks/harbor', body)).body.ignored).toBe(1)
    expect(to.entry.ignored).toEqual({ [ignored]: 1 })
    expect((await to.post('/webhooks/harbor', plain('PUSH_ARTIFACT'))).body.accepted).toHaveLength(1)
  })

  describe('retention: bulkdelete', () => {
    const run = async (to: Door, said: Said, format: 'Default' | 'CloudEvents' = 'Default') =>
      format === 'Default'
        ? to.post('/webhooks/harbor', plain('TAG_RETENTION', said, { operator: 'MANUAL' }))
        : to.post(
            '/webhooks/harbor',
            cloud('harbor.tag_retention.finished', said, { operator: 'MANUAL' }),
            asCloudEvent,
          )

    test.each(['Default', 'CloudEvents'] as const)('is one event for each repository, %s format', async (format) => {
      const to = set({ retention: 'bulkdelete' })
      const { body } = await run(to, RETENTION, format)
      expect(body).toMatchObject({ ignored: 0, quarantined: [] })
      expect(new Set(body.accepted.map(({ id }) => id)).size).toBe(2)
      const of = (repository: string, deleted: string[]) => ({
        action: 'container-registry.image.bulkdelete',
        target: { name: `de.icr.io/library/${repository}`, host: { address: 'harbor.example.com' } },
        requestData: { deleted },
        initiator: { id: 'MANUAL' },
        eventTime: TIME,
      })
      expect(await to.intake()).toMatchObject([of('hello', ['1.0', '1.1']), of('other', ['3.8'])])
    })

    test('nothing was deleted: ignored', async () => {
      const to = set({ retention: 'bulkdelete' })
      await run(to, NOTHING)
      expect(to.entry.ignored).toEqual({ retention: 1 })
    })

    test('a deletion that has no name, as untagged ones have none, goes to quarantine beside the others', async () => {
      const to = set({ retention: 'bulkdelete' })
      const deleted_artifact = [{ name_tag: '' }, {}, { name_tag: 'hello:1.0' }]
      await run(to, { ...RETENTION, retention: { ...RETENTION.retention, deleted_artifact } })
      expect((await to.intake()).map(({ target }) => target.name)).toEqual([A])
      expect(await to.quarantine()).toMatchObject([{ reason: 'INVALID_TARGET' }])
      // Without the setting it costs nothing at all.
      const usual = door()
      await run(usual, { ...RETENTION, retention: { ...RETENTION.retention, deleted_artifact } })
      expect(await usual.quarantine()).toEqual([])
    })
  })
})

describe('registries that send the same', () => {
  test('Tencent TCR: names of 1.x and a header of its own', async () => {
    const to = door()
    const body = {
      type: 'pushImage',
      occur_at: SECONDS,
      event_data: {
        resources: [{ digest: hex('a'), tag: '1.0', resource_url: 'acme.tencentcloudcr.com/library/hello:1.0' }],
        repository: { name: 'hello', namespace: 'library', repo_full_name: 'library/hello', repo_type: 'private' },
      },
      operator: '332133000000',
    }
    const headers = { authorization: 'Bearer secret', 'content-type': 'application/json', 'x-custom-header': 'abc' }
    await to.post('/webhooks/harbor', body, { headers })
    expect(await to.intake()).toMatchObject([
      {
        action: 'container-registry.image.push',
        target: { name: `${A}:1.0`, host: { address: 'acme.tencentcloudcr.com' } },
        initiator: { id: '332133000000' },
      },
    ])
  })

  test('Huawei SWR: PUSH_ARTIFACT without an operator, the secret as it is', async () => {
    const to = door()
    const body = {
      type: 'PUSH_ARTIFACT',
      occur_at: SECONDS,
      event_data: {
        resources: [{ digest: hex('a'), tag: '1.0', resource_url: 'swr.example.com/library/hello:1.0' }],
        repository: { name: 'hello', namespace: 'library', repo_full_name: 'library/hello' },
      },
    }
    await to.post('/webhooks/harbor', body, { headers: { authorization: 'secret' } })
    expect(await to.intake()).toMatchObject([
      { action: 'container-registry.image.push', target: { name: `${A}:1.0` }, initiator: { id: '', name: 'harbor' } },
    ])
  })
})

// Every row that the audit log can have: kind of resource, operations, and what those that are no audited actions count as.
const auditLog: [resource: string, operations: string, ignored?: string][] = [
  ['project', 'create delete'],
  ['tag', 'create delete'],
  ['repository', 'delete'],
  ['artifact', 'create pull delete', 'audit log of what a webhook tells'],
  ['project', 'update', 'administration'],
  ['user', 'login logout create update delete', 'administration'],
  ['robot', 'create update delete', 'administration'],
  ['member', 'create update delete', 'administration'],
  ['role', 'create update delete', 'administration'],
  ['configuration', 'update', 'administration'],
  ['configure', 'update', 'administration'],
]

describe('rows of the audit log', () => {
  const row = (operation: string, resource_type: string, changes: object = {}) => ({
    id: 118,
    project_id: 3,
    username: 'jane',
    resource: 'library/hello:stable',
    resource_type,
    operation,
    operation_description: `${operation} ${resource_type}`,
    operation_result: true,
    op_time: '2025-07-01T10:12:00.000Z',
    ...changes,
  })

  test('a page of them', async () => {
    const to = door()
    const { body } = await to.post('/webhooks/harbor', read('audit-log-ext-entries'))
    expect(body).toMatchObject({ ignored: 1, quarantined: [] })
    expect(await to.intake()).toMatchObject([
      {
        action: 'container-registry.image.tag',
        outcome: 'success',
        target: { name: `${A}:stable` },
        initiator: { id: 'jane', name: 'jane' },
        eventTime: '2025-07-01T10:12:00.00+0000',
      },
      {
        action: 'container-registry.namespace.delete',
        outcome: 'failure',
        severity: 'warning',
        target: { name: 'library' },
        reason: { reasonForFailure: 'delete project: library' },
        initiator: { id: 'admin' },
        eventTime: '2025-07-01T10:13:00.00+0000',
      },
    ])
  })

  test.each([
    ['create', 'project', 'library', 'namespace.create', 'library'],
    ['delete', 'project', 'library', 'namespace.delete', 'library'],
    ['create', 'tag', 'library/hello:stable', 'image.tag', `${A}:stable`],
    ['delete', 'tag', 'library/hello:stable', 'image.untag', `${A}:stable`],
    ['delete', 'repository', 'library/hello', 'image.bulkdelete', A],
  ])('%s %s of %s is %s', async (operation, kind, resource, action, target) => {
    const { body } = await door().post('/webhooks/harbor', [row(operation, kind, { resource })])
    expect(body).toMatchObject({ ignored: 0, quarantined: [] })
    expect(body.accepted).toMatchObject([{ action: `container-registry.${action}`, target }])
  })

  const noise = auditLog.flatMap(([resource, operations, ignored]) =>
    ignored ? operations.split(' ').map((operation): [string, string, string] => [operation, resource, ignored]) : [],
  )

  test.each(noise)('%s %s is ignored as %s', async (operation, resource, ignored) => {
    const to = door()
    await to.post('/webhooks/harbor', [row(operation, resource, { resource: 'x', operation_result: null })])
    expect(to.entry.ignored).toEqual({ [ignored]: 1 })
  })

  test.each([
    ['an operation', row('sign', 'artifact'), 'UNKNOWN_ACTION'],
    ['a kind of resource', row('create', 'immutablerule'), 'UNKNOWN_ACTION'],
    ['no operation', row('create', 'tag', { operation: null }), 'INVALID_ITEM'],
    ['no number', row('create', 'tag', { id: null }), 'INVALID_ITEM'],
    ['a tag without one', row('create', 'tag', { resource: 'library/hello' }), 'INVALID_TARGET'],
    ['no object', 'row', 'INVALID_ITEM'],
  ])('%s that is not known goes to quarantine, and the rest does not', async (_what, bad, reason) => {
    const to = door()
    const { body } = await to.post('/webhooks/harbor', [bad, row('create', 'tag')])
    expect(body.accepted).toHaveLength(1)
    expect(await to.quarantine()).toMatchObject([{ reason, item: 0 }])
  })

  test('a row that is fetched twice is one event; its number in a new database is another', async () => {
    const id = async (changes: object) =>
      (await door().post('/webhooks/harbor', [row('create', 'tag', changes)])).body.accepted[0]?.id
    const first = await id({})
    expect(await id({})).toBe(first)
    expect(await id({ id: 119 })).not.toBe(first)
    expect(await id({ op_time: '2026-01-01T00:00:00.000Z' })).not.toBe(first)
  })
})

describe('duplicates', () => {
  const ids = async (body: object) => (await door().post('/webhooks/harbor', body)).body.accepted.map(({ id }) => id)

  test('a delivery that is repeated is one event', async () => {
    const said = { resources: [TAGGED, UNTAGGED] }
    expect(await ids(plain('PUSH_ARTIFACT', said))).toEqual(await ids(plain('PUSH_ARTIFACT', said)))
    const pushed = cloud('harbor.artifact.pushed', said)
    expect(await ids(pushed)).toEqual(await ids(pushed))
  })

  test('two policies that tell of one request tell of one event', async () => {
    const other = { id: '00000000-7cba-487c-88f1-c5ebf55e93aa', source: '/projects/2/webhook/policies/16' }
    expect(await ids(cloud('harbor.artifact.pushed', {}, other))).toEqual(await ids(cloud('harbor.artifact.pushed')))
  })

  test('a client that repeats its own request id hides nothing', async () => {
    const pulled = cloud('harbor.artifact.pulled')
    const [first] = await ids(pulled)
    expect(await ids({ ...pulled, time: '2024-04-01T19:33:21Z' })).not.toEqual([first])
    expect(await ids(cloud('harbor.artifact.pulled', { resources: [UNTAGGED] }))).not.toEqual([first])
    expect(await ids(cloud('harbor.artifact.deleted'))).not.toEqual([first])
    expect(await ids(cloud('harbor.artifact.pulled', { repository: { repo_full_name: 'a/b' } }))).not.toEqual([first])
  })

  test.each([[''], [undefined], [7]])(
    'without a usable request id (%j) the id of the event counts',
    async (requestid) => {
      const pushed = cloud('harbor.artifact.pushed', {}, { requestid })
      const [first] = await ids(pushed)
      expect(await ids(pushed)).toEqual([first])
      expect(await ids({ ...pushed, id: 'another' })).not.toEqual([first])
    },
  )

  test('two real pushes of one tag are two events', async () => {
    const [first] = await ids(plain('PUSH_ARTIFACT'))
    expect(await ids(plain('PUSH_ARTIFACT', {}, { occur_at: SECONDS + 1 }))).not.toEqual([first])
    expect(await ids(plain('PUSH_ARTIFACT', { resources: [{ ...TAGGED, digest: hex('d') }] }))).not.toEqual([first])
  })
})

test.each([
  ['a type that is not known', plain('LABEL_ARTIFACT'), 'UNKNOWN_ACTION'],
  ['a type of the CloudEvents format that is not known', cloud('harbor.tag.created'), 'UNKNOWN_ACTION'],
  ['a type that every object has', plain('toString'), 'UNKNOWN_ACTION'],
  ['no type', { occur_at: SECONDS }, 'INVALID_ITEM'],
  ['no data', { type: 'PUSH_ARTIFACT' }, 'INVALID_TARGET'],
  ['no repository', plain('PUSH_ARTIFACT', { repository: null }), 'INVALID_TARGET'],
  ['a time that is text', plain('PUSH_ARTIFACT', {}, { occur_at: '2024' }), 'INVALID_ITEM'],
  ['resources that are text', plain('PUSH_ARTIFACT', { resources: 'x' as never }), 'INVALID_ITEM'],
  ['a tag that is a number', plain('PUSH_ARTIFACT', { resources: [{ tag: 1 }] }), 'INVALID_ITEM'],
  ['a CloudEvent without an id', cloud('harbor.artifact.pushed', {}, { id: '' }), 'INVALID_ITEM'],
  ['data of a CloudEvent that is text', cloud('harbor.artifact.pushed', {}, { data: 'x' }), 'INVALID_ITEM'],
  ['a word', '"push"', 'INVALID_ITEM'],
  ['no JSON', '{', 'INVALID_BODY'],
])('%s goes to quarantine', async (_what, body, reason) => {
  const { post, quarantine } = door()
  const answer = await post('/webhooks/harbor', body)
  expect([answer.status, answer.body.accepted, answer.body.ignored]).toEqual([202, [], 0])
  expect(await quarantine()).toMatchObject([{ reason }])
})
