import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Alerting } from '../../lib/alerts/alerts.ts'
import type { SavedSearch } from '../../lib/alerts/searches.ts'
import { compact } from '../../lib/archive/compact.ts'
import type { Ran } from '../../lib/log.ts'
import { memory } from '../../lib/stores/memory.ts'
import { type Alert, type Receiver, receiver } from './receiver.ts'
import { breaking, MINUTE, SECRET, START, type Watching, watching } from './watching.ts'

// Saved searches over real archives, with the real search, and a real receiver that checks signatures.

let archives: Watching
let pager: Receiver

beforeEach(async () => {
  archives = watching()
  pager = await receiver(SECRET)
})

/** From here on the archives are on this machine, and the search itself looks into them. */
function forReal(): void {
  archives.close()
  archives = watching({ isOnDisk: true })
}

const stateOf = async (id = 'deletions') => {
  const stored = await archives.store('eu-de').get(`alerts/${id}`)
  return JSON.parse(String(stored?.bytes))
}

async function setState(text: string, id = 'deletions'): Promise<void> {
  await archives.store('eu-de').put(`alerts/${id}`, Buffer.from(text))
}

afterEach(async () => {
  await pager.close()
  archives.close()
})

const OFFICE = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '08:00',
  to: '18:00',
  timeZone: 'Europe/Berlin',
} as const

/** An alert for any deletion, unless `changes` say otherwise. */
const saved = (changes: Partial<SavedSearch> = {}): SavedSearch => ({
  id: 'deletions',
  says: 'Somebody deletes images.',
  query: 'action=image.delete',
  atLeast: 1,
  to: { webhook: pager.address },
  ...changes,
})

const nothing: Ran = { searches: 2, made: 0, delivered: 0, waiting: 0, givenUp: 0, failures: [] }
const at = (time: number): string => new Date(time).toISOString()
const deletion = (target: string, time: number) => ({ action: 'image.delete', target, time })

