import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import { RouterError } from '../errors.ts'
import { type Column, type ColumnName, columns } from './columns.ts'
import type { Row } from './row.ts'

// Rows as a Parquet file, and back. docs/archive.md has the columns.

const ALL: readonly ColumnName[] = columns.map(({ name }) => name)

/** Rows of a group: what can be passed over as a whole by its statistics. */
const GROUP_ROWS = 65_536
/** Bytes of a page before it is compressed: what has to be read for the sake of one row. */
const PAGE_BYTES = 256 * 1024
// Measured: what makes up most of a file are ids and digests, of which higher levels make no less.
const LEVEL = 1

const compressors = {
  ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } }),
}
const decompressors = { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) }

// Measured: what hardly ever repeats itself is smaller and quicker to write without a dictionary, and its lengths apart from it. Events
// with holes do repeat themselves; a dictionary of them is left out by itself when they don't. Groups are passed over by leaves and times
// alone: anything else occurs in nearly all of them.
const encodings: Partial<Record<ColumnName, Partial<ColumnSource>>> = {
  leaf: { encoding: 'DELTA_BINARY_PACKED', statistics: true },
  id: { encoding: 'DELTA_LENGTH_BYTE_ARRAY' },
  time: { encoding: 'DELTA_BINARY_PACKED', statistics: true },
  correlation_id: { encoding: 'DELTA_LENGTH_BYTE_ARRAY' },
  received_time: { encoding: 'DELTA_BINARY_PACKED' },
  routed_time: { encoding: 'DELTA_BINARY_PACKED' },
}

function source({ name, type }: Column, rows: readonly Row[]): ColumnSource {
  const values = rows.map((row) => row[name as ColumnName])
  const data = type === 'INT64' ? BigInt64Array.from(values as number[], BigInt) : values
  const nullable = name !== 'leaf' && name !== 'event'
  return { name, type, data, nullable, statistics: false, offsetIndex: false, ...encodings[name as ColumnName] }
}

/** A Parquet file of `rows`, which are to be sorted by time. The same rows give the same bytes. */
export function writeRows(rows: readonly Row[]): Buffer {
  const columnData = columns.map((column) => source(column, rows))
  const options = { columnData, codec: 'ZSTD' as const, compressors, rowGroupSize: GROUP_ROWS, pageSize: PAGE_BYTES }
  return Buffer.from(parquetWriteBuffer(options))
}

function rowOf(read: Record<string, unknown>): Row {
  const values = columns.map(({ name, type }) => {
    const value = read[name] ?? null
    if (type === 'INT64') return [name, Number(value)]
    return [name, type === 'TIMESTAMP' && value instanceof Date ? value.getTime() : value]
  })
  return Object.fromEntries(values) as Row
}

async function readColumns(bytes: Uint8Array, names: readonly ColumnName[]): Promise<Record<string, unknown>[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  try {
    return await parquetReadObjects({ file, compressors: decompressors, columns: [...names] })
  } catch (cause) {
    throw new RouterError('ARCHIVE_DAMAGED', 'The file is no Parquet file, or it is damaged.', { cause })
  }
}

/** The rows of a Parquet file, in its order. Rejects with `ARCHIVE_DAMAGED` when it can't be read. */
export const readRows = async (bytes: Uint8Array): Promise<Row[]> =>
  (await readColumns(bytes, ALL)).map((read) => rowOf(read))

/** The leaves of a Parquet file, in its order. Rejects with `ARCHIVE_DAMAGED` when it can't be read. */
export const readLeaves = async (bytes: Uint8Array): Promise<number[]> =>
  (await readColumns(bytes, ['leaf'])).map(({ leaf }) => Number(leaf))
