import { expect, test } from '@jest/globals'
import { timeText } from '../../lib/verify/entry.ts'
import { EMPTY_ROOT, isIncluded, leafHash, nodeHash, perfectTrees, rootOver, topOf } from '../../lib/verify/hashes.ts'
import { parseCheckpoint, parseKey, parseNote, signedBy } from '../../lib/verify/note.ts'

// What verifying is made of, against values that others published.

const hex = (hash: string): string => Buffer.from(hash, 'latin1').toString('hex')

// The leaves and roots with which Certificate Transparency's implementations test RFC 6962.
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
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

const hashes = LEAVES.map((leaf) => leafHash(Buffer.from(leaf, 'hex').toString('latin1')))

test('roots are those of RFC 6962', () => {
  expect(hex(EMPTY_ROOT)).toBe(ROOTS[0])
  for (const [size, root] of ROOTS.entries()) {
    const tops = perfectTrees(size).map(({ start, leaves }) => topOf(hashes.slice(start, start + leaves)))
    expect(hex(rootOver(tops))).toBe(root)
  }
})

const bytes = (text: string): string => Buffer.from(text, 'hex').toString('latin1')

test('inclusion proofs are those of RFC 6962, and no others', () => {
  // The proof of leaf 5 of 8, as published with these leaves.
  const proof = [
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ].map(bytes)
  const root = bytes(ROOTS[8] ?? '')
  const leaf = hashes[5] ?? ''
  expect(isIncluded(5, 8, leaf, proof, root)).toBe(true)
  expect(isIncluded(4, 8, leaf, proof, root)).toBe(false)
  expect(isIncluded(5, 5, leaf, proof, root)).toBe(false)
  expect(isIncluded(5, 8, leaf, proof.slice(0, 2), root)).toBe(false)
  expect(isIncluded(5, 8, leaf, [...proof, nodeHash(leaf, leaf)], root)).toBe(false)
  expect(isIncluded(0, 1, leaf, [], leaf)).toBe(true)
})

// The example of golang.org/x/mod/sumdb/note.
const KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const NOTE =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

const signed = (text: string, key = KEY) => {
  const [note, by] = [parseNote(Buffer.from(text)), parseKey(key)]
  return note && by ? signedBy(note, by) : undefined
}

test('notes are those of Go', () => {
  expect(signed(NOTE)).toBe('yes')
  expect(signed(NOTE.replace('answer', 'Answer'))).toBe('forged')
  expect(signed(NOTE, 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8')).toBe('by another key')
  expect(signed(NOTE.replace('\u2014 PeterNeumann', '\u2014 Somebody'))).toBe('by another key')
})

test('what is written in another way than it has to be is no note and no key', () => {
  for (const text of [
    NOTE.slice(0, -1),
    NOTE.replace('\n\n', '\n'),
    `${NOTE}\n`,
    NOTE.replace('JnAM=', 'JnAN='),
    NOTE.replace('\u2014', '-'),
  ]) {
    expect(signed(text)).toBeUndefined()
  }
  expect(parseNote(Buffer.from([0xff, ...Buffer.from(NOTE)]))).toBeUndefined()
  expect(parseNote(Buffer.from(NOTE.replace('If', 'If\u0000')))).toBeUndefined()
  for (const key of [
    KEY.replace('c74f20a3', 'C74f20a3'),
    KEY.replace('c74f20a3', 'c74f20a4'),
    `${KEY} `,
    KEY.replace('Peter', 'peter'),
  ]) {
    expect(parseKey(key)).toBeUndefined()
  }
})

test('checkpoints say origin, size and root', () => {
  const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='
  const read = parseCheckpoint(`example.com/behind-the-sofa\n20852163\n${root}\n`)
  expect(read).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163 })
  for (const text of [
    `a\n020\n${root}\n`,
    `a\n-1\n${root}\n`,
    `a\n1\n${root.slice(4)}\n`,
    `\n1\n${root}\n`,
    'a\n1\n',
  ]) {
    expect(parseCheckpoint(text)).toBeUndefined()
  }
})

test('times are written as events write them', () => {
  expect(timeText(Date.UTC(2026, 10, 22, 13, 0, 0, 129))).toBe('2026-11-22T13:00:00.12+0000')
  expect(timeText(Date.UTC(2026, 0, 1))).toBe('2026-01-01T00:00:00.00+0000')
  expect(timeText(-10)).toBe('1969-12-31T23:59:59.99+0000')
})
