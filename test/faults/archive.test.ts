import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { SQSBatchResponse } from 'aws-lambda'
import { build } from 'esbuild'
import { bundle } from '../../deploy/bundle.ts'
import { archiver } from '../../lib/archive/archive.ts'
import { archiveMessages } from '../../lib/archive/consume.ts'
import { journalName } from '../../lib/archive/names.ts'
import type { AuditEvent } from '../../lib/event.ts'
import { places } from '../../lib/locations.ts'
import { canonicalText } from '../../lib/proof/canonical.ts'
import { archiveQueue, deadLetterQueue } from '../../lib/queues/names.ts'
import type { Queues, Received } from '../../lib/queues/queue.ts'
import { sqs } from '../../lib/queues/sqs.ts'
import { duckdb } from '../../lib/search/duckdb.ts'
import { type Archives, search } from '../../lib/search/search.ts'
import { files } from '../../lib/stores/files.ts'
import { verifyArchive } from '../../lib/verify/archive.ts'
import { ACCOUNT, startSqs } from '../../local/sqs.ts'
import { namesIn, readArchive } from '../archive/check.ts'
import { archiveAll, arrivalOf, sampleEvents, sampleKey } from '../archive.ts'
import { idsOn, REGION } from './queues.ts'

// What if the process ends in the middle of archiving? The packaged function runs in a process of its own and is killed at every single
// step (test/faults/victim.ts); the queue and the folder of the archive live on, and what was not acknowledged comes again. Then the archive is
// verified and searched, by code that knows nothing of what wrote it.

const SEED = Buffer.alloc(32, 7)
const place = places.find(({ location }) => location === 'eu-de') ?? places[0]
const queue = archiveQueue('local', place)
const key = sampleKey('eu-de', 'local')
/** So many that two more fill a tile. */
const NEARLY = 254
const NOW = Date.UTC(2026, 10, 22, 13)
const reader = { id: 'reader', locations: ['eu-de'] } as const
const events = [...sampleEvents(1000, { days: 2, seed: 5 })]

// A process that is killed leaves behind what it wrote wherever that lies: memory is quicker than a disk.
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'registry-event-router-faults-'))
let server: Awaited<ReturnType<typeof startSqs>>
let queues: Queues
const url = () => `http://127.0.0.1:${server.port}`

beforeAll(async () => {
  server = await startSqs(0, join(folder, 'sqs'), 'local', REGION)
  const credentials = () => ({ accessKeyId: 'test', secretAccessKey: 'test' })
  queues = sqs({ endpoint: url(), credentials, accountId: ACCOUNT, timeout: 5000 })
  await bundle(join(folder, 'functions'))
  const entryPoints = [resolve(import.meta.dirname, 'victim.ts')]
  await build({ entryPoints, outfile: join(folder, 'victim.mjs'), platform: 'node', format: 'esm', target: 'node24' })
  // One that is killed leaves no compiled code for the next one to begin quicker; one that ends does.
  await run(join(folder, 'warm'), batchOf(await arrive(0, 'warm')), 0)
})

afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A call that came to its end; `steps` says how many there were. */
interface Done {
  steps: number
  answer: SQSBatchResponse
}

