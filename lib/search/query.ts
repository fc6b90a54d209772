import type { Spelling } from '../address.ts'
import { columns } from '../archive/columns.ts'
import type { Location } from '../locations.ts'
import { type CountName, countColumns, fields, type SortName, sortColumns } from './fields.ts'
import type { Condition, Filter, Sort, Wanted } from './filter.ts'
import { all, any, type Fragment, join, list, sql, text } from './sql.ts'

// The one query builder: a filter becomes a statement, whatever engine runs it. What engines write differently is a piece of their
// dialect. Every value is a parameter, and stands in a WHERE: Athena takes them nowhere else.

/** What engines write differently; `column` is always a name of this project's own. */
export interface Dialect {
  name: string
  /** Every row, as a relation: all copies of an event. */
  all: Fragment
  /**
   * Every event once, as a relation: of the copies of an event the one with the lowest leaf. An engine that has to look for copies anew with
   * every question may look at `days` alone.
   */
  events(days: Days): Fragment
  /** What is selected of the events of a page. */
  page: Fragment
  /** Whether the JSON of an event holds any of `values`, letters of either case. */
  says(values: readonly string[]): Fragment
  /** The milliseconds since 1970 of `column`, a whole number. */
  milliseconds(column: string): Fragment
  /** The address in `column` as 32 hexadecimal digits in capital letters, IPv4 as IPv6; NULL when it is none. */
  addressKey(column: string): Fragment
}

/** Days as they are written, `2026-11-22`; open where there is none. */
export interface Days {
  first?: string
  last?: string
}

/** The leaves of a location that are looked at: from `from` on, below `size`. */
export interface Scope {
  location: Location
  from: number
  size: number
}

/** What an event is sorted by: `value` unless that is the time. The place of an event in an order, and that of no other one. */
export interface Position {
  value?: string | number
  /** Milliseconds since 1970. */
  time: number
  location: string
  leaf: number
}

/** `milliseconds` since 1970 as a parameter. */
const timestamp = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace('T', ' ').replace('Z', '')

const asTime = (milliseconds: number): Fragment => sql`CAST(${timestamp(milliseconds)} AS TIMESTAMP)`

/** `column` is that address. Its key takes long to work out: that is done only for what may be the address in another spelling. */
function sameAddress(column: Fragment, { value, starts, tail, digits, key }: Spelling, addressKey: Fragment): Fragment {
  const begins = sql`substr(${column}, 1, 1) IN (${list(starts)})`
  const holds = sql`(strpos(${column}, ${tail}) > 0 OR replace(replace(lower(${column}), '0', ''), ':', '') = ${digits})`
  return sql`(${column} = ${value} OR (${begins} AND ${holds} AND ${addressKey} = ${key}))`
}

/** Whether the column of the archive meets `wanted`. */
function meets(column: string, wanted: Wanted, dialect: Dialect): Fragment {
  switch (wanted.match) {
    case 'prefix':
      return sql`starts_with(${text(column)}, ${wanted.value})`
    case 'contains':
      return sql`strpos(${text(column)}, ${wanted.value}) > 0`
    case 'address':
      return sameAddress(text(column), wanted, dialect.addressKey(column))
    case 'network':
      return sql`${dialect.addressKey(column)} BETWEEN ${wanted.first} AND ${wanted.last}`
    default:
      return sql`${text(column)} = ${wanted.value}`
  }
}

const isEqual = (wanted: Wanted): wanted is Wanted & { match: 'equal' } => wanted.match === 'equal'

function condition({ field, not, wanted }: Condition, dialect: Dialect): Fragment {
  const equal = wanted.filter(isEqual).map(({ value }) => value)
  const others = wanted.filter((one) => !isEqual(one))
  const whole = wanted.flatMap((one) => (one.match === 'whole' ? [String(one.value)] : []))
  const met = any([
    ...fields[field].columns.flatMap((column) => [
      ...(equal.length > 0 ? [sql`${text(column)} IN (${list(equal)})`] : []),
      ...others.map((one) => meets(column, one, dialect)),
    ]),
    ...(whole.length > 0 ? [dialect.says(whole)] : []),
  ])
  // What an event does not say is no value: it can't be what is left out.
  return not ? sql`NOT coalesce(${met}, FALSE)` : met
}

/** Years have four digits. */
const FIRST_DAY = Date.UTC(1000, 0, 1)
const LAST_DAY = Date.UTC(9999, 11, 31)

/** The day of `milliseconds` since 1970, in UTC. */
export const dayOf = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 10)

/** Days between copies of an event whose times differ: only of one whose sender said no time they do. */
const APART = 7 * 24 * 60 * 60 * 1000

