import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { main } from '../../cli/program.ts'
import { compact } from '../../lib/archive/compact.ts'
import { retain } from '../../lib/archive/retain.ts'
import { tilesOf } from '../../lib/archive/tiles.ts'
import { parseCheckpoint, proofText } from '../../lib/proof/checkpoint.ts'
import { logKey } from '../../lib/proof/note.ts'
import { treeOf } from '../../lib/proof/tree.ts'
import { files } from '../../lib/stores/files.ts'
import { archiveAll, arrivalOf, sampleArchive, sampleEvents, sampleKey } from '../archive.ts'
import { clean, eventFiles, filesOf, flip, folder, read, remove } from '../verify/tampering.ts'

// What whoever verifies sees.

const COUNT = 500
const key = sampleKey()
const DAY = 24 * 60 * 60 * 1000
const FROM = Date.UTC(2026, 9, 1)

let archives: string
let memory: string
let out = ''
let err = ''
const before = { ...process.env }

beforeAll(() => {
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text
    return true
  })
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text
    return true
  })
})

afterAll(() => {
  jest.restoreAllMocks()
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
  clean()
})

beforeEach(async () => {
  const state = folder()
  archives = join(state, 'archive')
  memory = join(state, 'seen', 'checkpoints')
  Object.assign(process.env, { STATE_DIR: state, XDG_STATE_HOME: join(state, 'xdg') })
  await sampleArchive(join(archives, 'eu-de'), COUNT, { days: 3, batch: 200 })
})

async function run(...args: string[]) {
  out = ''
  err = ''
  const code = await main(['verify', ...args])
  const reports = args.includes('--json')
    ? out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : []
  return { code, out, err, reports }
}

test('says of each archive whether it is whole', async () => {
  await sampleArchive(join(archives, 'jp-tok'), 10, { location: 'jp-tok' })
  const all = await run()
  expect(all.code).toBe(0)
  expect(all.out).toMatch(
    /^eu-de: whole\. 500 leaves, 500 rows in \d+ files; root \S+, signed by the key that lies in the archive\.$/m,
  )
  expect(all.out).toMatch(/^jp-tok: whole\. 10 leaves/m)
  expect(all.err).toContain(key.text)
  const one = await run('--json', '--location', 'jp-tok', '--key', sampleKey('jp-tok').text)
  expect(one.reports).toMatchObject([{ location: 'jp-tok', isWhole: true, key: { trust: 'given' }, findings: [] }])
  expect(one.err).toBe('')
})

test('says what is wrong, and what to do', async () => {
  const [name = ''] = eventFiles(join(archives, 'eu-de'))
  remove(join(archives, 'eu-de'), name)
  const people = await run()
  expect(people.code).toBe(4)
  expect(people.out).toMatch(/^eu-de: NOT as it was archived, 1 finding\./m)
  expect(people.out).toMatch(/^EVENT_MISSING +0-\d+ .*There is no event of leaves 0 to/m)
  expect(people.out).toMatch(/^EVENT_MISSING \(1\): an event was removed.* What to do: /m)
  const { reports } = await run('--json')
  expect(reports).toMatchObject([{ isWhole: false, found: { EVENT_MISSING: 1 }, findings: [{ leaf: 0 }] }])
})

test('remembers what it has seen, unless it shall not', async () => {
  const root = join(archives, 'eu-de')
  const older = read(root, 'log/checkpoint')
  expect((await run('--remember', memory)).code).toBe(0)
  expect(statSync(memory).mode & 0o777).toBe(0o600)
  rmSync(root, { recursive: true })
  await sampleArchive(root, 400, { days: 3, batch: 200 })
  const rolledBack = await run('--json', '--remember', memory)
  expect([rolledBack.code, rolledBack.reports[0].found]).toEqual([4, { ROLLED_BACK: 1 }])
  expect(rolledBack.reports[0].key.trust).toBe('remembered')
  expect(JSON.parse(readFileSync(memory, 'utf8')).logs).toMatchObject([{ size: COUNT, archives: [root] }])
  expect(parseCheckpoint(older).size).toBe(COUNT)
  expect((await run('--no-remember')).code).toBe(0)
  expect(filesOf(process.env.XDG_STATE_HOME ?? '', '**/checkpoints')).toEqual([])
  expect((await run('--dir', archives)).code).toBe(0)
  expect(filesOf(process.env.XDG_STATE_HOME ?? '', '**/checkpoints')).toEqual(['registry-events/checkpoints'])
  // What is remembered of local emulation ends with its state.
  expect((await run()).code).toBe(0)
  expect(filesOf(process.env.STATE_DIR ?? '', 'checkpoints')).toEqual(['checkpoints'])
})

