import { join as joinPath } from 'node:path'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { columns } from '../archive/columns.ts'
import { eventsOf, parseEventsFile } from '../archive/names.ts'
import type { Ranges } from '../archive/ranges.ts'
import type { Row } from '../archive/row.ts'
import { RouterError } from '../errors.ts'
import type { Location } from '../locations.ts'
import type { Store } from '../stores/store.ts'
import { type Copies, copies } from './copies.ts'
import { type Damaged, type Engine, type Found, tooLong, type ValueCount } from './engine.ts'
import { examiner } from './examine.ts'
import type { Filter } from './filter.ts'
import { type LocalFile, literal, rowsOf } from './local.ts'
import { common, gapsIn } from './missing.ts'
import {
  boundsStatement,
  countsStatement,
  type Dialect,
  dayOf,
  leavesStatement,
  type PageQuery,
  pageStatement,
  rowsStatement,
  type Scope,
} from './query.ts'
import { says } from './says.ts'
import { type Fragment, type Parameter, text } from './sql.ts'

// DuckDB over the files of archives that lie on this machine: the only importer of DuckDB, which loads when the first question comes.

/** Where the archives are: that of a location in the folder of its name in `root`. */
export interface Folders {
  root: string
  store(location: Location): Pick<Store, 'list'>
}

const OCTET = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const V4 = `${OCTET}(\\.${OCTET}){3}`
/** A byte of an IPv4 address as two hexadecimal digits. */
const octets = [1, 2, 3, 4].map((place) => `CAST(split_part(a, '.', ${place}) AS INTEGER)`).join(', ')

/** Functions that its statements need. A list of one with a lambda is a name for a value: a macro's own parameters are pasted wherever they stand. */
export const MACROS = [
  `CREATE MACRO v4_key(a) AS printf('%02X%02X%02X%02X', ${octets})`,
  `CREATE MACRO v6_groups(a) AS list_filter(string_split(a, ':'), lambda g: g <> '')`,
  // The groups before and behind the two colons, zeros between them, an IPv4 address at the end as two groups.
  `CREATE MACRO v6_key(a) AS list_transform([regexp_extract(a, '[^:]*$')], lambda last: list_transform([
    CASE WHEN contains(last, '.') THEN left(a, length(a) - length(last)) || left(v4_key(last), 4) || ':' || right(v4_key(last), 4) ELSE a END
  ], lambda plain: list_transform([len(v6_groups(plain))], lambda n:
    CASE WHEN n = 8 OR (n < 8 AND contains(plain, '::')) THEN array_to_string(list_transform(
      v6_groups(split_part(plain, '::', 1)) || repeat(['0'], 8 - n) || v6_groups(split_part(plain, '::', 2)),
      lambda g: lpad(upper(g), 4, '0')), '') END
  )[1])[1])[1]`,
  `CREATE MACRO address_key(a) AS CASE
    WHEN regexp_full_match(a, '${V4}') THEN '00000000000000000000FFFF' || v4_key(a)
    WHEN NOT contains(a, ':::') AND regexp_full_match(a, '(([0-9a-fA-F]{1,4})?:)+(${V4}|[0-9a-fA-F]{0,4})') THEN v6_key(a) END`,
]

/** DuckDB's way to write statements, over `events`: a relation that has every event once, and `every`: one that has all copies. */
export const dialectOf = (events: string, every = events): Dialect => ({
  name: 'duckdb',
  all: text(every),
  events: () => text(events),
  page: text('location, leaf, filename'),
  says,
  milliseconds: (column) => text(`epoch_ms(${column})`),
  addressKey: (column) => text(`address_key(${column})`),
})

/** What is known of the files of a location: made after its log had `size` leaves. */
interface Listing {
  size: number
  files: readonly LocalFile[]
  damaged: readonly Damaged[]
  /** The leaves below `size` that are in none of the files. */
  missing: Ranges
  /** It turned out to be wrong, or may be. */
  stale: boolean
}

const NO_FILTER: Filter = { conditions: [], locations: { not: [] }, after: new Map() }

/** How often a question is asked again because files went away under it: compaction and retention remove them. */
const ATTEMPTS = 4

const numberOf = (value: unknown): number => Number(value)

