import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'
import { alibaba } from '../../lib/sources/alibaba.ts'
import { type Door, door, NOW } from '../door.ts'

// Bodies were written from the forms that the vendor's pages show.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/alibaba', `${name}.json`), 'utf8')

const post = (to: Door, body: unknown, headers: Record<string, string> = {}, receivedAt = NOW) =>
  to.post('/webhooks/alibaba', body, { query: 'token=secret', headers, receivedAt })

const DIGEST = 'sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef'
const WEB = 'de.icr.io/acme/web'

const triggerOf = (data: object = {}, repository: object = {}) => {
  const body = JSON.parse(read('push')) as { push_data: object; repository: object }
  return { push_data: { ...body.push_data, ...data }, repository: { ...body.repository, ...repository } }
}

const eventOf = (changes: object = {}, data: object = {}) => {
  const event = JSON.parse(read('eventbridge-push')) as { data: object }
  return { ...event, ...changes, data: { ...event.data, ...data } }
}

test('a trigger, field by field: its time is that of China', async () => {
  const to = door()
  const answer = await post(to, read('push'))
  expect(answer.status).toBe(202)
  const [event] = await to.intake()
  expect(event).toMatchObject({
    action: 'container-registry.image.push',
    outcome: 'success',
    eventTime: '2026-11-22T12:59:58.00+0000',
    initiator: { id: '', name: 'alibaba' },
    target: { name: `${WEB}:1.4.0`, id: `${WEB}@${DIGEST}`, host: { address: 'registry.eu-central-1.aliyuncs.com' } },
  })
  expect(event?.route?.contradictingDomain).toBe('registry.eu-central-1.aliyuncs.com')
  expect(event?.route?.assumed).toEqual(['initiator.name', 'initiator.credential.type'])
})

test('an event of EventBridge, field by field', async () => {
  const to = door()
  await post(to, read('eventbridge-push'))
  const [event] = await to.intake()
  expect(event).toMatchObject({
    action: 'container-registry.image.push',
    eventTime: '2026-11-22T12:59:58.00+0000',
    target: { name: `${WEB}:1.4.0`, id: `${WEB}@${DIGEST}` },
    requestData: {
      instanceId: 'cri-0123456789abcdef',
      instanceName: 'acme-frankfurt',
      regionId: 'eu-central-1',
      repoId: 'crr-0123456789abcdef',
    },
  })
  // The domain of an instance is not in it, and that of the shared registry is another.
  expect(event?.target.host).toBeUndefined()
  expect(event?.route?.contradictingDomain).toBeUndefined()
})

test.each([
  ['no region', { region: null }, undefined],
  ['a region that is none', { region: 'evil.example/' }, undefined],
  ['an instance', { instance_id: 'cri-1' }, undefined],
  ['the name of an instance', { instance_name: 'acme' }, undefined],
  [
    'a domain in its name',
    { repo_full_name: 'acme-registry.cn-hangzhou.cr.aliyuncs.com/acme/web' },
    'acme-registry.cn-hangzhou.cr.aliyuncs.com',
  ],
  ['another region', { region: 'cn-hangzhou' }, 'registry.cn-hangzhou.aliyuncs.com'],
])('the domain of a trigger with %s', async (_what, repository, domain) => {
  const to = door()
  await post(to, triggerOf({}, repository))
  const [event] = await to.intake()
  expect(event?.target.name).toBe(`${WEB}:1.4.0`)
  expect(event?.target.host?.address).toBe(domain)
})

test('the full name stands in for the parts of the name', async () => {
  const to = door()
  await post(to, triggerOf({}, { namespace: null, repo_full_name: 'acme/web' }))
  expect((await to.intake())[0]?.target.name).toBe(`${WEB}:1.4.0`)
})

test.each([
  ['2026-11-22 20:59:58', '2026-11-22T12:59:58.00+0000'],
  ['2026-01-01 00:00:00', '2025-12-31T16:00:00.00+0000'],
  ['2026-11-22T12:59:58Z', '2026-11-22T12:59:58.00+0000'],
  ['2026-11-22 13:59:58+01:00', '2026-11-22T12:59:58.00+0000'],
])('time %s is %s', async (pushed_at, time) => {
  const to = door()
  await post(to, triggerOf({ pushed_at }))
  expect((await to.intake())[0]?.eventTime).toBe(time)
})

