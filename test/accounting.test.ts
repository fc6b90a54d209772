import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Output, outputNames } from '../lib/config.ts'
import { type Entry, entries } from '../lib/log.ts'
import { quarantine, type Unusable } from '../lib/quarantine.ts'
import type { Registry } from '../lib/registries.ts'
import type { Request } from '../lib/request.ts'
import { account, type Lying, type Report } from '../local/accounting.ts'
import { type Ledger, openLedger } from '../local/ledger.ts'
import { NOW } from './now.ts'

// The ledger hears what functions log, and the report holds it against what lies on the queues.

const locations = new Map([
  ['frankfurt', 'eu-de'],
  ['sydney', 'jp-tok'],
])
const regions: Record<string, string> = { frankfurt: 'eu-central', sydney: 'ap-south' }
const INTAKE = 'registry-events-local-intake'
const DEAD = `${INTAKE}-dlq`
const KEPT = 'registry-events-local-quarantine'

let dir: string
let ledger: Ledger
let warnings: string[]
let queues: Record<string, Lying[]>

let today: number

const open = (where = locations) =>
  openLedger(
    dir,
    'local',
    where,
    (message) => warnings.push(message),
    () => today,
  )
const report = (outputs: readonly Output[] = outputNames): Report =>
  account(ledger, (queue) => queues[queue] ?? [], 'local', outputs)
const of = (registry: string, made = report()) => made.registries.filter((row) => row.registry === registry)

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'registry-event-router-ledger-'))
  warnings = []
  queues = {}
  today = NOW
  ledger = open()
})
afterEach(() => {
  ledger.close()
  rmSync(dir, { recursive: true, force: true })
})

const DAY = 24 * 60 * 60 * 1000
/** Ends it and opens it again after so many milliseconds. */
const reopen = (after: number) => {
  ledger.close()
  today += after
  ledger = open()
}
const accept = (registry: string, ...ids: string[]) =>
  entries.publish({
    event: 'request',
    registry,
    status: 202,
    received: ids.length,
    accepted: ids.length,
    ids,
    ignored: {},
    quarantined: {},
  } satisfies Entry)
const tell = (what: 'routed' | 'deadLettered', registry: string, location: string, ...ids: string[]) =>
  entries.publish({ event: 'route', [what]: { [registry]: { [location]: ids } } } satisfies Entry)

/** The router sent them to both outputs. */
const route = (registry: string, location: string, ...ids: string[]) =>
  entries.publish({ event: 'route', outputs: outputNames, routed: { [registry]: { [location]: ids } } } satisfies Entry)
const archive = (registry: string, location: string, ...ids: string[]) =>
  entries.publish({ event: 'archive', archived: { [registry]: { [location]: ids } } } satisfies Entry)

const request = (body: string): Request => ({
  method: 'POST',
  path: '/webhooks/frankfurt',
  query: '',
  headers: {},
  body: Buffer.from(body),
  receivedAt: NOW,
  registry: 'frankfurt',
})
const message = (id: string, registry: string, more: object = {}): Lying => ({
  messageId: `message-${id}`,
  body: JSON.stringify({ id, route: { registry, region: regions[registry], edition: '2020-07-28', ...more } }),
  attributes: { type: 'audit', id },
})
const routedMessage = (id: string, region: string): Lying => ({
  messageId: `message-${id}`,
  body: '{}',
  attributes: { type: 'audit', id, region, edition: '2020-07-28' },
})
const put = (queue: string, ...messages: Lying[]) => {
  queues[queue] = [...(queues[queue] ?? []), ...messages]
}

