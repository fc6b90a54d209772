import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { files } from '../../lib/stores/files.ts'
import { archiveAll, sampleEvents } from '../archive.ts'
import { german, type Item, type SearchDoor, sampleDoor, searchDoor } from './door.ts'

let door: SearchDoor

beforeAll(async () => {
  door = await sampleDoor()
})
afterAll(() => door.close())

describe('forms', () => {
  test('NDJSON has an event a line, and headers say the rest', async () => {
    const { text, headers } = await door.get('/events?location=jp-tok&limit=3', 'all', {
      headers: { accept: 'application/x-ndjson' },
    })
    expect(headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'registry-events-complete': 'jp-tok:50',
      link: expect.stringMatching(/^<\?location=jp-tok&limit=3&cursor=[\w-]+>; rel="next"$/),
    })
    const lines = text.split('\n')
    expect(lines).toHaveLength(4)
    expect(JSON.parse(lines[0] as string)).toMatchObject({ location: 'jp-tok', leaf: 49 })
    const [, query = ''] = /^<\?(.*)>/.exec(headers.link ?? '') ?? []
    expect(JSON.parse((await door.get(`/events?${query}&format=ndjson`)).text.split('\n')[0] as string)).toMatchObject({
      leaf: 46,
    })
  })

  test('CSV has a column for each of the archive, and nothing that a program would take for a formula', async () => {
    const own = searchDoor()
    const [event] = [...sampleEvents(1, german)]
    if (!event) throw new Error('no sample')
    const names = ['=HYPERLINK("http://x")', '+1', '-1', '@SUM(A1)', 'a,b "c"']
    const made = names.map((name, index) => ({ ...event, id: `id-${index}`, initiator: { ...event.initiator, name } }))
    await archiveAll(files(join(own.root, 'eu-de')), made, german)
    const { text, headers } = await own.get('/events?format=csv&sort=time')
    expect(headers['content-type']).toBe('text/csv; charset=utf-8; header=present')
    const [head, ...lines] = text.split('\r\n')
    expect(head).toBe(
      'location,leaf,id,time,action,outcome,severity,data_event,initiator_id,initiator_name,address,agent,target_id,target_name,registry,region,account,correlation_id,received_time,routed_time,archived_time,event',
    )
    expect(lines).toHaveLength(6)
    for (const field of [`"'=HYPERLINK(""http://x"")"`, `,'+1,`, `,'-1,`, `,'@SUM(A1),`, `,"a,b ""c""",`])
      expect(text).toContain(field)
    own.close()
  })

  test('an answer that would be too large for the platform ends earlier', async () => {
    const own = searchDoor()
    const large = [...sampleEvents(60, german)].map((event) => ({
      ...event,
      requestData: { text: 'x'.repeat(100_000) },
    }))
    await archiveAll(files(join(own.root, 'eu-de')), large, german)
    const first = await own.get('/events?limit=1000')
    expect(first.text.length).toBeLessThan(5_600_000)
    const second = await own.get(`/events?limit=1000&cursor=${first.body.next}`)
    expect(first.body.events.length + second.body.events.length).toBe(60)
    expect(second.body.next).toBeNull()
    own.close()
  })
})

describe('what a function hands over is smaller than Lambda takes', () => {
  test.each([
    ['Chinese', '\u6587'.repeat(3000)],
    ['quotes', '"'.repeat(2000)],
  ])('%s', async (_, text) => {
    const own = searchDoor()
    const large = [...sampleEvents(900, german)].map((event) => ({ ...event, responseData: { text } }))
    await archiveAll(files(join(own.root, 'eu-de')), large, german)
    for (const query of ['format=json', 'format=json&proof=true', 'format=ndjson', 'format=csv']) {
      const { status, headers, text: body } = await own.get(`/events?limit=1000&${query}`)
      expect(status).toBe(200)
      const handed = Buffer.byteLength(JSON.stringify({ statusCode: status, headers, body }))
      expect(handed).toBeLessThan(6 * 1024 * 1024)
      // Nor is it a small part of that.
      expect(handed).toBeGreaterThan(3.5 * 1024 * 1024)
    }
    own.close()
  })
})

