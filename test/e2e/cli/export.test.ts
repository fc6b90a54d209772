import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { begin, run } from './cli.ts'
import { type FakeSearch, startSearch } from './search.ts'

// `registry-events export`.

const COUNT = 2345

let search: FakeSearch
let folder = ''
let file = ''
let env: Record<string, string> = {}

beforeEach(async () => {
  search = await startSearch()
  folder = mkdtempSync(join(tmpdir(), 'registry-event-router-cli-'))
  file = join(folder, 'events.ndjson')
  env = { PORT: String(search.port) }
  search.add('eu-de', ...Array.from({ length: COUNT }, (_, index) => ({ id: `e${index}` })))
})

afterEach(async () => {
  await search.close()
  rmSync(folder, { recursive: true, force: true })
})

const lines = (name: string) => readFileSync(name, 'utf8').trimEnd().split('\n')

test('all pages in a file, counted again, with what was written', async () => {
  const { code, rows, err } = await run(`export --output ${file} --json`, env)
  expect([code, err]).toEqual([0, expect.stringContaining('2345 events. Counted again and complete at eu-de:2345.')])
  expect(err).toContain('exported 1000 of 2345')
  const text = readFileSync(file)
  expect(rows()).toEqual([
    {
      file,
      format: 'ndjson',
      events: COUNT,
      bytes: text.length,
      sha256: createHash('sha256').update(text).digest('hex'),
      complete: [{ location: 'eu-de', size: COUNT, root: 'cm9vdA==', checkpoint: 'note' }],
    },
  ])
  expect(new Set(lines(file).map((line) => JSON.parse(line).event.id)).size).toBe(COUNT)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['events.ndjson'])
})

test('the end of the name says the form, and a filter what is in it', async () => {
  search.add('jp-tok', { id: 'other' })
  const json = join(folder, 'events.json')
  expect((await run(`export --output ${json} --location jp-tok --proof`, env)).code).toBe(0)
  expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
    events: [{ event: { id: 'other' }, proof: ['aGFzaA=='] }],
    all: true,
    complete: [
      { location: 'eu-de', size: COUNT },
      { location: 'jp-tok', size: 1 },
    ],
  })
  const csv = join(folder, 'events.csv')
  expect((await run(`export --output ${csv}`, env)).code).toBe(0)
  const [head, ...records] = lines(csv)
  expect(head).toBe('location,leaf,id,event\r')
  expect(new Set(records).size).toBe(COUNT + 1)
  const none = join(folder, 'none.json')
  expect((await run(`export nothing-like-this --output ${none}`, env)).code).toBe(0)
  expect(JSON.parse(readFileSync(none, 'utf8'))).toMatchObject({ events: [], all: true })
})

test('a file that is there stays unless somebody says otherwise', async () => {
  writeFileSync(file, 'mine')
  const { code, err } = await run(`export --output ${file}`, env)
  expect([code, err]).toEqual([2, expect.stringContaining('is there already')])
  expect(readFileSync(file, 'utf8')).toBe('mine')
  expect(search.asked).toEqual([])
  expect((await run(`export --output ${file} --force`, env)).code).toBe(0)
  expect(lines(file)).toHaveLength(COUNT)
  const nowhere = await run(`export --output ${join(folder, 'no/such/folder')}`, env)
  expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining("can't be written")])
})

test('an answer that is not whole is no export', async () => {
  search.lose = (items) => items.filter(({ event }) => event.id !== 'e1234')
  const { code, err } = await run(`export --output ${file}`, env)
  expect([code, err]).toEqual([
    4,
    expect.stringContaining('2344 events came, but the archive counts 2345 at eu-de:2345'),
  ])
  expect(readdirSync(folder)).toEqual([])
})

test('events that are archived meanwhile are none of it', async () => {
  search.before = (url) => {
    if (url.searchParams.has('cursor')) search.add('eu-de', { id: `later-${search.items.length}` })
    return undefined
  }
  const { code, err } = await run(`export --output ${file}`, env)
  expect([code, err]).toEqual([0, expect.stringContaining('2345 events. Counted again and complete at eu-de:2345.')])
  expect(lines(file)).toHaveLength(COUNT)
})

test('a search that is away for a moment costs nothing', async () => {
  let failures = 2
  search.before = (url) => {
    if (!url.searchParams.has('cursor') || failures === 0) return undefined
    failures--
    return failures === 1 ? 'hang' : { status: 503, body: { code: 'UNAVAILABLE', message: 'Not now.' } }
  }
  const { code, err } = await run(`export --output ${file}`, env)
  expect([code, err]).toEqual([0, expect.stringContaining('Trying again.')])
  expect(lines(file)).toHaveLength(COUNT)
})

test('Ctrl-C leaves nothing behind', async () => {
  const running = begin(['export', '--output', file], env)
  let partial: string[] = []
  search.before = (url) => {
    if (!url.searchParams.has('cursor')) return undefined
    partial = readdirSync(folder)
    running.child.kill('SIGINT')
    return 'hang'
  }
  const { code, err } = await running.ended
  expect([code, err]).toEqual([130, expect.stringContaining('was not written')])
  expect(partial).toEqual([`events.ndjson.partial-${running.child.pid}`])
  expect(readdirSync(folder)).toEqual([])
})

test('damaged files are no reason to go on, unless somebody says so', async () => {
  search.damaged.push({ location: 'eu-de', file: 'events/x.parquet', why: 'it is torn' })
  const { code, err } = await run(`export --output ${file}`, env)
  expect([code, err]).toEqual([4, expect.stringContaining('events/x.parquet of eu-de: it is torn')])
  expect(existsSync(file)).toBe(false)
  const skipped = await run(`export --output ${file} --skip-damaged`, env)
  expect([skipped.code, skipped.err]).toEqual([4, expect.stringContaining('Not checked at eu-de:2345')])
  expect(lines(file)).toHaveLength(COUNT)
})

test('to standard output, which nobody has to read to its end', async () => {
  const { code, out } = await run('export', env)
  expect([code, out.trimEnd().split('\n').length]).toEqual([0, COUNT])
  search.lose = (items) => items.slice(1)
  const torn = await run('export', env)
  expect([torn.code, torn.err]).toEqual([4, expect.stringContaining('What was written is not all of it.')])
})