test.each([['yesterday'], [''], [null]])('time %j is none: that of receipt is used', async (pushed_at) => {
  const to = door()
  await post(to, triggerOf({ pushed_at }))
  const [event] = await to.intake()
  expect(event?.eventTime).toBe('2026-11-22T13:00:00.12+0000')
  expect(event?.route?.assumed).toContain('eventTime')
})

const BUILT = JSON.parse(read('eventbridge-build')) as { data: object }
const builtOf = (BuildStatus: string) => ({ ...BUILT, data: { ...BUILT.data, BuildStatus } })
// What is called by other means has data of another form.
const plain = (type: string) => eventOf({ type }, { RepoName: {} })
const artifact = (type: string) => eventOf({ type })

// Every row of the vocabulary: body, action and target, outcome; or under which name it is ignored.
const table: [name: string, body: unknown, action: string, target: string, outcome: string][] = [
  ['push, by tag', triggerOf(), 'image.push', `${WEB}:1.4.0`, 'success'],
  ['push, by digest', triggerOf({ tag: null }), 'image.push', `${WEB}@${DIGEST}`, 'success'],
  [
    'push, signature',
    triggerOf({ tag: 'sha256-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.sig' }),
    'image.push',
    `${WEB}:sha256-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.sig`,
    'success',
  ],
  ['cr:Artifact:PushCompleted, by tag', eventOf(), 'image.push', `${WEB}:1.4.0`, 'success'],
  ['cr:Artifact:PushCompleted, by digest', eventOf({}, { Tag: '' }), 'image.push', `${WEB}@${DIGEST}`, 'success'],
  [
    'cr:Artifact:PushCompleted, signature',
    eventOf({}, { Tag: 'sha256-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.sig' }),
    'image.push',
    `${WEB}:sha256-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.sig`,
    'success',
  ],
  ['cr:Artifact:BuildCompleted, succeeded', BUILT, 'image.build', `${WEB}:1.4.0`, 'success'],
  ['cr:Artifact:BuildCompleted, failed', builtOf('FAILED'), 'image.build', `${WEB}:1.4.0`, 'failure'],
]
const noise: [name: string, body: unknown, ignored: string][] = [
  ['cr:Artifact:BuildCompleted, canceled', builtOf('CANCELED'), 'build canceled'],
  ['cr:Artifact:DeliveryChainCompleted', artifact('cr:Artifact:DeliveryChainCompleted'), 'delivery chain'],
  ['cr:Artifact:ScanCompleted', artifact('cr:Artifact:ScanCompleted'), 'scan'],
  ['cr:Artifact:SigningCompleted', artifact('cr:Artifact:SigningCompleted'), 'signing'],
  ['cr:Artifact:SynchronizationCompleted', artifact('cr:Artifact:SynchronizationCompleted'), 'replication'],
  ['cr:ActionTrail:AliyunServiceEvent', plain('cr:ActionTrail:AliyunServiceEvent'), 'management call'],
  ['cr:ActionTrail:ApiCall', plain('cr:ActionTrail:ApiCall'), 'management call'],
  ['cr:ActionTrail:ConsoleOperation', plain('cr:ActionTrail:ConsoleOperation'), 'management call'],
  ['cr:ActionTrail:ConsoleSignin', plain('cr:ActionTrail:ConsoleSignin'), 'management call'],
  ['cr:ActionTrail:ConsoleSignout', plain('cr:ActionTrail:ConsoleSignout'), 'management call'],
]

test.each(table)('%s', async (_name, body, action, target, outcome) => {
  const to = door()
  const answer = await post(to, body)
  expect(answer.body.accepted).toMatchObject([{ action: `container-registry.${action}`, target }])
  expect(answer.body).toMatchObject({ ignored: 0, quarantined: [] })
  expect((await to.intake()).map((event) => event.outcome)).toEqual([outcome])
})

