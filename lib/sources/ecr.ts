import { isIP } from 'node:net'
import * as v from 'valibot'
import type { Activity, Initiator, Target } from '../activity.ts'
import { cloudEventId, cloudEventItems, dataOf, hasCloudEvents, readCloudEvent } from '../cloudevent.ts'
import { RouterError } from '../errors.ts'
import { checkDepth, parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import { children, replication, setting, signatures } from './settings.ts'
import { token } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, type Noise, namingOf, pushes, ruled, type Vocabulary } from './vocabulary.ts'
import { idOfContent } from './window.ts'

// Amazon ECR: events of EventBridge, records of CloudTrail with or without EventBridge's envelope, and the CloudEvents that an
// input transformer makes of them (docs/sources/ecr.md).

const text = v.nullish(v.string('must be text'))

const optional = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.nullish(v.object(entries, 'must be an object'))

const list = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.nullish(v.array(v.object(entries, 'must be an object'), 'must be a list'))

// EventBridge's envelope, with what the details of all of ECR's own events say.
const eventSchema = v.object(
  {
    id: text,
    'detail-type': v.string('must be text'),
    source: v.string('must be text'),
    account: text,
    time: text,
    region: text,
    detail: optional({
      'action-type': text,
      'repository-name': text,
      'image-digest': text,
      'image-tag': text,
      result: text,
      'sync-status': text,
      'failure-code': text,
      'failure-reason': text,
      'source-account': text,
      'source-region': text,
      'upstream-registry-url': text,
    }),
  },
  'is no event of EventBridge',
)

const imageId = { imageDigest: text, imageTag: text }
const lifecycleImage = {
  lifecycleEventImage: optional({ digest: text, tagList: v.nullish(v.array(v.string())) }),
}
const priority = { rulePriority: v.nullish(v.number('must be a number')) }

const recordSchema = v.object(
  {
    eventID: text,
    eventTime: text,
    eventSource: v.string('must be text'),
    eventName: v.string('must be text'),
    awsRegion: text,
    recipientAccountId: text,
    requestID: text,
    sourceIPAddress: text,
    userAgent: text,
    errorCode: text,
    errorMessage: text,
    userIdentity: optional({
      type: text,
      arn: text,
      principalId: text,
      userName: text,
      invokedBy: text,
      sessionContext: optional({ sessionIssuer: optional({ arn: text }) }),
    }),
    requestParameters: optional({
      registryId: text,
      repositoryName: text,
      repositoryNames: v.nullish(v.array(v.string())),
      imageTag: text,
      imageDigest: text,
      imageIds: list(imageId),
      lifecyclePolicyText: text,
    }),
    responseElements: optional({
      image: optional({ imageId: optional(imageId) }),
      lifecyclePolicyText: text,
      imageIds: list(imageId),
      failures: list({ imageId: optional(imageId), failureCode: text, failureReason: text }),
    }),
    resources: list({ ARN: text, accountId: text }),
    serviceEventDetails: optional({
      repositoryName: text,
      lifecycleEventPolicy: optional({ lifecycleEventRules: list({ ...priority, action: v.optional(v.unknown()) }) }),
      lifecycleEventImageActions: list({ ...lifecycleImage, ...priority }),
      lifecycleEventFailureDetails: list({ ...lifecycleImage, failureCode: text, failureReason: text }),
    }),
  },
  'is no record of CloudTrail',
)

type Event = v.InferOutput<typeof eventSchema>
type TrailRecord = v.InferOutput<typeof recordSchema>
type ImageId = v.InferOutput<v.ObjectSchema<typeof imageId, undefined>>

/** Calls and detail types that are no audited actions, all for the same reason. */
const all = <const Name extends string>(ignored: string, ...names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, { ignored }])) as Readonly<Record<Name, Noise>>

const scan = 'scan'
const signing = 'signing'
const access = 'access policy'
const repositorySettings = 'repository settings'
const registrySettings = 'registry settings'
const cacheRule = 'pull through cache rule'

