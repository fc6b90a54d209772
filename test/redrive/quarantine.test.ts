import { describe, expect, test } from '@jest/globals'
import { families } from '../../functions/webhook.ts'
import { NEWEST } from '../../lib/edition.ts'
import type { AuditEvent } from '../../lib/event.ts'
import type { Message, QueueRef, Queues } from '../../lib/queues/queue.ts'
import { type Redrive, type Report, redriveQuarantine } from '../../lib/redrive/quarantine.ts'
import { checkRegistries, type RegistryConfig } from '../../lib/registries.ts'
import type { SourceName } from '../../lib/sources/index.ts'
import { type Door, door, NOW, type Options } from '../door.ts'
import { cloudEvent } from '../samples.ts'
import { senders } from '../sources/senders/index.ts'
import { fixture, type Sender } from '../sources/senders/sender.ts'
import { send } from '../sources/ways.ts'

// Out of quarantine once more: the ids are those of a webhook that was taken at once, and nothing is lost on the way.

const account = 'acme'
const place = { domain: 'de.icr.io', region: 'eu-central', account } as const
/** When somebody redrives: hours after the webhook came. */
const LATER = NOW + 5 * 3_600_000

const registryOf = (source: SourceName, changes: object = {}): RegistryConfig =>
  ({ id: source, source, ...place, ...changes }) as RegistryConfig

/** A door with a clock that only goes on when it is told to. */
function open(options: Options = {}): Door & { wait(seconds: number): void } {
  let clock = LATER
  const opened = door({ now: () => clock, ...options })
  return Object.assign(opened, {
    wait(seconds: number) {
      clock += seconds * 1000
    },
  })
}

/** Redrives all that is in quarantine behind `opened`, with `registries`, unless `changes` say otherwise. */
async function redrive(
  opened: ReturnType<typeof open>,
  registries: readonly RegistryConfig[],
  changes: Partial<Redrive> = {},
) {
  const reports: Report[] = []
  const stuck: number[] = []
  const { receiver, queues } = opened.app
  const ended = await redriveQuarantine({
    queues: {
      ...queues,
      receive(queue, most, waitSeconds, hideSeconds) {
        opened.wait(waitSeconds)
        return queues.receive(queue, most, 0, hideSeconds)
      },
    },
    intake: receiver.intake,
    quarantine: receiver.quarantine,
    registries: checkRegistries(registries, '2020-07-28'),
    families,
    wants: () => true,
    dryRun: false,
    dropIgnored: false,
    now: () => LATER,
    report: (report) => reports.push(report),
    stuck: (messages) => stuck.push(messages),
    ...changes,
  }).finally(() => opened.wait(2))
  expect(stuck).toEqual([])
  return { reports, ended, outcomes: reports.map(({ outcome, removed }) => [outcome, removed]) }
}

/** Posts what `sender` sends to `path`. */
async function post(to: Door, sender: Sender, path: string, body = sender.body) {
  const [way] = sender.ways
  if (!way) throw new Error(`${sender.source} has no way to prove itself`)
  const request = send(
    { body, headers: sender.headers, query: sender.query ?? '' },
    way,
    way.credentials(body, 'secret'),
  )
  return to.post(path, body, { ...request, headers: { authorization: '', ...request.headers } })
}

const withoutTime = (event: AuditEvent) => {
  const { redrivenTime, redrivenFrom, ...route } = event.route ?? ({} as never)
  expect(redrivenFrom).toEqual(expect.any(String))
  expect(redrivenTime).toBe('2026-11-22T18:00:00.12+0000')
  return { ...event, route }
}

const byId = (events: readonly AuditEvent[]) => events.toSorted((a, b) => a.id.localeCompare(b.id))

/** The events of `to` are those that the same request gives where nothing is wrong, but for the time of redriving. */
async function expectSame(to: Door, direct: Door): Promise<void> {
  expect(byId((await to.intake()).map(withoutTime))).toEqual(byId(await direct.intake()))
  expect(await to.quarantine()).toEqual([])
}

