import { batch, effect, signal, untracked } from '@preact/signals'
import type { Bucket, Counts } from './answers.ts'
import { asProblem, get, type Problem } from './api.ts'
import { short } from './fields.ts'
import { arrived, query } from './list.ts'
import { countsPath, facetQueries, MORE, type Query, TOP, without } from './query.ts'
import { secret } from './state.ts'

// How many events there are: in all, of each value, and over time.

/** Milliseconds that counts are old at most while events come. */
const REFRESH = 5000

export interface Value {
  value: string
  count: number
}

export const total = signal<number | undefined>(undefined)
export const values = signal<Readonly<Record<string, readonly Value[]>>>({})
export const histogram = signal<{ interval: string; buckets: readonly Bucket[] }>({ interval: '1h', buckets: [] })
export const problem = signal<Problem | undefined>(undefined)
export const loading = signal(false)

let going = new AbortController()
let when = 0

const toValues = (found: Counts['by'][string] | undefined): Value[] =>
  (found ?? [])
    .map(({ value, count }) => ({ value: short(String(value ?? '')), count }))
    .filter(({ value }) => value !== '')

async function load(asks: Query): Promise<void> {
  going.abort()
  going = new AbortController()
  const { signal: called } = going
  const { names, apart } = facetQueries(asks)
  loading.value = true
  when = performance.now()
  try {
    const [all, ...others] = await Promise.all([
      get<Counts>(countsPath(asks, names, TOP), called),
      ...apart.map(({ name, query: others }) => get<Counts>(countsPath(others, [name], TOP), called)),
    ])
    const by = Object.fromEntries(names.map((name) => [name, toValues(all.by[name])]))
    apart.forEach(({ name }, index) => {
      by[name] = toValues(others[index]?.by[name])
    })
    batch(() => {
      total.value = all.total
      values.value = by
      histogram.value = all.histogram
      problem.value = undefined
      loading.value = false
    })
  } catch (error) {
    if (called.aborted) return
    batch(() => {
      problem.value = asProblem(error)
      loading.value = false
    })
  }
}

/** Counts more values of one facet. */
export async function countMore(name: string): Promise<void> {
  try {
    const found = await get<Counts>(countsPath(without(query.value, name), [name], MORE), going.signal)
    values.value = { ...values.value, [name]: toValues(found.by[name]) }
  } catch (error) {
    problem.value = asProblem(error)
  }
}

/** Counts whatever the list shows, now and whenever that changes. */
export function followList(): void {
  effect(() => {
    const asks = query.value
    if (secret.value) untracked(() => void load(asks))
  })
  let before = 0
  effect(() => {
    const come = arrived.value - before
    before = arrived.value
    if (come <= 0) return undefined
    // What is in the list is counted at once, and by value soon.
    const counted = total.peek()
    if (counted !== undefined) total.value = counted + come
    const timer = setTimeout(() => void load(query.value), Math.max(0, when + REFRESH - performance.now()))
    return () => clearTimeout(timer)
  })
}
