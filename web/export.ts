import { ask, type Page, Problem } from './api.ts'
import { download } from './download.ts'
import { eventsPath, type Query } from './query.ts'

// All events of a query as a file, page by page: nothing of it is held longer than it takes to write it.

export type Format = 'ndjson' | 'csv' | 'json'

export const formats: readonly { format: Format; label: string; type: string; says: string }[] = [
  { format: 'ndjson', label: 'NDJSON', type: 'application/x-ndjson', says: 'One event a line, for programs' },
  { format: 'csv', label: 'CSV', type: 'text/csv', says: 'A column for each column of the archive, for spreadsheets' },
  {
    format: 'json',
    label: 'JSON',
    type: 'application/json',
    says: 'Events with their places in the logs, their proofs and the checkpoints: evidence',
  },
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
}

/** The cursor in a `Link` header; `null` when there is no further page. */
export function nextOf(link: string | null): string | null {
  for (const [, target = '', rest = ''] of (link ?? '').matchAll(/<([^>]*)>([^<]*)/g)) {
    if (/;\s*rel="?next"?/i.test(rest)) return new URL(target, 'http://localhost').searchParams.get('cursor')
  }
  return null
}

/** A page of lines. The line of names that every page of a CSV begins with is left out of all but the first one. */
async function lines(answer: Response, format: Format, head: { line: string }): Promise<Part> {
  const next = nextOf(answer.headers.get('link'))
  let text = await answer.text()
  if (text && !text.endsWith('\n')) text += '\n'
  if (format === 'csv') {
    const end = text.indexOf('\n') + 1
    const first = text.slice(0, end)
    if (head.line && first === head.line) text = text.slice(end)
    else head.line = first
  }
  const count = format === 'csv' ? csvRows(text, head.line) : text.split('\n').length - 1
  return { text, count, next }
}

/** Rows in a CSV: line breaks in quotes end none. */
function csvRows(text: string, head: string): number {
  const outside = text.replaceAll(/"[^"]*"/g, '').split('\n').length - 1
  return text.startsWith(head) ? outside - 1 : outside
}

async function elements(answer: Response, isFirst: boolean): Promise<Part> {
  const page: Page = await answer.json()
  const { events, next, complete, damaged } = page
  const begin = isFirst ? '{"events":[\n' : events.length > 0 ? ',\n' : ''
  const end = next === null ? `\n],"next":null,"complete":${JSON.stringify(complete)}${tail(damaged)}}\n` : ''
  return {
    text: begin + events.map((element) => JSON.stringify(element)).join(',\n') + end,
    count: events.length,
    next,
  }
}

const tail = (damaged: Page['damaged']): string => (damaged ? `,"damaged":${JSON.stringify(damaged)}` : '')

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
  const given: Record<string, string> = { format, ...(format === 'json' ? { proof: 'true' } : {}) }
  if (skipDamaged && format !== 'json') given.damaged = 'skip'
  const { type } = formats.find((entry) => entry.format === format) ?? { type: '*/*' }
  const head = { line: '' }
  let cursor: string | null = null
  let total = 0
  try {
    do {
      const more: Record<string, string> = cursor === null ? given : { ...given, cursor }
      const answer = await ask(eventsPath(query, more), { accept: type, signal })
      const part: Part = await (format === 'json' ? elements(answer, cursor === null) : lines(answer, format, head))
      await sink.write(part.text)
      if (part.next !== null && part.next === cursor) throw new Problem('BAD_CURSOR', 'The same page came twice.')
      cursor = part.next
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
