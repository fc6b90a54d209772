import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { freePort } from '../../emulation.ts'
import { begin, run } from './cli.ts'
import { type FakeSearch, startSearch } from './search.ts'

// `registry-events search`, `show` and `explain`.

let search: FakeSearch
let other: FakeSearch | undefined
let env: Record<string, string> = {}

beforeEach(async () => {
  search = await startSearch()
  env = { PORT: String(search.port) }
  search.add('eu-de', { id: 'one' }, { id: 'two', action: 'container-registry.image.delete' })
  search.add('jp-tok', { id: 'three', initiator: { id: 'ci', name: 'ci' } })
})

afterEach(async () => {
  await search.close()
  await other?.close()
  other = undefined
})

/** Parameters of the last question. */
const asked = () => new URL(search.asked.at(-1) ?? '', 'http://localhost').searchParams

test('a table for people says at which checkpoint it is whole', async () => {
  const { code, out, err } = await run('search', env)
  expect([code, err]).toEqual([0, '3 events. Complete at eu-de:2, jp-tok:1.\n'])
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['time', 'action', 'outcome', 'initiator', 'address', 'target', 'location', 'id'],
    [
      '2026-11-22T13:00:01.00Z',
      'image.delete',
      'success',
      'alice',
      '192.0.2.10',
      'de.icr.io/team/app:two',
      'eu-de',
      'two',
    ],
    ['2026-11-22T13:00:00.00Z', 'image.push', 'success', 'ci', 'de.icr.io/team/app:three', 'jp-tok', 'three'],
    [
      '2026-11-22T13:00:00.00Z',
      'image.push',
      'success',
      'alice',
      '192.0.2.10',
      'de.icr.io/team/app:one',
      'eu-de',
      'one',
    ],
    [''],
  ])
})

test('every option is a parameter, values are collected, and --not leaves out', async () => {
  await run(
    'search team app --from 2026-11-01 --to 2026-11-30T12:00:00+01:00 --action image.push --action image.* --family image --data-event true --outcome failure ' +
      '--severity critical --initiator a --address 192.0.2.0/24 --target t --target-prefix p --target-contains c --registry r --region global --location eu-de ' +
      '--id i --after eu-de:1 --not initiator=ci --not data-event=false --not target-prefix=a=b --sort -target --limit 7',
    env,
  )
  expect([...asked()]).toEqual([
    ['from', '2026-11-01T00:00:00.000Z'],
    ['to', '2026-11-30T11:00:00.000Z'],
    ['action', 'image.push'],
    ['action', 'image.*'],
    ['family', 'image'],
    ['dataEvent', 'true'],
    ['outcome', 'failure'],
    ['severity', 'critical'],
    ['initiator', 'a'],
    ['address', '192.0.2.0/24'],
    ['target', 't'],
    ['targetPrefix', 'p'],
    ['targetContains', 'c'],
    ['registry', 'r'],
    ['region', 'global'],
    ['location', 'eu-de'],
    ['id', 'i'],
    ['after', 'eu-de:1'],
    ['initiator!', 'ci'],
    ['dataEvent!', 'false'],
    ['targetPrefix!', 'a=b'],
    ['q', 'team app'],
    ['sort', '-target'],
    ['limit', '7'],
  ])
})

test('a time that is told as long ago is a time for all pages', async () => {
  const before = Date.now()
  await run('search --from 2h', env)
  const from = Date.parse(asked().get('from') ?? '')
  expect(from).toBeGreaterThanOrEqual(before - 2 * 3_600_000)
  expect(from).toBeLessThanOrEqual(Date.now() - 2 * 3_600_000)
})

test.each([
  ['--from yesterday', 'Write it like 30m, 12h'],
  ['--outcome maybe', 'one of success, failure, pending'],
  ['--not nothing=1', 'Write it like initiator=ci'],
  ['--not outcome=maybe', 'one of success, failure, pending'],
  ['--after 7', 'Write it like eu-de:1200'],
  ['--columns time,secret', 'There are time, action'],
  ['--all --limit 5', 'cannot be used with'],
])('%s is told before anything is asked', async (args, what) => {
  const { code, err } = await run(`search ${args}`, env)
  expect([code, err]).toEqual([2, expect.stringContaining(what)])
  expect(search.asked).toEqual([])
})

