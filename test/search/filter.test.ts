import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Network, readNetwork } from '../../lib/address.ts'
import { MACROS } from '../../lib/search/duckdb.ts'
import { files } from '../../lib/stores/files.ts'
import { archiveAll, sampleArchive, sampleEvents } from '../archive.ts'
import { type Item, type SearchDoor, searchDoor } from './door.ts'

let door: SearchDoor

beforeAll(async () => {
  door = searchDoor()
  await sampleArchive(join(door.root, 'eu-de'), 60, { days: 1 })
})
afterAll(() => door.close())

const MISTAKES: [query: string, what: string][] = [
  ['color=red', '"color" is no parameter'],
  ['initiator=', '"initiator" is empty'],
  [`initiator=${'x'.repeat(1025)}`, '"initiator" has more than 1024 characters'],
  ['initiator=a%00b', '"initiator" holds a control character'],
  [
    'from=yesterday',
    '"from" has to be a time like 2026-11-22T13:00:00Z, or how long ago like 15m, 24h or 7d, not "yesterday"',
  ],
  ['from=2026-02-30T00:00:00Z', '"from" has to be a time'],
  ['from=99999999d', '"from" has to be a time'],
  ['from=0001-01-01T00:00:00Z', '"from" has to be a time'],
  ['to=-1h', '"to" has to be a time'],
  ['from=1h&from=2h', '"from" may be given once'],
  ['from=1h&to=2h', '"to" has to be later than from'],
  ['from=2026-11-01T00:00:00Z&to=2026-11-01T00:00:00Z', '"to" has to be later than from'],
  [
    'action=image.fly',
    '"action" has to be an action like image.push, or image.* for all of them, which "image.fly" is not',
  ],
  ['action=*.push', '"action" has to be an action'],
  ['family=fruit', '"family" has to be one of auth, exemption, image'],
  ['dataEvent=1', '"dataEvent" has to be one of true, false, not "1"'],
  ['outcome=ok', '"outcome" has to be one of success, failure, pending, not "ok"'],
  ['severity!=high', '"severity!" has to be one of normal, warning, critical, not "high"'],
  [
    'address=192.0.2.0/33',
    '"address" has to be an address, or a network like 192.0.2.0/24, which "192.0.2.0/33" is not',
  ],
  ['address=192.0.2.300', '"address" has to be an address, or a network like 192.0.2.0/24, which "192.0.2.300" is not'],
  ['address=192.0.2', '"address" has to be an address'],
  ['address=192.0.2.7:443', '"address" has to be an address'],
  ['address=2001:db8:::1', '"address" has to be an address'],
  ['address=2001:db8::/129', '"address" has to be an address, or a network'],
  ['address=a/b', '"address" has to be an address, or a network'],
  ['location=mars', '"location" has to be one of us-south'],
  ['after=eu-de', '"after" has to be a list of leaves, one a location, like eu-de:1200,jp-tok:0, not "eu-de"'],
  ['after=eu-de:1,eu-de:2', '"after" has to be a list of leaves'],
  ['after=eu-de:-1', '"after" has to be a list of leaves'],
  ['after=eu-de:9999999999999', '"after" has to be a list of leaves'],
  ['sort=color', '"sort" has to be one of -time, time'],
  ['sort=time&sort=action', '"sort" may be given once'],
  ['limit=0', '"limit" has to be a whole number from 1 to 1000, not "0"'],
  ['limit=1001', '"limit" has to be a whole number from 1 to 1000'],
  ['limit=1e2', '"limit" has to be a whole number from 1 to 1000'],
  ['format=xml', '"format" has to be one of json, ndjson, csv, not "xml"'],
  ['proof=yes', '"proof" has to be one of true, false'],
  ['by=action', '"by" is no parameter'],
]

