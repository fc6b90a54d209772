import { sign } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { openCheckpoint, parseCheckpoint, proofText, signCheckpoint } from '../../lib/proof/checkpoint.ts'
import { logKey, parseVerifierKey, signNote, verifyNote } from '../../lib/proof/note.ts'

const damaged = (what: RegExp) =>
  expect.objectContaining({ code: 'ARCHIVE_DAMAGED', message: expect.stringMatching(what) })
const failure = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

// The example of golang.org/x/mod/sumdb/note.
const peter = {
  seed: Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1),
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  signature:
    '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
}
const note = `${peter.text}\n${peter.signature}`

// Made with openssl and hashlib: the seed 00 01 ... 1f.
const ours = {
  key: logKey('example.com/test/eu-de', Buffer.from(Array.from({ length: 32 }, (_, index) => index))),
  text: 'example.com/test/eu-de+565ac2eb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4',
  root: Buffer.from('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328', 'hex'),
  checkpoint:
    'example.com/test/eu-de\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n' +
    '\u2014 example.com/test/eu-de VlrC6/wEaGagqwoKc9d8L3LAaCMcHjPvBH9gZqzWjWSkR8AJg1z0R80B6wkPWER0kIx/KCJ+Dkq4lLYtuTAooiLvgAg=\n',
}

describe('a signed note', () => {
  test('is the one that Go writes, and Go’s is verified', () => {
    const key = logKey('PeterNeumann', peter.seed)
    expect(key.text).toBe(peter.key)
    expect(signNote(peter.text, key)).toBe(note)
    expect(verifyNote(note, parseVerifierKey(peter.key))).toBe(peter.text)
  })

  test('is not verified when a letter changes, or the signature is cut, or there is none by this key', () => {
    const key = parseVerifierKey(peter.key)
    expect(failure(() => verifyNote(note.replace('answer', 'Answer'), key))).toEqual(damaged(/signature .* is wrong/))
    expect(failure(() => verifyNote(note.replace('nAM=', ''), key))).toEqual(damaged(/signature .* is wrong/))
    expect(failure(() => verifyNote(ours.checkpoint, key))).toEqual(damaged(/not signed by the key PeterNeumann/))
    for (const text of ['', 'text\n', peter.text, `${note}more`, note.trimEnd()])
      expect(failure(() => verifyNote(text, key))).toEqual(damaged(/no signed note/))
  })

  test('may have signatures of others, before and behind', () => {
    const other = ours.checkpoint.split('\n\n')[1]
    const key = parseVerifierKey(peter.key)
    expect(verifyNote(`${peter.text}\n${other}${peter.signature}${other}`, key)).toBe(peter.text)
    // The same name with another key is somebody else's.
    const stranger = signNote(peter.text, logKey('PeterNeumann', Buffer.alloc(32, 1)))
    expect(failure(() => verifyNote(stranger, key))).toEqual(damaged(/not signed by the key/))
    expect(verifyNote(`${stranger}${peter.signature}`, key)).toBe(peter.text)
  })

  test.each(['\u0000', '\t', '\r', '\u001f'])('holds no control characters: %j', (control) => {
    const text = `example.com\n${control}\n`
    expect(failure(() => signNote(text, ours.key))).toMatchObject({ code: 'INTERNAL' })
    const signature = sign(null, Buffer.from(text), ours.key.privateKey)
    const note = `${text}\n\u2014 ${ours.key.name} ${Buffer.concat([ours.key.id, signature]).toString('base64')}\n`
    expect(failure(() => verifyNote(note, ours.key))).toEqual(damaged(/no signed note/))
  })

  test.each([
    ['no plus', 'PeterNeumann'],
    ['another id', peter.key.replace('c74f20a3', 'c74f20a4')],
    ['another name', peter.key.replace('Peter', 'Paul')],
    ['another type', peter.key.replace('+ARpc', '+AhpC')],
    ['half of it', peter.key.slice(0, 40)],
  ])('needs a key as a key has to be: %s', (_what, text) => {
    expect(failure(() => parseVerifierKey(text))).toEqual(damaged(/verifier key/))
  })

  test.each([
    ['a name with a space', 'a b', 32],
    ['a name with a plus', 'a+b', 32],
    ['a name with a control character', 'a\u0001b', 32],
    ['no name', '', 32],
    ['31 bytes', 'name', 31],
  ])('can’t be signed with %s', (_what, name, bytes) => {
    expect(failure(() => logKey(name, Buffer.alloc(bytes)))).toMatchObject({ code: 'INVALID_CONFIG' })
  })
})

describe('a checkpoint', () => {
  test('is signed as openssl signs it', () => {
    expect(ours.key.text).toBe(ours.text)
    expect(signCheckpoint(8, ours.root, ours.key)).toBe(ours.checkpoint)
    const expected = { origin: 'example.com/test/eu-de', size: 8, root: ours.root }
    expect(openCheckpoint(ours.checkpoint, parseVerifierKey(ours.text))).toEqual(expected)
  })

  test('must be of the log of its key', () => {
    const foreign = signNote(`example.com/other\n8\n${ours.root.toString('base64')}\n`, ours.key)
    expect(failure(() => openCheckpoint(foreign, ours.key))).toEqual(damaged(/is of example.com\/other/))
  })

  test.each([
    ['a size with a zero in front', 'o\n08\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n'],
    ['a negative size', 'o\n-8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n'],
    ['a root that is too short', 'o\n8\nXcnaeacGWamtVZy3Ad7Zog==\n'],
    ['a root that is no base64', 'o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQy!=\n'],
    ['two lines', 'o\n8\n'],
    ['an empty line', 'o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\nmore\n'],
    ['an empty line at its end', 'o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\nmore\n\n'],
    ['no origin', '\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n'],
  ])('can’t have %s', (_what, text) => {
    expect(failure(() => parseCheckpoint(signNote(text, ours.key)))).toEqual(damaged(/origin, size, root/))
    expect(failure(() => openCheckpoint(signNote(text, ours.key), ours.key))).toEqual(damaged(/origin, size, root/))
  })

  test('may have lines of others behind its own', () => {
    const text = `${ours.key.name}\n8\n${ours.root.toString('base64')}\nmore\nof it\n`
    expect(openCheckpoint(signNote(text, ours.key), ours.key)).toMatchObject({ size: 8 })
    expect(parseCheckpoint(signNote(text, ours.key))).toMatchObject({ size: 8 })
  })

  test('stands in a proof as it is', () => {
    expect(proofText(5, [ours.root, Buffer.alloc(32)], ours.checkpoint)).toBe(
      'c2sp.org/tlog-proof@v1\nindex 5\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n' +
        `AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n${ours.checkpoint}`,
    )
  })
})
