import type { Lacking, Page } from './answers.ts'
import { ask } from './api.ts'
import { download } from './download.ts'
import { eventsPath, type Query } from './query.ts'
import { lackingOf } from './whole.ts'

// All events of a query as a file, page by page: nothing of it is held longer than it takes to write it.

/** A form of a file: its name in a query, its media type, and what people are told of it. */
export interface Format {
  name: 'ndjson' | 'csv' | 'json'
  type: string
  says: string
}

const json: Format = {
  name: 'json',
  type: 'application/json',
  says: 'One answer, each event with its place in the log and its proof, and the signed checkpoints: evidence',
}
const csv: Format = {
  name: 'csv',
  type: 'text/csv',
  says: 'A column for each column of the archive, for spreadsheets',
}
export const formats: readonly Format[] = [
  { name: 'ndjson', type: 'application/x-ndjson', says: 'One event a line, for programs' },
  csv,
  json,
]

/** Where an export is written to. */
export interface Sink {
  write(text: string): Promise<void>
  /** It is whole. */
  close(): Promise<void>
  /** It is not, and nothing of it stays. */
  abort(): Promise<void>
}

interface Part {
  text: string
  /** Events in it. */
  count: number
  next: string | null
  lacking?: Lacking
}

/** A page of lines. The line of names that every page of a CSV begins with is left out of all but the first one. */
async function lines(answer: Response, format: Format, isFirst: boolean): Promise<Part> {
  const next = answer.headers.get('registry-events-next')
  const whole = await answer.text()
  const rows = format === csv ? whole.slice(whole.indexOf('\n') + 1) : whole
  // Nothing in an event holds a line break: it is JSON.
  return { text: isFirst ? whole : rows, count: rows.split('\n').length - 1, next }
}

/** A page of elements; what stands beside them is written after the last one. `before` is what the pages before are without. */
async function elements(answer: Response, isFirst: boolean, before: Lacking): Promise<Part> {
  const page: Page = await answer.json()
  const { events, next, complete } = page
  const lacking = lackingOf([before, page])
  const { damaged, removed } = lacking
  const rest = { next, complete, ...(damaged.length > 0 && { damaged }), ...(removed.length > 0 && { removed }) }
  const begin = isFirst ? '{"events":[\n' : events.length > 0 ? ',\n' : ''
  const end = next === null ? `\n],${JSON.stringify(rest).slice(1)}\n` : ''
  return {
    text: begin + events.map((one) => JSON.stringify(one)).join(',\n') + end,
    count: events.length,
    next,
    lacking,
  }
}

/** What an export of `query` is to be like. */
export interface Wish {
  query: Query
  format: Format
  /** Go on without the files that can't be read. */
  skipDamaged: boolean
}

/**
 * Writes every event of `query` to `sink` and tells `progress` how many there are so far. Rejects with a `Problem` when a page can not
 * be had, with an `AbortError` when it is called off; nothing stays then.
 */
export async function exportTo(
  sink: Sink,
  { query, format, skipDamaged }: Wish,
  progress: (count: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const given: Record<string, string> = { format: format.name }
  if (format === json) given.proof = 'true'
  else if (skipDamaged) given.damaged = 'skip'
  let lacking: Lacking = {}
  let cursor: string | null = null
  let total = 0
  try {
    do {
      const isFirst = cursor === null
      const more: Record<string, string> = cursor === null ? given : { ...given, cursor }
      const answer = await ask(eventsPath(query, more), { accept: format.type, signal })
      const part: Part = await (format === json ? elements(answer, isFirst, lacking) : lines(answer, format, isFirst))
      await sink.write(part.text)
      cursor = part.next
      lacking = part.lacking ?? {}
      total += part.count
      progress(total)
    } while (cursor !== null)
    await sink.close()
    return total
  } catch (error) {
    await sink.abort().catch(() => {})
    throw error
  }
}

interface Writable {
  write(text: string): Promise<void>
  close(): Promise<void>
  abort(): Promise<void>
}
type Picker = (options: object) => Promise<{ createWritable(): Promise<Writable> }>

/**
 * A file that the reader chooses, written as the pages come; where the browser can't do that, one that it keeps together (on disk, when it
 * is large) and hands over as a download at the end. Rejects with an `AbortError` when none is chosen.
 */
export async function fileSink(name: string, type: string): Promise<Sink> {
  const picker = (window as { showSaveFilePicker?: Picker }).showSaveFilePicker
  if (picker) return (await picker.call(window, { suggestedName: name })).createWritable()
  let parts: Blob[] = []
  return {
    async write(text) {
      parts.push(new Blob([text]))
    },
    async close() {
      download(name, type, parts)
    },
    async abort() {
      parts = []
    },
  }
}
