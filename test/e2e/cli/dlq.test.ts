import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { deadLetter, type Reason } from '../../../lib/deadletter.ts'
import type { AuditEvent } from '../../../lib/event.ts'
import { activityTracker } from '../../../lib/formats/activity-tracker.ts'
import { places } from '../../../lib/locations.ts'
import { deadLetterQueue, intakeQueue, locationQueue, quarantineQueue } from '../../../lib/queues/names.ts'
import type { Message, QueueRef } from '../../../lib/queues/queue.ts'
import { readMessage } from '../../../lib/routable.ts'
import { type Door, door } from '../../door.ts'
import { cloudEvent } from '../../samples.ts'
import { type FakeAws, startAws } from './aws.ts'
import { run } from './cli.ts'

// `registry-events dlq` against local emulation's queues.

const awsRegion = 'eu-central-1'
const intake = intakeQueue('local', awsRegion)
const quarantine = quarantineQueue('local', awsRegion)
const tokyo = locationQueue('local', places.find(({ location }) => location === 'jp-tok') as (typeof places)[number])

let emulation: FakeAws
let env: Record<string, string> = {}

beforeAll(async () => {
  emulation = await startAws('local')
  env = { EMULATOR_PORT: String(emulation.port) }
})

afterAll(() => emulation?.close())

/** A message of the intake queue with its attributes, as a webhook makes it. */
async function queued(): Promise<{ message: Message; event: AuditEvent; opened: Door }> {
  const opened = door()
  await opened.post('/webhooks/cloudevents', cloudEvent('container-registry.image.push', 'image'))
  const [event] = await opened.intake()
  const [message] = await opened.queues.receive(opened.app.receiver.intake, 1, 0, 0)
  if (!event || !message) throw new Error('Nothing was queued')
  return { message: { body: message.body, attributes: message.attributes }, event, opened }
}

/** What the router makes of a message of the intake queue that it gives up. */
function dead(body: string, reason: Reason, why?: string): Message {
  const received = { messageId: 'lost', receiptHandle: '', receiveCount: 10, body }
  return deadLetter(readMessage(received, { stage: 'local', format: activityTracker, outputs: ['queue'] }), reason, why)
}

const contents = async (queue: QueueRef) =>
  (await emulation.queues.receive(queue, 10, 1, 2)).map(({ body, attributes }) => ({ body, attributes }))

test('dead letters of every queue are listed, tried, and put back as they were', async () => {
  const { message, event } = await queued()
  const lost = { ...event, id: 'lost', route: { ...event.route, region: 'atlantis' } }
  await emulation.queues.send(deadLetterQueue(intake), [
    dead(message.body, 'REFUSED', 'InvalidMessageContents'),
    dead(JSON.stringify(lost), 'UNROUTABLE'),
  ])
  const delivered = { body: '{"any":"form"}', attributes: { type: 'audit', id: 'x', location: 'jp-tok' } }
  await emulation.queues.send(deadLetterQueue(tokyo), [delivered])

  const all = await run('dlq list --json', env)
  expect(all.code).toBe(0)
  expect(all.rows()).toHaveLength(2 + 2 * 13)
  expect(all.rows().filter(({ messages }) => messages !== 0)).toMatchObject([
    {
      queue: 'registry-events-local-intake-dlq',
      messages: 2,
      hidden: 0,
      reasons: { REFUSED: 1, 'UNROUTABLE (unroutable)': 1 },
    },
    {
      queue: 'registry-events-local-jp-tok-dlq',
      awsRegion: 'ap-northeast-1',
      messages: 1,
      reasons: { RECEIVED_TOO_OFTEN: 1 },
    },
  ])
  const letters = (await run('dlq list intake --json', env)).rows()
  expect(letters.map(({ attributes }) => (attributes as Message['attributes']).why)).toContain('InvalidMessageContents')
  const one = await run('dlq list intake', env)
  expect(one.out).toMatch(
    /lost +20\S+Z +cloudevents +unroutable +UNROUTABLE +Region "atlantis" is not in the location mapping/,
  )
  expect(one.err).toContain('2 of 2 messages on registry-events-local-intake-dlq in eu-central-1')

  emulation.calls.length = 0
  const dry = await run('dlq redrive intake --dry-run', env)
  expect([dry.code, dry.err]).toEqual([
    1,
    expect.stringContaining('Nothing was changed. Without --dry-run it would be 1 message back.'),
  ])
  expect(emulation.calls.filter(({ operation }) => /Send|Delete/.test(operation))).toEqual([])

  const redrive = await run('dlq redrive registry-events-local-intake-dlq', env)
  expect([redrive.code, redrive.err]).toEqual([
    1,
    expect.stringContaining('1 stay: no location can be found for them, so they would come right back.'),
  ])
  expect(redrive.out).toContain('Region "atlantis" is not in the location mapping')
  expect(await contents(intake)).toEqual([message])
  const stays = await emulation.queues.count(deadLetterQueue(intake))
  expect(stays.waiting + stays.hidden).toBe(1)

  expect((await run('dlq redrive jp-tok', env)).code).toBe(0)
  expect(await contents(tokyo)).toEqual([delivered])
  expect(await emulation.queues.count(deadLetterQueue(tokyo))).toEqual({ waiting: 0, hidden: 0 })
})

