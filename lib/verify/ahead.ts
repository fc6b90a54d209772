import { type Head, readNote } from './checkpoint.ts'
import { readRegular } from './disk.ts'
import type { Ahead } from './file.ts'
import type { Findings } from './findings.ts'
import { HASH, topOf } from './hashes.ts'
import { MOST_BYTES, readJournal } from './journal.ts'
import { type Contents, isEmpty, type TileName, WIDTH } from './names.ts'
import { parseCheckpoint, parseNote, signedBy } from './note.ts'
import type { TileReader } from './tiles.ts'

// What lies beyond the checkpoint: a batch that is under way, what was archived while the archive was copied, or the sign of something wrong.

/** A journal entry: how many events it has, or why it explains nothing. */
interface Entry {
  name: string
  first: number
  events: number | string
}

/** What the journal says. */
export interface Journal {
  entries: readonly Entry[]
  /** Hashes of the leaves that come next, one after the other; nothing when no signed entry says it. */
  next: string
}

/** The journal of an archive whose log has `size` leaves. */
export function journalOf(root: string, { journal }: Contents, { key }: Head, size: number): Journal {
  let next = ''
  const entries = journal.flatMap(({ name, first }): Entry[] => {
    const bytes = readRegular(root, name, MOST_BYTES)
    if (!bytes) return []
    const batch = readJournal(bytes, first, key)
    if (typeof batch === 'string') return [{ name, first, events: batch }]
    if (first === size) next = batch.hashes.join('')
    return [{ name, first, events: batch.hashes.length }]
  })
  return { entries, next }
}

/** How large the log is by now: as the signed one of `later`, or as the checkpoint that is there now. A writer may be at work. */
export function sizeByNow(root: string, { key }: Head, size: number, later: readonly Uint8Array[]): number {
  const sizes = [readNote(root, 'log/checkpoint'), ...later].map((bytes) => {
    const note = bytes && parseNote(bytes)
    const checkpoint = note && parseCheckpoint(note.text)
    return note && key && checkpoint?.origin === key.name && signedBy(note, key) === 'yes' ? checkpoint.size : 0
  })
  return Math.max(size, ...sizes)
}

/** What is known of an archive when all of it was read. */
export interface AheadOf {
  contents: Contents
  head: Head
  size: number
  /** The size of the log as it is by now. */
  byNow: number
  journal: Journal
  ahead: readonly Ahead[]
  tiles: TileReader
  findings: Findings
  told: string[]
}

/** What the journal entries are: an entry explains what lies beyond the checkpoint, is late, or is nobody's. */
function judgeJournal({ journal, size, byNow, findings, told }: AheadOf): void {
  for (const { name, first, events } of journal.entries) {
    const wrong = (message: string) => findings.add({ code: 'JOURNAL_DAMAGED', file: name, message })
    if (typeof events === 'string') wrong(events)
    else if (first < size) told.push(`${name}: it was late or is done. The archive function takes it away.`)
    else if (first === size || first <= byNow)
      told.push(`${name}: ${events} events were taken and are not yet part of the log.`)
    else wrong(`The log has ${size} leaves: nothing can follow at ${first}.`)
  }
}

/** The hash that a log has at a place, beyond its checkpoint too as far as the journal tells; `undefined` when it does not. */
function hashAt(all: AheadOf, level: number, index: number): string | undefined {
  const { tiles, size, journal } = all
  if (index < tiles.countAt(level)) return tiles.hash(level, index)
  if (level === 0) return journal.next.slice((index - size) * HASH, (index - size + 1) * HASH) || undefined
  const below: string[] = []
  for (let at = index * WIDTH; at < (index + 1) * WIDTH; at++) {
    const hash = hashAt(all, level - 1, at)
    if (hash === undefined) return undefined
    below.push(hash)
  }
  return topOf(below)
}

/** Whether a tile beyond the checkpoint holds what the batch that comes next makes of it. */
function isExplained(all: AheadOf, { name, level, n, width }: TileName): boolean {
  const end = (n * WIDTH + width) * WIDTH ** level
  if (end * HASH > all.size * HASH + all.journal.next.length) return false
  const tile = all.tiles.stored(name)
  return Array.from({ length: width }, (_, index) => index).every(
    (index) => tile?.substring(index * HASH, (index + 1) * HASH) === hashAt(all, level, n * WIDTH + index),
  )
}

/** Tiles that hold more than the log has. */
function* tilesBeyond(all: AheadOf): Generator<{ file: string; message: string }> {
  const { contents, tiles, size, byNow } = all
  for (const tile of contents.tiles) {
    const end = (tile.n * WIDTH + tile.width) * WIDTH ** tile.level
    if (tile.width <= tiles.widthOf(tile.level, tile.n) || end <= byNow || isExplained(all, tile)) continue
    yield { file: tile.name, message: `It is of a log of ${end} leaves; the checkpoint says ${size}.` }
  }
}

/** Finds what lies beyond the checkpoint and is explained by nothing that the log has signed. */
export function judgeAhead(all: AheadOf): void {
  const { head, contents, size, byNow, journal, ahead, findings, told } = all
  judgeJournal(all)
  const later = ahead.filter(({ count, last }) => count > 0 && last < byNow).reduce((sum, { count }) => sum + count, 0)
  if (later > 0) told.push(`${later} events are of a later checkpoint, of ${byNow} leaves: they were not verified.`)
  const beyond = ahead.filter(({ count, last }) => count > 0 && last >= byNow)
  const tiles = [...tilesBeyond(all)]
  if (!head.checkpoint) {
    // The first batch may be under way. An unreadable checkpoint is a finding already.
    const isBegun = byNow > 0 || (journal.next !== '' && beyond.length === 0 && tiles.length === 0)
    const isFine = isEmpty(contents) || (isBegun && contents.removed.length === 0)
    if (!contents.hasCheckpoint && !isFine) missing(all)
    return
  }
  for (const { file, first, last, count } of beyond) {
    const message = `It has ${count} events from leaf ${first} on; the checkpoint says ${size}.`
    const range = { leaf: first, ...(last > first ? { lastLeaf: last } : {}) }
    findings.add({ code: 'BEYOND_CHECKPOINT', file, message, ...range })
  }
  for (const tile of tiles) findings.add({ code: 'BEYOND_CHECKPOINT', ...tile })
}

/** There is something, but no checkpoint that it is of, nor a signed batch that it begins with. */
function missing({ contents, findings }: AheadOf): void {
  const message = 'It is not there.'
  findings.add({ code: 'CHECKPOINT_MISSING', file: 'log/checkpoint', message })
  if (!contents.hasKey) findings.add({ code: 'KEY_CHANGED', file: 'log/key', message })
}
