import { parseEventsFile } from '../archive/names.ts'
import { RouterError } from '../errors.ts'
import { derivedId } from '../ids.ts'
import type { Location } from '../locations.ts'
import type { Ran } from '../log.ts'
import { readQuestion } from '../search/filter.ts'
import type { Store } from '../stores/store.ts'
import { type Ask, type Draft, type Drafts, type Found, findAtLeast, findFewer, merged } from './find.ts'
import { type Log, partOf, readLog } from './log.ts'
import type { AlertSearch } from './searches.ts'
import { changeState, readState, type State, type Told, type Waiting, writeState } from './state.ts'

// The story of an alert: look → remember what is to be told → tell → forget it. It is told only after it was written down, and written down
// anew before each try, so that nothing is lost when a process is killed, and two that run at a time tell it once.

/** What alerts need from outside. */
export interface Alerting {
  searches: readonly AlertSearch[]
  /** The locations whose archives are looked into. */
  locations: readonly Location[]
  /** Where the events of each registry belong. */
  registries: ReadonlyMap<string, Location>
  store(location: Location): Store
  /** Asks for events of a location. */
  ask(location: Location): Ask
  /** Sends `body` to where the alerts of `search` go. Rejects when nobody said that it came; `id` is the same in every try. */
  send(search: AlertSearch, id: string, body: string): Promise<void>
  /** Address of the viewer, for links. */
  viewer: string | undefined
  /** Milliseconds since 1970. */
  now(): number
  /** Milliseconds after which no further alert is sent; the rest waits for the next time. */
  patience: number
}

/** A search at a location. */
interface Watch {
  search: AlertSearch
  location: Location
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** How long after each try the next one is made; the last of them again and again. */
const PAUSES = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR]
/** For so long an alert is tried. */
const GIVE_UP = 7 * 24 * HOUR
/** With so many alerts waiting nothing new is looked for. What the log has is not lost: it is found when the receiver is back. */
const MOST_WAITING = 100
/** After so many new leaves without any match it is written down that they were looked at. */
const FORGETFUL = 1000

const iso = (time: number): string => new Date(time).toISOString()

/** Whether `search` asks for events of `location`. */
function asksFor({ query }: AlertSearch, location: Location): boolean {
  const { only, not } = readQuestion(new URLSearchParams(query), 0).filter.locations
  return (only === undefined || only.includes(location)) && !not.includes(location)
}

/** Whose absence at `location` is looked for: registries, or with `''` the location as a whole. */
function subjectsAt({ query, by }: AlertSearch, location: Location, { registries }: Alerting): string[] {
  const parameters = new URLSearchParams(query)
  const named = parameters.getAll('registry')
  const unknown = named.find((id) => !registries.has(id))
  if (unknown !== undefined) {
    throw new RouterError(
      'INVALID_CONFIG',
      `There is no registry ${JSON.stringify(unknown)} that events could come from.`,
    )
  }
  const here = [...registries].filter(([, of]) => of === location).map(([id]) => id)
  const looked = named.length > 0 ? here.filter((id) => named.includes(id)) : here
  if (by === 'registry') return looked
  return looked.length > 0 || (named.length === 0 && parameters.has('location')) ? [''] : []
}

/** The body of an alert (docs/alerts.md). */
function bodyOf({ search, location }: Watch, draft: Draft, viewer: string | undefined, now: number): string {
  const { by, threshold, says } = search
  const query = new URLSearchParams(search.query)
  query.delete('location!')
  query.set('location', location)
  query.set('from', iso(draft.from))
  // The last event is to be among them.
  query.set('to', iso(draft.to + 1))
  if (by && draft.value) query.set(by, draft.value)
  return JSON.stringify({
    type: 'registry-events.alert',
    timestamp: iso(now),
    data: {
      search: search.id,
      says,
      location,
      ...(by && draft.value !== undefined ? { by: { [by]: draft.value } } : {}),
      ...(draft.others ? { others: draft.others } : {}),
      count: draft.count,
      threshold,
      from: iso(draft.from),
      to: iso(draft.to),
      events: draft.events,
      query: query.toString(),
      ...(viewer ? { link: `${viewer.replace(/\/$/, '')}/#${query}` } : {}),
    },
  })
}

/** What is to be told now, of what was found; the rest is held back. `told` is changed. */
function tellable(search: AlertSearch, drafts: Drafts, told: Map<string, Told>, now: number): Draft[] {
  const quiet = search.quiet ?? search.over
  for (const [value, draft] of drafts) {
    const { until = now, to = draft.to, held } = told.get(value) ?? {}
    told.set(value, { until, to, held: merged(search, held, draft) })
  }
  const over = [...told].filter(([, { until }]) => until !== null && until <= now)
  return over.flatMap(([value, { held }]) => {
    told.delete(value)
    if (!held) return []
    if (quiet > 0) told.set(value, { until: now + quiet, to: held.to })
    return held
  })
}

