import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import {
  append,
  type Edge,
  edgeRoot,
  leafHash,
  noLeaves,
  type ReadTile,
  readEdge,
  treeOf,
} from '../../lib/proof/tree.ts'

// The vectors of Certificate Transparency (RFC 6962): eight entries, the roots over the first of them, and proofs. Those of larger trees are
// of the recursive definitions in RFC 6962, 2.1, as written down in Python with hashlib.

const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
const ctLeaves = ENTRIES.map((entry) => leafHash(Buffer.from(entry, 'hex')))
const manyLeaves = Array.from({ length: 70_000 }, (_, index) => leafHash(`event ${index}`))

const hex = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('hex'))
/** One hash for a long list of them. */
const digest = (hashes: readonly Buffer[]): string => createHash('sha256').update(Buffer.concat(hashes)).digest('hex')

/** A log in memory to which `leaves` were appended in parts of `step`: its edge, and its tiles as a store keeps them. */
function logOf(leaves: readonly Buffer[], step = leaves.length) {
  const kept = new Map<string, Buffer>()
  let edge: Edge = noLeaves
  for (let at = 0; at < leaves.length; at += step) {
    const appended = append(edge, leaves.slice(at, at + step))
    for (const { level, n, width, bytes } of appended.tiles) kept.set(`${level}/${n}/${width}`, bytes)
    edge = appended.edge
  }
  const readTile: ReadTile = async (level, n, width) => {
    const tile = kept.get(`${level}/${n}/${width}`)
    if (!tile) throw new Error(`There is no tile ${level}/${n}/${width}`)
    return tile
  }
  return { edge, kept, readTile, tree: treeOf(leaves.length, readTile) }
}

test.each(ROOTS.map((root, count) => [count, root] as const))(
  'the root over %i entries is the published one',
  async (count, root) => {
    const { edge, tree } = logOf(ctLeaves.slice(0, count))
    expect(hex([edgeRoot(edge), await tree.root()])).toEqual([root, root])
  },
)

test.each([
  [255, '222da0f6c081dc3968fb864966d8d8ea1905ccdb4dbee33459a6dc48eb21d275'],
  [256, 'd56a4e1ca488792c837ccd7fa985ebaa67c35c17b6e70b80cd31becfad851b17'],
  [257, 'eacc42cbd69a46934c40b01109c2b3ea32880da8a053cce4e0c962d09f69b6d0'],
  [1000, 'cf3badb8f55ed344d8adee15d32a5b55192dabe2a2c3d0a17e1e4b1ae68e0291'],
  [65_535, '6e2ebf943ff8465d5a2636348721a1071fae4b795deb1b800dc6c66534dd5ece'],
  [65_536, 'fb41dcc245d88ab19503fa5dda48f4840554d41a94016b3460870e5a152cff28'],
  [65_537, '8a57bfca7966270b8f8c73bf6ba12e913cb1aaf8db6e791ba307e8682dcfea99'],
  [70_000, '07aacf4b136b01993481b12907d4afa72d97bc7cc79b1c7c491dff4e066e1530'],
])('the root over %i leaves is that of the definition, whether they came at once or in parts', async (count, root) => {
  const leaves = manyLeaves.slice(0, count)
  for (const step of [count, 999]) {
    const { edge, tree, readTile } = logOf(leaves, step)
    const again = await readEdge(count, readTile)
    expect(hex([edgeRoot(edge), await tree.root(), edgeRoot(again)])).toEqual([root, root, root])
  }
})

test('a tree of 70,000 has the tiles that the specification counts', () => {
  const { kept } = logOf(manyLeaves)
  const full = (level: number) =>
    [...kept.keys()].filter((name) => name.startsWith(`${level}/`) && name.endsWith('/256'))
  expect([full(0).length, full(1).length, full(2).length]).toEqual([273, 1, 0])
  expect([...kept.keys()].filter((name) => !name.endsWith('/256'))).toEqual(['0/273/112', '1/1/17', '2/0/1'])
})

describe('inclusion', () => {
  test.each<[number, number, string[]]>([
    [0, 1, []],
    [
      0,
      8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      5,
      8,
      [
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
    [
      1,
      5,
      [
        '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      ],
    ],
  ])('of entry %i in %i is the published one', async (leaf, size, proof) => {
    expect(hex(await logOf(ctLeaves.slice(0, size)).tree.inclusion(leaf))).toEqual(proof)
  })

  test.each([
    [69_999, 9, 'f052523e4fd9b23391875988c3fc2d43f0b0c0ad1b8bf659182774261edee1d7'],
    [12_345, 17, '73ed98579135bb1b690b71bfd81cc7c1966f194af41b5d2dca9c3fb11f457e87'],
  ])('of leaf %i in 70,000 has %i hashes, those of the definition', async (leaf, length, expected) => {
    const proof = await logOf(manyLeaves).tree.inclusion(leaf)
    expect([proof.length, digest(proof)]).toEqual([length, expected])
  })
})

describe('consistency', () => {
  test.each<[number, number, string[]]>([
    [0, 8, []],
    [8, 8, []],
    [
      6,
      8,
      [
        '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [
      2,
      5,
      [
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      ],
    ],
  ])('of %i with %i entries is the published one', async (from, size, proof) => {
    expect(hex(await logOf(ctLeaves.slice(0, size)).tree.consistency(from))).toEqual(proof)
  })

  test.each([
    [300, 16, '51743a2e73d0d9835a65bbfcfda16477b15419486b5a8b95f20f55c876d548f8'],
    [65_536, 1, 'c12452538aa4e0f5f9a91714e31f024e2f834c6c90c5938e70ba94c5e17c1b48'],
  ])('of %i with 70,000 leaves has %i hashes, those of the definition', async (from, length, expected) => {
    const proof = await logOf(manyLeaves).tree.consistency(from)
    expect([proof.length, digest(proof)]).toEqual([length, expected])
  })
})
