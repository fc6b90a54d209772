import { beforeEach, describe, expect, test } from '@jest/globals'
import { archiver } from '../../lib/archive/archive.ts'
import { archiveMessages } from '../../lib/archive/consume.ts'
import { toCanonicalText } from '../../lib/body.ts'
import { RouterError } from '../../lib/errors.ts'
import type { Entry } from '../../lib/log.ts'
import { type MemoryQueues, memory as memoryQueues } from '../../lib/queues/memory.ts'
import { archiveQueue, deadLetterQueue } from '../../lib/queues/names.ts'
import type { Queues } from '../../lib/queues/queue.ts'
import { memory } from '../../lib/stores/memory.ts'
import type { Store } from '../../lib/stores/store.ts'
import { arrivalOf, sampleEvents, sampleKey } from '../archive.ts'
import { toIntakeMessage } from '../door.ts'
import { NOW } from '../now.ts'
import { namesIn, readArchive } from './check.ts'

const queue = archiveQueue('test', { location: 'eu-de', awsRegion: 'eu-central-1' })
const key = sampleKey()
const [one, two, three] = [...sampleEvents(3)].map(arrivalOf).map(({ text }) => text) as [string, string, string]
const event = JSON.parse(one)
const idOf = (text: string): string => JSON.parse(text).id

let now = NOW
let queues: MemoryQueues
let store: Store
let entry: Entry
beforeEach(() => {
  now = NOW
  queues = memoryQueues(() => now)
  for (const made of [queue, deadLetterQueue(queue)]) queues.create(made)
  store = memory()
})

/** Puts `bodies` onto the queue. */
const arrive = async (bodies: readonly string[]) => {
  const refused = await queues.send(
    queue,
    bodies.map((body) => ({ body, attributes: { id: 'x' } })),
  )
  expect(refused).toEqual([])
}

/** Consumes what waits on the queue, as its event source mapping does; `broken` are methods of its parts that do something else. Resolves to how many messages failed. */
async function consume(broken: { queues?: Partial<Queues>; store?: Partial<Store> } = {}): Promise<number> {
  const received = await queues.receive(queue, 10_000, 0, 60)
  const archive = archiver({ store: { ...store, ...broken.store }, location: 'eu-de', key, now: () => now })
  const messages = received.map((message) => ({ ...toIntakeMessage(message), sentAt: message.sentAt }))
  const from = { queues: { ...queues, ...broken.queues }, queue, location: 'eu-de', random: () => 0 }
  entry = { event: 'archive' }
  const failed = await archiveMessages(messages, { ...from, archiver: async () => archive }, entry)
  const done = received.filter(({ messageId }) => !failed.includes(messageId))
  await queues.removeAll(
    queue,
    done.map(({ receipt }) => receipt),
  )
  return failed.length
}

const deadLetters = () => queues.receive(deadLetterQueue(queue), 100, 0, 0)
const waiting = async () => (await queues.count(queue)).waiting + (await queues.count(queue)).hidden

describe('what came', () => {
  test('is archived and acknowledged, and the log entry says what it was', async () => {
    await arrive([one, two, three])
    expect(await consume()).toBe(0)
    expect(await readArchive(store, key)).toEqual([one, two, three])
    expect(await waiting()).toBe(0)
    expect(entry).toMatchObject({ event: 'archive', received: 3, postponed: {}, deadLettered: {} })
    const told = Object.values(entry.archived ?? {}).flatMap((locations) => locations['eu-de'])
    expect(told.toSorted()).toEqual([one, two, three].map(idOf).toSorted())
  })

  test('is what the router wrote, with the characters that a queue takes as escapes alone', async () => {
    const told = { ...event, requestData: { a: 'a\ufffe\uffff😀\ud83d' } }
    await arrive([toCanonicalText(told), two])
    expect(await consume()).toBe(0)
    const [first, second] = await readArchive(store, key)
    expect(first).toContain('"requestData":{"a":"a\ufffe\uffff😀\\ud83d"}')
    expect(second).toBe(two)
  })
})

describe('what may have been read as something else', () => {
  test.each([
    ['it is not canonical', JSON.stringify(event, undefined, 2)],
    ['it says a thing twice', one.replace('"id":"', '"id":"twice","id":"')],
    ['it has escapes without need', one.replace('"id":"', '"\\u0069d":"')],
    ['a number is longer than it has to be', one.replace('"observer":', '"n":1.0,"observer":')],
  ])('comes again rather than go in changed, and costs its neighbours nothing: %s', async (_what, body) => {
    await arrive([two, body, three])
    expect(await consume()).toBe(1)
    expect(await readArchive(store, key)).toEqual([two, three])
    expect([await waiting(), await deadLetters()]).toEqual([1, []])
    expect(entry.error).toMatchObject({ message: expect.stringContaining('it comes again') })
  })

  // V8 takes a key that is written as an escape for a backslash and what follows, when an object before it had such a key.
  test.each(['\\', '\n', '"', '\u0001', 'a\tb', '\ud83d', '\ufffe', '\uffff'])(
    'a field whose name is %j is a dead letter, however it was read',
    async (name) => {
      JSON.parse('{"role":"x","\\\\":"y"}')
      const body = toCanonicalText({ ...event, requestData: { role: 'x', [name]: 1 } })
      await arrive([two, body, three])
      expect(await consume()).toBe(0)
      expect(await readArchive(store, key)).toEqual([two, three])
      const [letter] = await deadLetters()
      expect([letter?.body, letter?.attributes.reason]).toEqual([body, 'INVALID_ITEM'])
    },
  )
})

