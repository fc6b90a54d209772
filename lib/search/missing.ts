import { eventsOf, parseEventsFile, REMOVED } from '../archive/names.ts'
import { countOf, type Range, type Ranges, union } from '../archive/ranges.ts'
import { openRemoved } from '../archive/removed.ts'
import { RouterError } from '../errors.ts'
import type { Location } from '../locations.ts'
import type { VerifierKey } from '../proof/note.ts'
import type { Listed, Store } from '../stores/store.ts'
import type { Damaged } from './engine.ts'

// What becomes of leaves that are in no file: signed notes say that they were removed under retention, or they are missing.

/** Events that were removed under retention, of the days from `firstDay` to `lastDay` (UTC, `2026-10-01`). */
export interface RemovedEvents {
  location: Location
  firstDay: string
  lastDay: string
  count: number
}

/** A note of what was removed: its day, and the leaves. */
interface Note {
  day: string
  leaves: Ranges
}

/** The leaves from `from` on and below `size` that are not in `ranges`. */
export function gapsIn(ranges: Ranges, from: number, size: number): Ranges {
  const gaps: Range[] = []
  let next = from
  for (const [first, last] of ranges) {
    if (first >= size) break
    if (first > next) gaps.push([next, first - 1])
    next = Math.max(next, last + 1)
  }
  if (next < size) gaps.push([next, size - 1])
  return gaps
}

/** The leaves that are in both. */
export function common(one: Ranges, other: Ranges): Ranges {
  const found: Range[] = []
  let at = 0
  for (const [first, last] of one) {
    while ((other[at]?.[1] ?? Number.POSITIVE_INFINITY) < first) at++
    for (let next = at; (other[next]?.[0] ?? Number.POSITIVE_INFINITY) <= last; next++) {
      const range = other[next] as Range
      found.push([Math.max(first, range[0]), Math.min(last, range[1])])
    }
  }
  return found
}

const without = (ranges: Ranges, other: Ranges): Ranges =>
  ranges.flatMap(([first, last]) => gapsIn(common([[first, last]], other), first, last + 1))

type Reading = Pick<Store, 'get' | 'list'>
/** What was made of a note, and of what state of it. */
interface Read {
  mark: string
  note?: Note
  damaged?: Damaged
}
/** Notes that were read, by store and name: they are read once. */
const readBefore = new WeakMap<Reading, Map<string, Read>>()

/** The notes of a location that `key` has signed; those that can't be believed are damaged. */
export async function notesOf(
  location: Location,
  store: Reading,
  key: VerifierKey,
): Promise<{ notes: Note[]; damaged: Damaged[] }> {
  const before = readBefore.get(store)
  const read = async ({ name, size, modifiedAt }: Listed): Promise<[string, Read]> => {
    const mark = `${size} ${modifiedAt} ${key.text}`
    const known = before?.get(name)
    return [name, known?.mark === mark ? known : { mark, ...(await readNote(location, name, store, key)) }]
  }
  const listed: Listed[] = []
  for await (const one of store.list(REMOVED)) listed.push(one)
  const all: [string, Read][] = []
  for (let at = 0; at < listed.length; at += AT_ONCE) {
    all.push(...(await Promise.all(listed.slice(at, at + AT_ONCE).map(read))))
  }
  readBefore.set(store, new Map(all))
  return {
    notes: all.flatMap(([, { note }]) => note ?? []),
    damaged: all.flatMap(([, one]) => one.damaged ?? []),
  }
}

async function readNote(
  location: Location,
  name: string,
  store: Reading,
  key: VerifierKey,
): Promise<Pick<Read, 'note' | 'damaged'>> {
  const stored = await store.get(name)
  if (!stored) return {}
  try {
    return { note: openRemoved(stored.bytes.toString(), name.slice(REMOVED.length), key) }
  } catch (error) {
    if (!(error instanceof RouterError) || error.code !== 'ARCHIVE_DAMAGED') throw error
    return { damaged: { location, file: name, why: error.message } }
  }
}

/** Notes that are read at the same time. */
const AT_ONCE = 20
/** Runs of leaves that are named. */
const MOST_NAMED = 10

const named = ([first, last]: Range): string => (first === last ? String(first) : `${first}-${last}`)

/** What is told of `leaves` that are missing: nothing when the files of the location that are `damaged` hold as many. */
function untold(location: Location, leaves: Ranges, damaged: readonly Damaged[]): Damaged[] {
  const own = damaged.filter((one) => one.location === location)
  const held = own.reduce((count, { file }) => count + (parseEventsFile(file)?.count ?? 0), 0)
  if (countOf(leaves) <= held) return []
  const more = leaves.length > MOST_NAMED ? ` and ${leaves.length - MOST_NAMED} more runs of leaves` : ''
  const some = leaves.slice(0, MOST_NAMED).map(named).join(', ')
  const beside = held > 0 ? ' that can be read' : ''
  return [{ location, file: eventsOf(location), why: `The leaves ${some}${more} are in no file${beside}.` }]
}

/** What `leaves`, all that a location is without, are: of the days that `isAsked` those that were removed, and what is told beside `damaged`. */
export function fateOf(
  location: Location,
  leaves: Ranges,
  notes: readonly Note[],
  damaged: readonly Damaged[],
  isAsked: (day: string) => boolean,
): { removed: RemovedEvents[]; damaged: Damaged[] } {
  const gone = union(notes.flatMap((note) => note.leaves))
  const days = notes.flatMap((note) => {
    const count = countOf(common(note.leaves, leaves))
    return count > 0 && isAsked(note.day) ? [{ day: note.day, count }] : []
  })
  const [firstDay = '', ...later] = days.map(({ day }) => day).sort()
  const count = days.reduce((sum, one) => sum + one.count, 0)
  return {
    removed: count > 0 ? [{ location, firstDay, lastDay: later.at(-1) ?? firstDay, count }] : [],
    damaged: untold(location, without(leaves, gone), damaged),
  }
}
