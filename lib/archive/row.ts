import { RouterError } from '../errors.ts'
import { formatTime, parseTime } from '../time.ts'
import { type Column, type ColumnName, columns } from './columns.ts'

// An archived event as a row of its columns, and back (docs/archive.md).

type TypeOf<Name extends ColumnName> = Extract<(typeof columns)[number], { name: Name }>['type']
interface Values {
  INT64: number
  STRING: string
  TIMESTAMP: number
  BOOLEAN: boolean
}

/** A value for each column; times in milliseconds since 1970, `null` where the event says nothing, or nothing of that type. */
export type Row = { [Name in Exclude<ColumnName, 'leaf' | 'event'>]: Values[TypeOf<Name>] | null } & {
  leaf: number
  /** The canonical JSON with holes. */
  event: string
}

/** When an event came this far, in milliseconds since 1970; `null` when nobody knows. */
export interface RowTimes {
  routed: number | null
  archived: number | null
}

const markOf = (code: number): string => String.fromCharCode(code)

/** The columns that are of the event, with the way to their value and the character that stands for it. */
const placed = columns.flatMap((column: Column) =>
  column.path === undefined
    ? []
    : [
        {
          name: column.name as ColumnName,
          type: column.type,
          steps: column.path.split('.'),
          mark: column.hole === undefined ? undefined : markOf(column.hole),
        },
      ],
)

const holes: ReadonlyMap<string, (typeof placed)[number]> = new Map(
  placed.flatMap((column) => (column.mark === undefined ? [] : [[column.mark, column]])),
)

/** A value of fewer characters is not worth a hole. */
const SHORTEST = 3

// What JSON would have to escape; lone surrogates are characters of their own with the flag `u`.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what JSON escapes
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: holes are control characters
const HOLE = /[\u0000-\u001f]/g

/** The value at `steps`; members that `event` has of itself, and no others. */
function valueAt(event: unknown, steps: readonly string[]): unknown {
  let value = event
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}

/** `found` as the value of a column of `type`; `null` when it is none. */
function columnValue(type: Column['type'], found: unknown): string | number | boolean | null {
  if (type === 'BOOLEAN') return typeof found === 'boolean' ? found : null
  if (typeof found !== 'string') return null
  return type === 'TIMESTAMP' ? (parseTime(found) ?? null) : found.toWellFormed()
}

/** The text that a hole for `value` stands for. */
const textOf = (type: Column['type'], value: unknown): string =>
  type === 'TIMESTAMP' ? formatTime(value as number) : (value as string)

/** What `found`, whose column has `value`, is replaced by everywhere: `undefined` when it stays. */
function isReplaceable(type: Column['type'], value: unknown, found: unknown): found is string {
  if (typeof found !== 'string' || value === null || found.length < SHORTEST || ESCAPED.test(found)) return false
  return textOf(type, value) === found
}

/**
 * The row of the event whose canonical JSON is `text`, which is leaf `leaf`. `event` is what `text` says, when that was already read.
 * Throws a `SyntaxError` when `text` is not JSON.
 */
export function toRow(text: string, leaf: number, times: RowTimes, event: unknown = JSON.parse(text)): Row {
  const row: Record<string, unknown> = { leaf, routed_time: times.routed, archived_time: times.archived }
  const replaced: [string, string][] = []
  for (const { name, type, steps, mark } of placed) {
    const found = valueAt(event, steps)
    const value = columnValue(type, found)
    row[name] = value
    if (mark !== undefined && isReplaceable(type, value, found)) replaced.push([found, mark])
  }
  // The longest first: a short value may be a part of it.
  replaced.sort(([one], [other]) => other.length - one.length)
  row.event = replaced.reduce((holed, [value, mark]) => holed.replaceAll(value, mark), text)
  return row as Row
}

/** The canonical JSON of the event of `row`: what `toRow` was given, byte for byte. Throws `ARCHIVE_DAMAGED` when a hole can't be filled. */
export function eventText(row: Row): string {
  return row.event.replace(HOLE, (character) => {
    const column = holes.get(character)
    const value = column === undefined ? null : row[column.name]
    if (column === undefined || value === null) {
      throw new RouterError(
        'ARCHIVE_DAMAGED',
        `The event of leaf ${row.leaf} has a hole that no column of its row fills.`,
      )
    }
    return textOf(column.type, value)
  })
}
