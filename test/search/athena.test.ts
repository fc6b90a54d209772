import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { columns } from '../../lib/archive/columns.ts'
import { eventsFile } from '../../lib/archive/names.ts'
import { toRow } from '../../lib/archive/row.ts'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { athena, athenaNames } from '../../lib/search/athena.ts'
import { type Engine, TOO_LONG } from '../../lib/search/engine.ts'
import { readQuestion } from '../../lib/search/filter.ts'
import { sampleEvents } from '../archive.ts'
import { NOW } from '../now.ts'

// What Athena is asked, and what becomes of its answers, with a server on loopback that speaks its protocol.

type Cell = string | null
/** What the fake knows of a statement: how it ends, and its rows. */
interface Script {
  states?: string[]
  reason?: string
  names?: string[]
  rows?: Cell[][]
}

interface Asked {
  operation: string
  type: string
  input: Record<string, unknown>
}

let server: Server | undefined
const asked: Asked[] = []

/** Rows of a page of results. */
const PAGE = 2

/** What is said to a statement without a token: AWS's SDKs make one up by themselves, and nobody else does. */
const INVALID = {
  __type: 'InvalidRequestException',
  Message: 'clientRequestToken: must have length greater than or equal to 32',
}

/** Days with a file, and how many leaves are in it. */
type Days = Record<string, number>
const nameOf = (day: string, count: number): string =>
  eventsFile({ location: 'eu-de', day, first: 0, count, digest: 'ab'.repeat(16) })

/**
 * Starts an Athena that answers one statement after another as `scripts` say, over files of `days`. `runs` are the leaves that it finds; what looks
 * for these is no statement of the scripts.
 */
async function fake(
  scripts: Script[],
  { days = { '2026-10-01': 1208 }, runs = [['0', '1207']] }: { days?: Days; runs?: Cell[][] } = {},
): Promise<Engine> {
  asked.length = 0
  const running = new Map<string, Script>()
  let next = 0
  const answers: Record<string, (input: Record<string, unknown>) => unknown> = {
    StartQueryExecution({ QueryString, ClientRequestToken }) {
      if (!/^.{32,128}$/.test(String(ClientRequestToken ?? ''))) return INVALID
      const id = `query-${running.size}`
      const script = isOfRuns(QueryString) ? { names: ['begins', 'ends'], rows: runs } : scripts[next++]
      running.set(id, { states: ['QUEUED', 'RUNNING', 'SUCCEEDED'], ...script })
      return { QueryExecutionId: id }
    },
    GetQueryExecution({ QueryExecutionId }) {
      const { states = [], reason } = running.get(String(QueryExecutionId)) as Script
      const State = states.length > 1 ? states.shift() : states[0]
      return { QueryExecution: { Status: { State, ...(State === 'FAILED' ? { StateChangeReason: reason } : {}) } } }
    },
    GetQueryResults({ QueryExecutionId, NextToken = '0' }) {
      const { names = [], rows = [] } = running.get(String(QueryExecutionId)) as Script
      const all: Cell[][] = [names, ...rows]
      const from = Number(NextToken)
      const Rows = all
        .slice(from, from + PAGE)
        .map((row) => ({ Data: row.map((cell) => (cell === null ? {} : { VarCharValue: cell })) }))
      return {
        ResultSet: { Rows, ResultSetMetadata: { ColumnInfo: names.map((Name) => ({ Name })) } },
        ...(from + PAGE < all.length ? { NextToken: String(from + PAGE) } : {}),
      }
    },
    StopQueryExecution: () => ({}),
  }
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const operation = String(request.headers['x-amz-target']).replace('AmazonAthena.', '')
    const input = JSON.parse(Buffer.concat(chunks).toString())
    asked.push({ operation, type: String(request.headers['content-type']), input })
    const answer = answers[operation]?.(input)
    response.statusCode = answer === INVALID ? 400 : 200
    response.end(JSON.stringify(answer))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return athena({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: () => ({ accessKeyId: 'test', secretAccessKey: 'test' }),
    region: 'eu-central-1',
    ...athenaNames('my-Stage'),
    timeout: 5000,
    store: () => ({
      async *list() {
        for (const [day, count] of Object.entries(days)) yield { name: nameOf(day, count), size: 1, modifiedAt: 0 }
      },
    }),
  })
}

const isOfRuns = (statement: unknown): boolean => String(statement).includes('dense_rank')

/** One that is never aborted. */
const patient = new AbortController().signal

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

const query = (text: string, limit = 100) => {
  const { filter, sort } = readQuestion(new URLSearchParams(text), NOW)
  return { filter, sort, limit, scopes: [{ location: 'eu-de' as const, from: 0, size: 1208 }] }
}

