import { RouterError } from '../errors.ts'
import type { AuditEvent } from '../event.ts'

// The port of output formats: how an event is written onto the queue of its location.

/** The values of `EVENT_FORMAT`, the default first. */
export const formatNames = ['activity-tracker', 'cadf', 'cloudevents'] as const

export type FormatName = (typeof formatNames)[number]

/** One form of an audit event (docs/events.md). */
export interface Format {
  name: FormatName
  /** `event` in this form, as a value for JSON. Pure: the same event always gives the same. */
  write(event: AuditEvent): object
  /** The event that `write` made `json` of, without any loss. Throws `INVALID_ITEM` for what is not of this form. */
  read(json: unknown): AuditEvent
}

/** Whether `value` is an object and no list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The error for what should be of the form `name` and is not. */
export const notOf = (name: FormatName): RouterError =>
  new RouterError('INVALID_ITEM', `The event is not in the format ${name}.`)

const TEXTS = ['id', 'eventTime', 'action', 'outcome', 'message', 'severity', 'logSourceCRN']
const OBJECTS = ['initiator', 'target', 'observer', 'reason']

/** Whether `value` has what every event in Activity Tracker form has. */
export const isEvent = (value: unknown): value is AuditEvent =>
  isObject(value) &&
  TEXTS.every((field) => typeof value[field] === 'string') &&
  OBJECTS.every((field) => isObject(value[field]))