describe('pages', () => {
  beforeEach(() => {
    search.add('eu-de', ...Array.from({ length: 2500 }, (_, index) => ({ id: `e${index}` })))
  })

  test('as many as are asked for, and whether there are more', async () => {
    const { out, err } = await run('search --limit 1500 --json', env)
    expect(out.trimEnd().split('\n')).toHaveLength(1500)
    expect(err).toContain('1500 events; there are more: --limit <number>, or --all. Complete at')
    expect(search.asked).toHaveLength(2)
    const few = await run('search --limit 3', env)
    expect(few.err).toContain('3 events; there are more')
  })

  test.each(['ndjson', 'json', 'csv'])('all of them as %s', async (format) => {
    const { code, out, err } = await run(`search --all --format ${format} --sort time`, env)
    expect([code, err]).toEqual([0, '2503 events. Complete at eu-de:2502, jp-tok:1.\n'])
    const ids =
      format === 'csv'
        ? out
            .trimEnd()
            .split('\r\n')
            .slice(1)
            .map((line) => line.split(',')[2])
        : (format === 'json'
            ? (JSON.parse(out) as { events: { event: { id: string } }[] }).events
            : out
                .trimEnd()
                .split('\n')
                .map((line) => JSON.parse(line))
          ).map(({ event }) => event.id)
    expect(ids).toHaveLength(2503)
    expect(new Set(ids).size).toBe(2503)
    if (format === 'json')
      expect(JSON.parse(out)).toMatchObject({ all: true, complete: [{ location: 'eu-de', size: 2502 }, {}] })
  })

  test('which are not of one state are told', async () => {
    search.before = (url) => {
      if (url.searchParams.has('cursor'))
        return { status: 200, body: { events: [], next: null, complete: [{ location: 'eu-de', size: 1 }] } }
      return undefined
    }
    const { code, err } = await run('search --all --json', env)
    expect([code, err]).toEqual([4, expect.stringContaining('not of one state of the archive')])
  })
})

test('proofs come with the events', async () => {
  const { out } = await run('search --proof --json --limit 1', env)
  expect(JSON.parse(out)).toMatchObject({ location: 'eu-de', leaf: 1, event: { id: 'two' }, proof: ['aGFzaA=='] })
})

test('what could not be read is named, and shows in the exit code', async () => {
  search.damaged.push({ location: 'eu-de', file: 'events/x.parquet', why: 'it is torn' })
  const { code, out, err } = await run('search', env)
  expect([code, err]).toEqual([
    4,
    expect.stringContaining('Damaged, and left out: events/x.parquet of eu-de: it is torn'),
  ])
  expect(out.trimEnd().split('\n')).toHaveLength(4)
})

test('nothing that an outsider wrote moves the cursor', async () => {
  search.add('eu-de', { id: 'evil', initiator: { id: 'x', name: 'a\u001b[2Jb\u202e' } })
  for (const args of ['search', 'search --json', 'search --format json', 'show evil', 'tail']) {
    const { out } = await run(args, env)
    expect(out).toContain('a\\u001b[2Jb\\u202e')
    expect(out).not.toContain('\u001b')
  }
})

test('nobody looks further when nobody reads', async () => {
  search.add('eu-de', ...Array.from({ length: 3000 }, (_, index) => ({ id: `e${index}`, filling: 'x'.repeat(1000) })))
  const running = begin(['search', '--all', '--json'], env)
  running.child.stdout?.once('data', () => running.child.stdout?.destroy())
  const { code, err } = await running.ended
  expect([code, err]).toEqual([130, expect.not.stringContaining('Error')])
})

