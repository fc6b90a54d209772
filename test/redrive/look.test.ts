import { expect, test } from '@jest/globals'
import { memory } from '../../lib/queues/memory.ts'
import type { Queues, Received } from '../../lib/queues/queue.ts'
import { HOLD_SECONDS, type LookOptions, lookInto } from '../../lib/redrive/look.ts'

// Looking into a queue: everything is seen once, nothing is taken, and everything is back a second later.

const queue = { name: 'kept', awsRegion: 'eu-central-1' }
const dead = { name: 'kept-dlq', awsRegion: 'eu-central-1' }

/** A queue with `count` messages and a clock of its own, which waiting moves. */
async function open(count: number, broken: Partial<Queues> = {}) {
  let clock = 0
  const inner = memory(() => clock)
  inner.create(dead)
  inner.create(queue, { maxReceives: 1000, deadLetter: dead })
  const sent = Array.from({ length: count }, (_, index) => ({ body: `${index}`, attributes: {} }))
  await inner.send(queue, sent)
  const queues: Queues = {
    ...inner,
    receive(ref, most, waitSeconds, hideSeconds) {
      clock += waitSeconds * 1000
      return inner.receive(ref, most, 0, hideSeconds)
    },
    ...broken,
  }
  const stuck: unknown[] = []
  const look = async (options: LookOptions = {}, each?: (batch: Received[]) => void | Promise<void>) => {
    const seen: string[] = []
    await lookInto(
      queues,
      queue,
      options,
      (messages, why) => stuck.push([messages, why]),
      async ({ batches }) => {
        for await (const batch of batches()) {
          seen.push(...batch.map(({ body }) => body))
          await each?.(batch)
        }
      },
    )
    return seen
  }
  return {
    inner,
    queues,
    stuck,
    look,
    wait: (seconds: number) => {
      clock += seconds * 1000
    },
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`)
const sorted = (texts: readonly string[]) => texts.toSorted((a, b) => Number(a) - Number(b))

test('everything once, and all of it again a second later', async () => {
  const { look, inner, stuck, wait } = await open(137)
  for (let round = 1; round <= 12; round++) {
    expect(sorted(await look())).toEqual(numbers(137))
    expect(await inner.count(queue)).toEqual({ waiting: 0, hidden: 137 })
    wait(1)
    expect(await inner.count(queue)).toEqual({ waiting: 137, hidden: 0 })
  }
  expect(stuck).toEqual([])
  expect(await inner.count(dead)).toEqual({ waiting: 0, hidden: 0 })
})

test('one look right after another one waits for what is given back', async () => {
  const { look } = await open(5)
  await look()
  expect(sorted(await look())).toEqual(numbers(5))
})

test('what takes longer than it is held comes again and is seen once', async () => {
  const { look, wait } = await open(60)
  let isFirst = true
  const seen = await look({}, () => {
    if (isFirst) wait(HOLD_SECONDS + 1)
    isFirst = false
  })
  expect(sorted(seen)).toEqual(numbers(60))
})

test('what was removed and comes again all the same is removed again, and not seen', async () => {
  const { queues, inner, wait } = await open(60)
  // The time for which it is held runs out, so that its receipt is worth nothing any more.
  let isFirst = true
  queues.removeAll = async (ref, receipts) => {
    if (!isFirst) return inner.removeAll(ref, receipts)
    isFirst = false
    wait(HOLD_SECONDS + 1)
    return []
  }
  const seen: string[] = []
  await lookInto(
    queues,
    queue,
    {},
    () => {},
    async ({ batches, remove }) => {
      for await (const batch of batches()) {
        seen.push(...batch.map(({ body }) => body))
        await remove(batch)
      }
    },
  )
  expect(sorted(seen)).toEqual(numbers(60))
  expect(await inner.count(queue)).toEqual({ waiting: 0, hidden: 0 })
})

test('no more than asked for', async () => {
  const { look, inner, wait } = await open(30)
  expect(await look({ most: 12 })).toHaveLength(12)
  wait(1)
  expect(await inner.count(queue)).toEqual({ waiting: 30, hidden: 0 })
})

test('stopped, failed, or half received: all is given back', async () => {
  const controller = new AbortController()
  const stopped = await open(100)
  expect((await stopped.look({ signal: controller.signal }, () => controller.abort())).length).toBeLessThan(100)
  stopped.wait(1)
  expect(await stopped.inner.count(queue)).toEqual({ waiting: 100, hidden: 0 })

  const failed = await open(20)
  const oops = failed.look({}, () => Promise.reject(new Error('oops')))
  await expect(oops).rejects.toThrow('oops')
  failed.wait(1)
  expect(await failed.inner.count(queue)).toEqual({ waiting: 20, hidden: 0 })

  let calls = 0
  const half = await open(40)
  const { receive } = half.queues
  half.queues.receive = (...all) => (++calls === 2 ? Promise.reject(new Error('denied')) : receive(...all))
  await expect(half.look()).rejects.toThrow('denied')
  half.wait(1)
  expect(await half.inner.count(queue)).toEqual({ waiting: 40, hidden: 0 })
})

test('what can not be given back is told, with the reason', async () => {
  const denied = new Error('denied')
  const { look, stuck } = await open(3, { hideAll: () => Promise.reject(denied) })
  await look()
  expect(stuck).toEqual([[3, denied]])
})
