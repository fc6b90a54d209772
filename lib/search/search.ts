import { setImmediate } from 'node:timers/promises'
import { actions } from '../actions.ts'
import { eventText, type Row } from '../archive/row.ts'
import { tilesOf } from '../archive/tiles.ts'
import type { Reader } from '../archives.ts'
import { RouterError } from '../errors.ts'
import type { Location } from '../locations.ts'
import { type Tree, treeOf } from '../proof/tree.ts'
import type { Store } from '../stores/store.ts'
import { atEach, type Complete, checkpointOf, completeAt, keyAt, type Logs } from './checkpoints.ts'
import { type Cursor, queryMark, readCursor, writeCursor } from './cursor.ts'
import type { Damaged, Engine, Found, ValueCount } from './engine.ts'
import { type CountName, type IntervalName, intervals } from './fields.ts'
import { type Filter, type Question, readCountQuestion, readQuestion } from './filter.ts'
import { fateOf, notesOf, type RemovedEvents } from './missing.ts'
import { dayOf, type Position, type Scope, sortValue } from './query.ts'

// From a query to its answer, without HTTP. docs/search.md has the forms.

/** What is searched. */
export interface Archives extends Logs {
  engine: Engine
  /** The locations whose archives are within reach. */
  locations: readonly Location[]
  store(location: Location): Pick<Store, 'get' | 'list'>
  /** Milliseconds that a question may take: 25,000. */
  patience?: number
  /** Milliseconds since 1970. */
  now(): number
}

/** An event of an answer. */
export interface Item {
  location: Location
  leaf: number
  /** ISO 8601, in UTC; `null` when nobody knows. */
  routedTime: string | null
  archivedTime: string | null
  /** Canonical JSON, as it was hashed. */
  text: string
  /** Inclusion proof in base64, when it was asked for and can be had. */
  proof?: string[]
  row: Row
}

export interface Answer {
  items: Item[]
  next: string | null
  complete: Complete[]
  damaged: Damaged[]
  /** What was removed under retention of the days of the query; left out when nothing was. */
  removed?: RemovedEvents[]
}

export interface Counts {
  total: number
  by: Partial<Record<CountName, ValueCount[]>>
  histogram: { interval: IntervalName; buckets: { time: string; count: number; failures: number }[] }
  complete: Complete[]
  damaged: Damaged[]
  /** What was removed under retention of the days of the query; left out when nothing was. */
  removed?: RemovedEvents[]
}

/** An HTTP API waits for 30 seconds. */
const PATIENCE = 25_000
/** Proofs that are worked out before others get their turn. */
const SLICE = 50

/** What is aborted when a question that is asked now has taken too long. */
export const deadline = ({ patience = PATIENCE }: Archives): AbortSignal => AbortSignal.timeout(patience)

/** The locations that `filter` asks for and `reader` may see. Throws `FORBIDDEN` for one that is named and may not be seen. */
function locationsOf({ locations: { only, not }, after }: Filter, reader: Reader, archives: Archives): Location[] {
  for (const location of [...(only ?? []), ...after.keys()]) {
    if (!reader.locations.includes(location))
      throw new RouterError('FORBIDDEN', `The reader ${reader.id} may not see ${location}.`)
    if (archives.locations.includes(location)) continue
    throw new RouterError('BAD_QUERY', `${location} is archived in another AWS region: ask the search function there.`)
  }
  return archives.locations.filter(
    (location) => reader.locations.includes(location) && (only?.includes(location) ?? true) && !not.includes(location),
  )
}

/** The checkpoints of `cursor`, all of which have to be signed, of logs that have not shrunk, and that are asked for. */
function checkpointsAt(cursor: Cursor, current: readonly Complete[], archives: Archives): Promise<Complete[]> {
  const at = async ({ location, note }: Cursor['checkpoints'][number]): Promise<Complete> => {
    const known = current.find((one) => one.location === location)
    if (known?.checkpoint === note) return known
    try {
      const complete = await completeAt(location, note, archives)
      if (known && complete.size <= known.size) return complete
    } catch (cause) {
      throw new RouterError('BAD_CURSOR', undefined, { cause })
    }
    throw new RouterError('BAD_CURSOR')
  }
  return Promise.all(cursor.checkpoints.map(at))
}

const scopesOf = (complete: readonly Complete[], { after }: Filter): Scope[] =>
  complete.map(({ location, size }) => ({ location, from: after.get(location) ?? 0, size }))

