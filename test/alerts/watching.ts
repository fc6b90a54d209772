import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Alerting, type Ran, runAlerts } from '../../lib/alerts/alerts.ts'
import { asking } from '../../lib/alerts/ask.ts'
import { alertSearches, mistakesOfSearches, type SavedSearch } from '../../lib/alerts/searches.ts'
import { post } from '../../lib/alerts/webhook.ts'
import { type Archiver, archiver } from '../../lib/archive/archive.ts'
import type { AuditEvent } from '../../lib/event.ts'
import type { Location } from '../../lib/locations.ts'
import { duckdb } from '../../lib/search/duckdb.ts'
import { files } from '../../lib/stores/files.ts'
import type { Store } from '../../lib/stores/store.ts'
import { formatTime } from '../../lib/time.ts'
import { arrivalOf, sampleEvents, sampleKey } from '../archive.ts'

// Archives on this machine that saved searches watch, with a clock that goes on when it is told to.

export const SECRET = `whsec_${Buffer.alloc(24, 5).toString('base64')}`
/** A Monday, 13:00 in Berlin. */
export const START = Date.UTC(2026, 10, 23, 12)
export const MINUTE = 60_000

/** What an event is: it happens at `time` (milliseconds since 1970), or as the clock says. */
export interface Happening {
  time?: number
  action?: string
  target?: string
  initiator?: string
  registry?: string
  id?: string
}

export interface Watching {
  stores: ReadonlyMap<Location, Store>
  root: string
  /** Milliseconds since 1970. */
  clock: number
  /** Archives what happens at a location, in one batch. */
  archive(location: Location, ...happenings: readonly Happening[]): Promise<AuditEvent[]>
  /** Lets `minutes` go by, and looks once. */
  run(minutes?: number, changes?: Partial<Alerting>): Promise<Ran>
  /** Watches for `searches` from now on. Throws when there is a mistake in them. */
  watch(...searches: readonly SavedSearch[]): void
  close(): void
}

const LOCATIONS: readonly Location[] = ['eu-de', 'us-south']

export function watching(): Watching {
  const root = mkdtempSync(join(tmpdir(), 'alerts-'))
  const stores = new Map(LOCATIONS.map((location) => [location, files(join(root, location))]))
  const store = (location: Location): Store => stores.get(location) as Store
  const archivers = new Map<Location, Archiver>()
  const samples = sampleEvents(100_000)
  let searches = alertSearches([])
  const archives = { engine: duckdb({ root, store }), locations: LOCATIONS, store, now: () => made.clock }
  const made: Watching = {
    stores,
    root,
    clock: START,
    async archive(location, ...happenings) {
      const events = happenings.map(({ time = made.clock, action = 'image.pull', ...more }) => {
        const event = samples.next().value as AuditEvent
        const { target = event.target.name, initiator = event.initiator.id, registry = 'distribution' } = more
        return {
          ...event,
          id: more.id ?? event.id,
          eventTime: formatTime(time),
          action: `container-registry.${action}`,
          target: { ...event.target, name: target, id: target },
          initiator: { ...event.initiator, id: initiator, name: initiator },
          provenance: { ...event.provenance, registry, location } as AuditEvent['provenance'],
        } as AuditEvent
      })
      const into =
        archivers.get(location) ??
        archiver({ store: store(location), location, key: sampleKey(location), now: () => made.clock })
      archivers.set(location, into)
      await into.append(events.map(arrivalOf))
      return events
    },
    run(minutes = 1, changes = {}) {
      made.clock += minutes * MINUTE
      return runAlerts({
        searches,
        locations: LOCATIONS,
        registries: new Map<string, Location>([
          ['distribution', 'eu-de'],
          ['harbor', 'eu-de'],
          ['quay', 'us-south'],
        ]),
        store,
        ask: asking(archives),
        send: ({ to }, id, body) => {
          if (!('webhook' in to)) throw new Error('There is no queue here.')
          return post({
            address: to.webhook,
            id,
            body,
            secrets: [SECRET],
            emulated: true,
            now: Date.now(),
            timeout: 2000,
          })
        },
        viewer: 'https://events.example.com/',
        now: () => made.clock,
        patience: 10_000,
        ...changes,
      })
    },
    watch(...saved) {
      const mistakes = mistakesOfSearches(saved)
      if (mistakes.length > 0) throw new Error(mistakes.join('\n'))
      searches = alertSearches(saved)
    },
    close: () => rmSync(root, { recursive: true, force: true }),
  }
  return made
}