describe('items', () => {
  test('are summed up by registry and location, those for nobody as well', () => {
    accept('frankfurt', 'a', 'b')
    tell('routed', 'frankfurt', 'eu-de', 'a', 'b')
    entries.publish({
      event: 'request',
      registry: 'frankfurt',
      status: 202,
      received: 6,
      accepted: 0,
      ids: [],
      ignored: { mount: 1, blob: 2 },
      quarantined: { INVALID_ITEM: 3 },
    } satisfies Entry)
    entries.publish({ event: 'request', registry: 'frankfurt', status: 401, received: 1, rejected: 1 })
    entries.publish({ event: 'request', status: 401, received: 1, rejected: 1 })
    entries.publish({ event: 'request', status: 200 })
    const made = report()
    const kept = { answered: 0, kept: 0, redriven: 0, gone: 0 }
    const events = { accepted: 0, routed: 0, onIntake: 0, deadLettered: 0, redriven: 0, unanswered: 0 }
    const none = { received: 0, accepted: 0, ignored: 0, quarantined: 0, rejected: 0 }
    const archive = { routed: 0, archived: 0, onQueue: 0, deadLettered: 0 }
    expect(made).toEqual({
      holds: true,
      mistakes: [],
      registries: [
        {
          registry: 'frankfurt',
          location: 'eu-de',
          received: 9,
          accepted: 2,
          ignored: 3,
          quarantined: 3,
          rejected: 1,
          events: { ...events, accepted: 2, routed: 2 },
          archive,
          quarantine: kept,
        },
        { registry: 'sydney', location: 'jp-tok', ...none, events, archive, quarantine: kept },
        { registry: 'unknown', location: null, ...none, received: 1, rejected: 1, events, archive, quarantine: kept },
      ],
    })
  })

  test('that do not add up are named', () => {
    entries.publish({ event: 'request', registry: 'sydney', status: 202, received: 5, accepted: 0, ids: [] })
    const { holds, mistakes } = report()
    expect(holds).toBe(false)
    expect(mistakes).toEqual([
      'ITEMS: registry sydney received 5, but accepted 0 + ignored 0 + quarantined 0 + rejected 0 is 0.',
    ])
  })

  test('whose mistakes even each other out are named all the same', () => {
    entries.publish({ event: 'request', registry: 'sydney', status: 401, received: 1, rejected: 2 })
    entries.publish({ event: 'request', registry: 'sydney', status: 401, received: 2, rejected: 1 })
    expect(report().mistakes).toEqual(['ITEMS: 2 request(s) to registry sydney contradict themselves.'])
  })
})

describe('an accepted event', () => {
  test('is routed, on the intake queue, or on its dead-letter queue', () => {
    accept('frankfurt', 'routed', 'waiting', 'dead', 'both')
    tell('routed', 'frankfurt', 'eu-de', 'routed', 'both')
    tell('deadLettered', 'frankfurt', 'eu-de', 'dead')
    // A second copy of what was routed already changes nothing.
    put(INTAKE, message('waiting', 'frankfurt'), message('both', 'frankfurt'))
    put(DEAD, message('dead', 'frankfurt'))
    const made = report()
    expect(made.mistakes).toEqual([])
    expect(of('frankfurt', made)[0]?.events).toEqual({
      accepted: 4,
      routed: 2,
      onIntake: 1,
      deadLettered: 1,
      redriven: 0,
      unanswered: 0,
    })
  })

  test('that is nowhere is lost, whatever became of it before', () => {
    accept('frankfurt', 'gone', 'gone-again', 'dead-and-gone')
    accept('frankfurt', 'gone-again')
    tell('deadLettered', 'frankfurt', 'eu-de', 'dead-and-gone')
    expect(report()).toMatchObject({
      holds: false,
      mistakes: [
        'LOST: event dead-and-gone of registry frankfurt (eu-de) was answered 202, was dead-lettered, but was never routed and is on no queue.',
        'LOST: event gone of registry frankfurt (eu-de) was answered 202, but was never routed and is on no queue.',
        'LOST: event gone-again of registry frankfurt (eu-de) was answered 202, but was never routed and is on no queue.',
      ],
    })
  })

  test('counts as routed when it lies where it belongs, although nobody could write that down', () => {
    accept('frankfurt', 'arrived')
    put('registry-events-local-eu-de', routedMessage('arrived', 'eu-central'))
    const made = report()
    expect([made.mistakes, of('frankfurt', made)[0]?.events.routed]).toEqual([[], 1])
  })

  test('is found on the dead-letter queue by what the router wrote there, even when it could not be routed', () => {
    accept('frankfurt', 'unroutable')
    tell('deadLettered', 'frankfurt', 'unroutable', 'unroutable')
    const attributes = { type: 'dead-letter', registry: 'frankfurt', location: 'unroutable', id: 'unroutable' }
    put(DEAD, { messageId: 'm', body: 'no event', attributes })
    const made = report()
    expect(made.mistakes).toEqual([])
    expect(of('frankfurt', made).map(({ events }) => [events.deadLettered, events.unanswered])).toEqual([[1, 0]])
  })

  test('of whose kind too many are lost: a hundred are named, and how many there are', () => {
    accept('frankfurt', ...Array.from({ length: 150 }, (_, index) => `lost-${index}`))
    const { mistakes } = report()
    expect(mistakes).toHaveLength(101)
    expect(mistakes.at(-1)).toBe('LOST: 150 in all, the first 100 are named.')
  })
})