describe('the events are those that the webhook would have given at once', () => {
  test.each(senders.map((sender, index): [string, Sender] => [`${sender.source} ${index}`, sender]))(
    '%s, sent to the function of another family',
    async (_name, sender) => {
      const registries = [registryOf(sender.source)]
      const to = open({ registries })
      const { body } = await post(to, sender, `/webhooks/${sender.source}/plan`)
      expect(body.quarantined.length).toBeGreaterThan(0)
      const { reports } = await redrive(to, registries)
      expect(new Set(reports.map(({ outcome }) => outcome))).toEqual(new Set(['redriven']))
      const direct = open({ registries })
      await post(direct, sender, `/webhooks/${sender.source}`)
      await expectSame(to, direct)
    },
  )

  const cloud: Sender = {
    source: 'cloudevents',
    body: Buffer.from(JSON.stringify(cloudEvent('container-registry.signature.write', 'signature'))),
    headers: { 'content-type': 'application/cloudevents+json' },
    ways: senders.find(({ source }) => source === 'cloudevents')?.ways ?? [],
  }

  test.each<[SourceName, string, string]>([
    ['acr', 'acr/eventgrid-batch.json', NEWEST],
    ['acr', 'acr/webhook-delete-repository.json', '2020-07-28'],
    ['cloudevents', '', NEWEST],
    ['distribution', 'distribution/registry-delete-repository.json', NEWEST],
    ['ecr', 'ecr/cloudtrail-batch-delete-image.json', '2020-07-28'],
    ['ecr', 'ecr/cloudtrail-put-lifecycle-policy.json', NEWEST],
    ['ecr', 'ecr/eventbridge-policy-execution.json', NEWEST],
    ['nexus', 'nexus/asset-purged.json', '2020-07-28'],
    ['nexus', 'nexus/component-purged.json', NEWEST],
  ])('%s %s, under an edition that lacked the action', async (source, file, today) => {
    const sender = source === 'cloudevents' ? cloud : senders.find((one) => one.source === source)
    if (!sender) throw new Error(`${source} has no sender`)
    const body = file ? fixture(file) : sender.body
    const [old, corrected] = [['2019-07-25'], [today]].map((editions) => [registryOf(source, { editions })])
    const to = open({ registries: old ?? [] })
    const answer = await post(to, sender, `/webhooks/${source}`, body)
    expect(new Set(answer.body.quarantined.map(({ reason }) => reason))).toEqual(new Set(['UNKNOWN_ACTION']))
    await redrive(to, corrected ?? [])
    const direct = open({ registries: corrected ?? [] })
    await post(direct, sender, `/webhooks/${source}`, body)
    // Neighbours that were taken at once are of the old edition.
    const redriven = (await to.intake()).filter(({ route }) => route?.redrivenTime)
    const all = new Map((await direct.intake()).map((event) => [event.id, event]))
    expect(redriven.length).toBe(answer.body.quarantined.length)
    for (const event of redriven) expect(withoutTime(event)).toEqual(all.get(event.id))
    expect(new Set((await to.intake()).map(({ id }) => id))).toEqual(new Set(all.keys()))
    expect(await to.quarantine()).toEqual([])
  })

  test('the router takes along when and out of what', async () => {
    const registries = [registryOf('cloudevents')]
    const to = open({ registries })
    const answer = await to.post('/webhooks/cloudevents/plan', cloudEvent('container-registry.image.push', 'image'))
    const [{ id } = { id: '' }] = answer.body.quarantined
    expect(to.entry.kept).toEqual([id])
    await redrive(to, registries)
    expect(await to.route()).toEqual([])
    expect(to.entry.redrivenFrom).toEqual([id])
    const eude: QueueRef = { name: 'registry-events-test-eu-de', awsRegion: 'eu-central-1' }
    const [message] = await to.queues.receive(eude, 10, 0, 1)
    expect(JSON.parse(message?.body ?? '').provenance).toMatchObject({
      receivedTime: '2026-11-22T13:00:00.12+0000',
      redrivenTime: '2026-11-22T18:00:00.12+0000',
      redrivenFrom: id,
      location: 'eu-de',
    })
  })
})

