import { EntryReader } from './entry.ts'
import { Findings } from './findings.ts'
import { HASH, leafHash } from './hashes.ts'
import { type EventsName, WIDTH } from './names.ts'
import { type Group, OpenFile, readGroups } from './rows.ts'
import { Misleading } from './thrift.ts'
import { TileReader } from './tiles.ts'

// Verifies one file of events against its name and against the tiles.

/** A row whose hash is not that of its leaf in the tiles. Which of both is wrong shows later. */
export interface Odd {
  file: string
  leaf: number
  hash: string
  id: string | undefined
  /** What else is wrong with the row. */
  wrong: string | undefined
}

/** Rows of a file whose leaves the log does not have yet, and that are not the events of which the journal says that they come next. */
export interface Ahead {
  file: string
  count: number
  /** Which leaves they say they are. */
  first: number
  last: number
}

/** What became of a file. */
export interface FileResult {
  findings: Pick<Findings, 'list' | 'counts'>
  rows: number
  odd: Odd[]
  ahead: Ahead | undefined
  /** It was not there any more. */
  isGone: boolean
}

/** Which leaves were seen: a bit each, shared by all that verify at the same time. */
export class Leaves {
  readonly buffer: SharedArrayBuffer
  private readonly bits: Int32Array

  constructor(size: number, buffer = new SharedArrayBuffer(4 * Math.ceil(size / 32))) {
    this.buffer = buffer
    this.bits = new Int32Array(buffer)
  }

  add(leaf: number): void {
    Atomics.or(this.bits, Math.floor(leaf / 32), 1 << (leaf % 32))
  }

  has(leaf: number): boolean {
    return ((this.bits[Math.floor(leaf / 32)] ?? 0) & (1 << (leaf % 32))) !== 0
  }

  /** The leaves below `size` that were not added. */
  *missing(size: number): Generator<number> {
    for (let leaf = 0; leaf < size; leaf++) {
      if (leaf % 32 === 0) while (this.bits[leaf / 32] === -1) leaf += 32
      if (leaf < size && !this.has(leaf)) yield leaf
    }
  }
}

/** What all files of an archive share. */
export interface FileContext {
  root: string
  location: string
  size: number
  /** Hashes of the leaves that come next, one after the other. */
  next: string
  /** Leaves of which there is a row. */
  seen: Leaves
  /** Leaves of which a row says what the tiles say. */
  good: Leaves
}

/** Odd rows of a file that are remembered. */
const MOST_ODD = 20_000
const DAY = 86_400_000

/** Reads the files of an archive, one after the other. */
export class FileReader {
  private readonly entries: EntryReader
  private readonly tiles: TileReader
  private readonly context: FileContext

  constructor(context: FileContext) {
    this.context = context
    this.entries = new EntryReader(context.location)
    this.tiles = new TileReader(context.root, context.size)
  }

  read(file: EventsName): FileResult {
    return new Reading(file, this.context, this.entries, this.tiles).run()
  }
}

/** The reading of one file. */
class Reading {
  private readonly findings = new Findings()
  private readonly odd: Odd[] = []
  private ahead: FileResult['ahead']
  private rows = 0
  private before = Number.NEGATIVE_INFINITY
  private leaves = new Float64Array(0)
  private readonly dayStart: number
  private readonly file: EventsName
  private readonly context: FileContext
  private readonly entries: EntryReader
  private readonly tiles: TileReader

  constructor(file: EventsName, context: FileContext, entries: EntryReader, tiles: TileReader) {
    this.file = file
    this.context = context
    this.entries = entries
    this.tiles = tiles
    this.dayStart = Date.parse(`${file.day}T00:00:00Z`)
  }

  run(): FileResult {
    const isGone = !this.open()
    const { findings, odd, ahead, rows } = this
    return { findings: { list: findings.list, counts: findings.counts }, odd, ahead, rows, isGone }
  }

  /** Whether the file was there. */
  private open(): boolean {
    const file = OpenFile.open(this.context.root, this.file.name)
    if (!file) return false
    try {
      this.check(file)
    } finally {
      file.close()
    }
    return true
  }

