import { CHECKPOINT, journalName, LOG_KEY, TILES } from '../archive/names.ts'
import { RouterError } from '../errors.ts'
import type { Location } from '../locations.ts'
import { openCheckpoint } from '../proof/checkpoint.ts'
import { parseVerifierKey, type VerifierKey } from '../proof/note.ts'
import type { Store } from '../stores/store.ts'
import type { Damaged } from './engine.ts'

// The checkpoints that answers are of. Only one that the key of its log has signed counts.

/** Where logs are. */
export interface Logs {
  store(location: Location): Pick<Store, 'get' | 'list'>
  /** The key of the log of a location, where it is known from elsewhere than the archive. */
  key?(location: Location): Promise<VerifierKey | undefined>
}

/** A checkpoint at which an answer is whole: the events of the first `size` leaves are in it. `checkpoint` is the signed note. */
export interface Complete {
  location: Location
  size: number
  /** In base64. */
  root: string
  checkpoint: string
}

const isDamage = (error: unknown): error is RouterError =>
  error instanceof RouterError && error.code === 'ARCHIVE_DAMAGED'

const damagedAt = (location: string, error: unknown): unknown =>
  isDamage(error) ? new RouterError('ARCHIVE_DAMAGED', `${location}: ${error.message}`, { cause: error }) : error

/**
 * The key of the log of `location`: the one that is configured, else the one that lies in the archive. Rejects with `ARCHIVE_DAMAGED` when that
 * is missing or none.
 */
export async function keyAt(location: Location, { store, key }: Logs): Promise<VerifierKey> {
  const configured = await key?.(location)
  if (configured) return configured
  const stored = await store(location).get(LOG_KEY)
  try {
    if (stored) return parseVerifierKey(stored.bytes.toString().trim())
  } catch (error) {
    throw damagedAt(location, error)
  }
  throw new RouterError('ARCHIVE_DAMAGED', `${location}: ${LOG_KEY} is missing.`)
}

/** What a note of `location` says. Rejects with `ARCHIVE_DAMAGED` when it is no checkpoint that the key of the log has signed. */
export async function completeAt(location: Location, checkpoint: string, logs: Logs): Promise<Complete> {
  const key = await keyAt(location, logs)
  try {
    const { size, root } = openCheckpoint(checkpoint, key)
    return { location, size, root: root.toString('base64'), checkpoint }
  } catch (error) {
    throw damagedAt(location, error)
  }
}

/** Whether the log of a location has begun: its first batch is written out, or under way. */
async function hasBegun(store: Pick<Store, 'list'>): Promise<boolean> {
  for await (const _ of store.list(TILES)) return true
  return false
}

/**
 * The checkpoint of the archive of `location` as it is now; `undefined` while nothing is archived. Rejects with `ARCHIVE_DAMAGED` when it was
 * taken away.
 */
export async function checkpointOf(location: Location, logs: Logs): Promise<Complete | undefined> {
  const store = logs.store(location)
  let stored = await store.get(CHECKPOINT)
  if (!stored && (await hasBegun(store))) {
    // It may have been written meanwhile, or the first batch is just being written out.
    stored = await store.get(CHECKPOINT)
    if (!stored && !(await store.get(journalName(0))))
      throw damagedAt(location, new RouterError('ARCHIVE_DAMAGED', `There is no ${CHECKPOINT}: it was taken away.`))
  }
  return stored && completeAt(location, stored.bytes.toString(), logs)
}

/**
 * What `look` finds at each of `locations`, without those where it finds nothing; where the checkpoint or the key is damaged, that is told. Rejects
 * with `ARCHIVE_DAMAGED` when nothing else is found.
 */
export async function atEach<Found>(
  locations: readonly Location[],
  look: (location: Location) => Promise<Found | undefined>,
): Promise<{ found: Found[]; damaged: Damaged[] }> {
  const damaged: Damaged[] = []
  const errors: RouterError[] = []
  const one = async (location: Location): Promise<Found | undefined> => {
    try {
      return await look(location)
    } catch (error) {
      if (!isDamage(error)) throw error
      errors.push(error)
      damaged.push({ location, file: CHECKPOINT, why: error.message })
      return undefined
    }
  }
  const found = (await Promise.all(locations.map(one))).filter((some) => some !== undefined)
  if (found.length === 0 && errors[0]) throw errors[0]
  return { found, damaged }
}
