import { setTimeout as wait } from 'node:timers/promises'
import { columns } from '../archive/columns.ts'
import { parseEventsFile } from '../archive/names.ts'
import type { Row } from '../archive/row.ts'
import { type Aws, AwsError, call } from '../aws.ts'
import { RouterError } from '../errors.ts'
import type { Location } from '../locations.ts'
import type { BucketCount, Damaged, Engine, Found, ValueCount } from './engine.ts'
import {
  boundsStatement,
  countsStatement,
  type Days,
  type Dialect,
  leavesStatement,
  pageStatement,
  type Scope,
  wholeRow,
} from './query.ts'
import { type Fragment, type Parameter, sql, text } from './sql.ts'
import { QuotingError } from './unsaid.ts'

// Amazon Athena over the archives of one AWS region: the same files in the same layout, as the table `archive` of deploy/template.

/** Where the table is, and who pays. */
export interface AthenaOptions extends Aws {
  region: string
  database: string
  workGroup: string
  /** Most milliseconds of a statement. */
  timeout: number
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

/** Athena's way to write statements, over all files but those `without`. */
export function athenaDialect(without: readonly string[] = []): Dialect {
  const others = without.map((name) => ` AND "$path" NOT LIKE '%/${name}'`).join('')
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
    fill: (inner, code, value) => sql`replace(${inner}, chr(${text(String(code))}), ${value})`,
    written: (column) => text(`(substr(date_format(${column}, '%Y-%m-%dT%H:%i:%s.%f'), 1, 22) || '+0000')`),
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

/** Milliseconds between two looks at a statement: twice as long each time. */
const FIRST_LOOK = 100
const LAST_LOOK = 1000
/** Files that are left out for one question, one after the other. */
const MOST_DAMAGED = 5

/** Athena in one AWS region. */
export function athena(options: AthenaOptions): Engine {
  const { region, database, workGroup, timeout } = options

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
  async function settled(QueryExecutionId: unknown): Promise<string | undefined> {
    const end = performance.now() + timeout
    for (let pause = FIRST_LOOK; ; pause = Math.min(LAST_LOOK, pause * 2)) {
      const { QueryExecution } = await ask('GetQueryExecution', { QueryExecutionId })
      const { State, StateChangeReason } =
        (QueryExecution as { Status?: { State?: string; StateChangeReason?: string } })?.Status ?? {}
      if (State === 'SUCCEEDED') return undefined
      if (State === 'FAILED' || State === 'CANCELLED') return StateChangeReason ?? State
      if (performance.now() + pause > end) {
        await ask('StopQueryExecution', { QueryExecutionId })
        throw new RouterError('UNAVAILABLE', `Athena in ${region} did not answer within ${timeout} ms.`)
      }
      await wait(pause)
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

  /** The rows of what `make` makes; without files that can't be read, which are named. */
  async function run(make: (dialect: Dialect) => Fragment): Promise<{ rows: Cells[]; damaged: Damaged[] }> {
    const damaged: Damaged[] = []
    for (;;) {
      const { sql: QueryString, parameters } = make(athenaDialect(damaged.map(({ file }) => file)))
      const started = await ask('StartQueryExecution', {
        QueryString,
        ExecutionParameters: parameters.map(literalOf),
        QueryExecutionContext: { Database: database },
        WorkGroup: workGroup,
      })
      const reason = await settled(started.QueryExecutionId)
      if (reason === undefined) return { rows: await read(started.QueryExecutionId), damaged }
      const file = fileIn(reason)
      const isKnown = damaged.some((one) => one.file === file?.file)
      if (!file || isKnown) {
        const logged = `Athena in ${region}: ${/^[A-Z_]+\b/.exec(reason)?.[0] ?? 'it failed'}.`
        throw new QuotingError('UNAVAILABLE', `Athena in ${region}: ${reason}`, logged)
      }
      if (damaged.length === MOST_DAMAGED)
        throw new RouterError('ARCHIVE_DAMAGED', `${file.location}: ${file.file}, and ${MOST_DAMAGED} more files.`)
      damaged.push(file)
    }
  }

  /** Without a checkpoint there is nothing to look for. */
  const over = async (scopes: readonly Scope[], make: (dialect: Dialect) => Fragment) =>
    scopes.length === 0 ? { rows: [], damaged: [] } : run(make)

  return {
    async page(query) {
      const { rows, damaged } = await over(query.scopes, (dialect) => pageStatement(query, dialect))
      return { found: rows.map(foundOf), damaged }
    },
    async bounds(filter, scopes) {
      const { rows } = await over(scopes, (dialect) => boundsStatement(filter, scopes, dialect))
      const { total = 0, first, last } = rows[0] ?? {}
      const time = (cell: string | undefined) => (cell === undefined ? null : Number(cell))
      return { total: Number(total), first: time(first), last: time(last) }
    },
    async counts(query) {
      const { rows, damaged } = await over(query.scopes, (dialect) => countsStatement(query, dialect))
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
    async leaves(scope) {
      const { rows, damaged } = await run((dialect) => leavesStatement(scope, dialect))
      const byLeaf = new Map(rows.map(foundOf).map((found) => [found.row.leaf, found]))
      return { found: [...byLeaf.values()], damaged }
    },
  }
}
