import { facets } from './fields.ts'
import { type Filter, toPairs } from './filters.ts'
import { iso, type Span } from './time.ts'

// Queries of docs/search.md, made of what is looked at.

/** Events of the first page, which is there soon, and of all others, so that 100,000 are not too many requests. */
const FIRST = 200
const LIMIT = 1000
/** Values of each facet that are counted at first. */
export const TOP = 8
/** And when more are asked for. */
export const MORE = 100

/** What is asked for, fixed at one moment: every page, the counts and an export of it are of the same events. */
export interface Query {
  span: Span
  filters: readonly Filter[]
  sort: string
}

const spanPairs = ({ from, to }: Span): [string, string][] =>
  Object.entries({ from, to }).flatMap(([name, time]) => (time === undefined ? [] : [[name, iso(time)]]))

const text = (pairs: readonly [string, string][]): string => new URLSearchParams([...pairs]).toString()

const which = ({ span, filters }: Query): [string, string][] => [...spanPairs(span), ...toPairs(filters)]

/** The path of a page of events. */
export function eventsPath(query: Query, more: Readonly<Record<string, string>> = {}): string {
  const limit = String(Object.keys(more).length > 0 ? LIMIT : FIRST)
  return `events?${text([...which(query), ['sort', query.sort], ['limit', limit], ...Object.entries(more)])}`
}

/** The path of the counts by `names`. */
export function countsPath(query: Query, names: readonly string[], top: number): string {
  return `events/counts?${text([...which(query), ...names.map((name): [string, string] => ['by', name]), ['top', String(top)]])}`
}

/** `query` without its filters of this name. */
export const without = (query: Query, name: string): Query => ({
  ...query,
  filters: query.filters.filter((filter) => filter.name !== name),
})

/** The facets in the counts of `query`, and those that have to be counted apart. */
export function facetQueries(query: Query): { names: string[]; apart: { name: string; query: Query }[] } {
  const used = new Set(query.filters.map(({ name }) => name))
  const names = facets.map(({ name }) => name)
  return {
    names,
    // Of what is filtered by, the values that were not chosen are shown too, so that they can be.
    apart: names.filter((name) => used.has(name)).map((name) => ({ name, query: without(query, name) })),
  }
}

/** `eu-de:1208,jp-tok:55`: from which leaves on events are new. */
export const afterOf = (complete: readonly { location: string; size: number }[]): string =>
  complete.map(({ location, size }) => `${location}:${size}`).join(',')
