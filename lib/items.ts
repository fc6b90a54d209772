import { type Activity, type ActivityData, activityDataSchema } from './activity.ts'
import { toBody } from './body.ts'
import { type EditionAction, whereabouts } from './edition.ts'
import { errors, RouterError } from './errors.ts'
import { type AuditEvent, writeEvent } from './event.ts'
import { checkDepth, escapedName, mayBeDeep, type Seen } from './json.ts'
import type { Entry } from './log.ts'
import { parse } from './parse.ts'
import type { Unusable } from './quarantine.ts'
import type { Message } from './queues/queue.ts'
import type { Registry } from './registries.ts'
import type { Request } from './request.ts'
import { sources } from './sources/index.ts'
import { checkTarget, type FamilyRules } from './target.ts'
import { clean, cleanAll } from './text.ts'

// The middle of the story of a webhook: read each item → look it up → write its event.

/** Most events of one body, and most unusable items that are listed; Event Grid, the largest sender, has about 850 in its 1 MB. */
const MAX_ITEMS = 1000
/** Most items of one body that are read, ignored ones included: more than senders usually have in 1 MiB. */
const MAX_READ = 10_000

function lookUp(action: string, registry: Registry): EditionAction {
  for (const tables of registry.editions) {
    const row = tables.action(action)
    if (row) return row
  }
  const dates = registry.editions.map((tables) => tables.date).join(', ')
  const elsewhere = whereabouts(action)
  const name = JSON.stringify(action.slice(0, 128))
  throw new RouterError('UNKNOWN_ACTION', `${name} is not in edition ${dates}: ${elsewhere ?? 'no edition has it'}.`)
}

/** Most characters of a text in an object that a source wrote from what users say. */
const MAX_TEXT = 1024

type Bag = Record<string, unknown>

const cleanBag = (bag: Bag): Bag => cleanAll(bag, MAX_TEXT) as Bag

/** `data` with clean texts in its objects: they come from users as much as names do. */
function cleanObjects(data: ActivityData): ActivityData {
  const { target, requestData, responseData } = data
  if (!target.policy && !requestData && !responseData) return data
  return {
    ...data,
    ...(target.policy ? { target: { ...target, policy: cleanBag(target.policy) } } : {}),
    ...(requestData ? { requestData: cleanBag(requestData) } : {}),
    ...(responseData ? { responseData: cleanBag(responseData) } : {}),
  }
}

/** Throws `INVALID_ITEM` when an object that a sender fills as it likes has a field whose name could be read as another one (`escapedName`). */
function checkNames({ target: { policy }, requestData, responseData }: ActivityData): void {
  for (const [where, bag] of Object.entries({ policy, requestData, responseData })) {
    const name = escapedName(bag)
    if (name === undefined) continue
    throw new RouterError('INVALID_ITEM', `${where}: JSON has to escape the name of a field: ${JSON.stringify(name)}.`)
  }
}

/**
 * `activity` checked against its schema, and its objects cleaned unless they are `verbatim`. Throws `INVALID_TARGET` or
 * `INVALID_ITEM`, naming the field.
 */
function check({ action, rule, senderId, time, ...data }: Activity, verbatim: boolean): Activity {
  const codeOf = (path: string) => (path.startsWith('target') ? 'INVALID_TARGET' : 'INVALID_ITEM')
  const checked = parse(activityDataSchema, data, codeOf, 'data')
  checkNames(checked)
  return { ...(verbatim ? checked : cleanObjects(checked)), action, rule, senderId, time }
}

const TEXTS = ['id', 'name', 'address', 'agent', 'authnId', 'authnName'] as const

const differ = (before: Bag | undefined, after: Bag | undefined): boolean =>
  before !== undefined && JSON.stringify(before) !== JSON.stringify(after)

/** Paths of the texts that `check` cut or cleaned. */
function cleanedOf(before: Activity, after: Activity): string[] {
  const paths: string[] = []
  for (const name of TEXTS) {
    if (before.initiator[name] !== after.initiator[name]) paths.push(`initiator.${name}`)
  }
  if (before.correlationId !== after.correlationId) paths.push('correlationId')
  if (before.domain !== after.domain) paths.push('domain')
  if (before.reason.message !== after.reason.message) paths.push('reason.message')
  for (const name of ['requestData', 'responseData'] as const) {
    if (differ(before[name], after[name])) paths.push(name)
  }
  // Where the event has it.
  if (differ(before.target.policy, after.target.policy)) paths.push('requestData.policy')
  return paths
}

/** The audit event of one activity. Throws the `RouterError` for which it has to go into quarantine. */
function toEvent(
  activity: Activity,
  registry: Registry,
  families: readonly FamilyRules[],
  receivedAt: number,
): AuditEvent {
  const row = lookUp(activity.action, registry)
  const rules = families.find((entry) => entry.family === row.family)
  if (!rules) {
    throw new RouterError(
      'WRONG_FAMILY',
      `${row.action} belongs to the family ${row.family}: post it to /webhooks/${registry.id}/${row.family}.`,
    )
  }
  const rule = rules.except?.[row.action] ?? rules.target
  const checked = check(activity, sources[registry.source].verbatim === true)
  checkTarget(row.action, rule, checked.target)
  return writeEvent(checked, row, rule, registry, receivedAt, cleanedOf(activity, checked))
}

