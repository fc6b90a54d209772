import { resolve } from 'node:path'
import { type Journal, journalOf, judgeAhead, sizeByNow } from './ahead.ts'
import { type Head, look, readHead, type Trust } from './checkpoint.ts'
import { readRegular } from './disk.ts'
import { type Ahead, Leaves, type Odd } from './file.ts'
import { type Finding, type FindingCode, Findings } from './findings.ts'
import { hashText } from './hashes.ts'
import type { Job, Result } from './jobs.ts'
import { judgeRows } from './judgerows.ts'
import { judgeTiles } from './judgetiles.ts'
import type { SeenLog } from './memory.ts'
import { type Contents, contentsOf, type EventsName, isEmpty, WIDTH } from './names.ts'
import { parseKey } from './note.ts'
import { doJobs } from './pool.ts'
import { type Removed, readRemoved } from './removed.ts'
import { TileReader } from './tiles.ts'
import { Tree } from './tree.ts'

// Verifies an archive from the bytes of its files alone (docs/verify.md). It shares no code with what writes and reads archives, but for
// the table of the columns: a mistake there must not be able to hide here.

/** How an archive is verified. */
export interface VerifyOptions {
  /** The verifier key of the log, from elsewhere than the archive. */
  key?: string | undefined
  /** The logs that were seen before. */
  remembered?: readonly SeenLog[] | undefined
  /** The location whose archive it is, where that is known from elsewhere. */
  location?: string | undefined
  /** Checkpoints that were copied after everything else: what was archived meanwhile lies beyond the one in the archive. */
  later?: readonly Uint8Array[] | undefined
  /** Is told how many of how many events were read. */
  onProgress?: ((done: number, total: number) => void) | undefined
  /** Nothing is begun any more when it is aborted: the call rejects then. */
  signal?: AbortSignal | undefined
  /** How many threads read; none for this one alone. If left out as many as there are processors, when it is worth it. */
  threads?: number | undefined
}

/** What was found. */
export interface Report {
  /** The folder. */
  archive: string
  location: string | null
  origin: string | null
  key: { text: string; trust: Trust } | null
  /** What the checkpoint says; `null` when it can't be read. */
  size: number | null
  root: string | null
  /** Rows, files of events, tiles, and leaves that were removed under retention. */
  counts: { rows: number; files: number; tiles: number; removed: number }
  /** Nothing is wrong. */
  isWhole: boolean
  /** What is wrong: at most 100 of a kind. */
  findings: Finding[]
  /** How many there are of each kind. */
  found: Partial<Record<FindingCode, number>>
  /** What is worth knowing, and no damage. */
  told: string[]
  /** What is to be remembered of the log; `null` when its checkpoint is not proven. */
  seen: SeenLog | null
}

/** Tiles of level 0 whose hashes are worked out in one go. */
const TILES_A_JOB = 64
/** Odd rows that are remembered one by one. */
const MOST_ODD = 200_000

/** Everything that is known of one archive while it is verified. */
interface State {
  root: string
  options: VerifyOptions
  findings: Findings
  told: string[]
  contents: Contents
  head: Head
  size: number
  location: string
  journal: Journal
}

/** What the files of events hold. */
interface Read {
  seen: Leaves
  good: Leaves
  odd: Odd[]
  ahead: Ahead[]
  rows: number
  files: number
  /** The hash that each full tile of level 0 has on the level above. */
  tops: (string | undefined)[]
}

/** Leaves of which there may be no tile: a checkpoint of whatever size must not keep anybody busy for ever. */
const MOST_MISSING = 2 ** 18

/** How many leaves the tiles tell of that are there from the first one on. */
function sizeOfTiles({ tiles }: Contents): number {
  const level0 = tiles.filter(({ level }) => level === 0).sort((one, other) => one.n - other.n)
  let size = 0
  for (const { n, width } of level0) if (n * WIDTH <= size) size = Math.max(size, n * WIDTH + width)
  return size
}

/** How many leaves are looked at: what nobody has signed may say anything, and is believed as far as there are tiles. */
function sizeOf({ checkpoint, isSigned }: Head, contents: Contents): number {
  if (!checkpoint) return 0
  const most = isSigned ? contents.tiles.length * WIDTH + MOST_MISSING : sizeOfTiles(contents)
  return Math.min(checkpoint.size, most)
}

