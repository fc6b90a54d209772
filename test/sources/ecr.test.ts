import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { ecr } from '../../lib/sources/ecr.ts'
import { door, NOW } from '../door.ts'

// Bodies of `test/fixtures/ecr` are written after the vendor's description of events and records.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/ecr', `${name}.json`), 'utf8')
const json = (name: string) => JSON.parse(read(name))

const A = 'de.icr.io/team/app'
const ONE = `sha256:${'3b6f1c0a'.repeat(8)}`
const TWO = `sha256:${'9d02e47f'.repeat(8)}`
const REFERENCED = `sha256:${'0f'.repeat(32)}`
const UNTAGGED = 'sha256:f98d67af8e53a536502bfc600de3266556b06ed635a32d60aa7a5fe6d7e609d7'
const JANE = 'arn:aws:iam::444455556666:user/ci/Jane'
const BUILD = 'arn:aws:sts::444455556666:assumed-role/Builder/build-17'
const SERVICE = 'AWS Internal'
const BY_EVENT = '2026-11-20T08:15:30.00+0000'
const at = (minute: number) => `2026-11-20T08:${minute}:00.00+0000`

type Row = [action: string, target: string, initiator: string, time: string, code: number]

// Written down by reading the fixtures.
const table: [fixture: string, events: Row[], ignored: Record<string, number>][] = [
  ['eventbridge-image-action-push', [['image.push', `${A}:1.4.0`, '', BY_EVENT, 201]], {}],
  [
    'eventbridge-image-action-push-untagged',
    [['image.push', `${A}@${UNTAGGED}`, '', '2025-05-08T20:44:54.00+0000', 201]],
    {},
  ],
  ['eventbridge-image-action-delete', [['image.delete', `${A}:1.4.0`, '', BY_EVENT, 202]], {}],
  ['eventbridge-image-archive', [], { 'storage class': 1 }],
  ['eventbridge-image-restore', [], { 'storage class': 1 }],
  ['eventbridge-image-scan', [], { scan: 1 }],
  ['eventbridge-inspector2-scan', [], { Inspector: 1 }],
  ['eventbridge-pull-through-cache-success', [], { 'pull through cache': 1 }],
  ['eventbridge-pull-through-cache-failure', [], { 'pull through cache': 1 }],
  ['eventbridge-replication-success', [], { replication: 1 }],
  ['eventbridge-replication-failed', [], { replication: 1 }],
  ['cloudevents-push', [['image.push', `${A}:1.4.0`, '', BY_EVENT, 201]], {}],
  ['cloudtrail-put-image', [['image.push', `${A}:1.4.0`, JANE, at(21), 201]], {}],
  ['eventbridge-cloudtrail-put-image', [['image.push', `${A}:1.4.0`, JANE, at(21), 201]], {}],
  [
    'cloudtrail-records',
    [
      ['namespace.create', 'team/app', BUILD, at(22), 201],
      ['image.pull', `${A}:1.4.0`, BUILD, at(23), 200],
      ['image.pull', `${A}@${TWO}`, BUILD, at(23), 200],
      ['image.inspect', `${A}:1.4.0`, JANE, at(25), 200],
      ['namespace.list', 'de.icr.io', JANE, at(26), 200],
    ],
    { layer: 1, 'other service': 1 },
  ],
  [
    'cloudtrail-batch-delete-image',
    [
      ['image.untag', `${A}:old`, JANE, at(28), 202],
      ['image.untag', `${A}:older`, JANE, at(28), 202],
      ['image.delete', `${A}@${REFERENCED}`, JANE, at(28), 409],
      ['image.untag', `${A}:gone`, JANE, at(28), 404],
      ['image.bulkdelete', A, JANE, at(28), 202],
    ],
    {},
  ],
  ['cloudtrail-put-lifecycle-policy', [['retention.set', 'team/app', JANE, at(20), 200]], {}],
  [
    'eventbridge-policy-execution',
    [
      ['image.bulkdelete', A, SERVICE, at(21), 202],
      ['image.bulkdelete', A, SERVICE, at(21), 409],
    ],
    { 'storage class': 1 },
  ],
]

test.each(table)('%s', async (fixture, events, ignored) => {
  const made = door()
  expect((await made.post('/webhooks/ecr', read(fixture))).status).toBe(202)
  const written = await made.intake()
  expect(
    written.map(({ action, target, initiator, eventTime, reason }) => [
      action.slice('container-registry.'.length),
      target.name,
      initiator.id,
      eventTime,
      reason.reasonCode,
    ]),
  ).toEqual(events)
  expect(written.map(({ outcome }) => outcome)).toEqual(
    events.map(([, , , , code]) => (code < 300 ? 'success' : 'failure')),
  )
  expect(made.entry.ignored).toEqual(ignored)
  expect(await made.quarantine()).toEqual([])
  expect(new Set(written.map(({ id }) => id)).size).toBe(written.length)
})