const image = (id: string, changes: object = {}) =>
  cloudEvent('container-registry.image.push', 'image', { id, ...changes })
const signature = (id: string) => cloudEvent('container-registry.signature.write', 'signature', { id })
const path = '/webhooks/cloudevents'
const now = [registryOf('cloudevents', { editions: [NEWEST] })]
const before = [registryOf('cloudevents')]
const idOf = async (event: object): Promise<string> => {
  const { body } = await open({ registries: now }).post(path, event)
  return body.accepted[0]?.id ?? 'none'
}
const ids = async (to: Door) => (await to.intake()).map(({ id }) => id)

describe('exactly what a message stands for is read again', () => {
  test('one item of a body, not its neighbours', async () => {
    const to = open({ registries: before })
    const { body } = await to.post(path, [image('a'), signature('b'), image('c')])
    expect([body.accepted.length, body.quarantined.length]).toEqual([2, 1])
    await redrive(to, now)
    expect(await ids(to)).toEqual([...body.accepted.map(({ id }) => id), await idOf(signature('b'))])
  })

  test('a body of several parts; not as long as one of them is missing', async () => {
    const to = open({ registries: before })
    const items = [image('a', { data: { ...image('').data, requestData: { x: 'x'.repeat(900_000) } } }), signature('b')]
    await to.post(path, items)
    expect((await to.quarantine()).map(({ part }) => part)).toEqual([1, 2, 3])
    const [first] = await to.queues.receive(to.app.receiver.quarantine, 1, 0, 600)
    const missing = await redrive(to, now)
    expect(missing.outcomes).toEqual([['unusable', false]])
    expect(missing.reports[0]?.fate.obstacle).toBe('2 of 3 parts of the body are here.')
    expect(missing.ended.hidden).toBe(1)
    await to.queues.hide(to.app.receiver.quarantine, first?.receipt ?? '', 0)
    expect((await redrive(to, now)).outcomes).toEqual([['redriven', true]])
    expect((await ids(to)).at(-1)).toBe(await idOf(signature('b')))
    expect(await to.quarantine()).toEqual([])
  })

  test('the same part twice, as at least once may give', async () => {
    const to = open({ registries: before })
    await to.post(path, [signature('b')])
    await to.post(path, [signature('b')])
    expect((await redrive(to, now)).outcomes).toEqual([['redriven', true]])
    expect(await ids(to)).toEqual([await idOf(signature('b'))])
    expect(await to.quarantine()).toEqual([])
  })

  const many = Array.from({ length: 30 }, (_, index) => (index % 3 === 0 ? image(`${index}`) : signature(`${index}`)))
  const large = [...many, image('large', { data: { ...image('').data, requestData: { x: 'x'.repeat(700_000) } } })]

  test('many items that one message lists', async () => {
    const to = open({ registries: before })
    const { body } = await to.post(path, large)
    expect((await to.quarantine())[0]?.items).toHaveLength(20)
    await redrive(to, now)
    expect(await ids(to)).toHaveLength(31)
    expect(new Set(await ids(to))).toEqual(new Set(await Promise.all(large.map(idOf))))
    expect(body.accepted).toHaveLength(11)
    expect(await to.quarantine()).toEqual([])
  })

  test('of many items some: the rest is put back under the ids that it had', async () => {
    const to = open({ registries: before })
    const bad = image('bad', { data: { target: {} } })
    const { body } = await to.post(path, [...large, bad])
    const { outcomes, reports } = await redrive(to, now)
    expect(outcomes).toEqual([['partly', true]])
    expect(reports[0]?.fate.events).toHaveLength(20)
    // Each event names its own item, and nobody that of the one that stays.
    expect((await origins(to)).flatMap((id) => id ?? [])).toEqual(body.quarantined.slice(0, 20).map(({ id }) => id))
    const rest = await to.quarantine()
    expect(rest.map(({ id, reason, item, part }) => [id, reason, item, part])).toEqual(
      [1, 2].map((part) => [body.quarantined.at(-1)?.id, 'INVALID_TARGET', 31, part]),
    )
    expect(rest[0]?.receivedAt).toBe('2026-11-22T13:00:00.12+0000')
    expect((await redrive(to, now)).outcomes).toEqual([['unusable', false]])
  })

  test('a body with more events than a webhook may have', async () => {
    const to = open({ registries: now })
    const events = Array.from({ length: 1200 }, (_, index) =>
      image(`${index}`, { data: { target: { repository: 'r', tag: 't' } } }),
    )
    const { body } = await to.post(path, events)
    expect(body.quarantined).toMatchObject([{ reason: 'TOO_MANY_ITEMS' }])
    expect((await redrive(to, now)).outcomes).toEqual([['redriven', true]])
    expect(new Set(await ids(to)).size).toBe(1200)
    expect(await to.quarantine()).toEqual([])
  })

  test('a body that is split in another way today: all of it, with the ids that it had', async () => {
    const to = open({ registries: before })
    const { body } = await to.post(path, [image('a'), signature('b')])
    const [message] = await to.queues.receive(to.app.receiver.quarantine, 1, 0, 1)
    const kept = JSON.parse(message?.body ?? '')
    expect([kept.item, kept.of]).toEqual([1, 2])
    await to.queues.remove(to.app.receiver.quarantine, message?.receipt ?? '')
    await to.queues.send(to.app.receiver.quarantine, [{ body: JSON.stringify({ ...kept, of: 1 }), attributes: {} }])
    await redrive(to, now)
    const taken = body.accepted[0]?.id
    expect(await ids(to)).toEqual([taken, taken, await idOf(signature('b'))])
  })

  test('what headers say beside a signature is as little trusted as before', async () => {
    const binary = senders.find(({ source, headers }) => source === 'zot' && headers['ce-specversion'])
    const standard = senders.flatMap(({ ways }) => ways).find(({ scheme }) => scheme === 'standard')
    if (!binary || !standard) throw new Error('zot has no sender')
    const to = open({ registries: [registryOf('zot')] })
    const signed = { ...binary, ways: [standard] }
    expect((await post(to, signed, '/webhooks/zot')).body.quarantined).toMatchObject([{ reason: 'INVALID_ENVELOPE' }])
    const credentials = standard.credentials(binary.body, 'secret')
    expect(JSON.stringify(await to.quarantine())).not.toContain(credentials)
    expect((await redrive(to, [registryOf('zot')])).outcomes).toEqual([['unusable', false]])
  })
})

