import { RouterError } from '../errors.ts'
import { type Checkpoint, openCheckpoint } from '../proof/checkpoint.ts'
import type { LogKey } from '../proof/note.ts'
import type { Store } from '../stores/store.ts'
import { checkpointOf, type Day, daysOf, type KnownFile, knownFiles, lastArchived, type TellDamaged } from './days.ts'
import { holdsOf, readHolds } from './holds.ts'
import { removedName } from './names.ts'
import { checkingRows } from './proven.ts'
import { countOf, covers, type Ranges, union } from './ranges.ts'
import { openRemoved, signRemoved } from './removed.ts'

// Removes the events of days that are old enough (docs/archive.md). What was removed is said first, signed by the log; the tree keeps
// their hashes, so that every proof stays valid.

const DAY = 24 * 60 * 60 * 1000

/** What is removed, and where. */
export interface Retention {
  store: Store
  location: string
  /** Key of the log, which signs what was removed. */
  key: LogKey
  /** For how many days events are kept after the day on which they happened. */
  days: number
  /** Milliseconds since 1970. */
  now(): number
  /** Nothing is written and nothing removed. */
  dryRun?: boolean
  /** No day is begun any more when it is aborted. */
  signal?: AbortSignal
  tellDamaged: TellDamaged
  /** Is told each day once it is done, or held. */
  tellDay?(day: RetainedDay): void
}

/** A day that is old enough. */
export interface RetainedDay {
  day: string
  /** Events, files and bytes that are removed; for a held day those that stay. */
  events: number
  files: number
  bytes: number
  /** The legal holds for which it stays. */
  holds: readonly string[]
}

/** What came of it. */
export interface Retained {
  days: readonly RetainedDay[]
  /** The last day that is old enough. */
  until: string
  /** Whether all days were looked at. */
  isDone: boolean
}

/** The last day whose events are to be removed at `now`, when they are kept for `days` days after it. */
export const lastDay = (now: number, days: number): string =>
  new Date(now - (days + 1) * DAY).toISOString().slice(0, 10)

const dayOf = (day: string, known: readonly KnownFile[], holds: readonly string[]): RetainedDay => ({
  day,
  events: countOf(union(known.flatMap(({ leaves }) => leaves))),
  files: known.length,
  bytes: known.reduce((bytes, { file }) => bytes + file.size, 0),
  holds,
})

/** Says that `leaves` of `day` were removed, beside those of which that was said before. Rejects with `ARCHIVE_DAMAGED` when that can't be read. */
async function sayRemoved(
  { store, key }: Retention,
  day: string,
  leaves: Ranges,
  checkpoint: Checkpoint,
): Promise<void> {
  const name = removedName(day)
  const stored = await store.get(name)
  const before = stored ? openRemoved(stored.bytes.toString(), day, key).leaves : []
  if (covers(before, leaves)) return
  const note = Buffer.from(signRemoved({ day, checkpoint, leaves: union([...before, ...leaves]) }, key))
  const isWritten = stored ? await store.replace(name, note, stored.version) : await store.create(name, note)
  if (!isWritten)
    throw new RouterError(
      'UNAVAILABLE',
      `${name} was changed by somebody else just now: nothing of that day was removed.`,
    )
}

/**
 * Removes the events of each day that is old enough and not held, and of which all were archived long enough ago. Damaged files are told and left
 * alone, and so is a whole day with a file whose rows are not those of the log. It may be killed at any time: the next
 * run completes what this one has begun. Rejects with `ARCHIVE_DAMAGED`, and removes nothing more, when the checkpoint or what was said of a
 * removed day is not of `key`, or a hold can't be read; with `UNAVAILABLE` when the store does.
 */
export async function retain(retention: Retention): Promise<Retained> {
  const { store, location, key, now, dryRun = false, signal, tellDamaged, tellDay } = retention
  const until = lastDay(now(), retention.days)
  const head = await checkpointOf(store)
  const checkpoint = head && openCheckpoint(head.note, key)
  const days: RetainedDay[] = []

  const check = checkpoint && checkingRows(store, checkpoint)
  const endOfUntil = Date.parse(until) + DAY

  /** Whether each event of `known` is what the log says of it, and came long enough ago: a registry whose clock is wrong loses nothing. */
  const mayGo = async (known: readonly KnownFile[]): Promise<boolean> => {
    const files = known.map(({ file }) => file)
    const last = check && (await lastArchived(store, files, check, tellDamaged))
    return last !== undefined && last < endOfUntil
  }

  const holding = async (day: string): Promise<string[]> => holdsOf(await readHolds(store), day).map(({ name }) => name)

  const retainDay = async (day: Day, under: Checkpoint): Promise<RetainedDay | undefined> => {
    const known = await knownFiles(store, day, under.size, tellDamaged, signal)
    if (signal?.aborted || known.length === 0) return undefined
    const before = await holding(day.day)
    if (before.length > 0) return dayOf(day.day, known, before)
    if (!(await mayGo(known))) return undefined
    if (dryRun) return dayOf(day.day, known, before)
    await sayRemoved(retention, day.day, union(known.flatMap(({ leaves }) => leaves)), under)
    // Whoever holds a day looks for what was said of it afterwards: so either this sees the hold, or that one sees this.
    const after = await holding(day.day)
    if (after.length === 0) for (const { file } of known) await store.remove(file.name)
    return dayOf(day.day, known, after)
  }

  for await (const day of daysOf(store, location, checkpoint?.size ?? 0)) {
    if (signal?.aborted || day.day > until || !checkpoint) break
    const retained = await retainDay(day, checkpoint)
    if (!retained) continue
    days.push(retained)
    tellDay?.(retained)
  }
  return { days, until, isDone: signal?.aborted !== true }
}
