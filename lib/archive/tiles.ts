import { RouterError } from '../errors.ts'
import { HASH_BYTES, type ReadTile } from '../proof/tree.ts'
import type { Store } from '../stores/store.ts'
import { TILE_WIDTH, tileName } from './names.ts'

/** Reads the tiles of the log in `store`. Rejects with `ARCHIVE_DAMAGED`, naming the tile, when it is missing or too short. */
export function tilesOf(store: Pick<Store, 'get'>): ReadTile {
  return async (level, n, width) => {
    // A partial tile goes when the full one is there.
    const partial = width < TILE_WIDTH ? await store.get(tileName(level, n, width)) : undefined
    const tile = partial ?? (await store.get(tileName(level, n)))
    const bytes = tile?.bytes.subarray(0, width * HASH_BYTES)
    if (bytes?.length === width * HASH_BYTES) return bytes
    throw new RouterError('ARCHIVE_DAMAGED', `${tileName(level, n, width)} is ${tile ? 'too short' : 'missing'}.`)
  }
}
