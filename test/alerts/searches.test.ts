import { describe, expect, test } from '@jest/globals'
import { type Hours, within } from '../../lib/alerts/hours.ts'
import { alertSearches, listSearches, mistakesOfSearches, type SavedSearch } from '../../lib/alerts/searches.ts'
import { type ArchiveConfig, checkArchives } from '../../lib/archives.ts'

// Saved searches as archive.ts may have them: every mistake is told, and hours are those of the clock on the wall.

const office: Hours = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '08:00',
  to: '18:00',
  timeZone: 'Europe/Berlin',
}
const good: SavedSearch = {
  id: 'night-deletions',
  says: 'An image of prod was deleted at night.',
  query: 'action=image.delete&targetPrefix=de.icr.io/prod/',
  outside: office,
  atLeast: 1,
  to: { webhook: 'https://hooks.example.com/T0/secret' },
}

const without = (...names: readonly (keyof SavedSearch)[]): Partial<SavedSearch> =>
  Object.fromEntries(Object.entries(good).filter(([name]) => !names.includes(name as never)))

describe('what may be saved', () => {
  const { to, outside, atLeast, ...plain } = good
  const lacks = { ...plain, fewerThan: 1, over: '10m', to }

  test.each<[string, object]>([
    ['a search with an alert', good],
    ['a search without one', plain],
    ['an alert when there is nothing', { ...lacks, by: 'registry', within: office }],
    ['an alert for a queue', { ...good, to: { queue: 'pager', awsRegion: 'eu-central-1' } }],
    ['a receiver on this machine', { ...good, to: { webhook: 'http://127.0.0.1:8080/' } }],
    ['hours over midnight, to the end of the day', { ...good, outside: { ...office, from: '22:00', to: '24:00' } }],
    ['everything', { ...good, atLeast: 10_000, over: '31d', by: 'address', quiet: '24h' }],
  ])('%s', (_name, search) => {
    expect(mistakesOfSearches([search])).toEqual([])
  })

  test.each<[string, unknown, string | RegExp]>([
    ['no list', {}, 'searches: has to be a list'],
    ['no object', [null], 'searches.0: has to be an object'],
    ['an id twice', [good, good], 'searches.1 ("night-deletions"): id: is used twice'],
    [
      'an id that is no name',
      [{ ...good, id: '../x' }],
      /^searches\.0 \("\.\.\/x"\): id: use 1 to 56 lower-case letters/,
    ],
    ['an empty sentence', [{ ...good, says: '' }], /says: must not be empty$/],
    [
      'a setting that there is not',
      [{ ...good, form: 'x' }],
      /form: there is no such setting; there are id, says, query,/,
    ],
    [
      'a parameter that there is not',
      [{ ...good, query: 'acton=x' }],
      /query: The query has 1 mistake\(s\): "acton" is no parameter\.$/,
    ],
    ['a parameter that alerts set', [{ ...good, query: 'limit=5' }], /query: must not say limit$/],
    [
      'a receiver of no kind',
      [{ ...good, to: { mail: 'a@example.com' } }],
      /to: has to be \{ webhook \} or \{ queue, awsRegion \}$/,
    ],
    [
      'a FIFO queue',
      [{ ...good, to: { queue: 'a.fifo', awsRegion: 'eu-central-1' } }],
      /to\.queue: has to be the name/,
    ],
    ['both kinds of hours', [{ ...good, within: office }], /within, outside: only one of them can be said$/],
    ['both thresholds', [{ ...good, fewerThan: 1, over: '1h' }], /atLeast, fewerThan: only one of them can be said$/],
    ['a threshold of none', [{ ...good, atLeast: 0 }], /atLeast: has to be 1 or more$/],
    ['half an event', [{ ...good, atLeast: 1.5 }], /atLeast: has to be a whole number$/],
    ['a threshold without a receiver', [without('to')], /to: is missing$/],
    [
      'a receiver without a threshold',
      [without('atLeast', 'outside')],
      /to: means nothing without atLeast or fewerThan$/,
    ],
    ['several events in no time', [{ ...good, atLeast: 2 }], /over: is missing$/],
    ['a lack in no time', [{ ...plain, fewerThan: 1, to }], /over: is missing$/],
    [
      'a lack by something that may be anything',
      [{ ...lacks, by: 'initiator' }],
      /by: of fewerThan it can be registry alone$/,
    ],
    ['no time', [{ ...good, over: '0m' }], /over: write it like 10m, 24h or 7d: 1 minute to 31 days$/],
    ['a time too short', [{ ...good, quiet: '59s' }], /quiet: write it like 10m/],
    ['a time too long', [{ ...good, over: '32d' }], /over: write it like 10m/],
    [
      'a day that there is not',
      [{ ...good, outside: { ...office, days: ['Monday'] } }],
      /outside\.days\.0: has to be one of mon, tue/,
    ],
    [
      'a clock that there is not',
      [{ ...good, outside: { ...office, from: '8:00' } }],
      /outside\.from: write it like 08:00 or 17:30$/,
    ],
    ['no hours at all', [{ ...good, outside: { ...office, to: '08:00' } }], /outside: from and to have to differ/],
    [
      'a place without a clock',
      [{ ...good, outside: { ...office, timeZone: 'Mars/Olympus' } }],
      /outside\.timeZone: has to be the IANA name/,
    ],
    ...[
      'http://hooks.example.com/',
      'http://127.0.0.1.example.com/',
      'https://user@hooks.example.com/',
      'https://hooks.example.com/#x',
      'ftp://hooks.example.com/',
      'hooks.example.com',
    ].map((webhook): [string, unknown, RegExp] => [
      webhook,
      [{ ...good, to: { webhook } }],
      /to\.webhook: has to be an address with https, without user, password and fragment$/,
    ]),
  ])('not: %s', (_name, searches, what) => {
    expect(mistakesOfSearches(searches)).toEqual([typeof what === 'string' ? what : expect.stringMatching(what)])
  })

  test('all mistakes of all searches, and of archive.ts, are told at once', () => {
    const searches = [
      { ...good, id: 'X', query: 'a=b', atLeast: -1 },
      { ...good, says: 1 },
    ]
    expect(() => checkArchives({ origin: 'X', readers: [], searches } as unknown as ArchiveConfig)).toThrow(
      /^archive\.ts has 5 mistake\(s\):\n {2}- origin: .*\n {2}- searches\.0 .* id: .*\n {2}- .* atLeast: .*\n {2}- .* query: .*\n {2}- searches\.1 .* says: has to be text$/,
    )
  })

  test('what a setting is called by everybody is none all the same', () => {
    const spoilt = JSON.parse('{"__proto__":{"atLeast":1},"id":"a","says":"b","query":"","constructor":1}')
    expect(mistakesOfSearches([spoilt]).join()).toContain('there is no such setting')
  })
})