describe('one event', () => {
  const first = async (): Promise<Item> => (await door.get('/events?location=eu-de&sort=time&limit=1')).body.events[0]

  test('is answered by its id', async () => {
    const item = await first()
    expect((await door.get(`/events/${item.event.id}`)).body).toEqual(item)
    const { status, body } = await door.get('/events/00000000-0000-5000-8000-000000000000')
    expect({ status, body }).toEqual({
      status: 404,
      body: { code: 'NOT_FOUND', message: 'There is no event of this id.' },
    })
    expect(await door.get(`/events/${item.event.id}?limit=1`)).toMatchObject({
      status: 400,
      body: { code: 'BAD_QUERY' },
    })
    expect(await door.get('/events/%E0%A4%A')).toMatchObject({ status: 404 })
  })

  test('comes with its proof, alone and in a page', async () => {
    const item = await first()
    const { body } = await door.get(`/events/${item.event.id}/proof`)
    expect(body).toMatchObject({ location: 'eu-de', leaf: 0, entry: canonicalText(item.event), size: 300 })
    expect(body.key).toMatch(/^registry-events\.example\.com\/test\/eu-de\+[0-9a-f]{8}\+/)
    const page = await door.get('/events?location=eu-de&sort=time&limit=1&proof=true')
    expect(page.body.events[0].proof).toEqual(body.hashes)
    const single = await door.get(`/events/${item.event.id}?proof=true`)
    expect(single.body.proof).toEqual(body.hashes)
    const plain = await door.get(`/events/${item.event.id}/proof`, 'all', { headers: { accept: 'text/plain' } })
    expect(plain.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(plain.text).toBe(['c2sp.org/tlog-proof@v1', 'index 0', ...body.hashes, '', body.checkpoint].join('\n'))
  })
})

describe('the logs', () => {
  test('are listed, and their files are what lies in the archive', async () => {
    const { logs } = (await door.get('/logs')).body
    expect(logs).toMatchObject([
      { location: 'eu-de', origin: 'registry-events.example.com/test/eu-de', size: 300 },
      { location: 'jp-tok', origin: 'registry-events.example.com/test/jp-tok', size: 50 },
    ])
    const file = (name: string) => readFileSync(join(door.root, 'eu-de', name))
    expect((await door.get('/logs/eu-de/checkpoint')).bytes).toEqual(file('log/checkpoint'))
    expect((await door.get('/logs/eu-de/key')).text.trim()).toBe(file('log/key').toString().trim())
    expect((await door.get('/logs/eu-de/tile/0/000')).bytes).toEqual(file('log/tile/0/000'))
    expect((await door.get('/logs/eu-de/tile/0/001.p/44')).bytes).toEqual(file('log/tile/0/001.p/44'))
    // A partial tile that the full one took the place of.
    expect((await door.get('/logs/eu-de/tile/0/000.p/7')).bytes).toEqual(file('log/tile/0/000').subarray(0, 7 * 32))
  })

  test.each([
    'tile/0/001',
    'tile/0/001.p/45',
    'tile/1/000',
    'tile/9/000',
    'tile/0/0',
    'tile/0/../../../key',
    'tile/entries/001',
    'tile/entries/x',
    'tile/x/000',
    'other',
  ])('have no %s', async (path) => {
    expect(await door.get(`/logs/eu-de/${path}`)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
  })

  test('have their entries in bundles', async () => {
    const { bytes, headers } = await door.get('/logs/eu-de/tile/entries/001.p/44')
    expect(headers['content-type']).toBe('application/octet-stream')
    const texts: string[] = []
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt16BE(at)
      texts.push(bytes.subarray(at + 2, at + 2 + length).toString())
      at += 2 + length
    }
    expect(texts).toEqual([...sampleEvents(300, german)].slice(256).map(canonicalText))
  })

  test('answer that an entry is too large for its form', async () => {
    const own = searchDoor()
    const large = [...sampleEvents(2, german)].map((event) => ({ ...event, requestData: { text: 'x'.repeat(66_000) } }))
    await archiveAll(files(join(own.root, 'eu-de')), large, german)
    expect(await own.get('/logs/eu-de/tile/entries/000.p/2')).toMatchObject({
      status: 422,
      body: { code: 'ENTRY_TOO_LARGE' },
    })
    own.close()
  })

  test('answer that nothing was archived yet', async () => {
    expect(await door.get('/logs/au-syd/checkpoint')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
  })
})