/** Attributes of an event on the intake queue. */
export const intakeAttributes = ({ action, id, route }: AuditEvent): Message['attributes'] => ({
  type: 'audit',
  account: route?.account ?? '',
  action,
  id,
})

/** What the items of a request are: events with their messages, noise by its name, and what can't be used. */
export interface Sorted {
  /** `item` is the index in the body. */
  events: { event: AuditEvent; message: Message; item: number }[]
  ignored: Record<string, number>
  /** Indices of the noise. */
  noise: number[]
  unusable: Unusable[]
  /** Items of the body, if it could be split. */
  of?: number
}

const toUnusable = (error: unknown, item: number | undefined, entry: Entry): Unusable => {
  // Messages of the schemas quote what they were given.
  if (error instanceof RouterError) return { reason: error.code, message: clean(error.message, 512), item, count: 1 }
  entry.error = error
  return { reason: 'UNREADABLE', message: errors.UNREADABLE.message, item, count: 1 }
}

/** Which items of a body are sorted once more, out of quarantine. */
export interface Again {
  /** Their indices; all items if left out. */
  items?: readonly number[]
  /** How many items the body had then: when it has another number today, an index says nothing, and all of them are sorted. */
  of?: number | undefined
}

/** Whether the item of that index is to be sorted, in a body of `length` items. */
function selection({ items, of = -1 }: Again, length: number): (index: number) => boolean {
  if (!items || (of >= 0 && of !== length)) return () => true
  const wanted = new Set(items)
  return (index) => wanted.has(index)
}

/** Puts what becomes of one item, given with its index, into `sorted`. Throws why nothing does. */
function sortItem(
  [index, item]: readonly [number, unknown],
  request: Request,
  registry: Registry,
  families: readonly FamilyRules[],
  { events, ignored, noise }: Sorted,
): void {
  const read = sources[registry.source].read(item, request, registry.settings)
  if ('ignored' in read) {
    ignored[read.ignored] = (ignored[read.ignored] ?? 0) + 1
    noise.push(index)
    return
  }
  const event = toEvent(read, registry, families, request.receivedAt)
  events.push({ event, message: { body: toBody(event), attributes: intakeAttributes(event) }, item: index })
}

/**
 * Every item of a genuine request as an event, as noise, or as unusable: nothing else can become of it. Never throws; what was
 * unforeseen is put into `entry` for the log. With `again` only the items that it names, and however many there are: nobody waits for
 * an answer then.
 */
export function sort(
  request: Request,
  registry: Registry,
  families: readonly FamilyRules[],
  entry: Entry,
  again?: Again,
): Sorted {
  const source = sources[registry.source]
  const sorted: Sorted = { events: [], ignored: {}, noise: [], unusable: [] }
  let items: readonly unknown[]
  try {
    items = source.items(request, registry.settings)
  } catch (error) {
    sorted.unusable.push(toUnusable(error, undefined, entry))
    return sorted
  }
  if (!again && items.length > MAX_READ)
    return tooMany(`The body has ${items.length} items, the limit is ${MAX_READ}.`, items.length)
  sorted.of = items.length
  const deep = mayBeDeep(request.body)
  const seen: Seen = new WeakMap()
  const isWanted = selection(again ?? {}, items.length)
  const most = again ? Number.POSITIVE_INFINITY : MAX_ITEMS
  for (const [index, item] of items.entries()) {
    if (sorted.events.length > most) break
    if (!isWanted(index)) continue
    try {
      if (deep) checkDepth(item, seen)
      sortItem([index, item], request, registry, families, sorted)
    } catch (error) {
      sorted.unusable.push({ ...toUnusable(error, index, entry), of: items.length })
    }
  }
  return again ? sorted : limit(sorted, items.length)
}

/** The whole body as one unusable thing, which stands for `count` items. */
const tooMany = (message: string, count: number): Sorted => ({
  events: [],
  ignored: {},
  noise: [],
  unusable: [{ reason: 'TOO_MANY_ITEMS', message, item: undefined, count }],
})

/**
 * What is more than one answer and one quarantine can hold: too many events go to quarantine as one body, too many unusable items
 * as one item, beside the events.
 */
function limit(sorted: Sorted, items: number): Sorted {
  const { events, unusable } = sorted
  if (events.length > MAX_ITEMS) return tooMany(`The body has more than ${MAX_ITEMS} events, the limit.`, items)
  const [first] = unusable
  if (!first || unusable.length <= MAX_ITEMS) return sorted
  const message = `${unusable.length} of ${items} items are unusable, the first, number ${first.item}: ${first.message}`
  return { ...sorted, unusable: tooMany(message, unusable.length).unusable }
}
