import type { Family } from './actions.ts'
import { RouterError } from './errors.ts'
import { sort } from './items.ts'
import { type Entry, total } from './log.ts'
import { quarantine } from './quarantine.ts'
import type { Message, QueueRef, Queues } from './queues/queue.ts'
import type { Registry } from './registries.ts'
import type { Request, Response } from './request.ts'
import { schemes, sources } from './sources/index.ts'
import { attemptsOf, verify } from './sources/signature.ts'
import type { FamilyRules } from './target.ts'

// The whole story of one webhook: verify → read, look up, write (lib/items.ts) → enqueue → answer.

/** What the story needs from outside. */
export interface Receiver {
  registries: ReadonlyMap<string, Registry>
  /** Valid secrets of a registry. */
  secrets(registryId: string): Promise<readonly string[]>
  queues: Queues
  intake: QueueRef
  quarantine: QueueRef
  /** Most bytes of a body. */
  bodyLimit: number
  /** Milliseconds that all queueing of a webhook may take. */
  patience: number
}

/** States what is peculiar to `family`; `except` holds the actions whose target needs something else than `target` says. */
export const family = (name: Family, rules: Omit<FamilyRules, 'family'>): FamilyRules => ({ family: name, ...rules })

const NONE: readonly string[] = []
/** What is tried for a registry that does not exist: the same as for one that does. */
const STRANGER = attemptsOf([], schemes)

/** The registry that `request` is for, when it proves to be its genuine sender; else `UNAUTHENTICATED`, whatever was wrong. */
async function authenticate(request: Request, id: string, receiver: Receiver): Promise<Registry> {
  const registry = receiver.registries.get(id)
  const secrets = registry?.needsSecret ? await receiver.secrets(registry.id) : NONE
  const genuine = await verify(request, registry?.attempts ?? STRANGER, secrets)
  if (!registry || !genuine) throw new RouterError('UNAUTHENTICATED')
  return registry
}

/** The answer to a handshake; `undefined` for anything else, and for what can't be read: `sort` tells what is wrong with that. */
function handshakeOf(request: Request, { source }: Registry): Response | undefined {
  try {
    return sources[source].handshake?.(request)
  } catch {
    return undefined
  }
}

/** Sends all of `messages` within `timeout` milliseconds or throws `UNAVAILABLE`. */
async function enqueue(queues: Queues, queue: QueueRef, messages: readonly Message[], timeout: number): Promise<void> {
  if (messages.length === 0) return
  const failed = await queues.send(queue, messages, timeout)
  if (failed.length > 0) {
    throw new RouterError('UNAVAILABLE', `${queue.name} refused ${failed.length} of ${messages.length} messages.`)
  }
}

/**
 * Puts both on their queues or throws `UNAVAILABLE`. Quarantine comes first, and only when intake answers: when one of them is
 * down nothing is kept, so that a sender that repeats itself for ever does not fill the other.
 */
async function keep(receiver: Receiver, events: readonly Message[], unusable: readonly Message[]): Promise<void> {
  const { queues, intake, quarantine, patience } = receiver
  const end = performance.now() + patience
  const left = () => Math.max(1, end - performance.now())
  if (events.length > 0 && unusable.length > 0) await queues.ready(intake, left())
  await enqueue(queues, quarantine, unusable, left())
  await enqueue(queues, intake, events, left())
}

/**
 * Takes the webhook `request` for the registry `id` and answers it. 202 only after everything in it is queued, known to be noise,
 * or in quarantine. Throws a `RouterError` whose row says the answer: `TOO_LARGE`, `UNAUTHENTICATED`, or `UNAVAILABLE` when a
 * queue did not take everything (the sender still has it and tries again; ids are the same then). `entry` is filled in for
 * the log.
 */
export async function receive(
  request: Request,
  id: string,
  families: readonly FamilyRules[],
  receiver: Receiver,
  entry: Entry,
): Promise<Response> {
  // Whoever it is from, the log says which registry it was meant for; only ids that are configured can get there.
  if (receiver.registries.has(id)) entry.registry = id
  if (request.body.length > receiver.bodyLimit) {
    throw new RouterError('TOO_LARGE', `The body has ${request.body.length} bytes, the limit is ${receiver.bodyLimit}.`)
  }
  const registry = await authenticate(request, id, receiver)
  const handshake = handshakeOf(request, registry)
  if (handshake) {
    entry.handshake = true
    return handshake
  }
  if (request.method !== 'POST') throw new RouterError('NOT_FOUND')
  const { events, ignored, unusable } = sort({ ...request, registry: registry.id }, registry, families, entry)
  const name = families.length === 1 ? (families[0] as FamilyRules).family : 'webhook'
  const kept = quarantine(registry, name, request, unusable)
  entry.family = name
  const quarantined: Record<string, number> = {}
  for (const { reason, count } of unusable) quarantined[reason] = (quarantined[reason] ?? 0) + count
  entry.received = events.length + total(ignored) + total(quarantined)
  await keep(
    receiver,
    events.map(({ message }) => message),
    kept.messages,
  )
  entry.accepted = events.length
  entry.ids = events.map(({ event }) => event.id)
  entry.ignored = ignored
  entry.quarantined = quarantined
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
