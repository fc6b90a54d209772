import { RouterError } from '../errors.ts'
import type { AuditEvent } from '../event.ts'
import type { Location } from '../locations.ts'
import { parseTime } from '../time.ts'
import { type AlertSearch, valueIn } from './searches.ts'

// What a saved search finds in the archive of one location. How many events there are is asked in the order in which they were
// archived, so that one that comes late is not missed; that there are none is asked by time, because what is not there has no leaf.

/** An archived event, as an answer of the search has it. */
export interface Item {
  location: string
  leaf: number
  routedTime: string | null
  archivedTime: string | null
  event: AuditEvent
}

/** What the search answers to `GET /events` (docs/search.md), as far as it is needed here. */
export interface Answer {
  events: readonly Item[]
  next: string | null
  damaged?: readonly { file: string; why: string }[]
}

/** Asks the search for events. */
export type Ask = (query: URLSearchParams) => Promise<Answer>

/** What an alert is made of. Times are milliseconds since 1970: of the first and the last event, or of the time that was looked at. */
export interface Draft {
  /** The value of `by`. */
  value?: string
  /** How many other values there were, when they were too many for an alert each. */
  others?: number
  count: number
  from: number
  to: number
  /** The first of the events. */
  events: readonly Item[]
}

/** Most events that an alert holds. */
const MOST_EVENTS = 10
/** Most alerts of a search and location for values of `by`, each time; the rest is one more alert. */
const MOST_VALUES = 20
const PAGE = 1000

const iso = (time: number): string => new Date(time).toISOString()

/** The events of `search` at `location` that meet `more`, too. */
function parametersOf({ query }: AlertSearch, location: Location, more: Readonly<Record<string, string>>) {
  const parameters = new URLSearchParams(query)
  parameters.delete('location!')
  parameters.set('location', location)
  for (const [name, value] of Object.entries(more)) parameters.set(name, value)
  return parameters
}

/** Every page of an answer, of the same checkpoint. */
async function* pages(ask: Ask, parameters: URLSearchParams): AsyncGenerator<Answer> {
  let answer = await ask(parameters)
  yield answer
  while (answer.next !== null) {
    const next = new URLSearchParams(parameters)
    next.set('cursor', answer.next)
    answer = await ask(next)
    yield answer
  }
}

/** An event that counts. */
interface Match {
  time: number
  item: Item
}

/** Those of an answer that count. What has been archived since the look began is for the next one. */
function matchesOf(search: AlertSearch, { events }: Answer, size: number): Match[] {
  return events
    .filter(({ leaf }) => leaf < size)
    .map((item) => ({ item, time: parseTime(item.event.eventTime) ?? 0 }))
    .filter(({ time }) => search.counts(time))
}

/** What is found, by the value of `by`; by `''` without one. */
export type Drafts = Map<string, Draft>

/** Stands for many values: none has a control character. */
const OTHERS = '\u0000'

/** When the last event happened that was told of a value (milliseconds since 1970), where that still counts. */
export type ToldUntil = (value: string) => number | undefined

const keyOf = ({ by }: AlertSearch, { event }: Item): string => (by ? valueIn(event, by) : '')

/** `draft` and what was found later, as one. */
const sum = (draft: Draft, later: Draft): Draft => ({
  ...draft,
  count: draft.count + later.count,
  from: Math.min(draft.from, later.from),
  to: Math.max(draft.to, later.to),
  events: [...draft.events, ...later.events].slice(0, MOST_EVENTS),
})

/** What was held back and what is found now, as one; of windows the fuller one. */
export function merged(search: AlertSearch, held: Draft | undefined, draft: Draft): Draft {
  if (!held) return draft
  if (search.over === 0) return sum(held, draft)
  return draft.count > held.count ? draft : held
}

const draftOf = ({ by }: AlertSearch, value: string, matches: readonly Match[]): Draft => ({
  ...(by ? { value } : {}),
  count: matches.length,
  from: matches[0]?.time ?? 0,
  to: matches.at(-1)?.time ?? 0,
  events: matches.slice(0, MOST_EVENTS).map(({ item }) => item),
})

/** Those of many values as one more alert: nobody reads a thousand of them. */
function limited(drafts: Drafts): Drafts {
  if (drafts.size <= MOST_VALUES) return drafts
  const all = [...drafts]
  const rest = all.slice(MOST_VALUES).map(([, { value: _value, ...draft }]) => draft)
  const together = rest.reduce(sum)
  return new Map([...all.slice(0, MOST_VALUES), [OTHERS, { ...together, others: rest.length }]])
}

/** From and to, in milliseconds since 1970. */
export type Interval = [from: number, to: number]

/** What of the log of a location is looked at: leaves from `from` on, below `size`, whose events happened in `times`, each before its end. */
export interface Part {
  from: number
  size: number
  times: readonly Interval[]
}

/** The new events of `part` that match, page by page, in the order of their times. */
async function* newMatches(
  search: AlertSearch,
  location: Location,
  part: Part,
  ask: Ask,
  damaged: Set<string>,
): AsyncGenerator<Match[]> {
  const common = { after: `${location}:${part.from}`, sort: 'time', limit: String(PAGE) }
  for (const [from, to] of part.times) {
    const parameters = parametersOf(search, location, { ...common, from: iso(from), to: iso(to) })
    for await (const answer of pages(ask, parameters)) {
      for (const { file } of answer.damaged ?? []) damaged.add(file)
      yield matchesOf(search, answer, part.size)
    }
  }
}

