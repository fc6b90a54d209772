import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readRows, writeRows } from '../../lib/archive/parquet.ts'
import { eventText, type Row, toRow } from '../../lib/archive/row.ts'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { arrivalOf, sampleEvents } from '../archive.ts'

const times = { routed: 1_795_352_401_000, archived: 1_795_352_402_000 }
const rowOf = (event: unknown): Row => toRow(canonicalText(event), 7, times)

const event = {
  id: '936c2c0d-67ef-586e-9cf5-8c9459bc8569',
  eventTime: '2026-11-22T13:00:00.12+0000',
  action: 'container-registry.image.push',
  outcome: 'success',
  severity: 'normal',
  dataEvent: true,
  message: 'Container Registry: push image de.icr.io/team/app:1.0',
  initiator: { id: 'alice', name: 'alice', host: { address: '192.0.2.10', agent: 'docker/27.0' } },
  target: { id: 'de.icr.io/team/app@sha256:6f25', name: 'de.icr.io/team/app:1.0' },
  correlationId: 'r1-2',
  provenance: { registry: 'harbor', region: 'eu-central', account: 'a17', receivedTime: '2026-11-22T13:00:01.63+0000' },
}

describe('the row of an event', () => {
  test('has its values in columns, and holes where they stood', () => {
    const { event: holed, ...values } = rowOf(event)
    expect(values).toEqual({
      leaf: 7,
      id: event.id,
      time: Date.UTC(2026, 10, 22, 13, 0, 0, 120),
      action: event.action,
      outcome: 'success',
      severity: 'normal',
      data_event: true,
      initiator_id: 'alice',
      initiator_name: 'alice',
      address: '192.0.2.10',
      agent: 'docker/27.0',
      target_id: event.target.id,
      target_name: event.target.name,
      registry: 'harbor',
      region: 'eu-central',
      account: 'a17',
      correlation_id: 'r1-2',
      received_time: Date.UTC(2026, 10, 22, 13, 0, 1, 630),
      routed_time: times.routed,
      archived_time: times.archived,
    })
    // One character for each value that the table of columns numbers: 1 to 8, 11, 12, 14 to 19.
    expect(holed).toBe(
      '{"action":"\u0003","correlationId":"\u0012","dataEvent":true,"eventTime":"\u0002","id":"\u0001",' +
        '"initiator":{"host":{"address":"\u0008","agent":"\u000b"},"id":"\u0006","name":"\u0007"},' +
        '"message":"Container Registry: push image \u000e","outcome":"\u0004",' +
        '"provenance":{"account":"\u0011","receivedTime":"\u0013","region":"\u0010","registry":"\u000f"},' +
        '"severity":"\u0005","target":{"id":"\u000c","name":"\u000e"}}',
    )
  })

  test.each([
    ['has fewer than three characters', { initiator: { id: 'al' } }, 'initiator_id', 'al'],
    ['has a quote', { initiator: { id: 'al"ice' } }, 'initiator_id', 'al"ice'],
    ['has a backslash', { initiator: { id: 'al\\ice' } }, 'initiator_id', 'al\\ice'],
    ['has a control character', { initiator: { id: 'al\u0001ice' } }, 'initiator_id', 'al\u0001ice'],
    ['is broken in two', { initiator: { id: 'alice\ud83d' } }, 'initiator_id', 'alice\ufffd'],
    ['is a time of another form', { eventTime: '2026-11-22T13:00:00Z' }, 'time', Date.UTC(2026, 10, 22, 13)],
    ['is no time', { eventTime: 'yesterday' }, 'time', null],
    ['is a number', { target: { id: 12_345 } }, 'target_id', null],
    ['is an object', { target: { id: { id: 'team' } } }, 'target_id', null],
    ['is no boolean', { dataEvent: 'true' }, 'data_event', null],
    ['is not there', {}, 'id', null],
    ['lies in something that is no object', { provenance: 'harbor' }, 'registry', null],
  ] as const)('leaves in the text what %s', (_what, odd, column, value) => {
    const row = rowOf(odd)
    expect([row[column], row.event]).toEqual([value, canonicalText(odd)])
  })

  test('can’t be made whole when a column was emptied, or a character that is no hole was put in', () => {
    const row = rowOf(event)
    const damaged = expect.objectContaining({ code: 'ARCHIVE_DAMAGED', message: expect.stringContaining('leaf 7') })
    const attempt = (changed: Row) => {
      try {
        return eventText(changed)
      } catch (error) {
        return error
      }
    }
    expect(attempt({ ...row, id: null })).toEqual(damaged)
    expect(attempt({ ...row, event: row.event.replace('\u0001', '\u001f') })).toEqual(damaged)
  })
})

