import { createHash } from 'node:crypto'
import { expect } from '@jest/globals'
import { parseEventsFile } from '../../lib/archive/names.ts'
import { readRows } from '../../lib/archive/parquet.ts'
import { eventText, type Row } from '../../lib/archive/row.ts'
import { openCheckpoint } from '../../lib/proof/checkpoint.ts'
import type { VerifierKey } from '../../lib/proof/note.ts'
import type { Store } from '../../lib/stores/store.ts'

// What is in an archive, made sure of with nothing of what wrote it but the form of rows, and of what was signed.

const sha256 = (...parts: Uint8Array[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()

/** The root over `leaves` as RFC 6962, 2.1, defines it. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length <= 1) return leaves[0] ?? sha256()
  const half = 2 ** Math.ceil(Math.log2(leaves.length) - 1)
  return sha256(Buffer.of(1), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)))
}

/** Names of everything in `store`. */
export async function namesIn(store: Store, prefix = ''): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of store.list(prefix)) names.push(name)
  return names
}

/** Fails when the tiles of a log of `size` leaves are not what is there. */
async function checkTiles(store: Store, leaves: readonly Buffer[]): Promise<void> {
  const wanted = new Map<string, Buffer>()
  let hashes = leaves
  for (let level = 0; hashes.length > 0; level++) {
    const parents: Buffer[] = []
    for (let at = 0; at < hashes.length; at += 256) {
      const tile = hashes.slice(at, at + 256)
      const isFull = tile.length === 256
      const n = String(at / 256).padStart(3, '0')
      wanted.set(`log/tile/${level}/${n}${isFull ? '' : `.p/${tile.length}`}`, Buffer.concat(tile))
      if (isFull) parents.push(rootOf(tile))
    }
    hashes = parents
  }
  for (const [name, bytes] of wanted) {
    const found = await store.get(name)
    if (!found?.bytes.equals(bytes)) throw new Error(`${name} is not what it has to be`)
  }
}

/** Puts the text of `row`, which stands in a file of `day`, into `texts`. Without `expect`, which takes longer than all the rest of it. */
function note(texts: Map<number, string>, row: Row, day: string | undefined, size: number): void {
  const text = eventText(row)
  if (new Date(row.time ?? 0).toISOString().slice(0, 10) !== day) throw new Error(`leaf ${row.leaf} is not of ${day}`)
  if (row.leaf >= size) return
  if ((texts.get(row.leaf) ?? text) !== text) throw new Error(`leaf ${row.leaf} says two things`)
  texts.set(row.leaf, text)
}

/**
 * The events of the archive in `store` by their leaves, as their canonical JSON. Fails when the checkpoint is not signed by `key`, when an event below its size is
 * missing, or is another one in another file, when the root is another one, when a tile is wrong or a file is not what its name says.
 */
export async function readArchive(store: Store, key: VerifierKey): Promise<string[]> {
  const checkpoint = await store.get('log/checkpoint')
  const { size, root } = openCheckpoint(checkpoint?.bytes.toString() ?? '', key)
  const texts = new Map<number, string>()
  for (const name of await namesIn(store, 'events/')) {
    const { bytes = Buffer.alloc(0) } = (await store.get(name)) ?? {}
    const rows = await readRows(bytes)
    const said = parseEventsFile(name)
    expect([said?.digest, said?.count]).toEqual([sha256(bytes).toString('hex').slice(0, 32), rows.length])
    expect(rows.map(({ time }) => time)).toEqual(rows.map(({ time }) => time).toSorted((a, b) => Number(a) - Number(b)))
    for (const row of rows) note(texts, row, said?.day, size)
  }
  const inOrder = Array.from({ length: size }, (_, leaf) => texts.get(leaf))
  expect(inOrder.flatMap((text, leaf) => (text === undefined ? [leaf] : []))).toEqual([])
  const leaves = inOrder.map((text) => sha256(Buffer.of(0), Buffer.from(text as string)))
  expect(root.toString('hex')).toBe(rootOf(leaves).toString('hex'))
  await checkTiles(store, leaves)
  return inOrder as string[]
}
