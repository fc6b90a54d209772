import { type Bytes, equal, join, sha256 } from './bytes.ts'

// The Merkle tree of a log (RFC 6962, RFC 9162), as far as a reader needs it. Sizes may be larger than 32 bits.

const LEAF = new Uint8Array([0])
const NODE = new Uint8Array([1])

/** The hash of a leaf. */
export const leafHash = (entry: Bytes): Promise<Bytes> => sha256(join(LEAF, entry))

const nodeHash = (left: Bytes, right: Bytes): Promise<Bytes> => sha256(join(NODE, left, right))

/**
 * The root that follows from `hash` being leaf `leaf` of a tree of `size` leaves, by an inclusion proof (RFC 9162, 2.1.3.2).
 * `undefined` when the proof does not have the length that it must have.
 */
export async function rootFrom(
  hash: Bytes,
  leaf: number,
  size: number,
  hashes: readonly Bytes[],
): Promise<Bytes | undefined> {
  if (leaf >= size) return undefined
  let [at, last, root] = [leaf, size - 1, hash]
  for (const sibling of hashes) {
    if (last === 0) return undefined
    if (at % 2 === 1 || at === last) {
      root = await nodeHash(sibling, root)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else {
      root = await nodeHash(root, sibling)
    }
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 ? root : undefined
}

/** Reads the hash of a node: at `level` 0 that of a leaf, above it that of 2^level leaves, from `index` * 2^level on. */
export type ReadNode = (level: number, index: number) => Promise<Bytes>

/** The largest power of two below `width`. */
const half = (width: number): number => 2 ** Math.ceil(Math.log2(width) - 1)

/** Whether the leaves from `from` to `to` are a node of their own. */
const isNode = (from: number, to: number): boolean => Number.isInteger(Math.log2(to - from)) && from % (to - from) === 0

/**
 * Whether the tree of `size` leaves with the root `root` begins with the one of `oldSize` leaves and `oldRoot`, so that nothing in it
 * was changed or removed: `grown`, or else `rewritten`. Both roots are worked out from the same nodes, so it does not matter where
 * these come from; `damaged` when they do not lead to `root`.
 */
export async function compareTrees(
  [oldSize, oldRoot]: readonly [number, Bytes],
  [size, root]: readonly [number, Bytes],
  readNode: ReadNode,
): Promise<'grown' | 'rewritten' | 'damaged'> {
  const read = new Map<number, Promise<Bytes>>()
  const node = (from: number, to: number): Promise<Bytes> => {
    // No two nodes that are asked for begin at the same leaf.
    const known = read.get(from) ?? readNode(Math.log2(to - from), from / (to - from))
    read.set(from, known)
    return known
  }
  const hash = async (from: number, to: number): Promise<Bytes> => {
    if (isNode(from, to) && (to <= oldSize || from >= oldSize)) return node(from, to)
    const middle = from + half(to - from)
    return nodeHash(...(await Promise.all([hash(from, middle), hash(middle, to)])))
  }
  if (oldSize === 0) return 'grown'
  if (!equal(await hash(0, size), root)) return 'damaged'
  return equal(await hash(0, oldSize), oldRoot) ? 'grown' : 'rewritten'
}

const WIDTH = 256

/** The path of a tile below `tile/`: three digits a part (C2SP tlog-tiles). `width` is given for one that is not full. */
export function tilePath(level: number, tile: number, width: number): string {
  const digits = String(tile).padStart(Math.ceil(String(tile).length / 3) * 3, '0')
  const parts = digits.match(/\d{3}/g) ?? []
  const name = parts.map((part, index) => (index < parts.length - 1 ? `x${part}` : part)).join('/')
  return `${level}/${name}${width < WIDTH ? `.p/${width}` : ''}`
}

/** Reads nodes of a log of `size` leaves out of its tiles. `readTile` gets the path below `tile/` and rejects when there is none. */
export function nodesOf(size: number, readTile: (path: string) => Promise<Bytes>): ReadNode {
  return async (level, index) => {
    const row = Math.floor(level / 8)
    const span = 2 ** (level % 8)
    const first = index * span
    const tile = Math.floor(first / WIDTH)
    const width = Math.min(WIDTH, Math.floor(size / WIDTH ** row) - tile * WIDTH)
    const bytes = await readTile(tilePath(row, tile, width))
    const at = (first % WIDTH) * 32
    if (bytes.length < at + span * 32) throw new Error(`The tile ${tilePath(row, tile, width)} is too short.`)
    let hashes = Array.from({ length: span }, (_, n) => bytes.slice(at + n * 32, at + (n + 1) * 32))
    while (hashes.length > 1) hashes = await Promise.all(pairs(hashes).map(([left, right]) => nodeHash(left, right)))
    const [hash] = hashes
    if (!hash) throw new Error('A node has no hash.')
    return hash
  }
}

function pairs(hashes: readonly Bytes[]): [Bytes, Bytes][] {
  const found: [Bytes, Bytes][] = []
  hashes.forEach((hash, index) => {
    const next = hashes[index + 1]
    if (index % 2 === 0 && next) found.push([hash, next])
  })
  return found
}