/** What `scopes` are without, beside what is `damaged`: removed under retention, or missing. */
async function lacking(
  scopes: readonly Scope[],
  { from, to }: Filter,
  archives: Archives,
  damaged: readonly Damaged[],
  signal: AbortSignal,
): Promise<{ removed: RemovedEvents[]; damaged: Damaged[] }> {
  const isAsked = (day: string): boolean =>
    (from === undefined || day >= dayOf(from)) && (to === undefined || day <= dayOf(to))
  const at = async (scope: Scope) => {
    const { location } = scope
    const leaves = await archives.engine.missing(scope, signal)
    if (leaves.length === 0) return { removed: [], damaged: [] }
    const said = await notesOf(location, archives.store(location), await keyAt(location, archives))
    const fate = fateOf(location, leaves, said.notes, damaged, isAsked)
    if (fate.damaged.length > 0) archives.engine.renew(location)
    return { removed: fate.removed, damaged: [...said.damaged, ...fate.damaged] }
  }
  const found = await Promise.all(scopes.map(at))
  return { removed: found.flatMap((one) => one.removed), damaged: found.flatMap((one) => one.damaged) }
}

const iso = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : new Date(milliseconds).toISOString()

const itemOf = ({ location, row }: Found): Item => ({
  location,
  leaf: row.leaf,
  routedTime: iso(row.routed_time),
  archivedTime: iso(row.archived_time),
  text: eventText(row),
  row,
})

/** Puts proofs into `items`. What is missing for one is added to `damaged`, and the event comes without. */
async function prove(
  items: readonly Item[],
  complete: readonly Complete[],
  { store }: Archives,
  damaged: Damaged[],
): Promise<void> {
  const trees = new Map<Location, Tree>(
    complete.map(({ location, size }) => [location, treeOf(size, tilesOf(store(location)))]),
  )
  for (const [index, item] of items.entries()) {
    if (index % SLICE === 0) await setImmediate()
    try {
      const hashes = await trees.get(item.location)?.inclusion(item.leaf)
      if (hashes) item.proof = hashes.map((hash) => hash.toString('base64'))
    } catch (error) {
      if (!(error instanceof RouterError) || error.code !== 'ARCHIVE_DAMAGED') throw error
      const [file = ''] = error.message.split(' ', 1)
      if (!damaged.some((one) => one.location === item.location && one.file === file)) {
        damaged.push({ location: item.location, file, why: error.message })
      }
    }
  }
}

const removedIn = ({ removed }: { removed: RemovedEvents[] }): { removed?: RemovedEvents[] } =>
  removed.length > 0 ? { removed } : {}

const positionOf = ({ location, row }: Item, { sort }: Question): Position => {
  const value = sortValue(sort.by, { ...row, location })
  return { ...(value === undefined ? {} : { value }), time: row.time ?? 0, location, leaf: row.leaf }
}

/** The first of `items` that go into one answer to `question`, one at least. */
export type Fitting = (items: readonly Item[], question: Question) => readonly Item[]

/**
 * The answer to `query` (the parameters of `GET /events`) for `reader`; of a page what `fitting` leaves of it. Rejects with `BAD_QUERY`, `BAD_CURSOR`, `FORBIDDEN`,
 * `ARCHIVE_DAMAGED` for a checkpoint that is none, or `UNAVAILABLE`.
 */
export async function search(
  query: URLSearchParams,
  reader: Reader,
  archives: Archives,
  fitting: Fitting = (items) => items,
): Promise<Answer & { question: Question }> {
  const asked = readQuestion(query, archives.now())
  const mark = queryMark(query)
  const cursor = asked.cursor === undefined ? undefined : readCursor(asked.cursor, mark, asked.sort.by)
  const question = cursor ? readQuestion(query, cursor.now) : asked
  const signal = deadline(archives)
  const heads = await atEach(locationsOf(question.filter, reader, archives), (one) => checkpointOf(one, archives))
  const complete = cursor ? await checkpointsAt(cursor, heads.found, archives) : heads.found
  const { filter, sort, limit } = question
  const scopes = scopesOf(complete, filter)
  const position = cursor ? { behind: cursor.position as Position } : {}
  const page = await archives.engine.page({ filter, sort, scopes, limit: limit + 1, ...position }, signal)
  const { found } = page
  const lack = await lacking(scopes, filter, archives, page.damaged, signal)
  const damaged: Damaged[] = []
  const items = [...fitting(found.slice(0, limit).map(itemOf), question)]
  if (question.proof) await prove(items, complete, archives, damaged)
  damaged.push(...heads.damaged, ...page.damaged, ...lack.damaged)
  const last = items.at(-1)
  const next =
    last && items.length < found.length
      ? writeCursor({
          query: mark,
          now: cursor?.now ?? archives.now(),
          checkpoints: complete.map(({ location, checkpoint }) => ({ location, note: checkpoint })),
          position: positionOf(last, question) as Cursor['position'],
        })
      : null
  return { items, next, complete, damaged, ...removedIn(lack), question }
}

