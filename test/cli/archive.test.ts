import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { main } from '../../cli/program.ts'
import { places } from '../../lib/locations.ts'
import { files } from '../../lib/stores/files.ts'
import { s3 } from '../../lib/stores/s3.ts'
import { filesOf, key, openSample, otherKey, provenLeaves, type Sample, seed } from '../archive/upkeep.ts'
import { type Bucket, openBucket } from '../stores/bucket.ts'

const old = '2020-01-01'
// A day that is never over.
const today = '2999-01-01'

let folder: string
let sample: Sample
const before = { ...process.env }
beforeAll(() => {
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text
    return true
  })
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text
    return true
  })
})
afterAll(() => {
  jest.restoreAllMocks()
})
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'archives-'))
  const settings = { origin: 'events.example.com', readers: [], retention: { 'eu-de': 30 } }
  writeFileSync(join(folder, 'archive.ts'), `export const archive = ${JSON.stringify(settings)}\n`)
  Object.assign(process.env, {
    STATE_DIR: folder,
    STAGE: 'test',
    EMULATION: 'local',
    ARCHIVE: join(folder, 'archive.ts'),
  })
  writeFileSync(join(folder, 'log-key'), `${seed.toString('base64')}\n`)
  sample = openSample('2020-01-02T00:00:00Z', undefined, files(join(folder, 'archive', 'eu-de')))
  for (let batch = 0; batch < 2; batch++) await sample.append({ [old]: 2, [today]: 1 })
})
afterEach(() => {
  rmSync(folder, { recursive: true })
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
})

let out = ''
let err = ''
async function run(...args: string[]) {
  out = ''
  err = ''
  const code = await main(['archive', ...args])
  return {
    code,
    out,
    err,
    lines: args.includes('--json')
      ? out
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : [],
  }
}

