import { fromBase64 } from './bytes.ts'
import { keys, tilesOf } from './logs.ts'
import { checkHead } from './proof.ts'
import { remember } from './storage.ts'
import type { Found, Whole } from './whole.ts'

async function checkOne({ location, size, root, checkpoint: note, seen }: Whole, key = ''): Promise<Found> {
  const around = { key, remembered: seen, readTile: tilesOf(location), now: Date.now() }
  const { checkpoint, state, steps, remember: now } = await checkHead(note, location, around)
  if (checkpoint && (checkpoint.size !== size || fromBase64(root)?.join() !== checkpoint.root.join())) {
    return { location, size, state: 'failed', says: 'The signed checkpoint is another one than the answer says.' }
  }
  // A key is first taken where it is shown: with the proof of an event.
  if (seen && now && state === 'ok') remember(location, now)
  return { location, size, state, says: steps.find((step) => step.state === state)?.says ?? '' }
}

/** Checks the checkpoints of a list: that they are signed, and that their logs have only grown. Rejects when no keys can be had. */
export async function checkWhole(checkpoints: readonly Whole[]): Promise<Found[]> {
  const told = await keys()
  return Promise.all(checkpoints.map((one) => checkOne(one, told.get(one.location))))
}
