import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { AuditEvent } from '../../lib/event.ts'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { count, search } from '../../lib/search/search.ts'
import { files } from '../../lib/stores/files.ts'
import { archiveAll, sampleEvents } from '../archive.ts'
import { ALL, type SearchDoor, searchDoor } from './door.ts'
import { type Archived, archived, bucketsOf, countNames, countsBy, inOrder, meetsAll, once } from './scan.ts'

// Search results equal a plain scan of all events, whatever is asked.

const HOUR = 60 * 60 * 1000
const FROM = Date.UTC(2026, 9, 1)
const LOCATIONS = ['eu-de', 'jp-tok', 'us-east'] as const
const EVENTS = 200
/** More than any of the logs has. */
const LEAVES = EVENTS + 20

let door: SearchDoor
/** Everything that was archived, copies too, and what of it a search may answer. */
const everything: Archived[] = []
let events: Archived[]
/** Ids of events that were archived more than once. */
let copied: string[]

/** Names that a text of JSON, of SQL, or of a pattern could make something else of. */
const NAMES = [
  "o'neil",
  'a"b',
  'back\\slash',
  '100%',
  'under_score',
  'ÄÖÜ straße',
  '日本',
  '😀',
  '*',
  '?',
  'null',
  "'; DROP TABLE ids; --",
  '$1',
  '\\1',
  'x'.repeat(300),
]
const ADDRESSES = [
  '2001:db8::1',
  '2001:DB8:0:0::1',
  '2001:0db8:0000:0000:0000:0000:0000:0001',
  '::ffff:192.0.2.77',
  '::FFFF:C000:24d',
  '192.0.2.77',
  '',
  'unknown',
  '10.0.0.0/8',
  '192.0.2.7',
]

/** Some of `some` as no sample has them: strange names, strange addresses, without what may be missing. */
function strange(event: AuditEvent, index: number): AuditEvent {
  if (index % 5 !== 0) return event
  const name = NAMES[index % NAMES.length] as string
  const { correlationId: _left, ...rest } = event
  return {
    ...rest,
    initiator: {
      ...event.initiator,
      name,
      host: { address: ADDRESSES[(index / 5) % ADDRESSES.length] as string, addressType: 'IPv4' },
    },
    target: { ...event.target, name: index % 10 === 0 ? name : event.target.name },
    message: `Container Registry: push image ${name}`,
  }
}

/** Copies of events as they come twice: most the same, some with another time because their sender said none. */
const again = (event: AuditEvent, index: number): AuditEvent =>
  index % 3 === 0 ? { ...event, eventTime: event.eventTime.replace(/T\d\d/, 'T23') } : event

beforeAll(async () => {
  door = searchDoor()
  for (const [seed, location] of LOCATIONS.entries()) {
    const sample = [...sampleEvents(EVENTS, { location, seed: seed + 5, days: 2 })].map(strange)
    const twice = sample.filter((_, index) => index % 20 === 3).map(again)
    const all = [...sample, ...twice, ...twice.slice(0, 3)]
    await archiveAll(files(join(door.root, location)), all, { location, batch: 150 })
    everything.push(...all.map((event, leaf) => archived(location, leaf, event, canonicalText(event))))
  }
  events = once(everything)
  const ids = everything.map(({ event }) => event.id)
  copied = [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))]
})
afterAll(() => door.close())

const reader = { id: 'all', locations: ALL }

/** Any value of an event. */
const anyOf = (pick: (archived: Archived) => string): fc.Arbitrary<string> =>
  fc.nat(1e6).map((index) => pick(events[index % events.length] as Archived))

/** The first characters of a value: a few, or all but a few. What has names alike differs only in the last ones. */
const beginningOf = (pick: (archived: Archived) => string): fc.Arbitrary<string> =>
  fc
    .tuple(anyOf(pick), fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: -3, max: -1 })))
    .map(([text, end]) => [...text].slice(0, end).join(''))

const partOf = (pick: (archived: Archived) => string): fc.Arbitrary<string> =>
  fc.tuple(anyOf(pick), fc.nat(2000), fc.integer({ min: 1, max: 30 })).map(([text, from, length]) => {
    const characters = [...text]
    const start = from % Math.max(1, characters.length)
    return characters.slice(start, start + length).join('')
  })

const targetName = ({ event }: Archived): string => event.target.name
const targetId = ({ event }: Archived): string => event.target.id

const time = fc.integer({ min: -2 * HOUR, max: 50 * HOUR }).map((ago) => new Date(FROM + ago).toISOString())

