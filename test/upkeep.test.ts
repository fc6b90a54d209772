import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { archiver } from '../lib/archive/archive.ts'
import { type ArchiveApp, bucketName, startArchive } from '../lib/archiveapp.ts'
import type { ArchiveConfig } from '../lib/archives.ts'
import type { Location } from '../lib/locations.ts'
import { places } from '../lib/locations.ts'
import { upkeep } from '../lib/upkeep.ts'
import { localLogKey } from '../local/logkey.ts'
import { arrivalOf, sampleEvents } from './archive.ts'

// What the functions around the archive share, and the upkeep of all archives at once.

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'registry-event-router-upkeep-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const KEY = Buffer.alloc(32, 7).toString('base64')
const open = (settings: Partial<ArchiveConfig> = {}, env: Record<string, string> = {}): ArchiveApp =>
  startArchive(
    { origin: 'events.example.com', readers: [], ...settings },
    { EMULATION: 'local', STATE_DIR: dir, SECRET_LOG_KEY: KEY, ...env },
  )

/** Archives `count` events of one day on that day, each in a batch of its own. */
async function fill(app: ArchiveApp, location: Location, count: number, from: number): Promise<void> {
  const parts = { store: app.store(location), location, key: await app.logKey(location), now: () => from }
  const { append } = archiver(parts)
  for (const event of sampleEvents(count, { location, from, days: 0.001 })) await append([arrivalOf(event)])
}
const files = (location: Location): string[] =>
  readdirSync(join(dir, 'archive', location), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.parquet'),
  )
const forEver = new AbortController().signal
const LONG_AGO = Date.UTC(2025, 0, 1, 12)

test('small files of every location are merged, and what was kept for long enough is removed', async () => {
  const app = open({ retention: { 'eu-de': 100 } })
  await fill(app, 'eu-de', 2, LONG_AGO)
  await fill(app, 'jp-tok', 3, LONG_AGO)
  expect(await upkeep(app, forEver)).toMatchObject({ merged: 3, removedDays: 1, failures: [] })
  expect(files('eu-de')).toEqual([])
  // The small ones go when the larger one is ten minutes old.
  expect(files('jp-tok')).toHaveLength(4)
})

test('what fails in one location is told, and costs no other one', async () => {
  const app = open({ retention: { default: 100 } })
  for (const location of ['eu-de', 'jp-tok'] as const) await fill(app, location, 2, LONG_AGO)
  appendFileSync(join(dir, 'archive/eu-de/log/checkpoint'), 'x')
  const { removedDays, failures } = await upkeep(app, forEver)
  expect([removedDays, failures]).toEqual([1, [{ location: 'eu-de', why: expect.any(String) }]])
  expect([files('eu-de').length, files('jp-tok').length]).toEqual([2, 0])
})

test('nothing is begun any more when its time is over', async () => {
  const app = open()
  await fill(app, 'eu-de', 3, LONG_AGO)
  expect(await upkeep(app, AbortSignal.abort())).toMatchObject({ merged: 0, removedFiles: 0, removedDays: 0 })
})

test('a queue that is no archive queue of the stage is refused', () => {
  const { archivingOf } = open()
  for (const name of ['registry-events-local-eu-de', 'registry-events-prod-eu-de-archive', ''])
    expect(() => archivingOf(name)).toThrow(`${name} is no archive queue of stage local.`)
  const { location, queue } = archivingOf('registry-events-local-jp-tok-archive')
  expect([location, queue.awsRegion]).toEqual(['jp-tok', 'ap-northeast-1'])
})

test('the key of a log has the name of the log, and one that is none is told', async () => {
  await expect(open({}, { SECRET_LOG_KEY: 'bG9jYWw=' }).logKey('eu-de')).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    message: 'The key of the log has 5 bytes instead of 32.',
  })
  expect((await open().logKey('eu-de')).name).toBe('events.example.com/local/eu-de')
})

test('on AWS an app knows the archive of its own region, and in local emulation all', () => {
  const env = { STAGE: 'prod', AWS_REGION: 'eu-central-1', ACCOUNT_ID: '123456789012', EMULATION: '' }
  expect(open({}, env).locations).toEqual(['eu-de'])
  expect(open({}, { ...env, AWS_REGION: 'eu-north-1' }).locations).toEqual([])
  expect(open().locations).toEqual(places.map(({ location }) => location))
})

test.each(places)('the longest name of a bucket of $location is one that S3 takes', ({ location }) => {
  const name = bucketName('Stage-of-twenty-eight-letter', location, '123456789012')
  expect(name).toMatch(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/)
})

test('the key of local emulation is made once, for its owner alone', async () => {
  const key = localLogKey(dir)
  expect(Buffer.from(key, 'base64')).toHaveLength(32)
  expect(localLogKey(dir)).toBe(key)
  expect(readFileSync(join(dir, 'log-key'), 'utf8')).toBe(`${key}\n`)
  expect(statSync(join(dir, 'log-key')).mode & 0o777).toBe(0o600)
  expect(readdirSync(dir)).toEqual(['log-key'])
  // One of the user's own, with another mind about white space.
  writeFileSync(join(dir, 'log-key'), `  ${KEY}\n\n`)
  expect(localLogKey(dir)).toBe(KEY)
})
