import {
  type Complete,
  type Damage,
  type Found,
  limited,
  nextCursor,
  pages,
  type Removed,
  sameState,
} from './events.ts'
import { CommandError } from './exits.ts'
import { leavesOf } from './leaves.ts'
import type { Reader } from './reader.ts'
import { visible } from './terminal.ts'

// Pages of the search as rows of text, whatever the form.

/** The rows of one page. */
export interface Batch {
  /** What stands above all rows. */
  head: string
  rows: readonly string[]
  complete: readonly Complete[]
  isLast: boolean
  damaged: readonly Damage[]
  removed: readonly Removed[]
}

/** A question, and how it is asked. */
export interface Question {
  reader: Reader
  query: URLSearchParams
  /** Events of a page. */
  limit: number
  signal: AbortSignal
}

/** Forms for programs; CSV is written by the search itself, whose columns are those of the archive. */
export const forms = ['json', 'ndjson', 'csv'] as const
export type Form = (typeof forms)[number]

const json = (value: unknown): string => visible(JSON.stringify(value))

/** Records of CSV, each with the end of its line: a value in quotes may hold ends of lines. */
export function recordsOf(text: string): string[] {
  const records: string[] = []
  let start = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') isQuoted = !isQuoted
    else if (character === '\n' && !isQuoted) {
      records.push(text.slice(start, at + 1))
      start = at + 1
    }
  }
  if (isQuoted) throw new CommandError('unreachable', 'The answer of the search is cut off.')
  return start < text.length ? [...records, `${text.slice(start)}\n`] : records
}

/** What the header `Registry-Events-Complete` says. */
const completeOf = (header: string | null): Complete[] =>
  [...leavesOf(header ?? '')].map(([location, size]) => ({ location, size }))

async function* csvBatches({ reader, query, limit, signal }: Question): AsyncGenerator<Batch> {
  const check = sameState()
  let cursor: string | null = null
  do {
    const asked = limited(query, limit, cursor)
    asked.set('format', 'csv')
    const { text, headers } = await reader.ask('/events', asked, 'text/csv', signal)
    if (!headers.get('content-type')?.startsWith('text/csv'))
      throw new CommandError('unreachable', `${reader.name} is not the search: what it answered is no CSV.`)
    const [head = '', ...rows] = recordsOf(text)
    const complete = completeOf(headers.get('registry-events-complete'))
    check(complete)
    // A long query has no `Link`.
    const next = headers.get('registry-events-next')
    cursor = nextCursor(cursor, next === null ? headers.get('link') : `<?cursor=${next}>; rel="next"`, reader)
    const removed = [...leavesOf(headers.get('registry-events-removed') ?? '')].map(([location, count]) => ({
      location,
      count,
    }))
    yield { head, rows, complete, isLast: cursor === null, damaged: [], removed }
  } while (cursor !== null)
}

async function* jsonBatches(question: Question, head: string, row: (found: Found) => string): AsyncGenerator<Batch> {
  for await (const { events, complete, next, damaged = [], removed = [] } of pages(question))
    yield { head, rows: events.map(row), complete, isLast: next === null, damaged, removed }
}

/** All pages of a question, in a form. */
export function batches(question: Question, form: Form): AsyncGenerator<Batch> {
  if (form === 'csv') return csvBatches(question)
  if (form === 'json') return jsonBatches(question, '{"events":[\n', json)
  return jsonBatches(question, '', (found) => `${json(found)}\n`)
}

/** What was written. */
export interface Written {
  count: number
  /** Nothing is behind it. */
  isAll: boolean
  complete: readonly Complete[]
  damaged: readonly Damage[]
  removed: readonly Removed[]
}

/** What stands behind the rows in JSON. */
function tailOf({ isAll, complete, damaged, removed }: Written): string {
  const lack = { ...(damaged.length > 0 ? { damaged } : {}), ...(removed.length > 0 ? { removed } : {}) }
  return `\n],${json({ all: isAll, complete, ...lack }).slice(1)}\n`
}

/** Gives `put` the text of at most `most` rows, page by page. In JSON what the whole answer says stands behind them. */
export async function write(
  all: AsyncIterable<Batch>,
  form: Form | undefined,
  most: number,
  put: (text: string, count: number) => Promise<void>,
): Promise<Written> {
  const between = form === 'json' ? ',\n' : ''
  // Every page tells of all that is damaged.
  const damaged = new Map<string, Damage>()
  const written: Written = { count: 0, isAll: false, complete: [], damaged: [], removed: [] }
  let head: string | undefined
  for await (const batch of all) {
    const rows = batch.rows.slice(0, most - written.count)
    const begin = (head === undefined ? batch.head : '') + (written.count > 0 && rows.length > 0 ? between : '')
    head = batch.head
    written.count += rows.length
    written.complete = batch.complete
    written.isAll = batch.isLast && rows.length === batch.rows.length
    written.removed = batch.removed
    for (const one of batch.damaged) damaged.set(json(one), one)
    written.damaged = [...damaged.values()]
    await put(begin + rows.join(between), written.count)
    if (written.count >= most) break
  }
  if (form === 'json') await put(tailOf(written), written.count)
  return written
}
