import type { Family } from './actions.ts'
import { blank } from './blank.ts'
import { RouterError } from './errors.ts'
import { sort } from './items.ts'
import { type Entry, total } from './log.ts'
import { quarantine } from './quarantine.ts'
import type { Message, QueueRef, Queues } from './queues/queue.ts'
import type { Registry } from './registries.ts'
import { checkSize, type Request, type Response } from './request.ts'
import type { Secrets } from './secrets.ts'
import { schemes, sources } from './sources/index.ts'
import { attemptsOf, verify } from './sources/signature.ts'
import type { FamilyRules } from './target.ts'

// The whole story of one webhook: verify → read, look up, write (lib/items.ts) → enqueue → answer.

/** What the story needs from outside. */
export interface Receiver {
  registries: ReadonlyMap<string, Registry>
  secrets: Secrets
  queues: Queues
  intake: QueueRef
  quarantine: QueueRef
  /** Most bytes of a body. */
  bodyLimit: number
  /** Milliseconds that a webhook may take from its arrival: reading secrets, verifying and queueing together. */
  patience: number
}

/** States what is peculiar to `family`; `except` holds the actions whose target needs something else than `target` says. */
export const family = (name: Family, rules: Omit<FamilyRules, 'family'>): FamilyRules => ({ family: name, ...rules })

const NONE: readonly string[] = []
/** What is tried for a registry that does not exist: the same as for one that does. */
const STRANGER = attemptsOf([], schemes)

/** The milliseconds that the next wait for somebody else may take. */
type Left = () => number

/** What a wait gets at least, in milliseconds. */
const LEAST_WAIT = 200

/**
 * Shares `patience` among the waits of a request; its own work counts, too. Each wait gets a little all the same: a body that takes
 * long to read would else be refused again and again, however often its sender tries.
 */
function countdown(patience: number): Left {
  const end = performance.now() + patience
  return () => Math.max(LEAST_WAIT, end - performance.now())
}

/**
 * The registry that `request` is for and its secrets, when it proves to be its genuine sender from an address that it may come from;
 * else `UNAUTHENTICATED`, whatever was wrong. Before it is refused the secrets are read again: its sender may have got a new one just
 * now. All of this is done for an id that is no registry's, too.
 */
async function authenticate(
  request: Request,
  id: string,
  { registries, secrets }: Receiver,
  entry: Entry,
  left: Left,
): Promise<{ registry: Registry; values: readonly string[] }> {
  const registry = registries.get(id)
  const isAllowed = registry?.allows(request.address) ?? false
  const proves = async (values: readonly string[]): Promise<boolean> => {
    const genuine = await verify(request, registry?.attempts ?? STRANGER, values)
    // Worth knowing: somebody else has the secret, or the list lacks an address.
    if (genuine && !isAllowed) entry.address = request.address ?? 'unknown'
    return genuine && isAllowed
  }
  const isNeeded = registry?.needsSecret ?? true
  const values = isNeeded ? await secrets(id, { timeout: left() }) : NONE
  const genuine = await proves(values)
  if (registry && genuine) return { registry, values }
  const renewed = await secrets(id, { since: request.receivedAt, timeout: left() })
  if (registry && isNeeded && String(renewed) !== String(values) && (await proves(renewed)))
    return { registry, values: renewed }
  throw new RouterError('UNAUTHENTICATED')
}

/** The answer to a handshake; `undefined` for anything else, and for what can't be read: `sort` tells what is wrong with that. */
function handshakeOf(request: Request, { source }: Registry): Response | undefined {
  try {
    return sources[source].handshake?.(request)
  } catch {
    return undefined
  }
}

/** Sends all of `messages` in the time that is `left` or throws `UNAVAILABLE`. */
async function enqueue(queues: Queues, queue: QueueRef, messages: readonly Message[], left: Left): Promise<void> {
  if (messages.length === 0) return
  const failed = await queues.send(queue, messages, left())
  if (failed.length > 0) {
    throw new RouterError('UNAVAILABLE', `${queue.name} refused ${failed.length} of ${messages.length} messages.`)
  }
}

/**
 * Puts both on their queues or throws `UNAVAILABLE`. Quarantine comes first, and only when intake answers: when one of them is
 * down nothing is kept, so that a sender that repeats itself for ever does not fill the other.
 */
async function keep(
  { queues, intake, quarantine }: Receiver,
  events: readonly Message[],
  unusable: readonly Message[],
  left: Left,
): Promise<void> {
  if (events.length > 0 && unusable.length > 0) await queues.ready(intake, left())
  await enqueue(queues, quarantine, unusable, left)
  await enqueue(queues, intake, events, left)
}

/**
 * Takes the webhook `request` for the registry `id` and answers it. 202 only after everything in it is queued, known to be noise,
 * or in quarantine. Throws a `RouterError` whose row says the answer: `TOO_LARGE`, `UNAUTHENTICATED`, `RATE_LIMITED`, or
 * `UNAVAILABLE` when a queue did not take everything in time (the sender still has it and tries again; ids are the same then). `entry` is filled in for
 * the log.
 */
export async function receive(
  request: Request,
  id: string,
  families: readonly FamilyRules[],
  receiver: Receiver,
  entry: Entry,
): Promise<Response> {
  const left = countdown(receiver.patience)
  checkSize(request.body.length, receiver.bodyLimit)
  const { registry, values } = await authenticate(request, id, receiver, entry, left)
  const wait = registry.limit(request.receivedAt)
  if (wait > 0) throw new RouterError('RATE_LIMITED', undefined, { retryAfter: Math.ceil(wait / 1000) })
  const plain = blank(request, values)
  const handshake = handshakeOf(plain, registry)
  if (handshake) {
    entry.handshake = true
    return handshake
  }
  if (request.method !== 'POST') throw new RouterError('NOT_FOUND')
  const { events, ignored, unusable } = sort({ ...plain, registry: registry.id }, registry, families, entry)
  const name = families.length === 1 ? (families[0] as FamilyRules).family : 'webhook'
  const kept = quarantine(registry, name, request, plain, unusable)
  entry.family = name
  const quarantined: Record<string, number> = {}
  for (const { reason, count } of unusable) quarantined[reason] = (quarantined[reason] ?? 0) + count
  entry.received = events.length + total(ignored) + total(quarantined)
  await keep(
    receiver,
    events.map(({ message }) => message),
    kept.messages,
    left,
  )
  entry.accepted = events.length
  entry.ids = events.map(({ event }) => event.id)
  entry.ignored = ignored
  entry.quarantined = quarantined
  entry.kept = kept.entries.map(({ id }) => id)
  entry.deprecated = events.filter(({ event }) => event.deprecated).length
  return {
    status: 202,
    headers: {},
    body: {
      accepted: events.map(({ event }) => ({ id: event.id, action: event.action, target: event.target.name })),
      ignored: total(ignored),
      quarantined: kept.entries.map(({ id, reason }) => ({ id, reason })),
    },
  }
}