/** A whole number as what leaves are: compared with a fraction, no group of rows could be passed over. */
const bound = (parameter: Parameter): Parameter | bigint =>
  typeof parameter === 'number' ? BigInt(parameter) : parameter

/** Where a row is: `location`, `leaf`, `filename`. */
type Place = Record<string, unknown>

const pathsOf = (files: readonly LocalFile[]): string[] => files.map(({ path }) => path)

/** What tells one state of the files from another. */
const stateOf = (listed: readonly Listing[]): string =>
  listed.flatMap(({ files }) => files.map(({ path, mark }) => `${path} ${mark}`)).join()

/** Events that are looked through at first, at least; each time twice as many. */
const FIRST_PART = 250_000

/** `files`, which are in the order of their days, in parts of whole days. */
function partsOf(files: readonly LocalFile[]): LocalFile[][] {
  const parts: LocalFile[][] = []
  let [part, events, most]: [LocalFile[], number, number] = [[], 0, FIRST_PART]
  for (const file of files) {
    if (events >= most && part.at(-1)?.day !== file.day) {
      parts.push(part)
      ;[part, events, most] = [[], 0, most * 2]
    }
    part.push(file)
    events += file.count
  }
  return [...parts, part]
}

const byDay = (one: LocalFile, other: LocalFile): number =>
  one.day === other.day ? one.first - other.first : one.day < other.day ? -1 : 1

/** Files that may hold events of the question, in the order of their days. */
function neededOf(listed: readonly Listing[], { from, to }: Filter, scopes: readonly Scope[]): LocalFile[] {
  const sizes = new Map<string, number>(scopes.map(({ location, size }) => [location, size]))
  const isNeeded = ({ location, first, day }: LocalFile): boolean =>
    first < (sizes.get(location) ?? 0) &&
    (from === undefined || day >= dayOf(from)) &&
    (to === undefined || day <= dayOf(to))
  return listed
    .flatMap(({ files }) => files)
    .filter(isNeeded)
    .sort(byDay)
}

/** A row as DuckDB hands it over: whole numbers as bigint. */
function foundOf(read: Readonly<Record<string, unknown>>): Found {
  const row = columns.map(({ name }) => {
    const value = read[name] ?? null
    return [name, typeof value === 'bigint' ? Number(value) : value]
  })
  return { location: read.location as Location, row: Object.fromEntries(row) as Row }
}

/** DuckDB with the functions that statements need. Whatever it is asked, it reads and writes nothing on this machine but what is in the folder `root`. */
export async function openInstance(root: string): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    temp_directory: '',
  })
  const connection = await instance.connect()
  const settings = [
    "SET TimeZone = 'UTC'",
    'SET parquet_metadata_cache = true',
    `SET allowed_directories = [${literal(`${root}/`)}]`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ]
  for (const statement of [...MACROS, ...settings]) await connection.run(statement)
  connection.closeSync()
  return instance
}

