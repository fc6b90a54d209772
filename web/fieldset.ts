import type { Item } from './api.ts'

// The whole event in an order that people read it in. Whatever has no place here comes last, so nothing of it is ever left out.

/** A line: a label, where its value stands in the element, and the filter that finds more of the same. */
export interface Line {
  label: string
  path: string
  filter?: string
  kind?: 'code' | 'time'
}

export interface Part {
  title: string
  lines: readonly Line[]
}

export const parts: readonly Part[] = [
  {
    title: 'What',
    lines: [
      { label: 'Action', path: 'event.action', filter: 'action', kind: 'code' },
      { label: 'Message', path: 'event.message' },
      { label: 'Outcome', path: 'event.outcome', filter: 'outcome' },
      { label: 'Reason', path: 'event.reason.reasonType' },
      { label: 'Code', path: 'event.reason.reasonCode' },
      { label: 'Severity', path: 'event.severity', filter: 'severity' },
      { label: 'Data event', path: 'event.dataEvent', filter: 'dataEvent' },
    ],
  },
  {
    title: 'Who',
    lines: [
      { label: 'Name', path: 'event.initiator.name', filter: 'initiator' },
      { label: 'Id', path: 'event.initiator.id', filter: 'initiator', kind: 'code' },
      { label: 'Type', path: 'event.initiator.typeURI', kind: 'code' },
      { label: 'Credential', path: 'event.initiator.credential.type' },
      { label: 'Address', path: 'event.initiator.host.address', filter: 'address', kind: 'code' },
      { label: 'Address type', path: 'event.initiator.host.addressType' },
      { label: 'Agent', path: 'event.initiator.host.agent' },
    ],
  },
  {
    title: 'To what',
    lines: [
      { label: 'Name', path: 'event.target.name', filter: 'target', kind: 'code' },
      { label: 'Id', path: 'event.target.id', filter: 'target', kind: 'code' },
      { label: 'Type', path: 'event.target.typeURI', kind: 'code' },
      { label: 'Asked at', path: 'event.target.host.address', kind: 'code' },
    ],
  },
  {
    title: 'When',
    lines: [
      { label: 'Happened', path: 'event.eventTime', kind: 'time' },
      { label: 'Received', path: 'event.provenance.receivedTime', kind: 'time' },
      { label: 'Redriven', path: 'event.provenance.redrivenTime', kind: 'time' },
      { label: 'Routed', path: 'routedTime', kind: 'time' },
      { label: 'Archived', path: 'archivedTime', kind: 'time' },
    ],
  },
  {
    title: 'Where from, where to',
    lines: [
      { label: 'Registry', path: 'event.provenance.registry', filter: 'registry' },
      { label: 'Source', path: 'event.provenance.source' },
      { label: 'Domain', path: 'event.provenance.domain', kind: 'code' },
      { label: 'Region', path: 'event.provenance.region', filter: 'region' },
      { label: 'Account', path: 'event.provenance.account' },
      { label: 'Location', path: 'location', filter: 'location' },
      { label: 'Leaf', path: 'leaf' },
    ],
  },
]

/** A value of an element with the path to it. */
export interface Value {
  path: string
  value: string | number | boolean | null
}

/** Every value of `element` by its path, in the order in which they stand. Empty objects and lists stand as such. */
export function valuesOf(element: unknown, path = ''): Value[] {
  if (typeof element !== 'object' || element === null) return [{ path, value: element as Value['value'] }]
  const members = Object.entries(element)
  if (members.length === 0) return [{ path, value: Array.isArray(element) ? '[]' : '{}' }]
  return members.flatMap(([name, member]) => valuesOf(member, path ? `${path}.${name}` : name))
}

const placed = new Set(parts.flatMap(({ lines }) => lines.map(({ path }) => path)))
// These stand in other lines, or say the same of every event.
const passed = new Set(['proof', 'event.provenance.location'])

/** What has no line of its own. */
export const others = (item: Item): Value[] =>
  valuesOf(item).filter(({ path }) => !placed.has(path) && !passed.has(path) && !path.startsWith('proof.'))
