import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { signCheckpoint } from '../../lib/proof/checkpoint.ts'
import { verifyArchive } from '../../lib/verify/archive.ts'
import type { FindingCode } from '../../lib/verify/findings.ts'
import { sampleArchive, sampleKey } from '../archive.ts'
import { clean, copyOf, eventFiles, folder, put, read, remove } from './tampering.ts'

// Whatever lies in the place of a file is named; nothing makes verifying end with an error, or never.

const key = sampleKey()
const TILE = 'log/tile/0/000'
const JOURNAL = 'journal/000000000300'
let whole: string

beforeAll(async () => {
  whole = join(folder(), 'eu-de')
  await sampleArchive(whole, 300, { days: 2, batch: 90 })
})

afterAll(clean)

const events = (root: string): string => eventFiles(root)[0] as string
/** Something in the place of the file `name`. */
const instead = (root: string, name: string, make: (path: string) => unknown) => {
  rmSync(join(root, name), { recursive: true, force: true })
  make(join(root, name))
}
const pipe = (path: string) => execFileSync('sh', ['-c', `mkfifo '${path}'`])
const linkTo = (target: string) => (path: string) => symlinkSync(target, path)

test.each<[string, FindingCode[], (root: string) => unknown]>([
  ['a tile far away', ['FILE_UNKNOWN'], (root) => put(root, 'log/tile/0/x999/x999/x999/x999/999', '')],
  [
    'a tile not quite so far away',
    ['BEYOND_CHECKPOINT', 'TILE_CHANGED'],
    (root) => put(root, 'log/tile/0/x999/x999/x999/999', ''),
  ],
  ['a tile of a level that no log has', ['FILE_UNKNOWN'], (root) => put(root, 'log/tile/63/000', '')],
  [
    'a tile far away, without a checkpoint',
    ['CHECKPOINT_MISSING', 'TILE_CHANGED'],
    (root) => {
      remove(root, 'log/checkpoint')
      put(root, 'log/tile/0/x999/x999/x999/999', '')
    },
  ],
  [
    'a size that nobody has signed',
    ['SIGNATURE_WRONG'],
    (root) => put(root, 'log/checkpoint', read(root, 'log/checkpoint').replace('\n300\n', '\n999999999999999\n')),
  ],
  [
    'a size that no log has',
    ['EVENT_CHANGED', 'EVENT_MISSING', 'ROOT_WRONG', 'TILE_MISSING'],
    (root) => put(root, 'log/checkpoint', signCheckpoint(999_999_999_999_999, Buffer.alloc(32), key)),
  ],
  [
    'a file of events that says how much it has',
    ['FILE_CHANGED', 'FILE_UNREADABLE'],
    (root) => put(root, events(root).replace(/-\d+-(?=[0-9a-f]{32})/, '-999999999999-'), 'PAR1'),
  ],
  [
    'a folder for a checkpoint',
    ['CHECKPOINT_MISSING', 'FILE_UNKNOWN'],
    (root) => instead(root, 'log/checkpoint', mkdirSync),
  ],
  ['a pipe for a checkpoint', ['CHECKPOINT_MISSING', 'FILE_UNKNOWN'], (root) => instead(root, 'log/checkpoint', pipe)],
  ['a checkpoint of 4 GB', ['CHECKPOINT_UNREADABLE'], (root) => truncateSync(join(root, 'log/checkpoint'), 2 ** 32)],
  ['a folder for a key', ['FILE_UNKNOWN', 'KEY_CHANGED'], (root) => instead(root, 'log/key', mkdirSync)],
  ['a folder for a tile', ['FILE_UNKNOWN', 'TILE_MISSING'], (root) => instead(root, TILE, mkdirSync)],
  ['a link to itself for a tile', ['FILE_UNKNOWN', 'TILE_MISSING'], (root) => instead(root, TILE, linkTo('000'))],
  [
    'a link to the very tile',
    ['FILE_UNKNOWN', 'TILE_MISSING'],
    (root) => instead(root, TILE, linkTo(join(whole, TILE))),
  ],
  ['a tile of 4 GB', ['TILE_CHANGED'], (root) => truncateSync(join(root, TILE), 2 ** 32)],
  ['a pipe for a file of events', ['EVENT_MISSING', 'FILE_UNKNOWN'], (root) => instead(root, events(root), pipe)],
  [
    'a link for the folder of events',
    ['EVENT_MISSING', 'FILE_UNKNOWN'],
    (root) => instead(root, 'events', linkTo(join(whole, 'events'))),
  ],
  [
    'a link for the log',
    ['CHECKPOINT_MISSING', 'FILE_UNKNOWN', 'KEY_CHANGED'],
    (root) => instead(root, 'log', linkTo(join(whole, 'log'))),
  ],
  [
    'a file for the log',
    ['CHECKPOINT_MISSING', 'FILE_UNKNOWN', 'KEY_CHANGED'],
    (root) => instead(root, 'log', (path) => writeFileSync(path, '')),
  ],
  ['a folder for a journal entry', ['FILE_UNKNOWN'], (root) => mkdirSync(join(root, JOURNAL), { recursive: true })],
  [
    'a pipe beside what was removed',
    ['FILE_UNKNOWN'],
    (root) => {
      mkdirSync(join(root, 'removed'))
      pipe(join(root, 'removed/2026-10-01'))
    },
  ],
  [
    'folders without an end',
    ['FILE_UNKNOWN'],
    (root) => mkdirSync(join(root, 'events', 'a/'.repeat(500)), { recursive: true }),
  ],
])('%s', async (_, codes, tamper) => {
  const root = copyOf(whole)
  tamper(root)
  const report = await verifyArchive(root, { key: key.text })
  expect(Object.keys(report.found).sort()).toEqual([...codes].sort())
  expect(report.isWhole).toBe(false)
})
