import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sourceNames } from '../../../cli/samples/index.ts'
import { type Emulation, startEmulation } from '../../emulation.ts'
import { begin, run } from './cli.ts'

// From a sample of every kind of sender to an export and a proof: what somebody tries first, in local emulation, with nothing set.

let emulation: Emulation
let folder = ''
let env: Record<string, string> = {}

beforeAll(async () => {
  emulation = await startEmulation()
  folder = mkdtempSync(join(tmpdir(), 'registry-event-router-cli-'))
  env = { PORT: String(emulation.port), STATE_DIR: emulation.stateDir }
})

afterAll(async () => {
  await emulation?.close()
  rmSync(folder, { recursive: true, force: true })
})

const idOf = ({ event }: Record<string, unknown>) => (event as { id: string }).id

test('what every sender sends is followed, found, explained, exported and proved', async () => {
  const tail = begin(['tail', '-f', '-n', '0', '--json'], env)
  const sent: string[] = []
  for (const source of sourceNames) {
    const { code, rows, err } = await run(`send ${source} --json`, env)
    expect([source, code, err]).toEqual([source, 0, expect.stringContaining('npx registry-events show')])
    sent.push(...(rows() as { accepted: { id: string }[] }[]).flatMap(({ accepted }) => accepted.map(({ id }) => id)))
  }
  expect(new Set(sent).size).toBe(sourceNames.length)
  await new Promise<void>((done) => {
    const look = () => sent.every((id) => tail.out().includes(id)) && done()
    tail.child.stdout?.on('data', look)
    look()
  })
  tail.child.kill('SIGINT')
  const followed = await tail.ended
  expect([followed.code, followed.rows().map(idOf).sort()]).toEqual([130, [...sent].sort()])

  const found = await run('search --json --action image.* --location eu-de', env)
  expect([found.code, found.rows().map(idOf).sort()]).toEqual([0, [...sent].sort()])

  const [id = ''] = sent
  const steps = await run(`explain ${id}`, env)
  expect([steps.code, steps.out]).toEqual([0, expect.stringMatching(/^happened .*\n(.*\n)*rule .*\n(.*\n)*archived /)])

  const file = join(folder, 'all.csv')
  expect((await run(`export --output ${file}`, env)).code).toBe(0)
  for (const one of sent) expect(readFileSync(file, 'utf8')).toContain(one)

  const proof = join(folder, 'proof.json')
  expect((await run(`show ${id} --proof ${proof}`, env)).code).toBe(0)
  const verified = await run(`verify --proof ${proof}`, env)
  expect([verified.code, verified.out]).toEqual([0, expect.stringContaining(`The event ${id} is leaf`)])
  expect(await run('verify --no-remember', env)).toMatchObject({
    code: 0,
    out: expect.stringContaining('eu-de: whole.'),
  })
})

test('a restart of it does not end tail -f', async () => {
  const tail = begin(['tail', '-f', '-n', '1', '--json'], env)
  const until = (what: string, text: () => string, stream: 'stdout' | 'stderr') =>
    new Promise<void>((done) => {
      const look = () => text().includes(what) && done()
      tail.child[stream]?.on('data', look)
      look()
    })
  await until('"event"', tail.out, 'stdout')
  const { port, emulatorPort, stateDir } = emulation
  await emulation.stop()
  await until("can't be reached", tail.err, 'stderr')
  emulation = await startEmulation({ port, emulatorPort, stateDir })
  const [{ accepted }] = (await run('send zot --json', env)).rows() as [{ accepted: { id: string }[] }]
  await until(accepted[0]?.id ?? '-', tail.out, 'stdout')
  await until('It answers again.', tail.err, 'stderr')
  tail.child.kill('SIGINT')
  expect((await tail.ended).code).toBe(130)
})
