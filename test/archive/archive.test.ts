import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { archiver } from '../../lib/archive/archive.ts'
import type { Arrival } from '../../lib/archive/arrival.ts'
import { compressEvents } from '../../lib/archive/journal.ts'
import { signCheckpoint } from '../../lib/proof/checkpoint.ts'
import { logKey } from '../../lib/proof/note.ts'
import { memory } from '../../lib/stores/memory.ts'
import type { Store } from '../../lib/stores/store.ts'
import { arrivalOf, entryOf, sampleEvents, sampleKey } from '../archive.ts'
import { NOW } from '../now.ts'
import { namesIn, readArchive } from './check.ts'

const key = sampleKey()
const open = (store: Store) => archiver({ store, location: 'eu-de', key, now: () => NOW })
/** Events of two days. */
const arrivals = [...sampleEvents(1000, { days: 2 })].map(arrivalOf)
const textsOf = (some: readonly Arrival[]) => some.map(({ text }) => text)

describe('an archive', () => {
  test('holds what came, in the order in which it came, under a checkpoint', async () => {
    const store = memory()
    const { append } = open(store)
    expect(await append(arrivals.slice(0, 1))).toBe(0)
    expect(await append(arrivals.slice(1, 300))).toBe(1)
    expect(await append(arrivals.slice(300))).toBe(300)
    expect(await readArchive(store, key)).toEqual(textsOf(arrivals))
    expect((await store.get('log/key'))?.bytes.toString()).toBe(`${key.text}\n`)
  })

  test('has a file for each day of a batch, and tiles of which no partial one is left beside a full one', async () => {
    const store = memory()
    const { append } = open(store)
    for (const [from, to] of [
      [0, 100],
      [100, 200],
      [200, 300],
      [300, 1000],
    ] as const)
      await append(arrivals.slice(from, to))
    const names = await namesIn(store)
    expect(names.filter((name) => name.includes('day=2026-10-02')).map((name) => name.slice(0, 53))).toEqual([
      'events/location=eu-de/day=2026-10-02/000000000500-500',
    ])
    expect(names.filter((name) => name.startsWith('log/tile/'))).toEqual([
      'log/tile/0/000',
      'log/tile/0/001',
      'log/tile/0/002',
      'log/tile/0/003.p/232',
      'log/tile/1/000.p/1',
      'log/tile/1/000.p/3',
    ])
    expect(names.filter((name) => name.startsWith('journal/'))).toEqual([])
  })

  test('goes on where another process ended', async () => {
    const store = memory()
    await open(store).append(arrivals.slice(0, 300))
    expect(await open(store).append(arrivals.slice(300))).toBe(300)
    expect(await readArchive(store, key)).toEqual(textsOf(arrivals))
  })

  test('takes batches one after the other that are given to it at once', async () => {
    const store = memory()
    const { append } = open(store)
    const parts = Array.from({ length: 10 }, (_, part) => arrivals.slice(part * 100, (part + 1) * 100))
    expect(await Promise.all(parts.map(append))).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900])
    expect(await readArchive(store, key)).toEqual(textsOf(arrivals))
  })
})

/** Like a process that is killed: nothing is done any more, and nobody hears of it. */
class Killed extends Error {}

/** `store` for a process that is killed at its call number `at`: it is done, but not heard of. */
function dying(store: Store, at: number): { store: Store; calls(): number } {
  let calls = 0
  const step = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    calls++
    if (calls > at) throw new Killed()
    const result = await work()
    if (calls >= at) throw new Killed()
    return result
  }
  return {
    calls: () => calls,
    store: {
      get: (name) => step(() => store.get(name)),
      put: (name, bytes) => step(() => store.put(name, bytes)),
      create: (name, bytes) => step(() => store.create(name, bytes)),
      replace: (name, bytes, version) => step(() => store.replace(name, bytes, version)),
      remove: (name) => step(() => store.remove(name)),
      async *list(prefix) {
        yield* await step(async () => {
          const listed = []
          for await (const one of store.list(prefix)) listed.push(one)
          return listed
        })
      },
    },
  }
}

/** The texts, each once, in the order of their first leaves: what an answer would hold. */
const once = (texts: readonly string[]): string[] => [...new Set(texts)]

