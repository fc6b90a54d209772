import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { AuditEvent } from '../../lib/event.ts'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { search } from '../../lib/search/search.ts'
import { files } from '../../lib/stores/files.ts'
import { archiveAll, sampleEvents } from '../archive.ts'
import { ALL, type SearchDoor, searchDoor } from './door.ts'
import { type Archived, archived, inOrder, meetsAll, once } from './scan.ts'

// Search results equal a plain scan of all events, whatever is asked.

const HOUR = 60 * 60 * 1000
const FROM = Date.UTC(2026, 9, 1)
const LOCATIONS = ['eu-de', 'jp-tok', 'us-east'] as const
const EVENTS = 700

let door: SearchDoor
/** Everything that was archived, copies too, and what of it a search may answer. */
const everything: Archived[] = []
let events: Archived[]

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
const ADDRESSES = ['2001:db8::1', '::ffff:192.0.2.77', '', 'unknown', '10.0.0.0/8', '192.0.2.7']

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
      host: { address: ADDRESSES[index % ADDRESSES.length] as string, addressType: 'IPv4' },
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
    await archiveAll(files(join(door.root, location)), all, { location, batch: 500 })
    everything.push(...all.map((event, leaf) => archived(location, leaf, event, canonicalText(event))))
  }
  events = once(everything)
})
afterAll(() => door.close())

const reader = { id: 'all', locations: ALL }

/** Any value of an event, and a little more. */
const anyOf = (pick: (archived: Archived) => string): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max: 1e6 }).map((index) => pick(events[index % events.length] as Archived))

const part = (text: string, from: number, length: number): string => {
  const characters = [...text]
  const start = from % Math.max(1, characters.length)
  return characters.slice(start, start + length).join('')
}
const partOf = (pick: (archived: Archived) => string): fc.Arbitrary<string> =>
  fc
    .tuple(anyOf(pick), fc.nat(2000), fc.integer({ min: 1, max: 30 }))
    .map(([text, from, length]) => part(text, from, length))

const time = fc.integer({ min: -2 * HOUR, max: 50 * HOUR }).map((ago) => new Date(FROM + ago).toISOString())

const conditions = (): Record<string, fc.Arbitrary<string>> => ({
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
    fc.constantFrom(...NAMES, 'nobody'),
  ),
  address: fc.oneof(
    anyOf(({ event }) => event.initiator.host.address || 'x'),
    fc.tuple(fc.nat(255), fc.integer({ min: 20, max: 32 })).map(([last, bits]) => `192.0.2.${last}/${bits}`),
  ),
  target: anyOf(({ event }) => event.target.name),
  targetPrefix: partOf(({ event }) => event.target.name).map((text) => `de.icr.io/${text}`),
  targetContains: partOf(({ event }) => event.target.id),
  registry: fc.constantFrom('distribution', 'harbor', 'quay', 'other'),
  region: fc.constantFrom('eu-central', 'eu-de'),
  location: fc.constantFrom('eu-de', 'jp-tok', 'us-east', 'au-syd'),
  id: anyOf(({ event }) => event.id),
  q: fc.oneof(
    partOf(({ text }) => text),
    fc.constantFrom('USER-1', 'push image', '"action":"container', 'straße', 'STRAßE'),
  ),
})

const isAllowed = (value: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no value may hold one
  value !== '' && value.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(value)

interface Drawn {
  query: URLSearchParams
  limit: number
  sort: string
}

const sorts = ['time', 'action', 'initiator', 'target', 'severity', 'outcome', 'address', 'registry', 'location']

function drawn(): fc.Arbitrary<Drawn> {
  const one = fc.oneof(
    ...Object.entries(conditions()).map(([name, value]) =>
      fc.tuple(fc.constantFrom(name, name, name, `${name}!`), value.filter(isAllowed)),
    ),
  )
  return fc
    .record({
      pairs: fc.array(one, { maxLength: 3 }),
      from: fc.option(time, { nil: undefined }),
      to: fc.option(time, { nil: undefined }),
      sort: fc.constantFrom(...sorts.flatMap((name) => [name, `-${name}`])),
      limit: fc.constantFrom(7, 40, 250),
    })
    .filter(({ from, to }) => !from || !to || from < to)
    .map(({ pairs, from, to, sort, limit }) => {
      const query = new URLSearchParams([...pairs, ['sort', sort], ['limit', String(limit)]])
      if (from) query.set('from', from)
      if (to) query.set('to', to)
      return { query, limit, sort }
    })
}

/** All pages of a query, but not more than so many. */
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

const MOST_PAGES = 2

const place = ({ location, leaf }: { location: string; leaf: number }): string => `${location}:${leaf}`

/** Tests that a search answers what a scan of all events does, for `numRuns` random queries. */
export function searchesAsAScanDoes(numRuns: number, milliseconds: number): void {
  test(
    'a search answers what a scan of all events does',
    async () => {
      await fc.assert(
        fc.asyncProperty(drawn(), async ({ query, limit, sort }) => {
          const expected = inOrder(
            events.filter((one) => meetsAll(one, query)),
            sort,
          )
          const found = await pagesOf(query, MOST_PAGES)
          const wanted = expected.slice(0, limit * MOST_PAGES)
          expect(found.map(place)).toEqual(wanted.map(place))
          expect(found.every(({ text }, index) => text === wanted[index]?.text)).toBe(true)
        }),
        { numRuns },
      )
    },
    milliseconds,
  )
}
