import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, jest, test } from '@jest/globals'
import { startSqs } from '../../local/sqs.ts'
import { until } from '../e2e/deadline.ts'
import { drained } from '../e2e/depth.ts'
import { type Emulation, freePort, type Settings, spawnEmulation, startEmulation } from '../emulation.ts'
import { type QueueProxy, startProxy } from './proxy.ts'
import { contents, intake, missing, REGION } from './queues.ts'
import { type Answer, distribution, harbor, noPromises, note, pushed, type Webhook } from './senders.ts'

// Local emulation as `npm start` runs it: killed, restarted, without room on its disk, and with queues that fail.

let emulation: Emulation | undefined
let proxy: QueueProxy | undefined
let promises = noPromises()
const cleanups: (() => void)[] = []

afterEach(async () => {
  try {
    if (emulation) await check(emulation)
  } finally {
    await proxy?.shut()
    await emulation?.close()
    for (const cleanup of cleanups.splice(0).reverse()) cleanup()
    proxy = undefined
    emulation = undefined
    promises = noPromises()
  }
})

const start = async (settings?: Settings): Promise<Emulation> => {
  emulation = await startEmulation(settings)
  return emulation
}

/** Starts an emulation again on the ports and the state of `last`. */
const again = ({ port, emulatorPort, stateDir }: Emulation): Promise<Emulation> =>
  start({ port, emulatorPort, stateDir })

const sqsOf = ({ emulatorPort }: Emulation): string => `http://127.0.0.1:${emulatorPort}`

/** The common end of every case: nothing that was promised is missing, and the accounts hold. */
async function check(running: Emulation): Promise<void> {
  await drained(running, 60)
  expect(missing(promises, await contents(sqsOf(running)))).toEqual([])
  const accounts = (await (await fetch(`${running.url}/accounting`)).json()) as { holds: boolean; mistakes: unknown[] }
  expect(accounts).toMatchObject({ holds: true, mistakes: [] })
}

/** Sends `sent` once, and waits for an answer as long as `patience` milliseconds. */
async function post(sent: Webhook, patience = 20_000): Promise<Answer | undefined> {
  try {
    const response = await fetch(`${emulation?.url}/webhooks/${sent.sender}`, {
      method: 'POST',
      headers: sent.headers,
      body: sent.body,
      signal: AbortSignal.timeout(patience),
    })
    const answer = { status: response.status, body: (await response.json()) as Answer['body'] }
    note(promises, sent, answer)
    return answer
  } catch {
    return undefined
  }
}

let count = 0
const onePush = (): Webhook => distribution([pushed(`e${++count}`)])

const eventIds = ({ body }: Answer): string[] => body.accepted.map(({ id }) => id)

test('Jepsen on NATS 2.12.1: acknowledged but not on disk', async () => {
  const first = await start()
  // Killed by the first answer, while others are under way.
  const answers = Array.from({ length: 8 }, () => post(onePush()))
  await Promise.race(answers)
  await first.kill()
  await Promise.all(answers)
  expect(promises.events.size).toBeGreaterThan(0)
  const db = new DatabaseSync(join(first.stateDir, 'fauxqs.db'))
  const rows = db.prepare("SELECT message_attributes ->> '$.id.StringValue' AS id FROM sqs_messages").all()
  db.close()
  expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining([...promises.events.keys()]))
  await again(first)
})

test('Jepsen on NATS 2.12.1: every message is written through to the disk before it is acknowledged', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-faults-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  const prepare = jest.spyOn(DatabaseSync.prototype, 'prepare')
  const server = await startSqs(0, folder, 'local', REGION)
  const db = prepare.mock.contexts[0] as DatabaseSync
  prepare.mockRestore()
  // https://www.sqlite.org/pragma.html#pragma_synchronous: 2 is FULL, which flushes at every commit; answers wait for commits.
  expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
  await server.stop()
})

test.each(['SIGTERM', 'SIGKILL'] as const)('restart while draining: %s', async (signal) => {
  let running = await start()
  const bodies = Array.from({ length: 4 }, (_, sender) =>
    distribution(Array.from({ length: 100 }, (_, index) => pushed(`${signal}-${sender}-${index}`))),
  )
  const answers = await Promise.all(bodies.map((sent) => post(sent)))
  expect(answers.map((answer) => answer?.status)).toEqual([202, 202, 202, 202])
  const waiting = async () => (await contents(sqsOf(running))).get(intake.name)?.length ?? 0
  expect(await waiting()).toBeGreaterThan(0)
  if (signal === 'SIGKILL') await running.kill()
  else expect(await running.stop(signal)).toBe(0)
  running = await again(running)
  expect(await post(onePush())).toMatchObject({ status: 202 })
  expect(promises.events.size).toBe(401)
})