/** Calls the archive function, whose archives are below `stateDir`, in a process of its own that is killed at the step `at`; resolves to nothing when it was. */
async function run(stateDir: string, input: unknown, at: number): Promise<Done | undefined> {
  const args = [join(folder, 'victim.mjs'), join(folder, 'functions', 'archive.cjs'), String(at), 'outside']
  const child = spawn(process.execPath, args, {
    env: {
      STAGE: 'local',
      EMULATION: 'local',
      AWS_ENDPOINT: url(),
      AWS_REGION: REGION,
      ACCOUNT_ID: ACCOUNT,
      STATE_DIR: stateDir,
      SECRET_LOG_KEY: SEED.toString('base64'),
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      VICTIM_NOW: String(NOW),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  child.stdin.end(JSON.stringify(input))
  const printed = await text(child.stdout)
  const [code, signal] = await exit
  if (signal === 'SIGKILL') return undefined
  if (code !== 0) throw new Error(`It ended with ${code}: ${printed}`)
  return JSON.parse(printed.trim().split(/\n+/).pop() ?? '') as Done
}

/** Messages as the event source mapping hands them over. */
const batchOf = (messages: readonly Received[]) => ({
  Records: messages.map(({ messageId, receipt, body, receiveCount }) => ({
    messageId,
    receiptHandle: receipt,
    body,
    attributes: { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(NOW) },
    eventSourceARN: `arn:aws:sqs:${queue.awsRegion}:${ACCOUNT}:${queue.name}`,
  })),
})

/** Calls the archive function in a process that lives, this one. Resolves to the ids of the messages that have to come again. */
function archiveHere(stateDir: string, messages: readonly Received[]): Promise<string[]> {
  const store = files(join(stateDir, 'archive', 'eu-de'))
  const archive = archiver({ store, location: 'eu-de', key, now: () => NOW })
  const received = messages.map((message) => ({ ...message, sentAt: NOW, receiptHandle: message.receipt }))
  const from = { queues, queue, location: 'eu-de', archiver: async () => archive, random: () => 0 }
  return archiveMessages(received, from, { event: 'archive' })
}

/** What is sent to the queue and received from it: one after the other, so that everybody receives what he sent. */
let turn: Promise<unknown> = Promise.resolve()

/** Puts the events from `first` on onto the queue, and something that no archive can hold, as `name`; resolves to what is then received. */
function arrive(first: number, name: string): Promise<Received[]> {
  const bodies = [...events.slice(first, first + 4).map((event) => arrivalOf(event).text), `{"id":"${name}-bad"}`]
  const sent = bodies.map((body, index) => ({ body, attributes: { id: `${name}-${index}` } }))
  const received = turn.then(async () => {
    expect(await queues.send(queue, sent)).toEqual([])
    const messages: Received[] = []
    while (messages.length < sent.length) messages.push(...(await queues.receive(queue, 10, 1, 3600)))
    return messages
  })
  turn = received
  return received
}

/** What is kept in the archive below `stateDir`, as one hash: each name, and each byte. */
async function stateOf(stateDir: string): Promise<string> {
  const store = files(join(stateDir, 'archive', 'eu-de'))
  const hash = createHash('sha256')
  for (const name of await namesIn(store)) hash.update(`${name}\n`).update((await store.get(name))?.bytes ?? '')
  return hash.digest('hex')
}

/** Calls `look`, unless it was called for an archive that was the same, byte for byte: clocks stand still here. */
async function lookOnce(seen: Set<string>, stateDir: string, look: () => Promise<void>): Promise<void> {
  const state = await stateOf(stateDir)
  if (seen.has(state)) return
  await look()
  seen.add(state)
}

/** Fails unless the archive below `stateDir` verifies, and whoever asks for everything gets `expected`: each event once, none missing. */
async function checkWhole(stateDir: string, expected: readonly AuditEvent[]): Promise<void> {
  const root = join(stateDir, 'archive')
  const { findings, isWhole } = await verifyArchive(join(root, 'eu-de'), { key: key.text, threads: 0 })
  expect([findings, isWhole]).toEqual([[], true])
  const store = (location: string) => files(join(root, location))
  const archives: Archives = { engine: duckdb({ root, store }), locations: ['eu-de'], store, now: () => NOW }
  const { items, damaged } = await search(new URLSearchParams('limit=1000'), reader, archives)
  expect(damaged).toEqual([])
  expect(items.map(({ text }) => text).sort()).toEqual(expected.map(canonicalText).sort())
}

/** Kills the function at the step `at` of archiving the events from `first` on in the archive below `stateDir`. Resolves to how many steps there are, when it came to its end before. */
async function killAt(
  at: number,
  first: number,
  stateDir: string,
  name: string,
  seen: Record<'killed' | 'whole', Set<string>>,
): Promise<number | undefined> {
  const store = files(join(stateDir, 'archive', 'eu-de'))
  const messages = await arrive(first, name)
  const done = await run(stateDir, batchOf(messages), at)
  if (done) {
    // What is acknowledged is in the archive, or says on the dead-letter queue why it can't be.
    expect(done.answer).toEqual({ batchItemFailures: [] })
  } else {
    // Nothing half is seen of what was killed, and it comes again.
    await lookOnce(seen.killed, stateDir, async () => {
      if (await store.get('log/checkpoint')) await readArchive(store, key)
    })
    expect(await archiveHere(stateDir, messages)).toEqual([])
  }
  await lookOnce(seen.whole, stateDir, () => checkWhole(stateDir, events.slice(0, first + 4)))
  expect(await namesIn(store, 'journal/')).toEqual([])
  expect(await idsOn(url(), deadLetterQueue(queue).name)).toContain(`${name}-bad`)
  await queues.removeAll(
    queue,
    messages.map(({ receipt }) => receipt),
  )
  return done?.steps
}

/**
 * Kills the function at every step of archiving a batch of the events from `first` on, each time in a copy of the archive that `prepare`
 * made. Resolves to the number of steps. Two at a time, because a machine has two cores at least.
 */
async function everyStep(name: string, first: number, prepare: (root: string) => Promise<void>): Promise<number> {
  const base = join(folder, name)
  mkdirSync(base)
  await prepare(join(base, 'archive', 'eu-de'))
  let steps: number | undefined
  let next = 1
  const [killed, whole] = [new Set<string>(), new Set<string>()]
  const worker = async () => {
    while (steps === undefined) {
      const at = next++
      const stateDir = `${base}-${at}`
      cpSync(base, stateDir, { recursive: true })
      steps = (await killAt(at, first, stateDir, `${name}-${at}`, { killed, whole })) ?? steps
      rmSync(stateDir, { recursive: true, force: true })
    }
  }
  await Promise.all([worker(), worker()])
  process.stderr.write(`${name}: ${killed.size} archives that differ after a kill, ${whole.size} when all came again\n`)
  return steps as unknown as number
}

test.each<[string, number, (root: string) => Promise<void>]>([
  ['the first batch of all', 0, async () => {}],
  [
    'a batch that fills a tile',
    NEARLY,
    async (root) => void (await archiveAll(files(root), events.slice(0, NEARLY), { key })),
  ],
  [
    'a batch after one that was taken and not written out',
    NEARLY,
    async (root) => {
      const store = files(root)
      await archiveAll(store, events.slice(0, NEARLY - 2), { key })
      const taken = { ...store, put: () => Promise.reject(new Error('It is over.')) }
      await expect(archiveAll(taken, events.slice(NEARLY - 2, NEARLY), { key })).rejects.toThrow('It is over.')
      expect(await namesIn(store, 'journal/')).toEqual([journalName(NEARLY - 2)])
    },
  ],
])(
  'archiving %s, killed at any step: nothing is missing, nothing is half, nothing was acknowledged too early',
  async (name, first, prepare) => {
    const steps = await everyStep(name.replaceAll(' ', '-'), first, prepare)
    process.stderr.write(`archive function, ${name}: killed at each of ${steps} steps\n`)
    expect(steps).toBeGreaterThan(20)
  },
  600_000,
)
