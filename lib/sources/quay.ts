import * as v from 'valibot'
import type { Activity, Initiator, Target } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { fingerprint } from '../ids.ts'
import { checkDepth, parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { fromSeconds, parseTime } from '../time.ts'
import { isDigest, splitImage } from './image.ts'
import { children, signatures } from './settings.ts'
import { query, splunk } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, type Noise, namingOf, pushes, ruled, type Verdict, type Vocabulary } from './vocabulary.ts'
import { idInWindow } from './window.ts'

// Quay's notifications, and its action log: sent to a Splunk HTTP event collector, or exported to a file (docs/sources/quay.md).

const mirroring = { ignored: 'mirroring' } as const
const quotaAlert = { ignored: 'quota alert' } as const
const progress = { ignored: 'build progress' } as const

const push = pushes('repo_push')

// By their own names, and by those that a guess by shape gives them.
const notifications = {
  'repo_push, by tag': push['repo_push, by tag'],
  'repo_push, signature': push['repo_push, signature'],
  build_success: { action: 'image.build' },
  build_failure: { action: 'image.build', outcome: 'failure' },
  build_queued: progress,
  build_start: progress,
  build_cancelled: progress,
  'build_queued, build_start or build_cancelled': progress,
  repo_mirror_sync_started: mirroring,
  repo_mirror_sync_success: mirroring,
  repo_mirror_sync_failed: mirroring,
  'repo_mirror_sync_started, _success or _failed': mirroring,
  vulnerability_found: { ignored: 'vulnerability' },
  repo_image_expiry: { ignored: 'expiry notice' },
  quota_warning: quotaAlert,
  quota_error: quotaAlert,
  'quota_warning or quota_error': quotaAlert,
} as const satisfies Vocabulary

/** Entries of the log that are no audited action, under one name. */
const ignored = (name: string, kinds: readonly string[]): Record<`log: ${string}`, Noise> =>
  Object.fromEntries(kinds.map((kind) => [`log: ${kind}`, { ignored: name }]))

/** Entries of the log that mean the same. */
const all = (verdict: Verdict, kinds: readonly string[]): Record<`log: ${string}`, Verdict> =>
  Object.fromEntries(kinds.map((kind) => [`log: ${kind}`, verdict]))

