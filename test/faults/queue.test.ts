import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Functions, startFunctions } from './functions.ts'
import type { Fault } from './proxy.ts'
import { intake } from './queues.ts'
import { distribution, harbor, pushed, type Webhook } from './senders.ts'

// Queues that fail, in front of the router and behind it.

let functions: Functions

beforeAll(async () => {
  functions = await startFunctions()
})
afterEach(async () => {
  functions.proxy.heal()
  await functions.route()
  await functions.check()
  functions.forget()
  functions.proxy.seen.length = 0
})
afterAll(() => functions?.close())

let count = 0
/** A tag that no other case has. */
const fresh = (): string => `t${++count}`
const onePush = (): Webhook => distribution([pushed(fresh())])

const idsOf = ({ body }: { body: { accepted: { id: string }[] } }) => body.accepted.map(({ id }) => id)

/** Copies of `ids` on the queue of `location`. */
const copies = async (ids: readonly string[], location = 'eu-de'): Promise<number> => {
  const found = (await functions.look()).get(`registry-events-local-${location}`) ?? []
  return found.filter((id) => ids.includes(id)).length
}

test('argoproj/argo-events#3448: 200 while the bus was down', async () => {
  // The registry's secret is known by then: it is the queue that does not answer.
  await functions.insist(onePush())
  const sent = onePush()
  await functions.proxy.shut()
  const refused = await functions.post(sent)
  expect(refused).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } })
  await functions.proxy.open()
  const answer = await functions.insist(sent)
  await functions.route()
  expect(await copies(idsOf(answer))).toBe(1)
})

describe.each(['error', 'hang', 'reset', 'half', 'untold'] satisfies Fault[])(
  'a queue that answers with %s',
  (fault) => {
    const kept = fault === 'half' || fault === 'untold'

    test('is refused to the sender, whose repetition is taken', async () => {
      const sent = onePush()
      functions.proxy.fail({ fault, queue: '-intake' })
      expect((await functions.post(sent)).status).toBe(503)
      functions.proxy.heal()
      const ids = idsOf(await functions.insist(sent))
      await functions.route()
      // What was taken without being told has the id of what was taken later.
      expect(await copies(ids)).toBeGreaterThanOrEqual(kept ? 2 : 1)
      expect(functions.promises.events.size).toBe(1)
    })
  },
)

// One location a fault, because all of them are left alone for a while before they are asked again.
test.each([
  { 'us-south': 'error', 'eu-gb': 'hang', 'jp-tok': 'reset' },
  { 'us-south': 'half', 'eu-gb': 'untold' },
] satisfies Record<string, Fault>[])(
  'vectordotdev/vector#19711, #12217: deleted although the sink failed: %j',
  async (faults) => {
    const down = Object.entries(faults) as [string, Fault][]
    for (const [location, fault] of down) functions.proxy.fail({ fault, queue: `-${location}` })
    const senders = ['distribution-us-south', 'distribution-uk-south', 'distribution-ap-north'] as const
    const waiting: string[] = []
    for (const sender of senders.slice(0, down.length)) {
      waiting.push(...idsOf(await functions.insist(distribution([pushed(fresh())], sender))))
    }
    const beside = idsOf(await functions.insist(onePush()))
    // The neighbour's event arrives; the others stay where they are.
    await functions.route(
      async () =>
        (await copies(beside)) === 1 && functions.proxy.seen.filter(({ fault }) => fault).length >= down.length,
    )
    expect((await functions.look()).get(intake.name)).toEqual(expect.arrayContaining(waiting))
    await functions.check()
    functions.proxy.heal()
    await functions.route()
    for (const [index, [location]] of down.entries())
      expect(await copies([waiting[index] as string], location)).toBeGreaterThanOrEqual(1)
  },
)

test('enqueue fails half-way in a batch: nothing is promised before all of it is kept', async () => {
  const sent = distribution(Array.from({ length: 12 }, () => pushed(fresh())))
  functions.proxy.fail({ fault: 'partial', queue: '-intake' })
  expect((await functions.post(sent)).status).toBe(503)
  functions.proxy.heal()
  // Half of a batch once: the rest is sent again at once, before the answer.
  functions.proxy.fail({ fault: 'partial', queue: '-intake', operation: 'SendMessageBatch', times: 1 })
  const answer = await functions.post(sent)
  expect(answer.status).toBe(202)
  expect(new Set(idsOf(answer)).size).toBe(12)
})

test('the second of two batches fails: the whole body is refused, and its repetition has the same ids', async () => {
  const sent = distribution(Array.from({ length: 15 }, () => pushed(fresh())))
  functions.proxy.fail({ fault: 'error', queue: '-intake', operation: 'SendMessageBatch', times: 1 })
  expect((await functions.post(sent)).status).toBe(503)
  const ids = idsOf(await functions.insist(sent))
  await functions.route()
  const found = (await functions.look()).get('registry-events-local-eu-de') ?? []
  expect(found.filter((id) => ids.includes(id)).length).toBeGreaterThanOrEqual(15)
})

