import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Column, columns } from '../archive/columns.ts'
import { eventsOf, parseEventsFile } from '../archive/names.ts'
import { type Range, type Ranges, union } from '../archive/ranges.ts'
import type { Row } from '../archive/row.ts'
import { type Aws, AwsError, call } from '../aws.ts'
import { RouterError } from '../errors.ts'
import type { Location } from '../locations.ts'
import type { Store } from '../stores/store.ts'
import { type DayRuns, type Listed, listedOf } from './days.ts'
import { type BucketCount, type Damaged, type Engine, type Found, tooLong, type ValueCount } from './engine.ts'
import { common, gapsIn } from './missing.ts'
import {
  boundsStatement,
  countsStatement,
  type Days,
  type Dialect,
  leavesStatement,
  pageStatement,
  runsStatement,
  type Scope,
  wholeRow,
} from './query.ts'
import { any, type Fragment, type Parameter, sql, text } from './sql.ts'
import { QuotingError } from './unsaid.ts'

// Amazon Athena over the archives of one AWS region: the same files in the same layout, as the table `archive` of deploy/template.

/** Where the table is, and who pays. */
export interface AthenaOptions extends Aws {
  region: string
  database: string
  workGroup: string
  /** Most milliseconds of a call, of which a statement takes several. */
  timeout: number
  /** The archive of a location. */
  store(location: Location): Pick<Store, 'list'>
}

/** The names of the database and of the work group of a stage, which the template gives them. */
export const athenaNames = (stage: string): { database: string; workGroup: string } => ({
  database: `registry_events_${stage.toLowerCase().replaceAll('-', '_')}`,
  workGroup: `registry-events-${stage}`,
})

/**
 * A value as Athena wants its execution parameters: a literal of SQL, which a text becomes by quotes around it and each quote in it twice. There is
 * no other escape in Athena's literals.
 */
export const literalOf = (parameter: Parameter): string =>
  typeof parameter === 'string' ? `'${parameter.replaceAll("'", "''")}'` : String(parameter)

// The lowest leaf, and of two files that hold it while they are merged the one whose name comes first.
const COPY = `lpad(CAST(leaf AS VARCHAR), 15, '0') || "$path"`

const milliseconds = (column: string): Fragment => text(`CAST(round(to_unixtime(${column}) * 1000) AS BIGINT)`)

/** The JSON of an event in small letters: its column with the holes filled. */
const WHOLE = (columns as readonly Column[]).reduce((inner, { name, type, hole }) => {
  if (hole === undefined) return inner
  const time = `(substr(date_format(${name}, '%Y-%m-%dT%H:%i:%s.%f'), 1, 22) || '+0000')`
  return `replace(${inner}, chr(${hole}), coalesce(${type === 'TIMESTAMP' ? time : name}, ''))`
}, 'event')

/** The JSON is put together once, however many `values` are looked for in it: a list of one gives it a name. */
const says = (values: readonly string[]): Fragment =>
  sql`any_match(ARRAY[lower(${text(WHOLE)})], whole -> ${any(values.map((value) => sql`strpos(whole, lower(${value})) > 0`))})`

/**
 * Athena's way to write statements, over all files but those `without`, and over `days` alone: it looks into a folder for each day that a statement
 * leaves open, whether or not there is one.
 */
export function athenaDialect(days: DayRuns, without: readonly string[] = []): Dialect {
  const within = days.map(([first, last]) => `day BETWEEN '${first}' AND '${last}'`).join(' OR ')
  const others = ` AND (${within || 'FALSE'})${without.map((name) => ` AND "$path" NOT LIKE '%/${name}'`).join('')}`
  const archived = `(SELECT *, "$path" AS path FROM archive WHERE TRUE${others})`
  /** The copy of each event that counts, among those of `days`: without a limit it would have to read the ids of all there are. */
  const copies = ({ first, last }: Days): string => {
    const since = first === undefined ? '' : ` AND day >= '${first}'`
    const until = last === undefined ? '' : ` AND day <= '${last}'`
    return `(SELECT location AS place, id AS copied, min(${COPY}) AS copy FROM archive WHERE TRUE${since}${until}${others} GROUP BY location, id)`
  }
  return {
    name: 'athena',
    all: text(archived),
    events: (days) =>
      text(
        `(SELECT * FROM ${archived} AS archived JOIN ${copies(days)} AS copies ON place = location AND copied = id AND copy = ${COPY.replace('"$path"', 'path')})`,
      ),
    page: wholeRow({ milliseconds }),
    says,
    milliseconds,
    addressKey: (column) => text(`to_hex(CAST(TRY_CAST(${column} AS IPADDRESS) AS VARBINARY))`),
  }
}

