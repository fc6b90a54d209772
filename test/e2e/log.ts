import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'

// A log of its own for the tests of the viewer: made with node:crypto, and nothing of lib/ or web/.

const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const LEAF = Buffer.from([0])
const NODE = Buffer.from([1])
/** What comes before the 32 bytes of a seed in PKCS #8. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A log that grows. */
export interface TestLog {
  /** Verifier key. */
  key: string
  size(): number
  append(entry: string): number
  entry(leaf: number): string
  root(size: number): Buffer
  /** The signed checkpoint of the first `size` leaves. */
  checkpoint(size: number): string
  /** The hashes of an inclusion proof. */
  proof(leaf: number, size: number): Buffer[]
  /** A tile by its path, as it is when the log has `size` leaves; `undefined` when there is none. */
  tile(path: string, size: number): Buffer | undefined
}

/** A log of this name, signed with the key of this seed. */
export function testLog(name: string, seed: Buffer): TestLog {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32)
  const typed = Buffer.concat([Buffer.from([1]), publicKey])
  const id = sha256(`${name}\n`, typed).subarray(0, 4)
  const entries: string[] = []
  /** Hashes of complete subtrees: `levels[n][i]` is that of the leaves from i * 2^n on. */
  const levels: Buffer[][] = [[]]

  const hashOf = (from: number, to: number): Buffer => {
    const level = Math.log2(to - from)
    if (Number.isInteger(level) && from % (to - from) === 0) {
      const known = levels[level]?.[from / (to - from)]
      if (known) return known
    }
    const middle = from + 2 ** Math.ceil(Math.log2(to - from) - 1)
    return sha256(NODE, hashOf(from, middle), hashOf(middle, to))
  }
  const path = (leaf: number, from: number, to: number): Buffer[] => {
    if (to - from <= 1) return []
    const middle = from + 2 ** Math.ceil(Math.log2(to - from) - 1)
    return leaf < middle
      ? [...path(leaf, from, middle), hashOf(middle, to)]
      : [...path(leaf, middle, to), hashOf(from, middle)]
  }
  return {
    key: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
    size: () => entries.length,
    append(entry) {
      entries.push(entry)
      levels[0]?.push(sha256(LEAF, entry))
      for (let level = 0; (levels[level]?.length ?? 1) % 2 === 0; level++) {
        const [left, right] = levels[level]?.slice(-2) ?? []
        if (!left || !right) break
        levels[level + 1] ??= []
        levels[level + 1]?.push(sha256(NODE, left, right))
      }
      return entries.length - 1
    },
    entry: (leaf) => entries[leaf] ?? '',
    root: (size) => (size === 0 ? sha256('') : hashOf(0, size)),
    checkpoint(size) {
      const root = size === 0 ? sha256('') : hashOf(0, size)
      const text = `${name}\n${size}\n${root.toString('base64')}\n`
      const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)])
      return `${text}\n— ${name} ${signature.toString('base64')}\n`
    },
    proof: (leaf, size) => path(leaf, 0, size),
    tile(name, size) {
      const [, row = '', digits = '', width = '256'] = /^(\d+)\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d+))?$/.exec(name) ?? []
      const first = Number(digits.replaceAll(/[x/]/g, '')) * 256
      const level = Number(row) * 8
      if (!row || first + Number(width) > Math.floor(size / 2 ** level)) return undefined
      return Buffer.concat(levels[level]?.slice(first, first + Number(width)) ?? [])
    },
  }
}
