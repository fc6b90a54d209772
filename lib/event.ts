import { STATUS_CODES } from 'node:http'
import type { Severity } from './actions.ts'
import type { Activity, Initiator, Target } from './activity.ts'
import { readAddress } from './address.ts'
import type { EditionAction } from './edition.ts'
import { RouterError } from './errors.ts'
import { derivedId } from './ids.ts'
import { bareDomain, type Registry } from './registries.ts'
import { severityOf } from './severity.ts'
import type { TargetRule } from './target.ts'
import { clean } from './text.ts'
import { formatTime } from './time.ts'

/** Where an event comes from, what it was read with, and what was noted on the way. */
export interface Provenance {
  registry: string
  source: string
  domain: string
  region: string
  edition: string
  receivedTime: string
  /** Required fields that the sender did not say; they hold the documented stand-in. */
  assumed?: string[]
  /** Domain in the webhook that is not the registry's: forged, or a misplaced URL. */
  contradictingDomain?: string
  /** Fields left out because the event was over the size limit. */
  cut?: string[]
  /** Where it was routed to. */
  location?: string
}

/** The audit event in Activity Tracker form (docs/events.md). `route` on the intake queue only, `provenance` after. */
export interface AuditEvent {
  id: string
  eventTime: string
  action: string
  outcome: 'success' | 'pending' | 'failure'
  message: string
  severity: Severity
  dataEvent: boolean
  deprecated?: true
  initiator: {
    id: string
    name: string
    typeURI: string
    credential: { type: string }
    host: { address: string; addressType: string; agent?: string }
    authnId?: string
    authnName?: string
  }
  target: {
    id: string
    name: string
    typeURI: string
    alias?: string
    resourceGroupId?: string
    host?: { address: string }
  }
  observer: { name: 'ActivityTracker' }
  reason: { reasonCode: number; reasonType: string; reasonForFailure?: string }
  logSourceCRN: string
  saveServiceCopy: true
  requestData?: Record<string, unknown>
  responseData?: Record<string, unknown>
  correlationId?: string
  route?: Provenance
  provenance?: Provenance
}

/** One record of Cloud Logs may have 32 KiB; the router adds the location, for which a little is kept free. */
const MAX_BYTES = 32 * 1024 - 256

const TYPE_URI = {
  user: 'service/security/account/user',
  serviceid: 'service/security/account/serviceid',
  certificateid: 'service/security/client/certificateid',
  clientid: 'service/security/clientid',
} as const

/** CRN of `account`'s registry at `location`; its last parts never hold a colon, which Cloud Logs' parsing rule relies on. */
const crn = (location: string, account: string, resource = ':'): string =>
  `crn:v1:bluemix:public:container-registry:${location}:a/${account}::${resource}`

/** `event` with its location filled in: the last step before its queue. The given event is not changed. */
export function locate(event: AuditEvent, location: string): AuditEvent {
  const { route, ...rest } = event
  const fill = (text: string) =>
    text.replace('crn:v1:bluemix:public:container-registry::', `crn:v1:bluemix:public:container-registry:${location}:`)
  return {
    ...rest,
    target: { ...event.target, id: fill(event.target.id) },
    logSourceCRN: fill(event.logSourceCRN),
    ...(route ? { provenance: { ...route, location } } : {}),
  }
}

function writeTarget(
  target: Target,
  row: EditionAction,
  registry: Registry,
  domain: string | undefined,
): AuditEvent['target'] {
  const image = target.repository && `${registry.domain}/${target.repository}`
  const byDigest = image && target.digest && `${image}@${target.digest}`
  const named = image && (target.tag ? `${image}:${target.tag}` : (byDigest ?? image))
  const resource = target.namespace ?? target.token ?? target.issueId
  const kind = row.type.split('/')[1] as string
  const host = target.host ?? domain
  return {
    id:
      target.id ??
      byDigest ??
      named ??
      crn('', registry.account, resource ? `${kind}:${resource.replaceAll(':', '%3A')}` : ':'),
    name: target.name ?? named ?? resource ?? registry.domain,
    typeURI: row.type,
    ...(target.alias ? { alias: target.alias } : {}),
    ...(target.resourceGroupId ? { resourceGroupId: target.resourceGroupId } : {}),
    ...(host ? { host: { address: host } } : {}),
  }
}

function kindOf(id: string): keyof typeof TYPE_URI {
  if (id.startsWith('iam-ServiceId-')) return 'serviceid'
  if (id.startsWith('CertificateId-')) return 'certificateid'
  return 'user'
}

function writeInitiator(initiator: Initiator, source: string, assumed: string[]): AuditEvent['initiator'] {
  const id = initiator.id || initiator.name || ''
  if (!id) assumed.push('initiator.name')
  if (!initiator.credential) assumed.push('initiator.credential.type')
  return {
    id,
    name: initiator.name || id || source,
    typeURI: TYPE_URI[initiator.type ?? (id ? kindOf(id) : 'clientid')],
    credential: { type: initiator.credential ?? (id ? 'user' : 'public-access') },
    host: {
      ...readAddress(initiator.address ?? ''),
      ...(initiator.agent ? { agent: initiator.agent } : {}),
    },
    ...(initiator.authnId ? { authnId: initiator.authnId } : {}),
    ...(initiator.authnName ? { authnName: initiator.authnName } : {}),
  }
}