// Every kind of entry that Quay has had, up to the autumn of 2026.
// biome-ignore format: lists of names
const log = {
  ...pushes('log: push_repo'),
  // Quay logs what it refuses for want of a permission.
  'log: push_repo_failed': { action: 'image.push', outcome: 'failure', code: 401 },
  'log: pull_repo': { action: 'image.pull' },
  // The image as one layer, or in another form.
  'log: repo_verb': { action: 'image.pull' },
  'log: pull_repo_failed': { action: 'image.pull', outcome: 'failure', code: 401 },
  ...all({ action: 'image.tag' }, ['create_tag', 'move_tag', 'revert_tag']),
  ...all({ action: 'image.untag' }, ['delete_tag', 'autoprune_tag_delete']),
  'log: delete_tag_failed, by tag': { action: 'image.untag', outcome: 'failure', code: 401 },
  'log: delete_tag_failed, by digest': { action: 'image.delete', outcome: 'failure', code: 401 },
  'log: permanently_delete_tag': { action: 'image.delete' },
  'log: delete_repo': { action: 'image.bulkdelete' },
  'log: build_dockerfile': { action: 'image.build' },
  'log: org_create': { action: 'namespace.create' },
  'log: org_delete': { action: 'namespace.delete' },
  ...all({ action: 'quota.set' }, [
    'org_create_quota', 'org_change_quota', 'org_delete_quota',
    'org_create_quota_limit', 'org_change_quota_limit', 'org_delete_quota_limit',
  ]),
  ...all({ action: 'retention.set' }, [
    'create_namespace_autoprune_policy', 'update_namespace_autoprune_policy', 'delete_namespace_autoprune_policy',
    'create_repository_autoprune_policy', 'update_repository_autoprune_policy', 'delete_repository_autoprune_policy',
  ]),
  ...ignored('accounts', [
    'user_create', 'user_delete', 'user_disable', 'user_enable', 'user_change_email', 'user_change_password',
    'user_change_name', 'user_change_invoicing', 'user_change_tag_expiration', 'user_change_metadata',
    'user_generate_client_key', 'account_change_plan', 'account_change_cc', 'account_change_password',
    'account_convert', 'org_change_email', 'org_change_invoicing', 'org_change_tag_expiration', 'org_change_name',
    'org_create_team', 'org_delete_team', 'org_invite_team_member', 'org_delete_team_member_invite',
    'org_add_team_member', 'org_team_member_invite_accepted', 'org_team_member_invite_declined',
    'org_remove_team_member', 'org_set_team_description', 'org_set_team_role', 'enable_team_sync', 'disable_team_sync',
    'take_ownership',
  ]),
  ...ignored('credentials', [
    'create_robot', 'delete_robot', 'regenerate_robot_token', 'create_robot_federation', 'delete_robot_federation',
    'federated_robot_token_exchange', 'create_robot_api_token', 'revoke_robot_api_token', 'create_application',
    'update_application', 'delete_application', 'reset_application_client_secret', 'create_oauth_api_token',
    'revoke_oauth_api_token', 'oauth_token_assigned', 'oauth_token_revoked', 'create_app_specific_token',
    'revoke_app_specific_token', 'add_repo_accesstoken', 'delete_repo_accesstoken', 'workload_identity_token_exchange',
    'workload_identity_token_exchange_failed',
  ]),
  ...ignored('logins', ['login_success', 'login_failure', 'logout_success']),
  ...ignored('permissions', [
    'add_repo_permission', 'change_repo_permission', 'delete_repo_permission', 'change_repo_visibility',
    'create_prototype_permission', 'modify_prototype_permission', 'delete_prototype_permission',
  ]),
  ...ignored('repository settings', [
    'create_repo', 'set_repo_description', 'change_repo_state', 'change_repo_trust', 'add_repo_webhook',
    'delete_repo_webhook', 'add_repo_notification', 'delete_repo_notification', 'reset_repo_notification',
    'create_namespace_notification', 'delete_namespace_notification', 'reset_namespace_notification',
    'create_proxy_cache_config', 'delete_proxy_cache_config',
  ]),
  ...ignored('labels and expiry', [
    'manifest_label_add', 'manifest_label_delete', 'change_tag_expiration', 'change_tag_immutability',
    'tag_made_immutable_by_policy', 'tags_made_immutable_by_policy', 'create_immutability_policy',
    'update_immutability_policy', 'delete_immutability_policy',
  ]),
  ...ignored('build settings', [
    'setup_repo_trigger', 'delete_repo_trigger', 'toggle_repo_trigger', 'start_build_trigger', 'cancel_build',
  ]),
  ...ignored('mirroring', [
    'repo_mirror_enabled', 'repo_mirror_disabled', 'repo_mirror_config_changed', 'repo_mirror_sync_started',
    'repo_mirror_sync_failed', 'repo_mirror_sync_success', 'repo_mirror_sync_now_requested',
    'repo_mirror_sync_tag_success', 'repo_mirror_sync_tag_failed', 'repo_mirror_sync_test_success',
    'repo_mirror_sync_test_failed', 'repo_mirror_sync_test_started', 'org_mirror_enabled', 'org_mirror_disabled',
    'org_mirror_config_changed', 'org_mirror_sync_started', 'org_mirror_sync_failed', 'org_mirror_sync_success',
    'org_mirror_sync_completed', 'org_mirror_sync_now_requested', 'org_mirror_sync_cancelled',
    'org_mirror_sync_tag_started', 'org_mirror_sync_tag_completed', 'org_mirror_repo_discovered',
    'org_mirror_repo_created', 'org_mirror_repo_creation_failed', 'org_mirror_repo_skipped', 'org_mirror_repo_failed',
  ]),
  ...ignored('administration', [
    'service_key_create', 'service_key_approve', 'service_key_delete', 'service_key_modify', 'service_key_extend',
    'service_key_rotate', 'export_logs_success', 'export_logs_failure',
  ]),
} satisfies Vocabulary

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === 'string'

const text = v.nullish(v.string('must be text'))
const texts = v.nullish(v.array(v.string('must be text'), 'must be a list'))

