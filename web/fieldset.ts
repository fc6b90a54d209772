import type { Item } from './answers.ts'

// The whole event in an order that people read it in. Whatever has no place here comes last, so nothing of it is ever left out.

/** A line: a label, where its value stands in the element, the filter that finds more of the same, and how it is written. */
export type Line = readonly [label: string, path: string, filter?: string, kind?: 'code' | 'time']

/** Lines with a title above them. */
type Part = readonly [title: string, lines: readonly Line[]]

// biome-ignore format: one row a line
const rows: readonly (readonly [title: string, base: string, lines: readonly Line[]])[] = [
  ['What', 'event.', [
    ['Action', 'action', 'action', 'code'],
    ['Message', 'message'],
    ['Outcome', 'outcome', 'outcome'],
    ['Reason', 'reason.reasonType'],
    ['Code', 'reason.reasonCode'],
    ['Severity', 'severity', 'severity'],
    ['Data event', 'dataEvent', 'dataEvent'],
  ]],
  ['Who', 'event.initiator.', [
    ['Name', 'name', 'initiator'],
    ['Id', 'id', 'initiator', 'code'],
    ['Type', 'typeURI', '', 'code'],
    ['Credential', 'credential.type'],
    ['Address', 'host.address', 'address', 'code'],
    ['Address type', 'host.addressType'],
    ['Agent', 'host.agent'],
  ]],
  ['To what', 'event.target.', [
    ['Name', 'name', 'target', 'code'],
    ['Id', 'id', 'target', 'code'],
    ['Type', 'typeURI', '', 'code'],
    ['Asked at', 'host.address', '', 'code'],
  ]],
  ['When', '', [
    ['Happened', 'event.eventTime', '', 'time'],
    ['Received', 'event.provenance.receivedTime', '', 'time'],
    ['Redriven', 'event.provenance.redrivenTime', '', 'time'],
    ['Routed', 'routedTime', '', 'time'],
    ['Archived', 'archivedTime', '', 'time'],
  ]],
  ['Where from', 'event.provenance.', [
    ['Registry', 'registry', 'registry'],
    ['Source', 'source'],
    ['Domain', 'domain', '', 'code'],
    ['Region', 'region', 'region'],
    ['Account', 'account'],
  ]],
  ['Where to', '', [
    ['Location', 'location', 'location'],
    ['Leaf', 'leaf'],
  ]],
]

/** The lines by their titles, with whole paths. */
export const parts: readonly Part[] = rows.map(([title, base, lines]) => [
  title,
  lines.map(([label, path, ...rest]): Line => [label, base + path, ...rest]),
])

/** A value of an element with the path to it. */
export interface Value {
  path: string
  value: string | number | boolean
}

/** Every value of `element` but `null`, by its path, in the order in which they stand. Empty objects and lists stand as such. */
export function valuesOf(element: unknown, path = ''): Value[] {
  if (element === null) return []
  if (typeof element !== 'object') return [{ path, value: element as Value['value'] }]
  const members = Object.entries(element)
  if (members.length === 0) return [{ path, value: Array.isArray(element) ? '[]' : '{}' }]
  return members.flatMap(([name, member]) => valuesOf(member, path ? `${path}.${name}` : name))
}

const placed = new Set(parts.flatMap(([, lines]) => lines.map(([, path]) => path)))
// These stand in other lines, or say the same of every event.
const passed = new Set(['proof', 'event.provenance.location'])

/** What has no line of its own. */
export const others = (item: Item): Value[] =>
  valuesOf(item).filter(({ path }) => !placed.has(path) && !passed.has(path) && !path.startsWith('proof.'))
