import { createHash, verify } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { compact } from '../../lib/archive/compact.ts'
import { addHold, readHolds, releaseHold } from '../../lib/archive/holds.ts'
import { CHECKPOINT, eventsFile, eventsOf } from '../../lib/archive/names.ts'
import { readRows, writeRows } from '../../lib/archive/parquet.ts'
import { lastDay, type Retention, retain } from '../../lib/archive/retain.ts'
import { eventText, type Row, toRow } from '../../lib/archive/row.ts'
import { leafHash } from '../../lib/proof/tree.ts'
import {
  appendAt,
  filesOf,
  key,
  killedAtEveryStep,
  location,
  openSample,
  otherKey,
  provenLeaves,
  type Sample,
  storedTexts,
  watched,
} from './upkeep.ts'

const [oldest, older, kept] = ['2026-10-20', '2026-10-22', '2026-10-23']
const days = 30
/** When the events that are to go were archived. */
const LONG_AGO = '2026-10-22T13:00:00Z'

let sample: Sample
let damaged: string[]
beforeEach(async () => {
  damaged = []
  sample = openSample()
  for (let batch = 0; batch < 2; batch++)
    await appendAt(LONG_AGO, sample, { [oldest]: 2, [kept]: 1, [older]: 3, '2026-11-22': 1 })
})

const run = ({ store, clock }: Pick<Sample, 'store' | 'clock'>, more: Partial<Retention> = {}) =>
  retain({
    store,
    location,
    key,
    days,
    now: () => clock.now,
    tellDamaged: (name, why) => damaged.push(`${name}: ${why}`),
    ...more,
  })

const noteOf = async ({ store }: Pick<Sample, 'store'>, day: string) =>
  (await store.get(`removed/${day}`))?.bytes.toString()
const namesOf = async ({ store }: Sample) => (await Array.fromAsync(store.list(''))).map(({ name }) => name)
const leavesLeft = async ({ store }: Sample) => [...(await storedTexts(store)).keys()].sort((one, other) => one - other)
const hold = {
  name: 'case-7',
  from: oldest,
  to: oldest,
  reason: 'Case 7',
  by: 'legal',
  time: '2026-11-22T12:00:00.000Z',
}

test('the last day that goes is the one that ended so many days ago', () => {
  expect(lastDay(Date.parse('2026-11-22T00:00:00Z'), 30)).toBe('2026-10-22')
  expect(lastDay(Date.parse('2026-11-21T23:59:59.999Z'), 30)).toBe('2026-10-21')
  expect(lastDay(Date.parse('2026-11-22T00:00:00Z'), 1)).toBe('2026-11-20')
})

