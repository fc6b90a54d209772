import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { begin, type Running, run } from './cli.ts'
import { type FakeSearch, startSearch } from './search.ts'

// `registry-events tail`.

let search: FakeSearch
let env: Record<string, string> = {}
const running: Running[] = []

beforeEach(async () => {
  search = await startSearch()
  env = { PORT: String(search.port) }
  search.add('eu-de', ...Array.from({ length: 12 }, (_, index) => ({ id: `old-${index}` })))
})

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL')
    await ended
  }
  await search.close()
})

/** Starts `tail` with `args`, and waits for what it writes. */
function follow(args: string) {
  const started = begin(['tail', ...args.split(' ')], env)
  running.push(started)
  const until = (what: string | RegExp, stream: 'out' | 'err' = 'out') =>
    new Promise<void>((done) => {
      const look = () => {
        const text = started[stream]()
        if (typeof what === 'string' ? text.includes(what) : what.test(text)) done()
      }
      started.child[stream === 'out' ? 'stdout' : 'stderr']?.on('data', look)
      look()
    })
  return { ...started, until }
}

const ids = (out: string): string[] => out.split('\n').flatMap((line) => (line ? [JSON.parse(line).event.id] : []))

test('the last ones, the oldest first', async () => {
  const { code, out, err } = await run('tail -n 3 --json', env)
  expect([code, ids(out)]).toEqual([0, ['old-9', 'old-10', 'old-11']])
  expect(err).toBe('3 events. Complete at eu-de:12.\n')
  expect(ids((await run('tail --json', env)).out)).toHaveLength(10)
})

test('follows what is archived, of each location, and ends with Ctrl-C', async () => {
  const tail = follow('-f -n 1 --json --every 1 --not action=image.pull')
  await tail.until('old-11')
  search.add('eu-de', { id: 'new-1' }, { id: 'noise', action: 'container-registry.image.pull' })
  search.add('jp-tok', { id: 'new-2', eventTime: '2026-11-22T14:00:00.00+0000' })
  await tail.until('new-2')
  search.add('eu-de', { id: 'new-3' })
  await tail.until('new-3')
  tail.child.kill('SIGINT')
  const { code, out, err } = await tail.ended
  expect([code, err]).toEqual([130, ''])
  expect(ids(out)).toEqual(['old-11', 'new-1', 'new-2', 'new-3'])
})

test('survives a restart of the search, and what was cut short', async () => {
  // Nothing is shown before, so the first look is waited for.
  const looked = new Promise<void>((done) => {
    search.before = (url) => {
      if (url.searchParams.has('after')) done()
      return undefined
    }
  })
  const tail = follow('-f -n 0 --json --every 1')
  await looked
  await search.stop()
  await tail.until("can't be reached", 'err')
  search.add('eu-de', { id: 'meanwhile' })
  let isCut = true
  search.before = () => {
    if (!isCut) return undefined
    isCut = false
    return 'hang'
  }
  await search.start()
  await tail.until('meanwhile')
  await tail.until('It answers again.', 'err')
  search.before = () => undefined
  search.add('eu-de', { id: 'later' })
  await tail.until('later')
  tail.child.kill('SIGTERM')
  const { code, out } = await tail.ended
  expect([code, ids(out)]).toEqual([130, ['meanwhile', 'later']])
})

test('an event that is archived a second time is not shown again', async () => {
  const tail = follow('-f -n 1 --json --every 1')
  await tail.until('old-11')
  search.add('eu-de', { id: 'old-11' }, { id: 'fresh' })
  await tail.until('fresh')
  tail.child.kill('SIGINT')
  expect(ids((await tail.ended).out)).toEqual(['old-11', 'fresh'])
})

test('a log that became shorter is told', async () => {
  const tail = follow('-f -n 1 --json --every 1')
  await tail.until('old-11')
  search.items.length = 5
  await tail.until('The log of eu-de had 12 leaves and has 5 now', 'err')
})

test('a mistake ends it, also later', async () => {
  const tail = follow('-f --every 1')
  await tail.until('old-11')
  search.before = () => ({ status: 401, body: { code: 'UNAUTHENTICATED', message: 'The secret was changed.' } })
  const { code, err } = await tail.ended
  expect([code, err]).toEqual([3, expect.stringContaining('UNAUTHENTICATED: The secret was changed.')])
})

test('in a table the columns keep their width', async () => {
  const tail = follow('-f -n 2 --every 1 --columns id,target,action')
  await tail.until('old-11')
  search.add('eu-de', { id: 'x' })
  await tail.until(/\nx /)
  tail.child.kill('SIGINT')
  const lines = (await tail.ended).out.trimEnd().split('\n')
  expect(new Set(lines.map((line) => line.search(/image\.push|action/))).size).toBe(1)
  expect(lines).toHaveLength(4)
})
