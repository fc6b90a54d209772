import { type ColumnName, columns } from '../archive/columns.ts'
import { Misleading, type StructOf, ThriftReader } from './thrift.ts'

// What stands at the end of a Parquet file: which columns it has, and where they are. Searches believe it, and pass over what it tells them
// to; so nothing may stand there but what the writer of archives writes, and all of that has to be true.

const statistics = { nulls: [3, 'i64'], max: [5, 'bytes', 'optional'], min: [6, 'bytes', 'optional'] } as const
const encodingStats = { page: [1, 'i32'], encoding: [2, 'i32'], count: [3, 'i32'] } as const

const columnMeta = {
  type: [1, 'i32'],
  encodings: [2, ['i32']],
  path: [3, ['text']],
  codec: [4, 'i32'],
  values: [5, 'i64'],
  unpackedSize: [6, 'i64'],
  size: [7, 'i64'],
  dataPage: [9, 'i64'],
  dictionaryPage: [11, 'i64', 'optional'],
  statistics: [12, statistics, 'optional'],
  encodingStats: [13, [encodingStats], 'optional'],
} as const

const rowGroup = {
  columns: [1, [{ offset: [2, 'i64'], meta: [3, columnMeta] }]],
  unpackedSize: [2, 'i64'],
  rows: [3, 'i64'],
  size: [6, 'i64'],
} as const

const schemaElement = {
  type: [1, 'i32', 'optional'],
  repetition: [3, 'i32', 'optional'],
  name: [4, 'text'],
  children: [5, 'i32', 'optional'],
  converted: [6, 'i32', 'optional'],
} as const

const footer = {
  version: [1, 'i32'],
  schema: [2, [schemaElement]],
  rows: [3, 'i64'],
  groups: [4, [rowGroup]],
  // Who wrote it tells nothing about events.
  createdBy: [6, 'text'],
  orders: [7, [{ byType: [1, {}] }]],
} as const

/** Where a column of a group is, and what is said of it. */
export type ColumnMeta = StructOf<typeof columnMeta>

/** A group of rows. */
export type RowGroup = StructOf<typeof rowGroup>

const BOOLEAN = 0
const INT64 = 2
const BYTE_ARRAY = 6
const UTF8 = 0
const TIMESTAMP_MILLIS = 9
const ZSTD = 6
/** What every row has. */
const REQUIRED: readonly ColumnName[] = ['leaf', 'event']
/** Columns of which the smallest and the largest value of a group are told: groups are passed over by them. */
const WITH_STATISTICS: readonly ColumnName[] = ['leaf', 'time']

/** A column as it is stored. */
export interface StoredColumn {
  name: ColumnName
  /** Number of its physical type. */
  type: number
  converted: number | undefined
  isRequired: boolean
  hasStatistics: boolean
}

const physical = {
  INT64: { type: INT64, converted: undefined },
  STRING: { type: BYTE_ARRAY, converted: UTF8 },
  TIMESTAMP: { type: INT64, converted: TIMESTAMP_MILLIS },
  BOOLEAN: { type: BOOLEAN, converted: undefined },
} as const

/** The columns of a file, in their order. */
export const stored: readonly StoredColumn[] = columns.map(({ name, type }) => ({
  name,
  ...physical[type],
  isRequired: REQUIRED.includes(name),
  hasStatistics: WITH_STATISTICS.includes(name),
}))

/** Throws a `Misleading` that says `message` unless `isTrue`. */
export function demand(isTrue: boolean, message: string): void {
  if (!isTrue) throw new Misleading(message)
}

const MAGIC = Buffer.from('PAR1')
const TAIL = 8
/** Rows of a group: more make a reader need more memory than any archive does. */
const MOST_ROWS = 65_536