const notificationSchema = v.object(
  {
    repository: text,
    docker_url: text,
    updated_tags: texts,
    docker_tags: texts,
    build_id: text,
    image_id: text,
    manifest_digests: texts,
    error_message: text,
    trigger_kind: text,
  },
  'is no notification of Quay',
)

const entrySchema = v.object(
  {
    kind: v.string('must be text'),
    account: text,
    namespace_name: text,
    // An object in the exported file.
    namespace: v.nullish(v.object({ name: text })),
    repository: text,
    repository_name: text,
    performer: v.nullish(
      v.custom<string | Fields>((value) => isText(value) || isObject(value), 'must be text or an object'),
    ),
    ip: text,
    datetime: v.nullish(
      v.custom<number | string>((value) => isText(value) || typeof value === 'number', 'must be a time'),
    ),
    metadata_json: v.optional(v.unknown()),
    metadata: v.optional(v.unknown()),
    user_agent: text,
    request_id: text,
  },
  'is no entry of the action log of Quay',
)

type Entry = v.InferOutput<typeof entrySchema>

// What the metadata of audited actions may hold; the others have fields of the same names and other types.
const metadataSchema = v.looseObject(
  {
    namespace: text,
    repo: text,
    tag: text,
    manifest_digest: text,
    digest: text,
    username: text,
    manual_user: text,
    performer: text,
    message: text,
    'user-agent': text,
    limit_bytes: v.nullish(v.number('must be a number')),
    threshold_percent: v.nullish(v.number('must be a number')),
    previous_limit_bytes: v.nullish(v.number('must be a number')),
  },
  'must be an object',
)

type Metadata = v.InferOutput<typeof metadataSchema>

/** What `items` makes: a notification or an entry of the log, with one of its tags. */
type Item =
  | { notification: Notification | undefined; event: string; id: string; tag: string | undefined }
  | { entry: unknown; host?: unknown; file?: Fields; nth: number; tag?: string }