describe('the token', () => {
  test('is that of the environment, and never shown', async () => {
    const { code, out, err } = await run('search', { ...env, REGISTRY_EVENTS_TOKEN: 'wrong-token' })
    expect([code, err]).toEqual([3, expect.stringContaining('UNAUTHENTICATED: No.\nSet REGISTRY_EVENTS_TOKEN')])
    expect(out + err).not.toContain('wrong-token')
  })

  test('with characters that no header can carry is not repeated', async () => {
    const { code, err } = await run('search', { ...env, REGISTRY_EVENTS_TOKEN: 'secr\u0001t' })
    expect([code, err]).toEqual([2, expect.stringContaining('REGISTRY_EVENTS_TOKEN has characters')])
    expect(err).not.toContain('secr')
    expect(search.asked).toEqual([])
  })

  test('is not sent where a redirect points to', async () => {
    other = await startSearch()
    const { url } = other
    search.before = () => ({ status: 302, body: {}, headers: { location: `${url}/events` } })
    const { code, err } = await run('search', env)
    expect([code, err]).toEqual([3, expect.stringContaining('where the token is not sent')])
    expect(other.asked).toEqual([])
  })

  test.each([
    ['ftp://127.0.0.1/', 'https:// or http://'],
    ['file:///etc/passwd', 'https:// or http://'],
    ['nonsense', 'https:// or http://'],
    ['http://search.example.com', 'plain HTTP to another machine'],
    ['http://127.0.0.1.example.com', 'plain HTTP to another machine'],
    ['https://user:s3cret@search.example.com', 'holds credentials'],
    ['https://search.example.com/?token=s3cret', 'has a query'],
    ['https://search.example.com', 'Set REGISTRY_EVENTS_TOKEN'],
  ])('goes not to %s', async (url, what) => {
    for (const how of [run(`search --url ${url}`, env), run('search', { ...env, REGISTRY_EVENTS_URL: url })]) {
      const { code, err } = await how
      expect([code, err]).toEqual([2, expect.stringContaining(what)])
      expect(err).not.toContain('s3cret')
    }
  })
})

test('the address is that of the option, of the environment, or of local emulation', async () => {
  const nowhere = { PORT: String(await freePort()) }
  expect((await run(`search --url ${search.url}/`, nowhere)).code).toBe(0)
  expect((await run('search', { ...nowhere, REGISTRY_EVENTS_URL: search.url })).code).toBe(0)
  const { code, err } = await run('search', nowhere)
  expect([code, err]).toEqual([3, expect.stringContaining("can't be reached. Start local emulation")])
})

test.each([
  [400, 'BAD_QUERY', 2, ''],
  [403, 'FORBIDDEN', 3, 'archive.ts says which'],
  [500, 'ARCHIVE_DAMAGED', 4, 'registry-events verify'],
  [503, 'UNAVAILABLE', 3, 'Try again in a while'],
])('%i %s ends with %i', async (status, name, exit, advice) => {
  search.before = () => ({ status, body: { code: name, message: 'What it is.' } })
  const { code, err } = await run('search', env)
  expect([code, err]).toEqual([exit, expect.stringContaining(`${name}: What it is.`)])
  expect(err).toContain(advice)
})

test('what is no search is told as that', async () => {
  search.before = () => ({ status: 200, body: 'hello' })
  expect(await run('search', env)).toMatchObject({ code: 3, err: expect.stringContaining('is not the search') })
  search.before = () => ({ status: 404, body: '<html>' })
  expect(await run('search', env)).toMatchObject({ code: 3, err: expect.stringContaining('answered 404') })
})

describe('one event', () => {
  test('is shown with all that it holds', async () => {
    const { code, out } = await run('show two', env)
    expect(code).toBe(0)
    expect(out).toContain('action     container-registry.image.delete\n')
    expect(out).toContain('archive    leaf 1 of eu-de\n')
    expect(out).toContain('"eventTime": "2026-11-22T13:00:01.00+0000"')
    expect((await run('show two --json', env)).rows()).toMatchObject([{ leaf: 1, event: { id: 'two' } }])
  })

  test('is explained step by step', async () => {
    const { code, out } = await run('explain two', env)
    expect([code, out]).toEqual([0, 'happened    It happened.\narchived    As leaf 1.\n'])
    expect((await run('explain two --json', env)).rows()).toMatchObject([{ step: 'happened' }, { step: 'archived' }])
  })

  test.each(['show', 'explain'])('%s: one that is not there', async (command) => {
    const { code, err } = await run(`${command} ../x?y`, env)
    expect([code, err]).toEqual([1, expect.stringContaining('../x?y is in no archive that this reader may see')])
    expect(search.asked[0]).toMatch(/^\/events\/\.\.%2Fx%3Fy(\/explain)?$/)
  })
})
