import { type Draft, type Drafts, fitting, limited, sum } from './draft.ts'
import type { Lack } from './lack.ts'
import type { AlertSearch } from './searches.ts'
import type { Told } from './state.ts'

// What of that which was found is told now, and what is held back because the same was told a while ago.

/** What was told of each value of `by`, and what is held back of it. */
export type Tolds = ReadonlyMap<string, Told>

/** What is to be told, and what to remember of it. */
export interface Telling {
  tell: Draft[]
  told: Tolds
}

/** Of so many values it is remembered that they were told; of more of them those whose quiet time ends first have none any longer. */
const MOST_QUIET = 1000
/** Most characters of events that are held back; what is counted has no room in it. */
const MOST_HELD = 200_000

/** Takes values off `told` when there are too many of them. Returns what was held back of them. */
function crowdedOut(told: Map<string, Told>): Draft[] {
  const first = [...told].sort(([, one], [, other]) => (one.until ?? 0) - (other.until ?? 0))
  return first.slice(0, Math.max(0, first.length - MOST_QUIET)).flatMap(([value, { held }]) => {
    told.delete(value)
    return held ?? []
  })
}

/** `told` with as many events as there is room for. */
function lightened(told: Tolds): Map<string, Told> {
  let room = MOST_HELD
  const light = new Map<string, Told>()
  for (const [value, { held, ...rest }] of told) {
    const events = held ? fitting(held.events, room) : []
    for (const event of events) room -= JSON.stringify(event).length
    light.set(value, { ...rest, ...(held ? { held: { ...held, events } } : {}) })
  }
  return light
}

/** What is to be told `now` of `drafts` and of what was held back; the rest is held back. */
export function tellable(search: AlertSearch, drafts: Drafts, before: Tolds, now: number): Telling {
  const quiet = search.quiet ?? search.over
  const told = new Map(before)
  for (const [value, draft] of drafts) {
    const { until = now, held } = told.get(value) ?? {}
    told.set(value, { until, held: held ? sum(held, draft) : draft })
  }
  const due = [...told].filter(([, { until }]) => until !== null && until <= now)
  const tell = due.flatMap(([value, { held }]) => {
    told.delete(value)
    if (!held) return []
    if (quiet > 0) told.set(value, { until: now + quiet })
    return held
  })
  const early = crowdedOut(told)
  return { tell: limited([...tell, ...early]), told: lightened(told) }
}

/** All that is held back, to be told now. */
export const heldBack = (told: Tolds): Draft[] => limited([...told.values()].flatMap(({ held }) => held ?? []))

/** The same where the lack of events is told: once, unless it is to be repeated, until they come again. */
export function lacking({ quiet }: AlertSearch, { drafts, unknown }: Lack, before: Tolds, now: number): Telling {
  const told = new Map([...before].filter(([value]) => drafts.has(value) || unknown.has(value)))
  const tell = [...drafts].flatMap(([value, draft]) => {
    const until = told.get(value)?.until
    if (until === null || (until !== undefined && until > now)) return []
    told.set(value, { until: quiet === undefined ? null : now + quiet })
    return draft
  })
  return { tell, told }
}

/** What goes on to be remembered outside of the hours: whoever is silent when they begin again is told again. */
export const unexpected = (before: Tolds): Telling => ({
  tell: [],
  told: new Map([...before].filter(([, { until }]) => until !== null)),
})
