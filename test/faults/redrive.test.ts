import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { handler as router } from '../../functions/router.ts'
import { deadLetterQueue } from '../../lib/queues/names.ts'
import type { Consumer } from '../../local/mapping.ts'
import { begin } from '../e2e/cli/cli.ts'
import { until } from '../e2e/deadline.ts'
import { type Functions, startFunctions } from './functions.ts'
import type { Fault } from './proxy.ts'
import { intake } from './queues.ts'
import { distribution, pushed } from './senders.ts'

// The consumer of dead letters is a command, `registry-events dlq redrive`: it throws and dies like any other.

const dead = deadLetterQueue(intake)

let functions: Functions
/** While it is set everything on the intake queue becomes a dead letter. */
let hopeless = false

const consume: Consumer = async (batch, context) => {
  if (!hopeless) return (router as unknown as Consumer)(batch, context)
  const letters = batch.Records.map(({ body }) => ({
    body,
    attributes: {
      type: 'dead-letter',
      reason: 'REFUSED',
      registry: 'distribution',
      location: 'eu-de',
      id: JSON.parse(body).id,
    },
  }))
  await functions.queues.send(dead, letters)
  return { batchItemFailures: [] }
}

beforeAll(async () => {
  functions = await startFunctions(consume)
})
afterAll(() => functions?.close())

/** Starts `dlq redrive` with all its calls going through the proxy. */
const redrive = () => begin(['dlq', 'redrive', 'intake'], { EMULATOR_PORT: new URL(functions.proxy.url).port })

const FAULTS: { fault: Fault; operation: string }[] = [
  { fault: 'error', operation: 'SendMessageBatch' },
  { fault: 'untold', operation: 'SendMessageBatch' },
  { fault: 'partial', operation: 'SendMessageBatch' },
  { fault: 'error', operation: 'DeleteMessageBatch' },
  { fault: 'untold', operation: 'DeleteMessageBatch' },
]

test('a voucher clearing system: the dead-letter consumer itself threw', async () => {
  const { proxy } = functions
  hopeless = true
  await functions.insist(distribution(Array.from({ length: 12 }, (_, index) => pushed(`dead-${index}`))))
  await functions.route()
  hopeless = false
  expect((await functions.look()).get(dead.name)).toHaveLength(12)
  for (const rule of FAULTS) {
    proxy.fail(rule)
    expect([rule, (await redrive().ended).code]).not.toEqual([rule, 0])
    proxy.heal()
    await functions.recall(dead)
    await functions.check()
  }
  // Killed while its copies are under way, and while it removes what was copied.
  for (const operation of ['SendMessageBatch', 'DeleteMessageBatch']) {
    const before = proxy.seen.length
    proxy.fail({ fault: 'hang', operation, queue: operation === 'SendMessageBatch' ? '-intake' : '-dlq' })
    const { child, ended } = redrive()
    await until('it is in the middle', async () => proxy.seen.slice(before).some(({ fault }) => fault === 'hang'), 20)
    child.kill('SIGKILL')
    await ended
    proxy.heal()
    await functions.recall(dead)
    await functions.check()
  }
  expect((await redrive().ended).code).toBe(0)
  await functions.route()
  await functions.check()
  const found = await functions.look()
  expect(found.get(dead.name)).toBeUndefined()
  expect(new Set(found.get('registry-events-local-eu-de'))).toEqual(new Set(functions.promises.events.keys()))
}, 120_000)
