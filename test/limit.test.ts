import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bucket } from '../lib/limit.ts'

const START = Date.UTC(2026, 10, 22)

test('as many at once as the burst, then as many as the rate', () => {
  const take = bucket({ perSecond: 10, burst: 3 })
  expect([0, 0, 0, 0].map(() => take(START))).toEqual([0, 0, 0, 100])
  expect([take(START + 99), take(START + 100), take(START + 100)]).toEqual([1, 0, 100])
  // Nobody saves up more than the burst.
  expect([0, 0, 0, 0].map(() => take(START + 1e9))).toEqual([0, 0, 0, 100])
})

test('what is given back can be taken again, and no more than the burst', () => {
  const take = bucket({ perSecond: 1, burst: 2 })
  expect([take(START), take(START), take(START)]).toEqual([0, 0, 1000])
  take.giveBack()
  expect([take(START), take(START)]).toEqual([0, 1000])
  for (let index = 0; index < 5; index++) take.giveBack()
  expect([take(START), take(START), take(START)]).toEqual([0, 0, 1000])
})

test('less than one a second', () => {
  const take = bucket({ perSecond: 0.5, burst: 1 })
  expect([take(START), take(START), take(START + 1999), take(START + 2000)]).toEqual([0, 2000, 1, 0])
})

test('requests that overtake each other gain nothing', () => {
  const take = bucket({ perSecond: 10, burst: 1 })
  expect(take(START + 100)).toBe(0)
  const waits = Array.from({ length: 50 }, (_, index) => take(START + (index % 2 ? 100 : 0)))
  expect(waits.filter((wait) => wait === 0)).toEqual([])
})

test('a clock that is set back or forward stops nothing', () => {
  const hour = 3_600_000
  const take = bucket({ perSecond: 1, burst: 2 })
  expect([take(START), take(START), take(START)]).toEqual([0, 0, 1000])
  expect([take(START - hour), take(START - hour + 1000)]).toEqual([1000, 0])
  expect([take(START + hour), take(START + hour), take(START + hour)]).toEqual([0, 0, 1000])
})

const rates = fc.record({
  perSecond: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
  burst: fc.integer({ min: 1, max: 500 }),
})

test('the wait is true: after it there is a token, and a millisecond before there is none', () => {
  fc.assert(
    fc.property(rates, fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 60 }), (rate, steps) => {
      const take = bucket(rate)
      let now = START
      for (const step of steps) {
        now += step
        while (take(now) === 0 && rate.perSecond <= 100 && rate.burst < 50) {
          // Uses up what there is.
        }
      }
      const wait = take(now)
      if (wait === 0) return
      const early = wait > 1 ? take(now + wait - 1) : 1
      expect(early).toBeGreaterThan(0)
      expect(take(now + wait)).toBe(0)
    }),
  )
})

test('never more than burst and rate allow', () => {
  fc.assert(
    fc.property(rates, fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 300 }), (rate, steps) => {
      const take = bucket(rate)
      let now = START
      let taken = 0
      for (const step of steps) {
        now += step
        if (take(now) === 0) taken++
      }
      expect(taken).toBeLessThanOrEqual(rate.burst + ((now - START) * rate.perSecond) / 1000 + 1e-3)
    }),
  )
})
