import type { AuditEvent } from '../lib/event.ts'
import type { Fate } from '../lib/redrive/fate.ts'
import { route } from '../lib/route.ts'
import { counted } from './exits.ts'

// What becomes of something in quarantine, for people and for programs.

/** Where the router will take `event`: the edition that it was read with says so. */
const locationOf = ({ route: path }: AuditEvent): string => route(path?.region ?? '', path?.edition ?? '').location

/** Where the router will take the events of `fate`. */
export const locations = ({ events }: Fate): string =>
  [...new Set(events.map(({ event }) => locationOf(event)))].join(', ')

/** What `fate` holds, for programs. */
export const fateFields = ({ events, ignored, unusable, obstacle }: Fate) => ({
  events: events.map(({ event }) => ({
    id: event.id,
    action: event.action,
    target: event.target.name,
    location: locationOf(event),
  })),
  ignored,
  unusable: unusable.map(({ reason, message, item }) => ({ reason, message, ...(item === undefined ? {} : { item }) })),
  ...(obstacle === undefined ? {} : { obstacle }),
})

/** Why it can't be used, as a reason and a sentence; `undefined` when nothing is in its way. */
export function hindrance({ unusable: [first], obstacle }: Fate): { reason: string; message: string } | undefined {
  if (obstacle !== undefined) return { reason: 'OBSTACLE', message: obstacle }
  return first
}

/** `fate` in lines for people. */
export function fateLines(fate: Fate): string[] {
  const noise = Object.entries(fate.ignored).map(([name, count]) => `noise: ${name} (${counted(count, 'item')})`)
  const left = fate.unusable.map(
    ({ reason, message, item }) => `still unusable${item === undefined ? '' : `, item ${item}`}: ${reason} ${message}`,
  )
  const events = fate.events.map(
    ({ event }) => `event ${event.id}: ${event.action} ${event.target.name}, to ${locationOf(event)}`,
  )
  return [...events, ...noise, ...left, ...(fate.obstacle === undefined ? [] : [`it can't be read: ${fate.obstacle}`])]
}
