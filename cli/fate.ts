import type { Fate } from '../lib/redrive/fate.ts'
import { counted } from './exits.ts'

// What becomes of something in quarantine, for people and for programs.

/** What `fate` holds, for programs. */
export const fateFields = ({ events, ignored, unusable, obstacle }: Fate) => ({
  events: events.map(({ event }) => ({ id: event.id, action: event.action, target: event.target.name })),
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
  const events = fate.events.map(({ event }) => `event ${event.id}: ${event.action} ${event.target.name}`)
  return [...events, ...noise, ...left, ...(fate.obstacle === undefined ? [] : [`it can't be read: ${fate.obstacle}`])]
}