describe('days that are old enough', () => {
  test('go, and everything else stays and is proven', async () => {
    const told: string[] = []
    const result = await run(sample, { tellDay: ({ day }) => told.push(day) })
    expect(result).toEqual({
      until: older,
      isDone: true,
      days: [
        { day: oldest, events: 4, files: 2, bytes: expect.any(Number), holds: [] },
        { day: older, events: 6, files: 2, bytes: expect.any(Number), holds: [] },
      ],
    })
    expect(told).toEqual([oldest, older])
    expect(await provenLeaves(sample.store)).toEqual([2, 6, 9, 13])
    expect((await filesOf(sample.store)).filter((name) => !/day=2026-(10-23|11-22)/.test(name))).toEqual([])
  })

  test('leave a note that the log has signed, of the leaves that went and the checkpoint of that time', async () => {
    await run(sample)
    const note = (await noteOf(sample, older)) ?? ''
    const checkpoint = (await sample.store.get(CHECKPOINT))?.bytes.toString() ?? ''
    const [text = '', signed = ''] = note.split('\n\n')
    expect(text.split('\n')).toEqual([
      'events.example.com/test/eu-de',
      'removed 2026-10-22',
      'events 6',
      'size 14',
      `root ${checkpoint.split('\n')[2]}`,
      'leaves 3-5',
      'leaves 10-12',
    ])
    const [, signature = ''] = /^— events\.example\.com\/test\/eu-de (\S+)\n$/.exec(signed) ?? []
    const bytes = Buffer.from(signature, 'base64').subarray(4)
    expect(verify(null, Buffer.from(`${text}\n`), key.publicKey, bytes)).toBe(true)
  })

  test('are only told by a dry run', async () => {
    const before = await namesOf(sample)
    const result = await run(sample, { dryRun: true })
    expect(result.days.map(({ day, events }) => [day, events])).toEqual([
      [oldest, 4],
      [older, 6],
    ])
    expect(await namesOf(sample)).toEqual(before)
  })

  test('go a second time when events come late, and the note tells of all of them', async () => {
    await run(sample)
    await appendAt(LONG_AGO, sample, { [older]: 1, [kept]: 1 })
    expect((await run(sample)).days).toEqual([expect.objectContaining({ day: older, events: 1 })])
    const note = (await noteOf(sample, older)) ?? ''
    expect(note).toContain('events 7\nsize 16\n')
    expect(note).toContain('leaves 3-5\nleaves 10-12\nleaves 14-14\n\n')
    expect(await provenLeaves(sample.store)).toEqual([2, 6, 9, 13, 15])
    expect((await run(sample)).days).toEqual([])
    expect(await noteOf(sample, older)).toBe(note)
  })

  test('stay when a file of them says something else than the log, whatever is said there, and no note says anything', async () => {
    const { store } = sample
    const [name = ''] = await filesOf(store, kept)
    const rows = await readRows((await store.get(name))?.bytes ?? Buffer.of())
    const add = async (day: string, made: readonly Row[]) => {
      const bytes = writeRows(made)
      const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
      const file = eventsFile({ location, day, first: made[0]?.leaf ?? 0, count: made.length, digest })
      await store.put(file, bytes)
      return file
    }
    const [row] = rows as [Row]
    const time = Date.parse(older)
    for (const forged of [
      // A young event in the folder of an old day: as it is, with another text, with another time beside its text.
      row,
      { ...row, event: '{}' },
      { ...row, time },
      { ...row, time, event: eventText(row) },
      toRow(eventText(row).replace(kept, older), row.leaf, { routed: row.routed_time, archived: row.archived_time }),
    ]) {
      const file = await add(older, [forged])
      expect((await run(sample, { dryRun: true })).days.map(({ day }) => day)).toEqual([oldest])
      expect(damaged.splice(0)).toEqual([expect.stringContaining(file)])
      expect(await noteOf(sample, older)).toBeUndefined()
      await store.remove(file)
    }
    await add(older, [row])
    expect((await run(sample)).days.map(({ day }) => day)).toEqual([oldest])
    expect([await noteOf(sample, older), await leavesLeft(sample)]).toEqual([
      undefined,
      [2, 3, 4, 5, 6, 9, 10, 11, 12, 13],
    ])
  })

  test('stay when the tiles were changed with them', async () => {
    const { store } = sample
    const [name = ''] = await filesOf(store, kept)
    const [row] = (await readRows((await store.get(name))?.bytes ?? Buffer.of())) as [Row]
    const text = eventText(row).replace(kept, older)
    const bytes = writeRows([toRow(text, row.leaf, { routed: row.routed_time, archived: row.archived_time })])
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
    await store.put(eventsFile({ location, day: older, first: row.leaf, count: 1, digest }), bytes)
    const tile = (await store.get('log/tile/0/000.p/14'))?.bytes ?? Buffer.of()
    leafHash(text).copy(tile, row.leaf * 32)
    await store.put('log/tile/0/000.p/14', tile)
    expect((await run(sample)).days).toEqual([])
    expect(damaged.join()).toContain('The tiles at the end of 14 leaves are not those of the checkpoint.')
  })

  test('stay while an event of them came only lately, as from a registry whose clock is wrong', async () => {
    await sample.append({ [oldest]: 1 })
    expect((await run(sample)).days.map(({ day }) => day)).toEqual([older])
    expect(await noteOf(sample, oldest)).toBeUndefined()
    sample.clock.now += 30 * 24 * 60 * 60 * 1000
    expect((await run(sample)).days.map(({ day }) => day)).not.toContain(oldest)
    sample.clock.now += 24 * 60 * 60 * 1000
    expect((await run(sample)).days.map(({ day, events }) => [day, events])).toContainEqual([oldest, 5])
  })

  test('go with what was compacted and is there twice; each event counts once', async () => {
    await compact({ store: sample.store, location, now: () => sample.clock.now, tellDamaged: () => {} })
    expect((await run(sample)).days.map(({ events, files }) => [events, files])).toEqual([
      [4, 3],
      [6, 3],
    ])
    expect(await leavesLeft(sample)).toEqual([2, 6, 9, 13])
  })

  test('of which a file is damaged: it is named and stays, and the note says nothing of it', async () => {
    const [torn = ''] = await filesOf(sample.store, older)
    await sample.store.put(torn, Buffer.from('half'))
    expect((await run(sample)).days[1]).toMatchObject({ day: older, events: 3, files: 1 })
    expect(damaged).toEqual([expect.stringContaining(torn)])
    expect(await filesOf(sample.store, older)).toEqual([torn])
    expect(await noteOf(sample, older)).toContain('events 3\nsize 14')
  })

  test('what is above the checkpoint stays', async () => {
    const first = openSample()
    await appendAt(LONG_AGO, first, { [oldest]: 2, [kept]: 1, [older]: 3, '2026-11-22': 1 })
    await sample.store.put(CHECKPOINT, (await first.store.get(CHECKPOINT))?.bytes ?? Buffer.of())
    await run(sample)
    expect(await filesOf(sample.store, older)).toEqual([expect.stringContaining('000000000010-3-')])
    expect(await noteOf(sample, older)).toContain('events 3\nsize 7')
  })

  test('nor does a file go of which a part is above the checkpoint', async () => {
    const first = openSample()
    await appendAt(LONG_AGO, first, { [oldest]: 2, [kept]: 1, [older]: 3, '2026-11-22': 1 })
    for (let times = 0; times < 2; times++) {
      await compact({ store: sample.store, location, now: () => sample.clock.now, grace: 0, tellDamaged: () => {} })
    }
    await sample.store.put(CHECKPOINT, (await first.store.get(CHECKPOINT))?.bytes ?? Buffer.of())
    expect((await run(sample)).days).toEqual([])
    expect(await leavesLeft(sample)).toHaveLength(14)
  })

  test('what is not ours among them stays', async () => {
    const foreign = `${eventsOf(location, older)}notes.txt`
    await sample.store.put(foreign, Buffer.from('x'))
    await run(sample)
    expect(await sample.store.get(foreign)).toBeDefined()
  })
})

