import { hash } from 'node:crypto'

// The Merkle tree of RFC 6962, kept in tiles of 256 hashes (C2SP tlog-tiles). A hash is 32 bytes.

/** Bytes of a hash: SHA-256. */
export const HASH_BYTES = 32
/** Hashes of a full tile, and the levels of the tree that it spans. */
const WIDTH = 256
const TILE_HEIGHT = 8

const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer')

/** The hash of a leaf, which is `entry`: bytes, or text in UTF-8. */
export function leafHash(entry: Uint8Array | string): Buffer {
  if (typeof entry === 'string') return hash('sha256', `\0${entry}`, 'buffer')
  return sha256(Buffer.concat([Buffer.of(0), entry]))
}

const pair = Buffer.alloc(1 + 2 * HASH_BYTES)
pair[0] = 1

/** The hash of a node over its two children. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1)
  pair.set(right, 1 + HASH_BYTES)
  return sha256(pair)
}

/** The root of the tree of no leaves. */
const EMPTY = sha256(Buffer.alloc(0))

/** The largest power of two below `count`, which is 2 or more. */
function split(count: number): number {
  let power = 1
  while (power * 2 < count) power *= 2
  return power
}

/** The root over `hashes`, of which the last one may stand for less than the others do. */
function join(hashes: readonly Buffer[]): Buffer {
  if (hashes.length <= 1) return hashes[0] ?? EMPTY
  const at = split(hashes.length)
  return nodeHash(join(hashes.slice(0, at)), join(hashes.slice(at)))
}

/** The hash over `hashes`, those of a full tile: what stands for them in the level above. */
export const tileRoot = (hashes: readonly Buffer[]): Buffer => join(hashes)

/** Hashes of a tile one by one. */
export function hashesOf(tile: Buffer): Buffer[] {
  return Array.from({ length: tile.length / HASH_BYTES }, (_, index) =>
    tile.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  )
}

/** `hashes` and the levels of nodes above them, as far as they are over pairs. */
function nodesOf(hashes: Buffer[]): Buffer[][] {
  const rows = [hashes]
  for (let below = hashes; below.length > 1; ) {
    const last = below
    const nodes = Array.from({ length: Math.floor(last.length / 2) }, (_, at) =>
      nodeHash(last[2 * at] as Buffer, last[2 * at + 1] as Buffer),
    )
    rows.push(nodes)
    below = nodes
  }
  return rows
}

/** A tile with its place. */
export interface Tile {
  level: number
  n: number
  /** 256, or 1 to 255 of a partial one. */
  width: number
  bytes: Buffer
}

/** The right edge of a tree: what the next leaves are appended to. */
export interface Edge {
  size: number
  /** The hashes of the last tile of each level, when it is partial. */
  levels: readonly (readonly Buffer[])[]
}

/** The edge of the tree of no leaves. */
export const noLeaves: Edge = { size: 0, levels: [] }

/** The root of the tree whose edge this is. */
export function edgeRoot({ levels }: Edge): Buffer {
  let root: Buffer | undefined
  for (const hashes of levels) {
    const all = root ? [...hashes, root] : hashes
    if (all.length > 0) root = join(all)
  }
  return root ?? EMPTY
}

/** How many hashes `level` of a tree of `size` leaves has. */
const countAt = (level: number, size: number): number => Math.floor(size / WIDTH ** level)

/** Appends `leaves`, hashes of leaves. Resolves to the new edge, and to the tiles that are new or wider. */
export function append(edge: Edge, leaves: readonly Buffer[]): { edge: Edge; tiles: Tile[] } {
  const tiles: Tile[] = []
  const levels: Buffer[][] = []
  let added = leaves
  for (let level = 0; added.length > 0 || level < edge.levels.length; level++) {
    const known = edge.levels[level] ?? []
    const hashes = [...known, ...added]
    const isChanged = added.length > 0
    let n = Math.floor(countAt(level, edge.size) / WIDTH)
    const parents: Buffer[] = []
    let at = 0
    for (; at + WIDTH <= hashes.length; at += WIDTH) {
      const full = hashes.slice(at, at + WIDTH)
      tiles.push({ level, n: n++, width: WIDTH, bytes: Buffer.concat(full) })
      parents.push(join(full))
    }
    const rest = hashes.slice(at)
    if (isChanged && rest.length > 0) tiles.push({ level, n, width: rest.length, bytes: Buffer.concat(rest) })
    levels.push(rest)
    added = parents
  }
  return { edge: { size: edge.size + leaves.length, levels }, tiles }
}

