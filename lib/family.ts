import type { Family } from './actions.ts'
import { type Activity, activityDataSchema } from './activity.ts'
import type { EditionAction } from './edition.ts'
import { whereabouts } from './edition.ts'
import { type ErrorCode, errors, RouterError } from './errors.ts'
import { type AuditEvent, toBody, writeEvent } from './event.ts'
import type { Entry } from './log.ts'
import { parse } from './parse.ts'
import { quarantine, type Unusable } from './quarantine.ts'
import type { Message, QueueRef, Queues } from './queues/queue.ts'
import type { Registry } from './registries.ts'
import type { Request, Response } from './request.ts'
import { sources } from './sources/index.ts'
import { verify } from './sources/signature.ts'
import { checkTarget, type TargetRule } from './target.ts'
import { clean } from './text.ts'

// The whole story of one webhook: verify → read → look up → write → enqueue → answer.

/** Most events of one body, and most unusable items that are listed; Event Grid, the largest sender, has about 850 in its 1 MB. */
export const MAX_ITEMS = 1000

/** What is peculiar to a family: what its targets need, and the actions that need something else. */
export interface FamilyRules {
  family: Family
  target: TargetRule
  except?: Readonly<Record<string, TargetRule>>
}

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
}

/** States what is peculiar to `family`; `except` holds the actions whose target needs something else than `target` says. */
export const family = (name: Family, rules: Omit<FamilyRules, 'family'>): FamilyRules => ({ family: name, ...rules })

const refuse = (code: ErrorCode, message?: string): never => {
  throw new RouterError(code, message)
}

/** The registry that `request` is for, when it proves to be its genuine sender; else `UNAUTHENTICATED`, whatever was wrong. */
async function authenticate(request: Request, id: string, receiver: Receiver): Promise<Registry> {
  const registry = receiver.registries.get(id)
  const secrets = registry ? await receiver.secrets(registry.id) : []
  const schemes = registry ? sources[registry.source].schemes : []
  const genuine = verify(request, schemes, secrets)
  return registry && genuine ? registry : refuse('UNAUTHENTICATED')
}

function lookUp(action: string, registry: Registry): EditionAction {
  for (const tables of registry.editions) {
    const row = tables.action(action)
    if (row) return row
  }
  const dates = registry.editions.map((tables) => tables.date).join(', ')
  const elsewhere = whereabouts(action)
  const name = JSON.stringify(action.slice(0, 128))
  return refuse('UNKNOWN_ACTION', `${name} is not in edition ${dates}: ${elsewhere ?? 'no edition has it'}.`)
}

/** `activity` checked against its schema. Throws `INVALID_TARGET` or `INVALID_ITEM`, naming the field. */
function check({ action, senderId, time, ...data }: Activity): Activity {
  const codeOf = (path: string) => (path.startsWith('target') ? 'INVALID_TARGET' : 'INVALID_ITEM')
  return { ...parse(activityDataSchema, data, codeOf, 'data'), action, senderId, time }
}

const TEXTS = ['id', 'name', 'address', 'agent', 'authnId', 'authnName'] as const

/** Paths of the texts that `check` cut or cleaned. */
function cleanedOf(before: Activity, after: Activity): string[] {
  const paths: string[] = []
  for (const name of TEXTS) {
    if (before.initiator[name] !== after.initiator[name]) paths.push(`initiator.${name}`)
  }
  if (before.correlationId !== after.correlationId) paths.push('correlationId')
  if (before.domain !== after.domain) paths.push('domain')
  if (before.reason.message !== after.reason.message) paths.push('reason.message')
  return paths
}

/** The audit event of one activity. Throws the `RouterError` for which it has to go into quarantine. */
export function toEvent(
  activity: Activity,
  registry: Registry,
  families: readonly FamilyRules[],
  receivedAt: number,
): AuditEvent {
  const row = lookUp(activity.action, registry)
  const rules = families.find((entry) => entry.family === row.family)
  if (!rules) {
    return refuse(
      'WRONG_FAMILY',
      `${row.action} belongs to the family ${row.family}: post it to /webhooks/${registry.id}/${row.family}.`,
    )
  }
  const rule = rules.except?.[row.action] ?? rules.target
  const checked = check(activity)
  checkTarget(row.action, rule, checked.target)
  return writeEvent(checked, row, rule, registry, receivedAt, cleanedOf(activity, checked))
}

