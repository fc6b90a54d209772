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
  /** Times that it was routed while the archive was an output. */
  owed: number
  /** Times that it was archived. */
  archived: number
}

/** Events by registry and location, counted by id. */
export interface EventSums {
  registry: string
  location: string
  accepted: number
  routed: number
  /** Those that belong into the archive, and those that are there. */
  owed: number
  archived: number
}

/** An item that was answered 202 as quarantined. */
export interface KeptItem {
  registry: string
  location: string
  id: string
  /** 1 when the router has heard of an event that was redriven out of it; else 0. */
  redriven: number
}

/** Sums of what was settled so long ago that its ids are not needed any more. */
export interface PrunedSums extends EventSums {
  /** Of the routed. */
  redriven: number
  unanswered: number
  /** Quarantined items, all of which were redriven. */
  kept: number
}

/** What the functions said that they did. */
export interface Ledger {
  items(): ItemSums[]
  events(): EventSums[]
  /** Events of which either the promise or the end is missing: not accepted, not routed, or not archived although it belongs there. */
  open(): EventCounts[]
  /** What was answered 202 as quarantined, by registry and location. */
  kept(): KeptItem[]
  /** What is counted no longer by id. */
  pruned(): PrunedSums[]
  /** Every place at which the event was heard of. */
  placesOf(registry: string, id: string): EventCounts[]
  /** Why entries wait in memory for being written, if any do; tries once more before it says so. */
  unwritten(): { count: number; why: string } | undefined
  /** Listens no longer, and lets go of the file. */
  close(): void
}