const events = [...sampleEvents(5)]
const rows = events.map((event, leaf) => toRow(canonicalText(event), leaf, { routed: null, archived: 5 }))
const NAMES = ['location', ...columns.map(({ name }) => name)]
const cells = rows.map((row) => [
  'eu-de',
  ...columns.map(({ name }) => (row[name] === null ? null : String(row[name]))),
])

const statements = (): Record<string, unknown>[] =>
  asked
    .filter(({ operation, input }) => operation === 'StartQueryExecution' && !isOfRuns(input.QueryString))
    .map(({ input }) => input)

describe('a page', () => {
  test('is one statement with its values beside it, and its rows are those of the archive', async () => {
    const engine = await fake([{ names: NAMES, rows: cells }])
    const { found, damaged } = await engine.page(query("initiator=o'neil&dataEvent=true", 3), patient)
    expect(found).toEqual(rows.map((row) => ({ location: 'eu-de', row })))
    expect(damaged).toEqual([])
    expect(statements()).toEqual([
      {
        QueryString: expect.stringMatching(/^SELECT location, leaf, .* LIMIT 3$/),
        ExecutionParameters: ["'eu-de'", '0', '1208', 'true', "'o''neil'", "'o''neil'"],
        QueryExecutionContext: { Database: 'registry_events_my_stage' },
        WorkGroup: 'registry-events-my-Stage',
        ClientRequestToken: expect.any(String),
      },
    ])
    expect(new Set(asked.map(({ type }) => type))).toEqual(new Set(['application/x-amz-json-1.1']))
    // Three pages, and the leaves that are there.
    expect(asked.filter(({ operation }) => operation === 'GetQueryResults')).toHaveLength(4)
  })

  test('of an archive that has not begun is not asked for', async () => {
    const engine = await fake([])
    expect(await engine.page({ ...query(''), scopes: [] }, patient)).toEqual({ found: [], damaged: [] })
    expect(asked).toEqual([])
  })

  test('is asked for again without a file that can not be read', async () => {
    const file = `events/location=eu-de/day=2026-10-01/000000000000-30-${'ab'.repeat(16)}.parquet`
    const reason = `HIVE_BAD_DATA: Malformed Parquet file. [s3://events-my-stage-eu-de-000000000000/${file}]`
    const engine = await fake([
      { states: ['FAILED'], reason },
      { names: NAMES, rows: cells.slice(1) },
    ])
    const { found, damaged } = await engine.page(query(''), patient)
    expect(found).toHaveLength(4)
    expect(damaged).toEqual([{ location: 'eu-de', file, why: 'Athena can not read it.' }])
    expect(statements()[0]?.QueryString).not.toContain(file)
    expect(statements()[1]?.QueryString).toContain(`"$path" NOT LIKE '%/${file}'`)
    // Another statement is another execution.
    expect(new Set(statements().map(({ ClientRequestToken }) => ClientRequestToken)).size).toBe(2)
  })

  test.each([
    ['another reason', "SYNTAX_ERROR: line 1:8: mismatched input 'x'"],
    ['no reason', undefined],
    ['a name that is none of a file', "HIVE_BAD_DATA [s3://b/events/location=x'/day=1/a.parquet]"],
  ])('fails for %s', async (_, reason) => {
    const engine = await fake([{ states: ['FAILED'], ...(reason ? { reason } : {}) }])
    await expect(engine.page(query(''), patient)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(statements()).toHaveLength(1)
  })

  test('that takes too long is stopped, and nothing is asked any more', async () => {
    const engine = await fake([{ states: ['RUNNING'] }])
    await expect(engine.page(query(''), AbortSignal.timeout(250))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: TOO_LONG,
    })
    expect(asked.filter(({ operation }) => operation === 'StopQueryExecution').length).toBeGreaterThan(0)
    asked.length = 0
    await expect(engine.page(query(''), AbortSignal.abort())).rejects.toMatchObject({ message: TOO_LONG })
    expect(asked).toEqual([])
  })

  test('is asked for on the days alone that have files', async () => {
    const engine = await fake([{ names: NAMES }], { days: { '1970-01-01': 1, '2026-10-01': 5, '2026-10-20': 2 } })
    await engine.page(query(''), patient)
    const within = "AND (day BETWEEN '1970-01-01' AND '1970-01-01' OR day BETWEEN '2026-10-01' AND '2026-10-20')"
    // Of the events, and of the copies.
    expect(String(statements()[0]?.QueryString).split(within)).toHaveLength(3)
  })

  test('names the file of a day that Athena does not look at', async () => {
    const engine = await fake([{ names: NAMES }], { days: { '1969-12-31': 3, '2026-10-01': 1205, '2110-01-01': 1 } })
    const { damaged } = await engine.page(query(''), patient)
    const why = 'Athena looks at days from 1970-01-01 to 2109-12-31.'
    expect(damaged).toEqual(
      [nameOf('1969-12-31', 3), nameOf('2110-01-01', 1)].map((file) => ({ location: 'eu-de', file, why })),
    )
  })

  test.each([
    ['a value with its quotes', `q=${'x'.repeat(1023)}`, '1025 characters'],
    ['a value whose quotes count twice', `q=${"'".repeat(512)}`, '1026 characters'],
    ['a statement', Array.from({ length: 4000 }, () => 'address=10.0.0.0/8').join('&'), 'bytes'],
  ])('is refused when %s is longer than Athena takes', async (_, text, says) => {
    const engine = await fake([])
    await expect(engine.page(query(text), patient)).rejects.toMatchObject({
      code: 'BAD_QUERY',
      message: expect.stringContaining(says),
    })
    expect(statements()).toEqual([])
    const fits = await fake([{ names: NAMES }])
    await fits.page(query(`q=${'x'.repeat(1022)}`), patient)
    expect(statements()).toHaveLength(1)
  })
})

