import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { type Compaction, compact } from '../../lib/archive/compact.ts'
import { CHECKPOINT, eventsFile, eventsOf } from '../../lib/archive/names.ts'
import { readRows, writeRows } from '../../lib/archive/parquet.ts'
import type { Store } from '../../lib/stores/store.ts'
import {
  copyOf,
  filesOf,
  killedAtEveryStep,
  location,
  openSample,
  provenLeaves,
  type Sample,
  storedTexts,
  watched,
} from './upkeep.ts'

const MINUTE = 60_000
const yesterday = '2026-11-21'
const today = '2026-11-22'

let sample: Sample
let damaged: string[]
beforeEach(() => {
  sample = openSample()
  damaged = []
})

const run = ({ store, clock }: Pick<Sample, 'store' | 'clock'>, more: Partial<Compaction> = {}) =>
  compact({
    store,
    location,
    now: () => clock.now,
    tellDamaged: (name, why) => damaged.push(`${name}: ${why}`),
    ...more,
  })

/** Everything that was archived stands there, as it was, and is proven. */
async function expectWhole({ store, texts }: Sample): Promise<void> {
  expect([...(await storedTexts(store))].sort(([one], [other]) => one - other)).toEqual([...texts.entries()])
  expect(await provenLeaves(store)).toEqual([...texts.keys()])
}

const snapshot = async (store: Store) =>
  (await Array.fromAsync(store.list(''))).map(({ name, size }) => `${name} ${size}`)

describe('small files of a day', () => {
  beforeEach(async () => {
    for (const count of [5, 1, 3]) await sample.append({ [yesterday]: count, '2026-11-20': 1 })
  })

  test('become one, sorted by time, and go when nobody can be reading them any more', async () => {
    const { store, clock } = sample
    const result = await run(sample)
    expect(result).toEqual({ written: 2, merged: 6, events: 12, removed: 0, bytes: 0, waiting: 6, isDone: true })
    expect(await filesOf(store, yesterday)).toHaveLength(4)
    await expectWhole(sample)
    clock.now += 9 * MINUTE
    expect(await run(sample)).toMatchObject({ written: 0, removed: 0, waiting: 6 })
    clock.now += 2 * MINUTE
    expect(await run(sample)).toMatchObject({ written: 0, removed: 6, bytes: expect.any(Number), waiting: 0 })
    expect(await filesOf(store)).toEqual([
      expect.stringMatching(`${eventsOf(location, '2026-11-20')}000000000005-3-`),
      expect.stringMatching(`${eventsOf(location, yesterday)}000000000000-9-`),
    ])
    await expectWhole(sample)
    const before = await snapshot(store)
    expect(await run(sample)).toMatchObject({ written: 0, removed: 0, waiting: 0 })
    expect(await snapshot(store)).toEqual(before)
  })

  test('and what comes later for that day is merged, too', async () => {
    await run(sample, { grace: 0 })
    await sample.append({ [yesterday]: 2 })
    sample.clock.now += 11 * MINUTE
    await run(sample)
    sample.clock.now += 11 * MINUTE
    await run(sample)
    expect(await filesOf(sample.store, yesterday)).toEqual([expect.stringContaining('000000000000-11-')])
    await expectWhole(sample)
  })

  test('are only counted by a dry run', async () => {
    const before = await snapshot(sample.store)
    const merged: (readonly string[])[] = []
    expect(await run(sample, { dryRun: true, tellMerged: (_name, from) => merged.push(from) })).toMatchObject({
      written: 2,
      merged: 6,
    })
    expect(merged.map((from) => from.length)).toEqual([3, 3])
    expect(await snapshot(sample.store)).toEqual(before)
  })

  test('of which one is damaged: it is named and left alone, the others are merged', async () => {
    const { store, clock } = sample
    const [, torn = ''] = await filesOf(store, yesterday)
    await store.put(torn, Buffer.from('PAR1 half of it'))
    await run(sample)
    clock.now += 11 * MINUTE
    await run(sample)
    expect(damaged[0]).toBe(`${torn}: Its bytes are not those that its name tells of.`)
    expect(await filesOf(store, yesterday)).toEqual([expect.stringContaining('000000000000-8-'), torn])
    expect((await store.get(torn))?.bytes.toString()).toBe('PAR1 half of it')
  })

  test.each([
    ['the hash is right, and it is no Parquet file', () => Buffer.from('PAR1 half of it')],
    ['there are other events in it', () => writeRows([])],
  ])('of which one is not what its name says: %s', async (_what, make) => {
    const { store } = sample
    const bytes = make()
    const { createHash } = await import('node:crypto')
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
    const name = `${eventsOf(location, yesterday)}000000000002-4-${digest}.parquet`
    await store.put(name, bytes)
    await run(sample)
    expect(damaged).toEqual([expect.stringContaining(name)])
    expect(await store.get(name)).toBeDefined()
  })

  test('what is at the checkpoint or above it is not touched', async () => {
    const { store } = sample
    // The checkpoint of 8 leaves again: the last batch, from 8 on, is being written.
    const checkpoint = await atBatch(2)
    await store.put(CHECKPOINT, checkpoint)
    const above = (await filesOf(store)).filter((name) => /\/00000000000[89]|\/000000000011/.test(name))
    expect(above).toHaveLength(2)
    await run(sample, { grace: 0 })
    sample.clock.now++
    await run(sample, { grace: 0 })
    const left = await filesOf(store)
    expect(left).toEqual(expect.arrayContaining(above))
    expect(left).toHaveLength(4)
  })

  test('other objects among them are not touched', async () => {
    const foreign = `${eventsOf(location, yesterday)}notes.txt`
    await sample.store.put(foreign, Buffer.from('x'))
    await run(sample, { grace: 0 })
    expect((await sample.store.get(foreign))?.bytes.toString()).toBe('x')
  })

  test('of a day that was removed meanwhile do not come back', async () => {
    const { store } = sample
    await store.put(`removed/${yesterday}`, Buffer.from('a note'))
    expect(await run(sample)).toMatchObject({ written: 1 })
    expect(await filesOf(store, yesterday)).toHaveLength(3)
  })
})

