import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { compact } from '../../lib/archive/compact.ts'
import { retain } from '../../lib/archive/retain.ts'
import { files } from '../../lib/stores/files.ts'
import type { Store } from '../../lib/stores/store.ts'
import { verifyArchive } from '../../lib/verify/archive.ts'
import { archivesAsItCame } from './property.ts'
import { appendAt, filesOf, key, location, openSample, type Sample, watched } from './upkeep.ts'

// What upkeep leaves is whole for the verifier, which knows nothing of it, at every moment.

const [old, kept] = ['2026-09-01', '2026-11-21']

const LONG_AGO = '2026-09-02T00:00:00Z'

let root: string
let sample: Sample
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'verified-'))
  sample = openSample(undefined, undefined, files(root))
  for (const count of [200, 1, 80]) await appendAt(LONG_AGO, sample, { [old]: count, [kept]: count })
})
afterEach(() => rmSync(root, { recursive: true }))

const tellDamaged = (name: string, why: string) => {
  throw new Error(`${name}: ${why}`)
}
const merge = (grace: number, store = sample.store) => compact({ store, location, now: Date.now, grace, tellDamaged })
const remove = (store: Store = sample.store) =>
  retain({ store, location, key, days: 30, now: () => sample.clock.now, tellDamaged })
const look = async () => {
  const { findings, isWhole, counts } = await verifyArchive(root, { key: key.text, threads: 0 })
  return { findings, isWhole, counts }
}
const whole = (counts: object) => ({ findings: [], isWhole: true, counts: expect.objectContaining(counts) })

test('small files beside the larger one, and the larger one alone', async () => {
  await merge(600_000)
  expect(await look()).toEqual(whole({ files: 8, removed: 0 }))
  await merge(Number.NEGATIVE_INFINITY)
  expect(await look()).toEqual(whole({ files: 2, rows: 562, removed: 0 }))
})

test('a day that was removed, and what came for it later', async () => {
  await remove()
  expect(await look()).toEqual(whole({ files: 3, rows: 281, removed: 281 }))
  await appendAt(LONG_AGO, sample, { [old]: 2, [kept]: 1 })
  await remove()
  expect(await look()).toEqual(whole({ files: 4, rows: 282, removed: 283 }))
})

test('a day that is only removed in part', async () => {
  const store = watched(sample.store, () => {})
  let left = 2
  await expect(
    remove({
      ...store,
      async remove(name) {
        if (left-- === 0) throw new Error('killed')
        await store.remove(name)
      },
    }),
  ).rejects.toThrow('killed')
  expect(await filesOf(sample.store, old)).toHaveLength(1)
  expect((await look()).findings).toEqual([])
})

test('a file that went without a note is missed', async () => {
  const [first = ''] = await filesOf(sample.store, old)
  await sample.store.remove(first)
  expect((await look()).findings).toEqual([expect.objectContaining({ code: 'EVENT_MISSING', leaf: 0, lastLeaf: 199 })])
})

test('random events are archived as what they are', () => archivesAsItCame(10))
