import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { athenaDialect, literalOf } from '../../lib/search/athena.ts'
import { dialectOf } from '../../lib/search/duckdb.ts'
import { readQuestion } from '../../lib/search/filter.ts'
import {
  boundsStatement,
  countsStatement,
  type Dialect,
  type Position,
  pageStatement,
  type Scope,
} from '../../lib/search/query.ts'
import type { Fragment } from '../../lib/search/sql.ts'
import { list, sql } from '../../lib/search/sql.ts'
import { NOW } from '../now.ts'

const scopes: Scope[] = [
  { location: 'eu-de', from: 0, size: 1208 },
  { location: 'jp-tok', from: 7, size: 30 },
]
const behind: Position = { value: 'k-value', time: NOW, location: 'eu-de', leaf: 77 }

const statements: Record<string, (query: string, dialect: Dialect) => Fragment> = {
  page: (query, dialect) => {
    const { filter, sort, limit } = readQuestion(new URLSearchParams(query), NOW)
    return pageStatement({ filter, sort, scopes, behind, limit }, dialect)
  },
  bounds: (query, dialect) => boundsStatement(readQuestion(new URLSearchParams(query), NOW).filter, scopes, dialect),
  counts: (query, dialect) => {
    const { filter } = readQuestion(new URLSearchParams(query), NOW)
    return countsStatement(
      { filter, scopes, by: ['action', 'dataEvent', 'target'], top: 20, interval: 60_000 },
      dialect,
    )
  },
}

const EVERYTHING =
  'from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z&action=image.push&action=image.*&family=quota&dataEvent=true&outcome=failure' +
  '&severity=critical&initiator=alice&initiator!=bob&address=192.0.2.7&address=192.0.2.0/24&target=t&targetPrefix=p&targetContains=c' +
  '&registry=hub&region=eu-de&id=1&q=some&q!=other&sort=-initiator'

const duck = dialectOf('(DUCK)')
const athena = athenaDialect([['2026-10-01', '2026-11-22']])

/** `statement` with the name of a piece in place of what a dialect makes of it. */
function named(make: (dialect: Dialect) => Fragment, dialect: Dialect): Fragment {
  const mark = (name: string, rest = ''): Fragment => ({ sql: `<${name}${rest}>`, parameters: [] })
  return make({
    ...dialect,
    all: mark('all'),
    events: ({ first = '', last = '' }) => mark('events ', `${first} ${last}`),
    page: mark('page'),
    says: (values) => sql`<says ${list(values)}>`,
    milliseconds: (column) => mark('milliseconds ', column),
    addressKey: (column) => mark('addressKey ', column),
  })
}

describe('one query builder', () => {
  for (const [name, make] of Object.entries(statements)) {
    test(`makes the same ${name} of a filter for both dialects, but for their pieces`, () => {
      const of = (dialect: Dialect) => make(EVERYTHING, dialect)
      expect(named((marked) => make(EVERYTHING, marked), duck)).toEqual(
        named((marked) => make(EVERYTHING, marked), athena),
      )
      expect(of(duck).sql).not.toBe(of(athena).sql)
    })

    test(`has a placeholder in ${name} for each parameter`, () => {
      for (const dialect of [duck, athena]) {
        const { sql: made, parameters } = make(EVERYTHING, dialect)
        // The pattern of lists and texts of this project's own has no question mark.
        expect(made.split('?')).toHaveLength(parameters.length + 1)
      }
    })

    test(`pastes no value into ${name}`, () => {
      const names = [
        'initiator',
        'initiator!',
        'target',
        'targetPrefix',
        'targetContains',
        'registry',
        'region',
        'id',
        'q',
        'address',
      ]
      const value = fc.string({ minLength: 1, maxLength: 40 }).map((text) => `<${text.replace(/\p{C}|\//gu, '')}'">`)
      fc.assert(
        fc.property(fc.constantFrom(...names), value, fc.constantFrom(duck, athena), (parameter, text, dialect) => {
          const query = new URLSearchParams([[parameter, text]]).toString()
          const { sql: made, parameters } = make(query, dialect)
          expect(made).not.toContain(text)
          expect(made).toBe(make(new URLSearchParams([[parameter, 'x']]).toString(), dialect).sql)
          expect(parameters).toContain(text)
        }),
      )
    })
  }

  test('has its parameters where Athena takes them: behind a WHERE', () => {
    for (const make of Object.values(statements)) {
      const { sql: made } = make(EVERYTHING, athena)
      expect(made.indexOf('WHERE')).toBeGreaterThan(0)
      expect(made.slice(0, made.lastIndexOf('WHERE', made.indexOf('?')))).not.toContain('?')
    }
  })
})

test('Athena looks for copies on the days of a question, and a week around them', () => {
  const of = (query: string) => (statements.page as (query: string, dialect: Dialect) => Fragment)(query, athena).sql
  expect(of('from=2026-11-10T00:00:00Z&to=2026-11-12T00:00:00Z')).toContain(
    "day >= '2026-11-03' AND day <= '2026-11-19'",
  )
  expect(of('to=9999-12-31T00:00:00Z&from=1000-01-01T00:00:00Z')).toContain(
    "day >= '1000-01-01' AND day <= '9999-12-31'",
  )
  expect(of('initiator=alice')).not.toContain("day >= '")
  expect(of('initiator=alice').split("day BETWEEN '2026-10-01' AND '2026-11-22'")).toHaveLength(3)
})

describe('a parameter for Athena', () => {
  const cases: [string | number | boolean, string][] = [
    ['plain', "'plain'"],
    ["o'neil", "'o''neil'"],
    ["'; DROP TABLE archive; --", "'''; DROP TABLE archive; --'"],
    ["\\'", "'\\'''"],
    ["''", "''''''"],
    [1208, '1208'],
    [true, 'true'],
  ]
  test.each(cases)('%j is the literal %s', (value, literal) => {
    expect(literalOf(value)).toBe(literal)
  })

  test('ends where it began, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const literal = literalOf(value)
        // Two quotes in it are one quote of the value: a lone one would end it.
        expect(literal.slice(1, -1).replaceAll("''", '')).not.toContain("'")
        expect(literal.slice(1, -1).replaceAll("''", "'")).toBe(value)
      }),
    )
  })
})