/** A store that holds what `store` does. */
async function copyOf(store: Store): Promise<Store> {
  const copy = memory()
  for (const name of await namesIn(store)) await copy.put(name, (await store.get(name))?.bytes ?? Buffer.alloc(0))
  return copy
}

/** An archive of so many events that two more fill a tile. */
const NEARLY = 254
let nearlyFull: Store
beforeAll(async () => {
  nearlyFull = memory()
  await open(nearlyFull).append(arrivals.slice(0, NEARLY))
})

// The state before a call is the one after the call before it: it is enough to die when a call is done and was not heard of.
test.each([
  ['the first batch of all', 0],
  ['a batch that fills a tile', NEARLY],
])(
  'killed after any call of the store, in %s: what was not acknowledged comes again, and nothing is missing or half',
  async (_what, from) => {
    const batch = arrivals.slice(from, from + 4)
    let wasKilled = true
    for (let at = 1; wasKilled; at++) {
      const store = from === 0 ? memory() : await copyOf(nearlyFull)
      const victim = dying(store, at)
      const first = await open(victim.store)
        .append(batch)
        .catch(() => undefined)
      wasKilled = victim.calls() >= at
      // What was acknowledged is stored and signed.
      if (first !== undefined) expect((await readArchive(store, key)).slice(first)).toEqual(textsOf(batch))
      else await open(store).append(batch)
      await open(store).append(arrivals.slice(from + 4, from + 5))
      expect(once(await readArchive(store, key))).toEqual(textsOf(arrivals.slice(0, from + 5)))
      expect(await namesIn(store, 'journal/')).toEqual([])
    }
  },
)

test('several writers, in whatever order their calls are done, and killed or not: everything is there, and no number twice', async () => {
  const check = async (scheduler: fc.Scheduler, sizes: readonly number[], deaths: readonly number[]) => {
    const store = await copyOf(nearlyFull)
    const signed: string[] = []
    /** What a writer has, whose calls are done when the scheduler says so. */
    const slow: Store = {
      get: scheduler.scheduleFunction((name) => store.get(name)),
      put: scheduler.scheduleFunction((name, bytes) => store.put(name, bytes)),
      create: scheduler.scheduleFunction((name, bytes) => store.create(name, bytes)),
      replace: scheduler.scheduleFunction(async (name, bytes, version) => {
        const isDone = await store.replace(name, bytes, version)
        if (isDone) signed.push(Buffer.from(bytes).toString().split('\n')[1] ?? '')
        return isDone
      }),
      remove: scheduler.scheduleFunction((name) => store.remove(name)),
      list: (prefix) => store.list(prefix),
    }
    let at = NEARLY
    const kept: Arrival[] = []
    const writers = sizes.map(async (size, index) => {
      const { append } = open(dying(slow, deaths[index] ?? Number.POSITIVE_INFINITY).store)
      const batches = [arrivals.slice(at, at + size), arrivals.slice(at + size, at + 2 * size)]
      at += 2 * size
      for (const batch of batches) {
        const first = await append(batch).catch(() => undefined)
        if (first === undefined) return
        kept.push(...batch)
      }
    })
    await scheduler.waitFor(Promise.all(writers))
    await open(store).append(arrivals.slice(-1))
    const texts = await readArchive(store, key)
    expect(textsOf(kept).filter((text) => !texts.includes(text))).toEqual([])
    if (deaths.length === 0) expect(texts.length).toBe(at + 1)
    expect(signed).toEqual([...new Set(signed)])
    expect(await namesIn(store, 'journal/')).toEqual([])
  }
  const sizes = fc.array(fc.constantFrom(1, 3), { minLength: 2, maxLength: 3 })
  const deaths = fc.oneof(fc.constant([]), fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 2 }))
  await fc.assert(fc.asyncProperty(fc.scheduler(), sizes, deaths, check), { numRuns: 8 })
})

/** `store` for a writer that is held up at its `nth` call of `method` for `name`, until it is let go. */
function heldUp(store: Store, method: 'get' | 'create', name: string, nth = 1) {
  const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let calls = 0
  const hold = async (called: string) => {
    if (called !== name || ++calls !== nth) return
    reached.resolve()
    await gate.promise
  }
  const held: Store = {
    ...store,
    async get(called) {
      if (method === 'get') await hold(called)
      return store.get(called)
    },
    async create(called, bytes) {
      if (method === 'create') await hold(called)
      return store.create(called, bytes)
    },
  }
  return { store: held, reached: reached.promise, letGo: gate.resolve }
}

