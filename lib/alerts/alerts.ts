import { RouterError } from '../errors.ts'
import { derivedId } from '../ids.ts'
import type { Location } from '../locations.ts'
import { readQuestion } from '../search/filter.ts'
import type { Store } from '../stores/store.ts'
import { type Ask, begin, type Draft, type Drafts, findAtLeast, findFewer, merged } from './find.ts'
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

/** What a run did. */
export interface Ran {
  /** Saved searches, each at each of its locations. */
  searches: number
  /** Alerts that were made, that were delivered, and that wait for another try; and those that were given up. */
  made: number
  delivered: number
  waiting: number
  givenUp: number
  /** What did not work: the search, the location, and why. */
  failures: { search: string; location: string; why: string }[]
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

/** What is found, and up to which leaf. */
async function find(
  { search, location }: Watch,
  state: State,
  subjects: readonly string[],
  alerting: Alerting,
  now: number,
) {
  const told = new Map(state.told)
  const ask = alerting.ask(location)
  if (search.threshold.fewerThan === undefined) {
    const isQuiet = (value: string): boolean => (told.get(value)?.until ?? 0) > now
    const until = (value: string) => (isQuiet(value) ? told.get(value)?.to : undefined)
    const { drafts, size } = await findAtLeast(search, location, { from: state.position, told: until }, ask)
    return { tell: tellable(search, drafts, told, now), found: drafts.size, told, size }
  }
  const drafts = await findFewer(search, location, subjects, { since: state.since, now }, ask)
  const tell = drafts ? lacking(search, drafts, told, now) : []
  return { tell, found: 0, told, size: state.position }
}

/** The state of a search that begins now: of what is archived already nothing is told. Alerts that wait go on waiting. */
async function fresh(watch: Watch, before: State | undefined, now: number, alerting: Alerting): Promise<State> {
  const { search, location } = watch
  const isCounted = search.threshold.fewerThan === undefined
  const position = isCounted ? await begin(search, location, alerting.ask(location)) : 0
  const waiting = before?.waiting ?? []
  return { definition: search.definition, since: now, position, told: [], waiting }
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** Looks for what is new and writes down what is to be told. Resolves to how many alerts that makes. */
async function look(watch: Watch, alerting: Alerting): Promise<number> {
  const { search, location } = watch
  const subjects = search.threshold.fewerThan === undefined ? [''] : subjectsAt(search, location, alerting)
  if (subjects.length === 0) return 0
  const store = alerting.store(location)
  const now = alerting.now()
  const { state, version } = await readState(store, search.id)
  if (state === undefined || state.definition !== search.definition) {
    await writeState(store, search.id, await fresh(watch, state, now, alerting), version)
    return 0
  }
  if (state.waiting.length >= MOST_WAITING) return 0
  const { tell, found, told, size } = await find(watch, state, subjects, alerting, now)
  const made = tell.map((draft): Waiting => {
    const { value = '', from, to } = draft
    const window = [iso(from), iso(to), String(state.position)]
    const id = derivedId('alert', search.id, location, value, ...window)
    return { id, body: bodyOf(watch, draft, alerting.viewer, now), tries: 0, next: now, since: now }
  })
  const isNothing = found === 0 && made.length === 0 && isSame([...told], state.told)
  if (isNothing && size - state.position < FORGETFUL) return 0
  const next: State = { ...state, position: size, told: [...told], waiting: [...state.waiting, ...made] }
  // When somebody else was faster, what they have written down is the same, or newer.
  return (await writeState(store, search.id, next, version)) ? made.length : 0
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

/** How many alerts of a search wait. */
async function waitingOf({ search, location }: Watch, alerting: Alerting): Promise<number> {
  const { state } = await readState(alerting.store(location), search.id)
  return state?.waiting.length ?? 0
}

async function runWatch(watch: Watch, alerting: Alerting, ran: Ran, isLate: () => boolean): Promise<void> {
  const steps = [
    async () => {
      ran.made += await look(watch, alerting)
    },
    // What waits is sent although looking failed.
    () => deliver(watch, alerting, ran, isLate),
    async () => {
      ran.waiting += await waitingOf(watch, alerting)
    },
  ]
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      const { message } = error as Error
      ran.failures.push({ search: watch.search.id, location: watch.location, why: message })
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
  const worker = async () => {
    for (const watch of left) await runWatch(watch, alerting, ran, () => performance.now() >= end)
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return ran
}
