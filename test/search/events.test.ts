import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { type Cursor, writeCursor } from '../../lib/search/cursor.ts'
import { fields } from '../../lib/search/fields.ts'
import { files } from '../../lib/stores/files.ts'
import { archiveAll, sampleEvents } from '../archive.ts'
import { NOW } from '../now.ts'
import { type Answered, german, type Item, type SearchDoor, sampleDoor, searchDoor } from './door.ts'

let door: SearchDoor

beforeAll(async () => {
  door = await sampleDoor()
})
afterAll(() => door.close())

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

  describe('writes nothing of a query that is refused to the log', () => {
    const parameters = [
      ...Object.keys(fields).flatMap((name) => [name, `${name}!`]),
      ...['location', 'location!', 'from', 'to', 'after', 'sort', 'limit', 'cursor', 'format', 'proof', 'damaged'],
      ...['by', 'top', 'interval', 'mallory', 'Mallory='],
    ]
    test.each(parameters)('%s', async (name) => {
      for (const value of [
        'mallory',
        '10.1.2.3/mallory',
        'mallory\u0000',
        'eu-de:mallory',
        `mallory${'x'.repeat(2000)}`,
      ]) {
        for (const path of ['/events', '/events/counts', '/events/x', '/events/mallory/proof', '/searches']) {
          const { entry } = await door.get(`${path}?${new URLSearchParams({ [name]: value })}`)
          expect(JSON.stringify(entry)).not.toMatch(/mallory/i)
        }
      }
    })

    test('and names the parameters in which the mistakes are', async () => {
      const { entry } = await door.get('/events?initiatr=mallory&address=10.1.2.3/99&from=now')
      expect(entry.why).toBe('The query has 3 mistake(s), in: what is no parameter, from, address.')
    })

    test.each([
      '/mallory',
      '/events/mallory',
      '/events/a%2Fmallory%00',
      '/logs/mallory/key',
      '/logs/eu-de/tile/mallory',
    ])('nor of the path %s', async (path) => {
      const { entry, status } = await door.get(path)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(JSON.stringify(entry)).not.toContain('mallory')
    })
  })

  test('writes no words of an engine that fails to the log, and answers that it failed', async () => {
    const own = searchDoor()
    await archiveAll(files(join(own.root, 'eu-de')), sampleEvents(2, german), german)
    own.archives.engine.page = async () => {
      throw new Error("Conversion Error: Could not convert string 'mallory' to INT32\n\nLINE 1: mallory", {
        cause: new TypeError('mallory'),
      })
    }
    const { status, body, entry } = await own.get('/events?q=mallory')
    expect({ status, body }).toEqual({
      status: 500,
      body: { code: 'INTERNAL', message: 'Something went wrong here: ask again. The log says what it was.' },
    })
    expect(JSON.stringify(entry)).not.toContain('mallory')
    expect(entry.error).toMatchObject({
      name: 'Error',
      kind: 'Conversion Error',
      stack: expect.arrayContaining([expect.stringContaining('events.test.ts')]),
      cause: { name: 'TypeError' },
    })
    own.close()
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

  describe('that somebody made up is refused', () => {
    const made: [what: string, query: string, change: (cursor: Cursor) => object][] = [
      ['asked in a year that is none', 'from=1d', () => ({ now: 9e15 })],
      ['asked before all years', 'from=1d', () => ({ now: -9e15 })],
      ['at a time that is none', 'sort=time', ({ position }) => ({ position: { ...position, time: 2.6e14 } })],
      ['before all times', 'sort=time', ({ position }) => ({ position: { ...position, time: -3.1e13 } })],
      ['a value where none is', 'sort=time', ({ position }) => ({ position: { ...position, value: 'x' } })],
      ['a severity as text', 'sort=severity', ({ position }) => ({ position: { ...position, value: 'high' } })],
      ['a severity of 1e300', 'sort=severity', ({ position }) => ({ position: { ...position, value: 1e300 } })],
      ['no severity', 'sort=severity', ({ position: { value: _, ...position } }) => ({ position })],
      ['an initiator as a number', 'sort=initiator', ({ position }) => ({ position: { ...position, value: 1 } })],
      ['half a character', 'sort=initiator', ({ position }) => ({ position: { ...position, value: '\ud83d' } })],
      ['a leaf below 0', 'sort=time', ({ position }) => ({ position: { ...position, leaf: -1 } })],
      [
        'a checkpoint that nobody signed',
        'sort=time',
        ({ checkpoints: [first] }) => ({
          checkpoints: [{ ...first, note: first?.note.replace('\n300\n', '\n7\n') }],
        }),
      ],
      [
        'a checkpoint of another location',
        'sort=time',
        ({ checkpoints: [first, second] }) => ({ checkpoints: [{ ...first, note: second?.note }] }),
      ],
      [
        'a checkpoint that is none',
        'sort=time',
        ({ checkpoints: [first] }) => ({ checkpoints: [{ ...first, note: 'x' }] }),
      ],
      ['a checkpoint twice', 'sort=time', ({ checkpoints: [first] }) => ({ checkpoints: [first, first] })],
    ]
    test.each(made)('%s', async (_, query, change) => {
      const path = `/events?limit=5&${query}`
      const { body } = await door.get(path)
      const own = JSON.parse(inflateRawSync(Buffer.from(body.next, 'base64url')).toString()) as Cursor
      expect(await door.get(`${path}&cursor=${writeCursor(own)}`)).toMatchObject({ status: 200 })
      const cursor = writeCursor({ ...own, ...change(own) } as Cursor)
      const { status, body: error, entry } = await door.get(`${path}&cursor=${cursor}`)
      expect({ status, code: error.code, logged: entry.code }).toEqual({
        status: 400,
        code: 'BAD_CURSOR',
        logged: 'BAD_CURSOR',
      })
    })
  })

  test('leads on whatever length the query has, and headers stay small', async () => {
    const names = Array.from({ length: 365 }, (_, index) => `initiator!=nobody-${index}`).join('&')
    const path = `/events?${names}&limit=300`
    expect(Buffer.byteLength(path)).toBeGreaterThan(8 * 1024 - 500)
    const first = await door.get(path)
    expect(first).toMatchObject({ status: 200, headers: { 'registry-events-next': first.body.next } })
    expect(first.headers).not.toHaveProperty('link')
    expect(Object.entries(first.headers).join().length).toBeLessThan(4096)
    const second = await door.get(`${path}&cursor=${first.body.next}`)
    expect({ status: second.status, next: second.body.next }).toEqual({ status: 200, next: null })
    expect(first.body.events.length + second.body.events.length).toBe(350)
    for (const query of [
      `cursor=${'x'.repeat(8186)}`,
      `limit=1&cursor=${'x'.repeat(9000)}`,
      `cursor=x&q=${'x'.repeat(8190)}`,
    ])
      expect(await door.get(`/events?${query}`)).toMatchObject({ status: 414, body: { code: 'QUERY_TOO_LARGE' } })
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