const writtenOf = async (body: unknown, accept?: object) => {
  const config = { id: 'ecr', source: 'ecr', domain: 'de.icr.io', region: 'eu-central', account: 'acme' } as const
  const made = door(accept ? { registries: [{ ...config, accept }] } : {})
  await made.post('/webhooks/ecr', body)
  return made.intake()
}

const put = json('cloudtrail-put-image')

test('a push by a user, field by field', async () => {
  const [event] = await writtenOf(put)
  expect(event).toMatchObject({
    initiator: {
      id: JANE,
      name: 'Jane',
      typeURI: 'service/security/account/user',
      host: { address: '203.0.113.40', addressType: 'IPv4', agent: 'docker/27.3.1 go/go1.22.7' },
    },
    target: {
      id: `${A}@${ONE}`,
      name: `${A}:1.4.0`,
      host: { address: '444455556666.dkr.ecr.eu-central-1.amazonaws.com' },
    },
    requestData: { eventName: 'PutImage' },
    correlationId: 'c7d8e9f0-0000-4000-8000-000000000001',
    route: { contradictingDomain: '444455556666.dkr.ecr.eu-central-1.amazonaws.com' },
  })
})

describe('who it was', () => {
  const arn = 'arn:aws:sts::444455556666:assumed-role/Builder/build-17'
  const serviceid = 'service/security/account/serviceid'
  const user = 'service/security/account/user'
  test.each<[string, object | null, [id: string, name: string, typeURI: string]]>([
    ['a session of a role', { type: 'AssumedRole', arn, principalId: 'AROA:build-17' }, [arn, 'build-17', user]],
    [
      'a name of its own',
      { type: 'IAMUser', arn: JANE, userName: 'jane@example.com' },
      [JANE, 'jane@example.com', user],
    ],
    ['a service with an id', { type: 'AWSService', principalId: 'x', invokedBy: 'ecr' }, ['x', 'ecr', serviceid]],
    ['root', { type: 'Root', arn: 'arn:aws:iam::4444:root' }, ['arn:aws:iam::4444:root', 'root', user]],
    ['another account', { type: 'AWSAccount', principalId: 'AIDAX', accountId: '1' }, ['AIDAX', 'AIDAX', user]],
    [
      'a service of AWS',
      { type: 'AWSService', invokedBy: 'replication.ecr.amazonaws.com' },
      ['replication.ecr.amazonaws.com', 'replication.ecr.amazonaws.com', serviceid],
    ],
    ['a service without a type', { invokedBy: 'AWS Internal' }, ['AWS Internal', 'AWS Internal', serviceid]],
    ['nobody', null, ['', 'ecr', 'service/security/clientid']],
  ])('%s', async (_what, userIdentity, initiator) => {
    const [event] = await writtenOf({ ...put, userIdentity })
    expect([event?.initiator.id, event?.initiator.name, event?.initiator.typeURI]).toEqual(initiator)
  })

  test('the role of a session', async () => {
    const [event] = await writtenOf(json('cloudtrail-records'))
    expect(event?.requestData).toEqual({
      eventName: 'CreateRepository',
      role: 'arn:aws:iam::444455556666:role/Builder',
    })
  })

  test('a service where an address is expected', async () => {
    const [event] = await writtenOf({ ...put, sourceIPAddress: 'ecr.amazonaws.com' })
    expect(event?.initiator.host.address).toBe('')
    expect(event?.requestData).toEqual({ eventName: 'PutImage', sourceService: 'ecr.amazonaws.com' })
  })

  test('an address of IPv6', async () => {
    const [event] = await writtenOf({ ...put, sourceIPAddress: '2001:db8::7' })
    expect(event?.initiator.host).toMatchObject({ address: '2001:db8::7', addressType: 'IPv6' })
    expect(event?.requestData).toEqual({ eventName: 'PutImage' })
  })
})

describe('where it was', () => {
  const domainOf = async (changes: object) => (await writtenOf({ ...put, ...changes }))[0]?.target.host?.address
  const { registryId: _, ...asked } = put.requestParameters

  test('the registry of another account', async () => {
    const requestParameters = { ...asked, registryId: '777788889999' }
    expect(await domainOf({ requestParameters })).toBe('777788889999.dkr.ecr.eu-central-1.amazonaws.com')
  })

  test('the account of the resource, then of the record', async () => {
    const resources = [{ ARN: 'arn:aws:ecr:eu-central-1:777788889999:repository/team/app' }]
    expect(await domainOf({ requestParameters: asked, resources })).toContain('777788889999.')
    expect(await domainOf({ requestParameters: asked, resources: null })).toContain('444455556666.')
  })

  test('a region of China', async () => {
    expect(await domainOf({ awsRegion: 'cn-northwest-1' })).toBe('444455556666.dkr.ecr.cn-northwest-1.amazonaws.com.cn')
    const [event] = await writtenOf(json('cloudevents-push'))
    expect(event?.target.host?.address).toBe('444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn')
  })

  test('no domain without a region', async () => {
    expect(await domainOf({ awsRegion: null })).toBeUndefined()
  })
})

