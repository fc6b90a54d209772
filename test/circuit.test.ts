import { expect, test } from '@jest/globals'
import { circuit, circuits } from '../lib/circuit.ts'

const all = Number.POSITIVE_INFINITY
const hour = 60 * 60 * 1000

/** A circuit that has just failed, and its clock. */
function broken() {
  const clock = { now: 1_000_000 }
  const made = circuit(() => clock.now)
  made.failed()
  return { clock, made }
}

test('closed, then open after a failure, then a probe for which nobody else is let through, then closed', () => {
  const { clock, made } = broken()
  expect(made.allowance()).toBe(0)
  clock.now += 4999
  expect(made.allowance()).toBe(0)
  clock.now += 1
  expect([made.allowance(), made.allowance()]).toEqual([1, 0])
  made.answered()
  expect([made.allowance(), made.allowance()]).toEqual([all, all])
})

test('each probe that fails doubles the pause, to a minute at most', () => {
  const { clock, made } = broken()
  const pauses: number[] = []
  for (let start = clock.now; pauses.length < 7; clock.now += 1000) {
    if (made.allowance() === 0) continue
    pauses.push(clock.now - start)
    start = clock.now
    made.failed()
  }
  expect(pauses).toEqual([5, 10, 20, 40, 60, 60, 60].map((seconds) => seconds * 1000))
})

test('a probe of which nothing is heard again does not keep the circuit open for ever', () => {
  const { clock, made } = broken()
  clock.now += 5000
  expect(made.allowance()).toBe(1)
  clock.now += 10_000
  expect(made.allowance()).toBe(1)
})

test('calls that fail together count as one failure', () => {
  const { clock, made } = broken()
  for (let count = 0; count < 10; count++) made.failed()
  clock.now += 5000
  expect(made.allowance()).toBe(1)
})

test('after it was closed the pauses begin anew', () => {
  const { clock, made } = broken()
  for (const pause of [5000, 10_000, 20_000]) {
    clock.now += pause
    made.allowance()
    made.failed()
  }
  made.answered()
  made.failed()
  clock.now += 5000
  expect(made.allowance()).toBe(1)
})

test('a location is well when nothing has failed for an hour', () => {
  const { clock, made } = broken()
  made.answered()
  clock.now += hour - 1
  expect(made.isWell()).toBe(false)
  clock.now += 1
  expect(made.isWell()).toBe(true)
})

test('a location is not known to be well before it was watched for an hour', () => {
  const clock = { now: 1_000_000 }
  const made = circuit(() => clock.now)
  clock.now += hour - 1
  expect(made.isWell()).toBe(false)
  clock.now += 1
  expect(made.isWell()).toBe(true)
})

test('each location has a circuit of its own', () => {
  const of = circuits(() => 0)
  of('eu-de').failed()
  expect([of('eu-de').allowance(), of('jp-tok').allowance()]).toEqual([0, all])
})
