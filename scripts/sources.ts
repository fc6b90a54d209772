import * as v from 'valibot'
import { about, type SourceName, sources } from '../lib/sources/index.ts'
import type { Filled } from '../lib/sources/source.ts'
import { says } from '../lib/sources/vocabulary.ts'

// What the docs say of the sources, from what the sources declare.

const names = (Object.keys(sources) as SourceName[]).sort((a, b) => about[a].title.localeCompare(about[b].title))

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const code = (text: string): string => `\`${text}\``

const page = (name: SourceName): string => `[${about[name].title}](sources/${name}.md)`

/** How each proves itself, and what it does when it is not answered. */
export function overview(): string {
  const rows = names.map((name) => {
    const { authentication, replays, retries, identity } = about[name]
    return [page(name), code(name), authentication, replays, retries, identity]
  })
  return table(
    ['sender', '`source`', 'authenticated by', 'replays', 'without a 2xx', 'the id of an event is derived from'],
    rows,
  )
}

const MARKS: Readonly<Record<Filled, string>> = { always: 'yes', sometimes: 'some', never: '' }

/** The senders with their pages, for the README. */
export const summary = (): string =>
  table(
    ['sender', '`source`', 'authenticated by'],
    names.map((name) => [page(name).replace('](', '](docs/'), code(name), about[name].authentication]),
  )

/** Which fields of an event each fills. */
export function fields(): string {
  const columns = Object.keys(about[names[0] as SourceName].fills) as (keyof (typeof about)[SourceName]['fills'])[]
  const rows = names.map((name) => [page(name), ...columns.map((column) => MARKS[about[name].fills[column]])])
  return table(['sender', ...columns.map((column) => (column === 'address' ? 'client address' : column))], rows)
}

/** `PUSH_ARTIFACT` with its names in other versions and formats; an event that is told apart has them once, at its first row. */
function named(event: string, synonyms: Readonly<Record<string, string>>, told: Set<string>): string {
  const [name = ''] = event.split(', ')
  const others = Object.entries(synonyms).flatMap(([other, meant]) =>
    meant === name && !told.has(name) ? [code(other)] : [],
  )
  told.add(name)
  return code(event) + (others.length > 0 ? ` (${others.join(', ')})` : '')
}

/** Every event of a sender, and what becomes of it. Events of the same meaning share a row. */
export function events(name: SourceName): string {
  const { vocabulary } = sources[name]
  const grouped = new Map<string, string[]>()
  const told = new Set<string>()
  for (const [event, row] of Object.entries(vocabulary)) {
    const text = says(row, code)
    grouped.set(text, [...(grouped.get(text) ?? []), named(event, about[name].synonyms ?? {}, told)])
  }
  const rows = [...grouped].map(([text, list]) => [list.join(', '), text])
  if (rows.length === 0) rows.push(['any action of the [action table](../actions.md)', 'that action'])
  return table(['event', 'becomes'], [...rows, ['anything else', 'quarantine, `UNKNOWN_ACTION`']])
}

/** What `accept` of a registry of that source may say. */
export function settings(name: SourceName): string {
  const entries = Object.entries(sources[name].settings)
  if (entries.length === 0) return 'It has no settings.'
  const rows = entries.map(([setting, schema]) => {
    const inner = 'wrapped' in schema ? (schema.wrapped as v.GenericSchema) : schema
    const root = 'pipe' in inner ? (inner.pipe as [v.GenericSchema])[0] : inner
    const values =
      'options' in root ? (root.options as string[]).map((value) => code(`'${value}'`)).join(', ') : root.type
    const fallback = 'default' in schema && typeof schema.default === 'string' ? code(`'${schema.default}'`) : ''
    return [code(setting), values, fallback, v.getDescription(inner as never) ?? '']
  })
  return table(['`accept`', 'values', 'default', 'meaning'], rows)
}

/** The facts that decide how far its events can be trusted. */
export function facts(name: SourceName): string {
  const { authentication, replays, retries, identity, fills } = about[name]
  const filled = (wanted: Filled) =>
    Object.entries(fills)
      .filter(([, value]) => value === wanted)
      .map(([field]) => (field === 'address' ? 'client address' : field))
      .join(', ') || 'nothing'
  return table(
    ['', ''],
    [
      ['authenticated by', authentication],
      ['replays', replays],
      ['without a 2xx', retries],
      ['the id of an event is derived from', identity],
      ['always filled', filled('always')],
      ['filled in some events', filled('sometimes')],
      ['never filled', filled('never')],
    ],
  )
}

/** The part of `docs/sources.md` that lists every event of every sender. */
export const allEvents = (): string =>
  names.map((name) => `### ${about[name].title}\n\n${events(name).replace('](../', '](')}`).join('\n\n')

/** Marker names and texts of each source's own page. */
export const pages: readonly { file: string; name: string; text: string }[] = names.flatMap((name) => {
  const file = `docs/sources/${name}.md`
  return [
    { file, name: 'facts', text: facts(name) },
    { file, name: 'events', text: events(name) },
    { file, name: 'settings', text: settings(name) },
  ]
})
