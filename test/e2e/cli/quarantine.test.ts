import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { queueAttributes } from '../../../deploy/template.ts'
import { families } from '../../../functions/webhook.ts'
import { NEWEST } from '../../../lib/edition.ts'
import { receive } from '../../../lib/family.ts'
import { deadLetterQueue, intakeQueue, quarantineQueue } from '../../../lib/queues/names.ts'
import type { QueueRef } from '../../../lib/queues/queue.ts'
import { checkRegistries, type RegistryConfig } from '../../../lib/registries.ts'
import type { Request } from '../../../lib/request.ts'
import { door } from '../../door.ts'
import { cloudEvent } from '../../samples.ts'
import { type FakeAws, startAws } from './aws.ts'
import { begin, run } from './cli.ts'

// `registry-events quarantine` against local emulation's queues.

const awsRegion = 'eu-central-1'
const intake = intakeQueue('local', awsRegion)
const quarantine = quarantineQueue('local', awsRegion)
const place = { domain: 'de.icr.io', region: 'eu-central', account: 'acme' } as const
const registries = (editions: string[]): RegistryConfig[] => [
  { id: 'cloudevents', source: 'cloudevents', ...place, editions },
  { id: 'artifactory', source: 'artifactory', ...place },
  { id: 'was-another', source: 'acr', ...place },
]
const path = '/webhooks/cloudevents'
const signature = (id: string) => cloudEvent('container-registry.signature.write', 'signature', { id })

let emulation: FakeAws
let folder = ''
let env: Record<string, string> = {}

/** Writes `registries.ts` as it is after the fix, and resolves to its path. */
function listFile(name: string, list: readonly RegistryConfig[]): string {
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, `export const registries = ${JSON.stringify(list)}\n`)
  return file
}

beforeAll(async () => {
  emulation = await startAws('local')
  folder = mkdtempSync(join(tmpdir(), 'registry-event-router-cli-'))
  env = { EMULATOR_PORT: String(emulation.port), REGISTRIES: listFile('old', registries(['2020-07-28'])) }
})