describe('a mistake in a query', () => {
  test.each(MISTAKES)('%s', async (query, what) => {
    const { status, body } = await door.get(`/events?${query}`)
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'BAD_QUERY' })
    expect(body.message).toContain(what)
    expect(body.message).toContain('The query has 1 mistake(s)')
  })

  test('of a count', async () => {
    const { body } = await door.get('/events/counts?by=leaf&top=101&interval=1s&limit=5')
    expect(body).toMatchObject({ code: 'BAD_QUERY' })
    for (const what of [
      '"by" has to be one of',
      '"top" has to be',
      '"interval" has to be',
      '"limit" is no parameter',
    ]) {
      expect(body.message).toContain(what)
    }
  })

  test('is told with all others at once, and without the whole of a long value', async () => {
    const { body } = await door.get(`/events?outcome=${'y'.repeat(1000)}&limit=x&color=red`)
    expect(body.message).toContain('The query has 3 mistake(s)')
    expect(body.message.length).toBeLessThan(500)
  })
})

describe('too much', () => {
  test.each([
    ['8 KiB and a byte', `q=${'x'.repeat(8191)}`],
    ['10 MB', `q=${'x'.repeat(10_000_000)}`],
    ['10 MB of parameters', 'a=1&'.repeat(2_500_000)],
    ['10 MB of percent signs', '%'.repeat(10_000_000)],
  ])('a query of %s is refused before it is read', async (_, query) => {
    const { status, body } = await door.get(`/events?${query}`)
    expect({ status, code: body.code }).toEqual({ status: 414, code: 'QUERY_TOO_LARGE' })
  })

  test('free text is more than eight values', async () => {
    const values = (count: number) => Array.from({ length: count }, (_, index) => `q=${index}`).join('&')
    expect(await door.get(`/events?${values(7)}&q!=x`)).toMatchObject({ status: 200 })
    expect(await door.get(`/events?${values(8)}&q!=x`)).toMatchObject({
      status: 400,
      body: { code: 'BAD_QUERY', message: expect.stringContaining('"q" and "q!" may have 8 values together, not 9') },
    })
  })

  test('is what is refused: 8 KiB of parameters are answered', async () => {
    const names = Array.from({ length: 400 }, (_, index) => `initiator=user-${index}`)
      .join('&')
      .slice(0, 8000)
    expect(await door.get(`/events?${names}`)).toMatchObject({ status: 200 })
  })
})

const INJECTIONS = [
  "' OR '1'='1",
  "'; DROP TABLE ids; --",
  "x' UNION SELECT * FROM read_csv('/etc/passwd') --",
  '" OR 1=1 --',
  "\\'; SELECT 1; --",
  '$1',
  '?',
  '%',
  "'||(SELECT 1)||'",
  "read_text('/etc/passwd')",
]
const FREE = ['initiator', 'address', 'target', 'targetPrefix', 'targetContains', 'registry', 'region', 'id', 'q']

describe('injection', () => {
  test.each(FREE)('in %s finds nothing, and leaves out nothing', async (name) => {
    const all = INJECTIONS.filter((text) => name !== 'address' || !text.includes('/'))
    // Of free text a query may have eight.
    for (const texts of [all.slice(0, 5), all.slice(5)]) {
      const ask = (parameter: string) =>
        door.get(
          `/events?${new URLSearchParams([...texts.map((text): [string, string] => [parameter, text]), ['limit', '1000']])}`,
        )
      // No sample holds any of these texts, in no field: but a question mark and a percent sign.
      const found = await ask(name)
      expect({ status: found.status, events: found.body.events }).toEqual({ status: 200, events: [] })
      expect((await ask(`${name}!`)).body.events).toHaveLength(60)
    }
  })

  test.each([
    'sort',
    'limit',
    'from',
    'after',
    'format',
    'location',
    'action',
    'family',
    'outcome',
    'severity',
    'dataEvent',
    'damaged',
  ])('in %s is a mistake', async (name) => {
    for (const text of INJECTIONS) {
      const { status, body } = await door.get(`/events?${new URLSearchParams({ [name]: text })}`)
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'BAD_QUERY' })
    }
  })

  test('in a path is an id that no event has', async () => {
    for (const text of INJECTIONS) {
      const { status, body } = await door.get(`/events/${encodeURIComponent(text)}`)
      expect({ status, code: body.code }).toEqual({ status: 404, code: 'NOT_FOUND' })
    }
  })
})

