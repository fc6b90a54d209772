import { batch, effect, signal, untracked } from '@preact/signals'
import type { Complete, Page } from './answers.ts'
import { asProblem, get, type Problem } from './api.ts'
import { afterOf, eventsPath, type Query } from './query.ts'
import { type Row, toRow } from './rows.ts'
import { refresh, said, secret, show, view, wanted } from './state.ts'
import { memory } from './storage.ts'
import { resolve } from './time.ts'
import { lackingOf, type Whole } from './whole.ts'

// The list of events: its pages as they are needed, and new events as they come.

/** So many rows are shown at most: taller pages than these make, browsers do not draw. */
export const MOST = 500_000
/** Milliseconds between two looks for new events, and how often longer than one took it is waited at least. */
const PAUSE = 2000
const RATIO = 4
const LONGEST_PAUSE = 60_000

/** The rows that are there. `count` changes when they do. */
export let rows: Row[] = []
export const count = signal(0)
/** Where the next page begins; `null` when all are there. */
export const next = signal<string | null>(null)
export const complete = signal<readonly Whole[]>([])
/** What could not be read of the archive, or was removed. */
export const lacking = signal(lackingOf([]))
export const problem = signal<Problem | undefined>(undefined)
/** While the rows are still those of what was asked before. */
export const stale = signal(true)
export const loading = signal(false)
/** The row that the keyboard is at. */
export const active = signal(0)
/** How many rows came on top since the list was loaded: who has scrolled stays where he is. */
export const arrived = signal(0)
/** Ids of rows that have just come. */
export const fresh = signal<ReadonlySet<string>>(new Set())
/** Why new events can not be looked for at the moment. */
export const liveProblem = signal<Problem | undefined>(undefined)

/** What the list shows, fixed when it was asked for. */
export const query = signal<Query>({ span: {}, filters: [], sort: '-time' })

let going = new AbortController()

const isThere = (): Set<string> => new Set(rows.map(({ id }) => id))

const whole = (found: readonly Complete[], seen: ReturnType<typeof memory>): Whole[] =>
  found.map((one) => ({ ...one, seen: seen(one.location) }))

const notesOf = (found: readonly Complete[]): string => found.map(({ checkpoint }) => checkpoint).join()

/** Begins anew with what is looked at. */
async function load(): Promise<void> {
  going.abort()
  going = new AbortController()
  const { signal: called } = going
  const { range, filters, sort } = view.value
  const asks = { span: resolve(range, Date.now()), filters, sort }
  batch(() => {
    query.value = asks
    problem.value = undefined
    stale.value = true
    loading.value = true
  })
  try {
    const seen = memory()
    const page = await get<Page>(eventsPath(asks), called)
    batch(() => {
      rows = page.events.map(toRow)
      count.value = rows.length
      next.value = page.next
      complete.value = whole(page.complete, seen)
      lacking.value = lackingOf([page])
      active.value = 0
      arrived.value = 0
      fresh.value = new Set()
      stale.value = false
      loading.value = false
      said.value = rows.length === 0 ? 'No events.' : 'Events are shown.'
    })
  } catch (error) {
    failed(error, called)
  }
}

function failed(error: unknown, called: AbortSignal): void {
  const found = asProblem(error)
  if (called.aborted || !found) return
  batch(() => {
    problem.value = found
    loading.value = false
  })
}

/** Loads one page more, when there is one and none is on its way. */
export async function more(): Promise<void> {
  const cursor = next.value
  if (cursor === null || loading.value || stale.value || count.value >= MOST) return
  const { signal: called } = going
  batch(() => {
    loading.value = true
    problem.value = undefined
  })
  try {
    const page = await get<Page>(eventsPath(query.value, { cursor }), called)
    if (called.aborted) return
    const there = arrived.value > 0 ? isThere() : undefined
    const added = page.events.map(toRow).filter(({ id }) => !there?.has(id))
    batch(() => {
      rows.push(...added)
      count.value = rows.length
      next.value = page.next
      loading.value = false
      lacking.value = lackingOf([lacking.value, page])
    })
  } catch (error) {
    failed(error, called)
  }
}

/** The pages of every new event of the query since `since`. */
async function newer(since: readonly Complete[], called: AbortSignal): Promise<Page[]> {
  const { span, filters } = query.value
  const asks = { span: { from: span.from }, filters, sort: '-time' }
  const pages: Page[] = []
  let cursor: string | null = null
  do {
    const given: Record<string, string> = {}
    // Of an empty archive nothing is known yet, so everything is new.
    if (since.length > 0) given.after = afterOf(since)
    if (cursor !== null) given.cursor = cursor
    const page: Page = await get<Page>(eventsPath(asks, given), called)
    pages.push(page)
    cursor = page.next
  } while (cursor !== null)
  return pages
}

function takeNew(pages: readonly Page[], seen: ReturnType<typeof memory>): void {
  const there = isThere()
  const added = pages.flatMap(({ events }) => events.map(toRow)).filter(({ id }) => !there.has(id))
  batch(() => {
    lacking.value = lackingOf([lacking.value, ...pages])
    const upTo = pages.at(-1)?.complete ?? []
    // The same checkpoints need not be checked anew.
    if (notesOf(upTo) !== notesOf(complete.value)) complete.value = whole(upTo, seen)
    liveProblem.value = undefined
    fresh.value = new Set(added.map(({ id }) => id))
    if (added.length === 0) return
    rows = [...added, ...rows]
    count.value = rows.length
    arrived.value += added.length
    if (active.value > 0) active.value += added.length
    said.value = added.length === 1 ? 'One new event.' : `${added.length} new events.`
  })
}

const sleep = (milliseconds: number, called: AbortSignal): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(done, milliseconds)
    called.addEventListener('abort', () => {
      clearTimeout(timer)
      done()
    })
  })

/** One look for new events. Resolves to how long to wait for the next one. */
async function look(called: AbortSignal, pause: number): Promise<number> {
  // Nobody looks at a hidden tab, and what came meanwhile is found with the next look.
  if (document.hidden || stale.value) return PAUSE
  const start = performance.now()
  try {
    const seen = memory()
    const pages = await newer(complete.value, called)
    if (!called.aborted) takeNew(pages, seen)
    return Math.max(PAUSE, RATIO * (performance.now() - start))
  } catch (error) {
    if (!called.aborted) liveProblem.value = asProblem(error)
    return Math.min(LONGEST_PAUSE, 2 * pause)
  }
}

async function follow(called: AbortSignal): Promise<void> {
  let pause = PAUSE
  while (!called.aborted) {
    await sleep(pause, called)
    if (!called.aborted) pause = await look(called, pause)
  }
}

/** Shows new events as they come, or no longer. */
export function setLive(live: boolean): void {
  const { range } = view.value
  // What has an end gets no new events.
  const open = range.last === undefined ? { from: range.from } : range
  show(live ? { live, range: open } : { live })
}

/** Moves to another row, as far as there are some. */
export function moveTo(index: number): void {
  active.value = Math.max(0, Math.min(count.value - 1, index))
}

/** Begins to load whatever is looked at, now and whenever that changes. */
export function followView(): void {
  effect(() => {
    wanted.value
    if (secret.value) untracked(() => void load())
  })
  effect(() => {
    wanted.value
    if (!view.value.live || !secret.value) return undefined
    const control = new AbortController()
    untracked(() => void follow(control.signal))
    return () => control.abort()
  })
  // The network is back: what failed is tried again.
  addEventListener('online', () => {
    if (problem.value?.code === 'OFFLINE') refresh()
  })
}
