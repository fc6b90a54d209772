import { columns } from '../archive/columns.ts'
import type { AnswerFormat } from './filter.ts'
import type { Answer, Item } from './search.ts'

// Answers as text: JSON, a line for each event, or a table; and how much of it goes into one answer.

/** The media type of each form. */
export const mediaTypes: Readonly<Record<AnswerFormat, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8; header=present',
}

/** The form that `accept`, the header, names first; JSON when it names none of them. */
export function preferred(accept: string | undefined): AnswerFormat {
  const named = (accept ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';', 1)[0]?.trim())
  const found = named.find(
    (type) => type === 'text/csv' || type === 'application/x-ndjson' || type === 'application/json',
  )
  if (found === 'text/csv') return 'csv'
  return found === 'application/x-ndjson' ? 'ndjson' : 'json'
}

/** An element of `events`; the event stands in it as it was hashed. */
export function itemText({ location, leaf, routedTime, archivedTime, text, proof }: Item): string {
  const head = JSON.stringify({ location, leaf, routedTime, archivedTime }).slice(0, -1)
  return `${head},"event":${text}${proof ? `,"proof":${JSON.stringify(proof)}` : ''}}`
}

/** What a program for tables would take for a formula, and run. */
const FORMULA = /^[=+\-@\t\r]/

/** A field of RFC 4180. One that looks like a formula gets an apostrophe in front, by which such programs know text. */
function field(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const plain = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

const csvLine = (fields: readonly (string | number | boolean | null)[]): string => `${fields.map(field).join(',')}\r\n`

const csvFields = ({ location, row, text }: Item) => [
  location,
  ...columns.map(({ name, type }) => {
    if (name === 'event') return text
    const value = row[name]
    return type === 'TIMESTAMP' && typeof value === 'number' ? new Date(value).toISOString() : value
  }),
]

/** A form: each event, and what is around the events. */
interface Form {
  line(item: Item): string
  whole(lines: readonly string[], answer: Answer): string
}

const forms: Readonly<Record<AnswerFormat, Form>> = {
  json: {
    line: itemText,
    whole(lines, { next, complete, damaged, removed }) {
      const rest = JSON.stringify({ next, complete, ...(damaged.length > 0 ? { damaged } : {}), removed }).slice(1)
      return `{"events":[${lines.join(',')}],${rest}`
    },
  },
  ndjson: { line: (item) => `${itemText(item)}\n`, whole: (lines) => lines.join('') },
  csv: {
    line: (item) => csvLine(csvFields(item)),
    whole: (lines) => csvLine(['location', ...columns.map(({ name }) => name)]) + lines.join(''),
  },
}

/** `answer` as text of that form. */
export const write = (answer: Answer, format: AnswerFormat): string =>
  forms[format].whole(answer.items.map(forms[format].line), answer)

/** Lambda answers 6 MiB at most; this is left to events, the rest to headers, checkpoints and the names of damaged files. */
const MOST_BYTES = 5_500_000
/** Bytes of the largest proof: 50 hashes, with the quotes and the comma around each. */
const PROOF = 50 * 50

/** As many of `items` as fit into one answer of that form, but one at least. With `proof` each of them gets one later. */
export function fitting(items: readonly Item[], format: AnswerFormat, proof: boolean): readonly Item[] {
  let bytes = 0
  const end = items.findIndex((item) => {
    // A function hands its answer over as a JSON string: every quote in it takes a byte more.
    bytes += Buffer.byteLength(JSON.stringify(forms[format].line(item))) + (proof ? PROOF : 0)
    return bytes > MOST_BYTES
  })
  return end < 0 ? items : items.slice(0, Math.max(1, end))
}
