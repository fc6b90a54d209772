import { zstdCompressSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { type StoredColumn, stored } from '../../lib/verify/footer.ts'
import { readCanonical } from '../../lib/verify/json.ts'
import { readValues } from '../../lib/verify/pages.ts'
import { Misleading, ThriftReader } from '../../lib/verify/thrift.ts'

// What other readers may read in another way than this one is refused.

const PLAIN = 0
const LEAF = stored.find(({ name }) => name === 'leaf') as StoredColumn
const TEXT = { ...LEAF, type: 6 }
const encodings = { 0: 'PLAIN', 5: 'DELTA_BINARY_PACKED', 6: 'DELTA_LENGTH_BYTE_ARRAY' } as const

/** Reads `page` as a column of one page with `count` values. `behind`: bytes behind what is compressed. */
function read(page: Buffer, count: number, encoding: keyof typeof encodings, column = LEAF, behind = Buffer.alloc(0)) {
  const packed = Buffer.concat([zstdCompressSync(page), behind])
  const header = new ByteWriter()
  const data = { num_values: count, num_nulls: 0, num_rows: count, encoding: encodings[encoding] }
  const levels = { definition_levels_byte_length: 0, repetition_levels_byte_length: 0, is_compressed: true }
  writePageHeader(header, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: page.length,
    compressed_page_size: packed.length,
    data_page_header_v2: { ...data, ...levels },
  })
  const meta = { values: count, dataPage: 0, unpackedSize: header.offset + page.length, encodings: [encoding] }
  const unused = { type: 0, path: [], codec: 6, size: 0 }
  const none = { dictionaryPage: undefined, statistics: undefined, encodingStats: undefined }
  const bytes = Buffer.concat([header.getBytes(), packed])
  return [...(readValues(bytes, { ...meta, ...unused, ...none }, column).values as number[])]
}

const numbers = (...values: bigint[]) => Buffer.from(BigInt64Array.from(values).buffer)
/** A page of 9 numbers, each `delta` larger than the one before, in `width` bits above `least`. */
function deltas(total: number, first: number, width: number, bytes: number): Buffer {
  return Buffer.from([128, 1, 4, total, first * 2, 0, width, 0, 0, 0, ...Array(bytes).fill(0)])
}

test('a page of an archive is read', () => {
  expect(read(numbers(1n, 2n), 2, PLAIN)).toEqual([1, 2])
  expect(read(deltas(9, 3, 0, 0), 9, 5)).toEqual(Array(9).fill(3))
  expect(read(Buffer.from([1, 0, 0, 0, 0x61]), 1, PLAIN, TEXT)).toEqual(['a'])
})

test.each<[string, () => unknown]>([
  ['bytes behind its values', () => read(numbers(1n, 2n, 3n), 2, PLAIN)],
  ['bytes behind what is compressed', () => read(numbers(1n, 2n), 2, PLAIN, LEAF, Buffer.from('more'))],
  ['another frame behind the first', () => read(numbers(1n), 1, PLAIN, LEAF, zstdCompressSync(numbers(2n)))],
  ['numbers that are not exact', () => read(numbers(2n ** 60n), 1, PLAIN)],
  ['differences of 64 bits', () => read(deltas(9, 0, 63, 252), 9, 5)],
  ['another count of numbers', () => read(deltas(8, 0, 0, 0), 9, 5)],
  [
    'a width of numbers that are not there',
    () => read(Buffer.from([128, 1, 4, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), 9, 5),
  ],
  ['a text that is no UTF-8', () => read(Buffer.from([1, 0, 0, 0, 0xff]), 1, PLAIN, TEXT)],
  ['a character in two texts', () => read(Buffer.from([128, 1, 4, 2, 2, 0, 0, 0, 0, 0, 0xc3, 0xa9]), 2, 6, TEXT)],
])('a page with %s misleads', (_, work) => {
  expect(work).toThrow(Misleading)
})

test.each([
  ['as they have to be', [0x15, 2, 0x15, 4, 0], true],
  ['twice', [0x15, 2, 0x05, 2, 2, 0x15, 4, 0], false],
  ['of another type', [0x16, 2, 0x15, 4, 0], false],
  ['and one that nobody knows', [0x15, 2, 0x15, 4, 0x15, 4, 0], false],
  ['but not all', [0x15, 2, 0], false],
  ['one of them too large', [0x15, 2, 0x15, 0xff, 0xff, 0xff, 0xff, 0x7f, 0], false],
])('fields %s', (_, bytes, isFine) => {
  const work = () => new ThriftReader(Buffer.from(bytes)).struct({ one: [1, 'i32'], two: [2, 'i32'] })
  if (isFine) expect(work()).toEqual({ one: 1, two: 2 })
  else expect(work).toThrow(Misleading)
})

test('canonical JSON is read, and nothing else', () => {
  const fine = [
    '{}',
    '[]',
    '{"":0,"a":[1,-2.5,1e+21,true,false,null],"b":{"\\n":"\\u0001é\\ud83d"}}',
    '{"10":1,"9":2,"__proto__":3}',
  ]
  for (const text of fine) expect(JSON.stringify(readCanonical(text))).toBe(JSON.stringify(JSON.parse(text)))
  for (const text of [
    '{"b":1,"a":1}',
    '{"a":1,"a":1}',
    '[1.0]',
    '[01]',
    '[-0]',
    '["\\u0041"]',
    '["\\/"]',
    '[1,]',
    '[ 1]',
    '{"a"}',
    '1 ',
    '"a',
    '',
  ]) {
    expect([text, readCanonical(text)]).toEqual([text, undefined])
  }
})

test('names of one escaped character are not taken for each other', () => {
  // JSON.parse of V8 13.6 does, when such names come by turns.
  for (let turn = 0; turn < 2000; turn++) {
    for (const name of ['\\\\', '\\ud83d']) {
      const text = `{"k":{":":{},"${name}":"é"}}`
      expect(JSON.stringify(readCanonical(text))).toBe(text)
    }
  }
})
