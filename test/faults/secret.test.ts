import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import { type Functions, startFunctions } from './functions.ts'
import { distribution, pushed } from './senders.ts'

// A secret that is changed while webhooks come in.

const CACHED = 5 * 60_000 + 1

let functions: Functions

beforeAll(async () => {
  functions = await startFunctions()
})
afterEach(async () => {
  jest.spyOn(Date, 'now').mockRestore()
  functions.proxy.heal()
  await functions.route()
  await functions.check()
})
afterAll(() => functions?.close())

test('a secret is changed under load and no request is refused, though Secrets Manager fails on the way', async () => {
  const { secrets, proxy } = functions
  let passed = 0
  const real = Date.now.bind(Date)
  jest.spyOn(Date, 'now').mockImplementation(() => real() + passed)
  let current = 'old'
  let over = false
  let count = 0
  const statuses: number[] = []
  const sender = async () => {
    while (!over) {
      const { status } = await functions.post(distribution([pushed(`rotation-${++count}`)], 'distribution', current))
      statuses.push(status)
    }
  }
  /** Until every sender has sent something since now. */
  const served = async (more: number) => {
    const enough = statuses.length + more
    while (statuses.length < enough && statuses.every((status) => status === 202)) await new Promise(setImmediate)
  }
  secrets.set('distribution', 'old')
  await functions.insist(distribution([pushed('first')], 'distribution', current))
  const senders = Promise.all(Array.from({ length: 4 }, sender))
  await served(20)
  // The new value beside the old one; whoever has read the entry knows both after five minutes.
  secrets.set('distribution', 'new old')
  await served(20)
  // The next reading fails: the values of the last one go on.
  proxy.fail({ fault: 'error', operation: 'GetSecretValue', times: 2 })
  passed += CACHED
  await served(20)
  passed += CACHED
  await served(20)
  current = 'new'
  await served(20)
  // The old value goes when no sender has it any more.
  secrets.set('distribution', 'new')
  passed += CACHED
  await served(20)
  over = true
  await senders
  expect(new Set(statuses)).toEqual(new Set([202]))
  expect(statuses.length).toBeGreaterThanOrEqual(120)
  const stale = await functions.post(distribution([pushed('stale')], 'distribution', 'old'))
  expect(stale.status).toBe(401)
})
