import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Column, columns } from '../../lib/archive/columns.ts'
import { toRow } from '../../lib/archive/row.ts'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { says } from '../../lib/search/says.ts'
import { sampleEvents } from '../archive.ts'

// Free text has to find what stands in the whole JSON of an event, wherever the values that are kept in columns begin and end.

/** Events with texts that follow one another without anything between them, braces, and values that JSON escapes or that are too short for a hole. */
const texts = [...sampleEvents(12)].map((event, index) => {
  const { target, initiator } = event
  const both = `${target.name}${initiator.id}${target.id} {0} {} ${target.name}`
  const changes = [
    { message: both },
    { target: { ...target, name: 'quo"ted\\name' }, message: 'quo"ted\\name' },
    { target: { ...target, id: 'ab', name: 'Äpfel-{1}-ÄPFEL' }, message: 'Äpfel-{1}-ÄPFEL!' },
    { initiator: { ...initiator, id: 'aaaaaaaa' }, message: 'aaaaaaaaaaaaaaaab' },
  ]
  return canonicalText({ ...event, ...changes[index % changes.length] })
})
const TYPES = { INT64: 'BIGINT', STRING: 'VARCHAR', TIMESTAMP: 'BIGINT', BOOLEAN: 'BOOLEAN' } as const

let found: (values: readonly string[]) => Promise<number[]>

beforeAll(async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const all = columns as readonly Column[]
  await connection.run(`CREATE TABLE rows (${all.map(({ name, type }) => `${name} ${TYPES[type]}`).join(', ')})`)
  for (const [leaf, text] of texts.entries()) {
    const row = toRow(text, leaf, { routed: null, archived: null })
    const values = columns.map(({ name }) => row[name])
    await connection.run(
      `INSERT INTO rows VALUES (${values.map(() => '?').join(', ')})`,
      values.map((value) => (typeof value === 'number' ? BigInt(value) : value)),
    )
  }
  const times = all.filter(({ type }) => type === 'TIMESTAMP').map(({ name }) => `epoch_ms(${name}) AS ${name}`)
  await connection.run(`CREATE TABLE events AS SELECT * REPLACE (${times.join(', ')}) FROM rows`)
  found = async (values) => {
    const { sql, parameters } = says(values)
    const read = await connection.runAndReadAll(`SELECT leaf FROM events WHERE ${sql} ORDER BY leaf`, [...parameters])
    return read.getRowObjects().map(({ leaf }) => Number(leaf))
  }
})

const lower = texts.map((text) => text.toLowerCase())
const expected = (values: readonly string[]): number[] =>
  lower.flatMap((text, leaf) => (values.some((value) => text.includes(value.toLowerCase())) ? [leaf] : []))

/** A part of an event, as it stands there or with one character changed. */
const part = fc
  .record({
    text: fc.constantFrom(...texts),
    from: fc.nat(1600),
    length: fc.integer({ min: 1, max: 60 }),
    change: fc.option(fc.record({ at: fc.nat(60), to: fc.constantFrom('x', '"', 'A', 'ß', ' ', '{') }), {
      nil: undefined,
    }),
    isLoud: fc.boolean(),
  })
  .map(({ text, from, length, change, isLoud }) => {
    const cut = text.slice(from % text.length, (from % text.length) + length)
    const at = change && change.at % cut.length
    const made = at === undefined ? cut : `${cut.slice(0, at)}${change?.to}${cut.slice(at + 1)}`
    return isLoud ? made.toUpperCase() : made
  })
  // In capital letters this one is two.
  .filter(
    (value) => value.length > 0 && !value.includes('ß') && value.toLowerCase().toUpperCase().length === value.length,
  )

describe('free text', () => {
  test('is found wherever it stands in the JSON of an event, and nowhere else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 3 }), async (values) => {
        expect(await found(values)).toEqual(expected(values))
      }),
      { numRuns: 150 },
    )
  }, 60_000)

  test.each([
    ['a whole event', texts[0] as string],
    ['across a value that is all of it', `"action":"${JSON.parse(texts[0] as string).action}","corr`],
    ['values that touch', `${JSON.parse(texts[0] as string).message}`.slice(5, 60)],
    ['what looks like a place of a template', '{0} {} '],
    ['the end of one value and the beginning of the next', 'aaaaaaaaaaaaaaaab'],
    ['a character', '}'],
    ['what only a column says, not the JSON', 'quo"ted'],
    ['a time', '2026-10-01T'],
    ['other letters', 'äPFEL-{1}-äpfel!'],
    ['the longest there may be', (texts[0] as string).slice(0, 1024)],
  ])('%s', async (_, value) => {
    expect(await found([value])).toEqual(expected([value]))
  })
})