// biome-ignore format: one group a line
const vocabulary = {
  ...pushes('ECR Image Action PUSH'),
  'ECR Image Action DELETE': { action: 'image.delete' },
  'ECR Replication Action REPLICATE': { ignored: 'replication', unless: { setting: 'replication', is: 'push', becomes: { action: 'image.push' } } },
  'ECR Pull Through Cache Action': { ignored: 'pull through cache', unless: { setting: 'pullThroughCache', is: 'push', becomes: { action: 'image.push' } } },
  ...all('storage class', 'ECR Image Action UPDATE_STORAGE_CLASS', 'UpdateImageStorageClass', 'PolicyExecutionEvent, transition'),
  ...all('referrer', 'ECR Referrer Action', 'ListImageReferrers'),
  ...all(scan, 'ECR Image Scan', 'ECR Scan Resource Change'),
  ...all('Inspector', 'Inspector Finding', 'Inspector Scan', 'Inspector2 Finding', 'Inspector2 Scan', 'Inspector2 Coverage', 'Inspector2 AutoEnable'),
  ...pushes('com.amazon.ecr.image.push'),
  'com.amazon.ecr.image.delete': { action: 'image.delete' },
  ...pushes('PutImage'),
  BatchGetImage: { action: 'image.pull' },
  'BatchDeleteImage, by tag': { action: 'image.untag' },
  'BatchDeleteImage, one digest': { action: 'image.delete' },
  'BatchDeleteImage, several digests': { action: 'image.bulkdelete' },
  'BatchDeleteImage, no image named': { action: 'image.bulkdelete' },
  'DescribeImages, named': { action: 'image.inspect' },
  'DescribeImages, all': { action: 'image.list' },
  ListImages: { action: 'image.list' },
  CreateRepository: { action: 'namespace.create' },
  DeleteRepository: { action: 'namespace.delete' },
  DescribeRepositories: { action: 'namespace.list' },
  PutLifecyclePolicy: { action: 'retention.set' },
  DeleteLifecyclePolicy: { action: 'retention.set' },
  GetLifecyclePolicy: { action: 'retention.list' },
  StartLifecyclePolicyPreview: { action: 'retention.analyze' },
  PolicyExecutionEvent: { action: 'image.bulkdelete' },
  'PolicyExecutionEvent, not deleted': { action: 'image.bulkdelete', outcome: 'failure' },
  ...all('nothing deleted', 'PolicyExecutionEvent, nothing deleted'),
  ...all('lifecycle preview', 'GetLifecyclePolicyPreview', 'DryRunEvent'),
  ...all('layer', 'BatchCheckLayerAvailability', 'InitiateLayerUpload', 'UploadLayerPart', 'CompleteLayerUpload', 'GetDownloadUrlForLayer'),
  ...all('login', 'GetAuthorizationToken'),
  ...all(scan, 'StartImageScan', 'DescribeImageScanFindings', 'PutImageScanningConfiguration', 'BatchGetRepositoryScanningConfiguration'),
  ...all(scan, 'PutRegistryScanningConfiguration', 'GetRegistryScanningConfiguration'),
  ...all(signing, 'PutSigningConfiguration', 'GetSigningConfiguration', 'DeleteSigningConfiguration', 'DescribeImageSigningStatus'),
  ...all(access, 'SetRepositoryPolicy', 'GetRepositoryPolicy', 'DeleteRepositoryPolicy'),
  ...all(access, 'PutRegistryPolicy', 'GetRegistryPolicy', 'DeleteRegistryPolicy'),
  ...all(repositorySettings, 'PutImageTagMutability', 'TagResource', 'UntagResource', 'ListTagsForResource'),
  ...all(repositorySettings, 'CreateRepositoryCreationTemplate', 'UpdateRepositoryCreationTemplate', 'DeleteRepositoryCreationTemplate', 'DescribeRepositoryCreationTemplates'),
  ...all(registrySettings, 'DescribeRegistry', 'PutAccountSetting', 'GetAccountSetting', 'PutReplicationConfiguration', 'DescribeImageReplicationStatus'),
  ...all(registrySettings, 'RegisterPullTimeUpdateExclusion', 'DeregisterPullTimeUpdateExclusion', 'ListPullTimeUpdateExclusions'),
  ...all(cacheRule, 'CreatePullThroughCacheRule', 'UpdatePullThroughCacheRule', 'DeletePullThroughCacheRule', 'DescribePullThroughCacheRules', 'ValidatePullThroughCacheRule'),
  // Encrypted repositories make ECR ask for grants, which CloudTrail reports beside its own calls.
  ...all('other service', 'kms.amazonaws.com'),
} as const satisfies Vocabulary

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** HTTP status of what ECR calls an error, the first that fits; what is not listed is the request's fault. */
const STATUS: readonly (readonly [RegExp, number])[] = [
  [/^(?:ExpiredToken|InvalidClientTokenId|UnrecognizedClient|MissingAuthenticationToken|SignatureDoesNotMatch)/, 401],
  [/AccessDenied|Unauthorized|NotAuthorized|Forbidden/, 403],
  [/NotFound|DoesNotExist/, 404],
  [/AlreadyExists|NotEmpty|InProgress|Referenced|Conflict/, 409],
  [/LimitExceeded|Throttl|TooManyRequests/, 429],
  [/Unavailable/, 503],
  [/Server|Internal/, 500],
]

