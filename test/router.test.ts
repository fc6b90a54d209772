import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { TIMEOUT } from '../deploy/template/queues.ts'
import { ROUTER_TIMEOUT } from '../lib/app.ts'
import { toText } from '../lib/body.ts'
import type { Output } from '../lib/config.ts'
import { edition } from '../lib/edition.ts'
import { RouterError } from '../lib/errors.ts'
import type { AuditEvent } from '../lib/event.ts'
import type { FormatName } from '../lib/formats/format.ts'
import { places } from '../lib/locations.ts'
import { deadLetterQueue } from '../lib/queues/names.ts'
import type { Message, Queues, Refusal } from '../lib/queues/queue.ts'
import type { RegistryConfig } from '../lib/registries.ts'
import { route } from '../lib/route.ts'
import { type Door, door, peek } from './door.ts'
import { cloudEvent } from './samples.ts'

const action = 'container-registry.image.push'
const account = 'acme'
const registry = (region: string, domain: string): RegistryConfig => ({
  id: `to-${region}`,
  source: 'cloudevents',
  domain,
  region: region as 'global',
  account,
})
const registries = [
  registry('ap-south', 'au.icr.io'),
  registry('eu-central', 'de.icr.io'),
  registry('global', 'icr.io'),
]
/** A queue by what it is called behind the stage; `jp-tok-archive` is in the AWS region of `jp-tok`. */
const queue = (name: string) => ({
  name: `registry-events-test-${name}`,
  awsRegion: places.find(({ location }) => location === name.replace(/-archive$/, ''))?.awsRegion ?? '',
})

test('each event goes to both outputs of its location, with nine attributes and the location in its CRNs', async () => {
  const opened = door({ registries })
  for (const { id } of registries)
    await opened.post(`/webhooks/${id}`, cloudEvent('container-registry.namespace.create', 'namespace'))
  expect(await opened.route()).toEqual([])
  for (const [location, region] of [
    ['jp-tok', 'ap-south'],
    ['eu-de', 'eu-central'],
    ['us-south', 'global'],
  ] as const) {
    const [message, ...more] = await opened.queues.receive(queue(location), 10, 0, 0)
    expect(more).toEqual([])
    const event = JSON.parse(message?.body ?? '') as AuditEvent
    expect(event.logSourceCRN).toBe(`crn:v1:bluemix:public:container-registry:${location}:a/acme:::`)
    expect(event.target.id).toBe(`crn:v1:bluemix:public:container-registry:${location}:a/acme::namespace:team`)
    expect(event.route).toBeUndefined()
    expect(event.provenance).toMatchObject({ registry: `to-${region}`, region, location, edition: '2020-07-28' })
    const [archived, ...others] = await opened.queues.receive(queue(`${location}-archive`), 10, 0, 0)
    expect(others).toEqual([])
    expect([archived?.attributes, JSON.parse(archived?.body ?? '')]).toEqual([message?.attributes, event])
    expect(message?.attributes).toEqual({
      type: 'audit',
      account: 'acme',
      region,
      location,
      action: 'container-registry.namespace.create',
      severity: 'normal',
      dataEvent: 'false',
      id: event.id,
      edition: '2020-07-28',
    })
  }
})

/** What SQS says of an entry that is wrong, and of one that it could not take just now. */
const wrong: Refusal = { sendersFault: true, why: 'InvalidMessageContents Invalid character.' }
const passing: Refusal = { sendersFault: false, why: 'InternalError Try again.' }

/**
 * A door whose clock stands still until it is moved; `down` holds the queues that do not answer, `ill` those that answer and take nothing,
 * `refused` the ids that none takes.
 */