test.each(noise)('%s is ignored', async (_name, body, ignored) => {
  const to = door()
  expect((await post(to, body)).body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
  expect(to.entry.ignored).toEqual({ [ignored]: 1 })
})

test('no row of the vocabulary is left out above', () => {
  expect(new Set([...table, ...noise].map(([name]) => name))).toEqual(new Set(Object.keys(alibaba.vocabulary)))
})

test.each([
  ['children', 'tagged', triggerOf({ tag: null }), 'push by digest'],
  ['children', 'tagged', eventOf({}, { Tag: null }), 'push by digest'],
  [
    'signatures',
    'ignore',
    triggerOf({ tag: 'sha256-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.sig' }),
    'signature',
  ],
])('with %s: %s some pushes are ignored', async (setting, value, body, name) => {
  const config = {
    id: 'alibaba',
    source: 'alibaba',
    domain: 'de.icr.io',
    region: 'eu-central',
    account: 'acme',
  } as const
  const to = door({ registries: [{ ...config, accept: { [setting]: value } }] })
  expect((await post(to, body)).body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
  expect(to.entry.ignored).toEqual({ [name]: 1 })
})

test.each([
  ['structured', { 'content-type': 'application/cloudevents+json' }, eventOf()],
  ['under plain JSON', {}, eventOf()],
  ['batched', { 'content-type': 'application/cloudevents-batch+json' }, [eventOf()]],
  [
    'binary',
    {
      'ce-specversion': '1.0',
      'ce-id': '7a1c2b8e-5b1f-4d0b-8a53-2f3a9d1c6e10',
      'ce-source': 'acs.cr',
      'ce-type': 'cr:Artifact:PushCompleted',
      'ce-time': '2026-11-22T20:59:58+08:00',
    },
    eventOf().data,
  ],
])('a CloudEvent, %s, is the same event', async (_mode, headers, body) => {
  const [plainly] = (await post(door(), eventOf())).body.accepted
  const answer = await post(door(), body, headers)
  expect(answer.body.accepted).toEqual([plainly])
})

const idOf = async (body: unknown, receivedAt = NOW) => (await post(door(), body, {}, receivedAt)).body.accepted[0]?.id

test('the same delivery is the same event, another is another', async () => {
  const first = await idOf(triggerOf())
  expect(await idOf(triggerOf(), NOW + 86_400_000)).toBe(first)
  expect(await idOf(triggerOf({ pushed_at: '2026-11-22 20:59:59' }))).not.toBe(first)
  const event = await idOf(eventOf())
  expect(await idOf(eventOf(), NOW + 86_400_000)).toBe(event)
  expect(await idOf(eventOf({ id: 'other' }))).not.toBe(event)
  const timeless = await idOf(triggerOf({ pushed_at: null }))
  expect(await idOf(triggerOf({ pushed_at: null }), NOW + 100_000)).toBe(timeless)
  expect(await idOf(triggerOf({ pushed_at: null }), NOW + 400_000)).not.toBe(timeless)
})

test.each([
  ['a type that is not known', eventOf({ type: 'cr:Artifact:DeleteCompleted' }), 'UNKNOWN_ACTION'],
  ['an end of a build that is not known', builtOf('RUNNING'), 'UNKNOWN_ACTION'],
  ['neither tag nor digest', triggerOf({ tag: null, digest: null }), 'INVALID_TARGET'],
  ['no repository', eventOf({}, { RepoName: null }), 'INVALID_TARGET'],
  ['no push_data', { repository: {} }, 'INVALID_ENVELOPE'],
  ['a list of triggers', [triggerOf()], 'INVALID_ITEM'],
  ['a tag that is a number', triggerOf({ tag: 1 }), 'INVALID_ITEM'],
  ['no id', eventOf({ id: undefined }), 'INVALID_ITEM'],
  ['data that are text', { ...eventOf(), data: 'x' }, 'INVALID_ITEM'],
  ['no JSON', 'payload=1', 'INVALID_BODY'],
])('%s goes to quarantine', async (_what, body, reason) => {
  const to = door()
  const answer = await post(to, body)
  expect(answer.body).toMatchObject({ accepted: [], ignored: 0 })
  expect((await to.quarantine()).map((message) => message.reason)).toEqual([reason])
})

test('a static token in a header proves nothing', async () => {
  expect((await door().post('/webhooks/alibaba', read('push'))).status).toBe(401)
})
