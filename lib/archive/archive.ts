import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { RouterError } from '../errors.ts'
import { type Checkpoint, openCheckpoint, signCheckpoint } from '../proof/checkpoint.ts'
import type { LogKey } from '../proof/note.ts'
import { append, type Edge, edgeRoot, HASH_BYTES, leafHash, noLeaves, readEdge, type Tile } from '../proof/tree.ts'
import type { Store } from '../stores/store.ts'
import { formatTime } from '../time.ts'
import { checkAhead } from './ahead.ts'
import type { Arrival } from './arrival.ts'
import { type Batch, compressEvents, readEntry, writeEntry } from './journal.ts'
import {
  CHECKPOINT,
  eventsFile,
  JOURNAL,
  journalName,
  LOG_KEY,
  parseJournalName,
  partialsOf,
  TILE_WIDTH,
  tileName,
} from './names.ts'
import { writeRows } from './parquet.ts'
import { type Row, toRow } from './row.ts'
import { tilesOf } from './tiles.ts'

// How events come into the archive of a location: never lost, never half (docs/archive.md).

/** What an archiver needs from outside. */
export interface ArchiverParts {
  store: Store
  location: string
  /** Key of the log; its name is the log's origin. */
  key: LogKey
  /** Milliseconds since 1970. */
  now(): number
}

/** Writes the archive of one location. */
export interface Archiver {
  /**
   * Archives `arrivals`, in this order. Resolves to the leaf of the first one, when all of them are stored and under a checkpoint; the others
   * follow it. Rejects when that can't be said: some or all of them may have been archived then. Calls that come while others are archived
   * wait for them, and go on together as one batch.
   */
  append(arrivals: readonly Arrival[]): Promise<number>
}

/** The log as far as it is signed. */
interface Head {
  edge: Edge
  /** The mark of the checkpoint in the store; none when there is no checkpoint yet. */
  version: string | undefined
}

/** Everything that follows from a batch and the head before it. */
interface Outcome {
  edge: Edge
  root: Buffer
  tiles: readonly Tile[]
  files: readonly { name: string; bytes: Buffer }[]
}

/** Objects that are written at once. */
const WRITES = 16
/** Events of several calls that are archived together: all of it is in memory. */
const MOST_EVENTS = 10_000
/** Events after which others get their turn: what was written meanwhile goes on. */
const SLICE = 500

/** A call of `append` that waits for its turn. */
interface Call extends PromiseWithResolvers<number> {
  arrivals: readonly Arrival[]
}

/** Takes the calls of the next batch out of `waiting`: the first one, and as many of those behind it as there is room for. */
function nextOf(waiting: Call[]): Call[] {
  let events = 0
  const end = waiting.findIndex(({ arrivals }, index) => {
    events += arrivals.length
    return index > 0 && events > MOST_EVENTS
  })
  return waiting.splice(0, end < 0 ? waiting.length : end)
}

const damaged = (message: string): RouterError => new RouterError('ARCHIVE_DAMAGED', message)

/** Calls `work` for each of `items`, a few at once. */
async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items.values()
  const worker = async () => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: WRITES }, worker))
}

/** A batch that has no numbers yet. */
interface Waiting {
  archived: number
  arrivals: readonly Arrival[]
  leaves: Promise<Buffer[]>
  /** Its events as the journal has them. */
  events: Promise<Buffer>
}

/** Calls `work` for each of `items`, whose results it resolves to; others get their turn now and then. */
async function slicewise<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Result,
): Promise<Result[]> {
  const results: Result[] = []
  for (const [index, item] of items.entries()) {
    if (index % SLICE === 0) await setImmediate()
    results.push(work(item, index))
  }
  return results
}

const leavesOf = (arrivals: readonly Arrival[]): Promise<Buffer[]> => slicewise(arrivals, ({ text }) => leafHash(text))

/** The rows of `batch`, whose first leaf is `first`. */
const rowsOf = ({ archived, arrivals }: Batch, first: number): Promise<Row[]> =>
  slicewise(arrivals, ({ text, row, routed }, index) => {
    const leaf = first + index
    return row ? Object.assign(row, { leaf, archived_time: archived }) : toRow(text, leaf, { routed, archived })
  })

/** A file of `rows`, all of one day. */
function fileOf(location: string, day: string, rows: Row[]): { name: string; bytes: Buffer } {
  const first = rows[0]?.leaf ?? 0
  const bytes = writeRows(rows.sort((one, other) => (one.time ?? 0) - (other.time ?? 0)))
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
  return { name: eventsFile({ location, day, first, count: rows.length, digest }), bytes }
}