/** `fields` without those that are not told, if any is. */
function told(fields: Record<string, unknown>): Pick<Activity, 'requestData'> {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
  return said.length > 0 ? { requestData: Object.fromEntries(said) } : {}
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d

/** Where the text that begins at `at` ends. */
function endOfText(body: Buffer, at: number): number {
  let end = body.indexOf(QUOTE, at + 1)
  // An escaped quote has an odd number of backslashes in front of it.
  for (; end >= 0; end = body.indexOf(QUOTE, end + 1)) {
    let backslashes = 0
    while (body[end - 1 - backslashes] === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return body.length
}

/** The objects that follow each other in `body`, and what is left behind the last. */
function* objectsIn(body: Buffer): Generator<Buffer> {
  let start = 0
  let depth = 0
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (byte === QUOTE) at = endOfText(body, at)
    else if (byte === OPEN) depth++
    else if (byte === CLOSE && --depth === 0) {
      yield body.subarray(start, at + 1)
      start = at + 1
    }
  }
  if (body.toString('utf8', start).trim() !== '') yield body.subarray(start)
}

/** The values of a body. Splunk's collector takes several objects one after the other, with or without white space between them. */
function valuesOf(body: Buffer): unknown[] {
  try {
    return [parseJson(body)]
  } catch (error) {
    const objects = [...objectsIn(body)]
    if (objects.length < 2) throw error
    return objects.map(parseJson)
  }
}

// Fields of the notifications that are no audited action, beside those that all have: with another field it is something new.
const COMMON = ['repository', 'namespace', 'name', 'docker_url', 'homepage', 'visibility']
const BUILD = [
  'build_id',
  'build_name',
  'docker_tags',
  'trigger_id',
  'trigger_kind',
  'trigger_metadata',
  'is_manual',
  'manual_user',
  'image_id',
  'manifest_digests',
]
const SHAPES: readonly { type: string; by: readonly string[]; fields: readonly string[] }[] = [
  { type: 'build_queued, build_start or build_cancelled', by: ['build_id'], fields: BUILD },
  {
    type: 'vulnerability_found',
    by: ['vulnerability', 'vulnerabilities', 'vulnerable_index_report_created'],
    fields: ['vulnerability', 'vulnerabilities', 'vulnerable_index_report_created', 'tags', 'image'],
  },
  { type: 'repo_image_expiry', by: ['expiring_in'], fields: ['expiring_in', 'tags', 'notification_uuid'] },
  {
    type: 'quota_warning or quota_error',
    by: ['usage_bytes'],
    fields: [
      'usage_bytes',
      'usage_bytes_formatted',
      'limit_bytes',
      'limit_bytes_formatted',
      'threshold_percent',
      'usage_percent',
      'quota_limit_type',
      'limit',
      'usage',
      'message',
    ],
  },
  { type: 'repo_mirror_sync_started, _success or _failed', by: ['message'], fields: ['message'] },
]

/** The type of a notification by its shape, as far as that tells. */
function guess(body: Fields): string | undefined {
  const has = (names: readonly string[]) => names.some((name) => Object.hasOwn(body, name))
  if (has(['updated_tags'])) return 'repo_push'
  if (has(['build_id'])) {
    if (has(['error_message'])) return 'build_failure'
    if (has(['image_id', 'manifest_digests'])) return 'build_success'
  }
  return SHAPES.find(({ by }) => has(by))?.type
}

/** What the body of a guessed type has that no notification of that type has; that may say something that counts. */
function strangeIn(body: Fields, type: string): string | undefined {
  const shape = SHAPES.find((known) => known.type === type)
  return shape && Object.keys(body).find((name) => !shape.fields.includes(name) && !COMMON.includes(name))
}

// `repo_push`, without what the vocabulary tells apart behind a comma.
const EVENTS: ReadonlySet<string> = new Set(
  Object.keys(notifications)
    .map((name) => name.replace(/, .*/, ''))
    .filter((name) => /^\w+$/.test(name)),
)

/** Whether the type that a URL says may have the body that was `seen`: a wrong URL must not have a push or a build ignored. */
function agrees(said: string, seen: string | undefined): boolean {
  if (!EVENTS.has(said) || !seen) return true
  if (seen === 'repo_push' || seen === 'build_failure') return said === seen
  return !seen.startsWith('build_') || said.startsWith('build_')
}

/** The type of a notification: what its URL says, or a guess. */
function typeOf(body: Fields, request: Request): string {
  const said = new URLSearchParams(request.query).get('event')
  const seen = guess(body)
  if (said && agrees(said, seen)) return said
  if (said) throw new RouterError('INVALID_ENVELOPE', `The body is that of ${seen}, and its URL says something else.`)
  const strange = seen && strangeIn(body, seen)
  if (strange) {
    throw new RouterError(
      'UNKNOWN_ACTION',
      `Quay has no notification with ${JSON.stringify(strange.slice(0, 64))} known here.`,
    )
  }
  if (seen) return seen
  throw new RouterError('INVALID_ENVELOPE', 'The body has no shape of Quay, and its URL has no "event".')
}

/** How long equal notifications count as one that was repeated: Quay tries 5 times, 30 seconds apart. */
const WINDOW = 3 * 60 * 1000

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** One item for each tag; one in all when there is none. */
const tagsOf = (tags: unknown): (string | undefined)[] => {
  const found = listOf(tags).filter(isText)
  return found.length > 0 ? found : [undefined]
}

/** Notifications whose tags are told one by one. */
const BUILDS: ReadonlySet<string> = new Set(['build_success', 'build_failure'])

function notificationItems(body: Fields, request: Request): Item[] {
  const event = typeOf(body, request)
  const id = idInWindow(`quay ${event} ${request.body}`, request, WINDOW)
  const tags = event === 'repo_push' ? body.updated_tags : BUILDS.has(event) ? body.docker_tags : undefined
  // Read once, however many tags there are; of what is ignored nothing is read.
  const isRead = event === 'repo_push' || BUILDS.has(event)
  const notification = isRead ? parse(notificationSchema, body, 'INVALID_ITEM', 'The item') : undefined
  return tagsOf(tags).map((tag) => ({ notification, event, id, tag }))
}

const contentOf = (entry: unknown): string => {
  try {
    return JSON.stringify(entry)
  } catch {
    // Too deep: it is refused before it is read.
    return ''
  }
}

const parsedText = (given: string): unknown => {
  try {
    return JSON.parse(given)
  } catch {
    return undefined
  }
}

/** The tags of a build, which are several in one entry. */
function tagsOfBuild({ kind, metadata, metadata_json }: Fields): (string | undefined)[] {
  if (kind !== 'build_dockerfile') return [undefined]
  const given = metadata ?? metadata_json
  const build = isText(given) ? parsedText(given) : given
  return tagsOf(isObject(build) ? build.docker_tags : undefined)
}

/** Entries of the log, each with its number among those of the same body that are alike: those are several events. */
function logItems(entries: readonly { entry: unknown; host?: unknown; file?: Fields }[]): Item[] {
  const seen = new Map<string, number>()
  return entries.flatMap((given) => {
    const content = entries.length > 1 ? contentOf(given.entry) : ''
    const nth = seen.get(content) ?? 0
    seen.set(content, nth + 1)
    const tags = isObject(given.entry) ? tagsOfBuild(given.entry) : [undefined]
    return tags.map((tag) => ({ ...given, nth, ...(tag ? { tag } : {}) }))
  })
}

function items(request: Request): Item[] {
  const bodies = valuesOf(request.body)
  const [body] = bodies
  if (bodies.length > 1 || (isObject(body) && isObject(body.event))) {
    return logItems(bodies.map((one) => (isObject(one) ? { entry: one.event, host: one.host } : { entry: one })))
  }
  if (!isObject(body)) throw new RouterError('INVALID_ENVELOPE', 'The body is no object, as all that Quay sends is.')
  if (!Array.isArray(body.logs)) return notificationItems(body, request)
  const { logs, ...file } = body
  // The last row of a file only says that it is the last.
  const rows = logs.filter((row) => !(isObject(row) && row.terminator === true && row.kind === undefined))
  return logItems(rows.map((entry: unknown) => ({ entry, file })))
}

type Notification = v.InferOutput<typeof notificationSchema>

function targetOfNotification({ repository, docker_url, manifest_digests }: Notification, tag: string | undefined) {
  const image = splitImage(docker_url ?? '', true)
  const name = repository || image.repository
  // Digests come alone or behind the name of the image; of several nothing says which is whose.
  const digests = (manifest_digests ?? []).map((digest) => digest.slice(digest.lastIndexOf('@') + 1))
  const digest = digests.length === 1 ? digests.find(isDigest) : undefined
  const target = { ...(name ? { repository: name } : {}), ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) }
  return { target, domain: image.domain }
}

function readNotification(item: Extract<Item, { event: string }>, settings: object): Activity | Noise {
  const { event, tag, id } = item
  const naming = namingOf(tag, undefined)
  const verdict = meaningOf('Quay', notifications, event === 'repo_push' ? `repo_push, ${naming}` : event, settings)
  if ('ignored' in verdict) return verdict
  // Only what is ignored was not read.
  const body = item.notification as Notification
  const { target, domain } = targetOfNotification(body, tag)
  const failed = verdict.outcome === 'failure'
  const requestData = told({
    buildId: body.build_id,
    imageId: body.image_id,
    triggerKind: body.trigger_kind,
    manifestDigests: target.digest ? undefined : body.manifest_digests,
  })
  return {
    ...ruled(verdict),
    senderId: `${id} ${tag ?? ''}`,
    time: undefined,
    target,
    initiator: {},
    ...(failed ? { outcome: 'failure' } : {}),
    reason: failed && body.error_message ? { message: body.error_message } : {},
    ...requestData,
    ...(domain ? { domain } : {}),
  }
}

/** The metadata of an entry, which some producers send as text. */
function metadataOf({ metadata, metadata_json }: Entry): Metadata {
  const given = metadata ?? metadata_json ?? {}
  if (!isText(given)) return parse(metadataSchema, given, 'INVALID_ITEM', 'metadata')
  let value: unknown
  try {
    value = parseJson(Buffer.from(given || '{}'))
  } catch (cause) {
    throw new RouterError('INVALID_ITEM', 'metadata_json: is text that is not JSON.', { cause })
  }
  checkDepth(value)
  return parse(metadataSchema, value, 'INVALID_ITEM', 'metadata_json')
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const RFC5322 = /^(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}:\d{2}:\d{2}) (?:GMT|([+-]\d{4}))$/

/** Seconds since 1970, or the form of mails as in the exported file. Text without a zone is no time. */
function timeOf(datetime: Entry['datetime']): number | undefined {
  if (typeof datetime === 'number') return fromSeconds(datetime)
  const match = RFC5322.exec(datetime ?? '')
  if (!match) return parseTime(datetime ?? '')
  const [, day = '', month = '', year, time, zone = '+0000'] = match
  const number = String(MONTHS.indexOf(month) + 1)
  return parseTime(`${year}-${number.padStart(2, '0')}-${day.padStart(2, '0')}T${time}${zone}`)
}

/** The entry's name in the vocabulary. */
function nameOf({ kind }: Entry, metadata: () => Metadata): string {
  if (kind === 'push_repo') {
    const { tag, digest } = imageOf(metadata())
    // What names neither is no push by digest: it lacks its target.
    return `log: push_repo, ${namingOf(tag, digest)}`
  }
  if (kind === 'delete_tag_failed') {
    const { tag, digest } = imageOf(metadata())
    return `log: delete_tag_failed, ${digest && !tag ? 'by digest' : 'by tag'}`
  }
  return `log: ${kind}`
}

const camel = (name: string): string => name.replace(/[_-]([a-z])/g, (_all, letter: string) => letter.toUpperCase())

const BYTES_PER_MEGABYTE = 1024 * 1024

/** What a quota was set to. One that is deleted leaves the namespace without a quota of its own. */
function quotaOf(kind: string, { limit_bytes, threshold_percent }: Metadata): Target {
  if (kind === 'org_delete_quota') return { storageMegabytes: -1 }
  if (kind.endsWith('_limit')) return typeof threshold_percent === 'number' ? { storagePercent: threshold_percent } : {}
  return typeof limit_bytes === 'number' ? { storageMegabytes: limit_bytes / BYTES_PER_MEGABYTE } : {}
}

/** A policy as the log tells it, with what was done to it. */
function policyOf(kind: string, metadata: Metadata): Target {
  const terms = Object.entries(metadata).filter(([name]) => !/^(?:namespace|repo|username|oauth_token.*)$/.test(name))
  const policy = Object.fromEntries(terms.map(([name, value]) => [camel(name), value]))
  const { repo } = metadata
  return { policy: { change: kind.split('_')[0], ...(repo ? { repository: repo } : {}), ...policy } }
}

/** Names that an entry says, whatever form it has. */
function placeOf(entry: Entry, metadata: Metadata, file: Fields = {}): { namespace?: string; repository?: string } {
  const inFile = (name: string) => (isText(file[name]) ? file[name] : undefined)
  const namespace =
    metadata.namespace || entry.namespace_name || entry.account || entry.namespace?.name || inFile('namespace')
  const repository = metadata.repo || entry.repository || entry.repository_name || inFile('repository')
  return { ...(namespace ? { namespace } : {}), ...(repository ? { repository } : {}) }
}

const imageOf = ({ tag, manifest_digest, digest }: Metadata): Pick<Target, 'tag' | 'digest'> => ({
  ...(tag ? { tag } : {}),
  ...(manifest_digest || digest ? { digest: (manifest_digest || digest) as string } : {}),
})

function targetOf(action: string, kind: string, metadata: Metadata, place: ReturnType<typeof placeOf>): Target {
  const { namespace, repository } = place
  if (action.startsWith('image.')) {
    const image = action === 'image.bulkdelete' ? {} : imageOf(metadata)
    return { ...(namespace && repository ? { repository: `${namespace}/${repository}` } : {}), ...image }
  }
  const more =
    action === 'quota.set' ? quotaOf(kind, metadata) : action === 'retention.set' ? policyOf(kind, metadata) : {}
  return { ...(namespace ? { namespace } : {}), ...more }
}

function initiatorOf(entry: Entry, metadata: Metadata): Initiator {
  const given = isText(entry.performer) ? entry.performer : entry.performer?.name
  const performer = isText(given) ? given : undefined
  // `performer` of the metadata is the worker that did it when nobody did.
  const name = performer || metadata.username || metadata.manual_user || metadata.performer
  const agent = entry.user_agent || metadata['user-agent']
  return {
    ...(name ? { id: name, name } : {}),
    ...(entry.ip ? { address: entry.ip } : {}),
    ...(agent ? { agent } : {}),
  }
}

/** What was done to a limit of a quota. */
const CHANGE = /^org_(create|change|delete)_quota_limit$/

const EXTRAS: Readonly<Record<string, string>> = {
  auth_type: 'authType',
  performer_kind: 'performerKind',
  http_method: 'httpMethod',
  request_url: 'requestUrl',
  x_forwarded_for: 'xForwardedFor',
}

/** What has no field of its own; `raw` is the entry as it was sent. */
function requestDataOf(raw: unknown, metadata: Metadata, localTime: Entry['datetime']): Pick<Activity, 'requestData'> {
  const fields = raw as Fields
  const extras = Object.entries(EXTRAS).map(([name, key]) => [key, isText(fields[name]) ? fields[name] : undefined])
  return told({
    ...Object.fromEntries(extras),
    change: CHANGE.exec(String(fields.kind))?.[1],
    limitType: metadata.threshold_percent === undefined ? undefined : metadata.type,
    limitBytes: metadata.limit_bytes,
    previousLimitBytes: metadata.previous_limit_bytes,
    localTime,
  })
}

function readEntry(item: Extract<Item, { nth: number }>, request: Request, settings: object): Activity | Noise {
  const entry = parse(entrySchema, item.entry, 'INVALID_ITEM', 'The item')
  let read: Metadata | undefined
  const verdict = meaningOf(
    'Quay',
    log,
    nameOf(entry, () => (read = metadataOf(entry))),
    settings,
  )
  if ('ignored' in verdict) return verdict
  const metadata = read ?? metadataOf(entry)
  const { action } = verdict
  const target = { ...targetOf(action, entry.kind, metadata, placeOf(entry, metadata, item.file)) }
  if (item.tag) target.tag = item.tag
  const time = timeOf(entry.datetime)
  const content = `quay ${JSON.stringify(item.entry)}`
  const id = entry.datetime ? fingerprint(content) : idInWindow(content, request, WINDOW)
  return {
    ...ruled(verdict),
    senderId: `${id} ${item.nth} ${item.tag ?? ''}`,
    time,
    target,
    initiator: initiatorOf(entry, metadata),
    // Quay logs a build when it is queued.
    ...(action === 'image.build' ? { outcome: 'pending' } : verdict.outcome ? { outcome: verdict.outcome } : {}),
    reason: {
      ...(verdict.code ? { code: verdict.code } : {}),
      ...(verdict.outcome && metadata.message ? { message: metadata.message } : {}),
    },
    // Without a zone nobody can say when that was, so it is kept as it was said.
    ...requestDataOf(item.entry, metadata, time === undefined ? entry.datetime : undefined),
    ...(entry.request_id ? { correlationId: entry.request_id } : {}),
    ...(isText(item.host) && item.host ? { domain: item.host } : {}),
  }
}

export const about: About = {
  title: 'Quay',
  authentication:
    'notifications: the secret in the URL, `?token=`; the action log: `Authorization: Splunk <registry>:<secret>`',
  replays: 'not bounded',
  retries:
    'notifications: 5 tries, 30 s apart, each given up after 10 s; after 3 failures Quay disables the notification. The action ' +
    'log: one try of 10 s, whose failure may fail what the user was doing',
  identity:
    'notifications: what they say, for 3 minutes; the action log: the entry itself, and its number among those of the same ' +
    'request that are alike',
  fills: {
    actor: 'sometimes',
    repository: 'sometimes',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'sometimes',
    agent: 'sometimes',
    time: 'sometimes',
    domain: 'sometimes',
    outcome: 'sometimes',
  },
}

/** Quay's notifications and its action log, one event for each tag. */
export const quay = defineSource({
  name: 'quay',
  schemes: [query, splunk],
  settings: { children, signatures },
  vocabulary: { ...notifications, ...log },
  items,
  read(given, request, settings) {
    const item = given as Item
    return 'event' in item ? readNotification(item, settings) : readEntry(item, request, settings)
  },
})