function ailing(broken: Partial<Queues> = {}, outputs: readonly Output[] = ['queue']) {
  const clock = { now: Date.UTC(2026, 10, 22) }
  const down = new Set<string>()
  const ill = new Set<string>()
  const refused = new Set<string>()
  const sent: [string, number][] = []
  const opened: Door = door({
    registries,
    outputs,
    now: () => clock.now,
    broken: {
      async send(target, messages, _timeout, refusals) {
        const name = target.name.slice('registry-events-test-'.length)
        sent.push([name, messages.length])
        if (down.has(name)) throw new RouterError('UNAVAILABLE')
        const isGood = ({ attributes: { type, id } }: Message) => type !== 'audit' || !refused.has(id ?? '')
        const good = ill.has(name) ? [] : messages.filter(isGood)
        await opened.queues.send(target, good)
        const left = [...messages.keys()].filter((index) => !good.includes(messages[index] as Message))
        for (const index of left) refusals?.set(index, isGood(messages[index] as Message) ? passing : wrong)
        return left
      },
      ...broken,
    },
  })
  /** Puts `count` events of `region` onto the intake queue and resolves to their ids. */
  const push = async (region: string, count = 1) => {
    const events = Array.from({ length: count }, (_, index) =>
      cloudEvent(action, 'image', { id: `${clock.now}-${index}` }),
    )
    const { body } = await opened.post(`/webhooks/to-${region}`, events)
    sent.length = 0
    return body.accepted.map(({ id }) => id)
  }
  /** Runs the router and resolves to its line in the log. */
  const route = async () => {
    sent.length = 0
    await opened.route()
    return opened.entry
  }
  return { opened, clock, down, ill, refused, sent, push, route }
}

const at = (registryId: string, location: string, ids: readonly string[]) => ({ [registryId]: { [location]: ids } })

const idsOn = async ({ queues }: Door, location: string): Promise<string[]> =>
  (await peek(queues, queue(location))).map((body) => (JSON.parse(body) as AuditEvent).id)

/** The dead letters of the intake queue. */
const deadLetters = ({ queues, app }: Door) => queues.receive(deadLetterQueue(app.receiver.intake), 10, 0, 0)

test('a location that is down costs nobody else, and nothing goes elsewhere', async () => {
  const { opened, down, push, route } = ailing()
  const [tokyo, frankfurt, dallas] = [await push('ap-south'), await push('eu-central'), await push('global')]
  down.add('jp-tok')
  expect(await route()).toMatchObject({
    received: 3,
    routed: { ...at('to-eu-central', 'eu-de', frankfurt), ...at('to-global', 'us-south', dallas) },
    postponed: at('to-ap-south', 'jp-tok', tokyo),
    deadLettered: {},
  })
  const found = await Promise.all(
    places.map(async ({ location }) => [location, await idsOn(opened, location)] as const),
  )
  expect(found.filter(([, ids]) => ids.length > 0)).toEqual([
    ['us-south', dallas],
    ['eu-de', frankfurt],
  ])
})

test('a location that hangs makes no other one wait', async () => {
  const hanging = Promise.withResolvers<never>()
  const { opened, push } = ailing({
    send: (target, messages) =>
      target.name.endsWith('jp-tok') ? hanging.promise : opened.queues.send(target, messages),
  })
  await push('ap-south')
  const ids = await push('eu-central')
  const running = opened.route()
  await new Promise(setImmediate)
  expect(await idsOn(opened, 'eu-de')).toEqual(ids)
  hanging.reject(new RouterError('UNAVAILABLE'))
  expect(await running).toHaveLength(1)
})

test('a location that failed is left alone, probed with one message, and gets the rest once it answers', async () => {
  const { opened, clock, down, sent, push, route } = ailing()
  down.add('jp-tok')
  const ids = await push('ap-south', 25)
  await route()
  expect(sent).toEqual([
    ['jp-tok', 10],
    ['jp-tok', 10],
    ['jp-tok', 5],
  ])
  clock.now += 4999
  ids.push(...(await push('ap-south', 3)))
  expect(await route()).toMatchObject({ open: ['jp-tok'], postponed: at('to-ap-south', 'jp-tok', ids.slice(25)) })
  expect(sent).toEqual([])
  clock.now += 1
  await route()
  expect(sent).toEqual([['jp-tok', 1]])
  down.clear()
  clock.now += 10_000
  expect(await route()).toMatchObject({ postponed: {}, routed: { 'to-ap-south': {} } })
  expect(sent).toEqual([
    ['jp-tok', 1],
    ['jp-tok', 10],
    ['jp-tok', 10],
    ['jp-tok', 7],
  ])
  expect((await idsOn(opened, 'jp-tok')).toSorted()).toEqual(ids.toSorted())
})

test('what failed is hidden for twice as long each time, for 15 minutes at most', async () => {
  const { opened, clock, down, push, route } = ailing()
  down.add('jp-tok')
  await push('ap-south')
  const pauses: number[] = []
  for (let start = clock.now; pauses.length < 10; clock.now += 1000) {
    if ((await opened.queues.count(opened.app.receiver.intake)).waiting === 0) continue
    if (clock.now > start) pauses.push((clock.now - start) / 1000)
    start = clock.now
    await route()
  }
  expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 900, 900])
})