describe('nothing goes', () => {
  const untouched = async (work: () => Promise<unknown>, code: string) => {
    const before = await namesOf(sample)
    await expect(work()).rejects.toEqual(expect.objectContaining({ code }))
    expect(await namesOf(sample)).toEqual(before)
  }

  test('when the checkpoint is signed by another key', () =>
    untouched(() => run(sample, { key: otherKey }), 'ARCHIVE_DAMAGED'))

  test('when a note of that day is signed by another key, or is that of another day', async () => {
    const other = openSample()
    for (let batch = 0; batch < 2; batch++) await appendAt(LONG_AGO, other, { [oldest]: 1, [older]: 1 })
    await run(other)
    for (const text of [
      'a note',
      (await noteOf(other, older))?.replace('events 2', 'events 1'),
      await noteOf(other, older),
    ]) {
      await sample.store.put(`removed/${oldest}`, Buffer.from(text ?? ''))
      await untouched(() => run(sample), 'ARCHIVE_DAMAGED')
    }
  })

  test.each(['{', '{}', '{"from":"2026-01-01"}', '[]'])('when a hold can not be read: %s', async (text) => {
    await sample.store.put('holds/case-7', Buffer.from(text))
    await untouched(() => run(sample), 'ARCHIVE_DAMAGED')
  })

  test('of an archive that is empty', async () => {
    expect(await run(openSample())).toEqual({ until: older, isDone: true, days: [] })
  })
})

