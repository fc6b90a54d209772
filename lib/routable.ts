import { toCanonicalText, toText } from './body.ts'
import type { Output } from './config.ts'
import { RouterError } from './errors.ts'
import { type AuditEvent, locate } from './event.ts'
import type { Format } from './formats/format.ts'
import { EVENT_ID, idOf, NAME_ID } from './ids.ts'
import type { Location } from './locations.ts'
import { archiveQueue, locationQueue } from './queues/names.ts'
import { MAX_BATCH_BYTES, type Message, type QueueRef, sizeOf } from './queues/queue.ts'
import { type Routed, route } from './route.ts'

// What a message of the intake queue says: whose event it is, where it belongs, and what goes there.

/** A message of the intake queue, as received. */
export interface IntakeMessage {
  messageId: string
  receiptHandle: string
  /** How often it was received, this time included. */
  receiveCount: number
  body: string
}

/** What the outputs of this deployment are, and the form of what goes to the queue of a location. */
export interface Outputs {
  stage: string
  format: Format
  outputs: readonly Output[]
}

/** A message with what could be read of it. */
export interface Routable {
  received: IntakeMessage
  /** Id of the event; that of the message when it holds none. */
  id: string
  registry: string
  location: Location | 'unroutable'
  /** It was put back onto the intake queue out of quarantine. */
  redriven: boolean
  /** The id that it had there; `''` when it was not there, or nothing says so. */
  redrivenFrom: string
  /** What goes to each output of the location that is on. */
  outgoing?: readonly Outgoing[]
  /** Why there is no location for it. */
  error?: unknown
}

/** What goes to one output of a location. */
export interface Outgoing {
  queue: QueueRef
  message: Message
}

/** Attributes of a message on a location queue and an archive queue: nine of the ten that a message may have. Throws `UNROUTABLE` when one is missing. */
export function outputAttributes(event: AuditEvent, location: string): Record<string, string> {
  const { provenance } = event
  const attributes = {
    type: 'audit',
    account: provenance?.account ?? '',
    region: provenance?.region ?? '',
    location,
    action: event.action,
    severity: event.severity,
    dataEvent: String(event.dataEvent),
    id: event.id,
    edition: provenance?.edition ?? '',
  }
  for (const [name, value] of Object.entries(attributes)) {
    // SQS refuses a whole call for one attribute that is no text: the neighbours would pay for it.
    if (typeof value !== 'string' || value === '') throw new RouterError('UNROUTABLE', `The event has no ${name}.`)
  }
  return attributes
}

/** The queue of an output of a location, and the body of an event there. */
const queueAndBody = {
  queue: ({ stage, format }, event, place) => [locationQueue(stage, place), toText(format.write(event))],
  archive: ({ stage }, event, place) => [archiveQueue(stage, place), toCanonicalText(event)],
} satisfies Record<Output, (to: Outputs, event: AuditEvent, place: Routed) => [QueueRef, string]>

/** Where `event` belongs, and what goes there. */
function address(event: Partial<AuditEvent> | undefined, to: Outputs) {
  const path = event?.route
  if (!path) throw new RouterError('UNROUTABLE', 'The message holds no event with a route.')
  const routed = route(path.region, path.edition)
  const located = locate(event as AuditEvent, routed.location)
  const attributes = outputAttributes(located, routed.location)
  const outgoing = to.outputs.map((output): Outgoing => {
    const [queue, body] = queueAndBody[output](to, located, routed)
    const message = { body, attributes }
    if (sizeOf(message) > MAX_BATCH_BYTES) throw new RouterError('EVENT_TOO_LARGE')
    return { queue, message }
  })
  return { location: routed.location, outgoing }
}

function parse(body: string): Partial<AuditEvent> | undefined {
  try {
    return JSON.parse(body) ?? undefined
  } catch {
    return undefined
  }
}

/** Reads `received` as it goes to its location. Never throws: what has no location is `unroutable` and says why. */
export function readMessage(received: IntakeMessage, to: Outputs): Routable {
  const event = parse(received.body)
  const read = {
    received,
    id: idOf(event?.id, EVENT_ID, received.messageId),
    registry: idOf(event?.route?.registry, NAME_ID, 'unknown'),
    redriven: event?.route?.redrivenTime !== undefined,
    redrivenFrom: idOf(event?.route?.redrivenFrom, EVENT_ID, ''),
  }
  try {
    return { ...read, ...address(event, to) }
  } catch (error) {
    return { ...read, location: 'unroutable', error }
  }
}