describe('failures', () => {
  test.each([
    ['AccessDenied', 403],
    ['AccessDeniedException', 403],
    ['RepositoryNotFoundException', 404],
    ['ImageNotFoundException', 404],
    ['ImageAlreadyExistsException', 409],
    ['ImageTagAlreadyExistsException', 409],
    ['RepositoryNotEmptyException', 409],
    ['LifecyclePolicyPreviewInProgressException', 409],
    ['LimitExceededException', 429],
    ['ThrottlingException', 429],
    ['ServerException', 500],
    ['ServiceUnavailable', 503],
    ['ExpiredTokenException', 401],
    ['InvalidParameterException', 400],
    ['SomethingNew', 400],
  ])('%s is %d', async (errorCode, code) => {
    const [event] = await writtenOf({ ...put, errorCode, errorMessage: 'So it was.' })
    expect(event).toMatchObject({
      action: 'container-registry.image.push',
      outcome: 'failure',
      reason: { reasonCode: code, reasonForFailure: 'So it was.' },
      requestData: { eventName: 'PutImage', errorCode },
    })
  })

  test('without a message the code is the message', async () => {
    const [event] = await writtenOf({ ...put, errorCode: 'KmsException' })
    expect(event?.reason).toMatchObject({ reasonCode: 400, reasonForFailure: 'KmsException' })
  })

  test('an event of EventBridge that did not succeed', async () => {
    const event = json('eventbridge-image-action-push')
    const [written] = await writtenOf({ ...event, detail: { ...event.detail, result: 'FAILURE' } })
    expect([written?.outcome, written?.reason.reasonCode]).toEqual(['failure', 500])
  })

  test('a transformed event that did not succeed', async () => {
    const event = json('cloudevents-push')
    const of = async (result: string) =>
      (await writtenOf({ ...event, data: { ...event.data, result } })).map(({ outcome }) => outcome)
    expect([await of('FAILURE'), await of('SUCCESS'), await of('')]).toEqual([['failure'], ['success'], ['success']])
  })

  test('a refused call that names no image goes to quarantine', async () => {
    const { post, quarantine } = door()
    await post('/webhooks/ecr', read('cloudtrail-access-denied'))
    expect((await quarantine()).map(({ reason }) => reason)).toEqual(['INVALID_TARGET'])
  })

  test('a refused call that needs no more than the repository has it from the message', async () => {
    const { post, intake } = door()
    const denied = { ...json('cloudtrail-access-denied'), eventName: 'BatchDeleteImage' }
    await post('/webhooks/ecr', { Records: [denied, { ...denied, eventName: 'DeleteRepository' }] })
    expect((await intake()).map(({ action, target, reason }) => [action, target.name, reason.reasonCode])).toEqual([
      ['container-registry.image.bulkdelete', A, 403],
      ['container-registry.namespace.delete', 'team/app', 403],
    ])
  })
})