/** The checkpoint that the sample had after so many batches. */
async function atBatch(batches: number): Promise<Buffer> {
  const again = openSample()
  for (const count of [5, 1, 3].slice(0, batches)) await again.append({ [yesterday]: count, '2026-11-20': 1 })
  return (await again.store.get(CHECKPOINT))?.bytes ?? Buffer.of()
}

test('a day that is not over waits for more small files', async () => {
  for (let batch = 0; batch < 15; batch++) await sample.append({ [today]: 1 })
  expect(await run(sample)).toMatchObject({ written: 0 })
  await sample.append({ [today]: 1 })
  expect(await run(sample)).toMatchObject({ written: 1, merged: 16 })
})

test('an empty archive, and one that has only begun, are no error', async () => {
  expect(await run(sample)).toMatchObject({ written: 0, isDone: true })
})

test('a file that says something else of the leaves of another one is named, and neither goes', async () => {
  await sample.append({ [yesterday]: 2 })
  const foreign = openSample('2026-01-01T00:00:00Z')
  await foreign.append({ [yesterday]: 2 })
  const [name = ''] = await filesOf(foreign.store)
  await sample.store.put(name, (await foreign.store.get(name))?.bytes ?? Buffer.of())
  const before = await snapshot(sample.store)
  sample.clock.now += 11 * MINUTE
  await run(sample)
  expect(await snapshot(sample.store)).toEqual(before)
  expect(damaged).toEqual([
    expect.stringMatching('000000000000-2-.*: Its leaf 0 is another event than in a second file'),
  ])
})