describe('an address', () => {
  const written = [
    ['2001:db8::1', '2001:DB8::1', '2001:0db8:0:0:0:0:0:1', '2001:db8::0.0.0.1'],
    ['192.0.2.7', '::ffff:192.0.2.7', '::FFFF:c000:207', '0:0:0:0:0:ffff:192.0.2.7'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['::1', '0::0001'],
    ['2001:db8::10'],
    ['192.0.2.70', '2.192.0.2.7'],
    ['unknown'],
  ]
  let own: SearchDoor
  beforeAll(async () => {
    own = searchDoor()
    const [event] = [...sampleEvents(1)]
    if (!event) throw new Error('no sample')
    const made = written.flat().map((address, index) => ({
      ...event,
      id: `id-${index}`,
      initiator: { ...event.initiator, host: { address, addressType: 'IPv6' as const } },
    }))
    await archiveAll(files(join(own.root, 'eu-de')), made)
  })
  afterAll(() => own.close())

  test.each(written.slice(0, 5))('%s is found in whatever way it is written', async (...spellings) => {
    for (const spelling of spellings) {
      const { body } = await own.get(`/events?address=${encodeURIComponent(spelling)}`)
      const found: string[] = body.events.map((one: Item) => one.event.initiator.host.address)
      expect(found.toSorted()).toEqual(spellings.toSorted())
    }
  })

  test('that is none is found as it is written', async () => {
    expect((await own.get('/events?address=unknown')).body.events).toHaveLength(1)
    expect((await own.get('/events?address=Unknown')).body.events).toHaveLength(0)
  })
})

describe('a network', () => {
  let connection: DuckDBConnection
  beforeAll(async () => {
    connection = await (await DuckDBInstance.create()).connect()
    for (const macro of MACROS) await connection.run(macro)
  })
  afterAll(() => connection.closeSync())

  const inside: [network: string, address: string][] = [
    ['192.0.2.0/24', '192.0.2.255'],
    ['192.0.2.128/25', '192.0.2.128'],
    ['0.0.0.0/0', '203.0.113.9'],
    ['192.0.2.7/32', '192.0.2.7'],
    ['192.0.2.0/24', '::ffff:192.0.2.9'],
    ['192.0.2.0/24', '::FFFF:C000:209'],
    ['2001:db8::/32', '2001:db8::1'],
    ['2001:db8::/32', '2001:0DB8:0:0:0:0:0:1'],
    ['2001:db8::/33', '2001:db8:7fff::'],
    ['::/0', '192.0.2.1'],
    ['::/0', '::'],
    ['fe80::/10', 'fe80::1:2:3:4'],
    ['64:ff9b::/96', '64:ff9b::192.0.2.33'],
  ]
  const outside: [network: string, address: string][] = [
    ['192.0.2.0/24', '192.0.3.0'],
    ['192.0.2.0/24', 'unknown'],
    ['192.0.2.0/24', ''],
    ['192.0.2.0/24', '192.0.2'],
    ['192.0.2.0/24', '192.0.2.300'],
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['0.0.0.0/0', '2001:db8::1'],
    ['2001:db8::/33', '2001:db8:8000::'],
    ['2001:db8::/32', '2001:db8'],
    ['::/0', ':::'],
    ['::/0', '1:2:3:4:5:6:7:8:9'],
    ['::/0', '12345::'],
  ]
  test.each([...inside.map((one) => [...one, true] as const), ...outside.map((one) => [...one, false] as const)])(
    '%s, %s: %s',
    async (network, address, isIn) => {
      const { first, last } = readNetwork(network) as Network
      const within = 'SELECT coalesce(address_key(?) BETWEEN ? AND ?, FALSE)'
      const [row] = (await connection.runAndReadAll(within, [address, first, last])).getRows()
      expect(row).toEqual([isIn])
    },
  )
})