/** The same where the lack of events is told: once, unless it is to be repeated, until they come again. `told` is changed. */
function lacking(search: AlertSearch, drafts: Drafts, told: Map<string, Told>, now: number): Draft[] {
  for (const value of told.keys()) if (!drafts.has(value)) told.delete(value)
  return [...drafts].flatMap(([value, draft]) => {
    const until = told.get(value)?.until
    if (until === null || (until !== undefined && until > now)) return []
    told.set(value, { until: search.quiet === undefined ? null : now + search.quiet, to: draft.to })
    return draft
  })
}

/** What is found, and which files can't be looked into. */
interface Result {
  tell: Draft[]
  damaged: readonly string[]
  told: ReadonlyMap<string, Told>
}

const firstOf = (file: string): number => parseEventsFile(file)?.first ?? 0

/** The files whose events were never looked at, of those that are `damaged` now. */
const unlooked = ({ damaged: before, position }: State, damaged: readonly string[]): string[] =>
  damaged.filter((file) => before.includes(file) || firstOf(file) >= position)

async function findMany(watch: Watch, state: State, log: Log, alerting: Alerting, now: number): Promise<Result> {
  const { search, location } = watch
  const told = new Map(state.told)
  const until = (value: string): number | undefined => {
    const known = told.get(value)
    return known && (known.until ?? 0) > now ? known.to : undefined
  }
  const look = async (from: number): Promise<Found> =>
    findAtLeast(search, location, await partOf(log, state, from), until, alerting.ask(location))
  const isNothingNew = log.size === state.position && state.damaged.length === 0
  let found: Found = isNothingNew ? { drafts: new Map(), damaged: [] } : await look(state.position)
  const repaired = state.damaged.filter((file) => !found.damaged.includes(file)).map(firstOf)
  // What lies behind them was told already; better twice than never.
  if (repaired.length > 0) found = await look(Math.min(state.position, ...repaired))
  const { drafts, damaged } = found
  return { tell: tellable(search, drafts, told, now), damaged: unlooked(state, damaged), told }
}

async function findLack(
  { search, location }: Watch,
  state: State,
  subjects: readonly string[],
  alerting: Alerting,
  now: number,
): Promise<Result> {
  const told = new Map(state.told)
  const drafts = await findFewer(search, location, subjects, { since: state.since, now }, alerting.ask(location))
  return { tell: drafts ? lacking(search, drafts, told, now) : [], damaged: [], told }
}

/** The state of a search that begins now: of what is archived already nothing is told. Alerts that wait go on waiting. */
const fresh = ({ search }: Watch, before: State | undefined, { size }: Log, now: number): State => ({
  definition: search.definition,
  since: now,
  position: size,
  lookedAt: now,
  damaged: [],
  told: [],
  waiting: before?.waiting ?? [],
})

/** Whether `next` says nothing that would be worth writing down. */
const isNothingNew = (state: State, next: State): boolean =>
  next.position - state.position < FORGETFUL &&
  JSON.stringify({ ...next, position: 0, lookedAt: 0 }) === JSON.stringify({ ...state, position: 0, lookedAt: 0 })

function waitingOf(watch: Watch, { position }: State, draft: Draft, alerting: Alerting, now: number): Waiting {
  const { value = '', from, to } = draft
  const id = derivedId('alert', watch.search.id, watch.location, value, iso(from), iso(to), String(position))
  return { id, body: bodyOf(watch, draft, alerting.viewer, now), tries: 0, next: now, since: now }
}

/** Looks for what is new and writes down what is to be told; how many alerts that makes is added to `ran`. */
async function look(watch: Watch, alerting: Alerting, logOf: LogOf, ran: Ran): Promise<void> {
  const { search, location } = watch
  const isLack = search.threshold.fewerThan !== undefined
  const subjects = isLack ? subjectsAt(search, location, alerting) : ['']
  if (subjects.length === 0) return
  const store = alerting.store(location)
  const now = alerting.now()
  const { state, version } = await readState(store, search.id)
  const log = await logOf(location, state?.position)
  if (state === undefined || state.definition !== search.definition) {
    await writeState(store, search.id, fresh(watch, state, log, now), version)
    return
  }
  if (log.size < state.position) {
    throw new RouterError('ARCHIVE_DAMAGED', `The log went back from ${state.position} to ${log.size} leaves.`)
  }
  if (state.waiting.length >= MOST_WAITING) return
  const { tell, damaged, told } = isLack
    ? await findLack(watch, state, subjects, alerting, now)
    : await findMany(watch, state, log, alerting, now)
  const made = tell.map((draft) => waitingOf(watch, state, draft, alerting, now))
  const next: State = {
    ...state,
    position: log.size,
    lookedAt: now,
    damaged,
    told: [...told],
    waiting: [...state.waiting, ...made],
  }
  // When somebody else was faster, what they have written down is the same, or newer.
  if (!isNothingNew(state, next) && (await writeState(store, search.id, next, version))) ran.made += made.length
  const [file] = damaged
  if (file) throw new RouterError('ARCHIVE_DAMAGED', `${file} can't be read: what is in it was not looked at.`)
}

