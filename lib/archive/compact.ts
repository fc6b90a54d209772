import { isDeepStrictEqual } from 'node:util'
import { RouterError } from '../errors.ts'
import { fingerprint } from '../ids.ts'
import type { Store } from '../stores/store.ts'
import {
  checkpointOf,
  type Day,
  daysOf,
  type KnownFile,
  knownFiles,
  provenRows,
  rowsOf,
  type StoredFile,
  type TellDamaged,
} from './days.ts'
import { eventsFile, removedName } from './names.ts'
import { readRows, writeRows } from './parquet.ts'
import { type CheckRows, checkingRows } from './proven.ts'
import { covers, intersect, type Ranges, union } from './ranges.ts'
import type { Row } from './row.ts'

// Merges the small files of a day (docs/archive.md). What was merged is removed by a later run, when whoever began to read before the
// larger file was there is done; until then every event of it is there twice, as the same leaf.

/** No file gets larger by merging: all of it is in memory while it is written. */
const MOST_EVENTS = 65_536
const MOST_BYTES = 16 * 1024 * 1024
/** Small files of a day that is not over are left alone until there are so many: more come. */
const LEAST_OF_TODAY = 16
const LEAST = 2
/** A reader that listed the files before the larger one was there is done after this. */
const GRACE_MILLISECONDS = 10 * 60 * 1000
/** A day with a single small file is looked at for so long after its newest file was written: it may have been merged. */
const FRESH_MILLISECONDS = 2 * 24 * 60 * 60 * 1000

/** What is compacted, and how. */
export interface Compaction {
  store: Store
  location: string
  /** Milliseconds since 1970. */
  now(): number
  /** Milliseconds for which what was merged stays beside what was made of it: 10 minutes if left out. */
  grace?: number
  /** Nothing is written and nothing removed. */
  dryRun?: boolean
  /** No day is begun and no file is read any more when it is aborted. */
  signal?: AbortSignal
  tellDamaged: TellDamaged
  /** Is told each file that was written. */
  tellMerged?(name: string, from: readonly string[]): void
}

/** What came of it. */
export interface Compacted {
  /** Files that were written, of how many, and how many events are in them. */
  written: number
  merged: number
  events: number
  /** Files that were removed, because larger ones hold all of their events, and their bytes. */
  removed: number
  bytes: number
  /** Files that a later run will remove. */
  waiting: number
  /** Whether all days were looked at. */
  isDone: boolean
}

const isSmall = ({ count, size }: StoredFile): boolean => count < MOST_EVENTS / 2 && size < MOST_BYTES / 2

/** Those that come first hold what the others may hold as well. The order is the same for everybody, so no two files ever go for each other. */
const byCount = (one: KnownFile, other: KnownFile): number =>
  other.file.count - one.file.count || (one.file.name < other.file.name ? -1 : 1)

interface Sorted {
  /** Files that hold something that no other one does. */
  kept: KnownFile[]
  /** Files all of whose events stand in `kept`, and have for long enough. */
  covered: KnownFile[]
  /** The same, but not for long enough. */
  waiting: KnownFile[]
}

function sorted(known: readonly KnownFile[], since: number): Sorted {
  const found: Sorted = { kept: [], covered: [], waiting: [] }
  let [all, old]: [Ranges, Ranges] = [[], []]
  for (const one of known.toSorted(byCount)) {
    if (covers(old, one.leaves)) found.covered.push(one)
    else if (covers(all, one.leaves)) found.waiting.push(one)
    else {
      found.kept.push(one)
      all = union([...all, ...one.leaves])
      if (one.file.modifiedAt <= since) old = union([...old, ...one.leaves])
    }
  }
  return found
}

/** Small files that fit into one, in the order of their leaves. */
function groupsOf(files: readonly StoredFile[]): StoredFile[][] {
  const groups: StoredFile[][] = []
  let events = 0
  let bytes = 0
  for (const file of files.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    events += file.count
    bytes += file.size
    if (groups.length === 0 || events > MOST_EVENTS || bytes > MOST_BYTES) {
      groups.push([])
      events = file.count
      bytes = file.size
    }
    groups.at(-1)?.push(file)
  }
  return groups
}

const twoThings = (leaf: number): string => `Its leaf ${leaf} is another event than in a second file of that day.`

/** The rows of `files`, by time, each leaf once; `undefined` when not all of them can be had. */
async function mergedRows(
  { store, tellDamaged }: Compaction,
  files: readonly StoredFile[],
): Promise<Row[] | undefined> {
  const rows = new Map<number, Row>()
  for (const file of files) {
    const read = await rowsOf(store, file, tellDamaged)
    if (!read) return undefined
    for (const row of read) {
      const same = rows.get(row.leaf)
      if (same && !isDeepStrictEqual(same, row)) {
        tellDamaged(file.name, twoThings(row.leaf))
        return undefined
      }
      rows.set(row.leaf, row)
    }
  }
  return [...rows.values()].sort((one, other) => (one.time ?? 0) - (other.time ?? 0) || one.leaf - other.leaf)
}