/** A row of an answer: a text for each column, nothing for NULL. */
type Cells = Record<string, string | undefined>

interface Results {
  NextToken?: string
  ResultSet?: {
    Rows?: { Data?: { VarCharValue?: string }[] }[]
    ResultSetMetadata?: { ColumnInfo?: { Name: string }[] }
  }
}

const readers = {
  INT64: Number,
  TIMESTAMP: Number,
  STRING: (cell: string) => cell,
  BOOLEAN: (cell: string) => cell === 'true',
} as const

function foundOf(cells: Cells): Found {
  const row = columns.map(({ name, type }) => {
    const cell = cells[name]
    return [name, cell === undefined ? null : readers[type](cell)]
  })
  return { location: cells.location as Location, row: Object.fromEntries(row) as Row }
}

/** What Athena says when it can't read a file of the archive: the file. */
function fileIn(reason: string): Damaged | undefined {
  const [name = ''] = /events\/location=[\w-]+\/day=[\d-]+\/[\w-]+\.parquet/.exec(reason) ?? []
  const file = parseEventsFile(name)
  return file && { location: file.location as Location, file: name, why: 'Athena can not read it.' }
}

/** The files of a location, and when they were listed. */
interface Looked extends Listed {
  at: number
}

/** Milliseconds between two looks at a statement: twice as long each time. */
const FIRST_LOOK = 100
const LAST_LOOK = 1000
/** For so long it is believed that no file has gone. */
const LISTED_MILLISECONDS = 60_000
/** Files that are left out for one question, one after the other. */
const MOST_DAMAGED = 5

/** Most characters of a value as a literal, and most bytes of a statement: Athena's own limits. */
const MOST_LITERAL = 1024
const MOST_STATEMENT = 262_144

/** `fragment` as Athena takes it. Throws `BAD_QUERY` when a value or all of it is longer than that. */
function written({ sql: QueryString, parameters }: Fragment): { QueryString: string; ExecutionParameters: string[] } {
  const ExecutionParameters = parameters.map(literalOf)
  const longest = Math.max(0, ...ExecutionParameters.map((literal) => literal.length))
  if (longest > MOST_LITERAL) {
    throw new RouterError(
      'BAD_QUERY',
      `A value has ${longest} characters with the quotes around it, each quote in it counted twice: Athena takes ${MOST_LITERAL} at most.`,
    )
  }
  const bytes = Buffer.byteLength(QueryString)
  if (bytes > MOST_STATEMENT) {
    throw new RouterError(
      'BAD_QUERY',
      `The query makes a statement of ${bytes} bytes, and Athena takes ${MOST_STATEMENT}: ask with fewer values.`,
    )
  }
  return { QueryString, ExecutionParameters }
}

/** The leaves that were found below `size`, in the files of these names. */
interface Checked {
  size: number
  names: ReadonlySet<string>
  present: Ranges
}

