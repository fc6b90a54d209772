import { parseEventsFile } from '../archive/names.ts'
import type { Location } from '../locations.ts'
import { parseTime } from '../time.ts'
import { type Draft, type Drafts, sum } from './draft.ts'
import { type Ask, asked, type Item, isOf, reaches } from './question.ts'
import { type AlertSearch, valueIn } from './searches.ts'
import { few, type Interval } from './times.ts'
import { newlyEnough } from './windows.ts'

// What a search with `atLeast` finds in the archive of one location. It goes by the log: what is told of the leaves below one place follows
// from them alone, so that what is told next is the rest, and nothing has to be remembered but the place.

/** What of the log of a location is looked at: leaves from `from` on, below `size`, whose events happened in `times`. */
export interface Part {
  from: number
  size: number
  times: readonly Interval[]
  /** Files that could not be read before. */
  damaged: readonly string[]
}

/** An event that counts. */
interface Match {
  time: number
  item: Item
}

/** A look into a part of a log. */
interface Look {
  search: AlertSearch
  location: Location
  part: Part
  ask: Ask
  /** Files that it needs and that can't be read. */
  damaged: Set<string>
  /** What else the answers are without, and why: leaves that are in no file, for one. Nobody knows what they were. */
  lacks: string | undefined
}

/** Those of `items` that count. What has been archived since the look began is for the next one. */
const matchesOf = ({ search, part }: Look, items: readonly Item[]): Match[] =>
  items
    .filter(({ leaf }) => leaf < part.size)
    .map((item) => ({ item, time: parseTime(item.event.eventTime) ?? 0 }))
    .filter(({ time }) => search.counts(time))

/** The new events that match, page by page, in the order of their times. */
async function* newMatches(look: Look): AsyncGenerator<Match[]> {
  const { search, location, part, ask } = look
  const { from, times, damaged } = part
  // Whether they can be read by now is seen only by asking for what is in them.
  const firsts = damaged.map((name) => parseEventsFile(name)?.first ?? 0)
  for await (const answer of asked(search, location, { times, after: Math.min(from, ...firsts) }, ask)) {
    for (const { file, why } of answer.damaged ?? []) {
      if (!parseEventsFile(file)) look.lacks ??= why
      else if (damaged.includes(file) || reaches(file, from)) look.damaged.add(file)
    }
    yield matchesOf(look, answer.events).filter(({ item }) => item.leaf >= from)
  }
}

/** Drafts that grow by one match after the other. */
function drafting({ by }: AlertSearch) {
  const drafts: Drafts = new Map()
  return {
    drafts,
    add({ item, time }: Match): void {
      const value = by ? valueIn(item.event, by) : ''
      const one: Draft = { ...(by ? { by: { [by]: value } } : {}), count: 1, from: time, to: time, events: [item] }
      const known = drafts.get(value)
      drafts.set(value, known ? sum(known, one) : one)
    },
  }
}

/** The times, both ends included, that have a say in which events are told because of something new. */
async function findIntervals(found: AsyncIterable<Match[]>, over: number): Promise<Interval[]> {
  const intervals: Interval[] = []
  for await (const matches of found) {
    for (const { time } of matches) {
      const last = intervals.at(-1)
      // What is new makes others of `over` around it enough; whether they were before is up to what is as far around them.
      const [from, to] = [time - 2 * over, time + 2 * over]
      if (last && last[1] >= from) last[1] = Math.max(last[1], to)
      else intervals.push([from, to])
    }
  }
  return few(intervals)
}

/** What is new, or lies close enough to something new, of each value. */
async function findWindows(look: Look, atLeast: number): Promise<Drafts> {
  const { search, location, part, ask } = look
  const { over, by } = search
  const intervals = await findIntervals(newMatches(look), over)
  const times = intervals.map(([from, to]): Interval => [from, to + 1])
  const { drafts, add } = drafting(search)
  const windows = new Map<string, ReturnType<typeof newlyEnough<Match>>>()
  for await (const answer of asked(search, location, { times }, ask)) {
    // What else it is without, anywhere in the log, is no news.
    for (const { file } of answer.damaged ?? []) if (parseEventsFile(file) && isOf(file, times)) look.damaged.add(file)
    for (const match of matchesOf(look, answer.events)) {
      const value = by ? valueIn(match.item.event, by) : ''
      const window = windows.get(value) ?? newlyEnough<Match>({ over, atLeast }, isNewIn(part), add)
      windows.set(value, window)
      window.add(match)
    }
  }
  for (const window of windows.values()) window.end()
  return drafts
}

const isNewIn =
  ({ from }: Part) =>
  ({ item }: Match): boolean =>
    item.leaf >= from

/** All that is new. */
async function findNew(look: Look): Promise<Drafts> {
  const { drafts, add } = drafting(look.search)
  for await (const matches of newMatches(look)) for (const match of matches) add(match)
  return drafts
}

/** What was found, and which files could not be read. */
export interface Found {
  drafts: Drafts
  damaged: readonly string[]
  /** Why it is without something that is in no file. */
  lacks?: string | undefined
}

/**
 * What a search with `atLeast` tells of the leaves of `part`: every event that lies in a window with enough of them, and did not when
 * the log ended at `part.from`.
 */
export async function findAtLeast(search: AlertSearch, location: Location, part: Part, ask: Ask): Promise<Found> {
  const { from, size, times } = part
  const lacks = size > from && times.length === 0 ? `The leaves ${from}-${size - 1} are in no file.` : undefined
  const look: Look = { search, location, part, ask, damaged: new Set(), lacks }
  const { atLeast = 1 } = search.threshold
  const drafts = atLeast === 1 ? await findNew(look) : await findWindows(look, atLeast)
  return { drafts, damaged: [...look.damaged], lacks: look.lacks }
}