test('half of a batch fails behind the router: half of it stays and comes again', async () => {
  const sent = distribution(Array.from({ length: 10 }, () => pushed(fresh())))
  functions.proxy.fail({ fault: 'partial', queue: '-eu-de' })
  const ids = idsOf(await functions.insist(sent))
  await functions.route(async () => (await copies(ids)) > 0)
  await functions.check()
  functions.proxy.heal()
  await functions.route()
  expect(new Set(ids).size).toBe(10)
})

test('the quarantine queue fails: nothing of the body is promised', async () => {
  const sent = distribution([pushed(fresh()), { action: 'push' }])
  functions.proxy.fail({ fault: 'error', queue: '-quarantine' })
  expect((await functions.post(sent)).status).toBe(503)
  functions.proxy.heal()
  const { body } = await functions.insist(sent)
  expect([body.accepted.length, body.quarantined.length]).toEqual([1, 1])
})

test('aws-powertools/powertools-lambda-python#738: timeout between the work and the mark', async () => {
  const sent = onePush()
  // Taken by the queue, but later than the function waits; the sender sends it again.
  functions.proxy.fail({ fault: 'slow', queue: '-intake', operation: 'SendMessageBatch', milliseconds: 2000, times: 1 })
  expect((await functions.post(sent)).status).toBe(503)
  const ids = idsOf(await functions.insist(sent))
  await functions.route(async () => (await copies(ids)) >= 2)
})

test('elizaOS/eliza#10160: marked as seen before it was enqueued', async () => {
  // zot gives no ids: repetitions are known by what was seen, which must not be "seen" before it is kept.
  const sent: Webhook = {
    sender: 'zot',
    body: JSON.stringify({ name: 'team/app', reference: fresh(), digest: 'sha256:0a', mediaType: 'x' }),
    headers: {
      authorization: 'Bearer local',
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': 'same',
      'ce-source': 'zot',
      'ce-type': 'zotregistry.image.updated',
    },
  }
  functions.proxy.fail({ fault: 'error', queue: '-intake', operation: 'SendMessageBatch', times: 1 })
  expect((await functions.post(sent)).status).toBe(503)
  const answer = await functions.post(sent)
  expect(answer.body.accepted).toHaveLength(1)
  await functions.route()
  expect(await copies(idsOf(answer))).toBe(1)
})

test('hookdeck/outpost#670: a legitimate second delivery was skipped', async () => {
  const tag = fresh()
  // The same tag pushed twice, and the first push delivered twice.
  const first = distribution([pushed(tag, { id: 'first' })])
  const second = distribution([pushed(tag, { id: 'second', timestamp: '2026-11-22T13:00:01Z' })])
  const answers = [await functions.post(first), await functions.post(second), await functions.post(first)]
  const [one, two, again] = answers.flatMap(idsOf)
  expect(one).toBe(again)
  expect(two).not.toBe(one)
  await functions.route()
  expect([await copies([one as string]), await copies([two as string])]).toEqual([2, 1])
})

test('frain-dev/convoy 2747: two identical requests at the same instant', async () => {
  const sent = onePush()
  const answers = await Promise.all([functions.post(sent), functions.post(sent)])
  expect(answers.map(({ status }) => status)).toEqual([202, 202])
  expect(new Set(answers.flatMap(idsOf)).size).toBe(1)
})

test('frain-dev/convoy 2747: of two identical requests at the same instant one is refused', async () => {
  const sent = onePush()
  functions.proxy.fail({ fault: 'error', queue: '-intake', operation: 'SendMessageBatch', times: 1 })
  const answers = await Promise.all([functions.post(sent), functions.post(sent)])
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 503])
})

test('bucketeer-io/bucketeer#2218: ids made of seconds collided', async () => {
  // Harbor's times have seconds and no more.
  const tags = Array.from({ length: 50 }, fresh)
  const answers = await Promise.all(tags.map((tag) => functions.post(harbor(tag))))
  expect(new Set(answers.flatMap(idsOf)).size).toBe(50)
  const tag = fresh()
  const moved = [await functions.post(harbor(tag)), await functions.post(harbor(tag, `sha256:${'0b'.repeat(32)}`))]
  expect(new Set(moved.flatMap(idsOf)).size).toBe(2)
  // The same for events without an id of their own.
  const { id: _id, ...bare } = pushed(fresh()) as { id: string }
  const later = { ...bare, timestamp: '2026-11-22T13:00:00.123457Z' }
  const answer = await functions.post(distribution([bare, later]))
  expect(new Set(idsOf(answer)).size).toBe(2)
})

test('keel-hq/keel#510: a sender renamed its event type, silently ignored from then on', async () => {
  const sent = distribution([pushed(fresh()), pushed(fresh(), { action: 'image.pushed' })])
  const { body } = await functions.post(sent)
  expect(body).toMatchObject({ ignored: 0, quarantined: [{ reason: expect.any(String) }] })
  expect(body.accepted).toHaveLength(1)
})
