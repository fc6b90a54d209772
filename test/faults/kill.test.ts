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
import type { Consumer } from '../../local/mapping.ts'
import { ACCOUNT } from '../../local/sqs.ts'
import { type Functions, gatewayEvent, startFunctions } from './functions.ts'
import { REGION } from './queues.ts'
import { type Accepted, distribution, note, pushed, type Webhook } from './senders.ts'

// What if the process ends in the middle? The packaged functions run in processes of their own and are killed at every single step
// (test/faults/victim.ts), the queues live on, and everybody repeats what was not answered, as senders and SQS do.

let functions: Functions
const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-faults-'))

beforeAll(async () => {
  functions = await startFunctions((batch) => route(batch))
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
  return JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '') as Done<Output>
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

/** Twelve events, which are two calls of the queue, noise, and an item that belongs into quarantine. */
function webhookOf(number: number): Webhook {
  const tags = Array.from({ length: 12 }, (_, index) => `${number}-${index}`)
  const noise = pushed('noise', { target: { mediaType: 'application/octet-stream', repository: 'team/app' } })
  return distribution(
    [...tags.map((tag) => pushed(tag)), noise, { number }],
    number % 2 ? 'distribution' : 'distribution-us-south',
  )
}

/** The router that runs while the family function is killed, and is killed itself afterwards. */
let route: Consumer = router as unknown as Consumer

test('a family function that is killed at any step keeps all or is asked again', async () => {
  const steps = await everyStep(async (at) => {
    const sent = webhookOf(at)
    const done = await run<{ statusCode: number; body: string }>('image', gatewayEvent(sent, 'image'), at)
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
})

test('a router that is killed at any step loses nothing that it had or had not sent', async () => {
  let at = 0
  let steps: number | undefined
  route = async (batch) => {
    at++
    const done = await run<SQSBatchResponse>('router', batch, at)
    steps ??= done?.steps
    // What was not acknowledged comes again.
    const answer = done ?? (await run<SQSBatchResponse>('router', batch, 0))
    return (answer as Done<SQSBatchResponse>).answer
  }
  while (steps === undefined) {
    await functions.insist(webhookOf(1000 + at))
    await functions.route()
  }
  process.stderr.write(`router: killed at each of ${steps} steps\n`)
  await functions.check()
  expect(steps).toBeGreaterThan(10)
})