test('what cannot be hidden comes back when the time of the queue is over', async () => {
  const hideAll = () => Promise.reject(new RouterError('UNAVAILABLE', 'no hiding'))
  const { opened, clock, down, push, route } = ailing({ hideAll })
  down.add('jp-tok')
  const ids = await push('ap-south')
  expect(await route()).toMatchObject({ postponed: at('to-ap-south', 'jp-tok', ids), error: { message: 'no hiding' } })
  down.clear()
  clock.now += 60_000
  expect(await route()).toMatchObject({ received: 0 })
  clock.now += 1000
  await route()
  expect(await idsOn(opened, 'jp-tok')).toEqual(ids)
})

/** Receives everything on the intake queue `times` times. */
const wear = async ({ queues, app }: Door, times: number) => {
  for (let count = 0; count < times; count++) await queues.receive(app.receiver.intake, 10, 0, 0)
}

test('an entry that its location refuses ten times is a dead letter, its neighbours go on', async () => {
  const { opened, clock, refused, push, route } = ailing()
  const [bad, good] = (await push('ap-south', 2)) as [string, string]
  refused.add(bad)
  const [first, postponed] = [await route(), at('to-ap-south', 'jp-tok', [bad])]
  expect(first).toMatchObject({ routed: at('to-ap-south', 'jp-tok', [good]), postponed })
  clock.now += 900_000
  await wear(opened, 7)
  expect(await route()).toMatchObject({
    postponed,
    deadLettered: {},
    error: { message: expect.stringContaining(wrong.why) },
  })
  // Its location has been watched for less than an hour.
  clock.now += 900_000
  expect(await route()).toMatchObject({ postponed, deadLettered: {} })
  clock.now += 1_800_000
  expect(await route()).toMatchObject({ postponed: {}, deadLettered: postponed })
  const [letter, ...more] = await deadLetters(opened)
  expect(more).toEqual([])
  expect(letter?.attributes).toEqual({
    type: 'dead-letter',
    reason: 'REFUSED',
    registry: 'to-ap-south',
    location: 'jp-tok',
    id: bad,
    why: wrong.why,
  })
  expect(JSON.parse(letter?.body ?? '')).toMatchObject({ id: bad, route: { registry: 'to-ap-south' } })
  expect(await opened.intake()).toEqual([])
})

test('a location that answers and takes nothing is down: it is left alone, and nothing is given up', async () => {
  const { opened, clock, ill, sent, push, route } = ailing()
  const ids = await push('ap-south', 12)
  ill.add('jp-tok')
  clock.now += 3_600_000
  await wear(opened, 20)
  expect(await route()).toMatchObject({
    postponed: at('to-ap-south', 'jp-tok', ids),
    deadLettered: {},
    error: { message: expect.stringContaining(passing.why) },
  })
  clock.now += 900_000
  expect(await route()).toMatchObject({ postponed: at('to-ap-south', 'jp-tok', ids), deadLettered: {} })
  expect(sent).toEqual([['jp-tok', 1]])
  clock.now += 7_200_000
  expect(await route()).toMatchObject({ postponed: at('to-ap-south', 'jp-tok', ids), deadLettered: {} })
  ill.clear()
  clock.now += 900_000
  expect(await route()).toMatchObject({ postponed: {}, deadLettered: {} })
  expect((await idsOn(opened, 'jp-tok')).toSorted()).toEqual(ids.toSorted())
})

test('of the calls to a location that fails, what others took is not sent again', async () => {
  const { opened, clock, push, route } = ailing({
    async send(target, messages) {
      if (messages.some(({ attributes }) => attributes.id === broken)) throw new RouterError('UNAVAILABLE')
      return opened.queues.send(target, messages)
    },
  })
  let broken: string | undefined
  const ids = await push('ap-south', 100)
  broken = ids[45]
  const [left, rest] = [ids.slice(40, 50), ids.filter((_, index) => index < 40 || index >= 50)]
  const where = (some: readonly string[]) => at('to-ap-south', 'jp-tok', some)
  expect(await route()).toMatchObject({ routed: where(rest), postponed: where(left) })
  // Left alone for a while, as after every call that failed.
  broken = undefined
  expect((await push('ap-south')).length).toBe(1)
  expect(await route()).toMatchObject({ open: ['jp-tok'], routed: {} })
  clock.now += 900_000
  await route()
  expect(await idsOn(opened, 'jp-tok')).toHaveLength(101)
})