describe('a routed event', () => {
  const QUEUE = 'registry-events-local-eu-de-archive'
  const counted = (made = report()) => of('frankfurt', made)[0]?.archive

  test('is archived, on the archive queue, or on its dead-letter queue', () => {
    accept('frankfurt', 'archived', 'waiting', 'dead')
    route('frankfurt', 'eu-de', 'archived', 'waiting', 'dead')
    archive('frankfurt', 'eu-de', 'archived')
    // A second copy of what is archived already changes nothing.
    put(QUEUE, routedMessage('waiting', 'eu-central'), routedMessage('archived', 'eu-central'))
    const attributes = { type: 'dead-letter', registry: 'frankfurt', location: 'eu-de', id: 'dead' }
    put(`${QUEUE}-dlq`, { messageId: 'm', body: '{}', attributes })
    const made = report()
    expect(made.mistakes).toEqual([])
    expect(counted(made)).toEqual({ routed: 3, archived: 1, onQueue: 1, deadLettered: 1 })
  })

  test('that is nowhere near the archive is lost', () => {
    accept('frankfurt', 'gone')
    route('frankfurt', 'eu-de', 'gone', 'unanswered')
    put('registry-events-local-eu-de', routedMessage('gone', 'eu-central'))
    expect(report()).toMatchObject({
      holds: false,
      mistakes: [
        'LOST: event gone of registry frankfurt (eu-de) was routed, but is neither archived nor on the archive queue.',
        'LOST: event unanswered of registry frankfurt (eu-de) was routed, but is neither archived nor on the archive queue.',
      ],
    })
  })

  test('does not belong into the archive when that is no output, or was none at the time', () => {
    accept('frankfurt', 'before')
    tell('routed', 'frankfurt', 'eu-de', 'before')
    entries.publish({ event: 'route', outputs: ['queue'], routed: { frankfurt: { 'eu-de': ['without'] } } })
    const made = report()
    expect([made.mistakes, counted(made)]).toEqual([[], { routed: 0, archived: 0, onQueue: 0, deadLettered: 0 }])
  })

  test('may be archived before the router has said so', () => {
    accept('frankfurt', 'early')
    put(INTAKE, message('early', 'frankfurt'))
    archive('frankfurt', 'eu-de', 'early')
    const made = report()
    expect([made.mistakes, of('frankfurt', made)[0]]).toMatchObject([
      [],
      { events: { routed: 0, onIntake: 1 }, archive: { routed: 1, archived: 1 } },
    ])
  })

  test('that was only archived never came to the queue of its location', () => {
    accept('frankfurt', 'half')
    archive('frankfurt', 'eu-de', 'half')
    expect(report().mistakes).toEqual([expect.stringMatching(/^LOST: event half .* was never routed/)])
    // Where there is no such queue it was routed, and nobody could write that down.
    const made = report(['archive'])
    expect([made.mistakes, of('frankfurt', made)[0]?.events.routed]).toEqual([[], 1])
  })

  test('is named when it was archived, or lies, where it does not belong', () => {
    accept('sydney', 'astray')
    route('sydney', 'jp-tok', 'astray')
    archive('sydney', 'jp-tok', 'astray')
    archive('sydney', 'eu-de', 'astray')
    put(QUEUE, routedMessage('lies', 'ap-south'))
    expect(report().mistakes).toEqual([
      'WRONG LOCATION: event astray of registry sydney belongs to jp-tok, but was routed to eu-de.',
      'WRONG LOCATION: event lies lies on registry-events-local-eu-de-archive, but ap-south belongs to jp-tok in edition 2020-07-28.',
    ])
  })

  test('is a number only when it was archived long ago', () => {
    accept('frankfurt', 'settled', 'open')
    route('frankfurt', 'eu-de', 'settled', 'open')
    archive('frankfurt', 'eu-de', 'settled')
    put(QUEUE, routedMessage('open', 'eu-central'))
    const before = report()
    reopen(16 * DAY)
    expect(['settled', 'open'].map((id) => ledger.placesOf('frankfurt', id).length)).toEqual([0, 1])
    expect([before.mistakes, report()]).toEqual([[], before])
  })
})