test('a file whose events are not those of the log is named, and does not go for one that says the same', async () => {
  for (let batch = 0; batch < 2; batch++) await sample.append({ [yesterday]: 1 })
  const foreign = openSample()
  await foreign.append({ [yesterday]: 1 })
  await foreign.append({ [yesterday]: 1 })
  expect(await run(foreign)).toMatchObject({ written: 1 })
  // Two of one leaf each and what they were merged into, all of them forged alike.
  for (const name of await filesOf(foreign.store)) {
    const rows = await readRows((await foreign.store.get(name))?.bytes ?? Buffer.of())
    const bytes = writeRows(rows.map((row) => ({ ...row, target_id: 'forged' })))
    await sample.store.put(
      eventsFile({
        location,
        day: yesterday,
        first: rows[0]?.leaf ?? 0,
        count: rows.length,
        digest: createHash('sha256').update(bytes).digest('hex').slice(0, 32),
      }),
      bytes,
    )
  }
  const before = await filesOf(sample.store)
  sample.clock.now += 11 * MINUTE
  await run(sample, { grace: 0 })
  expect((await filesOf(sample.store)).filter((name) => before.includes(name))).toEqual(before)
  expect(damaged).not.toEqual([])
})

test('nor do they become one', async () => {
  await sample.append({ [yesterday]: 2 })
  await sample.append({ [yesterday]: 2 })
  const foreign = openSample('2026-01-01T00:00:00Z')
  await foreign.append({ [yesterday]: 1 })
  await foreign.append({ [yesterday]: 2 })
  for (const name of await filesOf(foreign.store)) {
    await sample.store.put(name, (await foreign.store.get(name))?.bytes ?? Buffer.of())
  }
  const before = await snapshot(sample.store)
  await run(sample)
  expect(await snapshot(sample.store)).toEqual(before)
  expect(damaged).not.toEqual([])
})

test('a run that is killed at any step loses nothing, and the next one completes it', async () => {
  await sample.append({ [yesterday]: 2 })
  await sample.append({ [yesterday]: 1, '2026-11-20': 1 })
  const work = async (copy: Sample) => {
    await run(copy)
    copy.clock.now += 11 * MINUTE
    await run(copy)
  }
  const steps = await killedAtEveryStep(sample, work, async (left) => {
    expect((await storedTexts(left.store)).size).toBe(4)
    left.clock.now += 11 * MINUTE
    await work(left)
    await expectWhole(left)
    expect(await filesOf(left.store)).toHaveLength(2)
  })
  expect(steps).toBeGreaterThan(15)
  expect(damaged).toEqual([])
})

test('the writer goes on meanwhile, between any two steps', async () => {
  for (const count of [2, 1, 3]) await sample.append({ [yesterday]: count, [today]: 1 })
  for (let round = 0; round < 3; round++) {
    const store = watched(sample.store, async (call) => {
      if (call % 3 === 0 && call < 40) await sample.append({ [yesterday]: 1, [today]: 2 })
    })
    await run({ ...sample, store })
    await expectWhole(sample)
    sample.clock.now += 11 * MINUTE
  }
  await run(sample)
  sample.clock.now += 11 * MINUTE
  await run(sample)
  await expectWhole(sample)
  expect(await filesOf(sample.store, yesterday)).toHaveLength(1)
})

test('two runs at once, one of them between any two steps of the other', async () => {
  for (const count of [2, 1, 3]) await sample.append({ [yesterday]: count })
  for (let step = 1; step < 15; step++) {
    const copy = await copyOf(sample)
    const work = async (mine: Pick<Sample, 'store' | 'clock'>) => {
      await run(mine, { grace: -1 })
      await run(mine, { grace: -1 })
    }
    let isBusy = false
    await work({
      ...copy,
      store: watched(copy.store, async (call) => {
        if (call < step || isBusy) return
        isBusy = true
        await copy.append({ [yesterday]: 1 })
        await work(copy)
      }),
    })
    await expectWhole(copy)
    await work(copy)
    await expectWhole(copy)
    expect(await filesOf(copy.store)).toHaveLength(1)
  }
})

test('it ends when it is told to, and says that it is not done', async () => {
  for (const count of [2, 1]) await sample.append({ [yesterday]: count, '2026-11-20': 1 })
  const controller = new AbortController()
  const store = watched(sample.store, (call) => {
    if (call === 5) controller.abort()
  })
  expect(await run({ ...sample, store }, { signal: controller.signal })).toMatchObject({ isDone: false })
  await expectWhole(sample)
})
