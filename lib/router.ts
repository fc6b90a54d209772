import { toText } from './body.ts'
import { RouterError } from './errors.ts'
import { type AuditEvent, locate } from './event.ts'
import type { Format } from './formats/format.ts'
import type { Location } from './locations.ts'
import type { Entry, Tally } from './log.ts'
import { locationQueue } from './queues/names.ts'
import type { Message, QueueRef, Queues } from './queues/queue.ts'
import { route } from './route.ts'

// The way from the intake queue to the queue of the location: the only place that knows locations.

/** A message of the intake queue. */
export interface IntakeMessage {
  messageId: string
  body: string
}

interface Routable {
  messageId: string
  id: string
  registry: string
  location: Location
  queue: QueueRef
  message: Message
}

/** Attributes of a message on a location queue: nine of the ten that a message may have. Throws `UNROUTABLE` when one is missing. */
function attributesOf(event: AuditEvent, location: string): Record<string, string> {
  const attributes = {
    type: 'audit',
    account: event.provenance?.account ?? '',
    region: event.provenance?.region ?? '',
    location,
    action: event.action,
    severity: event.severity,
    dataEvent: String(event.dataEvent),
    id: event.id,
    edition: event.provenance?.edition ?? '',
  }
  for (const [name, value] of Object.entries(attributes)) {
    // SQS refuses a whole call for one attribute that is no text: the neighbours would pay for it.
    if (typeof value !== 'string' || value === '') throw new RouterError('UNROUTABLE', `The event has no ${name}.`)
  }
  return attributes
}

function read(message: IntakeMessage, stage: string, format: Format): Routable {
  const event = JSON.parse(message.body) as AuditEvent
  const path = event.route
  if (!path) throw new RouterError('UNROUTABLE', 'The message holds no event with a route.')
  const routed = route(path.region, path.edition)
  const located = locate(event, routed.location)
  return {
    messageId: message.messageId,
    id: event.id,
    registry: typeof path.registry === 'string' ? path.registry : 'unknown',
    location: routed.location,
    queue: locationQueue(stage, routed),
    message: { body: toText(format.write(located)), attributes: attributesOf(located, routed.location) },
  }
}

/** Adds the event `id` of `registry` at `location`. */
function add(tally: Tally, registry: string, location: string, id: string): void {
  if (!Object.hasOwn(tally, registry)) tally[registry] = {}
  const own = tally[registry] as Record<string, string[]>
  own[location] = [...(own[location] ?? []), id]
}

/**
 * Puts every event of `messages` on the queue of its location, in `format`. Resolves to the ids of the messages that have to be tried again:
 * those that no location could be found for and those whose queue did not take them. They stay on the intake queue, in the end
 * on its dead-letter queue, and never go to another location. `entry` is filled in for the log.
 */
export async function routeMessages(
  messages: readonly IntakeMessage[],
  stage: string,
  queues: Queues,
  format: Format,
  entry: Entry,
): Promise<string[]> {
  const failed: string[] = []
  const groups = new Map<Location, Routable[]>()
  const routed: Tally = {}
  const postponed: Tally = {}
  Object.assign(entry, { received: messages.length, routed, postponed })
  for (const message of messages) {
    try {
      const routable = read(message, stage, format)
      groups.set(routable.location, [...(groups.get(routable.location) ?? []), routable])
    } catch (error) {
      entry.error = error
      failed.push(message.messageId)
      add(postponed, 'unknown', 'unroutable', message.messageId)
    }
  }
  const deliver = async ([location, group]: [Location, Routable[]]) => {
    const queue = (group[0] as Routable).queue
    const sent = group.map(({ message }) => message)
    const indices = await queues.send(queue, sent).catch((error: unknown) => {
      entry.error = error
      return group.map((_, index) => index)
    })
    const left = new Set(indices)
    group.forEach(({ messageId, id, registry }, index) => {
      add(left.has(index) ? postponed : routed, registry, location, id)
      if (left.has(index)) failed.push(messageId)
    })
  }
  await Promise.all([...groups].map(deliver))
  return failed
}