test('an archive that was seen before and is gone is told, whatever is left of it', async () => {
  await sampleArchive(join(archives, 'jp-tok'), 10, { location: 'jp-tok' })
  expect((await run('--remember', memory)).code).toBe(0)
  const gone = async (...args: string[]) => {
    const { code, out: said, reports } = await run('--remember', memory, ...args)
    expect([code, said]).toEqual([4, expect.stringContaining('ROLLED_BACK')])
    return reports
  }
  rmSync(join(archives, 'jp-tok'), { recursive: true })
  expect(await gone('--json')).toMatchObject([{ isWhole: true }, { location: 'jp-tok', found: { ROLLED_BACK: 1 } }])
  await gone('--location', 'jp-tok')
  await gone('--key', key.text, '--key', sampleKey('us-south').text)
  mkdirSync(join(archives, 'jp-tok'))
  await gone()
  await gone('--dir', join(archives, 'jp-tok'))
  rmSync(archives, { recursive: true })
  expect(await gone('--json')).toHaveLength(2)
  expect((await run('--no-remember')).code).toBe(2)
})

test('a copy that was made while the archive was written', async () => {
  const root = join(archives, 'eu-de')
  const checkpoint = read(root, 'log/checkpoint')
  await archiveAll(files(root), sampleEvents(50, { seed: 2 }))
  const later = join(archives, 'later')
  cpSync(join(root, 'log/checkpoint'), later)
  writeFileSync(join(root, 'log/checkpoint'), checkpoint)
  expect((await run('--no-remember')).code).toBe(4)
  const copied = await run('--no-remember', '--later', later)
  expect([copied.code, copied.out]).toEqual([0, expect.stringContaining('whole. 500 leaves, 550 rows')])
  expect(copied.err).toContain('later checkpoint')
  expect((await run('--later', join(archives, 'none'))).code).toBe(2)
})

test('a log that was begun anew is refused until its key is given', async () => {
  const root = join(archives, 'eu-de')
  const foreign = logKey(key.name, Buffer.alloc(32, 9))
  await run('--remember', memory)
  const written = JSON.parse(readFileSync(memory, 'utf8'))
  written.logs[0].key = foreign.text
  writeFileSync(memory, JSON.stringify(written))
  const refused = await run('--json', '--remember', memory)
  expect([refused.code, Object.keys(refused.reports[0].found)]).toEqual([4, ['KEY_CHANGED', 'FOREIGN_KEY']])
  expect((await run('--remember', memory, '--key', key.text)).code).toBe(0)
  const again = await run('--json', '--remember', memory)
  expect([again.code, again.reports[0].key]).toEqual([0, { text: key.text, trust: 'remembered' }])
  expect(again.reports[0].archive).toBe(root)
})

test('what retention removes and compaction merges is whole at every step', async () => {
  const store = files(join(archives, 'eu-de'))
  const tellDamaged = (name: string, why: string) => {
    throw new Error(`${name}: ${why}`)
  }
  const merge = (grace: number) => compact({ store, location: 'eu-de', now: () => FROM + 90 * DAY, grace, tellDamaged })
  await merge(DAY * 365)
  const merged = (await run('--json')).reports[0]
  expect(merged).toMatchObject({ isWhole: true, size: COUNT })
  expect(merged.counts.rows).toBeGreaterThan(COUNT)
  await retain({ store, location: 'eu-de', key, days: 30, now: () => FROM + 32.5 * DAY, tellDamaged })
  const retained = (await run('--json')).reports[0]
  expect(retained).toMatchObject({ isWhole: true, size: COUNT })
  expect(retained.counts.removed).toBeGreaterThan(100)
})

