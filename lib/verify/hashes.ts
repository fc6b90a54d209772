import { hash } from 'node:crypto'

// The hashes of RFC 6962. A hash is a text of 32 characters, one a byte: such texts are compared, kept and put together faster than bytes.

/** Bytes of a hash. */
export const HASH = 32

const LEAF = '\u0000'

/** The root of a tree without leaves. */
export const EMPTY_ROOT = hash('sha256', '', 'binary')

/** The hash of the leaf whose text is `text`. */
export const leafHash = (text: string): string => hash('sha256', LEAF + text, 'binary')

const pair = Buffer.alloc(1 + 2 * HASH)
pair[0] = 1

/** The hash of the node above `left` and `right`. */
export function nodeHash(left: string, right: string): string {
  pair.write(left, 1, HASH, 'latin1')
  pair.write(right, 1 + HASH, HASH, 'latin1')
  return hash('sha256', pair, 'binary')
}

/** The hash that the base64 text `text` says, which has to be written as base64 is, and no other way. */
export function parseHash(text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === HASH && bytes.toString('base64') === text ? bytes.toString('latin1') : undefined
}

/** `hash` as people read it. */
export const hashText = (hash: string): string => Buffer.from(hash, 'latin1').toString('base64')

/** The node above all of `hashes`, whose number is a power of two. */
export function topOf(hashes: readonly string[]): string {
  let level = hashes
  while (level.length > 1) {
    const above: string[] = []
    for (let at = 0; at + 1 < level.length; at += 2) above.push(nodeHash(level[at] ?? '', level[at + 1] ?? ''))
    level = above
  }
  return level[0] ?? EMPTY_ROOT
}

/** The perfect trees that a tree of `size` leaves consists of, the largest first: where each begins, and how many leaves it has. */
export function perfectTrees(size: number): { start: number; leaves: number }[] {
  const trees: { start: number; leaves: number }[] = []
  let start = 0
  let leaves = 1
  while (leaves * 2 <= size) leaves *= 2
  for (; leaves >= 1; leaves /= 2) {
    if (start + leaves > size) continue
    trees.push({ start, leaves })
    start += leaves
  }
  return trees
}

/** The root of a tree whose perfect trees have the roots `tops`, the largest first. */
export function rootOver(tops: readonly string[]): string {
  const [last, ...rest] = tops.toReversed()
  return last === undefined ? EMPTY_ROOT : rest.reduce((right, left) => nodeHash(left, right), last)
}

/** Whether `proof` leads from the leaf `leaf`, whose hash is `of`, to `root` of a tree of `size` leaves (RFC 9162, 2.1.3.2). */
export function isIncluded(leaf: number, size: number, of: string, proof: readonly string[], root: string): boolean {
  if (leaf >= size) return false
  let node = leaf
  let last = size - 1
  let top = of
  for (const sibling of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      top = nodeHash(sibling, top)
      while (node % 2 === 0 && node !== 0) {
        node /= 2
        last = Math.floor(last / 2)
      }
    } else {
      top = nodeHash(top, sibling)
    }
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && top === root
}
