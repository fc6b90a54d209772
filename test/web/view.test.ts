import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fields } from '../../web/fields.ts'
import { type Filter, grouped, standing, toggled, typed, withFilter, withoutFilter } from '../../web/filters.ts'
import { chartOf, marksOf } from '../../web/histogram.ts'
import { tokens } from '../../web/json.ts'
import { fixed, fromField, rangeText, resolve, toField } from '../../web/time.ts'
import { fromHash, initial, sortable, tabs, toHash, type View } from '../../web/view.ts'

const filter = (name: string, value: string, not = false): Filter => ({ name, not, value })

describe('the address', () => {
  const filters = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...fields.map(({ name }) => name)),
      not: fc.boolean(),
      value: fc.string({ minLength: 1, unit: 'binary' }).filter((value) => !value.startsWith('container-registry.')),
    }),
    { selector: ({ name, value }) => `${name} ${value}` },
  )
  const time = fc
    .date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString())
  const views: fc.Arbitrary<View> = fc.record({
    range: fc.oneof(
      fc.constantFrom({ last: '15m' }, { last: '7d' }, { last: '3w' }, {}),
      fc.record({ from: time, to: time }),
      fc.record({ from: time }),
      fc.record({ to: time }),
    ),
    filters,
    sort: fc.constantFrom(...sortable.flatMap((name) => [name, `-${name}`])),
    zone: fc.constantFrom('utc' as const, 'local' as const),
    live: fc.boolean(),
    event: fc.uuid(),
    tab: fc.constantFrom(...tabs),
  })

  test('says all of every view', () => {
    fc.assert(fc.property(views, (view) => expect(fromHash(`#${toHash(view)}`)).toEqual(view)))
  })

  test('can be read by people', () => {
    const view: View = {
      ...initial,
      filters: [filter('action', 'image.push'), filter('initiator', 'ci bot', true)],
      live: true,
    }
    expect(toHash(view)).toBe('last=24h&action=image.push&initiator!=ci%20bot&live=1')
  })

  test.each([
    ['', initial],
    ['#nonsense&last=ever&sort=secret&zone=mars&tab=all&from=soon&live=maybe', initial],
    ['#last=all', { ...initial, range: {} }],
    ['#action=container-registry.image.push', { ...initial, filters: [filter('action', 'image.push')] }],
    ['#constructor=x&__proto__=y&action=', initial],
  ])('of %j is read as far as it makes sense', (hash, view) => {
    expect(fromHash(hash)).toEqual(view)
  })
})

describe('filters', () => {
  const push = filter('action', 'image.push')

  test('are added once, turned round, and taken out', () => {
    const once = withFilter(withFilter([], push), filter('action', 'container-registry.image.push'))
    expect(once).toEqual([push])
    expect(withFilter(once, { ...push, not: true })).toEqual([{ ...push, not: true }])
    expect(withoutFilter(once, filter('action', 'container-registry.image.push'))).toEqual([])
  })

  test('are toggled', () => {
    expect(toggled([push], push)).toEqual([])
    expect(toggled([push], { ...push, not: true })).toEqual([{ ...push, not: true }])
    expect(standing([{ ...push, not: true }], 'action', 'container-registry.image.push')).toBe('isNot')
    expect(standing([push], 'action', 'image.pull')).toBeUndefined()
  })

  test('of one name stand together', () => {
    const pull = filter('action', 'image.pull')
    const ci = filter('initiator', 'ci', true)
    expect(grouped([push, ci, pull])).toEqual([[push, pull], [ci]])
  })

  test.each([
    ['hello', [filter('q', 'hello')]],
    ['action:image.push', [push]],
    ['action:container-registry.image.push failed login', [push, filter('q', 'failed login')]],
    ['-initiator:ci', [filter('initiator', 'ci', true)]],
    ['initiator!=ci outcome=failure', [filter('initiator', 'ci', true), filter('outcome', 'failure')]],
    ['target:"team/app 1"', [filter('target', 'team/app 1')]],
    ['"action:image.push"', [filter('q', 'action:image.push')]],
    ['http://example.com:80', [filter('q', 'http://example.com:80')]],
    ['address:192.0.2.0/24', [filter('address', '192.0.2.0/24')]],
    ['sha256:6f25', [filter('q', 'sha256:6f25')]],
    ['   ', []],
  ])('are read from %j', (text, expected) => {
    expect(typed(text)).toEqual(expected)
  })
})

