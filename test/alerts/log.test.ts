import { expect, test } from '@jest/globals'
import { type Known, partOf, readLog } from '../../lib/alerts/log.ts'
import { CHECKPOINT, eventsFile } from '../../lib/archive/names.ts'
import { signCheckpoint } from '../../lib/proof/checkpoint.ts'
import { memory } from '../../lib/stores/memory.ts'
import { sampleKey } from '../archive.ts'
import { MINUTE, START } from './watching.ts'

// Which days of an archive are looked at.

const file = (day: string, first: number, count: number): string =>
  eventsFile({ location: 'eu-de', day, first, count, digest: '0'.repeat(32) })

const days = (times: readonly (readonly [number, number])[]): string[][] =>
  times.map((ends) => ends.map((time) => new Date(time).toISOString().slice(0, 10)))

test('those of files that begin behind the last look, that were written since, or that could not be read then', async () => {
  let clock = START
  const store = memory(() => clock)
  const write = (name: string, text = '') => store.put(name, Buffer.from(text))
  const damaged = file('2026-11-03', 7, 1)
  for (const name of [file('2026-11-01', 0, 3), file('2026-11-02', 3, 4), damaged]) await write(name)
  clock += 60 * MINUTE
  const lookedAt = clock
  // The clock of whoever writes may be a little behind.
  clock -= 14 * MINUTE
  for (const name of [file('2026-11-05', 2, 6), file('2026-11-06', 8, 1), 'events/what.txt']) await write(name)
  expect((await readLog(store, 'eu-de')).size).toBe(0)
  await write(CHECKPOINT, signCheckpoint(9, Buffer.alloc(32), sampleKey()))
  const log = await readLog(store, 'eu-de')
  const state: Known = { lookedAt, damaged: [] }
  expect(await partOf(log, state, 8)).toMatchObject({ from: 8, size: 9 })
  expect(days((await partOf(log, state, 8)).times)).toEqual([['2026-11-05', '2026-11-07']])
  expect(days((await partOf(log, { ...state, damaged: [damaged] }, 8)).times)).toEqual([
    ['2026-11-03', '2026-11-04'],
    ['2026-11-05', '2026-11-07'],
  ])
  expect(days((await partOf(log, state, 3)).times)).toEqual([
    ['2026-11-02', '2026-11-04'],
    ['2026-11-05', '2026-11-07'],
  ])
  expect((await partOf(log, { ...state, lookedAt: lookedAt + 2 * MINUTE }, 9)).times).toEqual([])
})