test('what is refused by a location that was down within the hour is not given up yet', async () => {
  const { opened, clock, down, refused, push, route } = ailing()
  const ids = await push('ap-south')
  down.add('jp-tok')
  await route()
  down.clear()
  refused.add(ids[0] ?? '')
  clock.now += 900_000
  await wear(opened, 20)
  expect(await route()).toMatchObject({ postponed: at('to-ap-south', 'jp-tok', ids), deadLettered: {} })
  clock.now += 60 * 60 * 1000
  expect(await route()).toMatchObject({ postponed: {}, deadLettered: at('to-ap-south', 'jp-tok', ids) })
})

test('what came back 960 times is a dead letter, whether its location was tried or not', async () => {
  const { opened, clock, down, push, route } = ailing()
  down.add('jp-tok')
  const ids = await push('ap-south')
  await wear(opened, 958)
  expect(await route()).toMatchObject({ deadLettered: {} })
  clock.now += 900_000
  ids.push(...(await push('ap-south')))
  const [old, young] = ids as [string, string]
  expect(await route()).toMatchObject({
    deadLettered: at('to-ap-south', 'jp-tok', [old]),
    postponed: at('to-ap-south', 'jp-tok', [young]),
  })
  expect(await deadLetters(opened)).toMatchObject([{ attributes: { reason: 'UNDELIVERABLE', id: old } }])
})

test('a dead letter that cannot be sent stays on the intake queue', async () => {
  const { opened, clock, down, route } = ailing()
  await opened.queues.send(opened.app.receiver.intake, [{ body: 'hello', attributes: {} }])
  down.add('intake-dlq')
  expect(await route()).toMatchObject({ postponed: { unknown: {} }, deadLettered: {} })
  down.clear()
  clock.now += 5000
  expect(await route()).toMatchObject({ postponed: {}, deadLettered: { unknown: {} } })
  expect(await deadLetters(opened)).toMatchObject([{ body: 'hello' }])
})

test('a dead letter that the dead-letter queue refuses stays on the intake queue, its neighbour does not', async () => {
  const { opened, route } = ailing({
    async send(target, messages) {
      await opened.queues.send(target, messages.slice(1))
      return [0]
    },
  })
  const bodies = ['hello', 'world']
  await opened.queues.send(
    opened.app.receiver.intake,
    bodies.map((body) => ({ body, attributes: {} })),
  )
  expect(await route()).toMatchObject({
    postponed: { unknown: { unroutable: ['message-1'] } },
    deadLettered: { unknown: { unroutable: ['message-2'] } },
  })
  expect((await deadLetters(opened)).map(({ body }) => body)).toEqual(['world'])
})

test('when more wait than SQS can hide, they become dead letters, so that other locations go on', async () => {
  const count = { waiting: 0, hidden: 99_999 }
  const { opened, clock, down, push, route } = ailing({ count: async () => count })
  const waiting = await push('ap-south')
  await wear(opened, 7)
  down.add('jp-tok')
  expect(await route()).toMatchObject({ postponed: at('to-ap-south', 'jp-tok', waiting), deadLettered: {} })
  count.hidden = 100_000
  clock.now += 900_000
  const ids = await push('eu-central')
  expect(await route()).toMatchObject({
    routed: at('to-eu-central', 'eu-de', ids),
    deadLettered: at('to-ap-south', 'jp-tok', waiting),
  })
  expect(await deadLetters(opened)).toMatchObject([{ attributes: { reason: 'CROWDED', location: 'jp-tok' } }])
})

test('however many wait, what its location did not take for the first times only waits as well', async () => {
  const { opened, clock, down, push, route } = ailing({ count: async () => ({ waiting: 0, hidden: 120_000 }) })
  const ids = await push('eu-central')
  down.add('eu-de')
  await wear(opened, 6)
  expect(await route()).toMatchObject({ postponed: at('to-eu-central', 'eu-de', ids), deadLettered: {} })
  clock.now += 900_000
  expect(await route()).toMatchObject({ postponed: {}, deadLettered: at('to-eu-central', 'eu-de', ids) })
})