  private add(code: Parameters<Findings['add']>[0]['code'], message: string, leaf?: number, id?: string): void {
    const { name } = this.file
    this.findings.add({ code, message, file: name, ...(leaf === undefined ? {} : { leaf }), ...(id ? { id } : {}) })
  }

  private check(file: OpenFile): void {
    if (this.file.location !== this.context.location)
      this.add('FILE_MISPLACED', `It is a file of ${this.file.location} in the archive of ${this.context.location}.`)
    try {
      const digest = file.digest().slice(0, this.file.digest.length)
      if (digest !== this.file.digest) this.add('FILE_CHANGED', `Its SHA-256 begins with ${digest}.`)
      for (const group of readGroups(file, this.file.count)) this.readGroup(group)
    } catch (error) {
      const { message } = error as Error
      if (error instanceof Misleading)
        this.add('FILE_MISLEADING', `Readers may make different things of it: ${message}.`)
      // What the bytes of a file make a reader do is not foreseen; all of it means that they are no file of an archive.
      else this.add('FILE_UNREADABLE', `It can't be read as Parquet: ${message}.`)
      return
    }
    this.checkLeaves()
  }

  private readGroup(group: Group): void {
    // Only now is it known that there are so many.
    if (this.rows === 0) this.leaves = new Float64Array(this.file.count)
    for (let at = group.from; at < group.to; at++) this.readRow(group, at)
  }

  private readRow({ rows, isClean }: Group, at: number): void {
    const leaf = Number(rows.leaf[at] ?? -1)
    const entry = this.entries.read(rows, at, isClean)
    const id = rows.id[at]
    const known = typeof id === 'string' ? id : undefined
    this.leaves[this.rows] = leaf
    this.rows += 1
    this.checkTime(Number(rows.time[at] ?? 0), leaf, known)
    const isOdd = !this.compare(leaf, leafHash(entry.text), known, entry.wrong)
    if (entry.wrong !== undefined && !isOdd)
      this.add('EVENT_MISFIT', `The row contradicts itself: ${entry.wrong}.`, leaf, known)
  }

  private checkTime(time: number, leaf: number, id: string | undefined): void {
    if (time < this.before) this.add('ROWS_UNSORTED', 'The row stands behind a later one.', leaf, id)
    this.before = time
    const since = time - this.dayStart
    if (!(since >= 0 && since < DAY)) this.add('WRONG_DAY', `The event did not happen on ${this.file.day}.`, leaf, id)
  }

  /** Whether the tiles have `hash` for `leaf`, or nothing yet. */
  private compare(leaf: number, hash: string, id: string | undefined, wrong: string | undefined): boolean {
    if (leaf >= this.context.size) {
      this.addAhead(leaf, hash)
      return true
    }
    if (leaf >= 0) this.context.seen.add(leaf)
    const tile = leaf >= 0 ? this.tiles.tile(0, Math.floor(leaf / WIDTH)) : undefined
    if (tile?.startsWith(hash, (leaf % WIDTH) * HASH)) {
      this.context.good.add(leaf)
      return true
    }
    if (this.odd.length < MOST_ODD) this.odd.push({ file: this.file.name, leaf, hash, id, wrong })
    return false
  }

  private addAhead(leaf: number, hash: string): void {
    const { size, next } = this.context
    if (next.startsWith(hash, (leaf - size) * HASH)) return
    this.ahead ??= { file: this.file.name, count: 0, first: leaf, last: leaf }
    this.ahead.first = Math.min(this.ahead.first, leaf)
    this.ahead.last = Math.max(this.ahead.last, leaf)
    this.ahead.count += 1
  }

  /** Whether the leaves are those that the name tells of, each of them once. */
  private checkLeaves(): void {
    this.leaves.sort()
    if (this.leaves[0] !== this.file.first)
      this.add('FILE_MISPLACED', `Its first event is that of leaf ${this.leaves[0]}, its name says ${this.file.first}.`)
    for (let at = 1; at < this.leaves.length; at++) {
      if (this.leaves[at] === this.leaves[at - 1])
        this.add('EVENT_ADDED', 'The same leaf stands twice in one file.', this.leaves[at])
    }
  }
}