/** All that is new, whatever its time. */
async function findNew(search: AlertSearch, found: AsyncIterable<Match[]>): Promise<Drafts> {
  const drafts: Drafts = new Map()
  for await (const matches of found) {
    for (const match of matches) {
      const key = keyOf(search, match.item)
      const one = draftOf(search, key, [match])
      const known = drafts.get(key)
      drafts.set(key, known ? sum(known, one) : one)
    }
  }
  return drafts
}

/** The times, both ends included, at which a window of `over` can hold something new. */
async function findIntervals({ over }: AlertSearch, found: AsyncIterable<Match[]>): Promise<Interval[]> {
  const intervals: Interval[] = []
  for await (const matches of found) {
    for (const { time } of matches) {
      const last = intervals.at(-1)
      if (last && last[1] >= time - over) last[1] = time + over
      else intervals.push([time - over, time + over])
    }
  }
  return intervals
}

/**
 * Slides a window of `over` over matches that come by time; what it says is the fullest one with enough of them, something new among them.
 * What happened up to `told` is left out.
 */
function slide(search: AlertSearch, value: string, isNew: (match: Match) => boolean, told = Number.NEGATIVE_INFINITY) {
  const { over, threshold } = search
  const matches: Match[] = []
  let fresh = 0
  let fullest: Draft | undefined
  return {
    add(match: Match) {
      if (match.time <= told) return
      matches.push(match)
      if (isNew(match)) fresh += 1
      while (matches[0] && matches[0].time <= match.time - over) fresh -= Number(isNew(matches.shift() as Match))
      const isEnough = matches.length >= (threshold.atLeast ?? 1) && fresh > 0
      if (isEnough && matches.length > (fullest?.count ?? 0)) fullest = draftOf(search, value, matches)
    },
    fullest: () => fullest,
  }
}

/** The fullest window of each value around what is new. */
async function findWindows(
  search: AlertSearch,
  location: Location,
  { part, intervals, told }: { part: Part; intervals: readonly Interval[]; told: ToldUntil },
  ask: Ask,
): Promise<Drafts> {
  const windows = new Map<string, ReturnType<typeof slide>>()
  const isNew = ({ item }: Match): boolean => item.leaf >= part.from
  for (const [from, to] of intervals) {
    const times = { from: iso(from), to: iso(to + 1), sort: 'time', limit: String(PAGE) }
    for await (const answer of pages(ask, parametersOf(search, location, times))) {
      for (const match of matchesOf(search, answer, part.size)) {
        const key = keyOf(search, match.item)
        const window = windows.get(key) ?? slide(search, key, isNew, told(key))
        windows.set(key, window)
        window.add(match)
      }
    }
  }
  const drafts: Drafts = new Map()
  for (const [key, window] of windows) {
    const draft = window.fullest()
    if (draft) drafts.set(key, draft)
  }
  return drafts
}

/** What was found, and which files could not be read. */
export interface Found {
  drafts: Drafts
  damaged: readonly string[]
}

/** What is new in `part` for a search with `atLeast`. What happened up to `told` makes no window once more. */
export async function findAtLeast(
  search: AlertSearch,
  location: Location,
  part: Part,
  told: ToldUntil,
  ask: Ask,
): Promise<Found> {
  const damaged = new Set<string>()
  const found = newMatches(search, location, part, ask, damaged)
  const drafts =
    search.over === 0
      ? await findNew(search, found)
      : await findWindows(search, location, { part, intervals: await findIntervals(search, found), told }, ask)
  return { drafts: limited(drafts), damaged: [...damaged] }
}

const MINUTE = 60_000

/** Whether every minute from `from` to before `to` counts: events are not missed when nobody expects them. */
function isAllCounted({ hasHours, counts }: AlertSearch, from: number, to: number): boolean {
  if (!hasHours) return true
  for (let time = from; time < to; time += MINUTE) if (!counts(time)) return false
  return counts(to - 1)
}

/**
 * Which of `subjects` (registries, or `''` for the location as a whole) have fewer events than `fewerThan` between `now - over` and
 * `now`. `undefined` when nothing can be said: the search has not been watching for so long, or these are not its hours.
 */
export async function findFewer(
  search: AlertSearch,
  location: Location,
  subjects: readonly string[],
  { since, now }: { since: number; now: number },
  ask: Ask,
): Promise<Drafts | undefined> {
  const { over, threshold } = search
  const from = now - over
  if (since > from || !isAllCounted(search, from, now)) return undefined
  const drafts: Drafts = new Map()
  for (const subject of subjects) {
    const more = { from: iso(from), to: iso(now), sort: 'time', limit: String(threshold.fewerThan) }
    const answer = await ask(parametersOf(search, location, subject ? { ...more, registry: subject } : more))
    if (answer.events.length >= (threshold.fewerThan ?? 0)) continue
    const [damaged] = answer.damaged ?? []
    // What is missing may be in it.
    if (damaged) throw new RouterError('ARCHIVE_DAMAGED', `${damaged.file}: ${damaged.why}`)
    drafts.set(subject, {
      ...(subject ? { value: subject } : {}),
      count: answer.events.length,
      from,
      to: now,
      events: answer.events.slice(0, MOST_EVENTS),
    })
  }
  return drafts
}