describe('two writers that wanted the same numbers', () => {
  const journal = `journal/${String(NEARLY).padStart(12, '0')}`
  const [own, other] = [arrivals.slice(300, 304), arrivals.slice(400, 404)] as const
  const expected = (...parts: (readonly Arrival[])[]) => textsOf([arrivals.slice(0, NEARLY), ...parts].flat())

  test('one is late, when the other one has used them already: it takes the next ones', async () => {
    const store = await copyOf(nearlyFull)
    const slow = heldUp(store, 'create', journal)
    const first = open(slow.store).append(own)
    await slow.reached
    expect(await open(store).append(other)).toBe(NEARLY)
    slow.letGo()
    expect(await first).toBe(NEARLY + 4)
    expect(await readArchive(store, key)).toEqual(expected(other, own))
    expect(await namesIn(store, 'journal/')).toEqual([])
  })

  test('one took them and was helped: its events are not archived twice', async () => {
    const store = await copyOf(nearlyFull)
    // Its second look at the checkpoint is the one after it took the numbers.
    const slow = heldUp(store, 'get', 'log/checkpoint', 2)
    const first = open(slow.store).append(own)
    await slow.reached
    expect(await open(store).append(other)).toBe(NEARLY + 4)
    slow.letGo()
    expect(await first).toBe(NEARLY)
    expect(await readArchive(store, key)).toEqual(expected(own, other))
    expect(await namesIn(store, 'journal/')).toEqual([])
  })

  test('one that means to help finds the entry of one that was late: it leaves the log alone', async () => {
    const store = await copyOf(nearlyFull)
    const third = arrivals.slice(500, 504)
    const helper = heldUp(store, 'create', journal)
    const helping = open(helper.store).append(third)
    const late = heldUp(store, 'create', journal)
    // Held up once more when its entry is there.
    const later = heldUp(late.store, 'get', 'log/checkpoint', 2)
    const being = open(later.store).append(own)
    await Promise.all([helper.reached, late.reached])
    expect(await open(store).append(other)).toBe(NEARLY)
    late.letGo()
    await later.reached
    expect(await namesIn(store, 'journal/')).toEqual([journal])
    helper.letGo()
    expect(await helping).toBe(NEARLY + 4)
    later.letGo()
    expect(await being).toBe(NEARLY + 8)
    expect(await readArchive(store, key)).toEqual(expected(other, third, own))
    expect(await namesIn(store, 'journal/')).toEqual([])
  })
})