/** The id that each event on the intake queue had in quarantine. */
const origins = async (to: Door) => (await to.intake()).map(({ route }) => route?.redrivenFrom)

/** Makes everything in quarantine of a body that had another number of items than today. */
async function resplit(to: Door): Promise<void> {
  const { quarantine } = to.app.receiver
  for (const message of await to.queues.receive(quarantine, 100, 0, 1)) {
    await to.queues.remove(quarantine, message.receipt)
    const kept = { ...JSON.parse(message.body), of: 99 }
    await to.queues.send(quarantine, [{ ...message, body: JSON.stringify(kept) }])
  }
}

describe('what is left stays in quarantine, under the ids of the answer', () => {
  const pushed = (index: number, tag?: string) => ({
    id: `push-${index}`,
    timestamp: '2026-11-22T12:00:00Z',
    action: 'push',
    target: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      repository: 'team/app',
      digest: `sha256:${`${index}`.padStart(64, '0')}`,
      ...(tag ? { tag } : {}),
    },
    request: { id: 'r', method: 'PUT' },
  })
  const distribution = (changes: object = {}) => [registryOf('distribution', { id: 'was-another', ...changes })]
  const tagged = distribution({ accept: { children: 'tagged' } })
  /** A body that lay in quarantine as one thing, and is an event and two items of noise today. */
  const lain = async (source: SourceName) => {
    const to = open({ registries: [registryOf(source, { id: 'was-another' })] })
    const { body } = await to.post('/webhooks/was-another', { events: [pushed(0), pushed(1, '1.0'), pushed(2)] })
    expect(body.quarantined).toHaveLength(1)
    return { to, id: body.quarantined[0]?.id }
  }

  test.each<[string, SourceName]>([
    ['the body as a whole', 'acr'],
    ['one item of a body that is split in another way today', 'cloudevents'],
  ])('noise beside an event of %s', async (_what, source) => {
    const { to, id } = await lain(source)
    expect((await redrive(to, tagged, { dryRun: true })).outcomes).toEqual([['partly', false]])
    expect((await redrive(to, tagged)).outcomes).toEqual([['partly', true]])
    expect(await to.intake()).toHaveLength(1)
    const rest = await to.quarantine()
    expect(rest.map((one) => [one.id, one.items?.map((item) => [item.id, item.item])])).toEqual([
      [
        id,
        [
          [id, 0],
          [id, 2],
        ],
      ],
    ])
    to.wait(2)
    expect((await redrive(to, tagged)).outcomes).toEqual([['ignored', false]])
    expect(await to.quarantine()).toEqual(rest)
    to.wait(2)
    expect((await redrive(to, distribution())).outcomes).toEqual([['redriven', true]])
    expect(new Set(await ids(to)).size).toBe(3)
    expect(await to.quarantine()).toEqual([])
  })

  test('noise beside an event goes when it is to be dropped', async () => {
    const { to } = await lain('acr')
    expect((await redrive(to, tagged, { dropIgnored: true })).outcomes).toEqual([['redriven', true]])
    expect(await to.quarantine()).toEqual([])
  })

  test('more than one message can list: all of it stays', async () => {
    const to = open({ registries: [registryOf('acr', { id: 'was-another' })] })
    const events = [pushed(0, '1.0'), ...Array.from({ length: 9000 }, () => ({ action: 'pull' }))]
    await to.post('/webhooks/was-another', { events })
    const before = await to.quarantine()
    const { outcomes, reports } = await redrive(to, tagged)
    expect([outcomes, reports[0]?.fate.unusable.length]).toEqual([[['partly', false]], 9000])
    expect(await to.quarantine()).toEqual(before)
  })

  test('what was blanked, and whatever else was kept', async () => {
    const secret = 'a-very-long-secret'
    const to = open({ registries: before, secrets: [secret] })
    const pad = 'x'.repeat(250_000)
    const bad = Array.from({ length: 40 }, (_, index) => ({
      ...image(`${index}`),
      type: 'nope',
      note: secret,
      pad: '',
    }))
    const { body } = await to.post(path, [...bad.slice(0, 20), { ...signature('s'), pad }, ...bad.slice(20)], {
      headers: { authorization: `Bearer ${secret}` },
    })
    const [was] = await to.quarantine()
    expect((await redrive(to, now)).outcomes).toEqual([['partly', true]])
    const [rest, ...others] = await to.quarantine()
    expect(others).toEqual([])
    expect(rest?.items?.map(({ id, item }) => [item, id])).toEqual(
      body.quarantined.map(({ id }, index) => [index, id]).filter(([index]) => index !== 20),
    )
    expect({ ...rest, items: [] }).toEqual({ ...was, blanked: true, message: expect.any(String), items: [] })
  })

  test('no id is left unnamed of a body that is split in another way today, and is all events', async () => {
    const to = open({ registries: before })
    const { body } = await to.post(path, [image('a'), signature('b'), signature('c')])
    await resplit(to)
    expect((await redrive(to, now)).outcomes).toEqual([['redriven', true]])
    expect(new Set((await origins(to)).flatMap((id) => id ?? []))).toEqual(
      new Set(body.quarantined.map(({ id }) => id)),
    )
  })

  test('a body of many items that is split in another way today: once, not once for each of them', async () => {
    const to = open({ registries: before })
    const bad = Array.from({ length: 20 }, (_, index) => ({ ...image(`${index}`), type: 'nope' }))
    const { body } = await to.post(path, [signature('s'), ...bad])
    await resplit(to)
    expect((await redrive(to, now)).outcomes).toEqual([['partly', true]])
    expect(await ids(to)).toEqual([await idOf(signature('s'))])
    const rest = await to.quarantine()
    expect(rest).toHaveLength(1)
    expect(rest[0]?.items?.flatMap(({ item }) => item ?? [])).toEqual(bad.map((_, index) => index + 1))
    expect(new Set(rest[0]?.items?.map(({ id }) => id))).toEqual(new Set(body.quarantined.map(({ id }) => id)))
    to.wait(2)
    expect((await redrive(to, now)).outcomes).toEqual([['unusable', false]])
    expect(await to.quarantine()).toEqual(rest)
  })
})

