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
import { formatTime } from './time.ts'

/** Where an event comes from, what it was read with, and what was noted on the way. */
export interface Provenance {
  registry: string
  account: string
  source: string
  domain: string
  region: string
  edition: string
  receivedTime: string
  /** Required fields that the sender did not say; they hold the documented stand-in. */
  assumed?: string[]
  /** Text that is not as the sender wrote it: cut, or freed from control characters. */
  cleaned?: string[]
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

const CRN = 'crn:v1:bluemix:public:container-registry:'

/** CRN of `account`'s registry at `location`; its last parts never hold a colon, which Cloud Logs' parsing rule relies on. */
const crn = (location: string, account: string, resource = ':'): string => `${CRN}${location}:a/${account}::${resource}`

/** `event` with its location filled in: the last step before its queue. The given event is not changed. */
export function locate(event: AuditEvent, location: string): AuditEvent {
  const { route, ...rest } = event
  const open = crn('', route?.account ?? '')
  // The CRNs that `writeEvent` made; an id that the sender chose stays as it is.
  const fill = (text: string) =>
    text.startsWith(open.slice(0, -1)) ? `${CRN}${location}${text.slice(CRN.length)}` : text
  return {
    ...rest,
    target: { ...event.target, id: fill(event.target.id) },
    logSourceCRN: fill(event.logSourceCRN),
    ...(route ? { provenance: { ...route, location } } : {}),
  }
}

/** Name and id of an image: by tag or digest as it was asked for, and by digest when it is known. */
function imageOf({ repository, tag, digest }: Target, { domain }: Registry): { name: string; id: string } | undefined {
  if (!repository) return undefined
  const image = `${domain}/${repository}`
  const byDigest = digest ? `${image}@${digest}` : undefined
  const name = tag ? `${image}:${tag}` : (byDigest ?? image)
  return { name, id: byDigest ?? name }
}

/** Name and id of what `rule` says that the target is; without it of the account's registry. */
function identify(
  target: Target,
  row: EditionAction,
  rule: TargetRule,
  registry: Registry,
): { name: string; id: string } {
  const image = rule.is === 'repository' ? imageOf(target, registry) : undefined
  if (image) return image
  const resource = rule.is ? target[rule.is] : undefined
  if (resource === undefined) return { name: registry.domain, id: crn('', registry.account) }
  const kind = row.type.split('/')[1] as string
  return { name: resource, id: crn('', registry.account, `${kind}:${resource.replaceAll(':', '%3A')}`) }
}

function writeTarget(
  target: Target,
  row: EditionAction,
  rule: TargetRule,
  registry: Registry,
  domain: string | undefined,
): AuditEvent['target'] {
  const { name, id } = identify(target, row, rule, registry)
  const host = target.host ?? domain
  return {
    id: target.id ?? id,
    name: target.name ?? name,
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

// Fields of a target that stand in the event's target whatever it is.
const IN_TARGET: ReadonlySet<string> = new Set(['id', 'name', 'alias', 'resourceGroupId', 'host'])
const OF_IMAGE: ReadonlySet<string> = new Set(['repository', 'tag', 'digest'])

/** What the sender asked, and what its target says beyond what names it. */
function writeRequestData(activity: Activity, rule: TargetRule, target: AuditEvent['target'], registry: Registry) {
  const given = activity.target
  const data: Record<string, unknown> = { ...activity.requestData }
  for (const [field, value] of Object.entries(given)) {
    const names = IN_TARGET.has(field) || field === rule.is || (rule.is === 'repository' && OF_IMAGE.has(field))
    if (!names && !rule.parameters?.includes(field as keyof Target)) data[field] ??= value
  }
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
 * with `route`. The same activity of the same registry always gives the same id. `receivedAt` is in milliseconds since 1970;
 * `cleaned` names the fields that are not as the sender wrote them.
 *
 * Throws `INVALID_ITEM` when outcome and reason code contradict each other.
 */
export function writeEvent(
  activity: Activity,
  row: EditionAction,
  rule: TargetRule,
  registry: Registry,
  receivedAt: number,
  cleaned: string[] = [],
): AuditEvent {
  const assumed: string[] = []
  const domain = activity.domain || undefined
  const target = writeTarget(activity.target, row, rule, registry, domain)
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
    ...(activity.correlationId ? { correlationId: activity.correlationId } : {}),
    route: {
      registry: registry.id,
      account: registry.account,
      source: registry.source,
      domain: registry.domain,
      region: registry.region,
      edition: registry.editions[0].date,
      receivedTime: formatTime(receivedAt),
      ...(assumed.length > 0 ? { assumed } : {}),
      ...(cleaned.length > 0 ? { cleaned } : {}),
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
