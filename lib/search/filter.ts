import { actions } from '../actions.ts'
import { type Network, readNetwork, type Spelling, spellingOf } from '../address.ts'
import { RouterError } from '../errors.ts'
import { type Location, places } from '../locations.ts'
import { parseTime } from '../time.ts'
import {
  type CountName,
  countColumns,
  type FieldName,
  fields,
  type IntervalName,
  intervals,
  type Match,
  type SortName,
  sortColumns,
} from './fields.ts'
import { QuotingError } from './unsaid.ts'

// From the parameters of a request to a checked question (docs/search.md). Every mistake is told, all of them at once.

/** A value that is looked for, and how. */
export type Wanted =
  | { match: Exclude<Match, 'address' | 'network'>; value: string | boolean }
  | ({ match: 'address' } & Spelling)
  | ({ match: 'network' } & Network)

/** Events have to meet any of `wanted`; with `not` none of them. */
export interface Condition {
  field: FieldName
  not: boolean
  wanted: readonly Wanted[]
}

/** Which events. Times are milliseconds since 1970: from `from` on and before `to`. */
export interface Filter {
  from?: number
  to?: number
  conditions: readonly Condition[]
  /** Locations that were asked for, and that were ruled out. */
  locations: { only?: readonly Location[]; not: readonly Location[] }
  /** Leaves from which on a location is looked at. */
  after: ReadonlyMap<Location, number>
}

/** In which order events come; events that are equal in `by` come by time, location and leaf, in the same direction. */
export interface Sort {
  by: SortName
  descending: boolean
}

/** The forms of an answer. */
export const formatNames = ['json', 'ndjson', 'csv'] as const
export type AnswerFormat = (typeof formatNames)[number]

/** A question for events. */
export interface Question {
  filter: Filter
  sort: Sort
  limit: number
  cursor?: string
  format?: AnswerFormat
  proof: boolean
  /** Leaves out what is damaged instead of refusing, in forms that have no room to say so. */
  skipDamaged: boolean
}

/** A question for counts. Without an interval one is chosen. */
export interface CountQuestion {
  filter: Filter
  by: readonly CountName[]
  top: number
  interval?: IntervalName
}

/** Most bytes of a query string without its cursor. */
export const MOST_QUERY = 8 * 1024
/** Most bytes of a cursor: one is of 3,000 at most, unless the text that events are sorted by is long. */
const MOST_CURSOR = 8 * 1024
const MOST_CHARACTERS = 1024
const MOST_LIMIT = 1000
/** Texts that are looked for in whole events: all of each event is read for them. */
const MOST_WHOLE = 8
const PREFIX = 'container-registry.'

/** What a request said, parameter by parameter, and what is wrong with it so far. */
interface Reading {
  given: ReadonlyMap<string, readonly string[]>
  now: number
  complain(name: string, what: string): void
}

