import { InvalidArgumentError, type Option } from 'commander'
import type { AuditEvent } from '../lib/event.ts'
import { shortAction } from './actions.ts'
import { CommandError, counted } from './exits.ts'
import { Offering } from './query.ts'
import { askJson, type Reader } from './reader.ts'
import { fitted, type Terminal } from './terminal.ts'

// Answers of the search: page by page, and as a table.

/** An element of `events`. */
export interface Found {
  location: string
  leaf: number
  routedTime: string
  archivedTime: string
  event: AuditEvent
  proof?: readonly string[]
}

/** At which checkpoint of a location an answer is whole. */
export interface Complete {
  location: string
  size: number
  root?: string
  checkpoint?: string
}

/** A file that could not be read. */
export interface Damage {
  location: string
  file: string
  why: string
}

/** Events that were removed under retention; CSV does not say of which days. */
export interface Removed {
  location: string
  firstDay?: string
  lastDay?: string
  count: number
}

/** An answer of `GET /events`. */
export interface Page {
  events: readonly Found[]
  next: string | null
  complete: readonly Complete[]
  damaged?: readonly Damage[]
  removed?: readonly Removed[]
}

/** Most events of a page. */
export const PAGE = 1000

const sizes = (complete: readonly Complete[]): string =>
  complete
    .map(({ location, size }) => `${location}:${size}`)
    .sort()
    .join(', ')

/** For people: `eu-de:1208, jp-tok:17`. */
export const completeText = (complete: readonly Complete[]): string => sizes(complete) || 'empty logs'

/** Checks page after page that all are of one state of the archive: together they would be of none. Throws a `CommandError`. */
export function sameState(): (complete: readonly Complete[]) => void {
  let first: string | undefined
  return (complete) => {
    const now = completeText(complete)
    first ??= now
    if (first !== now)
      throw new CommandError('damaged', `The pages are not of one state of the archive: ${first}, then ${now}.`)
  }
}

/** `query` for one page. */
export function limited(query: URLSearchParams, limit: number, cursor: string | null): URLSearchParams {
  const asked = new URLSearchParams(query)
  asked.set('limit', String(limit))
  if (cursor !== null) asked.set('cursor', cursor)
  return asked
}

const checkNext = (next: string | null, cursor: string | null, reader: Reader): string | null => {
  if (next !== null && next === cursor)
    throw new CommandError('unreachable', `${reader.name} gives one page again and again.`)
  return next
}

/** The cursor in `</events?...&cursor=...>; rel="next"`; `null` when there is no further page. */
export function nextCursor(cursor: string | null, link: string | null, reader: Reader): string | null {
  const [, target] = /<([^>]*)>\s*;[^,]*rel="?next"?/i.exec(link ?? '') ?? []
  const next = target ? (URL.parse(target, 'http://localhost')?.searchParams.get('cursor') ?? null) : null
  return checkNext(next, cursor, reader)
}

/** All pages of a question. */
export async function* pages({
  reader,
  query,
  limit,
  signal,
}: {
  reader: Reader
  query: URLSearchParams
  limit: number
  signal: AbortSignal
}): AsyncGenerator<Page> {
  const check = sameState()
  let cursor: string | null = null
  do {
    const page: Page = await askJson<Page>(reader, '/events', limited(query, limit, cursor), signal)
    if (!Array.isArray(page.events) || !Array.isArray(page.complete))
      throw new CommandError('unreachable', `${reader.name} is not the search: its answer has no events.`)
    check(page.complete)
    cursor = checkNext(page.next ?? null, cursor, reader)
    yield page
  } while (cursor !== null)
}

/** Says what an answer is without: what was removed under retention, and what is damaged; whether anything is damaged. */
export function tellLacking(
  terminal: Terminal,
  { damaged = [], removed = [] }: Pick<Page, 'damaged' | 'removed'>,
): boolean {
  for (const { location, firstDay, lastDay, count } of removed) {
    const days = firstDay === undefined ? '' : ` of ${firstDay === lastDay ? firstDay : `${firstDay} to ${lastDay}`}`
    terminal.note(`Not in it: ${counted(count, 'event')} of ${location}${days} that retention removed.`)
  }
  for (const { location, file, why } of damaged) terminal.note(`Damaged, and left out: ${file} of ${location}: ${why}`)
  return damaged.length > 0
}

