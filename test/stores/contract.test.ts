import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { files } from '../../lib/stores/files.ts'
import { memory } from '../../lib/stores/memory.ts'
import { s3 } from '../../lib/stores/s3.ts'
import type { Store } from '../../lib/stores/store.ts'
import { openBucket } from './bucket.ts'

// One suite over every store: to add a store, add its row.

interface Place {
  /** An empty store. */
  fresh(): Promise<Store>
  /** The same store, as another process would open it. */
  again(): Store
  close(): Promise<void>
}

async function openFiles(): Promise<Place> {
  const top = mkdtempSync(join(tmpdir(), 'store-'))
  let count = 0
  const again = () => files(join(top, 'archive', `${count}`))
  return {
    async fresh() {
      count++
      return again()
    },
    again,
    close: async () => rmSync(top, { recursive: true }),
  }
}

async function openS3(): Promise<Place> {
  const bucket = await openBucket()
  const again = () => s3(bucket.options)
  return {
    async fresh() {
      await bucket.empty()
      return again()
    },
    again,
    close: bucket.close,
  }
}

async function openMemory(): Promise<Place> {
  let store = memory()
  return {
    async fresh() {
      store = memory()
      return store
    },
    again: () => store,
    close: async () => {},
  }
}

const bytes = (text: string) => Buffer.from(text)
const textOf = async (store: Store, name: string) => (await store.get(name))?.bytes.toString()
const namesOf = async (store: Store, prefix: string) =>
  (await Array.fromAsync(store.list(prefix))).map(({ name }) => name)

/** Every byte, so that nothing on the way takes them for text. */
const everyByte = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256))

