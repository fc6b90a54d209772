import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Alerting, runAlerts } from '../../lib/alerts/alerts.ts'
import { asking } from '../../lib/alerts/ask.ts'
import type { Item } from '../../lib/alerts/question.ts'
import { alertSearches, mistakesOfSearches, type SavedSearch } from '../../lib/alerts/searches.ts'
import { post } from '../../lib/alerts/webhook.ts'
import { type Archiver, archiver } from '../../lib/archive/archive.ts'
import { CHECKPOINT, eventsFile } from '../../lib/archive/names.ts'
import type { AuditEvent } from '../../lib/event.ts'
import type { Location } from '../../lib/locations.ts'
import type { Ran } from '../../lib/log.ts'
import { signCheckpoint } from '../../lib/proof/checkpoint.ts'
import { duckdb } from '../../lib/search/duckdb.ts'
import { files } from '../../lib/stores/files.ts'
import { memory } from '../../lib/stores/memory.ts'
import type { Store } from '../../lib/stores/store.ts'
import { formatTime } from '../../lib/time.ts'
import { arrivalOf, sampleEvents, sampleKey } from '../archive.ts'
import { scanning } from './scan.ts'

// Archives on this machine that saved searches watch, with a clock that goes on when it is told to.

export const SECRET = `whsec_${Buffer.alloc(24, 5).toString('base64')}`
/** A Monday, 13:00 in Berlin. */
export const START = Date.UTC(2026, 10, 23, 12)
export const MINUTE = 60_000

/** What an event is: it happens, and its webhook comes, at `time` and `received` (milliseconds since 1970), or as the clock says. */
export interface Happening {
  time?: number
  received?: number
  action?: string
  target?: string
  initiator?: string
  registry?: string
  id?: string
}

export interface Watching {
  store(location: Location): Store
  ask: Alerting['ask']
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

/** How an archive is looked into. */
type Looking = Pick<Alerting, 'ask' | 'store'> & {
  archive(location: Location, events: readonly AuditEvent[]): Promise<void>
}

/** The archives themselves, on this machine, with the search that looks into them. */
function onDisk(root: string, now: () => number): Looking {
  const stores = new Map(LOCATIONS.map((location) => [location, files(join(root, location))]))
  const store = (location: Location): Store => stores.get(location) as Store
  const archivers = new Map<Location, Archiver>()
  return {
    store,
    ask: asking({ engine: duckdb({ root, store }), locations: LOCATIONS, store, now }),
    async archive(location, events) {
      const key = sampleKey(location)
      const into = archivers.get(location) ?? archiver({ store: store(location), location, key, now })
      archivers.set(location, into)
      await into.append(events.map(arrivalOf))
    },
  }
}

/** The same in memory, for what does not depend on files or the search. */
function inMemory(now: () => number): Looking {
  const stores = new Map(LOCATIONS.map((location) => [location, memory(now)]))
  const archived = new Map<Location, Item[]>(LOCATIONS.map((location) => [location, []]))
  const of = (location: Location): Item[] => archived.get(location) ?? []
  return {
    store: (location) => stores.get(location) as Store,
    ask: (location) => scanning(of(location)),
    async archive(location, events) {
      const archivedTime = new Date(now()).toISOString()
      const items = of(location)
      const store = stores.get(location) as Store
      for (const event of events) {
        // What lies in a file is asked of the scan: that there is one on that day is all that its name has to tell.
        const file = {
          location,
          day: event.eventTime.slice(0, 10),
          first: items.length,
          count: 1,
          digest: 'd'.repeat(32),
        }
        await store.put(eventsFile(file), Buffer.alloc(0))
        items.push({ location, leaf: items.length, routedTime: null, archivedTime, event })
      }
      await store.put(CHECKPOINT, Buffer.from(signCheckpoint(items.length, Buffer.alloc(32), sampleKey(location))))
    },
  }
}

export function watching({ isOnDisk = false } = {}): Watching {
  const root = mkdtempSync(join(tmpdir(), 'alerts-'))
  const looking = isOnDisk ? onDisk(root, () => made.clock) : inMemory(() => made.clock)
  const { store } = looking
  const samples = sampleEvents(100_000)
  let searches = alertSearches([])
  const made: Watching = {
    store,
    ask: looking.ask,
    root,
    clock: START,
    async archive(location, ...happenings) {
      const events = happenings.map(({ time = made.clock, received = made.clock, action = 'image.pull', ...more }) => {
        const event = samples.next().value as AuditEvent
        const { target = event.target.name, initiator = event.initiator.id, registry = 'distribution' } = more
        return {
          ...event,
          id: more.id ?? event.id,
          eventTime: formatTime(time),
          action: `container-registry.${action}`,
          target: { ...event.target, name: target, id: target },
          initiator: { ...event.initiator, id: initiator, name: initiator },
          provenance: {
            ...event.provenance,
            registry,
            location,
            receivedTime: formatTime(received),
          } as AuditEvent['provenance'],
        } as AuditEvent
      })
      await looking.archive(location, events)
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
        ask: looking.ask,
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

/** A store that breaks at the `nth` write of a run, before it or after it. */
export const breaking = (store: Store, nth: number, isAfter: boolean): Store => {
  let writes = 0
  const write = async (work: () => Promise<boolean>) => {
    writes += 1
    if (writes === nth && !isAfter) throw new Error('killed')
    const done = await work()
    if (writes === nth && isAfter) throw new Error('killed')
    return done
  }
  return {
    ...store,
    create: (name, bytes) => write(() => store.create(name, bytes)),
    replace: (name, bytes, version) => write(() => store.replace(name, bytes, version)),
  }
}
