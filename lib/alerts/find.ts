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
  complete: readonly { location: string; size: number }[]
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

/** How many events the log of `location` has, says `answer`. */
const sizeIn = ({ complete }: Answer, location: Location): number =>
  complete.find((log) => log.location === location)?.size ?? 0

/** An event that counts. */
interface Match {
  time: number
  item: Item
}

function matchesOf(search: AlertSearch, { events }: Answer): Match[] {
  return events
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

/** Where in the log of a location was looked: from `from` on, below `size`. */
interface Looked {
  from: number
  size: number
  /** Files that could not be read. */
  damaged: Set<string>
}

/** Notes in `looked` what `answer` says of the log. */
function note(looked: Looked, answer: Answer, location: Location): void {
  looked.size = sizeIn(answer, location)
  for (const { file } of answer.damaged ?? []) looked.damaged.add(file)
}

const begun = (from: number): Looked => ({ from, size: from, damaged: new Set() })

const newOnes = (search: AlertSearch, location: Location, from: number) =>
  parametersOf(search, location, { after: `${location}:${from}`, sort: 'time', limit: String(PAGE) })

/** All that is new, whatever its time. */
async function findNew(search: AlertSearch, location: Location, looked: Looked, ask: Ask): Promise<Drafts> {
  const drafts: Drafts = new Map()
  for await (const answer of pages(ask, newOnes(search, location, looked.from))) {
    note(looked, answer, location)
    for (const match of matchesOf(search, answer)) {
      const key = keyOf(search, match.item)
      const one = draftOf(search, key, [match])
      const known = drafts.get(key)
      drafts.set(key, known ? sum(known, one) : one)
    }
  }
  return drafts
}

/** From and to, in milliseconds since 1970, both included. */
type Interval = [from: number, to: number]

/** The times at which a window of `over` can hold something new. */
async function findIntervals(search: AlertSearch, location: Location, looked: Looked, ask: Ask): Promise<Interval[]> {
  const intervals: Interval[] = []
  const { over } = search
  for await (const answer of pages(ask, newOnes(search, location, looked.from))) {
    note(looked, answer, location)
    for (const { time } of matchesOf(search, answer)) {
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
  looked: Looked,
  told: ToldUntil,
  ask: Ask,
): Promise<Drafts> {
  const windows = new Map<string, ReturnType<typeof slide>>()
  const isNew = ({ item }: Match): boolean => item.leaf >= looked.from
  for (const [from, to] of await findIntervals(search, location, looked, ask)) {
    const times = { from: iso(from), to: iso(to + 1), sort: 'time', limit: String(PAGE) }
    for await (const answer of pages(ask, parametersOf(search, location, times))) {
      // What has been archived since is for the next time.
      for (const match of matchesOf(search, answer).filter(({ item }) => item.leaf < looked.size)) {
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

/** How many events the log of `location` has: where a search that is new begins. */
export async function begin(search: AlertSearch, location: Location, ask: Ask): Promise<number> {
  return sizeIn(await ask(parametersOf(search, location, { limit: '1' })), location)
}

/** What was found, how many leaves the log has, and which of its files could not be read. */
export interface Found {
  drafts: Drafts
  size: number
  damaged: readonly string[]
}

/**
 * What is new for a search with `atLeast`, in the leaves of `location` from `from` on. What happened up to `told` makes no window once
 * more. Rejects with `ARCHIVE_DAMAGED` when the log has fewer leaves than were looked at before.
 */
export async function findAtLeast(
  search: AlertSearch,
  location: Location,
  { from, told }: { from: number; told: ToldUntil },
  ask: Ask,
): Promise<Found> {
  const looked = begun(from)
  const drafts =
    search.over === 0
      ? await findNew(search, location, looked, ask)
      : await findWindows(search, location, looked, told, ask)
  const { size, damaged } = looked
  if (size >= from) return { drafts: limited(drafts), size, damaged: [...damaged] }
  throw new RouterError('ARCHIVE_DAMAGED', `The log of ${location} went back from ${from} to ${size} leaves.`)
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
