import * as v from 'valibot'
import type { Activity } from '../activity.ts'
import { cloudEventId, cloudEventItems, dataOf, extensionsOf, hasCloudEvents, readCloudEvent } from '../cloudevent.ts'
import { parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { fromSeconds, parseTime } from '../time.ts'
import { isDigest, splitImage } from './image.ts'
import { charts, children, retention, signatures } from './settings.ts'
import { token } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, namingOf, pushes, type Ruled, ruled, type Vocabulary } from './vocabulary.ts'
import { idOfContent } from './window.ts'

// Harbor 1.x and 2.x in both formats, rows of its audit log, and registries that send the same: Tencent TCR, Huawei SWR
// (docs/sources/harbor.md).

const text = v.optional(v.nullable(v.string()))

const resourceSchema = v.object({ digest: text, tag: text, resource_url: text }, 'must be an object')

// `event_data` of the Default format, `data` of the CloudEvents format.
const dataSchema = v.object(
  {
    resources: v.optional(v.nullable(v.array(resourceSchema, 'must be a list'))),
    repository: v.optional(v.nullable(v.object({ name: text, namespace: text, repo_full_name: text }))),
    custom_attributes: v.optional(v.nullable(v.object({ Details: text }))),
    retention: v.optional(
      v.nullable(
        v.object({
          harbor_hostname: text,
          project_name: text,
          // An artifact without a tag has no name there.
          deleted_artifact: v.optional(v.nullable(v.array(v.object({ name_tag: text })))),
        }),
      ),
    ),
  },
  'must be an object',
)

const defaultSchema = v.object(
  {
    type: v.string('must be text'),
    occur_at: v.optional(v.nullable(v.number('must be a number'))),
    operator: text,
    event_data: v.optional(v.nullable(dataSchema)),
  },
  'is no event of Harbor',
)

const auditRowSchema = v.object(
  {
    id: v.union([v.number(), v.string()], 'must be a number'),
    username: text,
    resource: v.string('must be text'),
    resource_type: v.string('must be text'),
    operation: v.string('must be text'),
    operation_description: text,
    operation_result: v.optional(v.nullable(v.boolean())),
    op_time: text,
  },
  'is no row of the audit log',
)

const chart = { setting: 'charts', is: 'ignore', becomes: { ignored: 'chart' } } as const
const scan = { ignored: 'scan' } as const
const comesAsWebhook = { ignored: 'audit log of what a webhook tells' } as const
const administration = { ignored: 'administration' } as const

const vocabulary = {
  ...pushes('PUSH_ARTIFACT'),
  PULL_ARTIFACT: { action: 'image.pull' },
  DELETE_ARTIFACT: { action: 'image.delete' },
  // Nobody changed a quota: a push was refused.
  QUOTA_EXCEED: { action: 'image.push', outcome: 'failure', code: 403 },
  QUOTA_WARNING: { ignored: 'quota warning' },
  REPLICATION: { ignored: 'replication' },
  SCANNING_COMPLETED: scan,
  SCANNING_FAILED: scan,
  SCANNING_STOPPED: scan,
  TAG_RETENTION: {
    ignored: 'retention',
    unless: { setting: 'retention', is: 'bulkdelete', becomes: { action: 'image.bulkdelete' } },
  },
  'TAG_RETENTION, nothing deleted': { ignored: 'retention' },
  uploadChart: { action: 'image.push', unless: chart },
  downloadChart: { action: 'image.pull', unless: chart },
  deleteChart: { action: 'image.delete', unless: chart },
  UPLOAD_CHART: { action: 'image.push', unless: chart },
  DOWNLOAD_CHART: { action: 'image.pull', unless: chart },
  DELETE_CHART: { action: 'image.delete', unless: chart },
  'audit log: create project': { action: 'namespace.create' },
  'audit log: delete project': { action: 'namespace.delete' },
  'audit log: create tag': { action: 'image.tag' },
  'audit log: delete tag': { action: 'image.untag' },
  'audit log: delete repository': { action: 'image.bulkdelete' },
  'audit log: create artifact': comesAsWebhook,
  'audit log: pull artifact': comesAsWebhook,
  'audit log: delete artifact': comesAsWebhook,
  'audit log: update project': administration,
  'audit log: login user': administration,
  'audit log: logout user': administration,
  'audit log: create user': administration,
  'audit log: update user': administration,
  'audit log: delete user': administration,
  'audit log: create robot': administration,
  'audit log: update robot': administration,
  'audit log: delete robot': administration,
  'audit log: create member': administration,
  'audit log: update member': administration,
  'audit log: delete member': administration,
  'audit log: create role': administration,
  'audit log: update role': administration,
  'audit log: delete role': administration,
  'audit log: update configuration': administration,
  'audit log: update configure': administration,
} as const satisfies Vocabulary

