import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Entry, entries, type Tally, total } from '../lib/log.ts'

// The accounting of local emulation (docs/accounting.md): it hears of every call of a function, and keeps who was promised what and what
// became of it apart from the queues. What the queues hold can be held against it.

/** Sums of items by the location that the registry had at the time; `''` for a registry that is not configured. */
export interface ItemSums {
  registry: string
  location: string
  received: number
  accepted: number
  ignored: number
  quarantined: number
  rejected: number
  /** Requests whose own numbers contradict each other. */
  contradictory: number
}

/** How often an event was heard of, by registry and location: where it belongs when it was accepted, where it went when it was routed. */
export interface EventCounts {
  registry: string
  location: string
  id: string
  /** Answers 202 that named it. */
  accepted: number
  routed: number
  deadLettered: number
  /** Times that it was routed after somebody redrove it out of quarantine. */
  redriven: number
}

/** Events by registry and location, counted by id. */
export interface EventSums {
  registry: string
  location: string
  accepted: number
  routed: number
}

/** What the functions said that they did. */
export interface Ledger {
  items(): ItemSums[]
  events(): EventSums[]
  /** Events of which either the promise or the end is missing: not accepted, or not routed. */
  open(): EventCounts[]
  /** Every place at which the event was heard of. */
  placesOf(registry: string, id: string): EventCounts[]
  /** Why entries wait in memory for being written, if any do; tries once more before it says so. */
  unwritten(): { count: number; why: string } | undefined
  /** Listens no longer, and lets go of the file. */
  close(): void
}

const ITEMS = 'registry, location, received, accepted, ignored, quarantined, rejected, contradictory'
const EVENTS = 'registry, location, id, accepted, routed, deadLettered, redriven'