function* jobsOf(files: readonly EventsName[], tiles: number): Generator<Job> {
  for (let from = 0; from < tiles; from += TILES_A_JOB) yield { from, to: Math.min(from + TILES_A_JOB, tiles) }
  for (const file of files) yield { file }
}

/** Reads the files of events and the tiles of level 0. */
async function readAll({ root, options, findings, contents, size, location, journal }: State): Promise<Read> {
  const read: Read = { seen: new Leaves(size), good: new Leaves(size), odd: [], ahead: [], rows: 0, files: 0, tops: [] }
  const { next } = journal
  const shared = { root, size, location, next, seen: read.seen.buffer, good: read.good.buffer }
  const done = new Set<string>()
  let total = 0

  const take = (job: Job, result: Result): boolean => {
    if (Array.isArray(result)) {
      for (const [index, top] of result.entries()) read.tops[('from' in job ? job.from : 0) + index] = top
      return false
    }
    findings.take(result.findings)
    if (read.odd.length < MOST_ODD) read.odd.push(...result.odd)
    if (result.ahead) read.ahead.push(result.ahead)
    read.rows += result.rows
    read.files += result.isGone ? 0 : 1
    options.onProgress?.(read.rows, total)
    return result.isGone
  }

  // What was merged or removed while it was read is in other files now.
  for (let files = contents.events; files.length > 0 || done.size === 0; ) {
    const events = files.reduce((sum, { count }) => sum + count, 0)
    total += events
    let isAnyGone = false
    const tiles = done.size === 0 ? Math.floor(size / WIDTH) : 0
    for (const { name } of files) done.add(name)
    await doJobs(
      jobsOf(files, tiles),
      shared,
      { events, threads: options.threads, signal: options.signal },
      (job, result) => {
        isAnyGone = take(job, result) || isAnyGone
      },
    )
    if (!isAnyGone) break
    files = contentsOf(root).events.filter(({ name }) => !done.has(name))
  }
  return read
}

function checkRoot({ head, size, findings }: State, tree: Tree): void {
  if (!head.checkpoint || tree.isProven) return
  findings.add({
    code: 'ROOT_WRONG',
    file: 'log/checkpoint',
    message: `Neither the tiles nor the events of ${size} leaves have the root ${hashText(head.checkpoint.root)}.`,
  })
}

/** Bytes of a note of what was removed: more than any day has runs of leaves. */
const MOST_REMOVED = 64 * 1024 * 1024

/** What was removed under retention. */
function removedOf({ root, head, size, findings, options }: State, tree: Tree): Removed['ranges'] {
  const ranges: Removed['ranges'] = []
  // What is removed meanwhile is said before: so this looks once more.
  for (const { name, day } of contentsOf(root).removed) {
    const bytes = readRegular(root, name, MOST_REMOVED)
    const said = bytes && readRemoved(bytes, day, head.key)
    if (!said) continue
    const wrong = (message: string) => findings.add({ code: 'REMOVED_WRONG', file: name, message })
    if (typeof said === 'string') wrong(said)
    else if (said.size > sizeByNow(root, head, size, options.later ?? [])) {
      const message = `It was signed when the log had ${said.size} leaves, and the checkpoint says ${size}.`
      findings.add({ code: 'BEYOND_CHECKPOINT', file: name, message })
    } else if (tree.isProven && said.size <= size && (tree.rootOf(said.size) ?? said.root) !== said.root) {
      wrong(`It names a root of ${said.size} leaves that this log never had.`)
    } else ranges.push(...said.ranges)
  }
  return ranges.sort(([one], [other]) => one - other)
}

/** The log as it was seen before; `undefined` when it was not. */
function seenBefore({ root, head, options }: State): SeenLog | undefined {
  const logs = options.remembered ?? []
  const same = logs.find(({ origin, key }) => origin === head.key?.name && key === head.key.text)
  // Nothing in an archive says whose it is when there is no checkpoint: then what was seen in its folder counts.
  const isUnknown = !head.checkpoint && head.trust !== 'given'
  return same ?? (isUnknown ? logs.find(({ archives }) => archives.includes(root)) : undefined)
}

