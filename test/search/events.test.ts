import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { files } from '../../lib/stores/files.ts'
import { archiveAll, sampleArchive, sampleEvents } from '../archive.ts'
import { NOW } from '../now.ts'
import { type Answered, type SearchDoor, searchDoor } from './door.ts'

const DAY = 24 * 60 * 60 * 1000
const FROM = NOW - 2 * DAY
const german = { location: 'eu-de', from: FROM, days: 2 } as const
const japanese = { location: 'jp-tok', from: FROM, days: 2, seed: 2 } as const

let door: SearchDoor

beforeAll(async () => {
  door = searchDoor()
  await sampleArchive(join(door.root, 'eu-de'), 300, { ...german, batch: 100 })
  await sampleArchive(join(door.root, 'jp-tok'), 50, japanese)
})
afterAll(() => door.close())

interface Item {
  location: string
  leaf: number
  event: { id: string; eventTime: string; action: string; initiator: { name: string } }
  proof?: string[]
}
const places = ({ body }: Answered): string[] => body.events.map(({ location, leaf }: Item) => `${location}:${leaf}`)

/** Follows `next` to the end. */
async function allPages(path: string): Promise<string[]> {
  const found: string[] = []
  for (let cursor = ''; ; ) {
    const page = await door.get(`${path}${cursor}`)
    found.push(...places(page))
    if (page.body.next === null) return found
    cursor = `&cursor=${page.body.next}`
  }
}