describe('any image.delete of prod/* outside office hours', () => {
  const nightly = (): SavedSearch =>
    saved({
      id: 'night-deletions',
      says: 'An image of prod was deleted at night or on a weekend.',
      query: 'action=image.delete&targetPrefix=de.icr.io/prod/',
      outside: OFFICE,
    })

  test('is told once, signed, with what happened and where to look', async () => {
    forReal()
    const night = Date.UTC(2026, 10, 23, 2, 30)
    archives.watch(nightly())
    await archives.archive('eu-de', deletion('de.icr.io/prod/old:1.0', night - MINUTE))
    expect(await archives.run()).toEqual(nothing)
    const [, found] = await archives.archive(
      'eu-de',
      deletion('de.icr.io/prod/app:1.0', START),
      deletion('de.icr.io/prod/app:2.0', night),
      deletion('de.icr.io/team/app:1.0', night),
      { action: 'image.pull', target: 'de.icr.io/prod/app:1.0', time: night },
    )
    expect(await archives.run()).toEqual({ ...nothing, made: 1, delivered: 1 })
    expect(await archives.run()).toEqual(nothing)
    const query =
      'action=image.delete&targetPrefix=de.icr.io%2Fprod%2F&location=eu-de&from=2026-11-23T02%3A30%3A00.000Z&to=2026-11-23T02%3A30%3A00.001Z'
    expect(pager.taken).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        genuine: true,
        body: {
          type: 'registry-events.alert',
          timestamp: at(START + 2 * MINUTE),
          data: {
            search: 'night-deletions',
            says: 'An image of prod was deleted at night or on a weekend.',
            location: 'eu-de',
            count: 1,
            threshold: { atLeast: 1 },
            from: at(night),
            to: at(night),
            events: [
              {
                location: 'eu-de',
                leaf: 2,
                routedTime: expect.any(String),
                archivedTime: at(START + MINUTE),
                event: found,
              },
            ],
            query,
            link: `https://events.example.com/#${query}`,
          },
        },
      },
    ])
  })

  test('is found in what the file it came in was merged into', async () => {
    forReal()
    archives.clock = Date.now()
    archives.watch(saved())
    for (let batch = 0; batch < 20; batch += 1) await archives.archive('eu-de', {})
    await archives.run(0)
    await archives.archive('eu-de', deletion('a:1', archives.clock))
    const store = archives.store('eu-de')
    for (const _run of [1, 2]) {
      await compact({ store, location: 'eu-de', now: Date.now, grace: 0, tellDamaged: () => {} })
    }
    const names: string[] = []
    for await (const { name } of store.list('events/')) names.push(name.split('/').at(-1) as string)
    expect(names).toEqual([expect.stringMatching(/^000000000000-21-/)])
    expect(await archives.run()).toMatchObject({ delivered: 1 })
  })

  test('costs no question while nothing comes, and one about the days on which what came has happened', async () => {
    archives.watch(nightly(), saved({ atLeast: 5, over: '10m' }))
    await archives.archive('eu-de', { time: START })
    const asked: string[] = []
    const ask: Alerting['ask'] = (location) => (query) => {
      asked.push([location, ...['after', 'from', 'to'].map((name) => query.get(name))].join(' '))
      return archives.ask(location)(query)
    }
    await archives.run(1, { ask })
    await archives.run(1, { ask })
    expect(asked).toEqual([])
    const old = Date.UTC(2026, 8, 6, 1)
    await archives.archive('us-south', { time: START }, { time: START - 86_400_000 }, { time: old })
    await archives.run(1, { ask })
    const days = [
      'us-south us-south:0 2026-09-06T00:00:00.000Z 2026-09-07T00:00:00.000Z',
      'us-south us-south:0 2026-11-22T00:00:00.000Z 2026-11-24T00:00:00.000Z',
    ]
    expect(asked.toSorted()).toEqual([...days, ...days].toSorted())
  })

  test('is found however late it is archived', async () => {
    archives.watch(nightly())
    await archives.archive('eu-de', { time: START })
    await archives.run()
    await archives.archive('eu-de', deletion('de.icr.io/prod/app:1.0', Date.UTC(2026, 8, 6, 1)))
    expect(await archives.run(10)).toMatchObject({ delivered: 1 })
  })

  test('begins with what comes: what was archived before is not told, whatever the search was before', async () => {
    await archives.archive('eu-de', deletion('de.icr.io/prod/app:1.0', Date.UTC(2026, 10, 23, 1)))
    archives.watch({ ...nightly(), query: 'action=image.untag' })
    await archives.run()
    await archives.run()
    await archives.archive('eu-de', deletion('de.icr.io/prod/app:2.0', Date.UTC(2026, 10, 23, 1)))
    await archives.run()
    archives.watch(nightly())
    await archives.run()
    expect(await archives.run()).toEqual(nothing)
    expect(pager.taken).toEqual([])
  })

  test('what was archived twice is told once', async () => {
    forReal()
    archives.watch(nightly())
    await archives.archive('eu-de', { time: START })
    await archives.run()
    const twice = {
      ...deletion('de.icr.io/prod/app:1.0', Date.UTC(2026, 10, 23, 1)),
      id: '936c2c0d-67ef-586e-9cf5-8c9459bc8569',
    }
    const [event] = await archives.archive('eu-de', twice)
    await archives.run()
    expect(event?.id).toBe(twice.id)
    await archives.archive('eu-de', twice)
    await archives.run()
    expect(pager.taken.map(({ body }) => body.data.count)).toEqual([1])
  })
})

