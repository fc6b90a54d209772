import { describe, expect, test } from '@jest/globals'
import { archive } from '../archive.ts'
import { type ArchiveConfig, checkArchives } from '../lib/archives.ts'
import { places } from '../lib/locations.ts'
import { logKey } from '../lib/proof/note.ts'

const good: ArchiveConfig = { origin: 'events.example.com', readers: [] }

const messageOf = (config: unknown): string => {
  try {
    checkArchives(config as ArchiveConfig)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it did not fail')
}

describe('archive.ts', () => {
  test('the one of the project is right, and its reader may see every location', () => {
    expect(checkArchives(archive).readers.get('local')?.locations).toEqual(places.map(({ location }) => location))
  })

  test('a location without retention of its own has the default, and for ever without one', () => {
    const { retentionOf } = checkArchives({ ...good, retention: { default: 365, 'eu-de': 3650 } })
    expect([retentionOf('eu-de'), retentionOf('jp-tok')]).toEqual([3650, 365])
    expect(checkArchives({ ...good, retention: { 'eu-de': 3650 } }).retentionOf('jp-tok')).toBeUndefined()
  })

  test('the key of a log is one of its location', () => {
    const { text } = logKey('events.example.com/prod/eu-de', Buffer.alloc(32, 7))
    const { logKeyOf } = checkArchives({ ...good, logKeys: { 'eu-de': text } })
    expect([logKeyOf('eu-de')?.text, logKeyOf('jp-tok')]).toEqual([text, undefined])
    const logKeys = { 'eu-de': text.slice(0, -4), 'jp-tok': text, 'us-east': text.replace('events.', 'other.') }
    expect(messageOf({ ...good, logKeys }).split('\n')).toEqual([
      'archive.ts has 3 mistake(s):',
      expect.stringContaining('  - logKeys.eu-de: has to be a verifier key like events.example.com/prod/eu-de+'),
      expect.stringContaining('  - logKeys.jp-tok: it is the key of events.example.com/prod/eu-de, not of a log '),
      expect.stringContaining('  - logKeys.us-east: has to be a verifier key'),
    ])
  })

  test('every mistake is listed at once', () => {
    const wrong = {
      origin: 'https://events.example.com',
      readers: [
        { id: 'Upper', locations: ['mars'], secret: 'never' },
        { id: 'none', locations: [] },
        'nobody',
        { id: 'b' },
      ],
      retention: { default: 0, mars: 5, 'eu-de': 1.5 },
      lock: { mode: 'gentle', days: '5' },
      undoDays: 0,
      answerDays: 'week',
      searches: {},
      bucket: 'mine',
    }
    expect(messageOf(wrong).split('\n')).toEqual([
      'archive.ts has 16 mistake(s):',
      '  - origin: write it like events.example.com or example.com/events',
      '  - readers.0.id: use 1 to 56 lower-case letters, digits and inner dashes',
      expect.stringContaining("  - readers.0.locations: has to be 'all' or a list of us-south, us-east,"),
      '  - readers.0.secret: there is no such setting; there are id, locations',
      '  - readers.1.locations: has to name one location at least',
      '  - readers.2: has to be an object',
      '  - readers.3.locations: is missing',
      '  - retention.default: has to be 1 or more',
      '  - retention.eu-de: has to be whole days',
      expect.stringContaining('  - retention.mars: there is no such setting; there are default, us-south,'),
      '  - lock.mode: has to be governance or compliance',
      '  - lock.days: has to be a number of days',
      '  - undoDays: has to be 1 or more',
      '  - answerDays: has to be a number of days',
      '  - bucket: there is no such setting; there are origin, readers, retention, lock, undoDays, answerDays, logKeys, searches, viewer',
      '  - searches: has to be a list',
    ])
  })

  test('what is removed can be had back for 30 days, and answers lie there for one, unless it says otherwise', () => {
    expect(checkArchives(good)).toMatchObject({ undoDays: 30, answerDays: 1 })
    expect(checkArchives({ ...good, undoDays: 7, answerDays: 2 })).toMatchObject({ undoDays: 7, answerDays: 2 })
  })

  test('readers of one id are told beside everything else that is wrong, whatever that is', () => {
    const reader = { id: 'auditor', locations: 'all' }
    expect(
      messageOf({
        origin: 7,
        readers: [reader, 'nobody', reader],
        lock: { mode: 'compliance', days: 9 },
        retention: { default: 8 },
      }),
    ).toBe(
      [
        'archive.ts has 4 mistake(s):',
        '  - origin: has to be text',
        '  - readers.1: has to be an object',
        '  - readers: the id "auditor" is used twice',
        '  - retention.default: 8 days end before the lock of 9 days does',
      ].join('\n'),
    )
  })

  test.each([
    [undefined, 'archive: is missing'],
    ['none', 'archive: has to be an object'],
    [{}, 'origin: is missing'],
  ])('%j is told in words', (config, mistake) => {
    expect(messageOf(config)).toContain(mistake)
  })

  test('one reader with two lists of locations, and events that have to go while they are locked, are mistakes', () => {
    const reader = { id: 'auditor', locations: 'all' }
    const lock = { mode: 'compliance', days: 400 }
    expect(messageOf({ ...good, readers: [reader, reader], lock, retention: { default: 400, 'eu-de': 365 } })).toBe(
      'archive.ts has 2 mistake(s):\n  - readers: the id "auditor" is used twice\n  - retention.eu-de: 365 days end before the lock of 400 days does',
    )
  })
})