test('a registry may have the name of something that every object has', async () => {
  const opened = door({ registries: [{ ...registry('ap-south', 'au.icr.io'), id: 'constructor' }] })
  const { body } = await opened.post('/webhooks/constructor', cloudEvent(action, 'image'))
  await opened.route()
  const routed = at(
    'constructor',
    'jp-tok',
    body.accepted.map(({ id }) => id),
  )
  expect(JSON.parse(JSON.stringify(opened.entry.routed))).toEqual(routed)
})

test('the longest round ends before the function has to, with a fifth of its time to spare', async () => {
  const calls: string[] = []
  /** Takes all the time that a call may take, and fails unless it is the probe. */
  const last = async (name: string, timeout = ROUTER_TIMEOUT) => {
    clock.now += timeout
    if (calls.push(name) > 1) throw new RouterError('UNAVAILABLE')
    return []
  }
  const { opened, clock, push, route } = ailing({
    send: (target, messages, timeout) => (slow ? last(target.name, timeout) : opened.queues.send(target, messages)),
    count: (target, timeout) => last(`count ${target.name}`, timeout) as Promise<never>,
    hideAll: (target, _, timeout) => last(`hide ${target.name}`, timeout),
  })
  let slow = false
  await push('ap-south', 2)
  await opened.queues.send(opened.app.receiver.intake, [{ body: 'hello', attributes: {} }])
  await wear(opened, 20)
  slow = true
  // Opens the circuit; it is half open when the time of the queue is over.
  calls.push('before')
  await route()
  clock.now += 61_000
  calls.length = 0
  const start = clock.now
  await route()
  const [tokyo, intake] = ['registry-events-test-jp-tok', 'registry-events-test-intake']
  expect(calls).toEqual([tokyo, tokyo, `count ${intake}`, `${intake}-dlq`, `hide ${intake}`])
  expect(clock.now - start).toBeLessThanOrEqual(0.8 * TIMEOUT * 1000)
})

test('what was redriven out of quarantine is named when it is routed', async () => {
  const { opened, push, route } = ailing()
  await push('ap-south')
  const [event] = await opened.intake()
  const redriven = { ...event, id: 'redriven', route: { ...event?.route, redrivenTime: '2026-11-22T13:00:00.00+0000' } }
  const from = (redrivenFrom: unknown, changes = {}) => ({
    body: JSON.stringify({ ...redriven, route: { ...redriven.route, redrivenFrom, ...changes } }),
    attributes: {},
  })
  // Who may write to the intake queue decides what stands there.
  const messages = [from('a'), from('a'), from(['forged']), from('b', { region: 'nowhere' })]
  await opened.queues.send(opened.app.receiver.intake, messages)
  const entry = await route()
  expect([entry.redriven, entry.redrivenFrom]).toEqual([
    ['redriven', 'redriven', 'redriven'],
    ['a', 'b'],
  ])
})