describe('a wrong location', () => {
  test('is named when the router said so', () => {
    accept('sydney', 'astray')
    tell('routed', 'sydney', 'eu-de', 'astray')
    tell('routed', 'frankfurt', 'jp-tok', 'never-accepted')
    expect(report().mistakes).toEqual([
      'WRONG LOCATION: event never-accepted of registry frankfurt belongs to eu-de, but was routed to jp-tok.',
      'WRONG LOCATION: event astray of registry sydney belongs to jp-tok, but was routed to eu-de.',
    ])
  })

  test('is named when the event lies there, whatever the router said', () => {
    accept('sydney', 'astray')
    tell('routed', 'sydney', 'jp-tok', 'astray')
    put('registry-events-local-eu-de', routedMessage('astray', 'ap-south'), routedMessage('right', 'eu-central'))
    // What somebody else put there is not ours to judge.
    put('registry-events-local-eu-de', { messageId: 'm', body: 'x', attributes: {} })
    expect(report().mistakes).toEqual([
      'WRONG LOCATION: event astray lies on registry-events-local-eu-de, but ap-south belongs to jp-tok in edition 2020-07-28.',
    ])
  })

  test('is none where the registry was when the event was accepted', () => {
    accept('frankfurt', 'before')
    ledger.close()
    ledger = open(new Map([['frankfurt', 'us-south']]))
    accept('frankfurt', 'after')
    tell('routed', 'frankfurt', 'eu-de', 'before')
    tell('routed', 'frankfurt', 'us-south', 'after')
    tell('routed', 'frankfurt', 'eu-de', 'unanswered')
    const made = report()
    expect(made.mistakes).toEqual([])
    expect(of('frankfurt', made).map(({ location, events }) => [location, events.accepted, events.routed])).toEqual([
      ['eu-de', 1, 2],
      ['us-south', 1, 1],
    ])
  })
})

