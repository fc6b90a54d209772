import { actions } from '../actions.ts'
import type { AuditEvent } from '../event.ts'
import type { EventInitiator } from '../initiator.ts'
import type { EventTarget } from '../target.ts'
import { type Format, isObject, notOf } from './format.ts'

// CADF 1.0 (DMTF DSP0262), strictly. What CADF has a property for stands there; the rest is in attachments, at the paths that it
// has in the Activity Tracker form, so that nothing stands twice and nothing is lost.

const EVENT = 'http://schemas.dmtf.org/cloud/audit/1.0/event'
const STATUS_CODES = 'http://www.iana.org/assignments/http-status-codes/http-status-codes.xml'
const ACTION_TAG = '//container-registry/action?value='
const ATTACHMENT = 'urn:registry-event-router:'
/** CADF's own word, for an id that must not be empty. The attachment has what the sender wrote. */
const UNKNOWN = 'unknown'
/** A credential must have a token. No webhook carries one; this is how consumers of CADF know that it was masked. */
const MASKED = 'xxxxxxxx'
const ROUTER = 'registry-event-router'

interface Host {
  address?: string
  agent?: string
}

interface Resource {
  id: string
  typeURI: string
  name: string
  host?: Host
}

interface Attachment {
  typeURI: string
  contentType: string
  name: string
  content: unknown
}

interface CadfEvent {
  typeURI: string
  id: string
  eventType: 'activity'
  eventTime: string
  name: string
  action: string
  outcome: AuditEvent['outcome']
  severity: AuditEvent['severity']
  reason: { reasonType: string; reasonCode: string }
  initiator: Resource & { credential: { token: string; type: string } }
  target: Resource & { host?: { address: string } }
  observer: { id: string; typeURI: string; name: AuditEvent['observer']['name'] }
  reporterchain: object[]
  tags: string[]
  attachments: Attachment[]
}

/** What the attachment `activity-tracker` holds: the event's fields that CADF has no property for. */
interface Rest extends Pick<AuditEvent, 'dataEvent' | 'saveServiceCopy'> {
  reason: Omit<AuditEvent['reason'], 'reasonCode'>
  initiator: Partial<Omit<EventInitiator, 'host'>> & { host: Omit<EventInitiator['host'], 'address' | 'agent'> }
  target?: Partial<EventTarget>
}

/** `+0000` as CADF wants it; it forbids `Z`. */
const withColon = (time: string): string => time.replace(/\+0000$/, '+00:00')
const withoutColon = (time: string): string => time.replace(/\+00:00$/, '+0000')

const attach = (name: string, content: unknown): Attachment => ({
  typeURI: `${ATTACHMENT}${name}`,
  contentType: 'application/json',
  name,
  content,
})

const URI = /^(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[0-9A-F]{2})+$/i

/** An id as CADF wants it, a URI that is not empty, and how the sender wrote it when that is something else. */
function idOf(id: string): [id: string, rest: { id?: string }] {
  if (id === '') return [UNKNOWN, { id }]
  return URI.test(id) ? [id, {}] : [encodeURI(id), { id }]
}

function writeInitiator(initiator: EventInitiator): [CadfEvent['initiator'], Rest['initiator']] {
  const { id: own, typeURI, name, credential, host, ...rest } = initiator
  const { address, agent, ...restOfHost } = host
  const [id, empty] = idOf(own)
  const cadfHost = { ...(address === '' ? {} : { address }), ...(agent === undefined ? {} : { agent }) }
  return [
    {
      id,
      typeURI,
      name,
      credential: { token: MASKED, ...credential },
      ...(Object.keys(cadfHost).length > 0 ? { host: cadfHost } : {}),
    },
    { ...empty, ...rest, host: restOfHost },
  ]
}

function writeTarget(target: EventTarget, kind: string): [CadfEvent['target'], Partial<EventTarget>] {
  const { id: own, typeURI, name, host, ...rest } = target
  const [id, empty] = idOf(own)
  return [
    { id, typeURI: `${kind}/${typeURI}`, name, ...(host ? { host } : {}) },
    { ...empty, ...rest },
  ]
}