/** The alert that is to be tried now, with its next try written down: whoever else looks leaves it alone until then. */
async function claim({ search, location }: Watch, alerting: Alerting): Promise<Waiting | undefined> {
  let claimed: Waiting | undefined
  await changeState(alerting.store(location), search.id, (state) => {
    const now = alerting.now()
    claimed = state.waiting.find(({ next }) => next <= now)
    if (!claimed) return undefined
    const { tries } = claimed
    const pause = PAUSES[Math.min(tries, PAUSES.length - 1)] as number
    const tried = { ...claimed, tries: tries + 1, next: now + pause }
    return { ...state, waiting: state.waiting.map((one) => (one.id === tried.id ? tried : one)) }
  })
  return claimed
}

/** Takes the alert `id` off the list. */
const forget = ({ search, location }: Watch, id: string, alerting: Alerting): Promise<unknown> =>
  changeState(alerting.store(location), search.id, (state) => ({
    ...state,
    waiting: state.waiting.filter((one) => one.id !== id),
  }))

/** Sends what waits, one after another, until the receiver fails or `isLate`. */
async function deliver(watch: Watch, alerting: Alerting, ran: Ran, isLate: () => boolean): Promise<void> {
  while (!isLate()) {
    const waiting = await claim(watch, alerting)
    if (!waiting) return
    try {
      await alerting.send(watch.search, waiting.id, waiting.body)
    } catch (error) {
      const isGivenUp = alerting.now() - waiting.since >= GIVE_UP
      if (isGivenUp) await forget(watch, waiting.id, alerting)
      ran.givenUp += Number(isGivenUp)
      throw error
    }
    await forget(watch, waiting.id, alerting)
    ran.delivered += 1
  }
}

/** Adds to `ran` how many alerts of a search wait. */
async function countWaiting({ search, location }: Watch, alerting: Alerting, ran: Ran): Promise<void> {
  const { state } = await readState(alerting.store(location), search.id)
  ran.waiting += state?.waiting.length ?? 0
}

/** The log of a location; `least` is the size that it is known to have. */
type LogOf = (location: Location, least?: number) => Promise<Log>

/** The logs of a run, each read once, and anew when somebody else has seen more of it meanwhile. */
function logsOf({ store }: Alerting): LogOf {
  const read = new Map<Location, Promise<Log>>()
  return async (location, least = 0) => {
    const known = read.get(location)
    if (known && (await known).size >= least) return known
    const log = readLog(store(location), location)
    read.set(location, log)
    return log
  }
}

async function runWatch(
  watch: Watch,
  alerting: Alerting,
  logOf: LogOf,
  ran: Ran,
  isLate: () => boolean,
): Promise<void> {
  // What waits is sent although looking failed.
  const steps = [
    () => look(watch, alerting, logOf, ran),
    () => deliver(watch, alerting, ran, isLate),
    () => countWaiting(watch, alerting, ran),
  ]
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      ran.failures.push({ search: watch.search.id, location: watch.location, why: (error as Error).message })
    }
  }
}

/** Searches that are looked after at once. */
const PARALLEL = 4

/**
 * Looks once at everything that was archived since the last time, makes alerts of it, and sends those that are due. Never rejects: one
 * search that fails, or one receiver that is down, costs the others nothing, and is told in `failures`.
 */
export async function runAlerts(alerting: Alerting): Promise<Ran> {
  const ran: Ran = { searches: 0, made: 0, delivered: 0, waiting: 0, givenUp: 0, failures: [] }
  const end = performance.now() + alerting.patience
  const watches = alerting.searches.flatMap((search) =>
    alerting.locations.filter((location) => asksFor(search, location)).map((location) => ({ search, location })),
  )
  ran.searches = watches.length
  const left = watches.values()
  const logOf = logsOf(alerting)
  const worker = async () => {
    for (const watch of left) await runWatch(watch, alerting, logOf, ran, () => performance.now() >= end)
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return ran
}
