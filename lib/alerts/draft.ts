import type { Item } from './question.ts'
import type { By } from './searches.ts'

/** What an alert is made of. Times are milliseconds since 1970: of the first and the last event, or of the time that was looked at. */
export interface Draft {
  /** What all of its events have in common. */
  by?: Partial<Record<By, string>>
  /** For how many values it stands, when they were too many for an alert each. */
  others?: number
  count: number
  from: number
  to: number
  /** Some of the events, the first ones first. */
  events: readonly Item[]
}

/** What is found, by the value of `by`; by `''` without one. */
export type Drafts = Map<string, Draft>

/** Most events that an alert holds. */
export const MOST_EVENTS = 10

/** Both as one. */
export const sum = (draft: Draft, later: Draft): Draft => ({
  ...draft,
  count: draft.count + later.count,
  from: Math.min(draft.from, later.from),
  to: Math.max(draft.to, later.to),
  events: draft.events.length < MOST_EVENTS ? [...draft.events, ...later.events].slice(0, MOST_EVENTS) : draft.events,
})

/** Most alerts of a search and location for values of `by` at a time; the rest is one more alert. */
const MOST_VALUES = 20

/** `drafts`, each of another value, with those of many values as one: nobody reads a thousand of them. */
export function limited(drafts: readonly Draft[]): Draft[] {
  if (drafts.length <= MOST_VALUES) return [...drafts]
  const rest = drafts.slice(MOST_VALUES).map(({ by: _by, ...draft }) => draft)
  return [...drafts.slice(0, MOST_VALUES), { ...rest.reduce(sum), others: rest.length }]
}

/** Most characters of events in an alert: queues take no large messages, and those that wait are written down together. */
const MOST_CHARACTERS = 50_000

/** As many of `events` as an alert has room for. */
export function fitting(events: readonly Item[], room = MOST_CHARACTERS): Item[] {
  let left = room
  return events.filter((item) => {
    const size = JSON.stringify(item).length
    const isFitting = size <= left
    if (isFitting) left -= size
    return isFitting
  })
}
