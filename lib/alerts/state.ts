import { RouterError } from '../errors.ts'
import type { Store } from '../stores/store.ts'
import type { Draft } from './draft.ts'
import type { Size } from './sizes.ts'

// What is remembered of a saved search at a location: `alerts/<id>` in the archive of that location, so that no event leaves it but in an
// alert. It is written by comparing, so that of two who do the same at a time one wins, and the other one sees what became of it.

/** What was told of a value of `by`, and until when that is not repeated (milliseconds since 1970; `null`: until it is over). */
export interface Told {
  until: number | null
  /** What was found meanwhile, for when that time is over. */
  held?: Draft
}

/** An alert that has not been delivered yet. Times are milliseconds since 1970. */
export interface Waiting {
  /** The same in every try. */
  id: string
  body: string
  tries: number
  /** When it is tried next. */
  next: number
  since: number
}

/** A file that could not be looked into. */
export interface Damaged {
  file: string
  /** The leaf from which on what is told may depend on it. */
  from: number
}

export interface State {
  /** What the search asked for: when that changes it begins anew. */
  definition: string
  /** Since when it has been watching, in milliseconds since 1970. */
  since: number
  /** The leaf from which on it has not looked yet. */
  position: number
  /** When that was, in milliseconds since 1970. */
  lookedAt: number
  /** Files that it could not look into. */
  damaged: readonly Damaged[]
  /** How large the log was before, for what goes by time. */
  sizes: readonly Size[]
  told: readonly (readonly [value: string, told: Told])[]
  waiting: readonly Waiting[]
}

/** The object that holds the state of the search `id`. */
export const stateName = (id: string): string => `alerts/${id}`

/** A state as it was read; `version` is `undefined` when there is none yet. */
export interface Read {
  state: State | undefined
  version: string | undefined
}

const isState = (value: unknown): value is State => {
  const { definition, since, position, lookedAt, damaged, sizes, told, waiting } = Object(value) as Partial<State>
  const isNumbered = [since, position, lookedAt].every(Number.isFinite)
  return typeof definition === 'string' && isNumbered && [damaged, sizes, told, waiting].every(Array.isArray)
}

function parse(name: string, bytes: Buffer): State {
  let read: unknown
  try {
    read = JSON.parse(bytes.toString())
  } catch {
    read = undefined
  }
  if (isState(read)) return read
  throw new RouterError(
    'ARCHIVE_DAMAGED',
    `${name} is not what alerts write there: take it away, and the search begins anew.`,
  )
}

/** Rejects with `ARCHIVE_DAMAGED` when what lies there is no state. */
export async function readState(store: Store, id: string): Promise<Read> {
  const name = stateName(id)
  const stored = await store.get(name)
  return { state: stored && parse(name, stored.bytes), version: stored?.version }
}

/** Writes `state` in place of the one of `version`. Resolves to `false` when somebody else has written meanwhile. */
export function writeState(store: Store, id: string, state: State, version: string | undefined): Promise<boolean> {
  const bytes = Buffer.from(JSON.stringify(state))
  return version === undefined ? store.create(stateName(id), bytes) : store.replace(stateName(id), bytes, version)
}

/** How often a change is made anew because somebody else was faster. */
const MOST_CHANGES = 20

/**
 * Writes what `change` makes of the state as it is, anew when somebody else has written meanwhile. Resolves to what was written, or to
 * `undefined` when `change` gave nothing. Rejects with `UNAVAILABLE` when others are faster all the time.
 */
export async function changeState(
  store: Store,
  id: string,
  change: (state: State) => State | undefined,
): Promise<State | undefined> {
  for (let tries = 0; tries < MOST_CHANGES; tries += 1) {
    const { state, version } = await readState(store, id)
    const changed = state && change(state)
    if (!changed) return undefined
    if (await writeState(store, id, changed, version)) return changed
  }
  throw new RouterError('UNAVAILABLE', `${stateName(id)} is being written by others all the time.`)
}