describe('what can’t be archived', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
  test.each([
    ['is not JSON', '{"id":', 'INVALID_BODY', {}],
    ['is empty', ' ', 'INVALID_BODY', {}],
    ['is null', 'null', 'INVALID_ITEM', {}],
    ['is a list', '[1,2]', 'INVALID_ITEM', {}],
    ['has no id', JSON.stringify({ ...event, id: undefined }), 'INVALID_ITEM', { registry: event.provenance.registry }],
    ['has an id that is none', JSON.stringify({ ...event, id: 'a b' }), 'INVALID_ITEM', {}],
    ['has no time', JSON.stringify({ ...event, eventTime: 'now' }), 'INVALID_ITEM', { id: event.id }],
    ['is of another location', one.replaceAll('eu-de', 'eu-gb'), 'UNROUTABLE', { id: event.id }],
    ['is of no location', JSON.stringify({ ...event, provenance: null }), 'UNROUTABLE', { registry: 'unknown' }],
    [
      'has a registry that is none',
      one.replace(/"registry":"\w+"/, '"registry":7').replaceAll('eu-de', 'eu-gb'),
      'UNROUTABLE',
      { registry: 'unknown' },
    ],
    ['is nested too deep', one.replace('"observer":', `"deep":${deep},"observer":`), 'UNREADABLE', { id: event.id }],
    [
      'holds a number that is none',
      one.replace('"observer":', '"big":1e999,"observer":'),
      'UNREADABLE',
      { id: event.id },
    ],
  ])('%s: it is a dead letter at once, and costs its neighbours nothing', async (_what, body, reason, attributes) => {
    await arrive([two, body, three])
    expect(await consume()).toBe(0)
    expect(await readArchive(store, key)).toEqual([two, three])
    const [letter, ...more] = await deadLetters()
    expect([letter?.body, more, await waiting()]).toEqual([body, [], 0])
    expect(letter?.attributes).toMatchObject({ type: 'dead-letter', reason, location: 'eu-de', ...attributes })
    expect(letter?.attributes.id).toMatch(/^[\w.:-]+$/)
    expect(entry).toMatchObject({ received: 3, error: expect.any(Error) })
    expect(Object.keys(entry.deadLettered ?? {})).toEqual([letter?.attributes.registry])
  })

  test('comes again when the dead-letter queue does not take it, and its neighbours are archived all the same', async () => {
    await arrive([two, 'x', three])
    const send = async () => [0]
    expect(await consume({ queues: { send } })).toBe(1)
    expect(await readArchive(store, key)).toEqual([two, three])
    now += 60_000
    expect(await consume()).toBe(0)
    expect(await deadLetters()).toHaveLength(1)
  })

  test('is nothing that makes a log: no file is written when nothing else came', async () => {
    await arrive(['x'])
    expect(await consume()).toBe(0)
    expect(await namesIn(store)).toEqual([])
  })
})

describe('while the archive can’t be written', () => {
  const down = () => Promise.reject(new RouterError('UNAVAILABLE', 'The store is down.'))

  test.each(['get', 'put', 'create', 'replace'] as const)(
    '(%s fails) all stays on the queue, for longer and longer',
    async (method) => {
      await arrive([one])
      await consume()
      await arrive([two, three])
      for (const pause of [5, 10, 20]) {
        expect(await consume({ store: { [method]: down } })).toBe(2)
        expect(entry).toMatchObject({ archived: {}, deadLettered: {}, error: { message: 'The store is down.' } })
        now += pause * 1000 - 1
        expect(await consume()).toBe(0)
        expect(await waiting()).toBe(2)
        now += 1
      }
      expect(await consume()).toBe(0)
      expect(await waiting()).toBe(0)
      expect([...new Set(await readArchive(store, key))]).toEqual([one, two, three])
    },
  )

  test('nothing is acknowledged when what waits can’t be hidden either', async () => {
    await arrive([one])
    expect(await consume({ store: { create: down }, queues: { hideAll: down } })).toBe(1)
    expect(await waiting()).toBe(1)
  })

  test('a damaged archive makes events wait, and none a dead letter', async () => {
    await arrive([one])
    await consume()
    await store.put('log/checkpoint', Buffer.from('torn'))
    await arrive([two])
    expect(await consume()).toBe(1)
    expect(entry.error).toMatchObject({ code: 'ARCHIVE_DAMAGED' })
    expect([await waiting(), await deadLetters()]).toEqual([1, []])
  })
})
