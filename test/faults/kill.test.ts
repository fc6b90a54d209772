import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { SQSBatchResponse } from 'aws-lambda'
import { build } from 'esbuild'
import { bundle } from '../../deploy/bundle.ts'
import { handler as router } from '../../functions/router.ts'
import type { Received } from '../../lib/queues/queue.ts'
import { ACCOUNT } from '../../local/sqs.ts'
import { type Functions, gatewayEvent, startFunctions } from './functions.ts'
import type { Rule } from './proxy.ts'
import { intake, REGION } from './queues.ts'
import { type Accepted, distribution, note, pushed, type Webhook } from './senders.ts'

// What if the process ends in the middle? The packaged functions run in processes of their own and are killed at every single step
// (test/faults/victim.ts), the queues live on, and everybody repeats what was not answered, as senders and SQS do.

let functions: Functions
const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-faults-'))

beforeAll(async () => {
  functions = await startFunctions()
  await bundle(join(folder, 'functions'))
  const entryPoints = [resolve(import.meta.dirname, 'victim.ts')]
  await build({ entryPoints, outfile: join(folder, 'victim.mjs'), platform: 'node', format: 'esm', target: 'node24' })
})

afterAll(async () => {
  await functions?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A call that came to its end; `steps` says how many there were. */
interface Done<Output> {
  steps: number
  answer: Output
}

/** Calls the function `name` in a process of its own that is killed at the step `at`; resolves to nothing when it was. */
async function run<Output>(name: string, input: unknown, at: number): Promise<Done<Output> | undefined> {
  const child = spawn(
    process.execPath,
    [join(folder, 'victim.mjs'), join(folder, 'functions', `${name}.cjs`), String(at)],
    {
      env: {
        STAGE: 'local',
        EMULATION: 'local',
        AWS_ENDPOINT: functions.proxy.url,
        AWS_REGION: REGION,
        ACCOUNT_ID: ACCOUNT,
        NODE_COMPILE_CACHE: join(folder, 'compiled'),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const exit = once(child, 'exit')
  child.stdin.end(JSON.stringify(input))
  const printed = await text(child.stdout)
  const [code, signal] = await exit
  if (signal === 'SIGKILL') return undefined
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${printed}`)
  const lines = printed.trim().split(/\n+/)
  const done = JSON.parse(lines.pop() ?? '') as Done<Output>
  lines.forEach(functions.overhear)
  return done
}

/**
 * Lets `call` be killed at its first, second, ... step until it comes to its end before. Resolves to the number of steps.
 * Two at a time, because a machine has two cores at least.
 */
async function everyStep(call: (at: number) => Promise<number | undefined>): Promise<number> {
  let steps: number | undefined
  let next = 1
  const worker = async () => {
    while (steps === undefined) steps = (await call(next++)) ?? steps
  }
  await Promise.all([worker(), worker()])
  return steps as unknown as number
}

let count = 0

/** Twelve events, which are two calls of the queue, noise, and an item that belongs into quarantine. */
function webhookOf(number: number): Webhook {
  const tags = Array.from({ length: 12 }, (_, index) => `${number}-${index}`)
  const noise = pushed('noise', { target: { mediaType: 'application/octet-stream', repository: 'team/app' } })
  const sender = number % 2 ? 'distribution' : 'distribution-us-south'
  return { ...distribution([...tags.map((tag) => pushed(tag)), noise, { number }], sender), family: 'image' }
}

test('a family function that is killed at any step keeps all or is asked again', async () => {
  const steps = await everyStep(async (at) => {
    const sent = webhookOf(++count)
    const done = await run<{ statusCode: number; body: string }>('image', gatewayEvent(sent), at)
    // When nobody heard an answer the sender sends the same again.
    const answer = done
      ? { status: done.answer.statusCode, body: JSON.parse(done.answer.body) as Accepted }
      : await functions.insist(sent)
    expect(answer).toMatchObject({ status: 202, body: { ignored: 1, quarantined: [{}] } })
    expect(answer.body.accepted).toHaveLength(12)
    note(functions.promises, sent, answer)
    return done?.steps
  })
  process.stderr.write(`family function: killed at each of ${steps} steps\n`)
  await functions.route()
  await functions.check()
  // What was kept before a kill has the ids that were promised later.
  const { events, quarantined } = functions.promises
  const found = new Set([...(await functions.look()).values()].flat())
  expect(found).toEqual(new Set([...events.keys(), ...quarantined]))
  expect(steps).toBeGreaterThan(20)
}, 480_000)

type Handler = (batch: object, context: object) => Promise<SQSBatchResponse>

/** What is on the intake queue, as the event source mapping hands it over. */
async function nextBatch() {
  const messages: Received[] = []
  for (let more = 10; more === 10; ) {
    const next = await functions.queues.receive(intake, 10, 0, 10)
    more = next.length
    messages.push(...next)
  }
  return {
    Records: messages.map(({ messageId, receipt, body, receiveCount }) => ({
      messageId,
      receiptHandle: receipt,
      body,
      attributes: { ApproximateReceiveCount: String(receiveCount) },
    })),
  }
}

/**
 * Kills the router at every step of a batch each; every batch has events of two locations and a message that has none. Resolves to the
 * number of steps. Until it is killed `rule` holds, if there is one.
 */
async function killRouter(rule?: Rule): Promise<number> {
  await functions.pause()
  for (let at = 1; ; at++) {
    await functions.queues.send(intake, [{ body: '{}', attributes: { id: `unroutable-${++count}` } }])
    await functions.insist(webhookOf(++count))
    await functions.insist(webhookOf(count + 1))
    const batch = await nextBatch()
    if (rule) functions.proxy.fail(rule)
    const done = await run<SQSBatchResponse>('router', batch, at)
    functions.proxy.heal()
    // What was not acknowledged comes again, to a router that knows nothing of it.
    const answer = done?.answer ?? (await (router as unknown as Handler)(batch, { awsRequestId: 'again' }))
    const failed = answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)
    const kept = batch.Records.filter(({ messageId }) => !failed.includes(messageId))
    await functions.queues.removeAll(
      intake,
      kept.map(({ receiptHandle }) => receiptHandle),
    )
    if (done) {
      functions.resume()
      return done.steps
    }
  }
}

test('a router that is killed at any step loses nothing that it had sent or had not', async () => {
  const steps = await killRouter()
  process.stderr.write(`router: killed at each of ${steps} steps\n`)
  await functions.route()
  await functions.check()
  expect(steps).toBeGreaterThan(20)
}, 480_000)

test('a router that is killed at any step while a location is down loses nothing that has to wait', async () => {
  const steps = await killRouter({ fault: 'error', queue: '-us-south' })
  process.stderr.write(`router, a location down: killed at each of ${steps} steps\n`)
  await functions.recall()
  await functions.route()
  await functions.check()
  expect(steps).toBeGreaterThan(20)
}, 480_000)
