import type { Item } from './answers.ts'
import { short } from './fields.ts'
import { timeOf } from './time.ts'
import { sortable } from './view.ts'

/** What the table holds of an event: 100,000 whole ones would be half a gigabyte. */
export interface Row {
  id: string
  location: string
  /** Milliseconds since 1970. */
  time: number
  action: string
  outcome: string
  severity: string
  initiator: string
  target: string
  address: string
  registry: string
}

const texts = new Map<string, string>()

/** The same text once: most values come again and again, and each answer makes a new copy of them. */
function once(text: string | undefined): string {
  if (!text) return ''
  const known = texts.get(text)
  if (known !== undefined) return known
  if (texts.size > 50_000) texts.clear()
  texts.set(text, text)
  return text
}

export function toRow({ event, location }: Item): Row {
  const { id, eventTime, action, outcome, severity, initiator, target, provenance } = event
  return {
    id,
    location: once(location),
    time: timeOf(eventTime),
    action: once(short(action)),
    outcome: once(outcome),
    severity: once(severity),
    initiator: once(initiator?.name || initiator?.id),
    target: once(target?.name || target?.id),
    address: once(initiator?.host?.address),
    registry: once(provenance?.registry),
  }
}

export interface Column {
  /** What the list is sorted by, and the member of the row. */
  name: Exclude<keyof Row, 'id'>
  label: string
}

/** Whatever can be sorted by, in that order. */
export const columns: readonly Column[] = sortable.map((name) => ({
  name,
  label: `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
}))
