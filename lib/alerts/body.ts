import { derivedId } from '../ids.ts'
import type { Location } from '../locations.ts'
import { type Draft, fitting } from './draft.ts'
import type { AlertSearch } from './searches.ts'
import type { State, Waiting } from './state.ts'
import { iso, timesOf } from './times.ts'

// What an alert says.

/** A search at a location. */
export interface Watch {
  search: AlertSearch
  location: Location
}

/** The body of an alert (docs/alerts.md). */
function bodyOf({ search, location }: Watch, draft: Draft, viewer: string | undefined, now: number): string {
  const { threshold, says } = search
  const query = new URLSearchParams(search.query)
  query.delete('location!')
  query.set('location', location)
  // The last event is to be among them.
  for (const [name, time] of Object.entries(timesOf([draft.from, draft.to + 1]))) query.set(name, time)
  for (const [name, value] of Object.entries(draft.by ?? {})) if (value) query.set(name, value)
  return JSON.stringify({
    type: 'registry-events.alert',
    timestamp: iso(now),
    data: {
      search: search.id,
      says,
      location,
      ...(draft.by ? { by: draft.by } : {}),
      ...(draft.others ? { others: draft.others } : {}),
      count: draft.count,
      threshold,
      from: iso(draft.from),
      to: iso(draft.to),
      events: fitting(draft.events),
      query: query.toString(),
      ...(viewer ? { link: `${viewer.replace(/\/$/, '')}/#${query}` } : {}),
    },
  })
}

/**
 * `draft` as an alert that waits for being sent, found by a look that began at `state`: its id is that of the same alert of another look
 * that began there.
 */
export function waitingOf(watch: Watch, state: State, draft: Draft, viewer: string | undefined, now: number): Waiting {
  const { by, others = 0, from, to } = draft
  const what = [JSON.stringify(by ?? others), iso(from), iso(to), String(state.position), String(state.lookedAt)]
  const id = derivedId('alert', watch.search.id, watch.location, ...what)
  return { id, body: bodyOf(watch, draft, viewer, now), tries: 0, next: now, since: now }
}