/** Athena in one AWS region. */
export function athena(options: AthenaOptions): Engine {
  const { region, database, workGroup, timeout, store } = options
  const listings = new Map<Location, Promise<Looked>>()
  const checks = new Map<Location, Promise<Checked>>()

  async function ask(operation: string, input: object): Promise<Record<string, unknown>> {
    try {
      return await call(options, 'athena', region, `AmazonAthena.${operation}`, input, timeout)
    } catch (cause) {
      const why = cause instanceof AwsError ? `${cause.code} ${cause.message}` : (cause as Error).message
      const failed = `${operation} of Athena in ${region} failed`
      const logged = `${failed}: ${cause instanceof AwsError ? cause.code : (cause as Error).name}.`
      throw new QuotingError('UNAVAILABLE', `${failed}: ${why}`, logged, { cause })
    }
  }

  /** Resolves when the statement has its rows; to the reason when it failed. */
  async function settled(QueryExecutionId: unknown, signal: AbortSignal): Promise<string | undefined> {
    for (let pause = FIRST_LOOK; ; pause = Math.min(LAST_LOOK, pause * 2)) {
      const { QueryExecution } = await ask('GetQueryExecution', { QueryExecutionId })
      const { State, StateChangeReason } =
        (QueryExecution as { Status?: { State?: string; StateChangeReason?: string } })?.Status ?? {}
      if (State === 'SUCCEEDED') return undefined
      if (State === 'FAILED' || State === 'CANCELLED') return StateChangeReason ?? State
      await wait(pause, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) {
        await ask('StopQueryExecution', { QueryExecutionId })
        throw tooLong()
      }
    }
  }

  async function read(QueryExecutionId: unknown): Promise<Cells[]> {
    const rows: Cells[] = []
    let NextToken: string | undefined
    do {
      const page = (await ask('GetQueryResults', { QueryExecutionId, ...(NextToken ? { NextToken } : {}) })) as Results
      const names = page.ResultSet?.ResultSetMetadata?.ColumnInfo?.map(({ Name }) => Name) ?? []
      const read = page.ResultSet?.Rows ?? []
      // The first row of the first page holds the names.
      for (const { Data = [] } of NextToken === undefined ? read.slice(1) : read) {
        rows.push(Object.fromEntries(names.map((name, index) => [name, Data[index]?.VarCharValue])))
      }
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    return rows
  }

  async function list({ location, size }: Scope): Promise<Looked> {
    const names: string[] = []
    for await (const { name } of store(location).list(eventsOf(location))) names.push(name)
    return { ...listedOf(location, size, names), at: performance.now() }
  }

  /** The files of a location, listed anew when its log has grown, and every minute: files may have gone. */
  function listing(scope: Scope): Promise<Looked> {
    const { location, size } = scope
    const anew = () => list(scope)
    const before = listings.get(location) ?? Promise.reject()
    const isOld = (known: Looked) => known.size < size || performance.now() - known.at > LISTED_MILLISECONDS
    const made = before.then((known) => (isOld(known) ? anew() : known), anew)
    listings.set(location, made)
    return made
  }

  /** The rows of a statement, or the reason for which it failed. */
  async function execute(fragment: Fragment, signal: AbortSignal): Promise<{ rows?: Cells[]; reason?: string }> {
    const statement = written(fragment)
    if (signal.aborted) throw tooLong()
    const { QueryExecutionId } = await ask('StartQueryExecution', {
      ...statement,
      QueryExecutionContext: { Database: database },
      WorkGroup: workGroup,
      ClientRequestToken: randomUUID(),
    })
    const reason = await settled(QueryExecutionId, signal)
    return reason === undefined ? { rows: await read(QueryExecutionId) } : { reason }
  }

  /** The rows of what `make` makes; without files that can't be read, which are named. */
  async function run(
    scopes: readonly Scope[],
    signal: AbortSignal,
    make: (dialect: Dialect) => Fragment,
  ): Promise<{ rows: Cells[]; damaged: Damaged[] }> {
    const listed = await Promise.all(scopes.map(listing))
    const days = listed.flatMap((one) => one.days)
    const unseen = listed.flatMap((one) => one.damaged)
    const damaged: Damaged[] = []
    // Without a checkpoint or a file there is nothing to look for.
    if (days.length === 0) return { rows: [], damaged: unseen }
    for (;;) {
      const without = damaged.map(({ file }) => file)
      const { rows, reason = '' } = await execute(make(athenaDialect(days, without)), signal)
      if (rows) return { rows, damaged: [...unseen, ...damaged] }
      const file = fileIn(reason)
      if (!file || without.includes(file.file)) {
        const logged = `Athena in ${region}: ${/^[A-Z_]+\b/.exec(reason)?.[0] ?? 'it failed'}.`
        throw new QuotingError('UNAVAILABLE', `Athena in ${region}: ${reason}`, logged)
      }
      if (damaged.length === MOST_DAMAGED)
        throw new RouterError('ARCHIVE_DAMAGED', `${file.location}: ${file.file}, and ${MOST_DAMAGED} more files.`)
      damaged.push(file)
    }
  }

  /** Looks which leaves there are; while no file has gone, only for those that were not there before. */
  async function check(scope: Scope, before: Checked | undefined, signal: AbortSignal): Promise<Checked> {
    const { location, size } = scope
    const { names } = await listing(scope)
    const known = before?.names.isSubsetOf(names) ? before : { size: 0, present: [] }
    if (known.size >= size) return { ...known, names }
    const { rows } = await run([scope], signal, (dialect) =>
      runsStatement({ location, from: known.size, size }, dialect),
    )
    const found = rows.map(({ begins, ends }): Range => [Number(begins), Number(ends)])
    return { size, names, present: union([...known.present, ...found]) }
  }

  function checked(scope: Scope, signal: AbortSignal): Promise<Checked> {
    const before = checks.get(scope.location)?.catch(() => undefined)
    const made = Promise.resolve(before).then((known) => check(scope, known, signal))
    checks.set(scope.location, made)
    return made
  }

  /** The rows of a question; meanwhile it is looked which leaves there are, so that nobody waits for that. */
  async function over(
    scopes: readonly Scope[],
    signal: AbortSignal,
    make: (dialect: Dialect) => Fragment,
  ): Promise<{ rows: Cells[]; damaged: Damaged[] }> {
    const looking = scopes.map((scope) => checked(scope, signal).catch(() => undefined))
    const answer = await run(scopes, signal, make)
    await Promise.all(looking)
    return answer
  }

  return {
    async page(query, signal) {
      const { rows, damaged } = await over(query.scopes, signal, (dialect) => pageStatement(query, dialect))
      return { found: rows.map(foundOf), damaged }
    },
    async bounds(filter, scopes, signal) {
      const { rows } = await run(scopes, signal, (dialect) => boundsStatement(filter, scopes, dialect))
      const { total = 0, first, last } = rows[0] ?? {}
      const time = (cell: string | undefined) => (cell === undefined ? null : Number(cell))
      return { total: Number(total), first: time(first), last: time(last) }
    },
    async counts(query, signal) {
      const { rows, damaged } = await over(query.scopes, signal, (dialect) => countsStatement(query, dialect))
      const parts = Map.groupBy(rows, ({ part }) => Number(part))
      const values = (part: number): ValueCount[] =>
        (parts.get(part) ?? []).map(({ value = '', n }) => ({ value, count: Number(n) }))
      const buckets = (parts.get(0) ?? []).map(
        ({ bucket, n, failures }): BucketCount => ({
          time: Number(bucket) * query.interval,
          count: Number(n),
          failures: Number(failures),
        }),
      )
      return { by: query.by.map((_, index) => values(index + 1)), buckets, damaged }
    },
    async leaves(scope, signal) {
      const { rows, damaged } = await run([scope], signal, (dialect) => leavesStatement(scope, dialect))
      const byLeaf = new Map(rows.map(foundOf).map((found) => [found.row.leaf, found]))
      return { found: [...byLeaf.values()], damaged }
    },
    async missing(scope, signal) {
      if (scope.from >= scope.size) return []
      const { present } = await checked(scope, signal)
      return common(gapsIn(present, 0, scope.size), [[scope.from, scope.size - 1]])
    },
    renew(location) {
      listings.delete(location)
      checks.delete(location)
    },
  }
}
