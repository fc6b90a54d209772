import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { SavedSearch } from '../../lib/alerts/searches.ts'
import { memory } from '../../lib/stores/memory.ts'
import type { Alert } from './receiver.ts'
import { breaking, type Happening, MINUTE, START, watching } from './watching.ts'

// Whatever is archived in whatever order, and whatever is killed when: every event that reaches the threshold is told, and told once.

type Event = Required<Pick<Happening, 'time' | 'initiator' | 'target' | 'action'>>

/** What is archived, how many minutes go by until the next look, and at which of its writes that is killed. */
interface Step {
  events: Event[]
  minutes: number
  kill: { nth: number; isAfter: boolean } | undefined
}

const event = fc.record<Event>({
  time: fc.integer({ min: -60, max: 60 }).map((step) => START + step * 20_000),
  initiator: fc.constantFrom('alice', 'bob', 'mallory'),
  target: fc.integer({ min: 1, max: 40 }).map((number) => `a:${number}`),
  action: fc.constantFrom('image.delete', 'image.delete', 'image.delete', 'image.pull'),
})

const step = fc.record<Step>({
  events: fc.array(event, { maxLength: 40 }),
  minutes: fc.integer({ min: 0, max: 7 }),
  kill: fc.option(fc.record({ nth: fc.integer({ min: 1, max: 5 }), isAfter: fc.boolean() }), { nil: undefined }),
})

const lengths = fc.constantFrom('1m', '2m', '10m')
const wanted = fc.record(
  {
    atLeast: fc.integer({ min: 1, max: 5 }),
    over: lengths,
    by: fc.constantFrom('initiator' as const, 'target' as const),
    quiet: fc.constantFrom('1m', '5m', '1h'),
  },
  { requiredKeys: ['atLeast', 'over'] },
)

const milliseconds = (length: string): number => Number.parseInt(length, 10) * MINUTE

/** The places of those of `events` that reach the threshold: looked for in every window there is. */
function reaching(events: readonly Event[], { atLeast = 1, over = '', by }: Partial<SavedSearch>): Set<number> {
  const value = (one: Event): string => (by === 'initiator' || by === 'target' ? one[by] : '')
  const deletions = [...events.entries()].filter(([, { action }]) => action === 'image.delete')
  const windows = deletions.map(([, first]) =>
    deletions.filter(
      ([, one]) => value(one) === value(first) && one.time >= first.time && one.time < first.time + milliseconds(over),
    ),
  )
  return new Set(windows.filter(({ length }) => length >= atLeast).flatMap((window) => window.map(([index]) => index)))
}

test('every event that reaches the threshold is told once, in whatever order they come', async () => {
  const property = fc.asyncProperty(
    wanted,
    fc.array(event, { minLength: 1, maxLength: 20 }),
    fc.array(step, { minLength: 1, maxLength: 8 }),
    async (search, before, steps) => {
      const archives = watching()
      const told = new Map<string, Alert['data']>()
      const send = async (_search: unknown, id: string, body: string) => {
        told.set(id, (JSON.parse(body) as Alert).data)
      }
      archives.watch({
        id: 'once',
        says: 'Deleted.',
        query: 'action=image.delete&location=eu-de',
        to: { webhook: 'https://pager.example.com' },
        ...search,
      })
      await archives.archive('eu-de', ...before)
      await archives.run(1, { send })
      const store = archives.store('eu-de')
      for (const { events, minutes, kill } of steps) {
        await archives.archive('eu-de', ...events)
        const broken = kill ? breaking(store, kill.nth, kill.isAfter) : store
        await archives.run(minutes, { send, store: (location) => (location === 'eu-de' ? broken : memory()) })
      }
      // What is held back comes when it has been quiet for long enough.
      for (const minutes of [2, 61, 61]) await archives.run(minutes, { send })
      archives.close()

      const events = [...before, ...steps.flatMap((one) => one.events)]
      const known = reaching(before, search)
      const expected = [...reaching(events, search)].filter((index) => !known.has(index))
      const alerts = [...told.values()]
      expect(alerts.reduce((sum, { count }) => sum + count, 0)).toBe(expected.length)
      const leaves = alerts.flatMap((alert) => alert.events.map(({ leaf }) => leaf))
      expect(new Set(leaves).size).toBe(leaves.length)
      expect(leaves.filter((leaf) => !expected.includes(leaf))).toEqual([])
      // No alert leaves out an event that it has room for.
      for (const alert of alerts) expect(alert.events).toHaveLength(Math.min(alert.count, 10))
    },
  )
  await fc.assert(property, { numRuns: 150 })
})