test("sender's time-out and retry: what was taken after the sender had gone has the id of its repetition", async () => {
  const emulatorPort = await freePort()
  proxy = await startProxy(`http://127.0.0.1:${emulatorPort}`)
  const running = await start({ emulatorPort, env: { AWS_ENDPOINT: proxy.url } })
  const sent = harbor('late')
  proxy.fail({ fault: 'slow', queue: '-intake', operation: 'SendMessageBatch', milliseconds: 1000, times: 2 })
  expect([await post(sent, 300), await post(sent, 300)]).toEqual([undefined, undefined])
  const answer = (await post(sent)) as Answer
  expect(answer.status).toBe(202)
  const copies = async () => {
    const found = await contents(sqsOf(running))
    return [...found.values()].flat().filter((id) => eventIds(answer).includes(id)).length
  }
  await until('all three deliveries are there', async () => (await copies()) >= 3, 10)
})

test('argoproj/argo-events#3448: 200 while the bus was down, and /health says so', async () => {
  const emulatorPort = await freePort()
  proxy = await startProxy(`http://127.0.0.1:${emulatorPort}`)
  const running = await start({ emulatorPort, env: { AWS_ENDPOINT: proxy.url } })
  await proxy.shut()
  const sent = onePush()
  expect(await post(sent)).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } })
  expect((await fetch(`${running.url}/health`)).status).toBe(503)
  await proxy.open()
  expect(await post(sent)).toMatchObject({ status: 202 })
  expect((await fetch(`${running.url}/health`)).status).toBe(200)
})

/** Sends webhooks until one is refused, then `makeRoom`, and the refused one again. */
async function overflow(makeRoom: () => void): Promise<void> {
  let sent = onePush()
  let answer = await post(sent)
  for (let left = 50; left > 0 && answer?.status === 202; left--) {
    sent = onePush()
    answer = await post(sent)
  }
  expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } })
  expect(await post(sent)).toMatchObject({ status: 503 })
  makeRoom()
  await until('it takes webhooks again', async () => (await post(sent))?.status === 202, 10)
  expect(await post(onePush())).toMatchObject({ status: 202 })
}

const run = (command: string, ...args: string[]): void => {
  execFileSync(command, args, { stdio: 'pipe' })
}

/** Whether the machine lets us do what `attempt` tries. */
function may(attempt: () => void): boolean {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}

/** Says why a case can't be shown on this machine. */
const skip = (why: string): void => void process.stderr.write(`skipped: ${expect.getState().currentTestName}: ${why}\n`)

test('disk full: a file system without room', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-faults-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  if (!may(() => run('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder))) return skip('it may not mount')
  cleanups.push(() => run('umount', folder))
  await start({ stateDir: join(folder, 'state') })
  expect(await post(onePush())).toMatchObject({ status: 202 })
  const filler = join(folder, 'filler')
  may(() => writeFileSync(filler, Buffer.alloc(8 * 1024 * 1024)))
  await overflow(() => rmSync(filler))
})

test('disk full: files that may not grow', async () => {
  // Linux sends a signal besides, which no disk does.
  const env = { NODE_OPTIONS: '--import=data:text/javascript,process.on(`SIGXFSZ`,()=>{})' }
  const running = await start({ env })
  expect(await post(onePush())).toMatchObject({ status: 202 })
  const limit = (size: string) => run('prlimit', '--pid', String(running.pid), `--fsize=${size}:unlimited`)
  if (!may(() => limit('unlimited'))) return skip('there is no prlimit')
  limit('1024')
  await overflow(() => limit('unlimited'))
})

test('read-only state directory: nothing starts, and it says which folder it is', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'registry-event-router-faults-'))
  cleanups.push(() => rmSync(stateDir, { recursive: true, force: true }))
  if (may(() => run('chattr', '+i', stateDir))) cleanups.push(() => run('chattr', '-i', stateDir))
  else if (may(() => run('mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', stateDir)))
    cleanups.push(() => run('umount', stateDir))
  else return skip('it may neither mount nor change attributes')
  const { output, ended } = spawnEmulation({
    PORT: String(await freePort()),
    EMULATOR_PORT: String(await freePort()),
    STATE_DIR: stateDir,
  })
  expect(await ended).toBeGreaterThan(0)
  expect(output()).toContain(`STATE_DIR ${stateDir}:`)
  expect(output()).not.toContain('    at ')
  expect(existsSync(join(stateDir, 'fauxqs.db'))).toBe(false)
})
