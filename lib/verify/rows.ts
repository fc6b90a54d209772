import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, type RowGroup } from 'hyparquet'
import { type ColumnName, columns } from '../archive/columns.ts'
import type { Rows, Value } from './entry.ts'
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

/** A file that is open. */
export class OpenFile implements AsyncBuffer {
  readonly byteLength: number
  private readonly descriptor: number

  constructor(path: string) {
    this.descriptor = openSync(path, 'r')
    this.byteLength = fstatSync(this.descriptor).size
  }

  /** Bytes from `start` to `end`. Throws when the file ends before. */
  slice(start: number, end: number = this.byteLength): ArrayBuffer {
    if (!(start >= 0 && start <= end && end <= this.byteLength)) throw new Error('it points to bytes that it has not')
    const bytes = new Uint8Array(end - start)
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(this.descriptor, bytes, at, bytes.length - at, start + at)
      if (read === 0) throw new Error('it ended while it was read')
      at += read
    }
    return bytes.buffer
  }

  /** SHA-256 of all of it, in hexadecimal. */
  digest(): string {
    const sum = createHash('sha256')
    for (let at = 0; at < this.byteLength; at += STEP) {
      sum.update(new Uint8Array(this.slice(at, Math.min(at + STEP, this.byteLength))))
    }
    return sum.digest('hex')
  }

  close(): void {
    closeSync(this.descriptor)
  }
}

/** Where the column of the texts is. */
const EVENT = columns.findIndex(({ name }) => name === 'event')

type Element = FileMetaData['schema'][number]

function isOfType(element: Element, type: string): boolean {
  if (type === 'STRING') return element.type === 'BYTE_ARRAY' && element.converted_type === 'UTF8'
  if (type === 'BOOLEAN') return element.type === 'BOOLEAN'
  const isTime = element.logical_type?.type === 'TIMESTAMP' || element.converted_type?.startsWith('TIMESTAMP') === true
  return element.type === 'INT64' && isTime === (type === 'TIMESTAMP')
}

/** The columns of the file. Throws unless they are those of the archive, no others, and all of them flat. */
function checkedColumns({ schema }: FileMetaData): Map<ColumnName, Element> {
  const [, ...elements] = schema
  if (elements.length !== columns.length) throw new Error(`it has ${elements.length} columns, not ${columns.length}`)
  return new Map(
    columns.map(({ name, type }, index) => {
      const element = elements[index]
      if (element?.name !== name || !isOfType(element, type) || element.repetition_type === 'REPEATED')
        throw new Error(`its column ${index + 1} is not \`${name}\` of the type ${type}`)
      return [name, element]
    }),
  )
}

/**
 * The rows of a Parquet file of the archive, some at a time. Throws when it is none, or can't be read: `count` is how many rows it has to
 * have.
 */
export async function* readGroups(file: OpenFile, count: number): AsyncGenerator<Group> {
  const metadata = await parquetMetadataAsync(file)
  const elements = checkedColumns(metadata)
  const inGroups = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0)
  if (inGroups !== count) throw new Error(`it has ${inGroups} rows, its name says ${count}`)
  for (const group of metadata.row_groups) yield* readGroup(file, group, elements)
}

/** What is needed to read the column at `index`. */
function columnOf(file: OpenFile, group: RowGroup, elements: ReadonlyMap<ColumnName, Element>, index: number) {
  const name = columns[index]?.name ?? 'event'
  const meta = group.columns[index]?.meta_data
  const element = elements.get(name)
  if (meta?.path_in_schema[0] !== name || !element) throw new Error(`a group lacks the column \`${name}\``)
  const start = Number(meta.dictionary_page_offset ?? meta.data_page_offset)
  const bytes = Buffer.from(file.slice(start, start + Number(meta.total_compressed_size)))
  return [bytes, meta, element, Number(group.num_rows)] as const
}

function* readGroup(file: OpenFile, group: RowGroup, elements: ReadonlyMap<ColumnName, Element>): Generator<Group> {
  const rows: Partial<Record<ColumnName, ArrayLike<Value>>> = {}
  let areClean = true
  for (const [index, { name }] of columns.entries()) {
    if (name === 'event') continue
    const { values, isClean } = readValues(...columnOf(file, group, elements, index))
    rows[name] = values
    areClean &&= isClean
  }
  // The texts are most of it, so there are never more than those of a page.
  const all: Rows = { ...(rows as Omit<Rows, 'event' | 'from'>), event: [], from: 0 }
  for (const { values } of readPages(...columnOf(file, group, elements, EVENT))) {
    all.event = values
    yield { rows: all, isClean: areClean, from: all.from, to: all.from + values.length }
    all.from += values.length
  }
}
