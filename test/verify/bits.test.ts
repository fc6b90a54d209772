import { cpSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { signNote } from '../../lib/proof/note.ts'
import { type Report, verifyArchive } from '../../lib/verify/archive.ts'
import { arrivalOf, entryOf, sampleArchive, sampleEvents, sampleKey } from '../archive.ts'
import { clean, copyOf, filesOf, flip, folder, put } from './tampering.ts'

// Any bit of any stored file.

const key = sampleKey()
const COUNT = 300
let whole: string
let names: string[]

beforeAll(async () => {
  whole = join(folder(), 'eu-de')
  await sampleArchive(whole, COUNT, { days: 2, batch: 90 })
  const root = (await verifyArchive(whole)).root ?? ''
  // Retention was interrupted: it was said what it removes, and nothing is removed yet.
  const text = `${key.name}\nremoved 2026-10-01\nevents 3\nsize ${COUNT}\nroot ${root}\nleaves 0-2\n`
  put(whole, 'removed/2026-10-01', signNote(text, key))
  const arrivals = [...sampleEvents(5, { seed: 2 })].map(arrivalOf)
  put(whole, 'journal/000000000300', await entryOf(arrivals, 300))
  names = filesOf(whole, '**/*').filter((name) => statSync(join(whole, name)).isFile())
})

afterAll(clean)

test('before a bit is flipped nothing is wrong', async () => {
  const report = await verifyArchive(whole, { key: key.text })
  expect(report.findings).toEqual([])
  expect(names.map((name) => name.split('/')[0])).toEqual(
    expect.arrayContaining(['events', 'log', 'removed', 'journal']),
  )
})

/** Whether the finding is about the file that was damaged. */
const tellsOf = (report: Report, name: string): boolean => report.findings.some(({ file }) => file === name)

test('every flipped bit is found, in the file in which it is', async () => {
  const root = copyOf(whole)
  const anywhere = fc.tuple(
    fc.nat(names.length - 1),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.nat(7),
  )
  await fc.assert(
    fc.asyncProperty(anywhere, fc.boolean(), async ([file, place, bit], isKeyKnown) => {
      const name = names[file] ?? ''
      const byte = Math.floor(place * statSync(join(root, name)).size)
      flip(root, name, byte, bit)
      const report = await verifyArchive(root, isKeyKnown ? { key: key.text } : {})
      cpSync(join(whole, name), join(root, name))
      expect(report.isWhole).toBe(false)
      expect(tellsOf(report, name)).toBe(true)
    }),
    { numRuns: Number(process.env.FUZZ_RUNS || 40) },
  )
  rmSync(root, { recursive: true })
})
