import { outputNames } from '../config.ts'
import type { AuditEvent } from '../event.ts'
import { activityTracker } from '../formats/activity-tracker.ts'
import { EVENT_ID, idOf, NAME_ID } from '../ids.ts'
import { intakeAttributes } from '../items.ts'
import { deadLetterQueue, type QueueSpec } from '../queues/names.ts'
import type { Message, Queues, Received } from '../queues/queue.ts'
import { outputAttributes, readMessage } from '../routable.ts'
import { type Look, lookInto, patience } from './look.ts'

// What lies on dead-letter queues, and its way back.

/** A dead letter, as far as can be told. */
export interface DeadLetter {
  message: Received
  /** Why it is there: as the router says, or `RECEIVED_TOO_OFTEN` when the queue itself moved it. */
  reason: string
  id: string | undefined
  registry: string | undefined
  location: string | undefined
  /** Why it can't go back: it would be here again at once. */
  obstacle?: string
}

/** Attributes that a function puts on a dead letter in place of those that its message had (docs/queues.md). */
const OWN: ReadonlySet<string> = new Set(['type', 'reason', 'registry', 'location', 'why'])

/** Whether a function of ours sent it there: the router to the dead-letter queue of intake, the archive function to that of its queue. */
const isOurs = ({ attributes }: Message, { kind }: QueueSpec): boolean =>
  (kind === 'intake' || kind === 'archive') && attributes.type === 'dead-letter'

function eventOf({ body }: Message): AuditEvent | undefined {
  try {
    const event: unknown = JSON.parse(body)
    return typeof event === 'object' && event !== null ? (event as AuditEvent) : undefined
  } catch {
    return undefined
  }
}

/** Whatever is on where it is redriven. */
const EVERY_OUTPUT = { stage: '', format: activityTracker, outputs: outputNames }

/** Why the router could do nothing but put the message of an intake queue here again; `undefined` when it can. */
function unroutable(message: Received): string | undefined {
  const { location, error } = readMessage({ ...message, receiptHandle: message.receipt }, EVERY_OUTPUT)
  return location === 'unroutable' ? (error as Error).message : undefined
}

/** `message`, of the dead-letter queue of `queue`. */
export function readDeadLetter(message: Received, queue: QueueSpec): DeadLetter {
  const { attributes } = message
  const event = eventOf(message)
  const obstacle = queue.kind === 'intake' ? unroutable(message) : undefined
  return {
    message,
    reason: isOurs(message, queue) ? (attributes.reason ?? 'UNKNOWN') : 'RECEIVED_TOO_OFTEN',
    id: attributes.id ?? idOf(event?.id, EVENT_ID, undefined),
    registry: attributes.registry ?? idOf(event?.route?.registry ?? event?.provenance?.registry, NAME_ID, undefined),
    location: attributes.location ?? idOf(event?.provenance?.location, NAME_ID, undefined),
    ...(obstacle ? { obstacle } : {}),
  }
}

/** The attributes that `event` had on `queue`; none when it is no event of ours. */
function attributesOn(queue: QueueSpec, event: AuditEvent): Message['attributes'] {
  if (queue.kind === 'intake') return intakeAttributes(event)
  try {
    return outputAttributes(event, event.provenance?.location ?? '')
  } catch {
    return {}
  }
}

/** The message for the queue that a dead letter came from. */
function copyOf({ message }: DeadLetter, queue: QueueSpec): Message {
  const { body, attributes } = message
  const event = isOurs(message, queue) ? eventOf(message) : undefined
  if (!event) return { body, attributes }
  const others = Object.entries(attributes).filter(([name]) => !OWN.has(name))
  return { body, attributes: { ...Object.fromEntries(others), ...attributesOn(queue, event) } }
}

/** What the redriving of a dead-letter queue needs. */
export interface DeadLetterRedrive {
  queues: Queues
  /** The queue that they came from, and go back to. */
  queue: QueueSpec
  /** Most dead letters to look at. */
  limit?: number | undefined
  /** Only says what would be done. */
  dryRun: boolean
  signal?: AbortSignal | undefined
  /** Is told what became of each, as soon as it did: `redriven`, `refused` by the queue, or `unroutable` and so left where it is. */
  report(letter: DeadLetter, outcome: 'redriven' | 'refused' | 'unroutable', removed: boolean): void
  progress?: ((what: 'looked at' | 'done', count: number, total: number) => void) | undefined
  /** Is told how many messages could not be given back, and why. */
  stuck(messages: number, why?: unknown): void
}

/** Sends the copies of `letters`, and removes those that were taken. */
async function carryOut(letters: readonly DeadLetter[], look: Look, job: DeadLetterRedrive): Promise<void> {
  const { queue } = job
  const copies = letters.map((letter) => copyOf(letter, queue))
  const refused = new Set(await job.queues.send(queue, copies, patience(letters.length)))
  const taken = letters.filter((_, index) => !refused.has(index))
  const { left, error } = await look.remove(taken.map(({ message }) => message))
  letters.forEach((letter, index) => {
    if (refused.has(index)) job.report(letter, 'refused', false)
    else job.report(letter, 'redriven', !left.has(letter.message))
  })
  if (error) throw error
}

/** Carries out what can be, or only reports it. */
async function turn(letters: readonly DeadLetter[], look: Look, job: DeadLetterRedrive): Promise<void> {
  const movable = letters.filter(({ obstacle }) => !obstacle)
  for (const letter of letters) if (letter.obstacle) job.report(letter, 'unroutable', false)
  if (!job.dryRun) return carryOut(movable, look, job)
  for (const letter of movable) job.report(letter, 'redriven', false)
}

/**
 * Copies dead letters to the queue that they came from and removes each after its copy was taken. Takes as many as there were when it
 * began: one that comes back meanwhile is not sent round and round. Resolves to the number of those that somebody else held. Rejects as
 * the methods of the queues do; what was reported stands.
 */
export async function redriveDeadLetters(job: DeadLetterRedrive): Promise<number> {
  const { queues, queue, signal } = job
  const dead = deadLetterQueue(queue)
  const { waiting, hidden } = await queues.count(dead)
  const most = Math.min(waiting + hidden, job.limit ?? Number.POSITIVE_INFINITY)
  return lookInto(queues, dead, { signal, most }, job.stuck, async (look) => {
    let done = 0
    for await (const batch of look.batches()) {
      const letters = batch.map((message) => readDeadLetter(message, queue))
      // The very first one goes alone: what may not be removed is not copied by the dozen.
      for (const some of done === 0 ? [letters.slice(0, 1), letters.slice(1)] : [letters]) {
        if (signal?.aborted) return look.hidden()
        await turn(some, look, job)
        done += some.length
        job.progress?.('done', done, most)
      }
    }
    return look.hidden()
  })
}