const statusOf = (code: string): number => STATUS.find(([pattern]) => pattern.test(code))?.[1] ?? 400

/** What went wrong, in ECR's words. */
interface Failure {
  code?: string | null | undefined
  message?: string | null | undefined
}

/** Outcome and reason; without a code of the sender's the core puts in its stand-in. */
function ending(failure: Failure | undefined): Pick<Activity, 'outcome' | 'reason'> {
  if (!failure) return { reason: {} }
  const { code, message } = failure
  const said = message || code
  return {
    outcome: 'failure',
    reason: { ...(code ? { code: statusOf(code) } : {}), ...(said ? { message: said } : {}) },
  }
}

/** The registry's domain; regions of China have one of their own. */
function domainOf(account: string | null | undefined, region: string | null | undefined) {
  if (!account || !region) return {}
  return { domain: `${account}.dkr.ecr.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}` }
}

// `urn:` is how a published input transformer begins it.
const ARN = /\b[au]rn:[\w-]+:ecr:([\w-]*):(\d*):repository\/([^\s"',]+)/

/** A repository's ARN anywhere in `given`. */
function arnIn(given: string | null | undefined) {
  const [, region, account, repository] = ARN.exec(given ?? '') ?? []
  return { region, account, repository }
}

const imageOf = (
  repository: string | null | undefined,
  { imageDigest, imageTag }: ImageId,
): Pick<Target, 'repository' | 'tag' | 'digest'> => ({
  ...(repository ? { repository } : {}),
  ...(imageTag ? { tag: imageTag } : {}),
  ...(imageDigest ? { digest: imageDigest } : {}),
})

// EventBridge

const ECR_EVENTS = new Set(['aws.ecr', 'aws.inspector2'])
const BY_ACTION = new Set(['ECR Image Action', 'ECR Replication Action'])

/** The event's name in the vocabulary. */
function eventNameOf({ 'detail-type': type, source, detail }: Event): string {
  if (!ECR_EVENTS.has(source)) return `${source} ${type}`
  const name = BY_ACTION.has(type) && detail?.['action-type'] ? `${type} ${detail['action-type']}` : type
  if (name !== 'ECR Image Action PUSH') return name
  // What was refused counts, whatever the settings leave out of what was done.
  const isRefused = detail?.result !== undefined && detail.result !== 'SUCCESS'
  return `${name}, ${isRefused ? 'by tag' : namingOf(detail?.['image-tag'], detail?.['image-digest'])}`
}

function readEvent(given: unknown, request: Request, settings: object): Activity | Noise {
  const event = parse(eventSchema, given, 'INVALID_ITEM', 'The item')
  const name = eventNameOf(event)
  const verdict = meaningOf('ECR', vocabulary, name, settings)
  if ('ignored' in verdict) return verdict
  const { id, account, region, time } = event
  const at = parseTime(time ?? '')
  const detail = event.detail ?? {}
  const result = detail.result ?? detail['sync-status'] ?? 'SUCCESS'
  const failure = { code: detail['failure-code'], message: detail['failure-reason'] }
  const target = imageOf(detail['repository-name'], {
    imageDigest: detail['image-digest'],
    imageTag: detail['image-tag'],
  })
  const requestData = {
    ...(detail['source-account'] ? { sourceAccount: detail['source-account'] } : {}),
    ...(detail['source-region'] ? { sourceRegion: detail['source-region'] } : {}),
    ...(detail['upstream-registry-url'] ? { upstreamRegistry: detail['upstream-registry-url'] } : {}),
  }
  return {
    ...ruled(verdict),
    senderId: `${id || idOfContent(JSON.stringify(given), at, request)} ${target.digest ?? ''} ${target.tag ?? ''}`,
    time: at,
    target,
    initiator: {},
    ...ending(result === 'SUCCESS' ? undefined : failure),
    requestData,
    ...domainOf(account, region),
  }
}

// CloudEvents of an input transformer

const transformedSchema = v.object(
  { registryId: text, repositoryName: text, imageDigest: text, imageTag: text, result: text },
  'must be an object',
)

function readTransformed(item: unknown, settings: object): Activity | Noise {
  const event = readCloudEvent(item)
  const { type, time, source } = event
  const isPush = type === 'com.amazon.ecr.image.push'
  const data =
    isPush || Object.hasOwn(vocabulary, type) ? parse(transformedSchema, dataOf(event), 'INVALID_ITEM', 'data') : {}
  const naming = (data.result || 'SUCCESS') === 'SUCCESS' ? namingOf(data.imageTag, data.imageDigest) : 'by tag'
  const name = isPush ? `${type}, ${naming}` : type
  const verdict = meaningOf('ECR', vocabulary, name, settings)
  if ('ignored' in verdict) return verdict
  const arn = arnIn(source)
  const target = imageOf(data.repositoryName || arn.repository, data)
  return {
    ...ruled(verdict),
    senderId: `${cloudEventId(event)} ${target.digest ?? ''} ${target.tag ?? ''}`,
    time: parseTime(time ?? ''),
    target,
    initiator: {},
    ...ending((data.result || 'SUCCESS') === 'SUCCESS' ? undefined : {}),
    ...domainOf(data.registryId || arn.account, arn.region),
  }
}

// CloudTrail

/** What one record says of one image or resource: its name in the vocabulary, and what it was done to. */
interface Part {
  name: string
  target: Target
  data?: Record<string, unknown>
  /** Of this part alone; without it the record's counts. */
  failure?: Failure
}

/** The repository as the request named it; refused requests may be recorded without what they asked. */
const repositoryOf = ({
  requestParameters,
  serviceEventDetails,
  resources,
  errorMessage,
}: TrailRecord): string | undefined =>
  requestParameters?.repositoryName ||
  serviceEventDetails?.repositoryName ||
  arnIn(resources?.[0]?.ARN).repository ||
  arnIn(errorMessage).repository

const imageIdsOf = ({ requestParameters }: TrailRecord): readonly ImageId[] => requestParameters?.imageIds ?? []

function pushed(record: TrailRecord): Part[] {
  const { requestParameters: asked, responseElements: answered } = record
  const made = answered?.image?.imageId
  const image = {
    imageDigest: made?.imageDigest || asked?.imageDigest,
    imageTag: asked?.imageTag || made?.imageTag,
  }
  const naming = record.errorCode ? 'by tag' : namingOf(image.imageTag, image.imageDigest)
  return [{ name: `PutImage, ${naming}`, target: imageOf(repositoryOf(record), image) }]
}

function pulled(record: TrailRecord): Part[] {
  const repository = repositoryOf(record)
  const ids = imageIdsOf(record)
  return (ids.length > 0 ? ids : [{}]).map((id) => ({ name: record.eventName, target: imageOf(repository, id) }))
}

function described(record: TrailRecord): Part[] {
  const repository = repositoryOf(record)
  const ids = imageIdsOf(record)
  if (ids.length === 0) return [{ name: 'DescribeImages, all', target: imageOf(repository, {}) }]
  return ids.map((id) => ({ name: 'DescribeImages, named', target: imageOf(repository, id) }))
}

/** An image of which a record tells among others. */
interface Listed {
  digest: string
  tags?: string[]
}

const listed = (digest: string, tags: readonly string[]): Listed => ({
  digest,
  ...(tags.length > 0 ? { tags: [...tags] } : {}),
})

/** Digests with the tags that were named beside them. */
function byDigest(ids: readonly ImageId[]): Listed[] {
  const found = new Map<string, string[]>()
  for (const { imageDigest, imageTag } of ids) {
    if (!imageDigest) continue
    const tags = found.get(imageDigest) ?? []
    if (imageTag) tags.push(imageTag)
    found.set(imageDigest, tags)
  }
  return [...found].map(([digest, tags]) => listed(digest, tags))
}

function deletedByDigest(repository: string | undefined, ids: readonly ImageId[], failure?: Failure): Part[] {
  const deleted = byDigest(ids)
  const [first, ...more] = deleted
  if (!first) return []
  const own = failure ? { failure } : {}
  if (more.length > 0) {
    return [{ name: 'BatchDeleteImage, several digests', target: imageOf(repository, {}), data: { deleted }, ...own }]
  }
  const { digest, tags = [] } = first
  const target = imageOf(repository, { imageDigest: digest, imageTag: tags.length === 1 ? tags[0] : undefined })
  return [{ name: 'BatchDeleteImage, one digest', target, ...(tags.length > 1 ? { data: { tags } } : {}), ...own }]
}

type AnsweredFailures = NonNullable<NonNullable<TrailRecord['responseElements']>['failures']>

/** An image as it was asked for: by digest and tag, or by one of them. */
const keyOf = ({ imageDigest, imageTag }: ImageId): string => `${imageDigest ?? ''} ${imageTag ?? ''}`

/** Keys of all that `id` may name among what was asked: itself, and what was asked by its digest or its tag alone. */
function keysOf(id: ImageId, asked: ReadonlyMap<string, readonly string[]>): string[] {
  const { imageDigest, imageTag } = id
  const exact = [keyOf(id), keyOf({ imageDigest }), keyOf({ imageTag })]
  // By its digest alone it may be any of its tags, by its tag alone any of its digests.
  const part = imageDigest && imageTag ? undefined : (imageDigest ?? imageTag)
  return part ? [...exact, ...(asked.get(part) ?? [])] : exact
}

/** Keys of what was asked, by the digest and by the tag in them. */
function askedBy(ids: readonly ImageId[]): ReadonlyMap<string, readonly string[]> {
  const asked = new Map<string, string[]>()
  const add = (part: string | null | undefined, key: string) => {
    if (!part) return
    const known = asked.get(part)
    if (known) known.push(key)
    else asked.set(part, [key])
  }
  for (const id of ids) {
    add(id.imageDigest, keyOf(id))
    add(id.imageTag, keyOf(id))
  }
  return asked
}

/**
 * Finds the failure of an image that was asked to be deleted. A failure that names none of them may be any one's: then what has no
 * failure of its own has that one, unless the answer says that it is `gone`.
 */
function failureFinder(failures: AnsweredFailures, ids: readonly ImageId[], gone: readonly ImageId[]) {
  const asked = askedBy(ids)
  const keys = new Set(ids.map(keyOf))
  const own = new Map<string, Failure>()
  let anyones: Failure | undefined
  for (const { imageId, failureCode, failureReason } of failures) {
    const failure = { code: failureCode, message: failureReason }
    const found = keysOf(imageId ?? {}, asked).filter((key) => keys.has(key))
    if (found.length === 0) anyones ??= failure
    for (const key of found) if (!own.has(key)) own.set(key, failure)
  }
  const done = new Set(gone.flatMap((id) => keysOf(id, asked)))
  return (id: ImageId): Failure | undefined => own.get(keyOf(id)) ?? (done.has(keyOf(id)) ? undefined : anyones)
}

/** Tags one by one, digests together, and what could not be deleted each with its reason. */
function deleted(record: TrailRecord): Part[] {
  const repository = repositoryOf(record)
  const ids = imageIdsOf(record)
  if (ids.length === 0) return [{ name: 'BatchDeleteImage, no image named', target: imageOf(repository, {}) }]
  const failureOf = failureFinder(record.responseElements?.failures ?? [], ids, record.responseElements?.imageIds ?? [])
  const done: ImageId[] = []
  const parts: Part[] = []
  for (const id of ids) {
    const failure = failureOf(id)
    if (!id.imageDigest) {
      const name = 'BatchDeleteImage, by tag'
      parts.push({ name, target: imageOf(repository, id), ...(failure ? { failure } : {}) })
    } else if (failure) parts.push(...deletedByDigest(repository, [id], failure))
    else done.push(id)
  }
  return [...parts, ...deletedByDigest(repository, done)]
}

function namespace(record: TrailRecord): Part[] {
  const name = repositoryOf(record)
  return [{ name: record.eventName, target: name ? { namespace: name } : {} }]
}

function namespaces({ eventName, requestParameters }: TrailRecord): Part[] {
  const names = requestParameters?.repositoryNames ?? []
  return [{ name: eventName, target: {}, ...(names.length > 0 ? { data: { repositories: names } } : {}) }]
}

/** A lifecycle policy as an object; what is none stands in it as text. */
function policyOf(given: string | null | undefined): Record<string, unknown> {
  if (!given) return {}
  let policy: unknown
  try {
    policy = JSON.parse(given)
  } catch {
    // ECR refuses it as well, and that attempt is what the record tells of.
  }
  if (!isObject(policy)) return { lifecyclePolicyText: given }
  // Its brackets are inside a text, where nobody saw how deep it is.
  checkDepth(policy)
  return policy
}

function policy(record: TrailRecord): Part[] {
  const { requestParameters: asked, responseElements: answered, eventName } = record
  const repository = repositoryOf(record)
  // What was refused may be recorded without what it asked.
  const isRefused = Boolean(record.errorCode)
  // Without a text of its own a preview tries the policy that is there.
  const used =
    asked?.lifecyclePolicyText || (eventName === 'StartLifecyclePolicyPreview' ? answered?.lifecyclePolicyText : '')
  return [
    {
      name: eventName,
      target: {
        ...(repository ? { namespace: repository } : {}),
        policy: used || eventName === 'DeleteLifecyclePolicy' || !isRefused ? policyOf(used) : { unknown: true },
      },
    },
  ]
}

type Details = NonNullable<TrailRecord['serviceEventDetails']>

/** What a rule does, by its priority: `expire`, or `transition` to another storage class. */
function rulesOf({ lifecycleEventPolicy }: Details): ReadonlyMap<unknown, string> {
  return new Map(
    (lifecycleEventPolicy?.lifecycleEventRules ?? []).map(({ rulePriority, action }) => {
      const kind = isObject(action) ? action.type : action
      return [rulePriority, typeof kind === 'string' ? kind.toLowerCase() : 'expire']
    }),
  )
}

const lifecycleImageOf = ({
  lifecycleEventImage: image,
}: v.InferOutput<v.ObjectSchema<typeof lifecycleImage, undefined>>) => listed(image?.digest ?? '', image?.tagList ?? [])

/** What a lifecycle policy did, by kind, and what it could not do. */
function executed(record: TrailRecord): Part[] {
  const details = record.serviceEventDetails ?? {}
  const target = imageOf(repositoryOf(record), {})
  const failures = details.lifecycleEventFailureDetails ?? []
  if (!details.lifecycleEventImageActions && failures.length === 0) return [{ name: 'PolicyExecutionEvent', target }]
  const rules = rulesOf(details)
  const found = new Map<string, Listed[]>()
  for (const action of details.lifecycleEventImageActions ?? []) {
    const kind = rules.get(action.rulePriority) ?? 'expire'
    const images = found.get(kind) ?? []
    images.push(lifecycleImageOf(action))
    found.set(kind, images)
  }
  const parts = [...found].map(([kind, images]): Part => {
    const name = kind === 'expire' ? 'PolicyExecutionEvent' : `PolicyExecutionEvent, ${kind}`
    return { name, target, data: { deleted: images } }
  })
  const [first] = failures
  if (first) {
    const notDeleted = failures.map((entry) => ({ ...lifecycleImageOf(entry), reason: entry.failureCode ?? '' }))
    const failure = { code: first.failureCode, message: first.failureReason }
    parts.push({ name: 'PolicyExecutionEvent, not deleted', target, data: { notDeleted }, failure })
  }
  return parts.length > 0 ? parts : [{ name: 'PolicyExecutionEvent, nothing deleted', target }]
}

/** How the records of audited calls are split; of all others the name says enough. */
const PARTS: Readonly<Record<string, (record: TrailRecord) => Part[]>> = {
  PutImage: pushed,
  BatchGetImage: pulled,
  BatchDeleteImage: deleted,
  DescribeImages: described,
  ListImages: (record) => [{ name: 'ListImages', target: imageOf(repositoryOf(record), {}) }],
  CreateRepository: namespace,
  DeleteRepository: namespace,
  DescribeRepositories: namespaces,
  PutLifecyclePolicy: policy,
  DeleteLifecyclePolicy: policy,
  GetLifecyclePolicy: namespace,
  StartLifecyclePolicyPreview: policy,
  PolicyExecutionEvent: executed,
}

type Item =
  | { event: unknown }
  | { cloudEvent: unknown }
  | { record: TrailRecord; id: string; part: Part }
  /** A record whose name is all that matters. */
  | { name: string }
  | { error: unknown }

function splitRecord(given: unknown, request: Request): Item[] {
  try {
    const { eventSource: service, eventName: name } = isObject(given) ? given : {}
    if (typeof service === 'string' && typeof name === 'string') {
      if (service !== 'ecr.amazonaws.com')
        return [{ name: Object.hasOwn(vocabulary, service) ? service : `${service} ${name}` }]
      if (!Object.hasOwn(PARTS, name)) return [{ name }]
    }
    const record = parse(recordSchema, given, 'INVALID_ITEM', 'The item')
    checkDepth(given)
    const time = parseTime(record.eventTime ?? '')
    const id = record.eventID || idOfContent(JSON.stringify(given), time, request)
    return (PARTS[record.eventName]?.(record) ?? []).map((part) => ({ record, id, part }))
  } catch (error) {
    return [{ error }]
  }
}

const VIA_CLOUDTRAIL = new Set(['AWS API Call via CloudTrail', 'AWS Service Event via CloudTrail'])

/** The items of one of the forms; `undefined` when `given` has none of them. */
function split(given: unknown, request: Request): Item[] | undefined {
  if (!isObject(given)) return undefined
  if ('detail-type' in given) {
    return VIA_CLOUDTRAIL.has(given['detail-type'] as string) ? splitRecord(given.detail, request) : [{ event: given }]
  }
  if ('specversion' in given) return [{ cloudEvent: given }]
  if ('eventName' in given) return splitRecord(given, request)
  return Array.isArray(given.Records) ? given.Records.flatMap((record) => splitRecord(record, request)) : undefined
}

const stranger = (): Item => ({
  error: new RouterError('INVALID_ITEM', 'The item is neither an event of EventBridge nor a record of CloudTrail.'),
})

function items(request: Request): readonly Item[] {
  if (hasCloudEvents(request)) return cloudEventItems(request).map((cloudEvent) => ({ cloudEvent }))
  const body = parseJson(request.body)
  // EventBridge's pipes send lists of what its rules send one by one.
  if (Array.isArray(body)) return body.flatMap((given) => split(given, request) ?? [stranger()])
  const found = split(body, request)
  if (found) return found
  throw new RouterError('INVALID_ENVELOPE', 'The body is neither an event of EventBridge nor a record of CloudTrail.')
}

/** Who called: a person, a role's session, or a service of AWS, as far as CloudTrail says. */
function initiatorOf({ userIdentity, sourceIPAddress, userAgent }: TrailRecord): Initiator {
  const { arn, principalId, userName, invokedBy, type } = userIdentity ?? {}
  const id = arn || principalId
  const name = userName || arn?.slice(Math.max(arn.lastIndexOf('/'), arn.lastIndexOf(':')) + 1) || invokedBy
  return {
    ...(id ? { id } : {}),
    ...(name ? { name } : {}),
    ...(type === 'AWSService' || (!id && invokedBy) ? { type: 'serviceid' as const } : {}),
    ...(sourceIPAddress && isIP(sourceIPAddress) ? { address: sourceIPAddress } : {}),
    ...(userAgent ? { agent: userAgent } : {}),
  }
}

/** What a record says besides; where a service of AWS called, its name stands for an address. */
function requestDataOf(record: TrailRecord, { data }: Part, failure: Failure | undefined): Record<string, unknown> {
  const { eventName, sourceIPAddress, userIdentity } = record
  const role = userIdentity?.sessionContext?.sessionIssuer?.arn
  return {
    eventName,
    ...(role ? { role } : {}),
    ...(sourceIPAddress && !isIP(sourceIPAddress) ? { sourceService: sourceIPAddress } : {}),
    ...(failure?.code ? { errorCode: failure.code } : {}),
    ...data,
  }
}

function readRecord({ record, id, part }: Extract<Item, { part: Part }>, settings: object): Activity | Noise {
  const verdict = meaningOf('ECR', vocabulary, part.name, settings)
  if ('ignored' in verdict) return verdict
  const { errorCode, errorMessage, eventTime, requestID, requestParameters, resources, recipientAccountId } = record
  const failure = part.failure ?? (errorCode ? { code: errorCode, message: errorMessage } : undefined)
  const account = requestParameters?.registryId || arnIn(resources?.[0]?.ARN).account || recipientAccountId
  return {
    ...ruled(verdict),
    senderId: `${id} ${part.name} ${part.target.digest ?? ''} ${part.target.tag ?? ''}`,
    time: parseTime(eventTime ?? ''),
    target: part.target,
    initiator: initiatorOf(record),
    ...ending(failure),
    requestData: requestDataOf(record, part, failure),
    ...(requestID ? { correlationId: requestID } : {}),
    ...domainOf(account, record.awsRegion),
  }
}

function readNamed(name: string): Noise {
  const verdict = meaningOf('ECR', vocabulary, name)
  if ('ignored' in verdict) return verdict
  // A call of an audited name is never in this form.
  throw new RouterError('INVALID_ITEM', 'The item is no record of CloudTrail.')
}

export const about: About = {
  title: 'Amazon ECR',
  authentication: 'a token: the API key or Basic password of an EventBridge connection',
  replays: 'not bounded',
  retries: 'for 24 hours and up to 185 times after 429, 5xx and no answer within 5 s; never after any other 4xx',
  identity: '`eventID` of CloudTrail, `id` of EventBridge, `source` and `id` of a CloudEvent; with digest and tag',
  fills: {
    actor: 'sometimes',
    repository: 'sometimes',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'sometimes',
    agent: 'sometimes',
    time: 'always',
    domain: 'always',
    outcome: 'sometimes',
  },
}

/** ECR's events and API calls by EventBridge and CloudTrail; a static token, replays are not bounded. */
export const ecr = defineSource({
  name: 'ecr',
  schemes: [token],
  settings: {
    children,
    signatures,
    replication,
    pullThroughCache: setting(
      ['ignore', 'push'],
      'Reports about images that a pull through cache rule fetched: ignored, or an `image.push` each',
    ),
  },
  vocabulary,
  items,
  read(given, request, settings) {
    const item = given as Item
    if ('error' in item) throw item.error
    if ('name' in item) return readNamed(item.name)
    if ('part' in item) return readRecord(item, settings)
    return 'event' in item ? readEvent(item.event, request, settings) : readTransformed(item.cloudEvent, settings)
  },
})