/** Reads the `n`-th tile of a level, or the first `width` hashes of it: exactly so many. Rejects when there is no such tile. */
export type ReadTile = (level: number, n: number, width: number) => Promise<Buffer>

/** Reads the edge of the tree of `size` leaves. */
export async function readEdge(size: number, readTile: ReadTile): Promise<Edge> {
  const levels: Promise<Buffer[]>[] = []
  for (let level = 0; countAt(level, size) > 0; level++) {
    const count = countAt(level, size)
    const width = count % WIDTH
    levels.push(width === 0 ? Promise.resolve([]) : readTile(level, Math.floor(count / WIDTH), width).then(hashesOf))
  }
  return { size, levels: await Promise.all(levels) }
}

/** What a tree of a certain size proves. Every tile is read once, every node worked out once. */
export interface Tree {
  root(): Promise<Buffer>
  /** The inclusion proof of `leaf` (RFC 6962, 2.1.1), from the sibling of the leaf up. */
  inclusion(leaf: number): Promise<Buffer[]>
  /** The consistency proof with the tree of the first `from` leaves (RFC 6962, 2.1.2); `[]` of none and of all. */
  consistency(from: number): Promise<Buffer[]>
}

/** The tree of `size` leaves, whose tiles `readTile` reads as wide as that tree makes them. Rejects as `readTile` does. */
export function treeOf(size: number, readTile: ReadTile): Tree {
  /** The nodes of each tile, its hashes first, then one level above the other. */
  const tiles = new Map<string, Promise<Buffer[][]>>()

  const read = (level: number, n: number): Promise<Buffer[][]> => {
    const key = `${level}/${n}`
    const known = tiles.get(key)
    if (known) return known
    const width = Math.min(WIDTH, countAt(level, size) - n * WIDTH)
    const rows = readTile(level, n, width).then((tile) => nodesOf(hashesOf(tile)))
    tiles.set(key, rows)
    return rows
  }

  /** The node over the 2^`height` leaves from `first` on, all of which there are. */
  const nodeAt = async (height: number, first: number): Promise<Buffer> => {
    const inner = height % TILE_HEIGHT
    const level = (height - inner) / TILE_HEIGHT
    const index = first / 2 ** height
    const perTile = WIDTH / 2 ** inner
    const rows = await read(level, Math.floor(index / perTile))
    return rows[inner]?.[index % perTile] as Buffer
  }

  /** The hash over the leaves from `first` up to `end`. */
  const range = async (first: number, end: number): Promise<Buffer> => {
    const count = end - first
    const height = Math.log2(count)
    if (Number.isInteger(height)) return nodeAt(height, first)
    const middle = first + split(count)
    return nodeHash(await range(first, middle), await range(middle, end))
  }

  const path = async (leaf: number, first: number, end: number): Promise<Buffer[]> => {
    if (end - first === 1) return []
    const middle = first + split(end - first)
    return leaf < middle
      ? [...(await path(leaf, first, middle)), await range(middle, end)]
      : [...(await path(leaf, middle, end)), await range(first, middle)]
  }

  /** SUBPROOF of RFC 6962 for the leaves from `first` up to `end`; `isWhole`: the verifier knows their hash. */
  const subproof = async (from: number, first: number, end: number, isWhole: boolean): Promise<Buffer[]> => {
    if (from === end) return isWhole ? [] : [await range(first, end)]
    const middle = first + split(end - first)
    return from <= middle
      ? [...(await subproof(from, first, middle, isWhole)), await range(middle, end)]
      : [...(await subproof(from, middle, end, false)), await range(first, middle)]
  }

  return {
    root: async () => (size === 0 ? EMPTY : range(0, size)),
    inclusion: async (leaf) => path(leaf, 0, size),
    consistency: async (from) => (from === 0 || from === size ? [] : subproof(from, 0, size, true)),
  }
}
