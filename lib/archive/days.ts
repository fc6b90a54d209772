import { RouterError } from '../errors.ts'
import { fingerprint } from '../ids.ts'
import { type Checkpoint, parseCheckpoint } from '../proof/checkpoint.ts'
import type { Listed, Store } from '../stores/store.ts'
import { CHECKPOINT, type EventsFile, eventsOf, parseEventsFile } from './names.ts'
import { readLeaves, readRows } from './parquet.ts'
import type { CheckRows } from './proven.ts'
import { type Ranges, rangesOf } from './ranges.ts'
import type { Row } from './row.ts'

// The files of events that lie in an archive, day by day, and what is in them.

/** A file of events as it lies in the store. */
export type StoredFile = EventsFile & Listed

/** The files of one day, by first leaf. */
export interface Day {
  day: string
  files: readonly StoredFile[]
}

/** Is told of what is not as its name says, and is left alone: its name, and what is wrong with it. */
export type TellDamaged = (name: string, why: string) => void

/** The checkpoint of an archive, not verified; `undefined` when nothing was archived yet. */
export async function checkpointOf(store: Store): Promise<{ note: string; checkpoint: Checkpoint } | undefined> {
  const note = (await store.get(CHECKPOINT))?.bytes.toString()
  return note === undefined ? undefined : { note, checkpoint: parseCheckpoint(note) }
}

/** The files of events of `location` that begin below the leaf `size`, day by day, the oldest day first. Whatever else lies there is passed over. */
export async function* daysOf(store: Store, location: string, size: number): AsyncGenerator<Day> {
  let day = ''
  let files: StoredFile[] = []
  for await (const listed of store.list(eventsOf(location))) {
    const file = parseEventsFile(listed.name)
    if (!file || file.first >= size) continue
    if (file.day !== day && files.length > 0) {
      yield { day, files }
      files = []
    }
    day = file.day
    files.push({ ...file, ...listed })
  }
  if (files.length > 0) yield { day, files }
}

const DIGEST_CHARACTERS = 32

/** What `work` comes to; `undefined` when what it looks at is damaged: that is told of the file `name`. */
async function telling<Result>(
  name: string,
  tell: TellDamaged,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RouterError && error.code === 'ARCHIVE_DAMAGED')) throw error
    tell(name, error.message)
    return undefined
  }
}

/** What `read` makes of the bytes of `file`. `undefined` when it is gone, or damaged: that is told. */
async function readFile<Content>(
  store: Store,
  file: StoredFile,
  tell: TellDamaged,
  read: (bytes: Buffer) => Promise<Content>,
  leaves: (content: Content) => readonly number[],
): Promise<Content | undefined> {
  const stored = await store.get(file.name)
  if (!stored) return undefined
  return telling(file.name, tell, async () => {
    if (fingerprint(stored.bytes).slice(0, DIGEST_CHARACTERS) !== file.digest) {
      throw new RouterError('ARCHIVE_DAMAGED', 'Its bytes are not those that its name tells of.')
    }
    const content = await read(stored.bytes)
    const found = leaves(content)
    const first = found.reduce((least, leaf) => Math.min(least, leaf), Number.POSITIVE_INFINITY)
    if (found.length === file.count && first === file.first) return content
    throw new RouterError('ARCHIVE_DAMAGED', 'Its events are not those that its name tells of.')
  })
}

/** The rows of `file`. `undefined` when it is gone, or damaged: that is told. */
export const rowsOf = (store: Store, file: StoredFile, tell: TellDamaged): Promise<Row[] | undefined> =>
  readFile(store, file, tell, readRows, (rows) => rows.map(({ leaf }) => leaf))

/** The rows of `file`. `undefined` when it is gone, damaged, or `check` says that they are not those of the log: that is told. */
export async function provenRows(
  store: Store,
  file: StoredFile,
  check: CheckRows,
  tell: TellDamaged,
): Promise<Row[] | undefined> {
  const rows = await rowsOf(store, file, tell)
  return rows && telling(file.name, tell, () => check(rows, file.day).then(() => rows))
}

/** A file, and which leaves it holds. */
export interface KnownFile {
  file: StoredFile
  leaves: Ranges
}

/**
 * Which leaves the files of a day hold, one file after the other. Left out are files that are gone, damaged ones, which are told, and
 * those with a leaf from `size` on: they are being written. Stops early when `signal` is aborted.
 */
export async function knownFiles(
  store: Store,
  { files }: Day,
  size: number,
  tell: TellDamaged,
  signal?: AbortSignal,
): Promise<KnownFile[]> {
  const known: KnownFile[] = []
  for (const file of files) {
    if (signal?.aborted) break
    const read = await readFile(store, file, tell, readLeaves, (found) => found)
    const leaves = rangesOf(read ?? [])
    if (read && (leaves.at(-1)?.[1] ?? 0) < size) known.push({ file, leaves })
  }
  return known
}

/**
 * When the last event of `files` was archived, in milliseconds since 1970. `undefined` when a file of them can't be had, or is not what the
 * log says of its leaves, which is told: then nothing may be said or done on their word.
 */
export async function lastArchived(
  store: Store,
  files: readonly StoredFile[],
  check: CheckRows,
  tell: TellDamaged,
): Promise<number | undefined> {
  let last = Number.NEGATIVE_INFINITY
  for (const file of files) {
    const rows = await provenRows(store, file, check, tell)
    if (!rows) return undefined
    // What nobody knows the time of may have come just now.
    for (const { archived_time: time } of rows) last = Math.max(last, time ?? Number.POSITIVE_INFINITY)
  }
  return last
}