describe('an event without a 202', () => {
  test('is unanswered wherever it is, and that is no mistake', () => {
    tell('routed', 'frankfurt', 'eu-de', 'routed')
    put(INTAKE, message('waiting', 'frankfurt'))
    put(DEAD, message('dead', 'frankfurt'), { messageId: 'junk', body: '[]', attributes: {} })
    // A copy of what is still waiting is no second event.
    put(DEAD, message('waiting', 'frankfurt'))
    const made = report()
    expect(made.mistakes).toEqual([])
    const counts = { accepted: 0, routed: 1, onIntake: 1, deadLettered: 1, redriven: 0, unanswered: 3 }
    expect(of('frankfurt', made)[0]?.events).toEqual(counts)
    expect(of('unknown', made)[0]).toMatchObject({ location: 'unroutable', events: { deadLettered: 1, unanswered: 1 } })
  })

  test('is not lost when something went wrong between the queue and the answer', () => {
    entries.publish({ event: 'request', registry: 'frankfurt', status: 500, received: 1, accepted: 1, ids: ['taken'] })
    expect(report().mistakes).toEqual([])
  })

  test('counts apart when somebody redrove it', () => {
    entries.publish({ event: 'route', routed: { frankfurt: { 'eu-de': ['again'] } }, redriven: ['again'] })
    put(INTAKE, message('on-its-way', 'frankfurt', { redrivenTime: '2026-11-22T13:00:00.00Z' }))
    const made = report()
    expect([made.mistakes, of('frankfurt', made)[0]?.events]).toEqual([
      [],
      { accepted: 0, routed: 1, onIntake: 1, deadLettered: 0, redriven: 2, unanswered: 0 },
    ])
  })

  test('that was dead-lettered must not vanish either', () => {
    tell('deadLettered', 'frankfurt', 'eu-de', 'dead', 'redriven')
    tell('routed', 'frankfurt', 'eu-de', 'redriven')
    expect(report().mistakes).toEqual([
      'LOST: event dead of registry frankfurt (eu-de) went to the dead-letter queue, but was never routed and is on no queue.',
    ])
  })
})