describe('what is stored is not believed', () => {
  const some = arrivals.slice(400, 403)

  /** An archive of two batches, and what `spoil` makes of it. */
  async function spoiled(spoil: (store: Store, before: Map<string, Buffer>) => Promise<unknown>): Promise<Store> {
    const store = memory()
    const before = new Map<string, Buffer>()
    await open(store).append(arrivals.slice(0, 300))
    for (const name of await namesIn(store)) before.set(name, (await store.get(name))?.bytes as Buffer)
    await open(store).append(arrivals.slice(300, 310))
    await spoil(store, before)
    return store
  }

  test.each<[string, RegExp, (store: Store, before: Map<string, Buffer>) => Promise<unknown>]>([
    [
      'a checkpoint with another signature',
      /not signed by the key/,
      (store) =>
        store.put(
          'log/checkpoint',
          Buffer.from(signCheckpoint(310, Buffer.alloc(32), logKey(key.name, Buffer.alloc(32, 8)))),
        ),
    ],
    [
      'a checkpoint with another root',
      /root of log\/checkpoint is not that of the tiles/,
      (store) => store.put('log/checkpoint', Buffer.from(signCheckpoint(310, Buffer.alloc(32), key))),
    ],
    [
      'a checkpoint of another log',
      /is of|not signed/,
      (store) => store.put('log/checkpoint', Buffer.from(signCheckpoint(310, Buffer.alloc(32), sampleKey('eu-gb')))),
    ],
    ['no checkpoint', /but no log\/checkpoint/, (store) => store.remove('log/checkpoint')],
    ['a tile that is gone', /log\/tile\/0\/001.p\/54 is missing/, (store) => store.remove('log/tile/0/001.p/54')],
    [
      'a tile that is too short',
      /log\/tile\/0\/001.p\/54 is too short/,
      (store) => store.put('log/tile/0/001.p/54', Buffer.alloc(32)),
    ],
    [
      'a tile that was changed',
      /root of log\/checkpoint/,
      (store) => store.put('log/tile/0/001.p/54', Buffer.alloc(54 * 32)),
    ],
    [
      'a journal entry that was changed',
      /journal\/000000000310 is no batch that this log has taken.* take it away/,
      (store) => store.put('journal/000000000310', Buffer.alloc(100)),
    ],
    [
      'an entry that is signed by another key',
      /journal\/000000000310 is no batch .*not signed by the key/,
      async (store) =>
        store.put('journal/000000000310', await entryOf(some, 310, logKey(key.name, Buffer.alloc(32, 8)))),
    ],
    [
      'an entry that nobody has signed',
      /journal\/000000000310 is no batch .*no signed note/,
      async (store) => store.put('journal/000000000310', await compressEvents(some)),
    ],
    [
      'an entry that was taken at another place',
      /journal\/000000000310 is no batch .*no journal entry of this place/,
      async (store) => store.put('journal/000000000310', await entryOf(some, 300)),
    ],
    [
      'a checkpoint instead of an entry',
      /journal\/000000000310 is no batch .*no journal entry of this place/,
      async (store) => store.put('journal/000000000310', (await store.get('log/checkpoint'))?.bytes ?? Buffer.of()),
    ],
    [
      'an entry whose events are others',
      /journal\/000000000310 is no batch .*not those that were signed/,
      async (store) => {
        const entry = await entryOf(some, 310)
        const note = entry.subarray(0, entry.indexOf('\n', entry.indexOf('\n\n') + 2) + 1)
        await store.put('journal/000000000310', Buffer.concat([note, await compressEvents(arrivals.slice(400, 402))]))
      },
    ],
    [
      'an entry with an event of another location',
      /journal\/000000000310 is no batch .*not of eu-de/,
      async (store) =>
        store.put(
          'journal/000000000310',
          await entryOf([...sampleEvents(1, { location: 'eu-gb' })].map(arrivalOf), 310),
        ),
    ],
    [
      'an entry with an event without an id',
      /journal\/000000000310 is no batch .*has no id/,
      async (store) =>
        store.put('journal/000000000310', await entryOf([{ text: '{"eventTime":"2026"}', routed: 1 }], 310)),
    ],
    [
      'an entry with an event that is not canonical',
      /journal\/000000000310 is no batch .*not canonical/,
      async (store) =>
        store.put(
          'journal/000000000310',
          await entryOf(
            some.map(({ text }) => ({ text: ` ${text}`, routed: 1 })),
            310,
          ),
        ),
    ],
    [
      'something that is there and can’t be read',
      /journal\/000000000310 is no object.* take it away/,
      async (store) => {
        const { create } = store
        store.create = async (name, bytes) => name !== 'journal/000000000310' && create(name, bytes)
      },
    ],
    [
      'an older checkpoint',
      /There is log\/tile\/0\/001.p\/54, but log\/checkpoint is of 300 leaves.* Put the newest one back/,
      async (store, before) => store.put('log/checkpoint', before.get('log/checkpoint') ?? Buffer.of()),
    ],
    [
      'an older checkpoint, and an entry of that place that was late',
      /There is log\/tile\/0\/001.p\/54, but log\/checkpoint is of 300 leaves/,
      async (store, before) => {
        await store.put('log/checkpoint', before.get('log/checkpoint') ?? Buffer.of())
        await store.put('journal/000000000300', await entryOf(some, 300))
      },
    ],
    [
      'an older checkpoint, and an entry of as many other events',
      /There is log\/tile\/0\/001.p\/54, but log\/checkpoint is of 300 leaves/,
      async (store, before) => {
        await store.put('log/checkpoint', before.get('log/checkpoint') ?? Buffer.of())
        await store.put('journal/000000000300', await entryOf(arrivals.slice(600, 610), 300))
      },
    ],
    [
      'no checkpoint, and a first entry that explains only a part of the log',
      /There is log\/tile\/0\/001.p\/54, but no log\/checkpoint/,
      async (store) => {
        await store.remove('log/checkpoint')
        await store.put('journal/000000000000', await entryOf(arrivals.slice(0, 300), 0))
      },
    ],
    [
      'no checkpoint, and a first entry of as many other events',
      /There is log\/tile\/0\/000, but no log\/checkpoint/,
      async (store) => {
        await store.remove('log/checkpoint')
        await store.put('journal/000000000000', await entryOf(arrivals.slice(1, 311), 0))
      },
    ],
    [
      'no log at all beside events',
      /There is events\/.*, but no log\/checkpoint/,
      async (store) => {
        for (const name of await namesIn(store, 'log/')) await store.remove(name)
      },
    ],
  ])('%s: nothing is written, and it is said what it is', async (_what, message, spoil) => {
    const store = await spoiled(spoil)
    const names = await namesIn(store)
    const attempt = open(store).append(arrivals.slice(310, 320))
    await expect(attempt).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED', message: expect.stringMatching(message) })
    expect(await namesIn(store)).toEqual(expect.arrayContaining(names))
    expect((await namesIn(store)).filter((name) => !names.includes(name) && !name.startsWith('journal/'))).toEqual([])
  })

  test('a checkpoint that went back is noticed by who has seen the newer one', async () => {
    const store = memory()
    const { append } = open(store)
    await append(arrivals.slice(0, 10))
    const old = (await store.get('log/checkpoint'))?.bytes as Buffer
    await append(arrivals.slice(10, 20))
    await store.put('log/checkpoint', old)
    await expect(append(arrivals.slice(20, 30))).rejects.toMatchObject({
      message: expect.stringContaining('went back from 20 to 10'),
    })
  })

  test('an entry that its own log has signed is finished, with what was written of it already', async () => {
    const store = await spoiled(async (spoiledStore, before) => {
      await spoiledStore.put('log/checkpoint', before.get('log/checkpoint') ?? Buffer.of())
      await spoiledStore.put('journal/000000000300', await entryOf(arrivals.slice(300, 310), 300))
    })
    expect(await open(store).append(arrivals.slice(310, 320))).toBe(310)
    expect(await readArchive(store, key)).toEqual(textsOf(arrivals.slice(0, 320)))
  })

  test('a log that others carry on while it is looked at is not an older one', async () => {
    const store = await spoiled(async () => {})
    let isRead = false
    const slow: Store = {
      ...store,
      // Its first look at the tiles comes when somebody else has archived more.
      async *list(prefix) {
        if (!isRead) {
          isRead = true
          await open(store).append(arrivals.slice(310, 320))
        }
        yield* store.list(prefix)
      },
    }
    expect(await open(slow).append(arrivals.slice(320, 330))).toBe(320)
    expect(await readArchive(store, key)).toEqual(textsOf(arrivals.slice(0, 330)))
  })

  test('looking takes one request more, however large the log is', async () => {
    const store = await spoiled(async () => {})
    const asked: string[] = []
    const counted: Store = {
      ...store,
      get(name) {
        asked.push(name)
        return store.get(name)
      },
      list(prefix) {
        asked.push(`${prefix}*`)
        return store.list(prefix)
      },
    }
    await open(counted).append(arrivals.slice(310, 311))
    expect(asked).toEqual([
      'log/checkpoint',
      'log/tile/0/001.p/54',
      'log/tile/1/000.p/1',
      'log/tile/0/001*',
      'journal/*',
      'log/checkpoint',
    ])
  })

  test('late journal entries, and those of batches that are done, are taken away by the next process', async () => {
    const store = await spoiled(async (spoiledStore) => {
      await spoiledStore.put('journal/000000000000', Buffer.from('done'))
      await spoiledStore.put('journal/000000000100', Buffer.from('late'))
    })
    await open(store).append(arrivals.slice(310, 320))
    expect(await namesIn(store, 'journal/')).toEqual([])
    expect(await readArchive(store, key)).toEqual(textsOf(arrivals.slice(0, 320)))
  })
})