const SCHEMA = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS items (
  stage TEXT, registry TEXT, location TEXT,
  received INTEGER DEFAULT 0, accepted INTEGER DEFAULT 0, ignored INTEGER DEFAULT 0, quarantined INTEGER DEFAULT 0,
  rejected INTEGER DEFAULT 0, contradictory INTEGER DEFAULT 0,
  PRIMARY KEY (stage, registry, location)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
  stage TEXT, registry TEXT, id TEXT, location TEXT,
  accepted INTEGER DEFAULT 0, routed INTEGER DEFAULT 0, deadLettered INTEGER DEFAULT 0, redriven INTEGER DEFAULT 0,
  PRIMARY KEY (stage, registry, id, location)
) WITHOUT ROWID;
`

const ADD_ITEMS = `
INSERT INTO items VALUES (:stage, :registry, :location, :received, :accepted, :ignored, :quarantined, :rejected, :contradictory)
ON CONFLICT DO UPDATE SET received = received + :received, accepted = accepted + :accepted, ignored = ignored + :ignored,
quarantined = quarantined + :quarantined, rejected = rejected + :rejected, contradictory = contradictory + :contradictory`

const ADD_EVENT = `
INSERT INTO events VALUES (:stage, :registry, :id, :location, :accepted, :routed, :deadLettered, :redriven)
ON CONFLICT DO UPDATE SET accepted = accepted + :accepted, routed = routed + :routed,
deadLettered = deadLettered + :deadLettered, redriven = redriven + :redriven`

const NO_ITEMS = { received: 0, accepted: 0, ignored: 0, quarantined: 0, rejected: 0, contradictory: 0 }
const UNHEARD = { accepted: 0, routed: 0, deadLettered: 0, redriven: 0 }

/** The items of a request, and whether they add up. */
function itemsOf(entry: Entry): Omit<ItemSums, 'registry' | 'location'> {
  const { received = 0, accepted = 0, rejected = 0 } = entry
  const ignored = total(entry.ignored)
  const quarantined = total(entry.quarantined)
  const adds = received === accepted + ignored + quarantined + rejected && accepted === (entry.ids ?? []).length
  return { received, accepted, ignored, quarantined, rejected, contradictory: adds ? 0 : 1 }
}

/**
 * Opens the ledger `accounting.db` in `dir` and listens to every entry that a function of this process logs. `locations` has the
 * location of each configured registry. Each entry is written at once, in one transaction; one that can't be written waits in memory
 * and is tried again with the next, and `warn` is told once. Functions never notice. Throws when the file can't be opened.
 */
export function openLedger(
  dir: string,
  stage: string,
  locations: ReadonlyMap<string, string>,
  warn: (message: string) => void,
): Ledger {
  const file = join(dir, 'accounting.db')
  const db = openFile(file)
  const addItems = db.prepare(ADD_ITEMS)
  const addEvent = db.prepare(ADD_EVENT)

  const writeRequest = (entry: Entry): void => {
    const items = itemsOf(entry)
    const registry = entry.registry ?? 'unknown'
    const location = locations.get(registry) ?? ''
    if (items.received + items.contradictory > 0) addItems.run({ stage, registry, location, ...items })
    if (entry.status !== 202) return
    for (const id of entry.ids ?? []) addEvent.run({ stage, registry, location, id, ...UNHEARD, accepted: 1 })
  }
  const writeTally = (what: 'routed' | 'deadLettered', tally: Tally = {}, redriven: readonly string[] = []): void => {
    const again = new Set(redriven)
    for (const [registry, byLocation] of Object.entries(tally)) {
      for (const [location, ids] of Object.entries(byLocation)) {
        for (const id of ids) {
          const counts = { ...UNHEARD, [what]: 1, redriven: Number(again.has(id)) }
          // A message that is no event of ours may have anything for an id.
          addEvent.run({ stage, registry, location, id: String(id), ...counts })
        }
      }
    }
  }
  const write = (entry: Entry): void => {
    db.exec('BEGIN IMMEDIATE')
    try {
      if (entry.event === 'route') {
        writeTally('routed', entry.routed, entry.redriven)
        writeTally('deadLettered', entry.deadLettered)
      } else writeRequest(entry)
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }

  const waiting: Entry[] = []
  let why = ''
  let warned = false
  const flush = (): void => {
    try {
      for (let next = waiting[0]; next; next = waiting[0]) {
        write(next)
        waiting.shift()
      }
    } catch (error) {
      why = (error as Error).message
      if (!warned) warn(`${file} can't be written: ${why}. What it lacks is kept in memory and tried again.`)
      warned = true
    }
  }
  const hear = (entry: unknown): void => {
    waiting.push(entry as Entry)
    flush()
  }

  const query = <Row>(sql: string): ((...values: string[]) => Row[]) => {
    const statement = db.prepare(sql)
    return (...values) => statement.all(stage, ...values) as Row[]
  }
  // Every registry is in the report, whether or not anything came for it.
  for (const [registry, location] of locations) addItems.run({ stage, registry, location, ...NO_ITEMS })
  entries.subscribe(hear)
  return {
    items: query<ItemSums>(`SELECT ${ITEMS} FROM items WHERE stage = ? ORDER BY registry, location`),
    events: query<EventSums>(
      `SELECT registry, location, sum(accepted > 0) AS accepted, sum(routed > 0) AS routed
      FROM events WHERE stage = ? GROUP BY registry, location`,
    ),
    open: query<EventCounts>(`SELECT ${EVENTS} FROM events WHERE stage = ? AND (accepted = 0 OR routed = 0)`),
    placesOf: query<EventCounts>(`SELECT ${EVENTS} FROM events WHERE stage = ? AND registry = ? AND id = ?`),
    unwritten() {
      flush()
      return waiting.length > 0 ? { count: waiting.length, why } : undefined
    },
    close() {
      entries.unsubscribe(hear)
      flush()
      db.close()
    },
  }
}

function openFile(file: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file)
    db.exec(SCHEMA)
    return db
  } catch (error) {
    db?.close()
    const what = (error as Error).message
    throw new Error(`${file}, which keeps the accounts of local emulation, can't be used: ${what}. Move it away.`)
  }
}