describe('an item in quarantine', () => {
  /** Answers 202 to a request of frankfurt whose `items` are unusable, and resolves to the messages that it becomes. */
  const keep = (body: string, items: number): { messages: Lying[]; ids: string[] } => {
    const { messages, entries: kept } = quarantine(
      { id: 'frankfurt' } as Registry,
      'webhook',
      request(body),
      request(body),
      Array.from(
        { length: items },
        (_, item): Unusable => ({ reason: 'INVALID_ITEM', message: '', item, count: 1, of: items }),
      ),
    )
    const ids = kept.map(({ id }) => id)
    const reasons = { INVALID_ITEM: items }
    const counts = { received: items, accepted: 0, ids: [], quarantined: reasons, kept: ids }
    entries.publish({ event: 'request', registry: 'frankfurt', status: 202, ...counts } satisfies Entry)
    return { messages: messages.map((one, index) => ({ messageId: String(index), ...one })), ids }
  }
  const redriven = (...ids: string[]) => entries.publish({ event: 'route', redrivenFrom: ids } satisfies Entry)
  const gone = (id?: string) =>
    `GONE: item ${id} of registry frankfurt (eu-de) was answered 202 as quarantined, but was not redriven and is not whole in quarantine any more.`
  const counted = (made: Report) => of('frankfurt', made)[0]?.quarantine

  test('is there, on its dead-letter queue, or was redriven; else it is gone', () => {
    const { messages, ids } = keep('{}', 5)
    const [there, dead] = messages as [Lying, Lying]
    put(KEPT, there)
    put(`${KEPT}-dlq`, dead)
    redriven(ids[2] ?? '')
    put(INTAKE, message('late', 'frankfurt', { redrivenTime: '2026-11-22T13:00:00.00Z', redrivenFrom: ids[3] }))
    const made = report()
    expect([made.holds, made.mistakes, counted(made)]).toEqual([
      false,
      [gone(ids[4])],
      { answered: 5, kept: 2, redriven: 2, gone: 1 },
    ])
  })

  test('that comes again after it was redriven has to be there again', () => {
    const { ids } = keep('{}', 1)
    today += 1000
    redriven(...ids)
    expect(report()).toMatchObject({ holds: true, mistakes: [] })
    today += 1000
    keep('{}', 1)
    expect(report()).toMatchObject({ holds: false, mistakes: [gone(ids[0])] })
    reopen(16 * DAY)
    expect(report()).toMatchObject({ holds: false, mistakes: [gone(ids[0])] })
  })

  test('is redriven also when its event waits beside another one of the same id', () => {
    const { ids } = keep('{}', 1)
    const time = { redrivenTime: '2026-11-22T13:00:00.00Z', redrivenFrom: ids[0] }
    put(INTAKE, message('same', 'frankfurt', time), message('same', 'frankfurt'))
    expect(report().mistakes).toEqual([])
  })

  test('may lie in one message with others, and has a fate of its own', () => {
    const { messages, ids } = keep('x'.repeat(5 * 1024 * 1024), 2)
    put(KEPT, ...messages)
    expect(counted(report())).toEqual({ answered: 2, kept: 2, redriven: 0, gone: 0 })
    // A body without one of its parts is of no use to anybody.
    queues[KEPT]?.pop()
    const made = report()
    expect([made.mistakes.toSorted(), counted(made)?.gone]).toEqual([ids.map(gone).toSorted(), 2])
    put(INTAKE, message('alone', 'frankfurt', { redrivenTime: '2026-11-22T13:00:00.00Z', redrivenFrom: ids[1] }))
    expect(report().mistakes).toEqual([gone(ids[0])])
    redriven(ids[0] ?? '')
    expect(counted(report())).toEqual({ answered: 2, kept: 0, redriven: 2, gone: 0 })
  })

  test('was promised only by a 202', () => {
    entries.publish({ event: 'request', registry: 'frankfurt', status: 503, received: 1, rejected: 1, kept: ['a'] })
    expect([report().mistakes, counted(report())?.answered]).toEqual([[], 0])
  })

  test('is called gone only when nothing waits to be written', () => {
    const { ids } = keep('{}', 1)
    const other = new DatabaseSync(join(dir, 'accounting.db'))
    other.exec('BEGIN IMMEDIATE')
    redriven(ids[0] ?? '')
    expect(report().mistakes).toEqual([expect.stringMatching(/^LEDGER/)])
    other.exec('ROLLBACK')
    other.close()
    expect(report().mistakes).toEqual([])
  })

  test('is a number only when it was redriven long ago', () => {
    const { ids } = keep('{}', 3)
    redriven(ids[0] ?? '')
    today += 1
    redriven(ids[1] ?? '')
    const before = report()
    reopen(15 * DAY)
    expect(report()).toEqual(before)
    expect(counted(before)).toEqual({ answered: 3, kept: 0, redriven: 2, gone: 1 })
    expect(ledger.kept().map(({ id }) => id)).toEqual(expect.arrayContaining(ids.slice(1)))
    expect(ledger.kept()).toHaveLength(2)
  })
})

describe('what was settled', () => {
  const settle = () => {
    accept('frankfurt', 'settled', 'open')
    tell('routed', 'frankfurt', 'eu-de', 'settled', 'unanswered')
    entries.publish({ event: 'route', routed: { frankfurt: { 'eu-de': ['again'] } }, redriven: ['again'] })
    // Mistakes stay, however old they are.
    accept('sydney', 'astray')
    tell('routed', 'sydney', 'eu-de', 'astray')
    tell('routed', 'frankfurt', 'jp-tok', 'never-accepted')
    return report()
  }
  const heardOf = (id: string) => ledger.placesOf('frankfurt', id).length > 0

  test('is a number only after fifteen days', () => {
    const before = settle()
    expect(before.mistakes).toHaveLength(3)
    reopen(15 * DAY)
    expect(['settled', 'unanswered', 'again', 'open'].map(heardOf)).toEqual([true, true, true, true])
    reopen(1)
    expect(['settled', 'unanswered', 'again', 'open'].map(heardOf)).toEqual([false, false, false, true])
    expect(report()).toEqual(before)
    accept('frankfurt', 'next')
    tell('routed', 'frankfurt', 'eu-de', 'next')
    reopen(16 * DAY)
    expect(heardOf('next')).toBe(false)
    expect([report().mistakes, of('frankfurt')[0]?.events]).toEqual([
      before.mistakes,
      { accepted: 3, routed: 4, onIntake: 0, deadLettered: 0, redriven: 1, unanswered: 1 },
    ])
  })

  test('is known as long as it is heard of', () => {
    settle()
    today += 10 * DAY
    accept('frankfurt', 'settled')
    reopen(10 * DAY)
    expect(['settled', 'again'].map(heardOf)).toEqual([true, false])
  })

  test('before the ledger had times is as old as the day on which it got them', () => {
    const before = settle()
    ledger.close()
    const other = new DatabaseSync(join(dir, 'accounting.db'))
    other.exec('ALTER TABLE events DROP COLUMN seen')
    for (const table of ['events', 'pruned'])
      for (const column of ['owed', 'archived']) other.exec(`ALTER TABLE ${table} DROP COLUMN ${column}`)
    other.close()
    ledger = open()
    expect([report(), heardOf('settled')]).toEqual([before, true])
    reopen(16 * DAY)
    expect([report(), heardOf('settled')]).toEqual([before, false])
  })
})