describe('what is not redriven stays as it was', () => {
  const lying = async (to: Door) =>
    (await to.queues.receive(to.app.receiver.quarantine, 10, 0, 1)).map(({ messageId, body, attributes }) => ({
      messageId,
      body,
      attributes,
    }))

  test.each<[string, object, readonly RegistryConfig[], object]>([
    ['still unusable', signature('a'), before, { unusable: [{ reason: 'UNKNOWN_ACTION' }] }],
    [
      'of a registry that is gone',
      signature('a'),
      [registryOf('harbor')],
      { obstacle: 'There is no registry "cloudevents" any more.' },
    ],
    [
      'of a registry that is of another source',
      signature('a'),
      [registryOf('harbor', { id: 'cloudevents' })],
      { unusable: [{}] },
    ],
  ])('%s', async (_what, event, registries, fate) => {
    const to = open({ registries: before })
    await to.post(path, event)
    const there = await lying(to)
    to.wait(2)
    const { outcomes, reports } = await redrive(to, registries)
    expect(outcomes).toEqual([['unusable', false]])
    expect(reports[0]?.fate).toMatchObject(fate)
    expect(await lying(to)).toEqual(there)
    expect(await to.intake()).toEqual([])
  })

  const pull = senders.find(({ source }) => source === 'harbor')
  const noise = JSON.stringify({ type: 'QUOTA_WARNING', occur_at: 1, event_data: {} })

  test('noise, unless it is to be dropped', async () => {
    if (!pull) throw new Error('harbor has no sender')
    const registries = [registryOf('harbor')]
    // Another kind of sender lay behind the name then.
    const to = open({ registries: [registryOf('zot', { id: 'harbor' })] })
    await to.post('/webhooks/harbor', noise)
    expect((await redrive(to, registries)).outcomes).toEqual([['ignored', false]])
    expect(await to.quarantine()).toHaveLength(1)
    to.wait(2)
    expect((await redrive(to, registries, { dropIgnored: true })).outcomes).toEqual([['ignored', true]])
    expect(await to.quarantine()).toEqual([])
    expect(await to.intake()).toEqual([])
  })

  test('what nobody wants, and messages of somebody else', async () => {
    const to = open({ registries: before })
    await to.post(path, signature('a'))
    await to.queues.send(to.app.receiver.quarantine, [{ body: 'no JSON', attributes: {} }])
    const { reports, ended } = await redrive(to, now, { wants: ({ reason }) => reason === 'INVALID_ITEM' })
    expect([reports, ended.foreign]).toEqual([[], 1])
    expect(await lying(to)).toHaveLength(2)
  })

  test('everything, when one of the ids is not there', async () => {
    const to = open({ registries: before })
    const { body } = await to.post(path, [signature('a'), signature('b')])
    const [a, b] = body.quarantined.map(({ id }) => id)
    const none = await redrive(to, now, { ids: [a ?? '', 'nothing'] })
    expect([none.reports, none.ended.missing]).toEqual([[], ['nothing']])
    expect(await lying(to)).toHaveLength(2)
    to.wait(2)
    await redrive(to, now, { ids: [b ?? ''] })
    expect(await ids(to)).toEqual([await idOf(signature('b'))])
    expect((await to.quarantine()).map(({ id }) => id)).toEqual([a])
  })

  test('everything, on a dry run, which says what would be', async () => {
    const calls: string[] = []
    const spy = (name: string) => async (): Promise<never> => {
      calls.push(name)
      throw new Error(name)
    }
    const to = open({ registries: before })
    await to.post(path, [signature('a'), image('bad', { data: { target: {} } })])
    const there = await lying(to)
    to.wait(2)
    const queues = { ...to.queues, send: spy('send'), remove: spy('remove'), removeAll: spy('removeAll') }
    const { outcomes } = await redrive(to, now, { dryRun: true, dropIgnored: true, queues })
    expect(outcomes).toEqual([
      ['redriven', false],
      ['unusable', false],
    ])
    expect(calls).toEqual([])
    expect(await lying(to)).toEqual(there)
  })
})

