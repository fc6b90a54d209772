import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { files } from '../../../lib/stores/files.ts'
import { archiveAll, sampleArchive, sampleEvents, sampleKey } from '../../archive.ts'
import { type SearchDoor, searchDoor } from '../../search/door.ts'
import { begin, run } from './cli.ts'

// The commands about events against the search itself, over HTTP, and an archive of some thousand events in two locations.

const GERMAN = 2500
const JAPANESE = 300
const JAPAN = { location: 'jp-tok', seed: 2 } as const

let door: SearchDoor
let server: Server
let folder = ''
let env: Record<string, string> = {}

const events = [...sampleEvents(GERMAN), ...sampleEvents(JAPANESE, JAPAN)]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'registry-event-router-cli-'))
  door = searchDoor()
  await sampleArchive(join(door.root, 'eu-de'), GERMAN, { batch: 1000 })
  await sampleArchive(join(door.root, 'jp-tok'), JAPANESE, JAPAN)
  server = createServer(async (request, response) => {
    const { authorization = '', accept = '' } = request.headers
    const answer = await door.get(request.url ?? '', '', { headers: { authorization, accept } })
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(answer.bytes)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  env = { PORT: String((server.address() as AddressInfo).port), REGISTRY_EVENTS_TOKEN: 'all' }
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  door.close()
  rmSync(folder, { recursive: true, force: true })
})

const idsOf = (wanted: (event: (typeof events)[number]) => boolean) =>
  events
    .filter(wanted)
    .map(({ id }) => id)
    .sort()
const found = (rows: Record<string, unknown>[]) => rows.map(({ event }) => (event as { id: string }).id).sort()

test.each([
  ['--action image.delete', idsOf(({ action }) => action.endsWith('image.delete'))],
  [
    '--family namespace --location jp-tok',
    idsOf(({ action, provenance }) => action.includes('.namespace.') && provenance?.location === 'jp-tok'),
  ],
  [
    '--outcome failure --not initiator=user-3',
    idsOf(({ outcome, initiator }) => outcome === 'failure' && initiator.id !== 'user-3'),
  ],
  [
    '--target-prefix de.icr.io/prod/ --data-event false',
    idsOf(({ target, dataEvent }) => !dataEvent && target.name.startsWith('de.icr.io/prod/')),
  ],
  [
    'skopeo --severity critical --severity warning',
    idsOf((event) => event.severity !== 'normal' && JSON.stringify(event).includes('skopeo')),
  ],
  [
    '--from 2026-10-10 --to 2026-10-12T12:00:00Z --registry quay',
    idsOf(
      ({ eventTime, provenance }) =>
        provenance?.registry === 'quay' && eventTime >= '2026-10-10' && eventTime < '2026-10-12T12',
    ),
  ],
])('search %s finds what a look through all events finds', async (args, wanted) => {
  const { code, rows, err } = await run(`search ${args} --all --json`, env)
  expect([code, err]).toEqual([
    0,
    expect.stringContaining(
      `${wanted.length} events. Complete at ${args.includes('jp-tok') ? '' : 'eu-de:2500, '}jp-tok:300.`,
    ),
  ])
  expect(wanted.length).toBeGreaterThan(3)
  expect(found(rows())).toEqual(wanted)
})

test.each(['ndjson', 'json', 'csv'])('everything is exported as %s', async (format) => {
  const file = join(folder, `all.${format}`)
  const { code, err } = await run(`export --output ${file} --sort -initiator`, env)
  expect([code, err]).toEqual([
    0,
    expect.stringContaining('2800 events. Counted again and complete at eu-de:2500, jp-tok:300.'),
  ])
  const text = readFileSync(file, 'utf8')
  for (const { id } of events) expect(text).toContain(id)
  if (format === 'csv') expect(text.trimEnd().split('\n')).toHaveLength(events.length + 1)
  if (format === 'ndjson')
    expect(
      found(
        text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ),
    ).toEqual(idsOf(() => true))
  if (format === 'json') expect(found(JSON.parse(text).events)).toEqual(idsOf(() => true))
})

test('one event is shown with a proof that verify takes', async () => {
  const { id } = events[1234] as (typeof events)[number]
  const file = join(folder, 'proof.json')
  const shown = await run(`show ${id} --json --proof ${file}`, env)
  expect([shown.code, shown.rows()]).toEqual([0, [expect.objectContaining({ location: 'eu-de', leaf: 1234 })]])
  const { text } = sampleKey()
  const verified = await run(`verify --proof ${file} --key ${text}`, {})
  expect([verified.code, verified.out]).toEqual([0, expect.stringContaining(`The event ${id} is leaf 1234 of`)])
  const again = await run(`show ${id} --proof ${file}`, env)
  expect([again.code, again.err]).toEqual([2, expect.stringContaining('is there already')])
  const absent = await run(`show nobody --proof ${join(folder, 'none.json')}`, env)
  expect(absent.code).toBe(1)
  expect(existsSync(join(folder, 'none.json'))).toBe(false)
})

test('a reader sees what it may see, and is told what it may not', async () => {
  const german = { ...env, REGISTRY_EVENTS_TOKEN: 'german' }
  expect((await run('search --limit 1', german)).err).toContain('Complete at eu-de:2500.')
  const { code, err } = await run('search --location jp-tok', german)
  expect([code, err]).toEqual([3, expect.stringContaining('FORBIDDEN')])
  expect(await run('search --action image.nothing', env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('BAD_QUERY: The query has 1 mistake(s): "action" has to be an action'),
  })
})

test('what is archived from now on follows', async () => {
  const running = begin(['tail', '-f', '-n', '1', '--json', '--every', '1'], env)
  const shown = (count: number) =>
    new Promise<void>((done) => {
      const look = () => running.out().split('\n').length > count && done()
      running.child.stdout?.on('data', look)
      look()
    })
  await shown(1)
  const more = [...sampleEvents(3, { seed: 99, from: Date.UTC(2026, 10, 20) })]
  await archiveAll(files(join(door.root, 'eu-de')), more)
  await shown(4)
  running.child.kill('SIGINT')
  const { code, rows } = await running.ended
  expect(code).toBe(130)
  expect(found(rows().slice(1))).toEqual(more.map(({ id }) => id).sort())
})
