import { createHash } from 'node:crypto'
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { compact } from '../../lib/archive/compact.ts'
import { retain } from '../../lib/archive/retain.ts'
import { parseCheckpoint, signCheckpoint } from '../../lib/proof/checkpoint.ts'
import { logKey } from '../../lib/proof/note.ts'
import { openInstance } from '../../lib/search/duckdb.ts'
import { TOO_LONG, tooLong } from '../../lib/search/engine.ts'
import { readQuestion } from '../../lib/search/filter.ts'
import { files } from '../../lib/stores/files.ts'
import { archiveAll, sampleArchive, sampleEvents, sampleKey } from '../archive.ts'
import { NOW } from '../now.ts'
import { type Item, japanese, type SearchDoor, sampleDoor, searchDoor } from './door.ts'

const DAY = 24 * 60 * 60 * 1000

let door: SearchDoor

beforeAll(async () => {
  door = await sampleDoor()
})
afterAll(() => door.close())

describe('what is damaged', () => {
  /** A door over three batches of one day; and their files, by first leaf. */
  async function broken(): Promise<{ own: SearchDoor; names: string[]; path(name: string): string }> {
    const own = searchDoor()
    await sampleArchive(join(own.root, 'eu-de'), 90, { from: Date.UTC(2026, 9, 1), days: 0.5, batch: 30 })
    await sampleArchive(join(own.root, 'jp-tok'), 10, { ...japanese, days: 0.1 })
    const folder = 'events/location=eu-de/day=2026-10-01'
    const names = readdirSync(join(own.root, 'eu-de', folder))
      .toSorted()
      .map((name) => `${folder}/${name}`)
    return { own, names, path: (name) => join(own.root, 'eu-de', name) }
  }

  test.each([
    ['torn', (path: string) => truncateSync(path, 1000)],
    ['empty', (path: string) => truncateSync(path, 0)],
    ['no Parquet', (path: string) => writeFileSync(path, 'nonsense')],
    ['longer than it was', (path: string) => appendFileSync(path, 'x')],
    [
      'with a flipped bit',
      (path: string) => {
        const bytes = readFileSync(path)
        bytes[500] = (bytes[500] ?? 0) ^ 1
        writeFileSync(path, bytes)
      },
    ],
  ])('a file that is %s is left out and named, and the rest is answered', async (_, damage) => {
    const { own, names, path } = await broken()
    damage(path(names[1] as string))
    const damaged = [{ location: 'eu-de', file: names[1], why: expect.stringContaining('SHA-256') }]
    const { status, body } = await own.get('/events?limit=1000')
    expect(status).toBe(200)
    expect(body.damaged).toEqual(damaged)
    expect(body.events).toHaveLength(70)
    expect((await own.get('/events/counts')).body).toMatchObject({ total: 70, damaged })
    const refused = await own.get('/events?format=csv')
    expect(refused).toMatchObject({
      status: 500,
      body: { code: 'ARCHIVE_DAMAGED', message: expect.stringContaining(names[1] as string) },
    })
    expect(await own.get('/events?format=csv&damaged=skip')).toMatchObject({ status: 200 })
    expect(await own.get('/events/nowhere')).toMatchObject({ status: 500, body: { code: 'ARCHIVE_DAMAGED' } })
    expect(await own.get('/logs/eu-de/tile/entries/000.p/90')).toMatchObject({
      status: 500,
      body: { code: 'ARCHIVE_DAMAGED' },
    })
    own.close()
  })

  test('a file that is torn while it is in use is found, too', async () => {
    const { own, names, path } = await broken()
    expect((await own.get('/events?limit=1000')).body.events).toHaveLength(100)
    truncateSync(path(names[0] as string), 2000)
    const { status, body } = await own.get('/events?limit=1000')
    expect({ status, files: body.damaged?.map(({ file }: { file: string }) => file) }).toEqual({
      status: 200,
      files: [names[0]],
    })
    expect(body.events).toHaveLength(70)
    own.close()
  })

  test('a missing file costs its own events alone, and its leaves are named until it is back', async () => {
    const { own, names, path } = await broken()
    const { events } = (await own.get('/events?limit=1000')).body
    const lost = events.find(({ location, leaf }: Item) => location === 'eu-de' && leaf === 65)
    const kept = readFileSync(path(names[2] as string))
    rmSync(path(names[2] as string))
    const damaged = [{ location: 'eu-de', file: 'events/location=eu-de/', why: 'The leaves 60-89 are in no file.' }]
    for (const door of [own, searchDoor(own.root)]) {
      const { body } = await door.get('/events?limit=1000')
      expect(body.events).toHaveLength(70)
      expect(body).toMatchObject({ damaged })
      expect((await door.get('/events/counts')).body).toMatchObject({ total: 70, damaged })
      expect((await door.get('/events?after=eu-de:70')).body).toMatchObject({
        damaged: [{ why: 'The leaves 70-89 are in no file.' }],
      })
      expect(await door.get('/events?format=csv')).toMatchObject({ status: 500, body: { code: 'ARCHIVE_DAMAGED' } })
      for (const place of [`/events/${lost.event.id}`, `/events/${lost.event.id}/proof`]) {
        expect(await door.get(place)).toMatchObject({ status: 500, body: { code: 'ARCHIVE_DAMAGED' } })
      }
    }
    writeFileSync(path(names[2] as string), kept)
    expect((await own.get('/events?limit=1000')).body.events).toHaveLength(100)
    expect((await own.get('/events?limit=1000')).body).not.toHaveProperty('damaged')
    own.close()
  })

  test('a file that was torn and is put back is read again', async () => {
    const { own, names, path } = await broken()
    const kept = readFileSync(path(names[1] as string))
    truncateSync(path(names[1] as string), 1000)
    expect((await own.get('/events?limit=1000')).body.events).toHaveLength(70)
    writeFileSync(path(names[1] as string), kept)
    const { body } = await own.get('/events?limit=1000')
    expect(body.events).toHaveLength(100)
    expect(body).not.toHaveProperty('damaged')
    own.close()
  })

  test.each([
    ['no Parquet', async (path: string) => writeFileSync(path, 'PAR1 torn')],
    [
      'Parquet of other columns',
      async (path: string) => {
        const connection = await (await DuckDBInstance.create(':memory:')).connect()
        await connection.run(`COPY (SELECT 7 AS leaf, 'a' AS id) TO '${path}' (FORMAT parquet)`)
      },
    ],
  ])('a file whose name fits its bytes, but that is %s, costs nothing but itself', async (_, write) => {
    const { own, path } = await broken()
    const made = path('made')
    await write(made)
    const digest = createHash('sha256').update(readFileSync(made)).digest('hex').slice(0, 32)
    const name = `events/location=eu-de/day=2026-10-01/000000000005-1-${digest}.parquet`
    for (const isNew of [true, false]) {
      if (!isNew) await own.get('/events')
      renameSync(made, path(name))
      const door = isNew ? searchDoor(own.root) : own
      await archiveAll(files(join(own.root, 'eu-de')), sampleEvents(1, { seed: isNew ? 8 : 9 }))
      const { status, body } = await door.get('/events?limit=1000')
      expect({ status, events: body.events?.length }).toEqual({ status: 200, events: isNew ? 101 : 102 })
      expect(body.damaged).toEqual([{ location: 'eu-de', file: name, why: expect.stringMatching(/^It (?:has|can)/) }])
      renameSync(path(name), made)
    }
    own.close()
  })

  test('a missing tile costs the proofs of its events, and is named', async () => {
    const { own, path } = await broken()
    rmSync(path('log/tile/0/000.p/90'))
    const { status, body } = await own.get('/events?limit=1000&proof=true')
    expect(status).toBe(200)
    expect(body.events).toHaveLength(100)
    expect(body.events.filter(({ proof }: Item) => proof).every(({ location }: Item) => location === 'jp-tok')).toBe(
      true,
    )
    expect(body.damaged).toEqual([
      { location: 'eu-de', file: 'log/tile/0/000.p/90', why: 'log/tile/0/000.p/90 is missing.' },
    ])
    expect((await own.get('/events?limit=1000')).body).not.toHaveProperty('damaged')
    const { event } = body.events.find(({ location }: Item) => location === 'eu-de')
    for (const place of [`/events/${event.id}/proof`, '/logs/eu-de/tile/0/000.p/90']) {
      expect(await own.get(place)).toMatchObject({
        status: 500,
        body: { code: 'ARCHIVE_DAMAGED', message: expect.stringContaining('log/tile/0/000.p/90 is missing') },
      })
    }
    own.close()
  })

  const foreign = (root: string): string => {
    const { size, root: hash } = parseCheckpoint(readFileSync(join(root, 'eu-de/log/checkpoint'), 'utf8'))
    return signCheckpoint(size, hash, logKey(sampleKey().name, Buffer.alloc(32, 9)))
  }

  test.each([
    ['none', () => 'nonsense', 'no signed note'],
    ['of a foreign key', foreign, 'not signed by the key'],
  ])('a checkpoint that is %s costs its location alone', async (_, checkpoint, why) => {
    const { own, path } = await broken()
    const { event } = (await own.get('/events?location=jp-tok&limit=1')).body.events[0]
    writeFileSync(path('log/checkpoint'), checkpoint(own.root))
    const damaged = [{ location: 'eu-de', file: 'log/checkpoint', why: expect.stringContaining(why) }]
    const { body } = await own.get('/events?limit=1000')
    expect(body).toMatchObject({ complete: [{ location: 'jp-tok' }], damaged })
    expect(body.events).toHaveLength(10)
    expect((await own.get('/events/counts')).body).toMatchObject({ total: 10, damaged })
    expect((await own.get('/logs')).body).toMatchObject({ logs: [{ location: 'jp-tok' }], damaged })
    for (const place of ['', '/proof', '/explain']) {
      expect(await own.get(`/events/${event.id}${place}`)).toMatchObject({ status: 200 })
    }
    for (const place of ['/events?location=eu-de', '/events/counts?location=eu-de', '/logs/eu-de/checkpoint']) {
      expect(await own.get(place)).toMatchObject({
        status: 500,
        body: { code: 'ARCHIVE_DAMAGED', message: expect.stringMatching(`eu-de.*${why}`) },
      })
    }
    expect(await own.get('/events/nowhere')).toMatchObject({ status: 500, body: { code: 'ARCHIVE_DAMAGED' } })
    own.close()
  })

  test('a foreign key in the archive changes nothing where the key is configured', async () => {
    const { own, path } = await broken()
    const key = logKey(sampleKey().name, Buffer.alloc(32, 9))
    writeFileSync(path('log/checkpoint'), foreign(own.root))
    writeFileSync(path('log/key'), `${key.text}\n`)
    // Nothing else is known: that one counts.
    expect(await own.get('/events?location=eu-de')).toMatchObject({ status: 200 })
    own.archives.key = async (location) => (location === 'eu-de' ? sampleKey() : undefined)
    expect(await own.get('/events?location=eu-de')).toMatchObject({
      status: 500,
      body: { code: 'ARCHIVE_DAMAGED', message: expect.stringContaining(sampleKey().text) },
    })
    expect((await own.get('/logs/eu-de/key')).text).toBe(`${sampleKey().text}\n`)
    own.close()
  })
})

