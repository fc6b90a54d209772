import type { Item } from './answers.ts'

// The whole event in an order that people read it in. Whatever has no place here comes last, so nothing of it is ever left out.

/** A line: a label, where its value stands in the element, the filter that finds more of the same, and how it is written. */
export type Line = readonly [label: string, path: string, filter?: string, kind?: 'code' | 'time']

/** Lines with a title above them. */
export type Part = readonly [title: string, lines: readonly Line[]]

// biome-ignore format: one row a line
export const parts: readonly Part[] = [
  ['What', [
    ['Action', 'event.action', 'action', 'code'],
    ['Message', 'event.message'],
    ['Outcome', 'event.outcome', 'outcome'],
    ['Reason', 'event.reason.reasonType'],
    ['Code', 'event.reason.reasonCode'],
    ['Severity', 'event.severity', 'severity'],
    ['Data event', 'event.dataEvent', 'dataEvent'],
  ]],
  ['Who', [
    ['Name', 'event.initiator.name', 'initiator'],
    ['Id', 'event.initiator.id', 'initiator', 'code'],
    ['Type', 'event.initiator.typeURI', '', 'code'],
    ['Credential', 'event.initiator.credential.type'],
    ['Address', 'event.initiator.host.address', 'address', 'code'],
    ['Address type', 'event.initiator.host.addressType'],
    ['Agent', 'event.initiator.host.agent'],
  ]],
  ['To what', [
    ['Name', 'event.target.name', 'target', 'code'],
    ['Id', 'event.target.id', 'target', 'code'],
    ['Type', 'event.target.typeURI', '', 'code'],
    ['Asked at', 'event.target.host.address', '', 'code'],
  ]],
  ['When', [
    ['Happened', 'event.eventTime', '', 'time'],
    ['Received', 'event.provenance.receivedTime', '', 'time'],
    ['Redriven', 'event.provenance.redrivenTime', '', 'time'],
    ['Routed', 'routedTime', '', 'time'],
    ['Archived', 'archivedTime', '', 'time'],
  ]],
  ['Where from, where to', [
    ['Registry', 'event.provenance.registry', 'registry'],
    ['Source', 'event.provenance.source'],
    ['Domain', 'event.provenance.domain', '', 'code'],
    ['Region', 'event.provenance.region', 'region'],
    ['Account', 'event.provenance.account'],
    ['Location', 'location', 'location'],
    ['Leaf', 'leaf'],
  ]],
]

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