/** The days on which copies of the events may be that `filter` is about. */
const daysOf = ({ from, to }: Filter): Days => ({
  ...(from === undefined ? {} : { first: dayOf(Math.max(from - APART, FIRST_DAY)) }),
  ...(to === undefined ? {} : { last: dayOf(Math.min(to + APART, LAST_DAY)) }),
})

/** The events below the sizes of their logs that are in the time and meet all conditions. */
function where({ from, to, conditions }: Filter, scopes: readonly Scope[], dialect: Dialect): Fragment[] {
  return [
    any(
      scopes.map(
        ({ location, from: first, size }) => sql`(location = ${location} AND leaf >= ${first} AND leaf < ${size})`,
      ),
    ),
    ...(from === undefined ? [] : [sql`day >= ${dayOf(from)}`, sql`time >= ${asTime(from)}`]),
    ...(to === undefined ? [] : [sql`day <= ${dayOf(to)}`, sql`time < ${asTime(to)}`]),
    ...conditions.map((one) => condition(one, dialect)),
  ]
}

const SEVERITIES = ['normal', 'warning', 'critical']

/** What `sort` sorts by: text, or a number; severities by their weight. */
function sortKey(by: SortName): Fragment {
  if (by === 'severity') return text("CASE severity WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END")
  return text(`coalesce(${sortColumns[by]}, '')`)
}

/** What an event is sorted by, read from its row: the `value` of its position. */
export function sortValue(by: SortName, row: Readonly<Record<string, unknown>>): string | number | undefined {
  if (by === 'time') return undefined
  const value = row[sortColumns[by]]
  return by === 'severity' ? Math.max(0, SEVERITIES.indexOf(String(value))) : String(value ?? '')
}

/** Keys of an order with the values of a position, the first one first. */
function keys(by: SortName, position: Position): [key: Fragment, value: Fragment][] {
  const { value = '', time, location, leaf } = position
  return [
    ...(by === 'time' ? [] : [[sortKey(by), sql`${value}`] as [Fragment, Fragment]]),
    [text('time'), asTime(time)],
    [text('location'), sql`${location}`],
    [text('leaf'), sql`${leaf}`],
  ]
}

/** Whatever comes behind `position`. */
function behind({ by, descending }: Sort, position: Position): Fragment {
  const sign = text(descending ? '<' : '>')
  const [first, ...rest] = keys(by, position) as [[Fragment, Fragment], ...[Fragment, Fragment][]]
  const further = (index: number): Fragment => {
    const [key, value] = rest[index] as [Fragment, Fragment]
    if (index === rest.length - 1) return sql`${key} ${sign} ${value}`
    return sql`(${key} ${sign} ${value} OR (${key} = ${value} AND ${further(index + 1)}))`
  }
  // The first part alone is what whole groups of rows are passed over by.
  const [key, value] = first
  return sql`(${key} ${sign}= ${value} AND (${key} ${sign} ${value} OR ${further(0)}))`
}

function order({ by, descending }: Sort): Fragment {
  const direction = text(descending ? ' DESC' : ' ASC')
  const own = by === 'time' ? [] : [sortKey(by)]
  const ordered = [...own, text('time'), text('location'), text('leaf')].map((key) => sql`${key}${direction}`)
  return join(ordered, ', ')
}

/** What a page is made of. */
export interface PageQuery {
  filter: Filter
  sort: Sort
  scopes: readonly Scope[]
  /** Where the page before ended. */
  behind?: Position
  limit: number
}

/** The statement whose rows are the events of a page, in order: what `dialect.page` says of each. */
export function pageStatement(
  { filter, sort, scopes, behind: position, limit }: PageQuery,
  dialect: Dialect,
): Fragment {
  const met = [...where(filter, scopes, dialect), ...(position ? [behind(sort, position)] : [])]
  return sql`SELECT ${dialect.page} FROM ${dialect.events(daysOf(filter))} AS events WHERE ${all(met)} ORDER BY ${order(sort)} LIMIT ${text(String(limit))}`
}

/** The statement whose rows are these leaves of their locations, whole; times are milliseconds since 1970. */
export function rowsStatement(leaves: ReadonlyMap<string, readonly number[]>, dialect: Dialect): Fragment {
  const places = [...leaves].map(([location, some]) => sql`(location = ${location} AND leaf IN (${list(some)}))`)
  return sql`SELECT ${wholeRow(dialect)} FROM ${dialect.events({})} AS events WHERE ${any(places)}`
}

