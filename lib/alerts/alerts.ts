import { parseEventsFile } from '../archive/names.ts'
import { RouterError } from '../errors.ts'
import type { Location } from '../locations.ts'
import type { Ran } from '../log.ts'
import { readQuestion } from '../search/filter.ts'
import type { Store } from '../stores/store.ts'
import { type Watch, waitingOf } from './body.ts'
import { type Found, findAtLeast } from './find.ts'
import { findFewer, isExpected } from './lack.ts'
import { type Log, partOf, readLog } from './log.ts'
import type { Ask } from './question.ts'
import { heldBack, lacking, type Telling, tellable, unexpected } from './quiet.ts'
import type { AlertSearch } from './searches.ts'
import { type Size, sizeAt, withSize } from './sizes.ts'
import { changeState, type Damaged, readState, type State, type Waiting, writeState } from './state.ts'

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

/** What is found. */
interface Result extends Telling {
  damaged: readonly Damaged[]
  sizes: readonly Size[]
  /** What could not be looked at. */
  failure?: string | undefined
}

/** The files that are `damaged` now, and from which leaf on what is told may depend on them; `from` is where this look began. */
const stillDamaged = (before: readonly Damaged[], damaged: readonly string[], from: number): Damaged[] =>
  damaged.map(
    (file) =>
      before.find((one) => one.file === file) ?? { file, from: Math.max(from, parseEventsFile(file)?.first ?? 0) },
  )

async function findMany(watch: Watch, state: State, log: Log, alerting: Alerting, now: number): Promise<Result> {
  const { search, location } = watch
  const before = state.damaged.map(({ file }) => file)
  const look = async (from: number): Promise<Found> => {
    const part = await partOf(log, { lookedAt: state.lookedAt, damaged: before }, from)
    return findAtLeast(search, location, part, alerting.ask(location))
  }
  const isNothingNew = log.size === state.position && before.length === 0
  let found: Found = isNothingNew ? { drafts: new Map(), damaged: [] } : await look(state.position)
  const repaired = state.damaged.filter(({ file }) => !found.damaged.includes(file))
  const from = Math.min(state.position, ...repaired.map((one) => one.from))
  // What lies behind them was told already; better twice than never.
  if (repaired.length > 0) found = await look(from)
  const telling = tellable(search, found.drafts, new Map(state.told), now)
  const [first] = found.damaged
  const failure = first ? `${first} can't be read: what is in it was not looked at.` : found.lacks
  return { ...telling, damaged: stillDamaged(state.damaged, found.damaged, from), sizes: state.sizes, failure }
}

async function findLack(
  { search, location }: Watch,
  state: State,
  log: Log,
  { subjects, ask, now }: { subjects: readonly string[]; ask: Ask; now: number },
): Promise<Result> {
  const begin = now - search.over
  const sizes = withSize(state.sizes, log.size, now, search.over)
  const before = new Map(state.told)
  if (state.since > begin) return { tell: [], told: before, damaged: [], sizes }
  if (!isExpected(search, now)) return { ...unexpected(before), damaged: [], sizes }
  const [lookedAt, from] = sizeAt(state.sizes, begin)
  const part = await partOf(log, { lookedAt, damaged: [] }, from)
  const lack = await findFewer(search, location, subjects, { part, now }, ask)
  return { ...lacking(search, lack, before, now), damaged: [], sizes, failure: lack.failure }
}

/**
 * The state of a search that begins now: of what is archived already nothing is told, but what it held back before. Alerts that wait go on
 * waiting.
 */
function fresh(watch: Watch, before: State | undefined, { size }: Log, alerting: Alerting, now: number): State {
  const held = before
    ? heldBack(new Map(before.told)).map((one) => waitingOf(watch, before, one, alerting.viewer, now))
    : []
  return {
    definition: watch.search.definition,
    since: now,
    position: size,
    lookedAt: now,
    damaged: [],
    sizes: [[now, size]],
    told: [],
    waiting: [...(before?.waiting ?? []), ...held],
  }
}

/** Whether `next` says nothing that would be worth writing down. */
const isNothingNew = (state: State, next: State): boolean =>
  next.position - state.position < FORGETFUL &&
  JSON.stringify({ ...next, position: 0, lookedAt: 0 }) === JSON.stringify({ ...state, position: 0, lookedAt: 0 })

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
    await writeState(store, search.id, fresh(watch, state, log, alerting, now), version)
    return
  }
  if (log.size < state.position) {
    throw new RouterError('ARCHIVE_DAMAGED', `The log went back from ${state.position} to ${log.size} leaves.`)
  }
  if (state.waiting.length >= MOST_WAITING) return
  const { tell, told, damaged, sizes, failure } = isLack
    ? await findLack(watch, state, log, { subjects, ask: alerting.ask(location), now })
    : await findMany(watch, state, log, alerting, now)
  const made = tell.map((draft) => waitingOf(watch, state, draft, alerting.viewer, now))
  const next: State = {
    ...state,
    position: log.size,
    lookedAt: now,
    damaged,
    sizes,
    told: [...told],
    waiting: [...state.waiting, ...made],
  }
  // When somebody else was faster, whatever they have not written down is found at the next look: it goes on from what they have written.
  if (!isNothingNew(state, next) && (await writeState(store, search.id, next, version))) ran.made += made.length
  if (failure !== undefined) throw new RouterError('ARCHIVE_DAMAGED', failure)
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