describe('a location with two outputs', () => {
  const both = ['queue', 'archive'] as const

  test.each([
    { outputs: ['queue'] as const, found: [1, 0] },
    { outputs: ['archive'] as const, found: [0, 1] },
    { outputs: both, found: [1, 1] },
  ])('only those that are on get events: $outputs', async ({ outputs, found }) => {
    const { opened, push, route } = ailing({}, outputs)
    const ids = await push('ap-south')
    expect(await route()).toMatchObject({ routed: at('to-ap-south', 'jp-tok', ids), postponed: {} })
    const [onQueue, onArchive] = [await idsOn(opened, 'jp-tok'), await idsOn(opened, 'jp-tok-archive')]
    expect([onQueue.length, onArchive.length]).toEqual(found)
  })

  test.each([
    { down: 'jp-tok', up: 'jp-tok-archive' },
    { down: 'jp-tok-archive', up: 'jp-tok' },
  ])('when $down does not answer an event is not routed before it does, and keeps its id', async (named) => {
    const { opened, clock, down, push, route } = ailing({}, both)
    down.add(named.down)
    const [tokyo, frankfurt] = [await push('ap-south', 2), await push('eu-central')]
    const [waits, goes] = [at('to-ap-south', 'jp-tok', tokyo), at('to-eu-central', 'eu-de', frankfurt)]
    expect(await route()).toMatchObject({ postponed: waits, routed: goes, deadLettered: {} })
    expect([await idsOn(opened, named.up), await idsOn(opened, named.down)]).toEqual([tokyo, []])
    down.clear()
    clock.now += 900_000
    expect(await route()).toMatchObject({ postponed: {}, routed: waits })
    expect([await idsOn(opened, named.up), await idsOn(opened, named.down)]).toEqual([[...tokyo, ...tokyo], tokyo])
  })

  test('while one does not answer the other one is spared: one message a probe, however many wait', async () => {
    const { opened, clock, down, sent, push, route } = ailing({}, both)
    down.add('jp-tok-archive')
    await push('ap-south', 25)
    await route()
    expect(await idsOn(opened, 'jp-tok')).toHaveLength(25)
    clock.now += 900_000
    await route()
    expect(sent).toEqual([
      ['jp-tok', 1],
      ['jp-tok-archive', 1],
    ])
  })

  test('what one refuses and the other one takes is not routed: in the end it is a dead letter', async () => {
    const { opened, clock, push, route } = ailing(
      {
        async send(target, messages, _timeout, refusals) {
          if (!target.name.endsWith('-archive')) return opened.queues.send(target, messages)
          for (const index of messages.keys()) refusals?.set(index, wrong)
          return [...messages.keys()]
        },
      },
      both,
    )
    const ids = await push('ap-south')
    expect(await route()).toMatchObject({ routed: {}, postponed: at('to-ap-south', 'jp-tok', ids) })
    clock.now += 3_600_000
    await wear(opened, 10)
    expect(await route()).toMatchObject({ routed: {}, deadLettered: at('to-ap-south', 'jp-tok', ids) })
  })

  test('an event that fits on one queue alone is routed to neither', async () => {
    const { opened, push, route } = ailing({}, both)
    await push('ap-south')
    const [event] = await opened.intake()
    // Four bytes a character in UTF-8, twelve as the escapes that the queue of the location gets.
    const large = { ...event, id: 'large', requestData: { text: '\u{1f600}'.repeat(150_000) } }
    await opened.queues.send(opened.app.receiver.intake, [{ body: JSON.stringify(large), attributes: {} }])
    expect(await route()).toMatchObject({ deadLettered: at('to-ap-south', 'unroutable', ['large']) })
    expect(await idsOn(opened, 'jp-tok-archive')).toEqual([event?.id])
  })
})

describe('what goes to an archive queue', () => {
  /** The body that the event of Tokyo with `requestData` has on its archive queue. */
  const bodyOf = async (requestData: unknown, format: FormatName = 'activity-tracker') => {
    const opened = door({ registries, format })
    await opened.post('/webhooks/to-ap-south', cloudEvent(action, 'image'))
    const [event] = await opened.intake()
    const [message] = await opened.queues.receive(opened.app.receiver.intake, 1, 0, 60)
    await opened.queues.remove(opened.app.receiver.intake, message?.receipt ?? '')
    const body = toText({ ...event, requestData })
    await opened.queues.send(opened.app.receiver.intake, [{ body, attributes: {} }])
    expect(await opened.route()).toEqual([])
    const [archived] = await peek(opened.queues, queue('jp-tok-archive'))
    return archived ?? ''
  }
  /** The events page's order of fields is another one. */
  const canonical =
    /^\{"action":"container-registry\.image\.push","dataEvent":.*,"target":\{"id":.*"typeURI":"[^"]*"\}\}$/s

  test.each(['activity-tracker', 'cadf', 'cloudevents'] as const)(
    'is canonical JSON in Activity Tracker form when the queue of the location gets %s',
    async (format) => {
      const body = await bodyOf({ b: [1e21, 0.000001, -0], a: 'é\u2028"\\\n', 10: true, 9: null }, format)
      expect(body).toMatch(canonical)
      expect(body).toContain('"requestData":{"10":true,"9":null,"a":"é\u2028\\"\\\\\\n","b":[1e+21,0.000001,0]}')
    },
  )

  test('has escapes for what SQS refuses, and for characters that a sender broke in two', async () => {
    const body = await bodyOf({ 'k\ud83d': 'a\ud83d\ude00b\udc00c\ufffe\uffff', text: '\\ud800' })
    expect(body).toContain('"requestData":{"k\\ud83d":"a\u{1f600}b\\udc00c\\ufffe\\uffff","text":"\\\\ud800"}')
  })

  test('is the event on the queue of the location, whatever the sender put into it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: 'grapheme' }), async (value) => {
        const body = await bodyOf({ value })
        expect(JSON.parse(body).requestData).toEqual(JSON.parse(JSON.stringify({ value })))
        expect(body).toMatch(canonical)
      }),
      { numRuns: 50 },
    )
  })
})

