import { RouterError } from '../errors.ts'
import type { VerifierKey } from '../proof/note.ts'
import { append, type Edge } from '../proof/tree.ts'
import type { Store } from '../stores/store.ts'
import { readEntry } from './journal.ts'
import { CHECKPOINT, EVENTS, journalName, parseTileName, TILE_WIDTH, TILES, tileName } from './names.ts'

// Whether the checkpoint of an archive is the last one that there was. One that is not would have a second history signed.

/** What is looked at. */
interface Looked {
  store: Store
  key: VerifierKey
  location: string
}

/** What the batch that was taken at `edge` writes into the log, by name; `undefined` when none was. */
async function underWay(
  { store, key, location }: Looked,
  edge: Edge,
): Promise<ReadonlyMap<string, Buffer> | undefined> {
  const name = journalName(edge.size)
  const entry = await store.get(name)
  if (!entry) return undefined
  const { leaves } = await readEntry(name, entry.bytes, key, location)
  return new Map(append(edge, leaves).tiles.map(({ level, n, width, bytes }) => [tileName(level, n, width), bytes]))
}

/** Names of tiles that are of a log of more than `size` leaves: of one that has begun the tile of the next leaf alone, which is one request. */
async function* tilesAhead(store: Store, size: number): AsyncGenerator<string> {
  const prefix = size === 0 ? TILES : tileName(0, Math.floor(size / TILE_WIDTH))
  for await (const { name } of store.list(prefix)) {
    const { level, n, width } = parseTileName(name) ?? { level: 0, n: 0, width: 0 }
    if ((n * TILE_WIDTH + width) * TILE_WIDTH ** level > size) yield name
  }
}

const why = (name: string, size: number): string =>
  size === 0
    ? `There is ${name}, but no ${CHECKPOINT}: it was taken away. Put it back.`
    : `There is ${name}, but ${CHECKPOINT} is of ${size} leaves: an older one was put in its place. Put the newest one back. ` +
      'If this is the newest one, a journal entry was lost: take away the tiles and files beyond the checkpoint.'

/**
 * Makes sure that the log ends with `edge`, which is what the checkpoint says. Rejects with `ARCHIVE_DAMAGED`, saying what to do, when there
 * is more of it, and no batch that was taken there explains that.
 */
export async function checkAhead(looked: Looked, edge: Edge): Promise<void> {
  const { store } = looked
  let explained: ReadonlyMap<string, Buffer> | undefined
  for await (const name of tilesAhead(store, edge.size)) {
    explained ??= await underWay(looked, edge)
    const expected = explained?.get(name)
    const stored = expected && (await store.get(name))
    if (!expected || stored?.bytes.equals(expected) === false)
      throw new RouterError('ARCHIVE_DAMAGED', why(name, edge.size))
  }
  if (edge.size > 0 || explained || (await underWay(looked, edge))) return
  for await (const { name } of store.list(EVENTS)) throw new RouterError('ARCHIVE_DAMAGED', why(name, 0))
}