test('what could not be archived goes back to the archive queue, with the attributes that it had there', async () => {
  const { opened } = await queued()
  await opened.route()
  const [archived] = await opened.queues.receive(
    { name: 'registry-events-test-eu-de-archive', awsRegion: 'eu-central-1' },
    1,
    0,
    0,
  )
  const { body = '', attributes = {} } = archived ?? {}
  const { id = '' } = attributes
  const frankfurt = { name: 'registry-events-local-eu-de-archive', awsRegion: 'eu-central-1' }
  const letter = { type: 'dead-letter', reason: 'UNREADABLE', registry: 'cloudevents', location: 'eu-de', id }
  await emulation.queues.send(deadLetterQueue(frankfurt), [{ body, attributes: letter }])
  const listed = (await run('dlq list eu-de-archive --json', env)).rows()
  expect(listed).toMatchObject([{ id, reason: 'UNREADABLE', registry: 'cloudevents', location: 'eu-de' }])
  expect((await run('dlq redrive eu-de-archive', env)).code).toBe(0)
  expect(await contents(frankfurt)).toEqual([{ body, attributes }])
})

test('at most as many as are asked for', async () => {
  await emulation.queues.send(
    deadLetterQueue(quarantine),
    Array.from({ length: 5 }, (_, index) => ({ body: `{"n":${index}}`, attributes: { type: 'quarantine' } })),
  )
  const { code, err } = await run('dlq redrive quarantine --limit 2', env)
  expect([code, err]).toEqual([
    0,
    expect.stringContaining('registry-events-local-quarantine in eu-central-1 has 2 messages back.'),
  ])
  const counts = await Promise.all(
    [quarantine, deadLetterQueue(quarantine)].map((queue) => emulation.queues.count(queue)),
  )
  expect(counts.map(({ waiting, hidden }) => waiting + hidden)).toEqual([2, 3])
})

test('a message of somebody else, whose ids are no text, is listed and put back like any other', async () => {
  const foreign = [
    { id: 5, route: { registry: { name: 'x' } } },
    { id: 'a b', provenance: { registry: ['x'], location: 7 } },
    [null],
    null,
  ].map((body) => ({ body: JSON.stringify(body), attributes: { type: 'dead-letter' } }))
  const osaka = { ...tokyo, name: 'registry-events-local-jp-osa', awsRegion: 'ap-northeast-3' }
  const dlq = deadLetterQueue(osaka)
  await emulation.queues.send(dlq, foreign)
  const list = await run('dlq list jp-osa', env)
  expect([list.code, list.err]).toEqual([0, expect.stringContaining('4 of 4 messages on')])
  expect(list.out.match(/RECEIVED_TOO_OFTEN/g)).toHaveLength(4)
  const json = await run('dlq list jp-osa --json', env)
  for (const row of json.rows()) expect(row).toMatchObject({ id: null, registry: null, location: null })
  expect((await run('dlq redrive jp-osa', env)).code).toBe(0)
  expect(new Set(await contents(osaka))).toEqual(new Set(foreign))

  // Nor can the router do anything with it.
  await emulation.queues.send(deadLetterQueue(intake), foreign)
  const redrive = await run('dlq redrive intake', env)
  expect([redrive.code, redrive.err]).toEqual([1, expect.stringContaining('5 stay: no location can be found')])
})
