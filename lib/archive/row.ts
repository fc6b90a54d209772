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

/** A column that is of the event: the object that its value is a member of, and the character that stands for it. */
interface Placed extends Pick<Column, 'type' | 'again'> {
  name: ColumnName
  /** Number of the object in `owners`. */
  owner: number
  member: string
  mark: string | undefined
}

/** The objects of an event whose members have columns: the member that each one is of another of them, those first; the event is the first. */
const owners: { owner: number; member: string }[] = [{ owner: -1, member: '' }]

/** The number of the object at `steps`. */
function ownerAt(steps: readonly string[]): number {
  const member = steps.at(-1)
  if (member === undefined) return 0
  const owner = ownerAt(steps.slice(0, -1))
  const known = owners.findIndex((one) => one.owner === owner && one.member === member)
  return known >= 0 ? known : owners.push({ owner, member }) - 1
}

/** In the order in which canonical JSON has their values. */
const placed: readonly Placed[] = columns
  .flatMap((column: Column) => (column.path === undefined ? [] : [{ ...column, steps: column.path.split('.') }]))
  .sort((one, other) => (one.steps.join('\0') < other.steps.join('\0') ? -1 : 1))
  .map(({ name, type, again = false, steps, hole }) => ({
    name: name as ColumnName,
    type,
    again,
    owner: ownerAt(steps.slice(0, -1)),
    member: steps.at(-1) as string,
    mark: hole === undefined ? undefined : String.fromCharCode(hole),
  }))

const holes: ReadonlyMap<string, Placed> = new Map(
  placed.flatMap((column) => (column.mark === undefined ? [] : [[column.mark, column]])),
)

/** A value of fewer characters is not worth a hole. */
const SHORTEST = 3
/** One of fewer characters is not worth looking for it all over the event. */
const LONG = 8

// What JSON would have to escape; lone surrogates are characters of their own with the flag `u`.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what JSON escapes
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/u
const BACKSLASH = '\\'
// biome-ignore lint/suspicious/noControlCharactersInRegex: holes are control characters
const HOLE = /[\u0000-\u001f]/g

/** A member that `value` has of itself; `undefined` when it is no object or has none. */
const memberOf = (value: unknown, member: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, member)
    ? (value as Record<string, unknown>)[member]
    : undefined

/** The objects of `event` that `owners` numbers. */
function ownersIn(event: unknown): unknown[] {
  const found = [event]
  for (let at = 1; at < owners.length; at++) {
    const { owner, member } = owners[at] as (typeof owners)[number]
    found.push(memberOf(found[owner], member))
  }
  return found
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

/** Whether `found`, whose column has `value`, is replaced; nothing of an event that `isPlain` is escaped. */
function isReplaceable(type: Column['type'], value: unknown, found: unknown, isPlain: boolean): found is string {
  if (typeof found !== 'string' || value === null || found.length < SHORTEST) return false
  if (!isPlain && ESCAPED.test(found)) return false
  return type !== 'TIMESTAMP' || formatTime(value as number) === found
}

/** Where the string `value` stands in JSON, from `from` on. */
function whereIs(text: string, value: string, from: number): number {
  for (let at = text.indexOf(value, from); at >= 0; at = text.indexOf(value, at + 1)) {
    if (text.charAt(at - 1) === '"' && text.charAt(at + value.length) === '"') return at
  }
  return -1
}

/** A row of nothing: with all members from the beginning, and in one order, it is quicker to fill and to read. */
const blank = (leaf: number, { routed, archived }: RowTimes): Row => ({
  leaf,
  id: null,
  time: null,
  action: null,
  outcome: null,
  severity: null,
  data_event: null,
  initiator_id: null,
  initiator_name: null,
  address: null,
  agent: null,
  target_id: null,
  target_name: null,
  registry: null,
  region: null,
  account: null,
  correlation_id: null,
  received_time: null,
  routed_time: routed,
  archived_time: archived,
  event: '',
})

/**
 * The row of the event whose canonical JSON is `text`, which is leaf `leaf`. `event` is what `text` says, when that was already read.
 * Throws a `SyntaxError` when `text` is not JSON.
 */
export function toRow(text: string, leaf: number, times: RowTimes, event: unknown = JSON.parse(text)): Row {
  const row = blank(leaf, times)
  const values: Record<string, unknown> = row
  const found = ownersIn(event)
  const long: [string, string][] = []
  const isPlain = !text.includes(BACKSLASH)
  let holed = ''
  let done = 0
  for (const { name, type, again, owner, member, mark } of placed) {
    const said = memberOf(found[owner], member)
    const value = columnValue(type, said)
    values[name] = value
    if (mark === undefined || !isReplaceable(type, value, said, isPlain)) continue
    // The values come in the order of the text, so nothing is looked at twice.
    const at = whereIs(text, said, done)
    if (at < 0) continue
    holed += text.slice(done, at) + mark
    done = at + said.length
    if (again && said.length >= LONG) long.push([said, mark])
  }
  holed += text.slice(done)
  // What the message says again, and whatever else does.
  for (const [value, mark] of long) if (holed.includes(value)) holed = holed.replaceAll(value, mark)
  row.event = holed
  return row
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