describe('missing leaves', () => {
  test('are those that no run of leaves holds, and are looked for once', async () => {
    const runs = [
      ['500', '999'],
      ['0', '99'],
      ['1200', '1207'],
    ]
    const engine = await fake([], { runs })
    const scope = { location: 'eu-de', from: 0, size: 1208 } as const
    const missing = [
      [100, 499],
      [1000, 1199],
    ]
    expect(await engine.missing(scope, patient)).toEqual(missing)
    asked.length = 0
    expect(await engine.missing(scope, patient)).toEqual(missing)
    expect(await engine.missing({ ...scope, from: 450, size: 1100 }, patient)).toEqual([
      [450, 499],
      [1000, 1099],
    ])
    expect(asked).toEqual([])
    // More leaves: only those are looked for. And all of them when something may be back.
    await engine.missing({ ...scope, size: 1210 }, patient)
    engine.renew('eu-de')
    await engine.missing({ ...scope, size: 1210 }, patient)
    const looked = asked.filter(({ operation }) => operation === 'StartQueryExecution')
    expect(looked.map(({ input }) => input.ExecutionParameters)).toEqual([
      ["'eu-de'", '1208', '1210'],
      ["'eu-de'", '0', '1210'],
    ])
  })
})

describe('counts', () => {
  test('are read part by part', async () => {
    const names = ['part', 'bucket', 'value', 'n', 'failures']
    const counted = [
      ['0', '494772', '', '7', '1'],
      ['0', '494773', '', '3', '0'],
      ['1', null, 'container-registry.image.pull', '9', '1'],
      ['1', null, '', '1', '0'],
    ]
    const engine = await fake([{ names, rows: counted }])
    const { filter, scopes } = query('')
    expect(
      await engine.counts({ filter, scopes, by: ['action', 'target'], top: 5, interval: 3_600_000 }, patient),
    ).toEqual({
      by: [
        [
          { value: 'container-registry.image.pull', count: 9 },
          { value: '', count: 1 },
        ],
        [],
      ],
      buckets: [
        { time: 494_772 * 3_600_000, count: 7, failures: 1 },
        { time: 494_773 * 3_600_000, count: 3, failures: 0 },
      ],
      damaged: [],
    })
  })

  test('of nothing have no bounds', async () => {
    const engine = await fake([{ names: ['total', 'first', 'last'], rows: [['0', null, null]] }])
    const { filter, scopes } = query('')
    expect(await engine.bounds(filter, scopes, patient)).toEqual({ total: 0, first: null, last: null })
    // FIRST and LAST are reserved in Athena: as names they stand in quotes.
    expect(statements()[0]?.QueryString).toMatch(/ AS "first", .* AS "last" FROM /)
  })
})

describe('leaves', () => {
  test('come once each, all copies of events among them', async () => {
    const engine = await fake([{ names: NAMES, rows: [...cells, ...cells.slice(0, 1)] }])
    const { found } = await engine.leaves({ location: 'eu-de', from: 0, size: 5 }, patient)
    expect(found.map(({ row }) => row.leaf)).toEqual([0, 1, 2, 3, 4])
    expect(statements()[0]?.QueryString).not.toContain('JOIN')
  })
})