describe('compact', () => {
  test('says what it did, at once when it shall', async () => {
    const tried = await run('compact', '--dry-run')
    expect([tried.code, tried.err]).toEqual([0, expect.stringContaining('Nothing was changed: 1 archive.')])
    expect(await filesOf(sample.store)).toHaveLength(4)
    const first = await run('compact', '--json')
    expect(first).toMatchObject({
      code: 0,
      lines: [{ location: 'eu-de', merged: 2, written: 1, events: 4, removed: 0, waiting: 2 }],
    })
    expect((await run('compact', '--at-once')).out).toMatch(/eu-de +0 +0 +0 +2 +\d/)
    expect(await filesOf(sample.store)).toHaveLength(3)
    expect(await provenLeaves(sample.store)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('ends with 4 and names the file when one is damaged', async () => {
    const [torn = ''] = await filesOf(sample.store)
    await sample.store.put(torn, Buffer.from('half'))
    const ended = await run('compact', '--json')
    expect([ended.code, ended.err]).toEqual([4, expect.stringContaining(`${torn} is damaged and was left alone`)])
    expect(ended.lines[0].damaged).toEqual([{ name: torn, why: expect.stringContaining('Its bytes') }])
  })
})

describe('retention', () => {
  test('dry first, then in earnest', async () => {
    const tried = await run('retention', '--dry-run')
    expect(tried.out).toMatch(/eu-de +2020-01-01 +4 +2 +[\d.]+ KiB +would be removed/)
    expect(tried.err).toContain('Without --dry-run it would be 1 day, 4 events')
    expect(await filesOf(sample.store)).toHaveLength(4)
    expect(await run('retention', '--json')).toMatchObject({
      code: 0,
      lines: [{ day: old, events: 4, removed: true, holds: [] }],
    })
    expect(await provenLeaves(sample.store)).toEqual([2, 5])
    expect((await run('retention')).err).toContain('Removed: 0 days, 0 events')
  })

  test('leaves what archive.ts does not speak of', async () => {
    mkdirSync(join(folder, 'archive', 'jp-tok'))
    const ended = await run('retention', '--location', 'jp-tok')
    expect([ended.code, ended.err]).toEqual([0, expect.stringContaining('jp-tok: events are kept for ever')])
  })

  test('without the key, or with another one, nothing goes', async () => {
    rmSync(join(folder, 'log-key'))
    expect(await run('retention')).toMatchObject({ code: 2, err: expect.stringContaining('set SECRET_LOG_KEY') })
    process.env.SECRET_LOG_KEY = Buffer.alloc(32, 8).toString('base64')
    expect(otherKey.name).toBe(key.name)
    expect((await run('retention')).code).toBe(4)
    process.env.SECRET_LOG_KEY = 'short'
    expect((await run('retention')).code).toBe(2)
    expect(await filesOf(sample.store)).toHaveLength(4)
  })
})

describe('hold', () => {
  const held = ['hold', 'add', 'case-7', '--from', old, '--to', old, '--reason', 'Case 7', '--by', 'legal']

  test('keeps days, is listed, is released', async () => {
    expect(await run(...held, '--location', 'eu-de')).toMatchObject({
      code: 0,
      out: `eu-de: case-7 holds ${old} to ${old}.\n`,
    })
    expect((await run('retention')).out).toMatch(/2020-01-01 .* stays: held by case-7/)
    expect(await run('hold', 'list', '--json')).toMatchObject({
      code: 0,
      lines: [
        {
          location: 'eu-de',
          name: 'case-7',
          from: old,
          to: old,
          by: 'legal',
          reason: 'Case 7',
          time: expect.any(String),
        },
      ],
    })
    expect((await run('hold', 'list')).err).toContain('1 hold, 0 released.')
    expect((await run('hold', 'release', 'case-7', '--reason', 'closed')).code).toBe(0)
    expect((await run('hold', 'list')).err).toContain('0 holds, 1 released.')
    expect((await run('retention')).err).toContain('Removed: 1 day, 4 events')
  })

  test('of all archives keeps the days of those that begin later, too', async () => {
    rmSync(join(folder, 'archive', 'eu-de'), { recursive: true })
    const all = await run(...held, '--json')
    expect([all.code, all.lines.map(({ location }) => location)]).toEqual([0, places.map(({ location }) => location)])
    sample = openSample(undefined, undefined, files(join(folder, 'archive', 'eu-de')))
    await sample.append({ [old]: 1 })
    expect((await run('retention')).out).toMatch(/eu-de +2020-01-01 .* stays: held by case-7/)
    expect((await run('hold', 'release', 'case-7', '--reason', 'closed')).code).toBe(0)
    expect((await run('hold', 'list')).err).toContain(`0 holds, ${places.length} released.`)
  })

  test('of a location whose archive has not begun is there when it begins', async () => {
    expect(await run(...held, '--location', 'jp-tok')).toMatchObject({ code: 0 })
    expect(readdirSync(join(folder, 'archive', 'jp-tok', 'holds'))).toEqual(['case-7'])
  })

  test('that comes too late says so', async () => {
    await run('retention')
    const late = await run(...held)
    expect([late.code, late.err]).toEqual([1, expect.stringContaining(`events of ${old} were removed before that`)])
  })

  test.each([
    [['hold', 'add', 'case-7', '--from', old], 'Say --to and --reason, too.'],
    [['hold', 'add', '--from', old, '--to', old, '--reason', 'x'], 'Say a name, too.'],
    [['hold', 'keep', 'case-7'], 'Allowed choices are add, list, release'],
    [['hold', 'add', 'case-7', '--from', '22.11.2026'], 'Write it like 2026-11-22.'],
    [['hold', 'release', 'case-8', '--reason', 'x'], 'There is no hold case-8.'],
    [['hold', 'list', '--location', 'mars'], 'It has to be one of us-south,'],
    [['compact', '--location', 'jp-tok'], 'There is no archive of jp-tok in'],
    [['compact', '--dir', '/nowhere/at/all'], 'There are no archives in /nowhere/at/all'],
  ])('%j is wrong usage', async (args, why) => {
    const files = readdirSync(folder, { recursive: true }).length
    expect(await run(...args)).toMatchObject({ code: 2, err: expect.stringContaining(why) })
    expect(readdirSync(folder, { recursive: true })).toHaveLength(files)
  })
})

describe('on AWS', () => {
  let bucket: Bucket
  beforeEach(async () => {
    bucket = await openBucket('events-test-eu-de-111122223333')
    const { endpoint } = bucket.options
    const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'secret' }
    Object.assign(process.env, { ...credentials, EMULATION: '', AWS_ENDPOINT: endpoint, ACCOUNT_ID: '111122223333' })
    sample = openSample('2020-01-02T00:00:00Z', undefined, s3(bucket.options))
    for (let batch = 0; batch < 2; batch++) await sample.append({ [old]: 2, [today]: 1 })
    bucket.fail(({ method }) =>
      method === 'POST' ? { status: 200, body: JSON.stringify({ SecretString: seed.toString('base64') }) } : undefined,
    )
  })
  afterEach(() => bucket.close())

  test('it works on the bucket of the location, with the key of the Secrets Manager', async () => {
    const where = ['--location', 'eu-de']
    expect((await run('compact', ...where)).code).toBe(0)
    expect(await filesOf(sample.store)).toHaveLength(5)
    expect((await run('retention', ...where)).code).toBe(0)
    expect(await provenLeaves(sample.store)).toEqual([2, 5])
  })

  test('what a bucket refuses ends with 3, and says why', async () => {
    bucket.fail(() => ({ status: 403, body: '<Error><Code>AccessDenied</Code><Message>no</Message></Error>' }))
    expect(await run('compact', '--location', 'eu-de')).toMatchObject({
      code: 3,
      err: expect.stringContaining('bucket events-test-eu-de-111122223333 in eu-central-1 failed: 403 AccessDenied'),
    })
  })

  test('locations that are not deployed are named, and are no error', async () => {
    bucket.fail(({ response }) =>
      response.req.url?.startsWith('/events-test-eu-de-')
        ? undefined
        : { status: 404, body: '<Error><Code>NoSuchBucket</Code></Error>' },
    )
    const ended = await run('compact', '--json', '--stage', 'test')
    expect(ended.lines).toEqual([expect.objectContaining({ location: 'eu-de', merged: 2 })])
    expect(ended.err).toContain('jp-tok is not deployed')
    expect(ended.code).toBe(0)
  })

  test('a hold of all archives ends with 1 when some are not deployed, and says how to hold those', async () => {
    bucket.fail(({ response }) =>
      response.req.url?.startsWith('/events-test-eu-de-')
        ? undefined
        : { status: 404, body: '<Error><Code>NoSuchBucket</Code></Error>' },
    )
    const held = ['hold', 'add', 'case-7', '--from', old, '--to', old, '--reason', 'Case 7', '--json']
    const ended = await run(...held, '--stage', 'test')
    expect(ended.lines).toEqual([expect.objectContaining({ location: 'eu-de', name: 'case-7' })])
    expect(ended.err).toContain('Nothing was done there: say --location jp-tok when it is deployed.')
    expect(ended.code).toBe(1)
  })
})