describe('GET /events', () => {
  test('answers the newest events of all locations, with the checkpoints at which that is whole', async () => {
    const { status, headers, body, entry } = await door.get('/events?limit=5')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('application/json')
    expect(body.events).toHaveLength(5)
    const times = body.events.map(({ event }: Item) => event.eventTime)
    expect(times).toEqual(times.toSorted().toReversed())
    expect(Object.keys(body.events[0])).toEqual(['location', 'leaf', 'routedTime', 'archivedTime', 'event'])
    expect(body.events[0].routedTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(body.complete).toMatchObject([
      {
        location: 'eu-de',
        size: 300,
        checkpoint: expect.stringContaining('registry-events.example.com/test/eu-de\n300\n'),
      },
      {
        location: 'jp-tok',
        size: 50,
        checkpoint: expect.stringContaining('registry-events.example.com/test/jp-tok\n50\n'),
      },
    ])
    expect(body).not.toHaveProperty('damaged')
    expect(entry).toMatchObject({ event: 'search', reader: 'all', asked: '/events', found: 5 })
  })

  test('answers each event as it was archived', async () => {
    const [event] = [...sampleEvents(300, german)]
    const { text } = await door.get('/events?location=eu-de&sort=time&limit=1')
    expect(text).toContain(`"event":${canonicalText(event)}`)
  })

  test('writes nothing of the query to the log', async () => {
    const { entry } = await door.get('/events?initiator=mallory&q=secret')
    expect(JSON.stringify(entry)).not.toMatch(/mallory|secret/)
  })

  test('answers leaves from those on that are named', async () => {
    expect(places(await door.get('/events?after=eu-de:298,jp-tok:49&sort=time')).toSorted()).toEqual([
      'eu-de:298',
      'eu-de:299',
      'jp-tok:49',
    ])
    expect(places(await door.get('/events?after=eu-de:999999999999&location=eu-de'))).toEqual([])
  })

  test('takes a time as how long ago', async () => {
    const { body } = await door.get('/events?from=1h')
    expect(body.events.length).toBeGreaterThan(0)
    for (const { event } of body.events as Item[]) {
      expect(Date.parse(event.eventTime.replace('+0000', 'Z'))).toBeGreaterThanOrEqual(NOW - 3_600_000)
    }
  })

  test('is at home in an archive that has nothing', async () => {
    expect(await door.get('/events?location=au-syd')).toMatchObject({
      status: 200,
      body: { events: [], next: null, complete: [] },
    })
  })
})

describe('a cursor', () => {
  test('leads through all pages without a gap and without a repetition', async () => {
    const found = await allPages('/events?limit=60')
    expect(found).toHaveLength(350)
    expect(new Set(found).size).toBe(350)
    expect(await allPages('/events?limit=17&sort=severity')).toHaveLength(350)
  })

  test('keeps all pages at the checkpoints of the first one', async () => {
    const own = searchDoor()
    const store = files(join(own.root, 'eu-de'))
    const sample = [...sampleEvents(30, german)]
    await archiveAll(store, sample.slice(0, 20), german)
    const first = await own.get('/events?limit=15')
    await archiveAll(store, sample.slice(20), german)
    const second = await own.get(`/events?limit=15&cursor=${first.body.next}`)
    expect(second.body.complete).toEqual(first.body.complete)
    expect(second.body).toMatchObject({ next: null, complete: [{ size: 20 }] })
    expect(second.body.events).toHaveLength(5)
    expect((await own.get('/events?limit=100')).body).toMatchObject({ complete: [{ size: 30 }] })
    own.close()
  })

  test('goes with another limit and form', async () => {
    const { body } = await door.get('/events?location=jp-tok&limit=10')
    const rest = await door.get(`/events?format=ndjson&limit=1000&location=jp-tok&cursor=${body.next}`)
    expect(rest.text.trim().split('\n')).toHaveLength(40)
  })

  test.each([
    ['another filter', (next: string) => `/events?location=jp-tok&initiator=user-1&cursor=${next}`],
    ['another order', (next: string) => `/events?location=jp-tok&sort=time&cursor=${next}`],
    ['no filter', (next: string) => `/events?cursor=${next}`],
    [
      'a changed character',
      (next: string) =>
        `/events?location=jp-tok&cursor=${next.slice(0, 40)}${next[40] === 'A' ? 'B' : 'A'}${next.slice(41)}`,
    ],
    ['half of it', (next: string) => `/events?location=jp-tok&cursor=${next.slice(0, 40)}`],
    ['nonsense', () => '/events?location=jp-tok&cursor=nonsense'],
  ])('of another query is refused: %s', async (_, path) => {
    const { body } = await door.get('/events?location=jp-tok&limit=10')
    const { status, body: error } = await door.get(path(body.next))
    expect({ status, code: error.code }).toEqual({ status: 400, code: 'BAD_CURSOR' })
  })

  test('does not lead a reader to locations that it may not see', async () => {
    const { body } = await door.get('/events?limit=10')
    const { status, body: error } = await door.get(`/events?limit=10&cursor=${body.next}`, 'german')
    expect({ status, code: error.code }).toEqual({ status: 400, code: 'BAD_CURSOR' })
  })

  test('that would unfold to more than any cursor is refused', async () => {
    const { deflateRawSync } = await import('node:zlib')
    const bomb = deflateRawSync(Buffer.alloc(4_000_000)).toString('base64url')
    expect(await door.get(`/events?cursor=${bomb}`)).toMatchObject({ status: 400, body: { code: 'BAD_CURSOR' } })
  })
})

describe('GET /events/counts', () => {
  test('counts by value and by time', async () => {
    const { body } = await door.get('/events/counts?by=action&by=family&by=location&by=dataEvent&top=3')
    const { events } = (await door.get('/events?limit=1000')).body as { events: Item[] }
    expect(body.total).toBe(350)
    const pulls = events.filter(({ event }) => event.action === 'container-registry.image.pull').length
    expect(body.by.action).toHaveLength(3)
    expect(body.by.action[0]).toEqual({ value: 'container-registry.image.pull', count: pulls })
    expect(body.by.location).toEqual([
      { value: 'eu-de', count: 300 },
      { value: 'jp-tok', count: 50 },
    ])
    const images = events.filter(({ event }) => event.action.startsWith('container-registry.image.')).length
    expect(body.by.family).toEqual([
      { value: 'image', count: images },
      { value: 'namespace', count: 350 - images },
    ])
    expect(body.by.dataEvent.map(({ value }: { value: string }) => value).toSorted()).toEqual(['false', 'true'])
    expect(body.histogram.interval).toBe('1h')
    const buckets: { time: string; count: number }[] = body.histogram.buckets
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(350)
    expect(buckets.every(({ time }) => /T\d\d:00:00\.000Z$/.test(time))).toBe(true)
    expect(body.complete).toMatchObject([{ location: 'eu-de' }, { location: 'jp-tok' }])
  })

  test('takes the filters of events, and an interval', async () => {
    const { body } = await door.get('/events/counts?outcome=failure&interval=1d&by=outcome')
    expect(body.by.outcome).toEqual([{ value: 'failure', count: body.total }])
    for (const { count, failures } of body.histogram.buckets) expect(failures).toBe(count)
    expect(body.histogram.interval).toBe('1d')
  })

  test('refuses more buckets than anybody looks at', async () => {
    const { status, body } = await door.get('/events/counts?interval=1m&from=2020-01-01T00:00:00Z')
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'BAD_QUERY' })
    expect(body.message).toContain('the most are 10000')
  })

  test('of nothing are nothing', async () => {
    expect((await door.get('/events/counts?initiator=nobody&by=action')).body).toMatchObject({
      total: 0,
      by: { action: [] },
      histogram: { buckets: [] },
    })
  })
})