// Names of the CloudEvents format and of 1.x, in those of the Default format of 2.x.
const NAMES: Readonly<Record<string, string>> = {
  'harbor.artifact.pushed': 'PUSH_ARTIFACT',
  'harbor.artifact.pulled': 'PULL_ARTIFACT',
  'harbor.artifact.deleted': 'DELETE_ARTIFACT',
  'harbor.quota.exceeded': 'QUOTA_EXCEED',
  'harbor.quota.warned': 'QUOTA_WARNING',
  'harbor.replication.status.changed': 'REPLICATION',
  'harbor.scan.completed': 'SCANNING_COMPLETED',
  'harbor.scan.failed': 'SCANNING_FAILED',
  'harbor.scan.stopped': 'SCANNING_STOPPED',
  'harbor.tag_retention.finished': 'TAG_RETENTION',
  pushImage: 'PUSH_ARTIFACT',
  pullImage: 'PULL_ARTIFACT',
  deleteImage: 'DELETE_ARTIFACT',
  scanningCompleted: 'SCANNING_COMPLETED',
  scanningFailed: 'SCANNING_FAILED',
}

/** What both formats say. */
interface Event {
  type: string
  time: number | undefined
  operator: string
  /** The same for every delivery. */
  id: string
  correlationId: string | undefined
  data: v.InferOutput<typeof dataSchema>
}

type Resource = v.InferOutput<typeof resourceSchema>

/** What `items` makes: an event with one of its resources, or with what a retention policy deleted of one repository; a row. */
type Item =
  | { event: Event; resource?: Resource; deleted?: { repository: string; tags: string[] } }
  | { unread: unknown; isCloudEvent: boolean }
  | { row: unknown }

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** How long equal events without a time count as one that was repeated: Harbor tries three times. */
const WINDOW = 2 * 60 * 1000

function readDefault(event: unknown, request: Request): Event {
  const { type, occur_at, operator, event_data } = parse(defaultSchema, event, 'INVALID_ITEM', 'The item')
  const time = typeof occur_at === 'number' ? fromSeconds(occur_at) : undefined
  return {
    type,
    time,
    operator: operator ?? '',
    id: idOfContent(JSON.stringify(event), time, request, WINDOW),
    correlationId: undefined,
    data: event_data ?? {},
  }
}

function readEvent(event: unknown, isCloudEvent: boolean, sent: Request): Event {
  if (!isCloudEvent) return readDefault(event, sent)
  const read = readCloudEvent(event)
  const { operator, requestid } = extensionsOf(read) ?? {}
  const request = textOf(requestid)
  return {
    type: read.type,
    time: read.time ? parseTime(read.time) : undefined,
    operator: textOf(operator),
    // Every policy gives an event an id of its own; what caused them has one id. The client may have chosen that one, so that only
    // together with the time it stands for one event.
    id: request ? `${request} ${read.time ?? ''}` : cloudEventId(read),
    correlationId: request || undefined,
    data: parse(dataSchema, dataOf(read), 'INVALID_ITEM', 'data'),
  }
}

/** Repositories of which a retention policy deleted something, with the tags that went. */
function deletedBy(event: Event): { repository: string; tags: string[] }[] {
  const { project_name, deleted_artifact } = event.data.retention ?? {}
  const found = new Map<string, string[]>()
  for (const { name_tag } of deleted_artifact ?? []) {
    const { repository, tag, digest } = splitImage(name_tag ?? '', false)
    const name = project_name && repository ? `${project_name}/${repository}` : repository
    const tags = found.get(name) ?? []
    tags.push(tag ?? digest ?? '')
    found.set(name, tags)
  }
  return [...found].map(([repository, tags]) => ({ repository, tags }))
}

/** One item for each resource; one for the event when it has none or can't be read, so that nothing vanishes. */
function split(unread: unknown, isCloudEvent: boolean, request: Request): Item[] {
  let event: Event
  try {
    event = readEvent(unread, isCloudEvent, request)
  } catch {
    return [{ unread, isCloudEvent }]
  }
  const resources = event.data.resources ?? []
  if (resources.length > 0) return resources.map((resource) => ({ event, resource }))
  const deleted = deletedBy(event)
  return deleted.length > 0 ? deleted.map((one) => ({ event, deleted: one })) : [{ event }]
}

function items(request: Request): readonly Item[] {
  if (hasCloudEvents(request)) return cloudEventItems(request).flatMap((event) => split(event, true, request))
  const body = parseJson(request.body)
  // Rows of the audit log, as its API lists them.
  if (Array.isArray(body)) return body.map((row) => ({ row }))
  return split(body, typeof body === 'object' && body !== null && 'specversion' in body, request)
}