function write(event: AuditEvent): CadfEvent {
  const { id, eventTime, action, outcome, message, severity, logSourceCRN, observer, ...others } = event
  const { reason, initiator, target, requestData, responseData, ...rest } = others
  const { reasonCode, ...restOfReason } = reason
  const [cadfAction, kind] = actions.find((row) => row.action === action)?.cadf ?? [UNKNOWN, UNKNOWN]
  const [cadfInitiator, restOfInitiator] = writeInitiator(initiator)
  const [cadfTarget, restOfTarget] = writeTarget(target, kind)
  const { receivedTime } = event.provenance ?? event.route ?? {}
  const left: Rest = {
    ...rest,
    reason: restOfReason,
    initiator: restOfInitiator,
    ...(Object.keys(restOfTarget).length > 0 ? { target: restOfTarget } : {}),
  }
  return {
    typeURI: EVENT,
    id,
    eventType: 'activity',
    eventTime: withColon(eventTime),
    name: message,
    action: cadfAction,
    outcome,
    severity,
    reason: { reasonType: STATUS_CODES, reasonCode: String(reasonCode) },
    initiator: cadfInitiator,
    target: cadfTarget,
    observer: { id: logSourceCRN, typeURI: 'service/security/audit', name: observer.name },
    reporterchain: [
      {
        role: 'relay',
        ...(receivedTime ? { reporterTime: withColon(receivedTime) } : {}),
        reporter: { id: ROUTER, typeURI: 'service/oss/logging', name: ROUTER },
      },
    ],
    tags: [`${ACTION_TAG}${action}`],
    attachments: [
      attach('activity-tracker', left),
      ...(requestData ? [attach('requestData', requestData)] : []),
      ...(responseData ? [attach('responseData', responseData)] : []),
    ],
  }
}

function readInitiator(initiator: CadfEvent['initiator'], { host, ...rest }: Rest['initiator']): EventInitiator {
  const { token: _masked, ...credential } = initiator.credential
  const { id, name, typeURI, host: { address = '', ...agent } = {} } = initiator
  return { id, name, typeURI, credential, host: { address, ...host, ...agent }, ...rest }
}

function readTarget({ typeURI, ...target }: CadfEvent['target'], rest: Partial<EventTarget> = {}): EventTarget {
  return { ...target, typeURI: typeURI.slice(typeURI.indexOf('container-registry/')), ...rest }
}

function read(json: unknown): AuditEvent {
  if (!isObject(json) || json.typeURI !== EVENT || !Array.isArray(json.attachments)) throw notOf('cadf')
  try {
    return readEvent(json as unknown as CadfEvent)
  } catch {
    // Somebody else's event of CADF: anything may be missing.
    throw notOf('cadf')
  }
}

function readEvent(event: CadfEvent): AuditEvent {
  const attached = (name: string) => event.attachments.find((attachment) => attachment?.name === name)?.content
  const action = event.tags?.find((tag) => tag.startsWith(ACTION_TAG))?.slice(ACTION_TAG.length)
  const left = attached('activity-tracker') as Rest | undefined
  if (!left || !action) throw notOf('cadf')
  const { reason, initiator, target, ...rest } = left
  const [requestData, responseData] = ['requestData', 'responseData'].map(attached) as Record<string, unknown>[]
  return {
    id: event.id,
    eventTime: withoutColon(event.eventTime),
    action,
    outcome: event.outcome,
    message: event.name,
    severity: event.severity,
    initiator: readInitiator(event.initiator, initiator),
    target: readTarget(event.target, target),
    observer: { name: event.observer.name },
    reason: { reasonCode: Number(event.reason.reasonCode), ...reason },
    logSourceCRN: event.observer.id,
    ...(requestData ? { requestData } : {}),
    ...(responseData ? { responseData } : {}),
    ...rest,
  }
}

/** CADF 1.0 with the action taxonomy's own actions and one step of a reporter chain. */
export const cadf: Format = { name: 'cadf', write, read }