/** Code and outcome agree, or the item is refused: an audit event must not contradict itself (docs/events.md). */
function writeOutcome({ outcome, reason }: Activity, row: EditionAction): Pick<AuditEvent, 'outcome' | 'reason'> {
  const code = reason.code ?? (outcome === 'failure' ? 500 : outcome === 'pending' ? 202 : row.success)
  const succeeded = code >= 200 && code < 300
  const derived = !succeeded ? 'failure' : outcome === 'pending' && code === 202 ? 'pending' : 'success'
  if (outcome && outcome !== derived) {
    throw new RouterError('INVALID_ITEM', `outcome: ${outcome} contradicts reason.code ${code}.`)
  }
  const phrase = STATUS_CODES[code] ?? 'Unknown'
  return {
    outcome: derived,
    reason: {
      reasonCode: code,
      reasonType: phrase,
      ...(succeeded ? {} : { reasonForFailure: reason.message || phrase }),
    },
  }
}

const DETAILS = [
  'policy',
  'plan',
  'storageMegabytes',
  'trafficMegabytes',
  'privateOnly',
  'iamAuthz',
  'platformMetrics',
] as const
const MORE_DETAILS = ['namespace', 'issueType', 'issueId'] as const

function writeRequestData(activity: Activity, rule: TargetRule, target: AuditEvent['target'], registry: Registry) {
  const given = activity.target
  const data: Record<string, unknown> = { ...activity.requestData }
  for (const field of [...DETAILS, ...MORE_DETAILS]) if (given[field] !== undefined) data[field] ??= given[field]
  const parameters = (rule.parameters ?? []).flatMap((field) => {
    if (field === 'name') return [[field, target.name]]
    if (given[field] === undefined) return []
    return [[field, field === 'repository' ? `${registry.domain}/${given.repository}` : String(given[field])]]
  })
  if (parameters.length > 0) data.RequestParameters ??= Object.fromEntries(parameters)
  return data
}

const has = <T extends object>(data: T | undefined): data is T => data !== undefined && Object.keys(data).length > 0

function contradicts(said: string, registry: Registry): boolean {
  const domain = bareDomain(said)
  const own = bareDomain(registry.domain)
  if (domain === own) return false
  const [tables] = registry.editions
  const row = tables.domain(domain)
  return row === undefined || row !== tables.domain(own)
}

/**
 * The audit event of `activity`, whose action is `row` of edition `tables`, as it lies on the intake queue: without a location,
 * with `route`. The same activity of the same registry always gives the same id. `receivedAt` is in milliseconds since 1970.
 *
 * Throws `INVALID_ITEM` when outcome and reason code contradict each other.
 */
export function writeEvent(
  activity: Activity,
  row: EditionAction,
  rule: TargetRule,
  registry: Registry,
  receivedAt: number,
): AuditEvent {
  const assumed: string[] = []
  const domain = activity.domain ? clean(activity.domain, 255) : undefined
  const target = writeTarget(activity.target, row, registry, domain)
  const { outcome, reason } = writeOutcome(activity, row)
  const requestData = writeRequestData(activity, rule, target, registry)
  if (activity.time === undefined) assumed.push('eventTime')
  const initiator = writeInitiator(activity.initiator, registry.source, assumed)
  return {
    id: derivedId(registry.id, activity.senderId, activity.action, target.id),
    eventTime: formatTime(activity.time ?? receivedAt),
    action: activity.action,
    outcome,
    message: `Container Registry: ${row.says} ${target.name}${outcome === 'failure' ? ' -failure' : ''}`,
    severity: severityOf(reason.reasonCode, row.severity),
    dataEvent: row.dataEvent,
    ...(row.deprecated ? { deprecated: true } : {}),
    initiator,
    target,
    observer: { name: 'ActivityTracker' },
    reason,
    logSourceCRN: crn('', registry.account),
    saveServiceCopy: true,
    ...(has(requestData) ? { requestData } : {}),
    ...(has(activity.responseData) ? { responseData: activity.responseData } : {}),
    ...(activity.correlationId ? { correlationId: clean(activity.correlationId, 128) } : {}),
    route: {
      registry: registry.id,
      source: registry.source,
      domain: registry.domain,
      region: registry.region,
      edition: registry.editions[0].date,
      receivedTime: formatTime(receivedAt),
      ...(assumed.length > 0 ? { assumed } : {}),
      ...(domain && contradicts(domain, registry) ? { contradictingDomain: domain } : {}),
    },
  }
}

/**
 * JSON text that any queue takes: compact, and every character that SQS refuses or that stands outside of the basic plane is
 * written as an escape.
 */
export function toText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\ud800-\udfff\ufffe\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * `event` as the body of its message, at most 32 KiB once routed. Over that, `responseData` and then `requestData` are left out
 * and `route.cut` says so; identity is never cut. Throws `EVENT_TOO_LARGE` when that is not enough.
 */
export function toBody(event: AuditEvent): string {
  let body = toText(event)
  if (Buffer.byteLength(body) <= MAX_BYTES) return body
  const cut: string[] = []
  const { responseData: _left, requestData, ...rest } = event
  for (const field of ['responseData', 'requestData'] as const) {
    if (Buffer.byteLength(body) <= MAX_BYTES) break
    if (event[field] === undefined) continue
    cut.push(field)
    const kept = cut.includes('requestData') || requestData === undefined ? {} : { requestData }
    body = toText({ ...rest, ...kept, route: { ...event.route, cut } })
  }
  if (Buffer.byteLength(body) > MAX_BYTES) throw new RouterError('EVENT_TOO_LARGE')
  return body
}