/** The statement whose rows are all copies of the events of these leaves, by number. One that lies in two files comes twice. */
export const leavesStatement = ({ location, from, size }: Scope, dialect: Dialect): Fragment =>
  sql`SELECT ${wholeRow(dialect)} FROM ${dialect.all} AS archived WHERE location = ${location} AND leaf >= ${from} AND leaf < ${size} ORDER BY leaf`

/** Leaves whose runs are looked for at a time. */
const BLOCK = 1_000_000

/** The statement whose rows are the leaves of `scope` that are there, as runs of leaves that follow one another: `begins` and `ends`. */
export function runsStatement({ location, from, size }: Scope, dialect: Dialect): Fragment {
  const block = text(`CAST(floor(leaf / ${BLOCK}.0) AS BIGINT)`)
  const ranked = sql`SELECT leaf, ${block} AS part, leaf - dense_rank() OVER (PARTITION BY ${block} ORDER BY leaf) AS run FROM ${dialect.all} AS archived WHERE location = ${location} AND leaf >= ${from} AND leaf < ${size}`
  return sql`SELECT min(leaf) AS begins, max(leaf) AS ends FROM (${ranked}) AS ranked GROUP BY part, run`
}

/** The statement whose one row says how many events there are (`total`), and the milliseconds of the first and the last (`first`, `last`). */
export function boundsStatement(filter: Filter, scopes: readonly Scope[], dialect: Dialect): Fragment {
  const bound = (which: string) => text(`${which}(${dialect.milliseconds('time').sql})`)
  return sql`SELECT count(*) AS total, ${bound('min')} AS "first", ${bound('max')} AS "last" FROM ${dialect.events(daysOf(filter))} AS events WHERE ${all(where(filter, scopes, dialect))}`
}

/** Where an event is from, and all columns of its row. */
export const wholeRow = ({ milliseconds }: Pick<Dialect, 'milliseconds'>): Fragment =>
  join(
    [
      text('location'),
      ...columns.map(({ name, type }) =>
        type === 'TIMESTAMP' ? sql`${milliseconds(name)} AS ${text(name)}` : text(name),
      ),
    ],
    ', ',
  )

/** What is counted. */
export interface CountsQuery {
  filter: Filter
  scopes: readonly Scope[]
  by: readonly CountName[]
  /** Most values of each of `by`. */
  top: number
  /** Milliseconds of a bucket. */
  interval: number
}

/** What stands for no value: of a text, or of a bucket. */
const columnOf = (name: CountName): Fragment =>
  text(name === 'dataEvent' ? 'CAST(data_event AS VARCHAR)' : countColumns[name])

/**
 * The statement whose rows are counts: `part` 0 with `bucket` (the bucket's number since 1970), or the place of one of `by`, from 1 on, with `value`;
 * `count` of the events and `failures` among them. Of each of `by` the `top` most frequent values.
 */
export function countsStatement({ filter, scopes, by, top, interval }: CountsQuery, dialect: Dialect): Fragment {
  const bucket = text(`CAST(floor(${dialect.milliseconds('time').sql} / ${interval}.0) AS BIGINT)`)
  const values = by.map((name, index) => sql`${columnOf(name)} AS v${text(String(index))}`)
  const counted = sql`SELECT ${join([sql`${bucket} AS bucket`, text('outcome AS ended'), ...values], ', ')} FROM ${dialect.events(daysOf(filter))} AS events WHERE ${all(where(filter, scopes, dialect))}`
  const names = by.map((_, index) => text(`v${index}`))
  const sets = join([text('(bucket)'), ...names.map((name) => sql`(${name})`)], ', ')
  // In a row of one set the columns of all others are grouped away.
  const part = names.map((name, index) => sql`WHEN grouping(${name}) = 0 THEN ${text(String(index + 1))}`)
  const which = names.length > 0 ? sql`CASE ${join(part, ' ')} ELSE 0 END` : text('0')
  const value = names.length > 0 ? sql`coalesce(${join([...names, text("''")], ', ')})` : text("''")
  const grouped = sql`SELECT ${which} AS part, bucket, ${value} AS value, count(*) AS n, count(*) FILTER (WHERE ended = 'failure') AS failures FROM (${counted}) AS counted GROUP BY GROUPING SETS (${sets})`
  const ranked = sql`SELECT part, bucket, value, n, failures, row_number() OVER (PARTITION BY part ORDER BY n DESC, value) AS place FROM (${grouped}) AS grouped`
  return sql`SELECT part, bucket, value, n, failures FROM (${ranked}) AS ranked WHERE (part = 0 OR place <= ${top}) ORDER BY part, bucket, n DESC, value`
}