const digestOf = (row: Row): string => fingerprint(JSON.stringify(row))

/**
 * Those of `covered` all of whose rows stand in `kept`, word for word: what two files say of a leaf has to be the same before one of them may go,
 * and what the log says.
 */
async function repeated(
  { store, tellDamaged }: Compaction,
  { covered, kept }: Sorted,
  check: CheckRows,
): Promise<StoredFile[]> {
  const said = new Map<number, string>()
  for (const { file } of kept.filter(({ leaves }) => covered.some((one) => intersect(leaves, one.leaves)))) {
    for (const row of (await rowsOf(store, file, tellDamaged)) ?? []) said.set(row.leaf, digestOf(row))
  }
  const files: StoredFile[] = []
  for (const { file } of covered) {
    const rows = await provenRows(store, file, check, tellDamaged)
    const other = rows?.find((row) => said.get(row.leaf) !== digestOf(row))
    if (other) tellDamaged(file.name, twoThings(other.leaf))
    else if (rows) files.push(file)
  }
  return files
}

/** The name and the bytes of a file of `rows`, which was read once for a check: what it is made of will be removed. */
async function fileOf(location: string, day: string, rows: readonly Row[]): Promise<{ name: string; bytes: Buffer }> {
  const bytes = writeRows(rows)
  if (!isDeepStrictEqual(await readRows(bytes), rows)) {
    throw new RouterError(
      'INTERNAL',
      `A file of ${rows.length} events of ${day} is not read as it was written: it was not kept.`,
    )
  }
  const first = rows.reduce((least, { leaf }) => Math.min(least, leaf), Number.POSITIVE_INFINITY)
  const digest = fingerprint(bytes).slice(0, 32)
  return { name: eventsFile({ location, day, first, count: rows.length, digest }), bytes }
}

/**
 * Merges the small files of each day below the checkpoint, and removes files whose events all stand in larger ones. Damaged files are told and
 * left alone. It may be killed at any time, and run beside the writer and beside itself. Rejects with `UNAVAILABLE` when the store does.
 */
export async function compact(compaction: Compaction): Promise<Compacted> {
  const { store, location, now, grace = GRACE_MILLISECONDS, dryRun = false, signal, tellDamaged } = compaction
  const result: Compacted = { written: 0, merged: 0, events: 0, removed: 0, bytes: 0, waiting: 0, isDone: false }
  const checkpoint = (await checkpointOf(store))?.checkpoint
  if (!checkpoint) return { ...result, isDone: true }
  const { size } = checkpoint
  const check = checkingRows(store, checkpoint)

  const merge = async (day: string, files: readonly StoredFile[]): Promise<void> => {
    const rows = await mergedRows(compaction, files)
    // What was removed under retention since it was listed must not come back.
    if (!rows || (await store.get(removedName(day)))) return
    const { name, bytes } = await fileOf(location, day, rows)
    if (!dryRun) await store.put(name, bytes)
    result.written++
    result.merged += files.length
    result.events += rows.length
    result.waiting += files.length
    compaction.tellMerged?.(
      name,
      files.map((file) => file.name),
    )
  }

  const isWorthwhile = ({ day, files }: Day): boolean => {
    const small = files.filter(isSmall).length
    if (small >= leastOf(day)) return true
    const newest = Math.max(...files.map(({ modifiedAt }) => modifiedAt))
    return small > 0 && files.length > 1 && !isToday(day) && now() - newest < FRESH_MILLISECONDS
  }
  const isToday = (day: string): boolean => day >= new Date(now()).toISOString().slice(0, 10)
  const leastOf = (day: string): number => (isToday(day) ? LEAST_OF_TODAY : LEAST)

  const removeCovered = async (files: Sorted): Promise<void> => {
    result.waiting += files.waiting.length
    if (files.covered.length === 0) return
    for (const file of await repeated(compaction, files, check)) {
      if (!dryRun) await store.remove(file.name)
      result.removed++
      result.bytes += file.size
    }
  }

  const compactDay = async (day: Day): Promise<void> => {
    const known = await knownFiles(store, day, size, tellDamaged, signal)
    if (signal?.aborted) return
    const files = sorted(known, now() - grace)
    await removeCovered(files)
    for (const group of groupsOf(files.kept.map(({ file }) => file).filter(isSmall))) {
      if (signal?.aborted) return
      if (group.length >= leastOf(day.day)) await merge(day.day, group)
    }
  }

  for await (const day of daysOf(store, location, size)) {
    if (signal?.aborted) return result
    if (isWorthwhile(day)) await compactDay(day)
  }
  result.isDone = signal?.aborted !== true
  return result
}