/** What comes of `batch` after `edge`. */
async function outcomeOf(batch: Batch, edge: Edge, location: string): Promise<Outcome> {
  const rows = await rowsOf(batch, edge.size)
  const files: Outcome['files'][number][] = []
  for (const [day, ofDay] of Map.groupBy(rows, ({ time }) => formatTime(time ?? 0).slice(0, 10))) {
    await setImmediate()
    files.push(fileOf(location, day, ofDay))
  }
  const { edge: next, tiles } = append(edge, batch.leaves)
  return { edge: next, root: edgeRoot(next), tiles, files }
}

/**
 * The archiver of a location. Others may write the same archive at the same time. Each call rejects with `ARCHIVE_DAMAGED` when what is stored
 * contradicts itself or the key, and writes nothing then.
 */
export function archiver({ store, location, key, now }: ArchiverParts): Archiver {
  const readTile = tilesOf(store)
  /** The edge of the log when this archiver looked last. */
  let known: Edge = noLeaves
  let isTidy = false
  /** The size at which something was taken, and was not there to be read. */
  let missed: number | undefined

  const readCheckpoint = async (): Promise<{ checkpoint: Checkpoint; version: string } | undefined> => {
    const stored = await store.get(CHECKPOINT)
    if (!stored) return undefined
    return { checkpoint: openCheckpoint(stored.bytes.toString(), key), version: stored.version }
  }

  /** Whether nobody has gone on since the checkpoint `version`, after which the log is `edge`. Rejects when there is more of the log all the same. */
  const isLast = async (edge: Edge, version: string | undefined): Promise<boolean> => {
    try {
      await checkAhead({ store, key, location }, edge)
      return true
    } catch (error) {
      if ((await store.get(CHECKPOINT))?.version === version) throw error
      return false
    }
  }

  /** Takes late and finished journal entries away, once. */
  const begin = async (head: Head): Promise<Head> => {
    if (isTidy) return head
    for await (const { name } of store.list(JOURNAL)) {
      const first = parseJournalName(name)
      if (first !== undefined && first < head.edge.size) await store.remove(name)
    }
    isTidy = true
    return head
  }

  const readHead = async (): Promise<Head> => {
    const read = await readCheckpoint()
    const size = read?.checkpoint.size ?? 0
    if (size < known.size) {
      throw damaged(`${CHECKPOINT} went back from ${known.size} to ${size} leaves: an older one was put in its place.`)
    }
    if (read && (size !== known.size || !edgeRoot(known).equals(read.checkpoint.root))) {
      const edge = await readEdge(size, readTile)
      if (!edgeRoot(edge).equals(read.checkpoint.root)) {
        throw damaged(`The root of ${CHECKPOINT} is not that of the tiles of its ${size} leaves.`)
      }
      known = edge
    }
    if (isTidy && read) return { edge: known, version: read.version }
    return (await isLast(known, read?.version)) ? begin({ edge: known, version: read?.version }) : readHead()
  }

  /** Whether the leaves from `first` on are `leaves`: of a log of `size` leaves. */
  const areLeaves = async (first: number, leaves: readonly Buffer[], size: number): Promise<boolean> => {
    if (size < first + leaves.length) return false
    for (let at = 0; at < leaves.length; ) {
      const n = Math.floor((first + at) / TILE_WIDTH)
      const inTile = first + at - n * TILE_WIDTH
      const tile = await readTile(0, n, Math.min(TILE_WIDTH, size - n * TILE_WIDTH))
      const some = Buffer.concat(leaves.slice(at, at + TILE_WIDTH - inTile))
      if (
        !tile
          .subarray(inTile * HASH_BYTES)
          .subarray(0, some.length)
          .equals(some)
      )
        return false
      at += some.length / HASH_BYTES
    }
    return true
  }

  /** Writes the checkpoint, unless the log has come that far. */
  const sign = async ({ edge, version }: Head, { edge: { size }, root }: Outcome): Promise<void> => {
    const note = Buffer.from(signCheckpoint(size, root, key))
    const isWritten =
      version === undefined ? await store.create(CHECKPOINT, note) : await store.replace(CHECKPOINT, note, version)
    if (isWritten) return
    const other = await readCheckpoint()
    if (other && other.checkpoint.size >= size) return
    throw new RouterError('UNAVAILABLE', `${CHECKPOINT} of ${edge.size} leaves was written by somebody else.`)
  }

  /** Takes away what is not needed any more. Nothing is wrong with the archive when that fails, and somebody else may do it. */
  const clear = async (before: Edge, after: Edge): Promise<void> => {
    const filled = before.levels.flatMap((hashes, level) => {
      const n = Math.floor(before.size / TILE_WIDTH ** (level + 1))
      return hashes.length > 0 && after.size >= (n + 1) * TILE_WIDTH ** (level + 1) ? [partialsOf(level, n)] : []
    })
    await Promise.all([
      store.remove(journalName(before.size)),
      ...filled.map(async (prefix) => {
        for await (const { name } of store.list(prefix)) await store.remove(name)
      }),
    ]).catch(() => {})
  }

  /** Steps 3 to 5 for the batch whose journal entry begins where `head` ends. */
  const finish = async (head: Head, outcome: Outcome): Promise<void> => {
    const { tiles, files } = outcome
    await each<{ name: string; bytes: Buffer }>(
      [...files, ...tiles.map(({ level, n, width, bytes }) => ({ name: tileName(level, n, width), bytes }))],
      ({ name, bytes }) => store.put(name, bytes),
    )
    if (head.edge.size === 0) await store.create(LOG_KEY, Buffer.from(`${key.text}\n`))
    await sign(head, outcome)
    known = outcome.edge
    await clear(head.edge, outcome.edge)
  }

  /** Whether nobody has gone beyond `head`: a journal entry that is there now took the numbers. */
  const isCurrent = async ({ edge }: Head): Promise<boolean> =>
    ((await readCheckpoint())?.checkpoint.size ?? 0) === edge.size

  /**
   * Finishes the batch that somebody took at `head`. Nothing is done when it is gone: then somebody else has finished it. Rejects when it was gone
   * before at the same size: then nobody has, and nothing can be written there.
   */
  const help = async (head: Head): Promise<void> => {
    const { size } = head.edge
    const name = journalName(size)
    const entry = await store.get(name)
    if (!entry) {
      if (missed === size) throw damaged(`${name} is no object, but something of that name is there: take it away.`)
      missed = size
      return
    }
    if (!(await isCurrent(head))) return
    await finish(head, await outcomeOf(await readEntry(name, entry.bytes, key, location), head.edge, location))
  }

  /**
   * Tries to take the numbers for `waiting`. Resolves to the first of them when that is done and all is written; else somebody else has come first.
   */
  const take = async ({ archived, arrivals, ...waiting }: Waiting): Promise<number | undefined> => {
    const [head, leaves] = await Promise.all([readHead(), waiting.leaves])
    const batch = { archived, arrivals, leaves }
    const first = head.edge.size
    // What comes of it is worked out while the entry is compressed and written.
    const [isCreated, outcome] = await Promise.all([
      waiting.events.then((events) => store.create(journalName(first), writeEntry(batch, first, events, key))),
      outcomeOf(batch, head.edge, location),
    ])
    if (!isCreated) return void (await help(head))
    if (await isCurrent(head)) {
      await finish(head, outcome)
      return first
    }
    // Late, or somebody has helped already: then the numbers are those of this batch.
    const size = (await readCheckpoint())?.checkpoint.size ?? 0
    const isDone = await areLeaves(first, leaves, size)
    await store.remove(journalName(first))
    return isDone ? first : undefined
  }

  const takeAll = async (arrivals: readonly Arrival[]): Promise<number> => {
    const waiting = { archived: now(), arrivals, events: compressEvents(arrivals), leaves: leavesOf(arrivals) }
    waiting.events.catch(() => {})
    waiting.leaves.catch(() => {})
    let first: number | undefined
    while (first === undefined) first = await take(waiting)
    return first
  }

  const waiting: Call[] = []
  let isBusy = false

  const workOff = async (): Promise<void> => {
    isBusy = true
    while (waiting.length > 0) {
      const calls = nextOf(waiting)
      await takeAll(calls.flatMap(({ arrivals }) => arrivals)).then(
        (first) => {
          let leaf = first
          for (const { arrivals, resolve } of calls) {
            resolve(leaf)
            leaf += arrivals.length
          }
        },
        (error) => {
          for (const { reject } of calls) reject(error)
        },
      )
    }
    isBusy = false
  }

  return {
    append(arrivals) {
      const call = { arrivals, ...Promise.withResolvers<number>() }
      waiting.push(call)
      if (!isBusy) void workOff()
      return call.promise
    },
  }
}