test('a list of the searches says what they ask for, and not where alerts go', () => {
  const { to: _to, ...rest } = good
  expect(listSearches([good, { id: 'all', says: 'Everything.', query: '' }])).toEqual({
    searches: [
      { ...rest, to: 'webhook' },
      { id: 'all', says: 'Everything.', query: '' },
    ],
  })
  expect(JSON.stringify(listSearches([good]))).not.toContain('hooks.example.com')
})

test('another sentence, receiver or quiet time makes no other search, another question does', () => {
  const definition = (changes: object) => alertSearches([{ ...good, ...changes }])[0]?.definition
  const same = definition({})
  for (const changes of [{ says: 'x' }, { quiet: '1h' }, { to: { queue: 'a', awsRegion: 'eu-central-1' } }]) {
    expect(definition(changes)).toBe(same)
  }
  for (const changes of [{ query: '' }, { outside: undefined }, { atLeast: 2 }, { over: '1h' }, { by: 'target' }]) {
    expect(definition(changes)).not.toBe(same)
  }
})

describe('office hours', () => {
  const inBerlin = within(office)

  test.each<[string, string, boolean]>([
    ['a Monday before 8', '2026-11-23T06:59:59.999Z', false],
    ['a Monday at 8', '2026-11-23T07:00:00.000Z', true],
    ['a Monday before 18', '2026-11-23T16:59:59.999Z', true],
    ['a Monday at 18', '2026-11-23T17:00:00.000Z', false],
    ['a Saturday', '2026-11-21T10:00:00.000Z', false],
    // Daylight saving time ended on 25 October 2026 and begins on 28 March 2027: 8 in Berlin is 6 before and 7 after, in UTC.
    ['the Friday before the change in autumn', '2026-10-23T06:00:00.000Z', true],
    ['the Monday after the change in autumn', '2026-10-26T06:00:00.000Z', false],
    ['the Monday after the change in autumn, an hour later', '2026-10-26T07:00:00.000Z', true],
    ['the Friday before the change in spring', '2027-03-26T06:00:00.000Z', false],
    ['the Monday after the change in spring', '2027-03-29T06:00:00.000Z', true],
    ['the Monday after the change in spring, in the evening', '2027-03-29T16:00:00.000Z', false],
  ])('%s', (_name, time, isInside) => {
    expect(inBerlin(Date.parse(time))).toBe(isInside)
  })

  test('an hour that comes twice counts twice, and one that is left out not at all', () => {
    const night = within({ ...office, days: ['sun'], from: '02:00', to: '03:00' })
    const minutes = (from: string, hours: number) =>
      Array.from({ length: hours * 60 }, (_, minute) => night(Date.parse(from) + minute * 60_000)).filter(Boolean)
        .length
    expect(minutes('2026-10-24T22:00:00Z', 8)).toBe(120)
    expect(minutes('2027-03-27T22:00:00Z', 8)).toBe(0)
    expect(minutes('2027-04-03T22:00:00Z', 8)).toBe(60)
  })

  test('over midnight belong to the day on which they begin', () => {
    const night = within({ days: ['fri'], from: '22:00', to: '06:00', timeZone: 'Asia/Kolkata' })
    // India is 5:30 ahead.
    const at = (day: number, hour: number) => night(Date.UTC(2026, 10, day, hour - 5, -30))
    expect([at(20, 21), at(20, 22), at(21, 5), at(21, 6), at(21, 22), at(20, 5)]).toEqual([
      false,
      true,
      true,
      false,
      false,
      false,
    ])
  })

  test('to the end of the day, in a zone of its own', () => {
    const late = within({ days: ['thu'], from: '23:00', to: '24:00', timeZone: 'America/New_York' })
    expect([
      late(Date.UTC(2026, 10, 20, 3, 59)),
      late(Date.UTC(2026, 10, 20, 4)),
      late(Date.UTC(2026, 10, 20, 4, 59)),
      late(Date.UTC(2026, 10, 20, 5)),
    ]).toEqual([false, true, true, false])
  })
})
