import { execFile } from 'node:child_process'
import { createWriteStream, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { archiver } from '../lib/archive/archive.ts'
import { compact } from '../lib/archive/compact.ts'
import { type ArchiveMessage, archiveMessages } from '../lib/archive/consume.ts'
import type { Location } from '../lib/locations.ts'
import type { Entry } from '../lib/log.ts'
import { canonicalText } from '../lib/proof/canonical.ts'
import { memory } from '../lib/queues/memory.ts'
import { duckdb } from '../lib/search/duckdb.ts'
import { type Archives, count, search } from '../lib/search/search.ts'
import { files } from '../lib/stores/files.ts'
import { verifyArchive } from '../lib/verify/archive.ts'
import { sampleEvents, sampleKey } from '../test/archive.ts'
import { inTurn, median } from './rounds.ts'

// A million events: into the archive, found again, and verified; beside them the same events as compressed JSON lines, searched with what
// every machine has, and with DuckDB.

const EVENTS = 1_000_000
const LOCATION: Location = 'eu-de'
/** What a batch of 6 MB, the most that Lambda is handed at once, has room for. */
const BATCH = 3000
/** Batches that are worked on at once, as in local emulation. */
const ROUNDS_OF_QUEUE = 3
/** When the compaction runs after that many events, as it does several times a day. */
const COMPACT_EVERY = 100_000
const ROUNDS = { count: 5, discarded: 2 }
/** Somebody who did a few in a thousand of all that was done. */
const INITIATOR = 'user-77'
const PAGE = 100

/** What one run measures. */
export interface ArchiveMeasured {
  events: number
  archive: {
    eventsPerSecond: number
    /** Bytes of everything that is stored, per event; the same events as gzipped JSON lines, and how many times larger the archive is. */
    bytesPerEvent: number
    gzipBytesPerEvent: number
    ratioToGzip: number
    /** The same with the time of all compactions. */
    compactedPerSecond: number
  }
  search: {
    /** The newest 100 events of an initiator. */
    filterMs: number
    grepFilterMs: number
    duckdbJsonFilterMs: number
    /** The very first question after a start: every file is held against its digest, and every id is read. */
    firstMs: number
    /** Words that stand in no event, looked for in the whole of each. */
    textMs: number
    /** How many events of an initiator there are, and how they spread over time. */
    countMs: number
    grepCountMs: number
    duckdbJsonCountMs: number
  }
  verify: { entriesPerSecond: number }
}

function messageOf(body: string, index: number): ArchiveMessage {
  return { messageId: String(index), receiptHandle: String(index), receiveCount: 1, body, sentAt: Date.now() }
}

/** Batches of messages of an archive queue, made while nothing is measured; every text goes to `lines` as well. */
function* batchesOf(lines: NodeJS.WritableStream): Generator<ArchiveMessage[]> {
  let batch: ArchiveMessage[] = []
  for (const event of sampleEvents(EVENTS)) {
    const text = canonicalText(event)
    lines.write(`${text}\n`)
    batch.push(messageOf(text, batch.length))
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** `batches` as they are worked on at once. */
function* together(batches: Iterable<ArchiveMessage[]>): Generator<ArchiveMessage[][]> {
  let some: ArchiveMessage[][] = []
  for (const batch of batches) {
    some.push(batch)
    if (some.length < ROUNDS_OF_QUEUE) continue
    yield some
    some = []
  }
  if (some.length > 0) yield some
}

const folderOf = (root: string): string => join(root, LOCATION)

/** Seconds that `work` takes. */
async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

/** Lets whatever waits be written, so that it does not count for what comes next. */
const drain = (stream: NodeJS.WritableStream & { writableNeedDrain: boolean }): Promise<void> =>
  new Promise((done) => {
    if (stream.writableNeedDrain) stream.once('drain', () => done())
    else done()
  })

/** Archives all events in `root` and writes them to `gzipped` as well. */
async function archiveAll(root: string, gzipped: string) {
  const store = files(folderOf(root))
  const queues = memory()
  const queue = { name: 'archive', awsRegion: 'eu-central-1' }
  const archive = archiver({ store, location: LOCATION, key: sampleKey(LOCATION), now: Date.now })
  const from = { queues, queue, random: Math.random, location: LOCATION, archiver: async () => archive }
  const compaction = { store, location: LOCATION, now: Date.now, grace: 0, tellDamaged: failOn }
  const lines = createGzip()
  const written = pipeline(lines, createWriteStream(gzipped))
  let archiveSeconds = 0
  let compactSeconds = 0
  let done = 0
  const archiveOne = async (batch: ArchiveMessage[]): Promise<void> => {
    const entry: Entry = { event: 'archive' }
    await archiveMessages(batch, from, entry)
    if (entry.error !== undefined) throw entry.error
  }
  for (const batches of together(batchesOf(lines))) {
    await drain(lines)
    archiveSeconds += await secondsOf(() => Promise.all(batches.map(archiveOne)))
    const before = done
    done += batches.flat().length
    if (Math.floor(done / COMPACT_EVERY) > Math.floor(before / COMPACT_EVERY))
      compactSeconds += await secondsOf(() => compact(compaction))
  }
  lines.end()
  await written
  // What was merged goes with the second run.
  for (let run = 0; run < 2; run++) compactSeconds += await secondsOf(() => compact(compaction))
  return { eventsPerSecond: EVENTS / archiveSeconds, compactedPerSecond: EVENTS / (archiveSeconds + compactSeconds) }
}

function failOn(name: string, error: unknown): never {
  throw new Error(`${name} is damaged`, { cause: error })
}

/** Bytes of all files in `folder`. */
async function bytesOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

/** Milliseconds of `work`, which has to find `expected`. */
async function timed(work: () => Promise<number>, expected?: number): Promise<number> {
  const start = performance.now()
  const found = await work()
  const milliseconds = performance.now() - start
  if (found === 0 || (expected !== undefined && found !== expected))
    throw new Error(`${found} were found, not ${expected}`)
  return milliseconds
}

const shell = async (command: string): Promise<string> =>
  (await promisify(execFile)('bash', ['-c', command], { maxBuffer: 64 * 1024 * 1024 })).stdout

/** The same questions to the archive, to `zcat | grep`, and to DuckDB over the JSON lines. */
async function compareSearches(root: string, gzipped: string): Promise<ArchiveMeasured['search']> {
  const archives: Archives = {
    engine: duckdb({ root, store: (location) => files(join(root, location)) }),
    locations: [LOCATION],
    store: (location) => files(join(root, location)),
    now: Date.now,
  }
  const reader = { id: 'bench', locations: [LOCATION] }
  const lines = `read_ndjson('${gzipped}')`
  const isIt = `initiator.name = '${INITIATOR}' OR initiator.id = '${INITIATOR}'`
  const other = await (await DuckDBInstance.create(':memory:')).connect()
  const ask = async (sql: string) => (await other.runAndReadAll(sql)).getRows()
  const query = new URLSearchParams({ initiator: INITIATOR })
  const firstMs = await timed(async () => (await search(query, reader, archives)).items.length, PAGE)
  const nowhere = new URLSearchParams({ q: 'no event says this' })
  const textMs = (await secondsOf(() => search(nowhere, reader, archives))) * 1000
  const { total } = await count(query, reader, archives)
  // The events lie in the order of their times, but for seconds: the last lines are nearly the newest events.
  const found = `zcat ${gzipped} | grep -F '"name":"${INITIATOR}"'`
  const compared = await inTurn(ROUNDS, {
    filterMs: () => timed(async () => (await search(query, reader, archives)).items.length, PAGE),
    grepFilterMs: () =>
      timed(async () => (await shell(`${found} | tail -n ${PAGE}`)).trimEnd().split('\n').length, PAGE),
    duckdbJsonFilterMs: () =>
      timed(async () => (await ask(`FROM ${lines} WHERE ${isIt} ORDER BY eventTime DESC LIMIT ${PAGE}`)).length, PAGE),
    countMs: () => timed(async () => (await count(query, reader, archives)).total, total),
    grepCountMs: () => timed(async () => Number(await shell(`${found} | wc -l`)), total),
    duckdbJsonCountMs: () =>
      timed(async () => Number((await ask(`SELECT count(*) FROM ${lines} WHERE ${isIt}`))[0]?.[0]), total),
  })
  const medians = Object.fromEntries(Object.entries(compared).map(([name, values]) => [name, median(values)]))
  return { ...medians, firstMs, textMs } as ArchiveMeasured['search']
}

/** Events a second that `verify` reads, hashes and holds against the log; the middle one of three runs. */
async function verifyAll(root: string): Promise<number> {
  const seconds: number[] = []
  for (let run = 0; run < 3; run++) {
    seconds.push(
      await secondsOf(async () => {
        const { isWhole, counts } = await verifyArchive(folderOf(root), { key: sampleKey(LOCATION).text })
        if (!isWhole || counts.rows < EVENTS) throw new Error('The archive does not verify')
      }),
    )
  }
  return EVENTS / median(seconds)
}

/** Measures the archive, the search and `verify` in `folder`, an empty one. */
export async function measureArchive(folder: string): Promise<ArchiveMeasured> {
  const root = join(folder, 'archive')
  const gzipped = join(folder, 'events.jsonl.gz')
  const archived = await archiveAll(root, gzipped)
  const bytes = await bytesOf(root)
  const gzipBytes = statSync(gzipped).size
  const found = await compareSearches(root, gzipped)
  return {
    events: EVENTS,
    archive: {
      ...archived,
      bytesPerEvent: bytes / EVENTS,
      gzipBytesPerEvent: gzipBytes / EVENTS,
      ratioToGzip: bytes / gzipBytes,
    },
    search: found,
    verify: { entriesPerSecond: await verifyAll(root) },
  }
}
