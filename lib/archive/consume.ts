import type { Reason } from '../deadletter.ts'
import { RouterError } from '../errors.ts'
import { hide, NEAR, type Waiting } from '../hide.ts'
import { EVENT_ID, idOf, NAME_ID } from '../ids.ts'
import { type Entry, tally } from '../log.ts'
import { deadLetterQueue } from '../queues/names.ts'
import type { Message } from '../queues/queue.ts'
import type { IntakeMessage } from '../routable.ts'
import type { Archiver } from './archive.ts'
import { type Arrival, claimsOf, toArrival } from './arrival.ts'

// The way from the archive queue of a location into its archive.

/** What the archive function needs from outside. `queue` is the archive queue of `location`. */
export interface Archiving extends Waiting {
  location: string
  /** The archiver of the location: the same one at every call. */
  archiver(): Promise<Archiver>
}

/** A message of an archive queue, as received. */
export interface ArchiveMessage extends IntakeMessage {
  /** When the router sent it, in milliseconds since 1970; `null` when nothing says so. */
  sentAt: number | null
}

/** A message with what could be read of it. */
interface Read {
  received: ArchiveMessage
  /** Id of the event; that of the message when it holds none. */
  id: string
  registry: string
  location: string
  /** What goes into the archive. */
  arrival?: Arrival
  /** Why nothing does. */
  error?: unknown
  /** It may be another event when it is read once more, so it comes again. */
  isMisread?: boolean
}

const misread = new RouterError(
  'INVALID_BODY',
  'The message is not what the router writes of the event in it: it comes again, rather than be archived as something else.',
)

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new RouterError('INVALID_BODY', 'The message is not JSON.')
  }
}

/** Reads `received`, a message of the archive queue of `location`. Never throws: what can't be archived says why. */
function read(received: ArchiveMessage, location: string): Read {
  const known: Read = { received, id: received.messageId, registry: 'unknown', location }
  try {
    const event = parse(received.body)
    const claims = claimsOf(event)
    known.id = idOf(claims.id, EVENT_ID, received.messageId)
    known.registry = idOf(claims.provenance?.registry, NAME_ID, 'unknown')
    const arrival = toArrival(event, received.body, location, received.sentAt)
    return arrival ? { ...known, arrival } : { ...known, error: misread, isMisread: true }
  } catch (error) {
    return { ...known, error }
  }
}

/** The dead letter of what can't be archived. */
function deadLetter({ received, registry, location, id, error }: Read): Message {
  const reason: Reason = error instanceof RouterError ? error.code : 'UNREADABLE'
  return { body: received.body, attributes: { type: 'dead-letter', reason, registry, location, id } }
}

/** Puts what can't be archived on the dead-letter queue. Resolves to what is there. */
async function giveUp(hopeless: readonly Read[], { queues, queue }: Archiving, entry: Entry): Promise<Read[]> {
  if (hopeless.length === 0) return []
  entry.error = hopeless[0]?.error
  try {
    const failed = new Set(await queues.send(deadLetterQueue(queue), hopeless.map(deadLetter), NEAR))
    return hopeless.filter((_, index) => !failed.has(index))
  } catch (error) {
    entry.error = error
    return []
  }
}

/** Archives `good`. Resolves to whether that is done. */
async function archive(
  good: readonly (Read & { arrival: Arrival })[],
  from: Archiving,
  entry: Entry,
): Promise<boolean> {
  if (good.length === 0) return true
  try {
    const archiver = await from.archiver()
    await archiver.append(good.map(({ arrival }) => arrival))
    return true
  } catch (error) {
    entry.error = error
    return false
  }
}

const isGood = (message: Read): message is Read & { arrival: Arrival } => message.arrival !== undefined

/**
 * Archives every event of `messages`, in one batch. Resolves to the ids of the messages that have to come again: all of those that can be archived
 * when it could not be done, hidden for their pause. What can't be archived is on the dead-letter queue, and costs its
 * neighbours nothing. Never rejects; `entry` is filled in for the log.
 */
export async function archiveMessages(
  messages: readonly ArchiveMessage[],
  from: Archiving,
  entry: Entry,
): Promise<string[]> {
  const all = messages.map((message) => read(message, from.location))
  const good = all.filter(isGood)
  if (all.some(({ isMisread }) => isMisread)) entry.error = misread
  const dead = await giveUp(
    all.filter((message) => !isGood(message) && !message.isMisread),
    from,
    entry,
  )
  const archived = (await archive(good, from, entry)) ? good : []
  const settled = new Set<Read>([...archived, ...dead])
  const waiting = all.filter((message) => !settled.has(message))
  await hide(
    waiting.map(({ received }) => received),
    from,
    entry,
  )
  Object.assign(entry, {
    received: messages.length,
    archived: tally(archived),
    postponed: tally(waiting),
    deadLettered: tally(dead),
  })
  return waiting.map(({ received }) => received.messageId)
}