describe('the ledger', () => {
  test('outlives the emulation, and keeps stages apart', () => {
    accept('frankfurt', 'a')
    ledger.close()
    ledger = openLedger(dir, 'other', locations, () => {})
    expect(account(ledger, () => [], 'other', outputNames).mistakes).toEqual([])
    ledger.close()
    accept('frankfurt', 'while it was closed')
    ledger = open()
    expect(report().mistakes).toEqual([
      'LOST: event a of registry frankfurt (eu-de) was answered 202, but was never routed and is on no queue.',
    ])
  })

  test('that can not be written costs no function anything, and catches up', () => {
    const other = new DatabaseSync(join(dir, 'accounting.db'))
    other.exec('BEGIN IMMEDIATE')
    accept('frankfurt', 'a')
    accept('frankfurt', 'b')
    expect(warnings).toEqual([
      `${join(dir, 'accounting.db')} can't be written: database is locked. What it lacks is kept in memory and tried again.`,
    ])
    expect(report().mistakes).toEqual([
      'LEDGER: entries that could not be written: 2 (database is locked), so no event can be called lost yet.',
    ])
    other.exec('ROLLBACK')
    other.close()
    tell('routed', 'frankfurt', 'eu-de', 'a', 'b')
    const made = report()
    expect([made.holds, of('frankfurt', made)[0]?.events]).toMatchObject([true, { accepted: 2, routed: 2 }])
  })

  test('keeps all of an entry or nothing', () => {
    const other = new DatabaseSync(join(dir, 'accounting.db'))
    other.exec(
      "CREATE TRIGGER full BEFORE INSERT ON events WHEN new.id = 'b' BEGIN SELECT raise(ABORT, 'disk is full'); END",
    )
    accept('frankfurt', 'a', 'b')
    const during = report()
    expect(during.mistakes).toEqual([
      'LEDGER: entries that could not be written: 1 (disk is full), so no event can be called lost yet.',
    ])
    expect(of('frankfurt', during)[0]).toMatchObject({ received: 0, events: { accepted: 0 } })
    other.exec('DROP TRIGGER full')
    other.close()
    put(INTAKE, message('a', 'frankfurt'), message('b', 'frankfurt'))
    const after = report()
    expect([after.mistakes, of('frankfurt', after)[0]]).toMatchObject([[], { received: 2, events: { accepted: 2 } }])
  })

  test('that is no ledger stops the emulation with a sentence', () => {
    const broken = mkdtempSync(join(tmpdir(), 'registry-event-router-ledger-'))
    writeFileSync(
      join(broken, 'accounting.db'),
      'something else, and long enough to be read as a header of a database file',
    )
    try {
      expect(() => openLedger(broken, 'local', locations, () => {})).toThrow(
        /accounting\.db, .* can't be used: .*Move it/,
      )
    } finally {
      rmSync(broken, { recursive: true, force: true })
    }
  })
})