/** What may stand anywhere: values that repeat one another, contain one another, look like holes or like JSON. */
const nasty = fc.oneof(
  fc.constantFrom(
    ...['abc', 'abcabc', 'ab', 'a"b"c', 'a\\b', '\u0001', 'x\u0001y', '\u0002\u0003', '"id":"abc"', 'u0001', '\\u0001'],
    ...[
      '2026-11-22T13:00:00.12+0000',
      '2026-11-22T13:00:00.12Z',
      '12345',
      'true',
      'null',
      '😀😀😀',
      'a\ud83db',
      '\udc00abc',
    ],
    ...['\u2028\u2029\u007f', 'event', 'name', '{}', 'ääää', '\n\r\t'],
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const anything = fc.oneof({ weight: 8, arbitrary: nasty }, fc.constantFrom(12_345, true, null, 1e300), fc.jsonValue())
const part = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.oneof({ weight: 8, arbitrary: fc.record(fields, { requiredKeys: [] }) }, anything)
const events = fc.record(
  {
    ...{
      id: anything,
      eventTime: anything,
      action: anything,
      outcome: anything,
      severity: anything,
      message: anything,
    },
    ...{ dataEvent: fc.oneof(fc.boolean(), anything), correlationId: anything, requestData: fc.jsonValue() },
    initiator: part({ id: anything, name: anything, host: part({ address: anything, agent: anything }) }),
    target: part({ id: anything, name: anything }),
    provenance: part({ registry: anything, region: anything, account: anything, receivedTime: anything }),
  },
  { requiredKeys: [] },
)

test('of any event at all, the row gives back the very text', () => {
  const check = (made: unknown) => {
    const text = canonicalText(JSON.parse(JSON.stringify(made)))
    expect(eventText(toRow(text, 0, times))).toBe(text)
  }
  fc.assert(fc.property(events, check), { numRuns: 500 })
})

test('of any events at all, a file gives back the very rows', async () => {
  const check = async (made: readonly unknown[], routed: (number | null)[]) => {
    const texts = made.map((some) => canonicalText(JSON.parse(JSON.stringify(some))))
    const rows = texts.map((text, leaf) => toRow(text, leaf, { routed: routed[leaf] ?? null, archived: 5 }))
    const read = await readRows(writeRows(rows))
    expect(read).toEqual(rows)
    expect(read.map(eventText)).toEqual(texts)
  }
  const some = fc.array(events, { minLength: 1, maxLength: 30 })
  await fc.assert(fc.asyncProperty(some, fc.array(fc.option(fc.nat())), check), { numRuns: 20 })
})

test('the same rows give the same file, and it holds all of them whatever they are', async () => {
  const rows = [...sampleEvents(1000)].map((sample, leaf) => toRow(arrivalOf(sample).text, leaf, times))
  const file = writeRows(rows)
  expect(writeRows(rows).equals(file)).toBe(true)
  expect(await readRows(file)).toEqual(rows)
})

test.each([
  ['nothing', (file: Buffer) => file.subarray(0, 0)],
  ['its first half', (file: Buffer) => file.subarray(0, file.length / 2)],
  ['all but its last byte', (file: Buffer) => file.subarray(0, -1)],
  ['its middle lost', (file: Buffer) => Buffer.from(file).fill(0, 1000, 2000)],
  ['other text', () => Buffer.from('PAR1 this is no such file PAR1')],
])('a file of which there is %s is named as damaged', async (_what, spoil) => {
  const file = writeRows([...sampleEvents(300)].map((sample, leaf) => toRow(arrivalOf(sample).text, leaf, times)))
  await expect(readRows(spoil(file))).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' })
})