describe('no events from a registry for 10 minutes', () => {
  const silent = (changes: Partial<SavedSearch> = {}): SavedSearch =>
    saved({
      id: 'silence',
      says: 'A registry is silent.',
      query: '',
      atLeast: undefined as never,
      fewerThan: 1,
      over: '10m',
      by: 'registry',
      ...changes,
    })
  const without = ({ atLeast: _atLeast, ...rest }: SavedSearch): SavedSearch => rest

  test('is told of each registry once, until it sends again', async () => {
    forReal()
    archives.watch(without(silent()))
    await archives.run()
    await archives.archive(
      'eu-de',
      { registry: 'harbor' },
      { registry: 'distribution', received: archives.clock - 8 * MINUTE },
    )
    await archives.archive('us-south', { registry: 'quay' })
    // It has not been looking for 10 minutes yet, and nobody knows what was before.
    expect(await archives.run(9.9)).toMatchObject({ made: 0 })
    expect(await archives.run(0.1)).toMatchObject({ made: 1, delivered: 1 })
    expect(pager.taken[0]?.body.data).toMatchObject({
      location: 'eu-de',
      by: { registry: 'distribution' },
      count: 0,
      threshold: { fewerThan: 1 },
      from: at(archives.clock - 10 * MINUTE),
      to: at(archives.clock),
      events: [],
    })
    expect(new URLSearchParams(pager.taken[0]?.body.data.query).get('registry')).toBe('distribution')
    // The other two are silent now, too.
    expect(await archives.run(1)).toMatchObject({ made: 2, delivered: 2 })
    expect(await archives.run(30)).toMatchObject({ made: 0 })
    await archives.archive('eu-de', { registry: 'distribution' })
    expect(await archives.run(5)).toMatchObject({ made: 0 })
    expect(await archives.run(6)).toMatchObject({ made: 1, delivered: 1 })
    expect(pager.taken.map(({ body }) => body.data.by?.registry).sort()).toEqual([
      'distribution',
      'distribution',
      'harbor',
      'quay',
    ])
    expect(pager.taken.every(({ genuine }) => genuine)).toBe(true)
    expect(new Set(pager.taken.map(({ id }) => id)).size).toBe(4)
  })

  test.each([
    ['ahead', 1],
    ['behind', -1],
  ])('goes by when events were received: a clock of a sender that is %s changes nothing', async (_what, direction) => {
    forReal()
    const off = direction * 26 * 60 * MINUTE
    archives.watch(without(silent({ query: 'registry=distribution', fewerThan: 2 })))
    await archives.run()
    const send = async () => archives.archive('eu-de', { time: archives.clock + off }, { time: archives.clock + off })
    await send()
    expect(await archives.run(10)).toMatchObject({ made: 0, failures: [] })
    expect(await archives.run(1)).toMatchObject({ made: 1 })
    expect(pager.taken[0]?.body.data).toMatchObject({ count: 0, by: { registry: 'distribution' } })
    // Back again, and one of two a little later than the other.
    await send()
    expect(await archives.run(1)).toMatchObject({ made: 0, failures: [] })
    await archives.archive('eu-de', { time: archives.clock + off })
    expect(await archives.run(9.5)).toMatchObject({ made: 1 })
    expect(pager.taken[1]?.body.data.count).toBe(1)
    expect(pager.taken[1]?.body.data.events).toHaveLength(1)
  })

  test('is told although events of it come that were received before', async () => {
    archives.watch(without(silent({ query: 'registry=distribution' })))
    await archives.run()
    for (let minute = 0; minute < 10; minute += 1) {
      await archives.archive('eu-de', { received: START - MINUTE, time: archives.clock })
      await archives.run()
    }
    expect(pager.taken.map(({ body }) => body.data.count)).toEqual([0])
  })

  test('remembers no more of the log than it needs', async () => {
    archives.watch(without(silent({ query: 'registry=distribution', over: '1h' })))
    for (let minute = 0; minute < 150; minute += 1) {
      await archives.archive('eu-de', { registry: 'distribution' })
      await archives.run()
    }
    const { sizes } = await stateOf('silence')
    expect(sizes.length).toBeLessThanOrEqual(55)
    expect(pager.taken).toEqual([])
  })

  test('is repeated where that is asked for', async () => {
    archives.watch(without(silent({ query: 'registry=quay', quiet: '1h' })))
    await archives.run()
    expect(await archives.run(10)).toMatchObject({ delivered: 1 })
    expect(await archives.run(59)).toMatchObject({ made: 0 })
    expect(await archives.run(1)).toMatchObject({ delivered: 1 })
    // The registry's events belong to one location: nobody waits for them anywhere else.
    expect(pager.taken.map(({ body }) => body.data.location)).toEqual(['us-south', 'us-south'])
  })

  test('is not told while nobody expects any', async () => {
    archives.watch(without(silent({ query: 'registry=quay', within: OFFICE })))
    // 17:50:30 in Berlin: in ten minutes it is half a minute after work.
    archives.clock = Date.UTC(2026, 10, 23, 16, 50, 30)
    await archives.run(0)
    expect(await archives.run(10)).toMatchObject({ made: 0 })
    // 08:09 and 08:10 in Berlin: the hours begin at 8, and so do the 10 minutes.
    archives.clock = Date.UTC(2026, 10, 24, 7, 9)
    expect(await archives.run(0)).toMatchObject({ made: 0 })
    expect(await archives.run(1)).toMatchObject({ made: 1 })
    expect(await archives.run(60)).toMatchObject({ made: 0 })
    // Whoever sent at night, and was silent again before anybody looked, is told again.
    await archives.run(12 * 60)
    archives.clock = Date.UTC(2026, 10, 25, 7, 9)
    expect(await archives.run(1)).toMatchObject({ made: 1 })
  })

  test('is not told when a file that may hold them is damaged', async () => {
    forReal()
    archives.watch(without(silent({ query: 'registry=distribution' })))
    await archives.run()
    await archives.archive('eu-de', { registry: 'distribution' })
    const folder = join(archives.root, 'eu-de/events/location=eu-de/day=2026-11-23')
    const [file = ''] = readdirSync(folder)
    writeFileSync(join(folder, file), 'PAR1')
    const { made, failures } = await archives.run(10)
    expect(made).toBe(0)
    expect(failures).toEqual([{ search: 'silence', location: 'eu-de', why: expect.stringContaining(file) }])
    // What was archived before can't be what is missing.
    expect(await archives.run(12)).toMatchObject({ made: 1, failures: [] })
  })

  test('a registry that there is none of is told to be a mistake', async () => {
    archives.watch(without(silent({ query: 'registry=gone' })))
    const { failures } = await archives.run()
    expect(failures[0]).toEqual({
      search: 'silence',
      location: 'eu-de',
      why: 'There is no registry "gone" that events could come from.',
    })
  })
})