/** DuckDB over the archives in `folders`. */
export function duckdb(folders: Folders): Engine {
  let opened: Promise<{ instance: DuckDBInstance; known: Copies }> | undefined
  const listings = new Map<Location, Promise<Listing>>()
  async function open(): Promise<{ instance: DuckDBInstance; known: Copies }> {
    const instance = await openInstance(folders.root)
    return { instance, known: await copies(await instance.connect()) }
  }

  /** An attempt that failed is made again at the next question. */
  const database = (): NonNullable<typeof opened> => {
    opened ??= open().catch((error) => {
      opened = undefined
      throw error
    })
    return opened
  }

  async function run({ sql, parameters }: Fragment, signal?: AbortSignal): Promise<Record<string, unknown>[]> {
    const { instance } = await database()
    const connection: DuckDBConnection = await instance.connect()
    const stop = () => connection.interrupt()
    signal?.addEventListener('abort', stop)
    try {
      if (signal?.aborted) throw tooLong()
      return (await connection.runAndReadAll(sql, parameters.map(bound))).getRowObjects()
    } catch (error) {
      throw signal?.aborted ? tooLong(error) : error
    } finally {
      signal?.removeEventListener('abort', stop)
      connection.closeSync()
    }
  }

  const examined = examiner((statement) => run(text(statement)))

  /** Takes in that `files` are those of a location. When that fails, it is tried without those that can't be read, which are returned. */
  async function take(location: Location, files: readonly LocalFile[]): Promise<{ file: LocalFile; why: string }[]> {
    const { known } = await database()
    try {
      await known.update(location, files)
      return []
    } catch (error) {
      const bad: { file: LocalFile; why: string }[] = []
      for (const file of files) {
        const why = await examined.whole(file)
        if (why !== undefined) bad.push({ file, why })
      }
      if (bad.length === 0) throw error
      const isBad = new Set(bad.map(({ file }) => file))
      await known.update(
        location,
        files.filter((file) => !isBad.has(file)),
      )
      return bad
    }
  }

  async function list(location: Location, size: number): Promise<Listing> {
    const all: LocalFile[] = []
    const damaged: Damaged[] = []
    for await (const { name, size: bytes, modifiedAt } of folders.store(location).list(eventsOf(location))) {
      const parsed = parseEventsFile(name)
      if (parsed?.location !== location) continue
      const path = joinPath(folders.root, location, name)
      const file: LocalFile = { ...parsed, location, name, path, mark: `${bytes} ${modifiedAt}` }
      const why = await examined.first(file)
      if (why === undefined) all.push(file)
      else damaged.push({ location, file: name, why })
    }
    const bad = await take(location, all)
    damaged.push(...bad.map(({ file, why }) => ({ location, file: file.name, why })))
    const files = all.filter((file) => !bad.some((one) => one.file === file))
    const { known } = await database()
    return { size, files, damaged, missing: gapsIn(known.leaves(location), 0, size), stale: false }
  }

  /** What is damaged may have been put back; only files that have changed are read for that. */
  const isOutdated = (known: Listing, size: number): boolean =>
    known.stale || known.size < size || known.damaged.length > 0

  /** The files of a location, looked up anew when its log has grown: only then there are further events. One look after the other. */
  function listing({ location, size }: Scope, isNew = false): Promise<Listing> {
    const anew = () => list(location, size)
    const before = listings.get(location) ?? Promise.reject()
    const made = before.then((known) => (isNew || isOutdated(known, size) ? anew() : known), anew)
    listings.set(location, made)
    return made
  }

  /** Does `work` with the files that are there; again when they went away meanwhile or turn out to be damaged. */
  async function over<Answer>(
    filter: Filter,
    scopes: readonly Scope[],
    work: (files: readonly LocalFile[], known: Copies) => Promise<Answer>,
    none: Answer,
  ): Promise<{ answer: Answer; damaged: Damaged[] }> {
    const answered = async (listed: readonly Listing[]): Promise<{ answer: Answer; damaged: Damaged[] }> => {
      const needed = neededOf(listed, filter, scopes)
      const answer = needed.length === 0 ? none : await work(needed, (await database()).known)
      return { answer, damaged: listed.flatMap((one) => one.damaged) }
    }
    return again(scopes, answered)
  }

  /** Does `work` until it succeeds, or fails with files that are what they should be; `tried` were used before, when that ended in `failure`. */
  async function again<Answer>(
    scopes: readonly Scope[],
    work: (listed: readonly Listing[]) => Promise<Answer>,
    attempt = 1,
    tried?: string,
    failure?: unknown,
  ): Promise<Answer> {
    let listed: Listing[] | undefined
    try {
      listed = await listedBut(tried, scopes)
      if (listed) return await work(listed)
    } catch (error) {
      if (error instanceof RouterError || attempt === ATTEMPTS) throw error
      for (const one of listed ?? []) one.stale = true
      return again(scopes, work, attempt + 1, listed ? stateOf(listed) : tried, error)
    }
    throw failure
  }

  /** The files that are there; `undefined` when they are still those that were `tried`, and none of them is other than it looks. */
  async function listedBut(tried: string | undefined, scopes: readonly Scope[]): Promise<Listing[] | undefined> {
    const listed = await Promise.all(scopes.map((scope) => listing(scope)))
    if (stateOf(listed) !== tried) return listed
    return (await isAnyBad(listed)) ? Promise.all(scopes.map((scope) => listing(scope, true))) : undefined
  }

  async function isAnyBad(listed: readonly Listing[]): Promise<boolean> {
    let isBad = false
    for (const file of listed.flatMap((one) => one.files)) {
      if ((await examined.whole(file)) !== undefined) isBad = true
    }
    return isBad
  }

  /** The places of a page, in its order. Of a page by time days are looked through until it is full: no other day can change it. */
  async function placesOf(
    query: PageQuery,
    files: readonly LocalFile[],
    known: Copies,
    signal: AbortSignal,
  ): Promise<Place[]> {
    const { sort, limit } = query
    const parts = sort.by === 'time' ? partsOf(sort.descending ? files.toReversed() : files) : [files]
    const places: Place[] = []
    for (const part of parts) {
      const statement = pageStatement({ ...query, limit: limit - places.length }, dialectOf(known.once(pathsOf(part))))
      places.push(...(await run(statement, signal)))
      if (places.length >= limit) break
    }
    return places
  }

  /** Whole rows for `places`: only the files that hold them are read for it. */
  async function rowsAt(places: readonly Place[], known: Copies, signal: AbortSignal): Promise<Found[]> {
    const paths = [...new Set(places.map(({ filename }) => String(filename)))]
    const leaves = new Map(
      [...Map.groupBy(places, ({ location }) => String(location))].map(([location, some]) => [
        location,
        some.map(({ leaf }) => Number(leaf)),
      ]),
    )
    const read = await run(rowsStatement(leaves, dialectOf(known.once(paths))), signal)
    const rows = new Map(read.map((row) => [`${row.location} ${row.leaf}`, row]))
    return places.map(({ location, leaf }) => foundOf(rows.get(`${location} ${leaf}`) as Place))
  }

  /** Every copy of the events of these leaves. */
  async function allAt(scope: Scope, files: readonly LocalFile[], signal: AbortSignal): Promise<Found[]> {
    const read = await run(leavesStatement(scope, dialectOf(rowsOf(pathsOf(files)))), signal)
    return [...new Map(read.map(foundOf).map((found) => [found.row.leaf, found])).values()]
  }

  return {
    async leaves(scope, signal) {
      const { answer, damaged } = await over<Found[]>(NO_FILTER, [scope], (files) => allAt(scope, files, signal), [])
      return { found: answer, damaged }
    },
    async page(query, signal) {
      const work = async (files: readonly LocalFile[], known: Copies) => {
        const places = await placesOf(query, files, known, signal)
        return places.length === 0 ? [] : rowsAt(places, known, signal)
      }
      const { answer, damaged } = await over<Found[]>(query.filter, query.scopes, work, [])
      return { found: answer, damaged }
    },
    async bounds(filter, scopes, signal) {
      const work = async (files: readonly LocalFile[], known: Copies) => {
        const [row] = await run(boundsStatement(filter, scopes, dialectOf(known.once(pathsOf(files)))), signal)
        const { total = 0, first, last } = row ?? {}
        const time = (value: unknown) => (value === null || value === undefined ? null : numberOf(value))
        return { total: numberOf(total), first: time(first), last: time(last) }
      }
      const none: Awaited<ReturnType<Engine['bounds']>> = { total: 0, first: null, last: null }
      return (await over(filter, scopes, work, none)).answer
    },
    async counts(query, signal) {
      const { filter, scopes, by, interval } = query
      const work = async (files: readonly LocalFile[], known: Copies) =>
        run(countsStatement(query, dialectOf(known.once(pathsOf(files)))), signal)
      const { answer, damaged } = await over<Record<string, unknown>[]>(filter, scopes, work, [])
      const parts = Map.groupBy(answer, ({ part }) => numberOf(part))
      const values = (part: number): ValueCount[] =>
        (parts.get(part) ?? []).map(({ value, n }) => ({ value: String(value), count: numberOf(n) }))
      const buckets = (parts.get(0) ?? []).map(({ bucket, n, failures }) => ({
        time: numberOf(bucket) * interval,
        count: numberOf(n),
        failures: numberOf(failures),
      }))
      return { by: by.map((_, index) => values(index + 1)), buckets, damaged }
    },
    async missing(scope) {
      if (scope.from >= scope.size) return []
      const { missing } = await listing(scope)
      return common(missing, [[scope.from, scope.size - 1]])
    },
    renew(location) {
      const made = listings.get(location)
      // One that failed is made anew anyway.
      made?.then(
        (known) => {
          known.stale = true
        },
        () => undefined,
      )
    },
  }
}