describe('what was removed under retention', () => {
  const FIRST = Date.UTC(2026, 8, 1)
  const LAST = FIRST + 10 * DAY

  /** A door over ten days, of which the first five were removed. */
  async function retained(): Promise<SearchDoor> {
    const own = searchDoor()
    await sampleArchive(join(own.root, 'eu-de'), 600, { from: FIRST, days: 10, batch: 30 })
    const store = files(join(own.root, 'eu-de'))
    const kept = { store, location: 'eu-de', key: sampleKey(), days: 4, now: () => LAST, tellDamaged: () => {} }
    await retain(kept)
    return own
  }

  test('is told, of the days that are asked for', async () => {
    const own = await retained()
    const removed = [{ location: 'eu-de', firstDay: '2026-09-01', lastDay: '2026-09-06', count: expect.any(Number) }]
    const { body } = await own.get('/events?limit=1000')
    expect(body).toMatchObject({ removed })
    expect(body).not.toHaveProperty('damaged')
    expect(body.events.length + body.removed[0].count).toBe(600)
    expect((await own.get('/events/counts')).body).toMatchObject({ total: body.events.length, removed })
    expect((await own.get('/events?to=2026-09-03T12:00:00Z')).body).toMatchObject({
      removed: [{ firstDay: '2026-09-01', lastDay: '2026-09-03' }],
    })
    expect((await own.get('/events?from=2026-09-08T00:00:00Z')).body).not.toHaveProperty('removed')
    const { headers } = await own.get('/events?format=ndjson')
    expect(headers['registry-events-removed']).toBe(`eu-de:${body.removed[0].count}`)
    expect(await own.get('/events/nowhere')).toMatchObject({ status: 410, body: { code: 'REMOVED' } })
    own.close()
  })

  test('is not what was stolen', async () => {
    const own = await retained()
    const folder = join(own.root, 'eu-de/events/location=eu-de/day=2026-09-10')
    rmSync(folder, { recursive: true })
    expect((await own.get('/events')).body).toMatchObject({
      removed: [{ lastDay: '2026-09-06' }],
      damaged: [{ file: 'events/location=eu-de/', why: expect.stringMatching(/^The leaves \d+-599 are in no file/) }],
    })
    expect(await own.get('/logs/eu-de/tile/entries/000')).toMatchObject({ status: 410, body: { code: 'REMOVED' } })
    expect(await own.get('/logs/eu-de/tile/entries/002.p/88')).toMatchObject({
      status: 500,
      body: { code: 'ARCHIVE_DAMAGED' },
    })
    // A note that nobody signed explains nothing.
    writeFileSync(join(own.root, 'eu-de/removed/2026-09-01'), 'nonsense')
    const { damaged } = (await own.get('/events')).body
    expect(damaged.map(({ file }: { file: string }) => file)).toEqual(['removed/2026-09-01', 'events/location=eu-de/'])
    own.close()
  })
})

