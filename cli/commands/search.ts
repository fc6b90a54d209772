import { Option } from 'commander'
import { amount, type Call, type Spec } from '../command.ts'
import {
  type ColumnName,
  columnsOption,
  completeText,
  eventLines,
  PAGE,
  pages,
  tellLacking,
  tellNarrow,
} from '../events.ts'
import { CommandError, counted, type Exit } from '../exits.ts'
import { type QueryOptions, queryOf, queryOptions, sorts } from '../query.ts'
import { openReader, readerOptions } from '../reader.ts'
import { type Batch, batches, type Form, forms, type Question, write } from '../rows.ts'

interface Options extends QueryOptions {
  sort?: string
  limit?: number
  all?: true
  proof?: true
  format?: Form | 'table'
  columns?: readonly ColumnName[]
  skipDamaged?: true
}

/** So many, when nobody says how many. */
const LIMIT = 100

const wrong = (message: string) => new CommandError('usage', message)

/** The form that was asked for, `undefined` for a table; `--json` is short for NDJSON. Throws a `CommandError` for options that contradict it. */
function formOf({ json, format, proof }: Options): Form | undefined {
  if (json && format !== undefined && format !== 'ndjson') throw wrong('--json is --format ndjson: say one of both.')
  const form = json ? 'ndjson' : format === 'table' ? undefined : format
  if (proof && form === 'csv') throw wrong('CSV has no room for proofs: --format ndjson.')
  if (proof && form === undefined) throw wrong('A table has no room for proofs: --json.')
  return form
}

/** A table whose columns are as wide as the first page needs. */
async function* tableBatches({ options, terminal }: Call<Options>, question: Question): AsyncGenerator<Batch> {
  let lines: ReturnType<typeof eventLines> | undefined
  for await (const { events, complete, next, damaged = [], removed = [] } of pages(question)) {
    lines ??= eventLines(events, terminal.width, options.columns)
    const { head, line, names } = lines
    yield {
      // A table of nothing is nothing.
      head: events.length > 0 ? `${head}\n` : '',
      rows: events.map((found) => `${line(found)}\n`),
      complete,
      isLast: next === null,
      damaged,
      removed,
    }
    if (next === null && events.length > 0) tellNarrow(terminal, names, options.columns)
  }
}

/** `search` */
export const search: Spec<Options> = {
  usage: 'search [words...]',
  summary: 'events of the archive whose JSON contains the words and that meet every option',
  queueless: true,
  options: [
    ...queryOptions(),
    new Option('--sort <column>', 'by what they are sorted; with a - in front from high to low').choices(sorts),
    new Option('--limit <number>', `at most so many, ${LIMIT} if left out`).argParser(amount),
    new Option('--all', 'all of them').conflicts('limit'),
    new Option('--proof', 'each with its inclusion proof; with --json, or --format json'),
    new Option('--format <form>', 'a table, or a form for programs; --json is short for ndjson').choices([
      'table',
      ...forms,
    ]),
    columnsOption(),
    new Option('--skip-damaged', 'CSV in spite of damaged files, without what is in them'),
    ...readerOptions(),
  ],
  async run(call): Promise<Exit> {
    const { args, options, terminal, signal } = call
    const form = formOf(options)
    const query = queryOf(options, args)
    if (options.sort) query.set('sort', options.sort)
    if (options.proof) query.set('proof', 'true')
    if (options.skipDamaged && form === 'csv') query.set('damaged', 'skip')
    const most = options.all ? Number.POSITIVE_INFINITY : (options.limit ?? LIMIT)
    const question = { reader: openReader(options), query, limit: Math.min(most, PAGE), signal }
    const all = form ? batches(question, form) : tableBatches(call, question)
    const written = await write(all, form, most, terminal.raw)
    const { count, isAll, complete } = written
    const isDamaged = tellLacking(terminal, written)
    const more = isAll ? '' : '; there are more: --limit <number>, or --all'
    terminal.note(`${counted(count, 'event')}${more}. Complete at ${completeText(complete)}.`)
    return isDamaged ? 'damaged' : 'ok'
  },
}
