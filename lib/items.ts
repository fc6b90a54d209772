import { type Activity, activityDataSchema } from './activity.ts'
import { toBody } from './body.ts'
import { type EditionAction, whereabouts } from './edition.ts'
import { errors, RouterError } from './errors.ts'
import { type AuditEvent, writeEvent } from './event.ts'
import { checkDepth, mayBeDeep } from './json.ts'
import type { Entry } from './log.ts'
import { parse } from './parse.ts'
import type { Unusable } from './quarantine.ts'
import type { Message } from './queues/queue.ts'
import type { Registry } from './registries.ts'
import type { Request } from './request.ts'
import { sources } from './sources/index.ts'
import { checkTarget, type FamilyRules } from './target.ts'
import { clean } from './text.ts'

// The middle of the story of a webhook: read each item → look it up → write its event.

/** Most events of one body, and most unusable items that are listed; Event Grid, the largest sender, has about 850 in its 1 MB. */
const MAX_ITEMS = 1000

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
  const checked = check(activity)
  checkTarget(row.action, rule, checked.target)
  return writeEvent(checked, row, rule, registry, receivedAt, cleanedOf(activity, checked))
}

/** What the items of a request are: events with their messages, noise by its name, and what can't be used. */
export interface Sorted {
  events: { event: AuditEvent; message: Message }[]
  ignored: Record<string, number>
  unusable: Unusable[]
}

const toUnusable = (error: unknown, item: number | undefined, entry: Entry): Unusable => {
  // Messages of the schemas quote what they were given.
  if (error instanceof RouterError) return { reason: error.code, message: clean(error.message, 512), item, count: 1 }
  entry.error = error
  return { reason: 'UNREADABLE', message: errors.UNREADABLE.message, item, count: 1 }
}

/**
 * Every item of a genuine request as an event, as noise, or as unusable: nothing else can become of it. Never throws; what was
 * unforeseen is put into `entry` for the log.
 */
export function sort(request: Request, registry: Registry, families: readonly FamilyRules[], entry: Entry): Sorted {
  const source = sources[registry.source]
  const sorted: Sorted = { events: [], ignored: {}, unusable: [] }
  let items: readonly unknown[]
  try {
    items = source.items(request, registry.settings)
  } catch (error) {
    sorted.unusable.push(toUnusable(error, undefined, entry))
    return sorted
  }
  const deep = mayBeDeep(request.body)
  items.forEach((item, index) => {
    try {
      if (deep) checkDepth(item)
      const read = source.read(item, request, registry.settings)
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
  const whole = (message: string, count: number): Unusable[] => [
    { reason: 'TOO_MANY_ITEMS', message, item: undefined, count },
  ]
  if (events.length > MAX_ITEMS) {
    return {
      events: [],
      ignored: {},
      unusable: whole(`The body has ${events.length} events, the limit is ${MAX_ITEMS}.`, items),
    }
  }
  const [first] = unusable
  if (!first || unusable.length <= MAX_ITEMS) return sorted
  const message = `${unusable.length} of ${items} items are unusable, the first, number ${first.item}: ${first.message}`
  return { ...sorted, unusable: whole(message, unusable.length) }
}
