import { columns } from '../archive/columns.ts'
import type { AnswerFormat } from './filter.ts'
import type { Answer, Item } from './search.ts'

// Answers as text: JSON, a line for each event, or a table.

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

/** The answer as JSON. */
function json({ items, next, complete, damaged, removed }: Answer): string {
  const rest = JSON.stringify({ next, complete, ...(damaged.length > 0 ? { damaged } : {}), removed }).slice(1)
  return `{"events":[${items.map(itemText).join(',')}],${rest}`
}

/** What a program for tables would take for a formula, and run. */
const FORMULA = /^[=+\-@\t\r]/

/** A field of RFC 4180. One that looks like a formula gets an apostrophe in front, by which such programs know text. */
function field(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const plain = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

function csv({ items }: Answer): string {
  const head = ['location', ...columns.map(({ name }) => name)]
  const lines = items.map(({ location, row, text }) => [
    location,
    ...columns.map(({ name, type }) => {
      if (name === 'event') return text
      const value = row[name]
      return type === 'TIMESTAMP' && typeof value === 'number' ? new Date(value).toISOString() : value
    }),
  ])
  return [head, ...lines].map((line) => `${line.map(field).join(',')}\r\n`).join('')
}

const writers: Readonly<Record<AnswerFormat, (answer: Answer) => string>> = {
  json,
  ndjson: ({ items }) => items.map((item) => `${itemText(item)}\n`).join(''),
  csv,
}

/** `answer` as text of that form. */
export const write = (answer: Answer, format: AnswerFormat): string => writers[format](answer)