/** A proof as the search answers it. */
async function proof(leaf: number) {
  const root = join(archives, 'eu-de')
  const checkpoint = read(root, 'log/checkpoint')
  const hashes = await treeOf(COUNT, tilesOf(files(root))).inclusion(leaf)
  const { text: entry } = arrivalOf([...sampleEvents(COUNT, { days: 3 })][leaf] as Parameters<typeof arrivalOf>[0])
  const json = {
    location: 'eu-de',
    leaf,
    entry,
    hashes: hashes.map((hash) => hash.toString('base64')),
    size: COUNT,
    checkpoint,
    key: key.text,
  }
  return { json, text: proofText(leaf, hashes, checkpoint), entry }
}

test('one proof, in both forms', async () => {
  const { json, text, entry } = await proof(321)
  const put = (name: string, content: string) => {
    writeFileSync(join(archives, name), content)
    return join(archives, name)
  }
  const whole = await run('--proof', put('proof.json', JSON.stringify(json)), '--key', key.text)
  expect([whole.code, whole.out]).toEqual([
    0,
    expect.stringMatching(/is leaf 321 of registry-events\.example\.com\/test\/eu-de/),
  ])
  const believed = await run('--proof', put('proof.json', JSON.stringify(json)))
  expect([believed.code, believed.err]).toEqual([0, expect.stringContaining(key.text)])
  const asText = ['--proof', put('e.tlog-proof', text), '--key', key.text]
  expect((await run(...asText, '--entry', put('event.json', `${entry}\n`))).code).toBe(0)

  const code = async (...args: string[]) => (await run('--json', ...args)).reports[0].findings[0].code
  expect(await code(...asText)).toBe('PROOF_WRONG')
  expect(await code(...asText, '--entry', put('event.json', entry.replace('user-', 'User-')))).toBe('PROOF_WRONG')
  const changed = async (change: object, ...args: string[]) =>
    await code('--proof', put('proof.json', JSON.stringify({ ...json, ...change })), ...args)
  expect(await changed({ leaf: 322 })).toBe('PROOF_WRONG')
  expect(await changed({ size: 499 })).toBe('PROOF_WRONG')
  expect(await changed({ hashes: json.hashes.slice(1) })).toBe('PROOF_WRONG')
  expect(await changed({ checkpoint: json.checkpoint.replace('\n500\n', '\n501\n'), size: 501 })).toBe(
    'SIGNATURE_WRONG',
  )
  expect(await changed({}, '--key', logKey(key.name, Buffer.alloc(32, 9)).text)).toBe('FOREIGN_KEY')
  expect(await changed({ checkpoint: 'x' })).toBe('CHECKPOINT_UNREADABLE')
  expect(await changed({ leaf: -1 })).toBe('PROOF_UNREADABLE')
  expect((await run('--proof', put('x.json', '[]'))).code).toBe(4)
})

test('wrong usage is told', async () => {
  const told = async (...args: string[]) => {
    const { code, err: said } = await run(...args)
    expect(code).toBe(2)
    return said
  }
  expect(await told('--dir', join(archives, 'nowhere'))).toContain('nowhere')
  expect(await told('--location', 'us-south')).toContain('no archive of us-south')
  expect(await told('--key', 'key')).toContain('<origin>+<id>+<base64>')
  expect(await told('--location', 'eu-de', '--key', sampleKey('jp-tok').text)).toContain('None of the keys')
  expect(await told('--proof', join(archives, 'no.json'))).toContain('no.json')
  writeFileSync(join(archives, 'memory'), '{}')
  expect(await told('--remember', join(archives, 'memory'))).toContain('memory')
  const single = await run('--json', '--dir', join(archives, 'eu-de'), '--location', 'eu-de')
  expect(single.reports).toMatchObject([{ location: 'eu-de', isWhole: true }])
  flip(join(archives, 'eu-de'), 'log/key', 3)
  expect((await run('--dir', join(archives, 'eu-de'), '--no-remember')).code).toBe(4)
})