const ITEMS = 'registry, location, received, accepted, ignored, quarantined, rejected, contradictory'
const EVENTS = 'registry, location, id, accepted, routed, deadLettered, redriven, owed, archived'

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
  seen INTEGER DEFAULT 0, owed INTEGER DEFAULT 0, archived INTEGER DEFAULT 0,
  PRIMARY KEY (stage, registry, id, location)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
  stage TEXT, registry TEXT, id TEXT, location TEXT, seen INTEGER,
  PRIMARY KEY (stage, registry, id, location)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS redriven (stage TEXT, id TEXT, seen INTEGER, PRIMARY KEY (stage, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pruned (
  stage TEXT, registry TEXT, location TEXT,
  accepted INTEGER, routed INTEGER, redriven INTEGER, unanswered INTEGER, kept INTEGER,
  owed INTEGER DEFAULT 0, archived INTEGER DEFAULT 0,
  PRIMARY KEY (stage, registry, location)
) WITHOUT ROWID;
`

const ADD_ITEMS = `
INSERT INTO items VALUES (:stage, :registry, :location, :received, :accepted, :ignored, :quarantined, :rejected, :contradictory)
ON CONFLICT DO UPDATE SET received = received + :received, accepted = accepted + :accepted, ignored = ignored + :ignored,
quarantined = quarantined + :quarantined, rejected = rejected + :rejected, contradictory = contradictory + :contradictory`

const ADD_EVENT = `
INSERT INTO events (stage, registry, id, location, accepted, routed, deadLettered, redriven, seen, owed, archived)
VALUES (:stage, :registry, :id, :location, :accepted, :routed, :deadLettered, :redriven, :seen, :owed, :archived)
ON CONFLICT DO UPDATE SET accepted = accepted + :accepted, routed = routed + :routed,
deadLettered = deadLettered + :deadLettered, redriven = redriven + :redriven, seen = :seen,
owed = owed + :owed, archived = archived + :archived`

const ADD_KEPT = `
INSERT INTO kept VALUES (:stage, :registry, :id, :location, :seen)
ON CONFLICT DO UPDATE SET seen = :seen`

const ADD_REDRIVEN = 'INSERT INTO redriven VALUES (:stage, :id, :seen) ON CONFLICT DO UPDATE SET seen = :seen'

/** Milliseconds after which what was settled is not needed any more: a day more than any queue keeps messages. */
const SETTLED_AFTER = 15 * 24 * 60 * 60 * 1000

/** Of what belongs into the archive, and of what is there: by what the router said, or the archive function. */
const ARCHIVE_SUMS = 'sum(owed + archived > 0) AS owed, sum(archived > 0) AS archived'

/** Routed where it belongs, archived if it had to be, and nowhere else heard of: what is a mistake stays. */
const SETTLED_EVENTS = `
FROM events AS settled WHERE seen < :before AND routed > 0 AND (owed = 0 OR archived > 0)
AND (accepted > 0 OR location IN (SELECT location FROM items WHERE stage = settled.stage AND registry = settled.registry))
AND NOT EXISTS (
  SELECT 1 FROM events
  WHERE stage = settled.stage AND registry = settled.registry AND id = settled.id AND location <> settled.location
)`

const SETTLED_ITEMS = `
FROM kept AS settled WHERE seen < :before AND EXISTS (
  SELECT 1 FROM redriven WHERE stage = settled.stage AND id = settled.id AND redriven.seen BETWEEN settled.seen AND :before - 1
)`

const INTO_PRUNED =
  'INSERT INTO pruned (stage, registry, location, accepted, routed, redriven, unanswered, kept, owed, archived)'

const ADD_PRUNED = `
GROUP BY stage, registry, location
ON CONFLICT DO UPDATE SET accepted = accepted + excluded.accepted, routed = routed + excluded.routed,
redriven = redriven + excluded.redriven, unanswered = unanswered + excluded.unanswered, kept = kept + excluded.kept,
owed = owed + excluded.owed, archived = archived + excluded.archived`

/** Sums first, and all of it or nothing. */
const PRUNE = [
  `${INTO_PRUNED} SELECT stage, registry, location, sum(accepted > 0), count(*),
  sum(accepted = 0 AND redriven > 0), sum(accepted = 0 AND redriven = 0), 0, ${ARCHIVE_SUMS} ${SETTLED_EVENTS} ${ADD_PRUNED}`,
  `DELETE ${SETTLED_EVENTS}`,
  `${INTO_PRUNED} SELECT stage, registry, location, 0, 0, 0, 0, count(*), 0, 0 ${SETTLED_ITEMS} ${ADD_PRUNED}`,
  `DELETE ${SETTLED_ITEMS}`,
  'DELETE FROM redriven WHERE seen < :before AND id NOT IN (SELECT id FROM kept)',
]

const NO_ITEMS = { received: 0, accepted: 0, ignored: 0, quarantined: 0, rejected: 0, contradictory: 0 }
/** An event that nothing was heard of yet. */
export const UNHEARD = { accepted: 0, routed: 0, deadLettered: 0, redriven: 0, owed: 0, archived: 0 }

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
 * and is tried again with the next, and `warn` is told once. Functions never notice. What was settled 15 days before `now`, in
 * milliseconds since 1970, is only a sum from then on. Throws when the file can't be opened.
 */
export function openLedger(
  dir: string,
  stage: string,
  locations: ReadonlyMap<string, string>,
  warn: (message: string) => void,
  now: () => number = Date.now,
): Ledger {
  const file = join(dir, 'accounting.db')
  const db = openFile(file, now())
  const addItems = db.prepare(ADD_ITEMS)
  const addEvent = db.prepare(ADD_EVENT)
  const addKept = db.prepare(ADD_KEPT)
  const addRedriven = db.prepare(ADD_REDRIVEN)

  const writeRequest = (entry: Entry): void => {
    const items = itemsOf(entry)
    const registry = entry.registry ?? 'unknown'
    const location = locations.get(registry) ?? ''
    if (items.received + items.contradictory > 0) addItems.run({ stage, registry, location, ...items })
    if (entry.status !== 202) return
    const seen = now()
    for (const id of entry.ids ?? []) addEvent.run({ stage, registry, location, id, ...UNHEARD, accepted: 1, seen })
    for (const id of entry.kept ?? []) addKept.run({ stage, registry, location, id, seen })
  }
  const writeTally = (tally: Tally = {}, countsOf: (id: string) => Partial<typeof UNHEARD>): void => {
    for (const [registry, byLocation] of Object.entries(tally)) {
      for (const [location, ids] of Object.entries(byLocation)) {
        for (const id of ids) {
          // A message that is no event of ours may have anything for an id.
          addEvent.run({ stage, registry, location, id: String(id), ...UNHEARD, ...countsOf(id), seen: now() })
        }
      }
    }
  }
  const writeRoute = (entry: Entry): void => {
    const again = new Set(entry.redriven)
    const owed = Number(entry.outputs?.includes('archive') ?? false)
    writeTally(entry.routed, (id) => ({ routed: 1, redriven: Number(again.has(id)), owed }))
    writeTally(entry.deadLettered, () => ({ deadLettered: 1 }))
    for (const id of entry.redrivenFrom ?? []) addRedriven.run({ stage, id, seen: now() })
  }
  const writers: Readonly<Record<string, (entry: Entry) => void>> = {
    request: writeRequest,
    route: writeRoute,
    archive: ({ archived }) => writeTally(archived, () => ({ archived: 1 })),
  }
  const write = (entry: Entry): void => {
    const writer = writers[entry.event]
    if (!writer) return
    db.exec('BEGIN IMMEDIATE')
    try {
      writer(entry)
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
      `SELECT registry, location, sum(accepted > 0) AS accepted, sum(routed > 0) AS routed, ${ARCHIVE_SUMS}
      FROM events WHERE stage = ? GROUP BY registry, location`,
    ),
    open: query<EventCounts>(
      `SELECT ${EVENTS} FROM events WHERE stage = ? AND (accepted = 0 OR routed = 0 OR (owed > 0 AND archived = 0))`,
    ),
    kept: query<KeptItem>(
      `SELECT registry, location, id, EXISTS (
        SELECT 1 FROM redriven WHERE stage = kept.stage AND id = kept.id AND redriven.seen >= kept.seen
      ) AS redriven FROM kept WHERE stage = ?`,
    ),
    pruned: query<PrunedSums>(
      'SELECT registry, location, accepted, routed, redriven, unanswered, kept, owed, archived FROM pruned WHERE stage = ?',
    ),
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

function prune(db: DatabaseSync, before: number): void {
  db.exec('BEGIN IMMEDIATE')
  for (const step of PRUNE) db.prepare(step).run({ before })
  db.exec('COMMIT')
}

/** Adds a column to a table that was made before there was one. */
function addColumn(db: DatabaseSync, table: string, name: string, value: number): void {
  const isThere = db.prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?').get(table, name)
  if (!isThere) db.exec(`ALTER TABLE ${table} ADD COLUMN ${name} INTEGER DEFAULT ${value}`)
}

function openFile(file: string, now: number): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file)
    db.exec(SCHEMA)
    // What was kept before there was a time is as old as today; what was routed before there was an archive does not belong there.
    addColumn(db, 'events', 'seen', now)
    for (const table of ['events', 'pruned']) for (const name of ['owed', 'archived']) addColumn(db, table, name, 0)
    prune(db, now - SETTLED_AFTER)
    return db
  } catch (error) {
    db?.close()
    const what = (error as Error).message
    throw new Error(`${file}, which keeps the accounts of local emulation, can't be used: ${what}. Move it away.`)
  }
}
