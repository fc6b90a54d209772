import type { Complete, Lacking } from './answers.ts'
import type { Remembered, State } from './proof.ts'

// Whether a list is whole, by what answers say of it and what the browser itself finds.

/** A checkpoint that a list is said to be whole at, and what was remembered of its log when the list was asked for. */
export type Whole = Complete & { seen: Remembered | undefined }

const once = <T>(parts: readonly T[]): T[] => [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()]

/** What several pages are without, each part of it once. */
export const lackingOf = (pages: readonly Lacking[]): Required<Lacking> => ({
  damaged: once(pages.flatMap(({ damaged = [] }) => damaged)),
  removed: once(pages.flatMap(({ removed = [] }) => removed)),
})

/** What was found of the checkpoint of a location. */
export interface Found {
  location: string
  size: number
  state: State
  /** The first thing that is wrong, or that can't be checked. */
  says: string
}

const many = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`

/** Whether a list is whole, in a few words. `found` is `undefined` until its checkpoints have been looked at. */
export function inShort(
  places: number,
  found: readonly Found[] | undefined,
  { damaged, removed }: Required<Lacking>,
): { state: State; words: string } {
  const of = (state: State): number => found?.filter((one) => one.state === state).length ?? 0
  const [bad, good] = [of('failed'), of('ok')]
  if (bad > 0) return { state: 'failed', words: `${bad} of ${many(places, 'checkpoint')} not to be trusted` }
  if (damaged.length > 0) return { state: 'failed', words: `Not whole: ${many(damaged.length, 'damaged part')}` }
  if (!found) return { state: 'unknown', words: `Checking ${many(places, 'checkpoint')}…` }
  if (good < places) {
    return { state: 'unknown', words: `${places - good} of ${many(places, 'checkpoint')} can not be checked` }
  }
  if (removed.length > 0) {
    const count = removed.reduce((sum, one) => sum + one.count, 0)
    return { state: 'unknown', words: `Whole but for ${many(count, 'event')} removed under retention` }
  }
  return { state: 'ok', words: `Whole at ${many(places, 'signed checkpoint')}` }
}