describe('what is on the intake queue and is no event', () => {
  const route = { registry: 'to-global', account, region: 'global', edition: '2020-07-28' }
  const event = { id: 'e1', action, severity: 'normal', target: { id: 'x' }, logSourceCRN: 'crn', route }
  const none = { ...event, route: { ...route, account: '' } }
  test.each<[string, unknown, string, string, string | undefined]>([
    ['no JSON', 'hello', 'UNROUTABLE', 'unknown', undefined],
    ['no object', null, 'UNROUTABLE', 'unknown', undefined],
    ['a number', 5, 'UNROUTABLE', 'unknown', undefined],
    ['no route', { ...event, route: undefined }, 'UNROUTABLE', 'unknown', 'e1'],
    ['an unknown region', { ...event, route: { ...route, region: 'mars' } }, 'UNROUTABLE', 'to-global', 'e1'],
    ['an unknown edition', { ...event, route: { ...route, edition: 'x' } }, 'UNREADABLE', 'to-global', 'e1'],
    [
      'a region of another edition',
      { ...event, route: { ...route, region: 'eu-es' } },
      'UNROUTABLE',
      'to-global',
      'e1',
    ],
    ['no target', { ...event, target: undefined }, 'UNREADABLE', 'to-global', 'e1'],
    ['no account', none, 'UNROUTABLE', 'to-global', 'e1'],
    ['an action that is no text', { ...event, action: 5 }, 'UNROUTABLE', 'to-global', 'e1'],
    ['an id that is none', { ...none, id: 'a b' }, 'UNROUTABLE', 'to-global', undefined],
    [
      'a registry that is none',
      { ...none, route: { ...none.route, registry: '__proto__' } },
      'UNROUTABLE',
      'unknown',
      'e1',
    ],
    [
      'more than a message holds',
      { ...event, requestData: 'x'.repeat(1024 * 1024 - 385) },
      'EVENT_TOO_LARGE',
      'to-global',
      'e1',
    ],
  ])(
    '%s is a dead letter at once, and the good one beside it goes on',
    async (_what, content, reason, registryId, id) => {
      const { opened, push, route: run } = ailing({}, ['queue', 'archive'])
      const ids = await push('global')
      const body = typeof content === 'string' ? content : JSON.stringify(content)
      await opened.queues.send(opened.app.receiver.intake, [{ body, attributes: {} }])
      const entry = await run()
      const [letter] = await deadLetters(opened)
      expect(letter).toMatchObject({
        body,
        attributes: { type: 'dead-letter', reason, registry: registryId, location: 'unroutable' },
      })
      // The message's own id stands in where there is none.
      const wanted = id ?? expect.stringMatching(/^message-\d+$/)
      expect(letter?.attributes.id).toEqual(wanted)
      expect(entry).toMatchObject({ postponed: {}, deadLettered: { [registryId]: { unroutable: [wanted] } } })
      expect(entry.error).toBeInstanceOf(Error)
      expect(await idsOn(opened, 'us-south')).toEqual(ids)
      expect(await idsOn(opened, 'us-south-archive')).toEqual(ids)
    },
  )
})

test('an event is routed by the edition it was written with', async () => {
  const registries = [{ ...registry('ap-south', 'au.icr.io'), editions: ['2026-08-11', '2020-07-28'] }]
  const opened = door({ registries })
  const { body } = await opened.post('/webhooks/to-ap-south', [
    cloudEvent(action, 'image'),
    cloudEvent('container-registry.image.build', 'image'),
  ])
  expect(body.accepted).toHaveLength(2)
  expect(await opened.route()).toEqual([])
  expect(await peek(opened.queues, queue('au-syd'))).toHaveLength(2)
})

test.each(['2020-07-28', '2026-08-11'])('route gives every region of %s its place', (date) => {
  for (const row of edition(date).regions) {
    expect(route(row.region, date)).toEqual({
      location: row.location,
      locationName: row.locationName,
      awsRegion: row.awsRegion,
    })
  }
})

test('route refuses what the mapping does not have', () => {
  expect(() => route('mars', '2020-07-28')).toThrow(
    'Region "mars" is not in the location mapping of edition 2020-07-28.',
  )
})