describe.each([
  ['files', openFiles],
  ['s3', openS3],
  ['memory', openMemory],
])('%s', (_name, open) => {
  let place: Place
  let store: Store
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place.close())
  beforeEach(async () => {
    store = await place.fresh()
  })

  test.each([
    ['every byte', everyByte],
    ['nothing', Buffer.alloc(0)],
    ['four mebibytes', Buffer.alloc(4 * 1024 * 1024, everyByte)],
    ['a part of a larger buffer', everyByte.subarray(7, 300)],
  ])('what is put comes out as it was: %s', async (_what, content) => {
    const name = 'events/location=eu-de/day=2026-11-22/000000000000-12-0123456789abcdef.parquet'
    await store.put(name, content)
    expect(Buffer.compare((await place.again().get(name))?.bytes ?? Buffer.from('none'), content)).toBe(0)
  })

  test('what was never put is not there, nor is a part of a path', async () => {
    await store.put('log/tile/0/000', bytes('a'))
    expect(await store.get('log/tile')).toBeUndefined()
    expect(await store.get('log/tile/0/000/1')).toBeUndefined()
    expect(await store.get('journal/000000000000')).toBeUndefined()
  })

  test('putting again writes over it', async () => {
    await store.put('a', bytes('1'))
    await store.put('a', bytes('2'))
    expect(await textOf(store, 'a')).toBe('2')
  })

  test('create writes what is not there, and nothing else', async () => {
    expect(await store.create('journal/0', bytes('1'))).toBe(true)
    expect(await store.create('journal/0', bytes('2'))).toBe(false)
    expect(await store.create('journal/0', bytes('1'))).toBe(false)
    expect(await textOf(store, 'journal/0')).toBe('1')
    await store.remove('journal/0')
    expect(await store.create('journal/0', bytes('3'))).toBe(true)
    expect(await textOf(store, 'journal/0')).toBe('3')
  })

  test('one of many that create at the same time does it', async () => {
    const created = Array.from({ length: 8 }, (_, index) => place.again().create('journal/0', bytes(`${index}`)))
    const outcomes = await Promise.all(created)
    expect(outcomes.filter(Boolean)).toHaveLength(1)
    expect(await textOf(store, 'journal/0')).toBe(`${outcomes.indexOf(true)}`)
  })

  test('replace writes over the version that was read, and over no other', async () => {
    await store.put('log/checkpoint', bytes('1'))
    const version = (await store.get('log/checkpoint'))?.version ?? ''
    expect(await store.replace('log/checkpoint', bytes('2'), version)).toBe(true)
    expect(await store.replace('log/checkpoint', bytes('3'), version)).toBe(false)
    expect(await textOf(store, 'log/checkpoint')).toBe('2')
    await store.remove('log/checkpoint')
    expect(await store.replace('log/checkpoint', bytes('4'), version)).toBe(false)
    expect(await store.get('log/checkpoint')).toBeUndefined()
  })

  test('one of many that replace the same version does it', async () => {
    await store.put('log/checkpoint', bytes('first'))
    const version = (await store.get('log/checkpoint'))?.version ?? ''
    const replaced = Array.from({ length: 8 }, (_, index) =>
      place.again().replace('log/checkpoint', bytes(`${index}`), version),
    )
    const outcomes = await Promise.all(replaced)
    expect(outcomes.filter(Boolean)).toHaveLength(1)
    expect(await textOf(store, 'log/checkpoint')).toBe(`${outcomes.indexOf(true)}`)
  })

  test('nothing is lost when several count at the same time', async () => {
    await store.put('count', bytes('0'))
    const count = async (mine: Store) => {
      for (let done = 0; done < 5; ) {
        const read = await mine.get('count')
        const next = bytes(`${Number(read?.bytes.toString()) + 1}`)
        if (await mine.replace('count', next, read?.version ?? '')) done++
      }
    }
    await Promise.all([1, 2, 3].map(() => count(place.again())))
    expect(await textOf(store, 'count')).toBe('15')
  })

  test('what is removed is gone; removing what is not there is no error', async () => {
    await store.put('holds/a', bytes('1'))
    await store.remove('holds/a')
    await store.remove('holds/a')
    await store.remove('holds/never')
    expect(await store.get('holds/a')).toBeUndefined()
    expect(await namesOf(store, '')).toEqual([])
  })

  test('list gives names in their order, with sizes and times, whatever the prefix ends in', async () => {
    const before = Date.now()
    const names = [
      'a',
      'a-b/x',
      'a.b',
      'a/b',
      'a/b.p/3',
      'a/b/c',
      'a0',
      'b/day=2026-11-21/1',
      'b/day=2026-11-22/1',
      'c_',
    ]
    for (const name of names.toReversed()) {
      // One cannot be a file and a folder at once everywhere.
      if (!names.some((other) => other.startsWith(`${name}/`))) await store.put(name, bytes(name))
    }
    const listed = names.filter((name) => !names.some((other) => other.startsWith(`${name}/`)))
    expect(await namesOf(store, '')).toEqual(listed)
    expect(await namesOf(store, 'a')).toEqual(listed.filter((name) => name.startsWith('a')))
    expect(await namesOf(store, 'a/')).toEqual(['a/b.p/3', 'a/b/c'])
    expect(await namesOf(store, 'b/day=2026-11')).toEqual(['b/day=2026-11-21/1', 'b/day=2026-11-22/1'])
    expect(await namesOf(store, 'b/day=2026-11-22/')).toEqual(['b/day=2026-11-22/1'])
    expect(await namesOf(store, 'b/day=2026-11-22/1')).toEqual(['b/day=2026-11-22/1'])
    expect(await namesOf(store, 'd')).toEqual([])
    const [first] = await Array.fromAsync(store.list('a/b.p/3'))
    expect(first).toEqual({ name: 'a/b.p/3', size: 7, modifiedAt: expect.any(Number) })
    expect(first?.modifiedAt).toBeGreaterThanOrEqual(before - 1000)
    expect(first?.modifiedAt).toBeLessThanOrEqual(Date.now() + 1000)
  })

  test.each([
    '',
    '/',
    '/etc/passwd',
    '../outside',
    'a/../../outside',
    'a//b',
    'a/',
    '.hidden',
    'a/.tmp',
    'a\\b',
    'a\0b',
    'a b',
    'ä',
    'a?list-type=2',
    'a%2e%2e',
    'a\n',
    'a part of 256'.padEnd(256, 'x').replaceAll(' ', '_'),
    `1201 in all/${'x/'.repeat(600)}x`.replaceAll(' ', '_'),
  ])('a name that is none is refused everywhere: %.20j', async (name) => {
    const wrong = /can't be the name of an object/
    await expect(store.get(name)).rejects.toThrow(wrong)
    await expect(store.put(name, bytes('a'))).rejects.toThrow(wrong)
    await expect(store.create(name, bytes('a'))).rejects.toThrow(wrong)
    await expect(store.replace(name, bytes('a'), 'v')).rejects.toThrow(wrong)
    await expect(store.remove(name)).rejects.toThrow(wrong)
    if (name !== '' && name !== 'a/') await expect(namesOf(store, name)).rejects.toThrow(wrong)
    expect(await namesOf(store, '')).toEqual([])
  })
})
