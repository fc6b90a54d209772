import { batch, computed, effect, signal } from '@preact/signals'
import type { Explained, Item, Log } from './answers.ts'
import { ask, asProblem, get, Problem, pathOf } from './api.ts'
import type { Bytes } from './bytes.ts'
import { check, readProof, type Step, type Verdict } from './proof.ts'
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

let going = new AbortController()

const cannot = (problem: Problem): Verdict => {
  // That a proof can't be had because the archive is damaged is a finding; that nobody answered is none.
  const state = problem.code === 'ARCHIVE_DAMAGED' || problem.code === 'NO_PROOF' ? 'failed' : 'unknown'
  const step: Step = { name: 'tree', state, says: problem.message }
  return { state, steps: [step], remember: undefined }
}

async function keyOf(location: string, called: AbortSignal): Promise<string> {
  const { logs } = await get<{ logs: Log[] }>('logs', called)
  const log = logs.find((entry) => entry.location === location)
  if (!log) throw new Problem('NO_PROOF', `There is no log of ${location}.`)
  return log.key
}

async function prove(shown: Item, called: AbortSignal): Promise<Verdict> {
  const { location, leaf, event } = shown
  const readTile = async (path: string): Promise<Bytes> => {
    const base = `logs/${encodeURIComponent(location)}/tile/${path}`
    const answer = await ask(base, { accept: '*/*', signal: called }).catch((error: unknown) => {
      // A tile that has been filled since need not be there in part.
      const whole = base.replace(/\.p\/\d+$/, '')
      if (!(error instanceof Problem) || whole === base || error.code !== 'NOT_FOUND') throw error
      return ask(whole, { accept: '*/*', signal: called })
    })
    return new Uint8Array(await answer.arrayBuffer())
  }
  const [key, answer] = await Promise.all([keyOf(location, called), get<unknown>(pathOf(event.id, 'proof'), called)])
  const proof = readProof(answer)
  if (!proof) throw new Problem('NO_PROOF', 'What was answered as the proof is none.')
  return check({ location, leaf, event }, proof, { key, remembered: recall(location), readTile, now: Date.now() })
}

/** Proves what is shown. A log that seems rolled back is asked once more: another tab may just have seen it grow. */
async function checkProof(shown: Item, called: AbortSignal): Promise<void> {
  const attempt = () => prove(shown, called).catch((error: unknown) => asProblem(error))
  let found = await attempt()
  if (
    found &&
    !(found instanceof Problem) &&
    found.steps.some(({ name, state }) => name === 'growth' && state === 'failed')
  ) {
    found = await attempt()
  }
  if (called.aborted || !found) return
  const result = found instanceof Problem ? cannot(found) : found
  if (result.state === 'ok' && result.remember) remember(shown.location, result.remember)
  verdict.value = result
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

const openId = computed(() => view.value.event)
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