describe('a legal hold', () => {
  test('keeps its days until it is released, and is told', async () => {
    await addHold(sample.store, hold)
    const result = await run(sample)
    expect(result.days.map(({ day, holds }) => [day, holds])).toEqual([
      [oldest, ['case-7']],
      [older, []],
    ])
    expect(await leavesLeft(sample)).toEqual([0, 1, 2, 6, 7, 8, 9, 13])
    expect(await noteOf(sample, oldest)).toBeUndefined()
    await releaseHold(sample.store, 'case-7', { reason: 'closed', by: 'legal', time: '2026-11-22T13:00:00.000Z' })
    expect((await run(sample)).days.map(({ day }) => day)).toEqual([oldest])
    expect(await leavesLeft(sample)).toEqual([2, 6, 9, 13])
  })

  test('is remembered after it was released, and its name is not used again', async () => {
    const { store } = sample
    const released = { reason: 'closed', by: 'legal', time: '2026-11-22T13:00:00.000Z' }
    await addHold(store, hold)
    await expect(addHold(store, hold)).rejects.toThrow('There is or was a hold case-7')
    expect(await releaseHold(store, 'case-7', released)).toEqual({ ...hold, released })
    await expect(releaseHold(store, 'case-7', released)).rejects.toThrow('was released by legal')
    await expect(releaseHold(store, 'case-8', released)).rejects.toThrow('There is no hold case-8')
    await expect(addHold(store, hold)).rejects.toThrow('There is or was a hold case-7')
    expect(await readHolds(store)).toEqual([{ ...hold, released }])
  })

  test.each([
    [{ name: '../x' }, "can't be the name of a hold"],
    [{ name: '' }, "can't be the name of a hold"],
    [{ from: '2026-10-21' }, 'before it begins'],
    [{ from: 'yesterday' }, 'from:'],
    [{ reason: '' }, 'reason:'],
  ])('that can not be is refused: %j', async (wrong, why) => {
    await expect(addHold(sample.store, { ...hold, ...wrong })).rejects.toThrow(why)
    expect(await readHolds(sample.store)).toEqual([])
  })

  test('that comes while its day is being removed keeps it, or finds the note', async () => {
    let isKept = false
    let isTooLate = false
    for (let step = 1; !isTooLate; step++) {
      const mine = openSample()
      await appendAt(LONG_AGO, mine, { [oldest]: 2 })
      let noteAtHold: string | undefined
      const store = watched(mine.store, async (call) => {
        if (call !== step) return
        await addHold(mine.store, hold)
        noteAtHold = await noteOf(mine, oldest)
      })
      await run({ ...mine, store })
      const left = (await leavesLeft(mine)).length
      isTooLate = left === 0
      isKept ||= left === 2
      // Gone without a word to whoever held it: never.
      if (isTooLate) expect(noteAtHold).toContain('events 2')
      else expect(left).toBe(2)
    }
    expect(isKept).toBe(true)
  })
})

test('a run that is killed at any step removes nothing that is not in a note, and the next one completes it', async () => {
  const all = [...sample.texts.keys()]
  const steps = await killedAtEveryStep(sample, run, async (left) => {
    const stays = new Set(await leavesLeft(left))
    const notes = `${await noteOf(left, oldest)}\n${await noteOf(left, older)}`
    const told = [...notes.matchAll(/leaves (\d+)-(\d+)/g)].flatMap(([, first, last]) =>
      all.filter((leaf) => Number(first) <= leaf && leaf <= Number(last)),
    )
    expect(all.filter((leaf) => !stays.has(leaf)).filter((leaf) => !told.includes(leaf))).toEqual([])
    await run(left)
    expect(await provenLeaves(left.store)).toEqual([2, 6, 9, 13])
    expect(await noteOf(left, oldest)).toContain('leaves 0-1\nleaves 7-8\n\n')
    expect(await noteOf(left, older)).toContain('leaves 3-5\nleaves 10-12\n\n')
  })
  expect(steps).toBeGreaterThan(15)
})

test('the writer goes on meanwhile, between any two steps', async () => {
  const store = watched(sample.store, async (call) => {
    if (call < 20) await appendAt(LONG_AGO, sample, { [older]: 1, [kept]: 1 })
  })
  await run({ ...sample, store })
  await run(sample)
  const gone = [...sample.texts.entries()].filter(
    ([, text]) => text.includes(`"${oldest}`) || text.includes(`"${older}`),
  )
  const left = [...sample.texts.keys()].filter((leaf) => !gone.some(([other]) => other === leaf))
  expect(await provenLeaves(sample.store)).toEqual(left)
})

test('two runs at once', async () => {
  await Promise.allSettled([run(sample), run(sample), run(sample)])
  await run(sample)
  expect(await provenLeaves(sample.store)).toEqual([2, 6, 9, 13])
  expect(await noteOf(sample, older)).toContain('leaves 3-5\nleaves 10-12\n\n')
})

test('it ends when it is told to, and says that it is not done', async () => {
  const controller = new AbortController()
  const store = watched(sample.store, (call) => {
    if (call === 4) controller.abort()
  })
  expect(await run({ ...sample, store }, { signal: controller.signal })).toMatchObject({ isDone: false, days: [] })
  expect(await leavesLeft(sample)).toHaveLength(14)
})