const quoted = (value: string): string => JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}...` : value)

const oneOf = (values: readonly string[]): string => `has to be one of ${values.join(', ')}`

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/

/** The one value of a parameter that may be given once. */
function single({ given, complain }: Reading, name: string): string | undefined {
  const values = given.get(name)
  if (values && values.length > 1) complain(name, 'may be given once')
  return values?.[0]
}

function choice<Value extends string>(
  reading: Reading,
  name: string,
  values: readonly Value[],
  fallback?: Value,
): Value | undefined {
  const value = single(reading, name)
  if (value === undefined) return fallback
  const known = values.find((allowed) => allowed === value)
  if (known === undefined) reading.complain(name, `${oneOf(values)}, not ${quoted(value)}`)
  return known ?? fallback
}

function number(reading: Reading, name: string, fallback: number, most: number): number {
  const value = single(reading, name)
  if (value === undefined) return fallback
  if (/^[1-9]\d{0,8}$/.test(value) && Number(value) <= most) return Number(value)
  reading.complain(name, `has to be a whole number from 1 to ${most}, not ${quoted(value)}`)
  return fallback
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

function readTime(value: string, now: number): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(value) ?? []
  return count === undefined ? parseTime(value) : now - Number(count) * (UNITS[unit] as number)
}

function time(reading: Reading, name: 'from' | 'to'): number | undefined {
  const value = single(reading, name)
  if (value === undefined) return undefined
  const read = readTime(value, reading.now)
  if (read === undefined) {
    reading.complain(
      name,
      `has to be a time like 2026-11-22T13:00:00Z, or how long ago like 15m, 24h or 7d, not ${quoted(value)}`,
    )
  }
  return read
}

function times(reading: Reading): Pick<Filter, 'from' | 'to'> {
  const [from, to] = [time(reading, 'from'), time(reading, 'to')]
  if (from !== undefined && to !== undefined && from >= to) reading.complain('to', 'has to be later than from')
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}

const isAction = (name: string): boolean => actions.some((row) => row.action === name)

/** `image.push` or the whole name, `image.*` for all that begin so; `undefined` for what no edition has. */
function readAction(value: string): Wanted | undefined {
  const whole = value.startsWith(PREFIX) ? value : `${PREFIX}${value}`
  if (!whole.endsWith('.*')) return isAction(whole) ? { match: 'equal', value: whole } : undefined
  const start = whole.slice(0, -1)
  return actions.some((row) => row.action.startsWith(start)) ? { match: 'prefix', value: start } : undefined
}

const families: readonly string[] = [...new Set(actions.map(({ family }) => family))].sort()

/** What is meant to be an address: numbers between points, or with colons. */
const NUMERIC = /^(?:[\d.]+|[\da-f.]*:[\da-f.:]*)$/i

/** Every value of a parameter is one that is looked for, but for those that stand for several. */
const readers: Partial<Record<FieldName, (value: string, complain: (what: string) => void) => readonly Wanted[]>> = {
  action(value, complain) {
    const read = readAction(value)
    if (!read)
      complain(`has to be an action like image.push, or image.* for all of them, which ${quoted(value)} is not`)
    return read ? [read] : []
  },
  family(value, complain) {
    if (!families.includes(value)) complain(`${oneOf(families)}, not ${quoted(value)}`)
    const names = new Set(actions.filter(({ family }) => family === value).map(({ action }) => action))
    return [...names].map((name) => ({ match: 'equal', value: name }))
  },
  dataEvent: (value) => [{ match: 'equal', value: value === 'true' }],
  address(value, complain) {
    if (!value.includes('/')) {
      const spelling = spellingOf(value)
      if (spelling) return [{ match: 'address', ...spelling }]
      // An event holds what its sender called an address: it may be a name.
      if (!NUMERIC.test(value)) return [{ match: 'equal', value }]
    }
    const network = readNetwork(value)
    if (!network) complain(`has to be an address, or a network like 192.0.2.0/24, which ${quoted(value)} is not`)
    return network ? [{ match: 'network', ...network }] : []
  },
}

function wantedOf(field: FieldName, value: string, complain: (what: string) => void): readonly Wanted[] {
  const row: { match: Match; values?: readonly string[] } = fields[field]
  if (row.values && !row.values.includes(value)) {
    complain(`${oneOf(row.values)}, not ${quoted(value)}`)
    return []
  }
  return readers[field]?.(value, complain) ?? [{ match: row.match as 'equal', value }]
}

function conditions({ given, complain }: Reading): Condition[] {
  const whole = (given.get('q')?.length ?? 0) + (given.get('q!')?.length ?? 0)
  if (whole > MOST_WHOLE) complain('q', `and "q!" may have ${MOST_WHOLE} values together, not ${whole}`)
  const names = Object.keys(fields) as FieldName[]
  return names.flatMap((field) =>
    [field, `${field}!`].flatMap((name) => {
      const values = given.get(name)
      if (!values) return []
      const wanted = values.flatMap((value) => wantedOf(field, value, (what) => complain(name, what)))
      return [{ field, not: name !== field, wanted }]
    }),
  )
}

const locationOf = (value: string): Location | undefined => places.find(({ location }) => location === value)?.location

function locations({ given, complain }: Reading): Filter['locations'] {
  const read = (name: string): readonly Location[] | undefined =>
    given.get(name)?.flatMap((value) => {
      const location = locationOf(value)
      if (!location) complain(name, `${oneOf(places.map((place) => place.location))}, not ${quoted(value)}`)
      return location ? [location] : []
    })
  const only = read('location')
  return { ...(only ? { only } : {}), not: read('location!') ?? [] }
}

function after(reading: Reading): Filter['after'] {
  const value = single(reading, 'after')
  const starts = new Map<Location, number>()
  for (const part of value?.split(',') ?? []) {
    const [, name = '', leaf] = /^([a-z-]+):(\d{1,12})$/.exec(part) ?? []
    const location = locationOf(name)
    if (location && !starts.has(location)) starts.set(location, Number(leaf))
    else
      reading.complain(
        'after',
        `has to be a list of leaves, one a location, like eu-de:1200,jp-tok:0, not ${quoted(value ?? '')}`,
      )
  }
  return starts
}

const readFilter = (reading: Reading): Filter => ({
  ...times(reading),
  conditions: conditions(reading),
  locations: locations(reading),
  after: after(reading),
})

const FILTERS: readonly string[] = [
  ...[...Object.keys(fields), 'location'].flatMap((name) => [name, `${name}!`]),
  'from',
  'to',
  'after',
]
const OF_EVENTS: readonly string[] = [...FILTERS, 'sort', 'limit', 'cursor', 'format', 'proof', 'damaged']
const OF_COUNTS: readonly string[] = [...FILTERS, 'by', 'top', 'interval']

/** Reads `query`, which may have the parameters `allowed`, with `make`. Throws `BAD_QUERY` that lists every mistake. */
function read<Made>(
  query: URLSearchParams,
  allowed: readonly string[],
  now: number,
  make: (reading: Reading) => Made,
): Made {
  const mistakes = new Set<string>()
  const mistaken = new Set<string>()
  const complain = (name: string, what: string): void => {
    mistakes.add(`${quoted(name)} ${what}`)
    mistaken.add(allowed.includes(name) ? name : 'what is no parameter')
  }
  const given = new Map<string, string[]>()
  for (const [name, value] of query) {
    const known = given.get(name)
    if (!allowed.includes(name)) complain(name, 'is no parameter')
    else if (value === '') complain(name, 'is empty')
    else if (value.length > MOST_CHARACTERS && name !== 'cursor')
      complain(name, `has more than ${MOST_CHARACTERS} characters`)
    else if (CONTROL.test(value)) complain(name, 'holds a control character')
    else if (known) known.push(value)
    else given.set(name, [value])
  }
  const made = make({ given, now, complain })
  if (mistakes.size > 0) {
    const said = `The query has ${mistakes.size} mistake(s)`
    const logged = `${said}, in: ${[...mistaken].join(', ')}.`
    throw new QuotingError('BAD_QUERY', `${said}: ${[...mistakes].join('; ')}.`, logged)
  }
  return made
}

/** The cursor of a query string as it stands there, with its name. */
const CURSOR = /(?:^|&)cursor=[^&]*/

/**
 * The parameters of a query string, without its `?`. Throws `QUERY_TOO_LARGE` before it is parsed when it is over 8 KiB without its cursor, or the
 * cursor is: what a first page was answered to is answered on its last page, too.
 */
export function parameters(query: string): URLSearchParams {
  const bytes = Buffer.byteLength(query)
  if (bytes > MOST_QUERY + MOST_CURSOR) throw new RouterError('QUERY_TOO_LARGE')
  const cursor = Buffer.byteLength(CURSOR.exec(query)?.[0] ?? '')
  if (cursor > MOST_CURSOR || bytes - cursor > MOST_QUERY) throw new RouterError('QUERY_TOO_LARGE')
  return new URLSearchParams(query)
}

const sortNames = (Object.keys(sortColumns) as SortName[]).flatMap((name) => [`-${name}`, name] as const)

function readSort(reading: Reading): Sort {
  const chosen = choice(reading, 'sort', sortNames, '-time') as string
  return { by: chosen.replace('-', '') as SortName, descending: chosen.startsWith('-') }
}

/** The question for events that `query` asks at `now` (milliseconds since 1970). Throws `BAD_QUERY` that lists every mistake. */
export const readQuestion = (query: URLSearchParams, now: number): Question =>
  read(query, OF_EVENTS, now, (reading) => {
    const cursor = single(reading, 'cursor')
    const format = choice(reading, 'format', formatNames)
    return {
      filter: readFilter(reading),
      sort: readSort(reading),
      limit: number(reading, 'limit', 100, MOST_LIMIT),
      ...(cursor === undefined ? {} : { cursor }),
      ...(format === undefined ? {} : { format }),
      proof: choice(reading, 'proof', ['true', 'false'], 'false') === 'true',
      skipDamaged: choice(reading, 'damaged', ['skip']) === 'skip',
    }
  })

const countNames = Object.keys(countColumns) as CountName[]

/** The question for counts that `query` asks at `now` (milliseconds since 1970). Throws `BAD_QUERY` that lists every mistake. */
export const readCountQuestion = (query: URLSearchParams, now: number): CountQuestion =>
  read(query, OF_COUNTS, now, (reading) => {
    const by = reading.given.get('by') ?? []
    for (const name of by.filter((given) => !countNames.includes(given as CountName))) {
      reading.complain('by', `${oneOf(countNames)}, not ${quoted(name)}`)
    }
    const interval = choice(reading, 'interval', Object.keys(intervals) as IntervalName[])
    return {
      filter: readFilter(reading),
      by: [...new Set(by as CountName[])],
      top: number(reading, 'top', 20, 100),
      ...(interval === undefined ? {} : { interval }),
    }
  })
