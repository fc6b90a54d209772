import { batch, computed, effect, signal } from '@preact/signals'
import type { Explained, Item } from './answers.ts'
import { asProblem, get, Problem, pathOf } from './api.ts'
import { rows } from './list.ts'
import { keys, tilesOf } from './logs.ts'
import { check, checkOpened, type Opened, readProof, type Step, type Verdict } from './proof.ts'
import { secret, view } from './state.ts'
import { forget, recall, remember } from './storage.ts'

// The event that is open: all of it, whether it is proven, and its explanation.

/** Milliseconds that an event has to be looked at before it is asked for: whoever holds a key down asks for none. */
const LINGER = 80

export const item = signal<Item | undefined>(undefined)
export const problem = signal<Problem | undefined>(undefined)
/** What the check found; `undefined` while it is on its way. */
export const verdict = signal<Verdict | undefined>(undefined)
/** The answer of `explain`; `undefined` while it is on its way. */
export const explanation = signal<{ steps?: Explained[]; problem?: Problem } | undefined>(undefined)

const openId = computed(() => view.value.event)
let going = new AbortController()

const cannot = (problem: Problem): Step => {
  // That a proof can't be had because the archive is damaged is a finding; that nobody answered is none.
  const state = problem.code === 'ARCHIVE_DAMAGED' || problem.code === 'NO_PROOF' ? 'failed' : 'unknown'
  return { name: 'tree', state, says: problem.message }
}

async function prove(shown: Item, opened: Opened, called: AbortSignal): Promise<Verdict> {
  const { location } = shown
  const remembered = recall(location)
  const [told, answer] = await Promise.all([keys(called), get<unknown>(pathOf(opened.id, 'proof'), called)])
  const key = told.get(location)
  if (!key) throw new Problem('NO_PROOF', `There is no log of ${location}.`)
  const proof = readProof(answer)
  if (!proof) throw new Problem('NO_PROOF', 'What was answered as the proof is none.')
  return check(shown, proof, opened, { key, remembered, readTile: tilesOf(location, called), now: Date.now() })
}

async function checkProof(shown: Item, called: AbortSignal): Promise<void> {
  const id = openId.value
  const opened = { id, location: rows.find((row) => row.id === id)?.location }
  const found = await prove(shown, opened, called).catch((error: unknown) => asProblem(error))
  if (called.aborted || !found) return
  if (found instanceof Problem) {
    const step = checkOpened(shown, opened) ?? cannot(found)
    verdict.value = { state: step.state, steps: [step], remember: undefined }
    return
  }
  if (found.state === 'ok' && found.remember) remember(shown.location, found.remember)
  verdict.value = found
}

async function explain(id: string, called: AbortSignal): Promise<void> {
  try {
    const { steps } = await get<{ steps: Explained[] }>(pathOf(id, 'explain'), called)
    if (!called.aborted) explanation.value = { steps }
  } catch (error) {
    const found = asProblem(error)
    if (!called.aborted && found) explanation.value = { problem: found }
  }
}

async function load(id: string, called: AbortSignal): Promise<void> {
  try {
    const found = await get<Item>(pathOf(id), called)
    if (called.aborted) return
    item.value = found
    await Promise.all([checkProof(found, called), explain(id, called)])
  } catch (error) {
    if (!called.aborted) problem.value = asProblem(error)
  }
}

/** Proves it again. */
export function checkAgain(): void {
  const shown = item.value
  if (!shown) return
  verdict.value = undefined
  void checkProof(shown, going.signal)
}

/** Takes the key that the log has now for the right one, and proves it again. */
export function trustNewKey(): void {
  if (item.value) forget(item.value.location)
  checkAgain()
}

const again = signal(0)

/** Asks for the event again. */
export const retry = (): void => {
  again.value += 1
}

/** Loads whatever event is open, now and whenever that changes. */
export function followEvent(): void {
  effect(() => {
    again.value
    const id = openId.value
    going.abort()
    going = new AbortController()
    const { signal: called } = going
    batch(() => {
      item.value = undefined
      problem.value = undefined
      verdict.value = undefined
      explanation.value = undefined
    })
    if (!id || !secret.value) return undefined
    const timer = setTimeout(() => void load(id, called), LINGER)
    return () => clearTimeout(timer)
  })
}
