import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { fromBase64, toHex, utf8 } from '../../web/bytes.ts'
import { openNote, readCheckpoint, readKey } from '../../web/note.ts'
import {
  canonical,
  check,
  type Opened,
  type Proof,
  type Remembered,
  readProof,
  type Surroundings,
  type Verdict,
} from '../../web/proof.ts'
import { leafHash, rootFrom, tilePath } from '../../web/tree.ts'

// Hashes and proofs of the tests of Certificate Transparency (certificate-transparency/merkletree), the note of the documentation of
// golang.org/x/mod/sumdb/note, and a log of 300 events that was made with Python's hashlib and signed with openssl.

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  hex,
)

describe('the tree', () => {
  test('hashes a leaf', async () => {
    expect(toHex(await leafHash(leaves[0] ?? hex('')))).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
  })

  const ROOT8 = '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'
  const proofs: [leaf: number, size: number, root: string, hashes: string[]][] = [
    [0, 1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', []],
    [
      0,
      8,
      ROOT8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      5,
      8,
      ROOT8,
      [
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
  ]

  test.each(proofs)('follows an inclusion proof of leaf %d of %d', async (leaf, size, root, hashes) => {
    const hash = await leafHash(leaves[leaf] ?? hex(''))
    const found = await rootFrom(hash, leaf, size, hashes.map(hex))
    expect(found && toHex(found)).toBe(root)
  })

  test('refuses a proof that is too short, too long, or of a leaf beyond the end', async () => {
    const [, , , hashes] = proofs[1] ?? [0, 0, '', []]
    const hash = await leafHash(hex(''))
    expect(await rootFrom(hash, 0, 8, hashes.slice(1).map(hex))).toBeUndefined()
    expect(await rootFrom(hash, 0, 8, [...hashes, ROOT8].map(hex))).toBeUndefined()
    expect(await rootFrom(hash, 8, 8, hashes.map(hex))).toBeUndefined()
  })

  test('names tiles as tlog-tiles does', () => {
    expect([tilePath(0, 5, 256), tilePath(1, 1234067, 256), tilePath(2, 0, 17)]).toEqual([
      '0/005',
      '1/x001/x234/067',
      '2/000.p/17',
    ])
  })
})

describe('a signed note', () => {
  const KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
  const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
  const NOTE = `${TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`

  test('opens with its key', async () => {
    const key = await readKey(KEY)
    expect(key && (await openNote(NOTE, key))).toBe(TEXT)
  })

  test.each([
    ['another text', NOTE.replace('answer', 'ANSWER')],
    ['another signature', NOTE.replace('x08go/ZJ', 'x08go/ZK')],
    ['another name', NOTE.replace('— Peter', '— Paul')],
    ['no signature', `${TEXT}\n`],
    ['no note', 'nothing'],
  ])('does not open with %s', async (_what, note) => {
    const key = await readKey(KEY)
    expect(key && (await openNote(note, key))).toBeUndefined()
  })

  test.each([
    ['another id', KEY.replace('c74f20a3', 'c74f20a4')],
    ['another type', KEY.replace('+ARpc', '+Ahpc')],
    ['another name', KEY.replace('Peter', 'Paul')],
    ['half a key', KEY.slice(0, -4)],
  ])('has no key with %s', async (_what, key) => {
    expect(await readKey(key)).toBeUndefined()
  })

  test('is no checkpoint unless it has the lines of one', () => {
    const root = 'XcnaeacGWamtVZy3Ad7Zoqudgjqt0vSWDP43Dv9GBDI='
    expect(readCheckpoint(`a/b\n8\n${root}\n`)?.size).toBe(8)
    expect(readCheckpoint(`a/b\n08\n${root}\n`)).toBeUndefined()
    expect(readCheckpoint(`a/b\n8\n${root}`)).toBeUndefined()
    expect(readCheckpoint('a/b\n8\nXcna\n')).toBeUndefined()
    expect(readCheckpoint(`a/b\n9007199254740993\n${root}\n`)).toBeUndefined()
  })
})

const log = JSON.parse(readFileSync(new URL('../fixtures/viewer/log.json', import.meta.url), 'utf8'))
const proof: Proof = {
  location: 'eu-de',
  leaf: log.leaf,
  entry: log.entry,
  hashes: log.hashes,
  size: log.size,
  checkpoint: log.checkpoint,
}
const shown = { location: 'eu-de', leaf: 123, event: JSON.parse(log.entry) }
const opened: Opened = { id: shown.event.id, location: 'eu-de' }
const SINCE = Date.UTC(2026, 0, 1)

const readTile: Surroundings['readTile'] = async (path) => {
  const bytes = fromBase64(log.tiles[path] ?? '')
  if (!bytes?.length) throw new Error(`There is no tile ${path}.`)
  return bytes
}
const around: Surroundings = { key: log.key, remembered: undefined, readTile, now: SINCE }
const seen = (size: number, root: string): Remembered => ({ key: log.key, since: SINCE, size, root })

const states = ({ steps }: Verdict) => Object.fromEntries(steps.map(({ name, state }) => [name, state]))

describe('the check of an event', () => {
  test('is green when everything holds, and remembers the key and the checkpoint', async () => {
    const verdict = await check(shown, proof, opened, around)
    expect(states(verdict)).toEqual({ entry: 'ok', tree: 'ok', checkpoint: 'ok', key: 'ok', growth: 'ok' })
    expect(verdict.state).toBe('ok')
    expect(verdict.remember).toEqual(seen(300, log.roots['300']))
  })

  test('holds for the last leaf too, whose path is shorter', async () => {
    const { leaf, entry, hashes } = log.last
    const verdict = await check(
      { location: 'eu-de', leaf, event: JSON.parse(entry) },
      { ...proof, leaf, entry, hashes },
      { id: JSON.parse(entry).id, location: undefined },
      around,
    )
    expect(verdict.state).toBe('ok')
  })

  test.each([1, 123, 200, 256, 257, 299, 300])(
    'sees that the log has only grown since it had %d events',
    async (size) => {
      const verdict = await check(shown, proof, opened, { ...around, remembered: seen(size, log.roots[size]) })
      expect(verdict.state).toBe('ok')
      expect(verdict.remember?.size).toBe(300)
    },
  )

  const other = (change: object) => ({ ...shown, event: { ...shown.event, ...change } })
  const zero = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
  const lies: [what: string, step: string, args: Parameters<typeof check>][] = [
    ['another event is shown', 'entry', [other({ action: 'container-registry.image.pull' }), proof, opened, around]],
    ['more is shown than was archived', 'entry', [other({ approved: true }), proof, opened, around]],
    ['another genuine event is answered', 'entry', [shown, proof, { id: '124', location: undefined }, around]],
    ['the list says that it is elsewhere', 'entry', [shown, proof, { ...opened, location: 'jp-tok' }, around]],
    ['the proof is of another leaf', 'entry', [{ ...shown, leaf: 122 }, proof, opened, around]],
    [
      'the entry was changed as well',
      'tree',
      [other({ id: '124' }), { ...proof, entry: proof.entry.replace('"123"', '"124"') }, opened, around],
    ],
    ['a hash is another one', 'tree', [shown, { ...proof, hashes: proof.hashes.with(2, zero) }, opened, around]],
    ['a hash is missing', 'tree', [shown, { ...proof, hashes: proof.hashes.slice(1) }, opened, around]],
    ['a hash is none', 'tree', [shown, { ...proof, hashes: proof.hashes.with(0, 'AAAA') }, opened, around]],
    ['the size is not that of the checkpoint', 'tree', [shown, { ...proof, size: 299 }, opened, around]],
    ['another key signed', 'checkpoint', [shown, { ...proof, checkpoint: log.signedByOther }, opened, around]],
    [
      'the signed text was changed',
      'checkpoint',
      [shown, { ...proof, checkpoint: proof.checkpoint.replace('300', '301') }, opened, around],
    ],
    [
      'the checkpoint is of another location',
      'checkpoint',
      [shown, { ...proof, checkpoint: log.ofOtherLocation }, opened, around],
    ],
    [
      'the log is the one of another location',
      'checkpoint',
      [
        shown,
        { ...proof, checkpoint: log.otherLocation.checkpoint },
        opened,
        { ...around, key: log.otherLocation.key },
      ],
    ],
    [
      'the tiles of what is new are others',
      'growth',
      [
        shown,
        proof,
        opened,
        {
          ...around,
          remembered: seen(256, log.roots[256]),
          readTile: async (path) => (await readTile(path)).map((byte) => (path.startsWith('0/001') ? byte ^ 1 : byte)),
        },
      ],
    ],
    ['the key can not be read', 'checkpoint', [shown, proof, opened, { ...around, key: 'nothing' }]],
    [
      'the log has another key than before',
      'key',
      [
        shown,
        { ...proof, checkpoint: log.signedByOther },
        opened,
        { ...around, key: log.otherKey, remembered: seen(300, log.roots[300]) },
      ],
    ],
    ['the log was rolled back', 'growth', [shown, proof, opened, { ...around, remembered: seen(301, zero) }]],
    ['the log was rewritten at its size', 'growth', [shown, proof, opened, { ...around, remembered: seen(300, zero) }]],
    [
      'the log was rewritten and has grown',
      'growth',
      [shown, proof, opened, { ...around, remembered: seen(200, log.forkedRoot200) }],
    ],
    [
      'its tiles are others',
      'growth',
      [
        shown,
        proof,
        opened,
        {
          ...around,
          remembered: seen(200, log.roots[200]),
          readTile: async (path) => (await readTile(path)).map((byte) => byte ^ 1),
        },
      ],
    ],
  ]

  test.each(lies)('is red when %s', async (_what, step, args) => {
    const verdict = await check(...args)
    expect(verdict.state).toBe('failed')
    expect(states(verdict)[step]).toBe('failed')
    // What is remembered is what was found genuine.
    expect(verdict.remember).toEqual(args[3].remembered)
  })

  test('goes by the key that is known, whatever key is told', async () => {
    const lie = { ...proof, checkpoint: log.signedByOther }
    const verdict = await check(shown, lie, opened, {
      ...around,
      key: log.otherKey,
      remembered: seen(300, log.roots[300]),
    })
    expect(states(verdict)).toEqual({ entry: 'ok', checkpoint: 'failed', key: 'failed' })
  })

  test('is neither when the growth can not be checked', async () => {
    const missing = async (path: string) => {
      throw new Error(`There is no tile ${path}.`)
    }
    const verdict = await check(shown, proof, opened, {
      ...around,
      remembered: seen(200, log.roots[200]),
      readTile: missing,
    })
    expect(verdict.state).toBe('unknown')
    expect(states(verdict)).toEqual({ entry: 'ok', tree: 'ok', checkpoint: 'ok', key: 'ok', growth: 'unknown' })
    expect(verdict.remember?.size).toBe(200)
  })

  test('takes nothing for a proof that lacks what a proof has', () => {
    expect(readProof(proof)).toEqual(proof)
    for (const wrong of [
      null,
      'x',
      {},
      { ...proof, leaf: -1 },
      { ...proof, leaf: 1.5 },
      { ...proof, hashes: [1] },
      { ...proof, entry: undefined },
    ]) {
      expect(readProof(wrong)).toBeUndefined()
    }
  })
})

test('canonical JSON is that of RFC 8785', () => {
  // The example of its section 3.2.2 and 3.2.3.
  const given = JSON.parse(
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
  )
  expect(canonical(given)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  )
  const sorted = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 }
  const names = ['1', '\r', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33']
  expect(Object.keys(JSON.parse(canonical(sorted)))).toEqual(names)
  expect(utf8(canonical('😀')).length).toBe(6)
})