describe('deletions', () => {
  const record = json('cloudtrail-batch-delete-image')
  const of = async (imageIds: object[], changes: object = {}) => {
    const requestParameters = { ...record.requestParameters, imageIds }
    const events = await writtenOf({ ...record, requestParameters, responseElements: null, ...changes })
    return events.map(({ action, target, requestData = {}, reason }) => {
      const { eventName: _name, errorCode: _code, ...data } = requestData
      return [action.slice('container-registry.image.'.length), target.name, reason.reasonCode, data]
    })
  }

  test('one digest, with a tag, with two', async () => {
    expect(await of([{ imageDigest: ONE }])).toEqual([['delete', `${A}@${ONE}`, 202, {}]])
    expect(await of([{ imageDigest: ONE, imageTag: '1' }])).toEqual([['delete', `${A}:1`, 202, {}]])
    const two = [
      { imageDigest: ONE, imageTag: '1' },
      { imageDigest: ONE, imageTag: '2' },
    ]
    expect(await of(two)).toEqual([['delete', `${A}@${ONE}`, 202, { tags: ['1', '2'] }]])
  })

  test('several digests are one event with the list', async () => {
    const ids = [{ imageDigest: ONE }, { imageDigest: TWO, imageTag: '2' }]
    const deleted = [{ digest: ONE }, { digest: TWO, tags: ['2'] }]
    expect(await of(ids)).toEqual([['bulkdelete', A, 202, { deleted }]])
  })

  test('a call that failed as a whole', async () => {
    const changes = { errorCode: 'AccessDeniedException', errorMessage: 'no' }
    expect(await of([{ imageTag: '1' }, { imageDigest: ONE }], changes)).toEqual([
      ['untag', `${A}:1`, 403, {}],
      ['delete', `${A}@${ONE}`, 403, {}],
    ])
  })

  test.each([
    ['named alike', { imageDigest: TWO }],
    ['with the tag of it', { imageDigest: TWO, imageTag: 'x' }],
  ])('one of two digests that failed, %s', async (_what, imageId) => {
    const responseElements = { failures: [{ imageId, failureCode: 'ImageNotFound', failureReason: 'not there' }] }
    expect(await of([{ imageDigest: ONE }, { imageDigest: TWO }], { responseElements })).toEqual([
      ['delete', `${A}@${TWO}`, 404, {}],
      ['delete', `${A}@${ONE}`, 202, {}],
    ])
  })

  test('a failure of another tag of the same digest is not its', async () => {
    const imageId = { imageDigest: ONE, imageTag: '2' }
    const responseElements = { failures: [{ imageId, failureCode: 'ImageTagDoesNotMatchDigest' }] }
    const ids = [
      { imageDigest: ONE, imageTag: '1' },
      { imageDigest: ONE, imageTag: '2' },
    ]
    expect((await of(ids, { responseElements })).map(([, name, code]) => [name, code]).toSorted()).toEqual([
      [`${A}:1`, 202],
      [`${A}:2`, 400],
    ])
  })

  test.each([
    ['no image at all', undefined],
    ['the digest of what was asked by its tag', { imageDigest: ONE }],
  ])('a failure that names %s may be any one’s', async (_what, imageId) => {
    const responseElements = { failures: [{ ...(imageId ? { imageId } : {}), failureCode: 'KmsError' }] }
    const [[, , code] = []] = await of([{ imageTag: '1' }], { responseElements })
    expect(code).toBe(400)
  })

  test('what the answer lists as deleted has not failed', async () => {
    const responseElements = {
      imageIds: [{ imageDigest: ONE, imageTag: '1' }],
      failures: [{ failureCode: 'KmsError' }],
    }
    const written = await of([{ imageTag: '1' }, { imageTag: '2' }], { responseElements })
    expect(written.map(([, name, code]) => [name, code])).toEqual([
      [`${A}:1`, 202],
      [`${A}:2`, 400],
    ])
  })

  test('by a lifecycle policy', async () => {
    const [done, failed] = await writtenOf(json('eventbridge-policy-execution'))
    expect(done?.requestData).toEqual({
      eventName: 'PolicyExecutionEvent',
      sourceService: SERVICE,
      deleted: [{ digest: ONE, tags: ['old', 'older'] }, { digest: TWO }],
    })
    const code = 'ImageReferencedByManifestList'
    expect(failed?.requestData).toEqual({
      eventName: 'PolicyExecutionEvent',
      sourceService: SERVICE,
      errorCode: code,
      notDeleted: [{ digest: `sha256:${'1e'.repeat(32)}`, reason: code }],
    })
    expect(failed?.reason.reasonForFailure).toBe('Requested image referenced by manifest list')
  })

  test('by a lifecycle policy whose record says nothing of images', async () => {
    const { detail } = json('eventbridge-policy-execution')
    const [event] = await writtenOf({ ...detail, serviceEventDetails: null })
    expect([event?.action, event?.target.name]).toEqual(['container-registry.image.bulkdelete', A])
  })
})

