import { extname } from 'node:path'
import { Option } from 'commander'
import type { Call, Spec } from '../command.ts'
import { completeText, PAGE, tellLacking } from '../events.ts'
import { CommandError, counted, type Exit } from '../exits.ts'
import { leavesOf, leavesText } from '../leaves.ts'
import { type QueryOptions, queryOf, queryOptions, sorts } from '../query.ts'
import { askJson, openReader, patient, type Reader, readerOptions } from '../reader.ts'
import { batches, type Form, forms, type Written, write } from '../rows.ts'
import { fileSink, outputSink, type Sink } from '../sink.ts'

interface Options extends QueryOptions {
  output?: string
  format?: Form
  sort?: string
  proof?: true
  force?: true
  skipDamaged?: true
}

/** What is needed of the answer of `GET /events/counts`. */
interface Counts {
  total: number
}

async function count(reader: Reader, query: URLSearchParams, signal: AbortSignal): Promise<number> {
  const { total } = await askJson<Counts>(reader, '/events/counts', query, signal)
  if (!Number.isSafeInteger(total))
    throw new CommandError('unreachable', `${reader.name} is not the search: its answer has no total.`)
  return total
}

/**
 * Throws a `CommandError` unless as many events were written as the archive counts at the same checkpoint. Events that are archived
 * meanwhile are told apart by counting those behind the checkpoint, before and after all are counted.
 */
async function checkCount(
  reader: Reader,
  query: URLSearchParams,
  written: Written,
  signal: AbortSignal,
): Promise<void> {
  const behind = new URLSearchParams(query)
  const from = leavesOf(query.get('after') ?? '')
  for (const { location, size } of written.complete) from.set(location, Math.max(size, from.get(location) ?? 0))
  if (from.size > 0) behind.set('after', leavesText(from))
  const fewest = await count(reader, behind, signal)
  const all = await count(reader, query, signal)
  const most = await count(reader, behind, signal)
  if (written.count >= all - most && written.count <= all - fewest) return
  throw new CommandError(
    'damaged',
    `${counted(written.count, 'event')} came, but the archive counts ${all - fewest} at ${completeText(written.complete)}. Either events were removed under retention meanwhile, or the answer is not whole.`,
  )
}

const formOf = ({ format, output }: Options): Form =>
  format ?? forms.find((form) => extname(output ?? '') === `.${form}`) ?? 'ndjson'

/** Writes all pages and checks them. */
async function copy(call: Call<Options>, query: URLSearchParams, sink: Sink): Promise<Written> {
  const { options, terminal, signal } = call
  const reader = patient(openReader(options), terminal.note)
  const form = formOf(options)
  const total = options.skipDamaged ? 0 : await count(reader, query, signal)
  const asked = new URLSearchParams(query)
  asked.set('sort', options.sort ?? 'time')
  if (options.proof) asked.set('proof', 'true')
  if (options.skipDamaged && form === 'csv') asked.set('damaged', 'skip')
  const all = batches({ reader, query: asked, limit: PAGE, signal }, form)
  const written = await write(all, form, Number.POSITIVE_INFINITY, async (text, done) => {
    signal.throwIfAborted()
    await sink.put(text)
    terminal.progress('exported', done, Math.max(total, done))
  })
  const isDamaged = tellLacking(terminal, written)
  if (isDamaged && !options.skipDamaged)
    throw new CommandError('damaged', 'Say --skip-damaged to export what can be read.')
  if (!options.skipDamaged) await checkCount(reader, query, written, signal)
  return written
}

/** `export` */
export const exporting: Spec<Options> = {
  usage: 'export [words...]',
  summary: 'all events that a search finds, into a file that is whole or not there; the filters are those of search',
  queueless: true,
  options: [
    new Option('-o, --output <file>', 'the file; standard output if left out'),
    new Option('--format <form>', 'how they are written; as the end of the file name says, or ndjson').choices(forms),
    new Option('--force', 'replace the file if it is there'),
    ...queryOptions(),
    new Option('--sort <column>', 'by what they are sorted; time if left out').choices(sorts),
    new Option('--proof', 'each with its inclusion proof; not in CSV'),
    new Option('--skip-damaged', 'in spite of damaged files, without what is in them, and unchecked'),
    ...readerOptions(),
  ],
  async run(call): Promise<Exit> {
    const { args, options, terminal } = call
    const query = queryOf(options, args)
    const format = formOf(options)
    const { output } = options
    if (options.proof && format === 'csv')
      throw new CommandError('usage', 'CSV has no room for proofs: --format ndjson.')
    const sink =
      output === undefined
        ? outputSink(terminal.raw)
        : await fileSink(output, { replace: options.force, advice: 'say --force to replace it' })
    let written: Written
    try {
      written = await copy(call, query, sink)
      await sink.keep()
    } catch (error) {
      await sink.drop()
      terminal.note(output === undefined ? 'What was written is not all of it.' : `${output} was not written.`)
      throw error
    }
    const { count: events, complete, damaged, removed } = written
    const bytes = sink.bytes()
    const sha256 = sink.digest()
    if (output !== undefined) {
      terminal.json({
        file: output,
        format,
        events,
        bytes,
        sha256,
        complete,
        ...(damaged.length > 0 ? { damaged } : {}),
        ...(removed.length > 0 ? { removed } : {}),
      })
      terminal.print(`${output}\n${counted(events, 'event')}, ${bytes} bytes, SHA-256 ${sha256}`)
    }
    const checked = options.skipDamaged ? 'Not checked' : 'Counted again and complete'
    terminal.note(`${counted(events, 'event')}. ${checked} at ${completeText(complete)}.`)
    return damaged.length > 0 ? 'damaged' : 'ok'
  },
}
