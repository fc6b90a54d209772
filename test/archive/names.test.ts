import { expect, test } from '@jest/globals'
import {
  eventsFile,
  journalName,
  parseEventsFile,
  parseJournalName,
  parseTileName,
  tileName,
} from '../../lib/archive/names.ts'

const digest = '0123456789abcdef0123456789abcdef'
const file = { location: 'eu-de', day: '2026-11-22', first: 1200, count: 34, digest }
const name = `events/location=eu-de/day=2026-11-22/000000001200-34-${digest}.parquet`

test('a file of events has a name that says what is in it', () => {
  expect(eventsFile(file)).toBe(name)
  expect(parseEventsFile(name)).toEqual(file)
})

test.each([
  name.replace('000000001200', '1200'),
  name.replace('-34-', '-0-'),
  name.replace(digest, digest.toUpperCase()),
  name.replace(digest, digest.slice(1)),
  name.replace('.parquet', '.parquet.tmp'),
  `x${name}`,
])('%s is no such name', (other) => {
  expect(parseEventsFile(other)).toBeUndefined()
})

test('a journal entry is known by its first leaf', () => {
  expect([journalName(0), journalName(1234)]).toEqual(['journal/000000000000', 'journal/000000001234'])
  expect([parseJournalName('journal/000000001234'), parseJournalName('journal/1234')]).toEqual([1234, undefined])
})

// https://c2sp.org/tlog-tiles: index 1234067 is written x001/x234/067.
test.each([
  [0, 0, 256, 'log/tile/0/000'],
  [0, 1_234_067, 256, 'log/tile/0/x001/x234/067'],
  [0, 273, 112, 'log/tile/0/273.p/112'],
  [1, 1, 17, 'log/tile/1/001.p/17'],
  [2, 1000, 1, 'log/tile/2/x001/000.p/1'],
])('tile %i of level %i, %i wide', (level, n, width, expected) => {
  expect(tileName(level, n, width)).toBe(expected)
  expect(parseTileName(expected)).toEqual({ level, n, width })
})

test.each([
  'log/tile/00/000',
  'log/tile/64/000',
  'log/tile/0/0',
  'log/tile/0/x000/001',
  'log/tile/0/000.p/0',
  'log/tile/0/000.p/256',
  'log/tile/0/000.p/01',
  'log/tile/entries/000',
])('%s is no tile', (other) => {
  expect(parseTileName(other)).toBeUndefined()
})