test('whatever happens to events, each one is accounted for once', () => {
  const step = fc.record({
    id: fc.integer({ min: 0, max: 5 }).map((number) => `event-${number}`),
    what: fc.constantFrom('send', 'answer', 'route', 'kill', 'dead', 'redrive', 'steal', 'archive', 'bury', 'rob'),
  })
  type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never
  let run = 0
  const check = (steps: readonly Step[]) => {
    // A stage of its own is an account of its own.
    const stage = `run-${++run}`
    const kept = openLedger(dir, stage, locations, () => {})
    const made = () => new Set<string>()
    const [sent, intake, dead, promised, done] = [made(), made(), made(), made(), made()]
    const [onArchive, buried, archived, given] = [made(), made(), made(), made()]
    const send = (id: string) => {
      done.add(id)
      onArchive.add(id)
      route('frankfurt', 'eu-de', id)
    }
    const happen: Record<Step['what'], (id: string) => void> = {
      send(id) {
        sent.add(id)
        intake.add(id)
      },
      answer(id) {
        if (sent.has(id) && promised.add(id)) accept('frankfurt', id)
      },
      route(id) {
        if (intake.delete(id)) send(id)
      },
      // The router was killed between the queue of the location and the intake queue.
      kill(id) {
        if (intake.has(id)) send(id)
      },
      dead(id) {
        if (intake.delete(id) && dead.add(id) && given.add(id)) tell('deadLettered', 'frankfurt', 'eu-de', id)
      },
      redrive(id) {
        if (dead.delete(id)) intake.add(id)
      },
      steal(id) {
        intake.delete(id)
        dead.delete(id)
      },
      archive(id) {
        if (onArchive.delete(id) && archived.add(id)) archive('frankfurt', 'eu-de', id)
      },
      bury(id) {
        if (onArchive.delete(id)) buried.add(id)
      },
      rob(id) {
        onArchive.delete(id)
        buried.delete(id)
      },
    }
    try {
      for (const { id, what } of steps) happen[what](id)
      const lying: Record<string, Set<string>> = {
        [`registry-events-${stage}-intake`]: intake,
        [`registry-events-${stage}-intake-dlq`]: dead,
        [`registry-events-${stage}-eu-de-archive`]: onArchive,
        [`registry-events-${stage}-eu-de-archive-dlq`]: buried,
      }
      const look = (queue: string) =>
        [...(lying[queue] ?? [])].map((id) => ({ ...message(id, 'frankfurt'), attributes: { id } }))
      const { mistakes, registries } = account(kept, look, stage, outputNames)
      // What was given up is answered for as well, whether or not it was promised.
      const lost = [...promised.union(given)].filter((id) => !done.has(id) && !intake.has(id) && !dead.has(id))
      for (const id of lost) expect(mistakes.join()).toContain(`LOST: event ${id} `)
      const robbed = [...done].filter((id) => !archived.has(id) && !onArchive.has(id) && !buried.has(id))
      for (const id of robbed) expect(mistakes.join()).toContain(`LOST: event ${id} `)
      expect(mistakes).toHaveLength(lost.length + robbed.length)
      const { events, archive: kinds } = registries.find(({ registry }) => registry === 'frankfurt') ?? {}
      const { routed = 0, archived: there = 0, onQueue = 0, deadLettered = 0 } = kinds ?? {}
      expect(routed).toBe(there + onQueue + deadLettered + robbed.length)
      const promises = (events?.accepted ?? 0) + (events?.unanswered ?? 0) + (events?.redriven ?? 0)
      const ends = (events?.routed ?? 0) + (events?.onIntake ?? 0) + (events?.deadLettered ?? 0)
      expect(promises).toBe(ends + lost.filter((id) => promised.has(id)).length)
    } finally {
      kept.close()
    }
  }
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), check), { numRuns: 100 })
})