describe('nothing is removed before its copy was taken', () => {
  /** Three things in quarantine, and what is on the queues when all is over. */
  async function broken(change: (queues: Queues, intake: QueueRef) => Partial<Queues>) {
    const to = open({ registries: before })
    await to.post(path, ['a', 'b', 'c'].map(signature))
    const queues = { ...to.queues, ...change(to.queues, to.app.receiver.intake) }
    const reports: Report[] = []
    const ended = await redrive(to, now, { queues, report: (report) => reports.push(report) }).then(
      () => undefined,
      (error: unknown) => error,
    )
    const wanted = await Promise.all(['a', 'b', 'c'].map((id) => idOf(signature(id))))
    return { to, reports, ended, wanted }
  }

  test('the intake queue is down', async () => {
    const { to, ended, reports } = await broken(() => ({ send: async () => Promise.reject(new Error('down')) }))
    expect([ended, reports]).toEqual([new Error('down'), []])
    expect(await to.quarantine()).toHaveLength(3)
  })

  test('the intake queue refuses an entry', async () => {
    let first = true
    const { to, reports, wanted } = await broken((queues) => ({
      async send(queue: QueueRef, messages: readonly Message[]) {
        if (!first) return queues.send(queue, messages)
        first = false
        return messages.map((_, index) => index)
      },
    }))
    expect(reports.map(({ outcome, removed }) => [outcome, removed])).toEqual([
      ['refused', false],
      ['redriven', true],
      ['redriven', true],
    ])
    expect(await to.quarantine()).toHaveLength(1)
    await redrive(to, now)
    expect(new Set(await ids(to))).toEqual(new Set(wanted))
  })

  test('the copy is taken, and the process may not remove: the first one goes alone, and comes again with the same id', async () => {
    const { to, ended, reports, wanted } = await broken(() => ({
      removeAll: async () => Promise.reject(new Error('denied')),
    }))
    expect(ended).toEqual(new Error('denied'))
    expect(reports.map(({ outcome, removed }) => [outcome, removed])).toEqual([['redriven', false]])
    expect(await ids(to)).toHaveLength(1)
    expect(await to.quarantine()).toHaveLength(3)
    to.wait(2)
    await redrive(to, now)
    expect(await ids(to)).toHaveLength(4)
    expect(new Set(await ids(to))).toEqual(new Set(wanted))
  })

  test('quarantine does not take the rest back', async () => {
    const to = open({ registries: before })
    const bad = image('bad', { data: { target: {} } })
    const events = [...Array.from({ length: 13 }, (_, index) => signature(`${index}`)), bad]
    await to.post(path, [
      ...events,
      image('large', { data: { ...image('').data, requestData: { x: 'x'.repeat(700_000) } } }),
    ])
    const { queues } = to
    const intake = to.app.receiver.intake.name
    const send: Queues['send'] = async (queue, messages) =>
      queue.name === intake ? queues.send(queue, messages) : messages.map((_, index) => index)
    expect((await redrive(to, now, { queues: { ...queues, send } })).outcomes).toEqual([['refused', false]])
    expect((await to.quarantine())[0]?.items).toHaveLength(14)
  })

  test('a stop in the middle: what is under way is finished, the rest is left alone', async () => {
    const to = open({ registries: before })
    await to.post(path, ['a', 'b', 'c'].map(signature))
    const controller = new AbortController()
    const reports: Report[] = []
    const report = (one: Report) => {
      reports.push(one)
      controller.abort()
    }
    const { ended } = await redrive(to, now, { signal: controller.signal, report })
    expect([ended.done, reports.length]).toEqual([1, 1])
    expect(await ids(to)).toHaveLength(1)
    expect(await to.quarantine()).toHaveLength(2)
  })
})