describe('thresholds', () => {
  const burst = (changes: Partial<SavedSearch> = {}): SavedSearch => saved({ atLeast: 3, over: '10m', ...changes })

  test('are reached by that many events within less than that time, no matter when they were archived', async () => {
    archives.watch(burst({ quiet: '1m' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    const first = START - 60 * MINUTE
    await archives.archive('eu-de', deletion('a:1', first), deletion('a:2', first + 5 * MINUTE))
    await archives.archive('eu-de', deletion('a:3', first + 10 * MINUTE))
    // Two and two of them are within 10 minutes, never three.
    expect(await archives.run()).toMatchObject({ made: 0 })
    await archives.archive('eu-de', deletion('a:4', first + 10 * MINUTE - 10))
    expect(await archives.run()).toMatchObject({ delivered: 1 })
    const { count, from, to, events } = pager.taken[0]?.body.data ?? {}
    expect({ count, from, to }).toEqual({ count: 4, from: at(first), to: at(first + 10 * MINUTE) })
    // Three of them, and three others of them.
    expect(events?.map(({ event }) => event.target.name)).toEqual(['a:1', 'a:2', 'a:4', 'a:3'])
  })

  test('are not reached by what was told before, nor by what has been archived since the look began', async () => {
    archives.watch(burst({ quiet: '1m' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    const three = [1, 2, 3].map((index) => deletion(`a:${index}`, START))
    await archives.archive('eu-de', ...three)
    expect(await archives.run()).toMatchObject({ made: 1 })
    // Near enough to be looked at together, too far away to be told together.
    await archives.archive('eu-de', deletion('a:4', START + 10 * MINUTE))
    expect(await archives.run(10)).toMatchObject({ made: 0 })
    await archives.archive('eu-de', deletion('a:5', START + 10 * MINUTE))
    const asked: string[] = []
    const ask: Alerting['ask'] = (location) => async (query) => {
      const isSecond = location === 'eu-de' && asked.push(String(query)) === 2
      if (isSecond) await archives.archive('eu-de', deletion('a:6', START + 10 * MINUTE))
      return archives.ask(location)(query)
    }
    expect(await archives.run(1, { ask })).toMatchObject({ made: 0 })
    expect(asked).toHaveLength(2)
    expect(await archives.run()).toMatchObject({ made: 1 })
    expect(pager.taken.map(({ body }) => body.data.count)).toEqual([3, 3])
  })

  test('that nothing reaches are written down now and then, not each time', async () => {
    archives.watch(saved())
    await archives.archive('eu-de', { time: START })
    await archives.run()
    await archives.archive('eu-de', ...Array.from({ length: 999 }, () => ({})))
    await archives.run()
    expect(await stateOf()).toMatchObject({ position: 1 })
    await archives.archive('eu-de', {})
    await archives.run()
    expect(await stateOf()).toMatchObject({ position: 1001 })
  })

  test('count for each value by itself', async () => {
    archives.watch(burst({ by: 'initiator' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    const by = (initiator: string) => ({ action: 'image.delete', initiator })
    await archives.archive('eu-de', by('mallory'), by('alice'), by('mallory'), by('bob'), by('mallory'))
    expect(await archives.run()).toMatchObject({ delivered: 1 })
    expect(pager.taken[0]?.body.data).toMatchObject({ by: { initiator: 'mallory' }, count: 3 })
  })

  test('are told of the same events once, and of further ones when it has been quiet for long enough', async () => {
    archives.watch(burst({ quiet: '1h' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    const delete3 = async () =>
      archives.archive(
        'eu-de',
        deletion('a:1', archives.clock),
        deletion('a:2', archives.clock),
        deletion('a:3', archives.clock + 10),
      )
    await delete3()
    await archives.run()
    await archives.archive('eu-de', deletion('a:4', archives.clock))
    expect(await archives.run()).toMatchObject({ made: 0 })
    await delete3()
    expect(await archives.run()).toMatchObject({ made: 0 })
    expect(await archives.run(57)).toMatchObject({ made: 0 })
    expect(await archives.run(1)).toMatchObject({ made: 1 })
    expect(pager.taken.map(({ body }) => body.data.count)).toEqual([3, 4])
    expect(await archives.run(120)).toMatchObject({ made: 0 })
  })

  test('of one event: what comes while it is quiet is told afterwards', async () => {
    archives.watch(saved({ quiet: '10m' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    for (const name of ['a:1', 'a:2', 'a:3']) {
      await archives.archive('eu-de', deletion(name, archives.clock))
      await archives.run()
    }
    expect(pager.taken.map(({ body }) => body.data.count)).toEqual([1])
    await archives.run(10)
    expect(pager.taken.map(({ body }) => body.data.count)).toEqual([1, 2])
    expect(pager.taken[1]?.body.data.events.map(({ event }) => event.target.name)).toEqual(['a:2', 'a:3'])
  })

  test('thousands of events make one alert with ten of them, and many values a few alerts', async () => {
    archives.watch(saved(), saved({ id: 'by-target', by: 'target' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    const deletions = Array.from({ length: 1500 }, (_, index) => deletion(`a:${index % 30}`, START + index * 10))
    await archives.archive('eu-de', ...deletions)
    expect(await archives.run()).toMatchObject({ made: 22, delivered: 22 })
    const of = (id: string) => pager.taken.filter(({ body }) => body.data.search === id).map(({ body }) => body.data)
    expect(of('deletions').map(({ count, events }) => [count, events.length])).toEqual([[1500, 10]])
    expect(
      of('by-target')
        .filter(({ by }) => by)
        .map(({ count }) => count),
    ).toEqual(Array(20).fill(50))
    expect(of('by-target').filter(({ by }) => !by)).toMatchObject([{ others: 10, count: 500 }])
  })
})

describe('many values', () => {
  const deletions = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => deletion(`${name}:${index}`, archives.clock))
  const begin = async (changes: Partial<SavedSearch>): Promise<Alert['data'][]> => {
    const told: Alert['data'][] = []
    archives.watch(saved({ by: 'target', ...changes }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    return told
  }
  const sending = (told: Alert['data'][]): Partial<Alerting> => ({
    send: async (_search, _id, body) => {
      told.push((JSON.parse(body) as Alert).data)
    },
  })

  test('are told as many as they are, however many came while it was quiet', async () => {
    const told = await begin({ quiet: '1h' })
    for (const name of ['x', 'y']) {
      await archives.archive('eu-de', ...deletions('once', 10), ...deletions(name, 25))
      await archives.run(1, sending(told))
    }
    await archives.run(60, sending(told))
    const others = told.filter((alert) => alert.others)
    expect(others.map(({ others, count, by }) => [others, count, by])).toEqual([
      [15, 15, undefined],
      [5, 5, undefined],
    ])
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(70)
  })

  test('do not make the state grow: what was told first is quiet no longer, and nothing is lost', async () => {
    const told = await begin({ quiet: '31d' })
    for (const name of ['a', 'b', 'c', 'd']) {
      await archives.archive('eu-de', ...deletions(name, 300), ...deletions(name, 300))
      await archives.run(1, sending(told))
      await archives.archive('eu-de', ...deletions(name, 300))
      await archives.run(1, sending(told))
    }
    const state = await stateOf()
    expect(state.told).toHaveLength(1000)
    expect(JSON.stringify(state).length).toBeLessThan(500_000)
    await archives.run(31 * 24 * 60, sending(told))
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(4 * 900)
  })
})

describe('a receiver that fails', () => {
  const alertOnce = async (): Promise<Ran> => {
    archives.watch(saved())
    await archives.archive('eu-de', { time: START })
    await archives.run()
    await archives.archive('eu-de', deletion('a:1', START))
    return archives.run()
  }

  test('gets the alert later, with the same id, and once', async () => {
    pager.answer = { status: 503 }
    const host = new URL(pager.address).host
    const why = `${host} answered 503`
    expect(await alertOnce()).toEqual({
      ...nothing,
      made: 1,
      waiting: 1,
      failures: [{ search: 'deletions', location: 'eu-de', why }],
    })
    // It is left alone for a minute, then for five.
    expect(await archives.run(0.9)).toMatchObject({ waiting: 1, failures: [] })
    expect(await archives.run(0.1)).toMatchObject({ waiting: 1, failures: [{ why }] })
    expect(await archives.run(4)).toMatchObject({ waiting: 1, failures: [] })
    pager.answer = { status: 200 }
    expect(await archives.run(1)).toMatchObject({ delivered: 1, waiting: 0 })
    expect(await archives.run(60)).toEqual(nothing)
    expect(pager.taken).toHaveLength(3)
    expect(new Set(pager.taken.map(({ id, body }) => id + JSON.stringify(body))).size).toBe(1)
  })

  test('is not followed elsewhere', async () => {
    const other = await receiver(SECRET)
    pager.answer = { status: 307, headers: { location: other.address } }
    const { failures } = await alertOnce()
    expect(failures[0]?.why).toMatch(/^127\.0\.0\.1:\d+ answered 307, and redirects are not followed$/)
    expect(other.taken).toEqual([])
    await other.close()
  })

  test('that says nothing is not waited for, and what is told of it holds no secret', async () => {
    await pager.close()
    const { failures, waiting } = await alertOnce()
    expect(waiting).toBe(1)
    expect(failures[0]?.why).toMatch(/^127\.0\.0\.1:\d+: connect ECONNREFUSED/)
    expect(JSON.stringify(failures)).not.toMatch(/not-to-be-logged|alerts\?/)
  })

  test('does not keep others from getting theirs', async () => {
    const other = await receiver(SECRET)
    pager.answer = { status: 500 }
    archives.watch(saved(), saved({ id: 'second', to: { webhook: other.address } }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    await archives.archive('eu-de', deletion('a:1', START))
    expect(await archives.run()).toMatchObject({ made: 2, delivered: 1, waiting: 1 })
    expect(other.taken).toHaveLength(1)
    await other.close()
  })

  test('for a week is given up, and that is told', async () => {
    pager.answer = { status: 500 }
    await alertOnce()
    let ran = await archives.run()
    let tries = 2
    for (; ran.waiting > 0 && tries < 100; tries += 1) ran = await archives.run(10 * 60)
    expect(ran).toMatchObject({ waiting: 0, givenUp: 1 })
    expect(archives.clock - START).toBeGreaterThanOrEqual(7 * 24 * 60 * MINUTE)
  })

  test('for long keeps no more than a hundred alerts waiting, and loses none of the rest', async () => {
    pager.answer = { status: 500 }
    archives.watch(saved())
    await archives.archive('eu-de', { time: START })
    await archives.run()
    const before = await stateOf()
    const waits = { body: '{}', tries: 5, next: START + 1e9, since: START }
    const waiting = Array.from({ length: 100 }, (_, index) => ({ id: `${index}`, ...waits }))
    await setState(JSON.stringify({ ...before, waiting }))
    await archives.archive('eu-de', deletion('a:1', START))
    expect(await archives.run()).toMatchObject({ made: 0, waiting: 100 })
    await setState(JSON.stringify({ ...before, waiting: waiting.slice(1) }))
    expect(await archives.run()).toMatchObject({ made: 1, waiting: 100 })
  })
})

describe('whatever happens', () => {
  test.each([1, 2, 3].flatMap((nth) => [false, true].map((isAfter) => [nth, isAfter] as const)))(
    'killed at write %i (after it: %p): the alert is told, and told again only under the same id',
    async (nth, isAfter) => {
      archives.watch(saved())
      await archives.archive('eu-de', { time: START })
      await archives.run()
      await archives.archive('eu-de', deletion('a:1', START))
      const store = archives.store('eu-de')
      const broken = breaking(store, nth, isAfter)
      await archives.run(1, { store: (location) => (location === 'eu-de' ? broken : memory()) })
      for (let minute = 0; minute < 3; minute += 1) await archives.run()
      expect(new Set(pager.taken.map(({ id }) => id)).size).toBe(1)
      expect(pager.taken.length).toBeLessThanOrEqual(2)
      expect((await stateOf()).waiting).toEqual([])
      if (nth === 3 && !isAfter) expect(pager.taken).toHaveLength(2)
    },
  )

  test('two that look at the same time tell it once', async () => {
    archives.watch(saved(), saved({ id: 'by-target', by: 'target' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    await archives.archive('eu-de', deletion('a:1', START), deletion('a:2', START))
    await Promise.all([archives.run(0), archives.run(0), archives.run(0)])
    expect(pager.taken).toHaveLength(3)
    expect(new Set(pager.taken.map(({ id }) => id)).size).toBe(3)
  })

  test('a damaged file is told to be so, and looked into when it is whole again', async () => {
    forReal()
    archives.watch(saved())
    await archives.archive('eu-de', { time: START })
    await archives.run()
    await archives.archive('eu-de', deletion('a:1', START))
    const folder = join(archives.root, 'eu-de/events/location=eu-de/day=2026-11-23')
    const [file = ''] = readdirSync(folder).filter((name) => name.startsWith('000000000001-'))
    const path = join(folder, file)
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(0, -10))
    const why = `events/location=eu-de/day=2026-11-23/${file} can't be read: what is in it was not looked at.`
    expect(await archives.run()).toMatchObject({ made: 0, failures: [{ location: 'eu-de', why }] })
    // Others are found all the same.
    await archives.archive('eu-de', deletion('a:2', START))
    expect(await archives.run()).toMatchObject({ delivered: 1, failures: [{ why }] })
    // And not again because something else comes.
    await archives.archive('eu-de', { time: START - 3 * 24 * 60 * MINUTE })
    expect(await archives.run()).toMatchObject({ made: 0, failures: [{ why }] })
    writeFileSync(path, whole)
    await archives.archive('eu-de', { time: START - 3 * 24 * 60 * MINUTE })
    await archives.run()
    expect(pager.taken.at(-1)?.body.data.events.map(({ event }) => event.target.name)).toContain('a:1')
    expect(await archives.run()).toEqual(nothing)
  })

  test('a threshold that is reached with what lies in a damaged file is told when that is whole again, and once', async () => {
    forReal()
    archives.watch(saved({ atLeast: 3, over: '10m', quiet: '1m' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    await archives.archive('eu-de', deletion('a:1', START), deletion('a:2', START))
    await archives.run()
    const folder = join(archives.root, 'eu-de/events/location=eu-de/day=2026-11-23')
    const [file = ''] = readdirSync(folder).filter((name) => name.startsWith('000000000001-'))
    const whole = readFileSync(join(folder, file))
    writeFileSync(join(folder, file), whole.subarray(0, -10))
    await archives.archive('eu-de', deletion('a:3', START))
    expect(await archives.run()).toMatchObject({ made: 0, failures: [{ why: expect.stringContaining(file) }] })
    expect(await archives.run()).toMatchObject({ made: 0, failures: [{ why: expect.stringContaining(file) }] })
    writeFileSync(join(folder, file), whole)
    // The search looks at its files again when the log has grown.
    await archives.archive('eu-de', {})
    expect(await archives.run()).toMatchObject({ made: 1, failures: [] })
    expect(pager.taken.map(({ body }) => body.data.count)).toEqual([3])
    expect(await archives.run(10)).toEqual(nothing)
  })

  test('a file that is gone is told, and neither stops nor repeats what is told of others', async () => {
    forReal()
    archives.watch(saved({ quiet: '1h' }), saved({ id: 'twice', atLeast: 2, over: '10m', quiet: '1h' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    await archives.archive('eu-de', deletion('a:1', START))
    const folder = join(archives.root, 'eu-de/events/location=eu-de/day=2026-11-23')
    for (const file of readdirSync(folder).filter((name) => name.startsWith('000000000001-')))
      rmSync(join(folder, file))
    expect(await archives.run()).toMatchObject({ made: 0, failures: [{ why: 'The leaves 1-1 are in no file.' }, {}] })
    await archives.archive('eu-de', deletion('a:2', START), deletion('a:3', START))
    const why = 'The leaves 1 are in no file.'
    expect(await archives.run()).toMatchObject({ made: 2, delivered: 2, failures: [{ why }, { why }] })
    for (let time = 0; time < 5; time++) expect(await archives.run(61)).toMatchObject({ made: 0, failures: [] })
    expect(pager.taken.map(({ body }) => body.data.count)).toEqual([2, 2])
  })

  test.each(['9999-12-31T23:59:59.990Z', '1000-01-01T00:00:00.000Z'])(
    'an event of %s keeps no other from being told',
    async (time) => {
      forReal()
      archives.watch(saved(), saved({ id: 'twice', atLeast: 2, over: '31d' }))
      await archives.archive('eu-de', { time: START })
      await archives.run()
      const far = deletion('a:1', Date.parse(time))
      await archives.archive('eu-de', far, far, deletion('a:2', START))
      expect(await archives.run()).toMatchObject({ made: 2, delivered: 2, failures: [] })
      expect(pager.taken.map(({ body }) => body.data.count).sort()).toEqual([2, 3])
    },
  )

  test('events of many times make few questions', async () => {
    archives.watch(saved({ query: 'action=image.delete&location=eu-de', atLeast: 2, over: '1m' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    const times = Array.from({ length: 50 }, (_, index) => START - index * 50 * 24 * 60 * MINUTE)
    await archives.archive('eu-de', ...times.flatMap((time) => [deletion('a:1', time), deletion('a:2', time)]))
    let asked = 0
    const ask: Alerting['ask'] = (location) => (query) => {
      asked += 1
      return archives.ask(location)(query)
    }
    expect(await archives.run(1, { ask })).toMatchObject({ made: 1 })
    expect(pager.taken[0]?.body.data.count).toBe(100)
    expect(asked).toBeLessThanOrEqual(20)
  })

  test('large events are left out of an alert, which counts them', async () => {
    archives.watch(saved())
    await archives.archive('eu-de', { time: START })
    await archives.run()
    await archives.archive('eu-de', deletion('a:1', START), deletion('x'.repeat(60_000), START), deletion('a:3', START))
    await archives.run()
    const { count, events } = pager.taken[0]?.body.data ?? {}
    expect([count, events?.map(({ event }) => event.target.name)]).toEqual([3, ['a:1', 'a:3']])
  })

  test('what a search held back is told when it is changed', async () => {
    archives.watch(saved({ quiet: '1h' }))
    await archives.archive('eu-de', { time: START })
    await archives.run()
    for (const name of ['a:1', 'a:2']) {
      await archives.archive('eu-de', deletion(name, START))
      await archives.run()
    }
    archives.watch(saved({ quiet: '1h', atLeast: 2, over: '1h' }))
    await archives.run()
    await archives.run()
    expect(pager.taken.map(({ body }) => body.data.events.map(({ event }) => event.target.name))).toEqual([
      ['a:1'],
      ['a:2'],
    ])
  })

  test('a log that went back is not looked at', async () => {
    forReal()
    archives.watch(saved())
    await archives.archive('eu-de', { time: START })
    const store = archives.store('eu-de')
    const older = await store.get('log/checkpoint')
    await archives.archive('eu-de', { time: START }, { time: START })
    await archives.run()
    const newer = await store.get('log/checkpoint')
    await store.replace('log/checkpoint', older?.bytes as Buffer, newer?.version as string)
    const { failures } = await archives.run()
    expect(failures).toEqual([{ search: 'deletions', location: 'eu-de', why: 'The log went back from 3 to 1 leaves.' }])
  })

  test('a state that somebody spoiled is told to be so', async () => {
    archives.watch(saved())
    await archives.run()
    for (const text of ['{', 'null', '{"definition":1}']) {
      await setState(text)
      const { failures } = await archives.run()
      expect(failures[0]?.why).toContain('alerts/deletions is not what alerts write there')
    }
  })
})