describe('DuckDB', () => {
  test('reads and writes nothing but the archives, whatever it is asked', async () => {
    const connection = await (await openInstance(door.root)).connect()
    await connection.run(`SELECT * FROM read_text('${join(door.root, 'eu-de/log/checkpoint')}')`)
    for (const statement of [
      "SELECT * FROM read_text('/etc/passwd')",
      `SELECT * FROM read_text('${door.root}/../passwd')`,
      `COPY (SELECT 1) TO '${door.root}x.csv'`,
      'SET enable_external_access = true',
      "SET allowed_directories = ['/']",
      'INSTALL httpfs',
    ]) {
      await expect(connection.run(statement)).rejects.toThrow(/disabled|locked/)
    }
  })

  test('is interrupted when a question takes too long, and the answer says what to do', async () => {
    const { engine } = door.archives
    const asked = new AbortController()
    const { filter, sort } = readQuestion(new URLSearchParams('q=x'), NOW)
    const scopes = [{ location: 'eu-de' as const, from: 0, size: 300 }]
    const page = engine.page({ filter, sort, scopes, limit: 1 }, asked.signal)
    asked.abort()
    await expect(page).rejects.toMatchObject({ code: 'UNAVAILABLE', message: TOO_LONG })
    const own = searchDoor(door.root)
    own.archives.engine = { ...engine, page: () => Promise.reject(tooLong()) }
    expect(await own.get('/events')).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE', message: TOO_LONG } })
  })
})