afterAll(async () => {
  await emulation?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Everything on `queue`, which is taken off it. */
async function drain(queue: QueueRef): Promise<Record<string, never>[]> {
  const all = []
  for (let { waiting, hidden } = await emulation.queues.count(queue); waiting + hidden > 0; ) {
    const messages = await emulation.queues.receive(queue, 10, 1, 60)
    await emulation.queues.removeAll(
      queue,
      messages.map(({ receipt }) => receipt),
    )
    all.push(...messages.map(({ body }) => JSON.parse(body)))
    const left = await emulation.queues.count(queue)
    waiting = left.waiting
    hidden = left.hidden
  }
  return all
}

afterEach(async () => {
  emulation.before = async () => undefined
  for (const queue of [intake, quarantine, deadLetterQueue(quarantine)]) await drain(queue)
  emulation.calls.length = 0
})

const toRequest = (to: string, event: unknown, receivedAt: number): Request => ({
  method: 'POST',
  path: to,
  query: '',
  headers: { authorization: 'Bearer secret', 'x-jfrog-event-auth': 'secret', 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(event)),
  receivedAt,
})

/** Sends `event` to the function of a family that it is not of, or under an edition that lacks it: it lands in quarantine. */
async function quarantined(registry: string, event: unknown, receivedAt = Date.now()): Promise<string[]> {
  const receiver = {
    ...door().app.receiver,
    registries: checkRegistries(registries(['2020-07-28']), '2020-07-28'),
    queues: emulation.queues,
    intake,
    quarantine,
    patience: 10_000,
  }
  const plan = families.filter(({ family }) => family === 'plan')
  const { body } = await receive(toRequest(path, event, receivedAt), registry, plan, receiver, { event: 'request' })
  const answer = body as { quarantined: { id: string }[] }
  return answer.quarantined.map(({ id }) => id)
}

const direct = async (to: string, event: unknown, receivedAt?: number) => {
  const { body } = await door({ registries: registries([NEWEST]) }).post(to, event, {
    headers: { 'x-jfrog-event-auth': 'secret' },
    ...(receivedAt ? { receivedAt } : {}),
  })
  return body.accepted.map(({ id }) => id)
}

test('list, show, try and redrive', async () => {
  const [id = '', other = ''] = await quarantined('cloudevents', [
    signature('a'),
    { specversion: '1.0', type: 'x\u001b[2Jy' },
  ])
  const list = await run('quarantine list', env)
  expect([list.code, list.out.split('\n')[1]]).toEqual([
    0,
    expect.stringMatching(
      new RegExp(`^${id}  20\\S+Z  cloudevents  UNKNOWN_ACTION  0 .*it is in the editions from 2022-01-18 on`),
    ),
  ])
  expect(list.err).toContain('2 in quarantine (local emulation, ')

  const filtered = await run('quarantine list --json --reason INVALID_ITEM --since 1h', env)
  expect(filtered.rows()).toMatchObject([{ id: other, item: 1, reason: 'INVALID_ITEM' }])

  const today = { ...env, REGISTRIES: listFile('new', registries([NEWEST])) }
  const [eventId] = await direct(path, signature('a'))
  const shown = await run(`quarantine show ${id}`, today)
  expect(shown.code).toBe(0)
  expect(shown.out).toContain(`event ${eventId}: container-registry.signature.write`)
  expect(shown.out).toContain('"signatureMethod": "simple"')
  expect(shown.out).toContain('content-type: application/json')
  expect(`${list.out}${shown.out}`).not.toContain('\u001b')
  expect(await run('quarantine show nothing', env)).toMatchObject({
    code: 1,
    err: expect.stringContaining('nothing is not in quarantine'),
  })

  emulation.calls.length = 0
  const dry = await run('quarantine redrive --dry-run', today)
  expect([dry.code, dry.err]).toEqual([
    1,
    expect.stringContaining('Nothing was changed. Without --dry-run it would be 1 event.'),
  ])
  expect(dry.out).toMatch(/redriven +1 +1 +eu-de +cloudevents +UNKNOWN_ACTION/)
  expect(emulation.calls.filter(({ operation }) => /Send|Delete/.test(operation))).toEqual([])

  const redrive = await run(`quarantine redrive ${id} --json`, today)
  expect(redrive.code).toBe(0)
  expect(redrive.rows()).toMatchObject([
    { id, outcome: 'redriven', removed: true, was: 'UNKNOWN_ACTION', events: [{ id: eventId }] },
  ])
  expect(await drain(intake)).toMatchObject([{ id: eventId, route: { redrivenTime: expect.any(String) } }])
  expect((await drain(quarantine)).map((message) => message.id)).toEqual([other])
})

test('what has no id of its own has that of the first repetition, whatever the order on the queue', async () => {
  const event = {
    domain: 'docker',
    event_type: 'pushed',
    data: {
      repo_key: 'docker',
      path: 'app/1.0/manifest.json',
      name: 'manifest.json',
      sha256: 'ab'.repeat(32),
      size: 1,
      image_name: 'app',
      tag: '1.0',
    },
    subscription_key: 'k',
    jpd_origin: 'https://artifactory.example.com/artifactory',
    source: 'alice',
  }
  // A repetition within a minute, and the end of a window of any length that divides an hour between the two.
  const hour = Date.UTC(2026, 10, 22, 12)
  const [early, late] = [hour - 10_000, hour + 10_000]
  await quarantined('artifactory', event, late)
  await quarantined('artifactory', event, early)
  const redrive = await run('quarantine redrive --json', env)
  expect([redrive.code, redrive.rows().length]).toEqual([0, 2])
  const found = new Set((await drain(intake)).map(({ id }) => id))
  expect([...found]).toEqual(await direct('/webhooks/artifactory', event, early))
})

test('noise beside an event stays until it is dropped, and is found by the id of the answer', async () => {
  const pushed = (digit: string, tag?: string) => ({
    id: digit,
    timestamp: '2026-11-22T12:00:00Z',
    action: 'push',
    target: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      repository: 'team/app',
      digest: `sha256:${digit.repeat(64)}`,
      tag,
    },
  })
  const [id = ''] = await quarantined('was-another', { events: [pushed('a', '1.0'), pushed('b'), pushed('c')] })
  const today = {
    ...env,
    REGISTRIES: listFile('another', [
      { id: 'was-another', source: 'distribution', ...place, accept: { children: 'tagged' } },
    ]),
  }
  const redrive = await run('quarantine redrive', today)
  expect([redrive.code, redrive.err]).toEqual([
    0,
    expect.stringContaining(
      '1 event put onto the intake queue, 1 thing taken out of quarantine. Of 1 thing the rest stays.',
    ),
  ])
  expect(redrive.out).toMatch(/partly +1 +1 +eu-de +was-another +INVALID_ENVELOPE +push by digest/)
  const shown = await run(`quarantine show ${id}`, today)
  expect([shown.code, shown.out]).toEqual([0, expect.stringContaining('noise: push by digest (2 items)')])
  const dropped = await run('quarantine redrive --drop-ignored', today)
  expect([dropped.code, dropped.err]).toEqual([0, expect.stringContaining('1 thing taken out of quarantine.')])
  expect([(await drain(intake)).length, await drain(quarantine)]).toEqual([1, []])
})

test('an id that is not there: nothing is done', async () => {
  const [id = ''] = await quarantined('cloudevents', signature('a'))
  const today = { ...env, REGISTRIES: listFile('new', registries([NEWEST])) }
  const ended = await run(`quarantine redrive ${id} nothing`, today)
  expect(ended).toMatchObject({
    code: 1,
    err: expect.stringContaining('Not in quarantine: nothing. Nothing was changed'),
  })
  expect(await emulation.queues.count(intake)).toEqual({ waiting: 0, hidden: 0 })
})

test('Ctrl-C in the middle: what is under way is done, the rest given back, and it says so', async () => {
  await quarantined(
    'cloudevents',
    Array.from({ length: 30 }, (_, index) => signature(`${index}`)),
  )
  let release = () => {}
  let held = () => {}
  const reached = new Promise<void>((done) => {
    held = done
  })
  emulation.before = async ({ operation, queue }) => {
    if (operation === 'SendMessageBatch' && queue === intake.name) {
      held()
      await new Promise<void>((done) => {
        release = done
      })
    }
    return undefined
  }
  const running = begin(['quarantine', 'redrive'], { ...env, REGISTRIES: listFile('new', registries([NEWEST])) })
  await reached
  const heard = new Promise<void>((done) => {
    running.child.stderr?.on('data', () => running.err().includes('Stopping') && done())
  })
  running.child.kill('SIGINT')
  await heard
  release()
  const { code, err } = await running.ended
  expect([code, err]).toEqual([
    130,
    expect.stringContaining('1 event put onto the intake queue, 1 thing taken out of quarantine.'),
  ])
  const events = await drain(intake)
  const left = await drain(quarantine)
  expect([events.length, left.length]).toEqual([1, 29])
})

test('what lies on the dead-letter queue of quarantine is told, and looking does not bring anything there', async () => {
  await emulation.queues.send(deadLetterQueue(quarantine), [{ body: '{}', attributes: {} }])
  const { code, err } = await run('quarantine list', env)
  expect([code, err]).toEqual([
    0,
    expect.stringContaining(
      '1 more message on registry-events-local-quarantine-dlq: registry-events dlq redrive quarantine',
    ),
  ])
  expect(queueAttributes('quarantine', 'arn').RedrivePolicy).toMatchObject({ maxReceiveCount: 1000 })
})