/** What can be asked for. Whatever is looked for in two places is drawn from each of them. */
const conditions: Readonly<Record<string, fc.Arbitrary<string>>> = {
  action: fc.oneof(
    anyOf(({ event }) => event.action),
    fc.constantFrom('image.push', 'image.*', 'namespace.*', 'image.delete'),
  ),
  family: fc.constantFrom('image', 'namespace', 'quota'),
  dataEvent: fc.constantFrom('true', 'false'),
  outcome: fc.constantFrom('success', 'failure', 'pending'),
  severity: fc.constantFrom('normal', 'warning', 'critical'),
  initiator: fc.oneof(
    anyOf(({ event }) => event.initiator.name),
    anyOf(({ event }) => event.initiator.id),
    fc.constantFrom(...NAMES, 'nobody'),
  ),
  address: fc.oneof(
    anyOf(({ event }) => event.initiator.host.address || 'x'),
    fc.constantFrom(...ADDRESSES),
    fc.tuple(fc.nat(255), fc.integer({ min: 20, max: 32 })).map(([last, bits]) => `192.0.2.${last}/${bits}`),
  ),
  target: fc.oneof(anyOf(targetName), anyOf(targetId)),
  targetPrefix: fc.oneof(beginningOf(targetName), beginningOf(targetId)),
  targetContains: fc.oneof(partOf(targetName), partOf(targetId)),
  registry: fc.constantFrom('distribution', 'harbor', 'quay', 'other'),
  region: fc.constantFrom('eu-central', 'eu-de'),
  location: fc.constantFrom('eu-de', 'jp-tok', 'us-east', 'au-syd'),
  id: fc.oneof(
    anyOf(({ event }) => event.id),
    // Of an event that was archived more than once.
    fc.nat(1e6).map((index) => copied[index % copied.length] as string),
  ),
  q: fc.oneof(
    partOf(({ text }) => text),
    fc.constantFrom('USER-1', 'push image', '"action":"container', 'straße', 'STRAßE'),
  ),
}

const isAllowed = (value: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no value may hold one
  value !== '' && value.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(value)

interface Drawn {
  filter: URLSearchParams
  limit: number
  sort: string
}

const sorts = ['time', 'action', 'initiator', 'target', 'severity', 'outcome', 'address', 'registry', 'location']

const pair = (name: string): fc.Arbitrary<readonly [string, string]> =>
  fc.tuple(fc.constantFrom(name, name, `${name}!`), (conditions[name] as fc.Arbitrary<string>).filter(isAllowed))

/** From which leaf on some locations are looked at. */
const after = fc
  .subarray([...LOCATIONS], { minLength: 1 })
  .chain((some) => fc.tuple(...some.map((location) => fc.nat(LEAVES + 5).map((leaf) => `${location}:${leaf}`))))
  .map((starts) => starts.join(','))

const sometimes = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 1 })

/** A query in which `name` is given, and perhaps something else. */
function drawn(name: string): fc.Arbitrary<Drawn> {
  const other = fc.oneof(...Object.keys(conditions).map(pair))
  return fc
    .record({
      own: name === 'after' ? fc.constant([]) : fc.array(pair(name), { minLength: 1, maxLength: 2 }),
      others: fc.array(other, { maxLength: 1 }),
      from: sometimes(time),
      to: sometimes(time),
      after: name === 'after' ? after : fc.constant(undefined),
      sort: fc.constantFrom(...sorts.flatMap((by) => [by, `-${by}`])),
      limit: fc.constantFrom(7, 40, 250),
    })
    .filter(({ from, to }) => !from || !to || from < to)
    .map(({ own, others, sort, limit, ...times }) => {
      const filter = new URLSearchParams([...own, ...others] as [string, string][])
      for (const [key, value] of Object.entries(times)) if (value) filter.set(key, value)
      return { filter, limit, sort }
    })
}

/** Pages of a query, up to so many. */
async function pagesOf(
  query: URLSearchParams,
  most: number,
): Promise<{ location: string; leaf: number; text: string }[]> {
  const found: { location: string; leaf: number; text: string }[] = []
  const asked = new URLSearchParams(query)
  for (let page = 0; page < most; page++) {
    const { items, next } = await search(asked, reader, door.archives)
    found.push(...items)
    if (!next) break
    asked.set('cursor', next)
  }
  return found.map(({ location, leaf, text }) => ({ location, leaf, text }))
}

/** Of more pages than this only the first ones are looked at. */
const MOST_PAGES = 4

const place = ({ location, leaf }: { location: string; leaf: number }): string => `${location}:${leaf}`

/** Pages come in their order, whole, and end where they have to. */
async function expectPages(expected: readonly Archived[], { filter, limit, sort }: Drawn): Promise<void> {
  const query = new URLSearchParams([...filter, ['sort', sort], ['limit', String(limit)]])
  const found = await pagesOf(query, MOST_PAGES)
  const wanted = inOrder(expected, sort).slice(0, limit * MOST_PAGES)
  expect(found.map(place)).toEqual(wanted.map(place))
  expect(found.every(({ text }, index) => text === wanted[index]?.text)).toBe(true)
}

/** Counts by value and by time are those of a scan. */
async function expectCounts(expected: readonly Archived[], { filter }: Drawn): Promise<void> {
  const query = new URLSearchParams([
    ...filter,
    ...countNames.map((by): [string, string] => ['by', by]),
    ['top', '100'],
    ['interval', '1h'],
  ])
  const { total, by, histogram } = await count(query, reader, door.archives)
  expect({ total, by, buckets: histogram.buckets }).toEqual({
    total: expected.length,
    by: Object.fromEntries(countNames.map((name) => [name, countsBy(expected, name, 100)])),
    buckets: bucketsOf(expected, HOUR),
  })
}

/**
 * Tests that a search answers what a scan of all events does: for each parameter of a filter `numRuns` random queries that have it.
 */
export function searchesAsAScanDoes(numRuns: number, milliseconds: number): void {
  test.each([...Object.keys(conditions), 'after'])(
    'a search by %s answers what a scan of all events does',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(drawn(name), async (asked) => {
          const expected = events.filter((one) => meetsAll(one, asked.filter))
          await expectPages(expected, asked)
          await expectCounts(expected, asked)
        }),
        { numRuns },
      )
    },
    milliseconds,
  )
}
