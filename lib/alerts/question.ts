import { parseEventsFile } from '../archive/names.ts'
import type { AuditEvent } from '../event.ts'
import type { Location } from '../locations.ts'
import type { AlertSearch } from './searches.ts'
import { type Interval, timesOf } from './times.ts'

// How a saved search asks the search for events of a location.

/** An archived event, as an answer of the search has it. */
export interface Item {
  location: string
  leaf: number
  routedTime: string | null
  archivedTime: string | null
  event: AuditEvent
}

/** What the search answers to `GET /events` (docs/search.md), as far as it is needed here. */
export interface Answer {
  events: readonly Item[]
  next: string | null
  damaged?: readonly { file: string; why: string }[]
}

/** Asks the search for events. */
export type Ask = (query: URLSearchParams) => Promise<Answer>

const PAGE = 1000

/** Which events of a location: of `times`, each before its end, as leaves from `after` on. */
export interface Which {
  times: readonly Interval[]
  after?: number
  /** Only of this registry. */
  registry?: string
  /** Latest first; else the first one first. */
  isLatestFirst?: boolean
}

/** Every page of the answers to `search` at `location`, the pages of an answer of the same checkpoint. */
export async function* asked(search: AlertSearch, location: Location, which: Which, ask: Ask): AsyncGenerator<Answer> {
  const { times, after, registry, isLatestFirst = false } = which
  for (const interval of isLatestFirst ? times.toReversed() : times) {
    const parameters = new URLSearchParams(search.query)
    parameters.delete('location!')
    const more = {
      location,
      ...(after === undefined ? {} : { after: `${location}:${after}` }),
      ...(registry ? { registry } : {}),
      ...timesOf(interval),
      sort: isLatestFirst ? '-time' : 'time',
      limit: String(PAGE),
    }
    for (const [name, value] of Object.entries(more)) parameters.set(name, value)
    let answer = await ask(parameters)
    yield answer
    while (answer.next !== null) {
      const next = new URLSearchParams(parameters)
      next.set('cursor', answer.next)
      answer = await ask(next)
      yield answer
    }
  }
}

const DAY = 86_400_000

/** Whether the file of this name can have leaves from `from` on. */
export function reaches(name: string, from: number): boolean {
  const { first = 0, count = Number.POSITIVE_INFINITY } = parseEventsFile(name) ?? {}
  return first + count > from
}

/** Whether the file of this name can have events of `times`. */
export function isOf(name: string, times: readonly Interval[]): boolean {
  const file = parseEventsFile(name)
  if (!file) return true
  const day = Date.parse(file.day)
  return times.some(([from, to]) => day < to && day + DAY > from)
}
