import { createHash } from 'node:crypto'
import { closeSync, fstatSync, readSync } from 'node:fs'
import type { ColumnName } from '../archive/columns.ts'
import { openRegular } from './disk.ts'
import type { Rows, Value } from './entry.ts'
import { type Bytes, type RowGroup, readFooter, type StoredColumn, stored } from './footer.ts'
import { readPages, readValues } from './pages.ts'

// A Parquet file, group by group.

/** Rows of a group whose texts are there: until the next ones are asked for. */
export interface Group {
  rows: Rows
  from: number
  to: number
  /** Nothing that stands in a column, but the event, would have to be escaped by JSON. */
  isClean: boolean
}

const STEP = 1024 * 1024

const isText = ({ name }: StoredColumn): boolean => name === 'event'
/** The column of the texts, and the others. */
const texts = stored.find(isText) as StoredColumn
const others = stored.filter((column) => !isText(column))

/** A file that is open. */
export class OpenFile implements Bytes {
  readonly byteLength: number
  private readonly descriptor: number

  private constructor(descriptor: number) {
    this.descriptor = descriptor
    this.byteLength = fstatSync(descriptor).size
  }

  /** The file `name` of the archive `root`; `undefined` when there is none. */
  static open(root: string, name: string): OpenFile | undefined {
    const descriptor = openRegular(root, name)
    return descriptor === undefined ? undefined : new OpenFile(descriptor)
  }

  /** Bytes from `start` to `end`. Throws when the file ends before. */
  slice(start: number, end: number = this.byteLength): Buffer {
    if (!(start >= 0 && start <= end && end <= this.byteLength)) throw new Error('it points to bytes that it has not')
    const bytes = Buffer.allocUnsafeSlow(end - start)
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(this.descriptor, bytes, at, bytes.length - at, start + at)
      if (read === 0) throw new Error('it ended while it was read')
      at += read
    }
    return bytes
  }

  /** SHA-256 of all of it, in hexadecimal. */
  digest(): string {
    const sum = createHash('sha256')
    for (let at = 0; at < this.byteLength; at += STEP) {
      sum.update(this.slice(at, Math.min(at + STEP, this.byteLength)))
    }
    return sum.digest('hex')
  }

  close(): void {
    closeSync(this.descriptor)
  }
}

/**
 * The rows of a Parquet file of the archive, some at a time. Throws when it is none, or can't be read, and a `Misleading` when searches may
 * find something else in it: `count` is how many rows it has to have.
 */
export function* readGroups(file: OpenFile, count: number): Generator<Group> {
  for (const group of readFooter(file, count)) yield* readGroup(file, group)
}

/** What is needed to read a column of a group. */
function columnOf(file: OpenFile, { columns }: RowGroup, column: StoredColumn) {
  const meta = columns[stored.indexOf(column)]?.meta
  if (!meta) throw new Error(`a group lacks the column \`${column.name}\``)
  const start = meta.dictionaryPage ?? meta.dataPage
  return [file.slice(start, start + meta.size), meta, column] as const
}

function* readGroup(file: OpenFile, group: RowGroup): Generator<Group> {
  const rows: Partial<Record<ColumnName, ArrayLike<Value>>> = {}
  let areClean = true
  for (const column of others) {
    const { values, isClean } = readValues(...columnOf(file, group, column))
    rows[column.name] = values
    areClean &&= isClean
  }
  // The texts are most of it, so there are never more than those of a page.
  const all: Rows = { ...(rows as Omit<Rows, 'event' | 'from'>), event: [], from: 0, repeat: false }
  for (const { values, repeat = false } of readPages(...columnOf(file, group, texts))) {
    all.event = values
    all.repeat = repeat
    yield { rows: all, isClean: areClean, from: all.from, to: all.from + values.length }
    all.from += values.length
  }
}