function checkSchema([top, ...elements]: StructOf<typeof schemaElement>[]): void {
  const isTop = top?.children === columns.length && top.type === undefined && top.converted === undefined
  demand(isTop && top.repetition === undefined, `it has other columns than the ${columns.length} of an archive`)
  demand(elements.length === columns.length, `it has ${elements.length} columns, not ${columns.length}`)
  for (const [index, { name, type, converted, isRequired }] of stored.entries()) {
    const element = elements[index]
    const isRight =
      element?.name === name &&
      element.type === type &&
      element.converted === converted &&
      element.repetition === (isRequired ? 0 : 1) &&
      element.children === undefined
    demand(isRight, `its column ${index + 1} is not \`${name}\` as an archive has it`)
  }
}

/** Checks that a column begins at `start`. Returns where it ends. */
function checkColumn({ name, type, hasStatistics }: StoredColumn, column: RowGroup['columns'][number], start: number) {
  const { offset, meta } = column
  const first = meta.dictionaryPage ?? meta.dataPage
  demand(meta.path.length === 1 && meta.path[0] === name && meta.type === type, `a group lacks the column \`${name}\``)
  demand(meta.codec === ZSTD, `the column \`${name}\` is not compressed with zstd`)
  demand(offset === start && first === start && meta.size > 0, `the column \`${name}\` is not where it has to be`)
  const isTold = meta.statistics !== undefined && meta.encodingStats !== undefined
  const isSilent = meta.statistics === undefined && meta.encodingStats === undefined
  demand(hasStatistics ? isTold : isSilent, `the statistics of the column \`${name}\` are not those of an archive`)
  return start + meta.size
}

/** Checks that a group begins at `start`. Returns where it ends. */
function checkGroup(group: RowGroup, start: number): number {
  demand(group.rows > 0 && group.rows <= MOST_ROWS, `a group has ${group.rows} rows`)
  demand(group.columns.length === columns.length, 'a group has other columns than the file')
  let end = start
  let unpackedSize = 0
  for (const [index, column] of group.columns.entries()) {
    end = checkColumn(stored[index] as StoredColumn, column, end)
    demand(column.meta.values === group.rows, 'a column has more or fewer values than its group has rows')
    unpackedSize += column.meta.unpackedSize
  }
  demand(group.size === end - start && group.unpackedSize === unpackedSize, 'a group is not as large as it says')
  return end
}

/** A file whose bytes can be asked for. */
export interface Bytes {
  readonly byteLength: number
  /** Bytes from `start` to `end`. Throws when the file ends before. */
  slice(start: number, end?: number): Buffer
}

/**
 * The groups of the Parquet file `file`, which has to have `count` rows. Throws an `Error` when it is none, and a `Misleading` when it says
 * anything that the writer of archives does not say, or has bytes that belong to nothing.
 */
export function readFooter(file: Bytes, count: number): RowGroup[] {
  if (file.byteLength < MAGIC.length + TAIL) throw new Error('it is too short')
  const tail = file.slice(file.byteLength - TAIL)
  if (!tail.subarray(4).equals(MAGIC) || !file.slice(0, MAGIC.length).equals(MAGIC))
    throw new Error('it lacks its mark')
  const start = file.byteLength - TAIL - tail.readUInt32LE(0)
  if (start < MAGIC.length) throw new Error('its end is longer than all of it')
  const bytes = file.slice(start, file.byteLength - TAIL)
  const reader = new ThriftReader(bytes)
  const { version, schema, groups, rows, orders } = reader.struct(footer)
  demand(reader.at === bytes.length, 'there are bytes behind what it says of itself')
  demand(version === 2 && orders.length === columns.length, 'it is of another version than those of an archive')
  checkSchema(schema)
  let end = MAGIC.length
  for (const group of groups) end = checkGroup(group, end)
  demand(end === start, 'it has bytes that belong to no column')
  const inGroups = groups.reduce((sum, group) => sum + group.rows, 0)
  demand(rows === inGroups, `it says ${rows} rows and has ${inGroups}`)
  if (inGroups !== count) throw new Error(`it has ${inGroups} rows, its name says ${count}`)
  return groups
}