/** Whether the log is a later one of what was remembered. */
function isContinued(state: State, tree: Tree): boolean {
  const { head, findings } = state
  const { checkpoint, isSigned } = head
  // Somebody else's checkpoint says nothing about this log.
  if (checkpoint && !isSigned) return false
  const before = seenBefore(state)
  if (!before) return true
  const size = checkpoint?.size ?? 0
  const since = `On ${before.seen} it had ${before.size} leaves and the root ${before.root}`
  if (!checkpoint || size < before.size) {
    const now = isEmpty(state.contents) ? 'now nothing is there any more' : `now it has ${size} leaves`
    findings.add({ code: 'ROLLED_BACK', file: 'log/checkpoint', message: `${since}; ${now}.` })
    return false
  }
  const root = size === before.size ? checkpoint.root : tree.rootOf(before.size)
  if (root === undefined) return false
  if (hashText(root) === before.root) return true
  const message = `${since}; now its first ${before.size} leaves have the root ${hashText(root)}.`
  findings.add({ code: 'FORKED', file: 'log/checkpoint', message })
  return false
}

/** What nobody can tell anything about. */
function checkOthers({ contents, head, findings, told }: State): void {
  for (const name of contents.unknown) {
    if (/^(events|log|journal|removed)(\/|$)/.test(name))
      findings.add({ code: 'FILE_UNKNOWN', file: name, message: 'No archive has a file of this name and kind.' })
    else told.push(`${name}: it is not of the archive.`)
  }
  for (const name of contents.holds) told.push(`${name}: legal holds are not signed, so they were not verified.`)
  if (head.trust === 'first use' && head.key) {
    told.push(
      `The key was believed because it lies in the archive: compare it with what you were given elsewhere. ${head.key.text}`,
    )
  }
}

function seenOf({ root, head, size }: State): SeenLog | null {
  const { checkpoint, key } = head
  if (!checkpoint || !key) return null
  const { origin } = checkpoint
  return {
    origin,
    key: key.text,
    size,
    root: hashText(checkpoint.root),
    seen: new Date().toISOString(),
    archives: [root],
  }
}

function parsedKey(text: string | undefined) {
  if (text === undefined) return undefined
  const key = parseKey(text)
  if (key) return key
  throw new Error(`${JSON.stringify(text)} is no verifier key of Ed25519: write it like <origin>+<8 digits>+<base64>.`)
}

/**
 * Verifies the archive in the folder `root`, reading nothing else. Resolves to what was found, whatever was found; rejects only when
 * `options.key` is no key, or files can't be read at all (permissions, a broken disk).
 */
export async function verifyArchive(root: string, options: VerifyOptions = {}): Promise<Report> {
  const findings = new Findings()
  const given = parsedKey(options.key)
  const archive = resolve(root)
  const { bytes, contents } = look(archive)
  const remembered = options.remembered ?? []
  const head = readHead(archive, bytes, { given, remembered }, findings)
  const { checkpoint } = head
  const location = options.location ?? checkpoint?.origin.split('/').at(-1) ?? contents.events[0]?.location ?? ''
  const size = sizeOf(head, contents)
  const journal = journalOf(archive, contents, head, size)
  const told: string[] = []
  const state: State = { root: archive, options, findings, told, contents, head, size, location, journal }

  const read = await readAll(state)
  const tiles = new TileReader(archive, size)
  const hashes = new Map(read.odd.filter(({ leaf }) => !read.good.has(leaf)).map(({ leaf, hash }) => [leaf, hash]))
  const tree = new Tree(tiles, size, checkpoint?.root, read.tops, hashes)
  checkRoot(state, tree)
  judgeTiles({ tree, tiles, listed: contents.tiles, findings })
  const removed = judgeRows({ ...read, size, removed: removedOf(state, tree), tree, findings })
  // What is told of a later checkpoint is no word about a missing one.
  const byNow = sizeByNow(archive, head, size, checkpoint ? (options.later ?? []) : [])
  judgeAhead({ ...state, byNow, ahead: read.ahead, tiles })
  checkOthers(state)
  const isRemembered = isContinued(state, tree) && tree.isProven && head.isSigned
  return {
    archive,
    location: location || null,
    origin: checkpoint?.origin ?? null,
    key: head.key && head.trust ? { text: head.key.text, trust: head.trust } : null,
    size: checkpoint?.size ?? null,
    root: checkpoint ? hashText(checkpoint.root) : null,
    counts: { rows: read.rows, files: read.files, tiles: contents.tiles.length, removed },
    isWhole: findings.list.length === 0,
    findings: findings.list,
    found: findings.counts,
    told,
    seen: isRemembered ? seenOf(state) : null,
  }
}