interface Sorted {
  events: { event: AuditEvent; message: Message }[]
  ignored: Record<string, number>
  unusable: Unusable[]
}

const toUnusable = (error: unknown, item: number | undefined, entry: Entry): Unusable => {
  // Messages of the schemas quote what they were given.
  if (error instanceof RouterError) return { reason: error.code, message: clean(error.message, 512), item }
  entry.error = error
  return { reason: 'UNREADABLE', message: errors.UNREADABLE.message, item }
}

/** Every item of a genuine request as an event, as noise, or as unusable: nothing else can become of it. */
function sort(request: Request, registry: Registry, families: readonly FamilyRules[], entry: Entry): Sorted {
  const source = sources[registry.source]
  const sorted: Sorted = { events: [], ignored: {}, unusable: [] }
  let items: readonly unknown[]
  try {
    items = source.items(request)
  } catch (error) {
    sorted.unusable.push(toUnusable(error, undefined, entry))
    return sorted
  }
  items.forEach((item, index) => {
    try {
      const read = source.read(item, request)
      if ('ignored' in read) {
        sorted.ignored[read.ignored] = (sorted.ignored[read.ignored] ?? 0) + 1
        return
      }
      const event = toEvent(read, registry, families, request.receivedAt)
      const attributes = { type: 'audit', account: registry.account, action: event.action, id: event.id }
      sorted.events.push({ event, message: { body: toBody(event), attributes } })
    } catch (error) {
      sorted.unusable.push(toUnusable(error, index, entry))
    }
  })
  return limit(sorted, items.length)
}

/**
 * What is more than one answer and one quarantine can hold: too many events go to quarantine as one body, too many unusable items
 * as one item, beside the events.
 */
function limit(sorted: Sorted, items: number): Sorted {
  const { events, unusable } = sorted
  const whole = (message: string): Unusable[] => [{ reason: 'TOO_MANY_ITEMS', message, item: undefined }]
  if (events.length > MAX_ITEMS) {
    return {
      events: [],
      ignored: {},
      unusable: whole(`The body has ${events.length} events, the limit is ${MAX_ITEMS}.`),
    }
  }
  const [first] = unusable
  if (!first || unusable.length <= MAX_ITEMS) return sorted
  const message = `${unusable.length} of ${items} items are unusable, the first, number ${first.item}: ${first.message}`
  return { ...sorted, unusable: whole(message) }
}

/** Sends all of `messages` or throws `UNAVAILABLE`. */
async function enqueue(queues: Queues, queue: QueueRef, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return
  const failed = await queues.send(queue, messages)
  if (failed.length > 0) {
    throw new RouterError('UNAVAILABLE', `${queue.name} refused ${failed.length} of ${messages.length} messages.`)
  }
}

const total = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

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
  if (request.body.length > receiver.bodyLimit) {
    refuse('TOO_LARGE', `The body has ${request.body.length} bytes, the limit is ${receiver.bodyLimit}.`)
  }
  const registry = await authenticate(request, id, receiver)
  entry.registry = registry.id
  const handshake = sources[registry.source].handshake?.(request)
  if (handshake) return { status: 200, headers: handshake, body: undefined }
  if (request.method !== 'POST') refuse('NOT_FOUND')
  const { events, ignored, unusable } = sort(request, registry, families, entry)
  const name = families.length === 1 ? (families[0] as FamilyRules).family : 'webhook'
  const kept = quarantine(registry, name, request, unusable)
  entry.family = name
  entry.received = events.length + total(ignored) + unusable.length
  // Quarantine first: when it is down nothing is kept at all, and a copy in quarantine does no harm when the rest fails.
  await enqueue(receiver.queues, receiver.quarantine, kept.messages)
  await enqueue(
    receiver.queues,
    receiver.intake,
    events.map(({ message }) => message),
  )
  entry.accepted = events.length
  entry.ignored = ignored
  entry.quarantined = unusable.map(({ reason }) => reason)
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