describe('copies', () => {
  test('are answered once, whether a message came twice or files are being merged', async () => {
    const own = searchDoor()
    const store = files(join(own.root, 'eu-de'))
    const sample = [...sampleEvents(60, { from: Date.UTC(2026, 9, 1), days: 0.5 })]
    await archiveAll(store, sample, { batch: 10 })
    expect((await own.get('/events?limit=1000')).body.events).toHaveLength(60)
    await archiveAll(store, sample.slice(0, 25), { batch: 10 })
    expect((await own.get('/events?limit=1000')).body).toMatchObject({
      events: { length: 60 },
      complete: [{ size: 85 }],
    })
    const merge = (grace: number) =>
      compact({ store, location: 'eu-de', now: () => Date.now() + 1000, grace, tellDamaged: () => {} })
    // Every event lies in two files for a while.
    await merge(3_600_000)
    const answers = async () => [
      (await own.get('/events?limit=1000')).body.events.length,
      (await own.get('/events/counts')).body.total,
    ]
    expect(await answers()).toEqual([60, 60])
    expect(await other(own.root)).toEqual([60, 60])
    await merge(0)
    expect(await answers()).toEqual([60, 60])
    expect(await other(own.root)).toEqual([60, 60])
    own.close()
  })

  /** What somebody who never looked before is answered. */
  async function other(root: string): Promise<number[]> {
    const fresh = searchDoor(root)
    return [(await fresh.get('/events?limit=1000')).body.events.length, (await fresh.get('/events/counts')).body.total]
  }
})
