import { expect, test } from '@jest/globals'
import { queueAttributes } from '../deploy/template.ts'
import { circuits } from '../lib/circuit.ts'
import { RouterError } from '../lib/errors.ts'
import type { AuditEvent } from '../lib/event.ts'
import { formats } from '../lib/formats/index.ts'
import type { Entry, Tally } from '../lib/log.ts'
import { archiveQueue, deadLetterQueue, locationQueue } from '../lib/queues/names.ts'
import type { QueueRef } from '../lib/queues/queue.ts'
import { routeMessages } from '../lib/router.ts'
import { door, peek, toIntakeMessage } from './door.ts'
import { cloudEvent } from './samples.ts'

// The queue of one location hangs for an hour, for seven days, for eleven: the router as it is, and the queues as the template
// makes them, on a clock that jumps from one thing that happens to the next.

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Instances of the router's function at work at once, each with circuits of its own, and most records of a batch. */
const INSTANCES = 2
const BATCH = 10
/** Milliseconds until a call of the router is given up. */
const PATIENCE = 3 * SECOND

const account = 'acme'
const registries = [
  { id: 'tokyo', source: 'cloudevents', domain: 'au.icr.io', region: 'ap-south', account },
  { id: 'frankfurt', source: 'cloudevents', domain: 'de.icr.io', region: 'eu-central', account },
] as const
const place = { location: 'jp-tok', awsRegion: 'ap-northeast-1' } as const
const [tokyo, tokyoArchive] = [locationQueue('test', place), archiveQueue('test', place)]
const frankfurt = locationQueue('test', { location: 'eu-de', awsRegion: 'eu-central-1' })

/** A clock that stands still while somebody works and then jumps to the next one who sleeps. */
function virtualClock() {
  let now = Date.UTC(2026, 10, 1)
  const sleepers = new Set<{ at: number; lightly: boolean; wake(): void }>()
  return {
    now: () => now,
    sleepUntil: (at: number, lightly = false) =>
      new Promise<void>((wake) => {
        sleepers.add({ at, lightly, wake })
      }),
    /** Wakes those who sleep lightly. */
    ring() {
      for (const sleeper of sleepers) if (sleeper.lightly) sleeper.at = now
    },
    /** Lets time pass until `end`. */
    async run(end: number) {
      for (;;) {
        await new Promise(setImmediate)
        const [next] = [...sleepers].sort((a, b) => a.at - b.at)
        if (!next || next.at > end) break
        sleepers.delete(next)
        now = Math.max(now, next.at)
        next.wake()
      }
      now = end
    },
  }
}

/** The same numbers from 0 to 1 at every run. */
function chance(): () => number {
  let state = 1
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}

/** What the template says about a queue of `kind`. */
const rules = (kind: 'intake' | 'location' | 'dlq') =>
  queueAttributes(kind, 'arn') as {
    MessageRetentionPeriod: number
    VisibilityTimeout: number
    RedrivePolicy: { maxReceiveCount: number }
  }

const idsOf = (tally: Tally = {}): string[] => Object.values(tally).flatMap((row) => Object.values(row).flat())

/** A deployment in which `hanging`, outputs of the location Tokyo, hang while `outage.on`. */
function deploy(hanging: readonly QueueRef[] = [tokyo, tokyoArchive]) {
  const clock = virtualClock()
  const outage = { on: false, attempts: 0, messages: 0 }
  const seen = { delivered: new Map<string, number>(), routed: new Set<string>(), deadLettered: [] as string[] }
  let due: number[] = []
  const attempted = (messages: number) => {
    outage.attempts++
    outage.messages += messages
    if (outage.attempts % 40 === 0) void arriveInTheMiddle()
  }

  const opened = door({
    registries,
    now: clock.now,
    broken: {
      async send(queue, messages) {
        if (hanging.some(({ name }) => name === queue.name) && outage.on) {
          if (queue.name === hanging[0]?.name) attempted(messages.length)
          await clock.sleepUntil(clock.now() + PATIENCE)
          throw new RouterError('UNAVAILABLE')
        }
        for (const { attributes } of messages) {
          if (attributes.location) seen.delivered.set(attributes.id ?? '', clock.now())
        }
        return opened.queues.send(queue, messages)
      },
      async hideAll(queue, hidings) {
        for (const { seconds } of hidings) due.push(clock.now() + seconds * SECOND)
        return opened.queues.hideAll(queue, hidings)
      },
    },
  })
  const { queues, app } = opened
  const { intake } = app.receiver
  const deadLetter = deadLetterQueue(intake)
  const { MessageRetentionPeriod, VisibilityTimeout, RedrivePolicy } = rules('intake')
  queues.create(deadLetter, { retentionSeconds: rules('dlq').MessageRetentionPeriod })
  queues.create(intake, {
    retentionSeconds: MessageRetentionPeriod,
    maxReceives: RedrivePolicy.maxReceiveCount,
    deadLetter,
  })
  for (const queue of [tokyo, tokyoArchive, frankfurt]) {
    queues.create(queue, { retentionSeconds: rules('location').MessageRetentionPeriod })
  }

  const random = chance()
  const posted = new Map<string, { registry: string; at: number }>()
  let number = 0
  /** A webhook of `registry` with one event arrives. */
  const arrive = async (registry: 'tokyo' | 'frankfurt') => {
    const event = cloudEvent('container-registry.image.push', 'image', { id: String(++number) })
    const { status, body } = await opened.post(`/webhooks/${registry}`, event)
    expect(status).toBe(202)
    posted.set(body.accepted[0]?.id ?? '', { registry, at: clock.now() })
    clock.ring()
  }
  const arriveInTheMiddle = async () => {
    await clock.sleepUntil(clock.now() + SECOND)
    await arrive('frankfurt')
  }

  const work = async () => {
    const router = {
      stage: 'test',
      queues: app.queues,
      intake,
      format: formats['activity-tracker'],
      outputs: app.outputs,
      circuit: circuits(clock.now),
      random,
    }
    for (;;) {
      const received = await queues.receive(intake, BATCH, 0, VisibilityTimeout)
      if (received.length === 0) {
        due = due.filter((at) => at > clock.now())
        await clock.sleepUntil(Math.min(...due, Number.POSITIVE_INFINITY), true)
        continue
      }
      const entry: Entry = { event: 'route' }
      const failed = new Set(await routeMessages(received.map(toIntakeMessage), router, entry))
      seen.deadLettered.push(...idsOf(entry.deadLettered))
      for (const id of idsOf(entry.routed)) seen.routed.add(id)
      const done = received.filter(({ messageId }) => !failed.has(messageId))
      await queues.removeAll(
        intake,
        done.map(({ receipt }) => receipt),
      )
    }
  }
  for (let count = 0; count < INSTANCES; count++) void work()

  /** Lets `time` pass, with an event for each location every `every` milliseconds. */
  const pass = async (time: number, every: number) => {
    const end = clock.now() + time
    for (let at = clock.now() + every; at <= end; at += every) {
      await clock.run(at)
      await arrive('tokyo')
      await arrive('frankfurt')
    }
    await clock.run(end)
  }

  const of = (registry: string) => [...posted].filter(([, post]) => post.registry === registry).map(([id]) => id)
  const found = async (queue: QueueRef) =>
    new Set((await peek(queues, queue)).map((body) => (JSON.parse(body) as AuditEvent).id))
  /** Longest milliseconds from a webhook of Frankfurt to the queue of its location. */
  const slowest = () =>
    Math.max(...of('frankfurt').map((id) => (seen.delivered.get(id) ?? Number.NaN) - (posted.get(id)?.at ?? 0)))

  return { outage, seen, queues, intake, deadLetter, pass, of, found, slowest }
}

