import { appendFileSync, copyFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { compact } from '../../lib/archive/compact.ts'
import { files } from '../../lib/stores/files.ts'
import { archiveAll, sampleArchive, sampleEvents } from '../archive.ts'
import { type Item, japanese, type SearchDoor, sampleDoor, searchDoor } from './door.ts'

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

  test('a missing file costs its own events alone, and one that went away is looked for anew', async () => {
    const { own, names, path } = await broken()
    expect((await own.get('/events?limit=1000')).body.events).toHaveLength(100)
    const kept = `${path(names[2] as string)}.kept`
    copyFileSync(path(names[2] as string), kept)
    rmSync(path(names[2] as string))
    expect((await own.get('/events?limit=1000')).body.events).toHaveLength(70)
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

  test('a checkpoint that is none costs its location alone', async () => {
    const { own, path } = await broken()
    writeFileSync(path('log/checkpoint'), 'nonsense')
    expect(await own.get('/events')).toMatchObject({
      status: 500,
      body: { code: 'ARCHIVE_DAMAGED', message: expect.stringContaining('eu-de') },
    })
    expect(await own.get('/events?location=jp-tok')).toMatchObject({ status: 200 })
    own.close()
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
