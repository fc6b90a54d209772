import { channel } from 'node:diagnostics_channel'

/** Ids of events, by registry and location. */
export type Tally = Record<string, Record<string, string[]>>

/** Ids of `events` by registry and location. */
export function tally(events: Iterable<{ registry: string; location: string; id: string }>): Tally {
  // An id of a registry may be the name of something that every object has.
  const made: Tally = Object.create(null)
  for (const { registry, location, id } of events) {
    made[registry] ??= {}
    made[registry][location] ??= []
    made[registry][location].push(id)
  }
  return made
}

/** What a run of the alerts function did. */
export interface Ran {
  /** Saved searches, each at each of its locations. */
  searches: number
  /** Alerts that were made, that were delivered, that wait for another try, and that were given up. */
  made: number
  delivered: number
  waiting: number
  givenUp: number
  /** What did not work: the search, the location, and why. */
  failures: { search: string; location: string; why: string }[]
}

/** What a run of the upkeep function did. */
export interface Upkept {
  /** Files that were merged, and that were removed because larger ones hold their events. */
  merged: number
  removedFiles: number
  /** Days whose events were removed under retention. */
  removedDays: number
  /** What did not work: the location, and why. */
  failures: { location: string; why: string }[]
}

/** One wide line: filled in on the way, written once. Never holds a secret, a header or a query string. */
export interface Entry {
  event: string
  requestId?: string
  /** Id of the registry that it was meant for, if there is one with that id, whether or not it was genuine. */
  registry?: string
  family?: string
  status?: number
  /** Where credentials of the registry came from, although it is no address that they may come from. */
  address?: string
  /** It was a handshake or a ping, which carries no items. */
  handshake?: true
  /** Accounting: received = accepted + ignored + quarantined + rejected, where all or nothing is rejected. */
  received?: number
  accepted?: number
  ignored?: Record<string, number>
  quarantined?: Record<string, number>
  rejected?: number
  deprecated?: number
  /** Ids of the events that were accepted, each once. */
  ids?: readonly string[]
  /** Ids of the items that were put into quarantine. */
  kept?: readonly string[]
  /** Router: the outputs of locations that are on. */
  outputs?: readonly string[]
  /** Router: what is on every output of its location, what has to be tried again, and what went to the dead-letter queue. */
  routed?: Tally
  postponed?: Tally
  deadLettered?: Tally
  /** Archive: what is in the archive of its location. */
  archived?: Tally
  /** Ids among the routed that were redriven out of quarantine. */
  redriven?: readonly string[]
  /** Ids that the redriven among the routed and the dead-lettered had in quarantine. */
  redrivenFrom?: readonly string[]
  /** Locations that were not tried, because they did not answer a moment ago. */
  open?: readonly string[]
  /** Alerts: what a run did. */
  alerts?: Ran
  /** Upkeep: what a run did. */
  upkeep?: Upkept
  /** Search: who asked, at which path, and how many events were answered. */
  reader?: string
  asked?: string
  found?: number
  code?: string
  why?: string
  error?: unknown
  milliseconds?: number
}

/** The sum of counts by name; 0 of none. */
export const total = (counts: Readonly<Record<string, number>> = {}): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

/** An error as plain data, its causes included. */
function plain(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack, cause } = error
  return { name, message, stack, ...(cause === undefined ? {} : { cause: plain(cause) }) }
}

/** Who listens in the same process gets every entry here: the accounting of local emulation does. */
export const entries = channel('registry-event-router:entries')

/**
 * Writes `entry` as one line of JSON to standard output, where Lambda's log picks it up, and hands it to who listens to `entries`.
 * `metrics` (lib/metrics.ts) are members of that line, and of further lines when there are more of them.
 */
export function log(entry: Entry, [own, ...more]: readonly object[] = []): void {
  entries.publish(entry)
  const { error, ...rest } = entry
  const time = new Date().toISOString()
  const lines: object[] = [{ time, ...rest, ...(error === undefined ? {} : { error: plain(error) }), ...own }]
  for (const members of more) lines.push({ time, event: 'metrics', requestId: entry.requestId, ...members })
  process.stdout.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}