describe('lifecycle policies', () => {
  const record = json('cloudtrail-put-lifecycle-policy')
  const of = async (changes: object) => {
    const [event] = await writtenOf({ ...record, ...changes })
    return [event?.action.slice('container-registry.'.length), event?.target.name, event?.requestData?.policy]
  }
  const asked = (lifecyclePolicyText: string | undefined) => ({
    requestParameters: { ...record.requestParameters, lifecyclePolicyText },
  })

  test('set, deleted, tried out, read', async () => {
    const { rules } = JSON.parse(record.requestParameters.lifecyclePolicyText)
    expect(rules[0].selection.countNumber).toBe(14)
    expect(await of({})).toEqual(['retention.set', 'team/app', { rules }])
    const bare = asked(undefined)
    expect(await of({ ...bare, eventName: 'DeleteLifecyclePolicy' })).toEqual(['retention.set', 'team/app', {}])
    expect(await of({ ...bare, eventName: 'StartLifecyclePolicyPreview' })).toEqual([
      'retention.analyze',
      'team/app',
      { rules },
    ])
    expect(await of({ eventName: 'GetLifecyclePolicy' })).toEqual(['retention.list', 'team/app', undefined])
  })

  test.each(['{"rules":', '[]', '7', 'null'])('the text %s is kept as it is', async (text) => {
    expect(await of(asked(text))).toEqual(['retention.set', 'team/app', { lifecyclePolicyText: text }])
  })

  test('one that is too deep goes to quarantine and costs no neighbour', async () => {
    const deep = { ...record, ...asked(`{"a":${'['.repeat(70)}${']'.repeat(70)}}`) }
    const { post, quarantine } = door()
    // Where brackets are escaped nobody counts them in the body.
    const hidden = JSON.stringify({ Records: [deep, record] }).replace(/\[{2,}/g, (all) => '\\u005b'.repeat(all.length))
    const { body } = await post('/webhooks/ecr', hidden)
    expect(body.accepted).toHaveLength(1)
    expect((await quarantine()).map(({ reason }) => reason)).toEqual(['TOO_DEEP'])
  })
})

const event = (type: string, detail: object = {}, source = 'aws.ecr') => ({
  ...json('eventbridge-image-action-push'),
  'detail-type': type,
  source,
  detail: { ...json('eventbridge-image-action-push').detail, ...detail },
})
const call = (eventName: string, requestParameters: object = {}, changes: object = {}) => ({
  ...put,
  eventName,
  requestParameters: { registryId: '444455556666', repositoryName: 'team/app', ...requestParameters },
  ...changes,
})
const transformed = (type: string, data: object = {}) => {
  const made = json('cloudevents-push')
  return { ...made, type, data: { ...made.data, ...data } }
}
const execution = (serviceEventDetails: object) => call('PolicyExecutionEvent', {}, { serviceEventDetails })

const SIGNATURE = `sha256-${'3b6f1c0a'.repeat(8)}.sig`

describe('every event of the vocabulary', () => {
  const digest = { imageDigest: ONE }
  const untagged = { image: { imageId: digest } }
  const archived = { lifecycleEventImage: { digest: ONE }, rulePriority: 1 }
  const transition = { lifecycleEventRules: [{ rulePriority: 1, action: { type: 'TRANSITION' } }] }
  const audited: Record<string, [body: unknown, becomes: string]> = {
    'ECR Image Action PUSH, by tag': [event('ECR Image Action'), 'image.push'],
    'ECR Image Action PUSH, by digest': [event('ECR Image Action', { 'image-tag': undefined }), 'image.push'],
    'ECR Image Action PUSH, signature': [event('ECR Image Action', { 'image-tag': SIGNATURE }), 'image.push'],
    'ECR Image Action DELETE': [event('ECR Image Action', { 'action-type': 'DELETE' }), 'image.delete'],
    'ECR Image Action UPDATE_STORAGE_CLASS': [
      event('ECR Image Action', { 'action-type': 'UPDATE_STORAGE_CLASS' }),
      'storage class',
    ],
    'ECR Replication Action REPLICATE': [
      event('ECR Replication Action', { 'action-type': 'REPLICATE' }),
      'replication',
    ],
    'com.amazon.ecr.image.push, by tag': [transformed('com.amazon.ecr.image.push'), 'image.push'],
    'com.amazon.ecr.image.push, by digest': [transformed('com.amazon.ecr.image.push', { imageTag: '' }), 'image.push'],
    'com.amazon.ecr.image.push, signature': [
      transformed('com.amazon.ecr.image.push', { imageTag: SIGNATURE }),
      'image.push',
    ],
    'com.amazon.ecr.image.delete': [transformed('com.amazon.ecr.image.delete'), 'image.delete'],
    'PutImage, by tag': [put, 'image.push'],
    'PutImage, by digest': [call('PutImage', {}, { responseElements: untagged }), 'image.push'],
    'PutImage, signature': [call('PutImage', { imageTag: SIGNATURE }), 'image.push'],
    BatchGetImage: [call('BatchGetImage', { imageIds: [digest] }), 'image.pull'],
    'BatchDeleteImage, by tag': [call('BatchDeleteImage', { imageIds: [{ imageTag: '1' }] }), 'image.untag'],
    'BatchDeleteImage, one digest': [call('BatchDeleteImage', { imageIds: [digest] }), 'image.delete'],
    'BatchDeleteImage, several digests': [
      call('BatchDeleteImage', { imageIds: [digest, { imageDigest: TWO }] }),
      'image.bulkdelete',
    ],
    'BatchDeleteImage, no image named': [call('BatchDeleteImage'), 'image.bulkdelete'],
    'DescribeImages, named': [call('DescribeImages', { imageIds: [digest] }), 'image.inspect'],
    'DescribeImages, all': [call('DescribeImages'), 'image.list'],
    ListImages: [call('ListImages'), 'image.list'],
    CreateRepository: [call('CreateRepository'), 'namespace.create'],
    DeleteRepository: [call('DeleteRepository'), 'namespace.delete'],
    DescribeRepositories: [call('DescribeRepositories'), 'namespace.list'],
    PutLifecyclePolicy: [call('PutLifecyclePolicy', { lifecyclePolicyText: '{"rules":[]}' }), 'retention.set'],
    DeleteLifecyclePolicy: [call('DeleteLifecyclePolicy'), 'retention.set'],
    GetLifecyclePolicy: [call('GetLifecyclePolicy'), 'retention.list'],
    StartLifecyclePolicyPreview: [call('StartLifecyclePolicyPreview'), 'retention.analyze'],
    PolicyExecutionEvent: [execution({ lifecycleEventImageActions: [archived] }), 'image.bulkdelete'],
    'PolicyExecutionEvent, transition': [
      execution({ lifecycleEventPolicy: transition, lifecycleEventImageActions: [archived] }),
      'storage class',
    ],
    'PolicyExecutionEvent, not deleted': [
      execution({ lifecycleEventFailureDetails: [{ lifecycleEventImage: { digest: ONE } }] }),
      'image.bulkdelete',
    ],
    'PolicyExecutionEvent, nothing deleted': [
      execution({ lifecycleEventImageActions: [], lifecycleEventFailureDetails: [] }),
      'nothing deleted',
    ],
    'kms.amazonaws.com': [call('CreateGrant', {}, { eventSource: 'kms.amazonaws.com' }), 'other service'],
  }
  const calls = (becomes: string, ...names: string[]) =>
    names.map((name): [string, [unknown, string]] => [name, [call(name), becomes]])
  const details = (becomes: string, source: string, ...names: string[]) =>
    names.map((name): [string, [unknown, string]] => [name, [event(name, {}, source), becomes]])
  // biome-ignore format: one group a line
  const rows: [string, [unknown, string]][] = [
    ...Object.entries(audited),
    ...details('scan', 'aws.ecr', 'ECR Image Scan', 'ECR Scan Resource Change'),
    ...details('referrer', 'aws.ecr', 'ECR Referrer Action'),
    ...details('pull through cache', 'aws.ecr', 'ECR Pull Through Cache Action'),
    ...details('Inspector', 'aws.inspector2', 'Inspector Finding', 'Inspector Scan', 'Inspector2 Finding', 'Inspector2 Scan', 'Inspector2 Coverage', 'Inspector2 AutoEnable'),
    ...calls('storage class', 'UpdateImageStorageClass'),
    ...calls('referrer', 'ListImageReferrers'),
    ...calls('login', 'GetAuthorizationToken'),
    ...calls('layer', 'BatchCheckLayerAvailability', 'CompleteLayerUpload', 'GetDownloadUrlForLayer', 'InitiateLayerUpload', 'UploadLayerPart'),
    ...calls('lifecycle preview', 'GetLifecyclePolicyPreview', 'DryRunEvent'),
    ...calls('scan', 'BatchGetRepositoryScanningConfiguration', 'DescribeImageScanFindings', 'GetRegistryScanningConfiguration', 'PutImageScanningConfiguration', 'PutRegistryScanningConfiguration', 'StartImageScan'),
    ...calls('signing', 'DeleteSigningConfiguration', 'DescribeImageSigningStatus', 'GetSigningConfiguration', 'PutSigningConfiguration'),
    ...calls('access policy', 'DeleteRegistryPolicy', 'DeleteRepositoryPolicy', 'GetRegistryPolicy', 'GetRepositoryPolicy', 'PutRegistryPolicy', 'SetRepositoryPolicy'),
    ...calls('repository settings', 'CreateRepositoryCreationTemplate', 'DeleteRepositoryCreationTemplate', 'DescribeRepositoryCreationTemplates', 'UpdateRepositoryCreationTemplate', 'ListTagsForResource', 'PutImageTagMutability', 'TagResource', 'UntagResource'),
    ...calls('registry settings', 'DeregisterPullTimeUpdateExclusion', 'ListPullTimeUpdateExclusions', 'RegisterPullTimeUpdateExclusion', 'DescribeImageReplicationStatus', 'DescribeRegistry', 'GetAccountSetting', 'PutAccountSetting', 'PutReplicationConfiguration'),
    ...calls('pull through cache rule', 'CreatePullThroughCacheRule', 'DeletePullThroughCacheRule', 'DescribePullThroughCacheRules', 'UpdatePullThroughCacheRule', 'ValidatePullThroughCacheRule'),
  ]

  test('has a row here', () => {
    expect(rows.map(([name]) => name).sort()).toEqual(Object.keys(ecr.vocabulary).sort())
  })

  test.each(rows)('%s', async (_name, [body, becomes]) => {
    const made = door()
    const answer = await made.post('/webhooks/ecr', body)
    const actions = answer.body.accepted.map(({ action }) => action.slice('container-registry.'.length))
    expect([...actions, ...Object.keys(made.entry.ignored ?? {})]).toEqual([becomes])
  })

  test('has every operation of the API', () => {
    // Of the service's model of 2015-09-21, as it stood in the autumn of 2026.
    const operations = 58
    const named = new Set(Object.keys(ecr.vocabulary).map((name) => name.split(',')[0] as string))
    for (const name of ['PolicyExecutionEvent', 'DryRunEvent']) named.delete(name)
    expect([...named].filter((name) => /^[A-Z][A-Za-z]+$/.test(name))).toHaveLength(operations)
  })
})

describe('settings', () => {
  const of = async (accept: object, body: unknown) =>
    (await writtenOf(body, accept)).map(({ action, target, outcome, reason, initiator, requestData }) => [
      action.slice('container-registry.'.length),
      target.name,
      outcome,
      reason.reasonCode,
      initiator.id,
      requestData,
    ])

  test('replication', async () => {
    const from = { sourceAccount: '123456789012', sourceRegion: 'us-east-1' }
    expect(await of({ replication: 'push' }, read('eventbridge-replication-success'))).toEqual([
      ['image.push', `${A}:3.17.2`, 'success', 201, '', from],
    ])
    expect(await of({ replication: 'push' }, read('eventbridge-replication-failed'))).toEqual([
      ['image.push', `${A}:latest`, 'failure', 500, '', from],
    ])
  })

  test('pull through cache', async () => {
    const alpine = 'de.icr.io/docker-hub/alpine'
    expect(await of({ pullThroughCache: 'push' }, read('eventbridge-pull-through-cache-success'))).toEqual([
      ['image.push', `${alpine}:3.20.1`, 'success', 201, '', { upstreamRegistry: 'public.ecr.aws' }],
    ])
    expect(await of({ pullThroughCache: 'push' }, read('eventbridge-pull-through-cache-failure'))).toEqual([
      ['image.push', `${alpine}:nope`, 'failure', 404, '', { upstreamRegistry: 'registry-1.docker.io' }],
    ])
  })

  test.each([
    [{ children: 'tagged' }, event('ECR Image Action', { 'image-tag': undefined }), event('ECR Image Action')],
    [{ children: 'tagged' }, transformed('com.amazon.ecr.image.push', { imageTag: '' }), json('cloudevents-push')],
    [{ children: 'tagged' }, call('PutImage', {}, { responseElements: { image: { imageId: {} } } }), put],
    [{ signatures: 'ignore' }, event('ECR Image Action', { 'image-tag': SIGNATURE }), event('ECR Image Action')],
    [{ signatures: 'ignore' }, transformed('com.amazon.ecr.image.push', { imageTag: SIGNATURE }), put],
    [{ signatures: 'ignore' }, call('PutImage', { imageTag: SIGNATURE }), put],
  ])('%j', async (accept, ignored, taken) => {
    expect(await of(accept, ignored)).toHaveLength(0)
    expect(await of(accept, taken)).toHaveLength(1)
  })
})

describe('oddities', () => {
  test('a list, as pipes send it', async () => {
    const { body } = await door().post('/webhooks/ecr', [event('ECR Image Action'), put, 7, { a: 1 }])
    expect(body.accepted).toHaveLength(2)
    expect(body.quarantined.map(({ reason }) => reason)).toEqual(['INVALID_ITEM', 'INVALID_ITEM'])
  })

  test('CloudEvents by their content type and by headers', async () => {
    const { data, ...attributes } = json('cloudevents-push')
    const headers = Object.fromEntries(
      Object.entries(attributes)
        .filter(([name]) => name !== 'datacontenttype')
        .map(([name, value]) => [`ce-${name}`, encodeURIComponent(String(value))]),
    )
    const { post } = door()
    const structured = { headers: { 'content-type': 'application/cloudevents+json' } }
    const first = await post('/webhooks/ecr', { ...attributes, data }, structured)
    const second = await post('/webhooks/ecr', data, { headers })
    expect(first.body.accepted).toHaveLength(1)
    expect(second.body.accepted).toEqual(first.body.accepted)
  })

  test('a transformed event takes repository, account and region from its source', async () => {
    const [written] = await writtenOf(transformed('com.amazon.ecr.image.push', { repositoryName: '', registryId: '' }))
    expect([written?.target.name, written?.target.host?.address]).toEqual([
      `${A}:1.4.0`,
      '444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn',
    ])
  })

  test('a day that does not exist, as a published sample has it', async () => {
    const [written] = await writtenOf({ ...event('ECR Image Action'), time: '2023-02-29T02:36:48Z' })
    expect(written?.route?.assumed).toContain('eventTime')
  })

  test('a tag that the answer alone names', async () => {
    const [written] = await writtenOf(call('PutImage'))
    expect(written?.target.name).toBe(`${A}:1.4.0`)
  })

  const kms = { ...put, eventSource: 'kms.amazonaws.com', eventName: 'Decrypt', requestParameters: [7] }
  test('a record of another service is not read', async () => {
    const made = door()
    await made.post('/webhooks/ecr', kms)
    expect(made.entry.ignored).toEqual({ 'other service': 1 })
  })

  test('an unknown event of another service is named with its service', async () => {
    const { post, quarantine } = door()
    await post('/webhooks/ecr', call('RunInstances', {}, { eventSource: 'ec2.amazonaws.com' }))
    expect((await quarantine())[0]?.message).toContain('"ec2.amazonaws.com RunInstances"')
  })

  test.each<[string, unknown, string]>([
    ['a detail type that is not known', event('ECR Image Dance'), 'UNKNOWN_ACTION'],
    ['an action type that is not known', event('ECR Image Action', { 'action-type': 'PULL' }), 'UNKNOWN_ACTION'],
    ['no action type', event('ECR Image Action', { 'action-type': null }), 'UNKNOWN_ACTION'],
    ['another replication', event('ECR Replication Action', { 'action-type': 'UNDO' }), 'UNKNOWN_ACTION'],
    ['an event of another service', event('ECR Image Action', {}, 'acme.ecr'), 'UNKNOWN_ACTION'],
    ['a call that is not known', call('DetonateImage'), 'UNKNOWN_ACTION'],
    ['a call that objects have', call('constructor'), 'UNKNOWN_ACTION'],
    ['the public registry', call('PutImage', {}, { eventSource: 'ecr-public.amazonaws.com' }), 'UNKNOWN_ACTION'],
    ['a transformed type that is not known', transformed('com.amazon.ecr.image.scan'), 'UNKNOWN_ACTION'],
    [
      'a rule that does something else',
      execution({
        lifecycleEventPolicy: { lifecycleEventRules: [{ rulePriority: 1, action: 'shrink' }] },
        lifecycleEventImageActions: [{ lifecycleEventImage: { digest: ONE }, rulePriority: 1 }],
      }),
      'UNKNOWN_ACTION',
    ],
    ['a pull that names no image', call('BatchGetImage'), 'INVALID_TARGET'],
    ['an image that has no name', call('BatchDeleteImage', { imageIds: [{}] }), 'INVALID_TARGET'],
    ['a tag that is a number', event('ECR Image Action', { 'image-tag': 7 }), 'INVALID_ITEM'],
    ['images that are no list', call('BatchGetImage', { imageIds: {} }), 'INVALID_ITEM'],
    ['transformed data that is text', { ...transformed('com.amazon.ecr.image.push'), data: 'x' }, 'INVALID_ITEM'],
    ['an envelope without its record', { ...event('AWS API Call via CloudTrail'), detail: null }, 'INVALID_ITEM'],
    ['a record without its service', { ...put, eventSource: undefined }, 'INVALID_ITEM'],
    ['a name that is a number', { ...put, eventName: 7 }, 'INVALID_ITEM'],
    ['a detail type that is a list', { ...event('x'), 'detail-type': [] }, 'INVALID_ITEM'],
    ['records that are none', { Records: [7] }, 'INVALID_ITEM'],
    ['records that are no list', { Records: {} }, 'INVALID_ENVELOPE'],
    ['an object of something else', { events: [] }, 'INVALID_ENVELOPE'],
    ['text', '"PutImage"', 'INVALID_ENVELOPE'],
    [
      'a comma too many, as a published sample has it',
      read('eventbridge-image-scan').replace(/\}\s*\}\s*$/, '},}'),
      'INVALID_BODY',
    ],
  ])('%s goes to quarantine', async (_what, body, reason) => {
    const { post, intake, quarantine } = door()
    expect((await post('/webhooks/ecr', body)).status).toBe(202)
    expect((await quarantine()).map((message) => message.reason)).toEqual([reason])
    expect(await intake()).toEqual([])
  })
})