/** What an event says whatever it is about; `key` tells it from the others of its webhook. */
function toActivity(verdict: Ruled, event: Event, key: string): Activity {
  const message = event.data.custom_attributes?.Details
  return {
    ...ruled(verdict),
    senderId: `${event.id} ${event.type} ${key}`,
    time: event.time,
    target: {},
    initiator: event.operator ? { id: event.operator, name: event.operator } : {},
    reason: { ...(verdict.code ? { code: verdict.code } : {}), ...(message ? { message } : {}) },
    ...(verdict.outcome ? { outcome: verdict.outcome } : {}),
    ...(event.correlationId ? { correlationId: event.correlationId } : {}),
  }
}

/** What stands in front of the repository in `harbor.example.com/library/hello:1.0`; the host of a chart's URL. */
function domainOf(url: string, repository: string): string | undefined {
  if (/^https?:/.test(url)) return URL.parse(url)?.host
  const domain = repository ? url.slice(0, url.indexOf(`/${repository}`)) : ''
  return domain && !domain.includes('/') && url.startsWith(`${domain}/${repository}`) ? domain : undefined
}

/** Tag and digest: an artifact without a tag has its digest in both fields. */
function referenceOf({ tag, digest }: Resource): { tag?: string; digest?: string } {
  const isTag = tag && !isDigest(tag)
  const known = digest || (isTag ? undefined : tag)
  return { ...(isTag ? { tag } : {}), ...(known ? { digest: known } : {}) }
}

/** The whole name; old versions only say it in two parts. */
function repositoryOf({ data }: Event): string {
  const { repo_full_name, namespace, name } = data.repository ?? {}
  return repo_full_name || (namespace && name ? `${namespace}/${name}` : '')
}

function nameOf(type: string, { tag, digest }: ReturnType<typeof referenceOf>, isAboutDeletions: boolean): string {
  const name = Object.hasOwn(NAMES, type) ? (NAMES[type] as string) : type
  if (name === 'PUSH_ARTIFACT') return `${name}, ${namingOf(tag, digest)}`
  return name === 'TAG_RETENTION' && !isAboutDeletions ? `${name}, nothing deleted` : name
}

function readResource({ event, resource = {}, deleted }: Extract<Item, { event: Event }>, settings: object) {
  const reference = referenceOf(resource)
  const { tag, digest } = reference
  const verdict = meaningOf('Harbor', vocabulary, nameOf(event.type, reference, deleted !== undefined), settings)
  if ('ignored' in verdict) return verdict
  if (deleted) {
    const domain = event.data.retention?.harbor_hostname
    return {
      ...toActivity(verdict, event, deleted.repository),
      target: { repository: deleted.repository },
      requestData: { deleted: deleted.tags },
      ...(domain ? { domain } : {}),
    }
  }
  const repository = repositoryOf(event)
  const domain = domainOf(resource.resource_url ?? '', repository)
  return {
    ...toActivity(verdict, event, `${digest ?? ''} ${tag ?? ''}`),
    target: { ...(repository ? { repository } : {}), ...reference },
    ...(domain ? { domain } : {}),
  }
}

function readAuditRow(item: unknown, settings: object) {
  const row = parse(auditRowSchema, item, 'INVALID_ITEM', 'The item')
  const { operation, resource_type, resource } = row
  const verdict = meaningOf('Harbor', vocabulary, `audit log: ${operation} ${resource_type}`, settings)
  if ('ignored' in verdict) return verdict
  const { repository, tag, digest } = splitImage(resource, false)
  const image = { repository, ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) }
  const failed = row.operation_result === false
  return {
    ...ruled(verdict),
    // The numbers begin again when Harbor gets a new database.
    senderId: `audit log ${row.id} ${row.op_time ?? ''}`,
    time: row.op_time ? parseTime(row.op_time) : undefined,
    target: resource_type === 'project' ? { namespace: resource } : image,
    initiator: row.username ? { id: row.username, name: row.username } : {},
    ...(failed ? { outcome: 'failure' as const } : {}),
    reason: failed && row.operation_description ? { message: row.operation_description } : {},
  }
}

export const about: About = {
  title: 'Harbor',
  authentication: 'a token: what the policy has as its auth header',
  replays: 'not bounded',
  retries: '3 tries; gives up on an answer after 3 s',
  identity:
    '`requestid` and time, else `source` and `id`, of a CloudEvent; an event of the Default format itself; number and time of a row',
  synonyms: NAMES,
  fills: {
    actor: 'sometimes',
    repository: 'sometimes',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'never',
    agent: 'never',
    time: 'sometimes',
    domain: 'sometimes',
    outcome: 'sometimes',
  },
}

/** Harbor's webhooks, one event for each resource. */
export const harbor = defineSource({
  name: 'harbor',
  schemes: [token],
  settings: { children, signatures, charts, retention },
  vocabulary,
  items,
  read(given, request, settings) {
    const item = given as Item
    if ('row' in item) return readAuditRow(item.row, settings)
    const unread = 'unread' in item
    return readResource(unread ? { event: readEvent(item.unread, item.isCloudEvent, request) } : item, settings)
  },
})
