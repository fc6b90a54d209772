import { batch, computed, effect, signal } from '@preact/signals'
import type { Reader } from './answers.ts'
import { asProblem, get, onRefused, type Problem, useSecret } from './api.ts'
import type { Filter } from './filters.ts'
import { toggled, withFilter, withoutFilter } from './filters.ts'
import { choices, choose, keepSecret, keptSecret } from './storage.ts'
import type { Range } from './time.ts'
import { fromHash, initial, toHash, type View } from './view.ts'

// What is looked at and who looks. The lists and the details follow from it.

export const view = signal<View>(fromHash(location.hash))
/** Grows when the same is to be asked again. */
export const asked = signal(0)
/** What a screen reader is told, politely. */
export const said = signal('')

/** Shows something else. Going back in the browser undoes it, unless it is `passing`. */
export function show(change: Partial<View>, { passing = false } = {}): void {
  const next = { ...view.value, ...change }
  const hash = `#${toHash(next)}`
  view.value = next
  if (hash === location.hash) return
  if (passing) history.replaceState(null, '', hash)
  else history.pushState(null, '', hash)
}

const follow = (): void => {
  view.value = fromHash(location.hash)
}
addEventListener('popstate', follow)
addEventListener('hashchange', follow)

export const refresh = (): void => {
  asked.value += 1
}

export const addFilter = (filter: Filter): void => show({ filters: withFilter(view.value.filters, filter) })
export const toggleFilter = (filter: Filter): void => show({ filters: toggled(view.value.filters, filter) })
export const dropFilter = (filter: Filter): void => show({ filters: withoutFilter(view.value.filters, filter) })
export const setRange = (range: Range): void => show({ range, ...(range.last ? {} : { live: false }) })
/** Nothing but the time range and the way of looking stays. */
export const clearFilters = (): void => show({ filters: initial.filters })

/** Shows something else, which is no step that going back undoes. */
export const glance = (change: Partial<View>): void => show(change, { passing: true })

/** Opens an event; with no id, closes the one that is open. */
export const openEvent = (event: string, { passing = false } = {}): void => show({ event }, { passing })

export const secret = signal(keptSecret())
export const reader = signal<Reader | undefined>(undefined)
/** Why the form to sign in is shown, when somebody was signed in. */
export const refusal = signal<Problem | undefined>(undefined)
/** The stage, as `GET /health` tells it to everybody. */
export const stage = signal('')

useSecret(secret.value)
onRefused((problem) => {
  if (secret.value) signOut(problem)
})

export function signOut(problem?: Problem): void {
  batch(() => {
    secret.value = ''
    reader.value = undefined
    refusal.value = problem
  })
  useSecret('')
  keepSecret('')
}

/** Resolves to what is wrong with the secret, or to nothing when it was taken. */
export async function signIn(value: string): Promise<Problem | undefined> {
  useSecret(value)
  try {
    const found = await get<Reader>('reader')
    batch(() => {
      reader.value = found
      refusal.value = undefined
      secret.value = value
    })
    keepSecret(value)
    return undefined
  } catch (error) {
    useSecret('')
    return asProblem(error)
  }
}

export const theme = signal(choices().theme)
export const keysOn = signal(choices().keys)
export const facetsOpen = signal(choices().facets)

effect(() => {
  document.documentElement.dataset.theme = theme.value
  choose({ theme: theme.value, keys: keysOn.value, facets: facetsOpen.value })
})

/** What is asked for, as one text: when it changes, another list is shown. */
export const wanted = computed(() => {
  const { range, filters, sort } = view.value
  return JSON.stringify([range, filters, sort, asked.value])
})

/** Begins: asks who is signed in, and for the stage, which says whether this is local emulation. */
export function begin(): void {
  const ignored = () => {}
  get<{ stage?: string }>('health').then((health) => {
    stage.value = health.stage ?? ''
  }, ignored)
  if (!secret.value) return
  get<Reader>('reader').then((found) => {
    reader.value = found
  }, ignored)
}