describe('times', () => {
  const NOON = Date.UTC(2026, 10, 22, 12)

  test('of presets begin before now and have no end', () => {
    expect(resolve({ last: '15m' }, NOON)).toEqual({ from: NOON - 900_000 })
    expect(resolve({}, NOON)).toEqual({})
  })

  test('that are dragged are whole seconds, at least one', () => {
    expect(fixed(NOON + 400, NOON + 1400)).toEqual({ from: '2026-11-22T12:00:00.000Z', to: '2026-11-22T12:00:02.000Z' })
    expect(fixed(NOON, NOON)).toEqual({ from: '2026-11-22T12:00:00.000Z', to: '2026-11-22T12:00:01.000Z' })
  })

  test('go into fields and back', () => {
    for (const zone of ['utc', 'local'] as const) expect(fromField(toField(NOON, zone), zone)).toBe(NOON)
    expect(toField(NOON, 'utc')).toBe('2026-11-22T12:00:00')
    expect(fromField('', 'utc')).toBeUndefined()
  })

  test('are said in words', () => {
    expect(rangeText({ last: '7d' }, 'utc')).toBe('Last 7 days')
    expect(rangeText({ last: '3w' }, 'utc')).toBe('Last 3w')
    expect(rangeText({}, 'utc')).toBe('All time')
    expect(rangeText({ from: '2026-11-22T12:00:00Z', to: '2026-11-22T13:30:05Z' }, 'utc')).toBe(
      '2026-11-22 12:00 – 13:30:05',
    )
  })
})

describe('the histogram', () => {
  const HOUR = 3_600_000
  const from = Date.UTC(2026, 10, 22, 9, 30)
  const bucket = (hour: number, count: number) => ({
    time: new Date(Date.UTC(2026, 10, 22, hour)).toISOString(),
    count,
    failures: 1,
  })

  test('has a slot for every hour, with events or without', () => {
    const chart = chartOf([bucket(12, 3), bucket(10, 5)], '1h', { from }, from + 4 * HOUR)
    expect(chart.slots.map(({ time, count }) => [new Date(time).toISOString().slice(11, 16), count])).toEqual([
      ['09:00', 0],
      ['10:00', 5],
      ['11:00', 0],
      ['12:00', 3],
      ['13:00', 0],
    ])
    expect(chart.most).toBe(5)
  })

  test('holds buckets that lie outside of the range', () => {
    const chart = chartOf([bucket(8, 1), bucket(15, 2)], '1h', { from, to: from + HOUR }, from)
    expect([chart.slots.at(0)?.count, chart.slots.at(-1)?.count]).toEqual([1, 2])
  })

  test('is one slot when nothing is known, and never too many', () => {
    expect(chartOf([], '1h', {}, from).slots).toHaveLength(1)
    expect(chartOf([], '1m', { from: 0, to: from }, from).slots.length).toBeLessThanOrEqual(1000)
  })

  test('has marks at round times', () => {
    const chart = chartOf([bucket(10, 1)], '1h', { from: from - 12 * HOUR, to: from + 12 * HOUR }, from)
    expect(marksOf(chart, 'utc', 8).map(({ text }) => text)).toEqual(['11-22', '06:00', '12:00', '18:00'])
  })
})

test('JSON is taken apart without losing anything', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const pretty = JSON.stringify(JSON.parse(text), null, 2)
      expect(
        tokens(pretty)
          .map((token) => token.text)
          .join(''),
      ).toBe(pretty)
    }),
  )
  expect(tokens('{"a": "b:\\"c", "d": -1e3, "e": null}').map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'mark {',
    'name "a"',
    'mark :',
    'mark  ',
    'text "b:\\"c"',
    'mark , ',
    'name "d"',
    'mark :',
    'mark  ',
    'value -1e3',
    'mark , ',
    'name "e"',
    'mark :',
    'mark  ',
    'value null',
    'mark }',
  ])
})