/** Most buckets of a histogram whose interval was chosen here, and of any other one. */
const MOST_BUCKETS = 120
const MOST_BUCKETS_ASKED = 10_000

const intervalNames = Object.keys(intervals) as IntervalName[]

/** The interval for events from `first` to `last`: what was `asked` for, or the shortest one that makes few buckets. */
function intervalOf(first: number, last: number, asked: IntervalName | undefined): IntervalName {
  const buckets = (name: IntervalName): number =>
    Math.floor(last / intervals[name]) - Math.floor(first / intervals[name]) + 1
  if (asked === undefined) return intervalNames.find((name) => buckets(name) <= MOST_BUCKETS) ?? '7d'
  if (buckets(asked) <= MOST_BUCKETS_ASKED) return asked
  throw new RouterError(
    'BAD_QUERY',
    `"interval" ${asked} makes ${buckets(asked)} buckets of these events: the most are ${MOST_BUCKETS_ASKED}.`,
  )
}

const familyOf = new Map<string, string>(actions.map(({ action, family }) => [action, family]))

/** Counts by family, made of those by action. */
function byFamily(counts: readonly ValueCount[]): ValueCount[] {
  const families = new Map<string, number>()
  for (const { value, count } of counts) {
    const family = familyOf.get(value) ?? ''
    families.set(family, (families.get(family) ?? 0) + count)
  }
  return [...families].map(([value, count]) => ({ value, count })).sort((one, other) => other.count - one.count)
}

/** More than there are actions. */
const MOST_VALUES = 100

/** The answer to `query` (the parameters of `GET /events/counts`) for `reader`. Rejects as `search` does. */
export async function count(query: URLSearchParams, reader: Reader, archives: Archives): Promise<Counts> {
  const question = readCountQuestion(query, archives.now())
  const { filter, by, top } = question
  const signal = deadline(archives)
  const heads = await atEach(locationsOf(filter, reader, archives), (one) => checkpointOf(one, archives))
  const scopes = scopesOf(heads.found, filter)
  const isOpen = filter.from === undefined || filter.to === undefined
  const bounds = isOpen ? await archives.engine.bounds(filter, scopes, signal) : undefined
  const first = filter.from ?? bounds?.first ?? archives.now()
  const last = filter.to ?? bounds?.last ?? archives.now()
  const interval = intervalOf(first, last, question.interval)
  const most = by.includes('family') ? MOST_VALUES : top
  const asked = { filter, scopes, by, top: most, interval: intervals[interval] }
  const counted = await archives.engine.counts(asked, signal)
  const lack = await lacking(scopes, filter, archives, counted.damaged, signal)
  const values = by.map((name, index) => {
    const counts = counted.by[index] ?? []
    return [name, (name === 'family' ? byFamily(counts) : counts).slice(0, top)] as const
  })
  return {
    total: counted.buckets.reduce((sum, bucket) => sum + bucket.count, 0),
    by: Object.fromEntries(values),
    histogram: {
      interval,
      buckets: counted.buckets.map(({ time, ...rest }) => ({ time: new Date(time).toISOString(), ...rest })),
    },
    complete: heads.found,
    damaged: [...heads.damaged, ...counted.damaged, ...lack.damaged],
    ...removedIn(lack),
  }
}

/**
 * The event `id`, with its inclusion proof if `proof`. Rejects with `NOT_FOUND` when there is none that `reader` may see; with `ARCHIVE_DAMAGED` or
 * `REMOVED` when nothing is found, but it may be in what is damaged, or among what was removed under retention.
 */
export async function find(
  id: string,
  reader: Reader,
  archives: Archives,
  proof: boolean,
): Promise<{ item: Item; complete: Complete; damaged: Damaged[] }> {
  const query = new URLSearchParams({ id, limit: '1', sort: 'time', proof: String(proof) })
  const { items, complete, damaged, removed = [] } = await search(query, reader, archives)
  const [item] = items
  const of = complete.find(({ location }) => location === item?.location)
  if (item && of) return { item, complete: of, damaged }
  if (damaged.length > 0) {
    const files = damaged.map(({ location, file }) => `${location}: ${file}`).join(', ')
    throw new RouterError(
      'ARCHIVE_DAMAGED',
      `There is no event of this id, but it may be in what is damaged: ${files}.`,
    )
  }
  if (removed.length > 0) {
    const gone = removed.map((one) => `${one.location}: ${one.count} of ${one.firstDay} to ${one.lastDay}`).join(', ')
    throw new RouterError(
      'REMOVED',
      `There is no event of this id. If there was one, it is among the events that were removed under retention: ${gone}.`,
    )
  }
  throw new RouterError('NOT_FOUND', 'There is no event of this id.')
}