/** A column of a table of events. */
interface Column {
  /** Fewest characters that say something; an id is of no use without its end. */
  least: number
  /** Characters that most events need. */
  usual: number
  of(found: Found): string
}

/** `2026-11-22T13:00:00.12Z` */
const timeOf = (event: AuditEvent): string => String(event.eventTime).replace('+0000', 'Z')

const columns = {
  time: { least: 23, usual: 23, of: ({ event }) => timeOf(event) },
  action: { least: 12, usual: 14, of: ({ event }) => shortAction(event.action) },
  outcome: { least: 7, usual: 7, of: ({ event }) => event.outcome },
  severity: { least: 8, usual: 8, of: ({ event }) => event.severity },
  initiator: { least: 8, usual: 16, of: ({ event }) => event.initiator?.name || event.initiator?.id || '' },
  address: { least: 9, usual: 15, of: ({ event }) => event.initiator?.host?.address ?? '' },
  target: { least: 12, usual: 40, of: ({ event }) => event.target?.name || event.target?.id || '' },
  registry: { least: 8, usual: 16, of: ({ event }) => event.provenance?.registry ?? '' },
  region: { least: 8, usual: 10, of: ({ event }) => event.provenance?.region ?? '' },
  location: { least: 8, usual: 8, of: ({ location }) => location },
  leaf: { least: 6, usual: 8, of: ({ leaf }) => String(leaf) },
  id: { least: 36, usual: 36, of: ({ event }) => event.id },
} as const satisfies Record<string, Column>

export type ColumnName = keyof typeof columns
export const columnNames = Object.keys(columns) as ColumnName[]

/** What is shown, the widest first: the first one that has room is taken. */
const SETS: readonly (readonly ColumnName[])[] = [
  ['time', 'action', 'outcome', 'initiator', 'address', 'target', 'location', 'id'],
  ['time', 'action', 'outcome', 'initiator', 'target', 'location', 'id'],
  ['time', 'action', 'outcome', 'initiator', 'target', 'id'],
  ['time', 'action', 'outcome', 'initiator', 'target', 'location'],
  ['time', 'action', 'initiator', 'target'],
]

/** Spaces between two columns. */
const GAP = 2

/** The columns that have room in `width` characters; all of the usual ones where nothing limits it. */
export function columnsFor(width: number | undefined): readonly ColumnName[] {
  const need = (names: readonly ColumnName[]) => names.reduce((sum, name) => sum + columns[name].least + GAP, -GAP)
  const widest = SETS[0] as readonly ColumnName[]
  return width === undefined ? widest : (SETS.find((names) => need(names) <= width) ?? (SETS.at(-1) as typeof widest))
}

/** Lines of a table of events whose columns are as wide as `sample` needs, or as most events need when others `follow`. */
export function eventLines(
  sample: readonly Found[],
  width: number | undefined,
  chosen?: readonly ColumnName[],
  follow = false,
): { head: string; line(found: Found): string; names: readonly ColumnName[] } {
  const names = chosen ?? columnsFor(width)
  const cells = (found: Found) => names.map((name) => columns[name].of(found))
  const line = fitted(
    names,
    [...sample.map(cells), ...(follow ? [names.map((name) => '-'.repeat(columns[name].usual))] : [])],
    width,
    names.map((name) => columns[name].least),
  )
  return { head: line(names), line: (found) => line(cells(found)), names }
}

/** The option that names columns. */
export const columnsOption = (): Option =>
  new Offering('--columns <names>', `of the table: ${columnNames.join(',')}`, columnNames).argParser((text: string) => {
    const names = text.split(',')
    if (names.every((name) => Object.hasOwn(columns, name))) return names
    throw new InvalidArgumentError(`There are ${columnNames.join(', ')}.`)
  })

/** Says how to see what had no room. */
export function tellNarrow(
  terminal: Terminal,
  names: readonly ColumnName[],
  chosen: readonly ColumnName[] | undefined,
) {
  if (!chosen && !names.includes('id'))
    terminal.note('The ids have no room here: --columns time,action,target,id, or --json.')
}