const NOTHING = { waiting: 0, hidden: 0 }

test.each([
  { length: 'an hour', of: 'a queue', hanging: [tokyo], time: HOUR, every: MINUTE },
  { length: 'an hour', of: 'an archive queue', hanging: [tokyoArchive], time: HOUR, every: MINUTE },
  { length: 'seven days', of: 'both', hanging: [tokyo, tokyoArchive], time: 7 * DAY, every: DAY },
])('an outage of $length of $of costs nothing, and no other location anything at all', async (length) => {
  const { hanging, time, every } = length
  const { outage, seen, queues, intake, deadLetter, pass, of, found, slowest } = deploy(hanging)
  await pass(MINUTE, 10 * SECOND)
  outage.on = true
  await pass(time, every)
  const waiting = of('tokyo').filter((id) => !seen.routed.has(id))
  expect(waiting).toHaveLength(time / every)
  outage.on = false
  // The longest pause of a message, and once more if it meets a circuit that is still open.
  await pass(31 * MINUTE, 31 * MINUTE)
  for (const queue of [tokyo, tokyoArchive]) expect(await found(queue)).toEqual(new Set(of('tokyo')))
  expect(await found(frankfurt)).toEqual(new Set(of('frankfurt')))
  // What was not in trouble gets again what each probe carried.
  const { waiting: messages } = await queues.count(hanging[0] === tokyo ? tokyoArchive : tokyo)
  expect(messages).toBeLessThanOrEqual(of('tokyo').length + outage.attempts)
  expect(seen.deadLettered).toEqual([])
  expect([await queues.count(intake), await queues.count(deadLetter)]).toEqual([NOTHING, NOTHING])
  // An event that arrives while every instance waits for Tokyo waits for one of them; otherwise nothing is waited for.
  expect(outage.attempts).toBeGreaterThan(40)
  expect(slowest()).toBeLessThanOrEqual(PATIENCE)
  // One message each, and from the fifth on at most one a minute from each instance.
  expect(outage.messages).toBe(outage.attempts)
  expect(outage.attempts).toBeLessThanOrEqual(INSTANCES * (time / MINUTE + 5))
})

test('an outage of eleven days ends on the dead-letter queue, with 14 days to redrive what is there', async () => {
  const { outage, seen, queues, intake, deadLetter, pass, of, found } = deploy()
  outage.on = true
  await pass(11 * DAY, DAY)
  const letters = await queues.receive(deadLetter, 100, 0, 0)
  expect(letters.map(({ attributes }) => attributes.id)).toEqual(seen.deadLettered)
  expect(new Set(letters.map(({ attributes: { reason, location } }) => `${reason} ${location}`))).toEqual(
    new Set(['UNDELIVERABLE jp-tok']),
  )
  // What came first waits there, what came in the last week does not.
  const ids = of('tokyo')
  expect(seen.deadLettered[0]).toBe(ids[0])
  expect(ids.slice(-7).filter((id) => seen.deadLettered.includes(id))).toEqual([])
  outage.on = false
  await pass(10 * DAY, 10 * DAY)
  const kept = await queues.receive(deadLetter, 100, 0, 60)
  expect(kept.map(({ attributes }) => attributes.id)).toEqual(seen.deadLettered)
  await queues.send(intake, kept)
  await queues.removeAll(
    deadLetter,
    kept.map(({ receipt }) => receipt),
  )
  await pass(MINUTE, MINUTE)
  expect(await found(tokyo)).toEqual(new Set(of('tokyo')))
  expect([await queues.count(intake), await queues.count(deadLetter)]).toEqual([NOTHING, NOTHING])
})
