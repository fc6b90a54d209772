import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { NOW } from '../now.ts'
import { ALL, type Item, type SearchDoor, sampleDoor, searchDoor } from './door.ts'

let door: SearchDoor

beforeAll(async () => {
  door = await sampleDoor()
})
afterAll(() => door.close())

describe('who asks', () => {
  test.each([
    ['nobody', '', {}],
    ['a wrong secret', 'wrong', {}],
    ['an empty one', '', { authorization: 'Bearer ' }],
    ['a scheme that is none', '', { authorization: 'Splunk all' }],
  ])('%s is answered 401', async (_, reader, headers) => {
    for (const path of ['/events', '/events/counts', '/events/x', '/logs', '/reader', '/nowhere']) {
      const { status, body } = await door.get(path, reader, { headers })
      expect({ status, body }).toEqual({
        status: 401,
        body: { code: 'UNAUTHENTICATED', message: 'The credentials are missing or wrong.' },
      })
    }
  })

  test('an address that guesses is told to wait, and others are not', async () => {
    const own = searchDoor()
    const guess = () => own.get('/reader', 'wrong', { address: '203.0.113.7' })
    const answers = []
    for (let index = 0; index < 30; index++) answers.push((await guess()).status)
    expect(answers.slice(0, 20).every((status) => status === 401)).toBe(true)
    expect(answers.at(-1)).toBe(429)
    expect((await guess()).headers).toMatchObject({ 'retry-after': '1' })
    expect(await own.get('/reader', 'all', { address: '203.0.113.8' })).toMatchObject({ status: 200 })
    expect(await own.get('/reader', 'all', { address: '203.0.113.7', receivedAt: NOW + 60_000 })).toMatchObject({
      status: 200,
    })
    own.close()
  })

  test('an address that guesses many secrets at once is told to wait, too', async () => {
    const own = searchDoor()
    const ask = async (reader: string, address: string): Promise<number> =>
      (await own.get('/reader', reader, { address })).status
    const many = (reader: (index: number) => string, address: string): Promise<number[]> =>
      Promise.all(Array.from({ length: 500 }, (_, index) => ask(reader(index), address)))
    const guesses = await many((index) => `guess-${index}`, '203.0.113.7')
    expect(guesses.filter((status) => status === 401)).toHaveLength(20)
    expect(guesses.filter((status) => status === 429)).toHaveLength(480)
    // Who knows a secret may ask as often, and at once.
    expect(new Set(await many(() => 'all', '203.0.113.8'))).toEqual(new Set([200]))
    // A right one does not make up for wrong ones.
    for (let index = 0; index < 20; index++) {
      expect(await ask('all', '203.0.113.9')).toBe(200)
      expect(await ask('wrong', '203.0.113.9')).toBe(401)
    }
    expect(await ask('wrong', '203.0.113.9')).toBe(429)
    own.close()
  })

  test('a reader is told who it is and what it may see', async () => {
    expect((await door.get('/reader')).body).toEqual({ id: 'all', locations: ALL })
    expect((await door.get('/reader', 'german')).body).toEqual({ id: 'german', locations: ['eu-de'] })
  })

  test('a reader sees its own locations alone, and is refused those that it names', async () => {
    expect(
      new Set((await door.get('/events?limit=1000', 'german')).body.events.map(({ location }: Item) => location)),
    ).toEqual(new Set(['eu-de']))
    for (const path of [
      '/events?location=jp-tok',
      '/events?location=eu-de&location=jp-tok',
      '/events?after=jp-tok:0',
      '/events/counts?location=jp-tok',
      '/logs/jp-tok/checkpoint',
      '/logs/nowhere/key',
    ]) {
      const { status, body } = await door.get(path, 'german')
      expect({ path, status, code: body.code }).toEqual({ path, status: 403, code: 'FORBIDDEN' })
    }
    const [{ event }] = (await door.get('/events?location=jp-tok&limit=1')).body.events
    expect(await door.get(`/events/${event.id}`)).toMatchObject({ status: 200 })
    expect(await door.get(`/events/${event.id}`, 'german')).toMatchObject({ status: 404 })
    expect(await door.get(`/events/${event.id}/proof`, 'german')).toMatchObject({ status: 404 })
    expect((await door.get('/logs', 'german')).body.logs).toMatchObject([{ location: 'eu-de' }])
  })

  test('a secret that can not be read costs nobody else', async () => {
    const own = searchDoor(undefined, async (id) => {
      if (id === 'german') throw new Error('gone')
      return [id]
    })
    expect(await own.get('/reader')).toMatchObject({ status: 200 })
    expect(await own.get('/reader', 'german')).toMatchObject({ status: 500 })
    own.close()
  })

  test('a new secret holds at once', async () => {
    let secret = 'old'
    const own = searchDoor(undefined, async (id, { since } = {}) =>
      id === 'all' ? [since === undefined ? 'old' : secret] : [],
    )
    expect(await own.get('/reader', 'new')).toMatchObject({ status: 401 })
    secret = 'new'
    expect(await own.get('/reader', 'new')).toMatchObject({ status: 200 })
    own.close()
  })
})

describe('nothing else', () => {
  test.each(['/', '/nowhere', '/events/a/b', '/logs/eu-de', '/EVENTS', '/events//proof'])('is at %s', async (path) => {
    expect(await door.get(path)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
  })
  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])('is done by %s', async (method) => {
    expect(await door.get('/events', 'all', { method })).toMatchObject({ status: 404 })
  })
})
