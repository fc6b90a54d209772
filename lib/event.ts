import type { Severity } from './actions.ts'
import type { Activity } from './activity.ts'
import { crn, locateCrn } from './crn.ts'
import type { EditionAction } from './edition.ts'
import { derivedId } from './ids.ts'
import { type EventInitiator, writeInitiator } from './initiator.ts'
import { type EventOutcome, writeOutcome } from './outcome.ts'
import { bareDomain, type Registry } from './registries.ts'
import { severityOf } from './severity.ts'
import { type EventTarget, type TargetRule, writeRequestData, writeTarget } from './target.ts'
import { formatTime } from './time.ts'

/** Where an event comes from, what it was read with, and what was noted on the way. */
export interface Provenance {
  registry: string
  account: string
  source: string
  /** Which event of that source it was read as: a name of its vocabulary, or the type of a CloudEvent. */
  rule: string
  domain: string
  region: string
  edition: string
  receivedTime: string
  /** When it was put back onto the intake queue out of quarantine. */
  redrivenTime?: string
  /** The id that it had there. */
  redrivenFrom?: string
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
export interface AuditEvent extends EventOutcome {
  id: string
  eventTime: string
  action: string
  message: string
  severity: Severity
  dataEvent: boolean
  deprecated?: true
  initiator: EventInitiator
  target: EventTarget
  observer: { name: 'ActivityTracker' }
  logSourceCRN: string
  saveServiceCopy: true
  requestData?: Record<string, unknown>
  responseData?: Record<string, unknown>
  correlationId?: string
  route?: Provenance
  provenance?: Provenance
}

/** `event` with its location filled in: the last step before its queue. The given event is not changed. */
export function locate(event: AuditEvent, location: string): AuditEvent {
  const { route, ...rest } = event
  const account = route?.account ?? ''
  return {
    ...rest,
    target: { ...event.target, id: locateCrn(event.target.id, account, location) },
    logSourceCRN: locateCrn(event.logSourceCRN, account, location),
    ...(route ? { provenance: { ...route, location } } : {}),
  }
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
      rule: activity.rule,
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
