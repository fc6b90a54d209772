import { RouterError } from '../errors.ts'
import type { Checkpoint } from '../proof/checkpoint.ts'
import { edgeRoot, HASH_BYTES, hashesOf, type ReadTile, readEdge, tileRoot } from '../proof/tree.ts'
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

/**
 * Reads the hashes of the leaves of a log, a tile at a time: the `n`-th one. Rejects with `ARCHIVE_DAMAGED`, naming the tile, when it is not
 * one of the tree of `checkpoint`. The tiles of the levels above are read once.
 */
export function provenLeaves(store: Pick<Store, 'get'>, { size, root }: Checkpoint): (n: number) => Promise<Buffer[]> {
  const readTile = tilesOf(store)
  const above = new Map<string, Promise<Buffer[]>>()
  let edge: ReturnType<typeof readEdge> | undefined

  const readLast = async (level: number): Promise<Buffer[]> => {
    edge ??= readEdge(size, readTile)
    const known = await edge
    if (edgeRoot(known).equals(root)) return [...(known.levels[level] ?? [])]
    throw new RouterError('ARCHIVE_DAMAGED', `The tiles at the end of ${size} leaves are not those of the checkpoint.`)
  }

  const read = async (level: number, n: number): Promise<Buffer[]> => {
    if ((n + 1) * TILE_WIDTH > Math.floor(size / TILE_WIDTH ** level)) return readLast(level)
    const [hashes, parents] = await Promise.all([
      readTile(level, n, TILE_WIDTH).then(hashesOf),
      readAbove(level + 1, Math.floor(n / TILE_WIDTH)),
    ])
    if (parents[n % TILE_WIDTH]?.equals(tileRoot(hashes))) return hashes
    throw new RouterError('ARCHIVE_DAMAGED', `${tileName(level, n)} is not the one of the checkpoint.`)
  }

  const readAbove = (level: number, n: number): Promise<Buffer[]> => {
    const name = tileName(level, n)
    const known = above.get(name) ?? read(level, n)
    above.set(name, known)
    return known
  }

  return (n) => read(0, n)
}