describe('ids', () => {
  const made = door()
  const ids = async (body: unknown, receivedAt = NOW) =>
    (await made.post('/webhooks/ecr', body, { receivedAt })).body.accepted.map(({ id }) => id)
  const pushed = event('ECR Image Action')
  const cloud = json('cloudevents-push')

  test.each([
    ['EventBridge', pushed],
    ['CloudTrail', put],
    ['several images', json('cloudtrail-batch-delete-image')],
    ['a CloudEvent', cloud],
    ['EventBridge without an id', { ...pushed, id: undefined }],
    ['CloudTrail without an id', { ...put, eventID: undefined }],
  ])('the same delivery of %s has the same ids', async (_what, body) => {
    const first = await ids(body)
    expect(first.length).toBeGreaterThan(0)
    expect(await ids(body, NOW + 3_600_000)).toEqual(first)
  })

  test('a record has the same id with and without its envelope, whichever rule sent it', async () => {
    const inside = json('eventbridge-cloudtrail-put-image')
    expect(await ids(inside)).toEqual(await ids(put))
    expect(await ids({ ...inside, id: 'other' })).toEqual(await ids(put))
  })

  test.each<[string, unknown, unknown]>([
    ['another id of EventBridge', pushed, { ...pushed, id: 'other' }],
    ['another tag of EventBridge', pushed, event('ECR Image Action', { 'image-tag': '2' })],
    ['another time of EventBridge, without an id', { ...pushed, id: '' }, { ...pushed, id: '', time: BY_EVENT }],
    ['another id of CloudTrail', put, { ...put, eventID: 'other' }],
    ['another source', cloud, { ...cloud, source: 'urn:aws:ecr:eu-central-1:444455556666:repository/team/app' }],
    [
      'another time, without an id',
      { ...put, eventID: '' },
      { ...put, eventID: '', eventTime: '2026-11-20T08:21:01Z' },
    ],
  ])('%s is another event', async (_what, one, other) => {
    expect(await ids(one)).not.toEqual(await ids(other))
  })
})
