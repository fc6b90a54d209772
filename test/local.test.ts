import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startFauxqs } from 'fauxqs'
import { securityHeaders } from '../lib/answers.ts'
import { call } from '../lib/aws.ts'
import { edition } from '../lib/edition.ts'
import { memory } from '../lib/queues/memory.ts'
import { deadLetterQueue, intakeQueue, quarantineQueue } from '../lib/queues/names.ts'
import type { QueueRef } from '../lib/queues/queue.ts'
import { sqs } from '../lib/queues/sqs.ts'
import type { Report } from '../local/accounting.ts'
import { type Consumer, startMapping } from '../local/mapping.ts'
import { onLoopback, startSqs } from '../local/sqs.ts'
import { until } from './e2e/deadline.ts'
import { type Emulation, queueAt, startEmulation, take } from './emulation.ts'

const awsRegion = 'eu-central-1'

/** Does `operation` of SQS to `queue`, past all of our own code. */
const sqsCall = ({ emulatorPort }: Emulation, queue: QueueRef, operation: string, input: object = {}) => {
  const endpoint = `http://127.0.0.1:${emulatorPort}`
  const aws = { endpoint, credentials: () => ({ accessKeyId: 'test', secretAccessKey: 'test' }) }
  const QueueUrl = `${endpoint}/000000000000/${queue.name}`
  return call(aws, 'sqs', queue.awsRegion, `AmazonSQS.${operation}`, { QueueUrl, ...input }, 5000)
}

describe('an emulation', () => {
  let emulation: Emulation
  beforeAll(async () => {
    emulation = await startEmulation()
  }, 30_000)
  afterAll(() => emulation?.close())

  const post = (body: Uint8Array | string, type = 'application/json') =>
    fetch(`${emulation.url}/webhooks/distribution`, {
      method: 'POST',
      headers: { authorization: 'Bearer local', 'content-type': type },
      body: body as string,
    })

  test('the curl line that it prints works as pasted', async () => {
    const line = /^ {2}curl .*$/m.exec(emulation.output())?.[0] ?? ''
    const answer = JSON.parse(execFileSync('sh', ['-c', line], { encoding: 'utf8' }))
    expect(answer.accepted).toHaveLength(1)
    const [delivered] = await take(emulation.queues, queueAt('eu-de'), (taken) => taken.length === 1)
    expect(delivered?.event.id).toBe(answer.accepted[0].id)
  })

  test('what is on its queue is archived as well, under a checkpoint signed with a key of its own', async () => {
    const archived = async () => {
      const { registries } = (await (await fetch(`${emulation.url}/accounting`)).json()) as Report
      return registries.find(({ registry }) => registry === 'distribution')?.archive.archived === 1
    }
    await until('the event is archived', archived, 10, () => emulation.output())
    const line = /^ {2}curl .*\/events\?.*$/m.exec(emulation.output())?.[0] ?? ''
    const { events } = JSON.parse(execFileSync('sh', ['-c', line], { encoding: 'utf8' }))
    expect(events).toMatchObject([{ location: 'eu-de', leaf: 0, event: { action: 'container-registry.image.push' } }])
    const viewer = await fetch(`${emulation.url}/`)
    expect([viewer.status, viewer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(viewer.headers.get('content-security-policy')).toContain("script-src 'self'")
    const checkpoint = readFileSync(join(emulation.stateDir, 'archive/eu-de/log/checkpoint'), 'utf8')
    expect(checkpoint.split('\n').slice(0, 2)).toEqual(['registry-events.example.com/local/eu-de', '1'])
    expect(statSync(join(emulation.stateDir, 'log-key')).mode & 0o777).toBe(0o600)
  })

  test('bodies arrive byte for byte, whatever they are', async () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x80, 0x22])
    for (const type of ['application/json', 'application/cloudevents+json', 'text/plain', 'application/octet-stream']) {
      const response = await post(bytes, type)
      expect([type, response.status]).toEqual([type, 202])
      const [message] = await emulation.queues.receive(quarantineQueue('local', awsRegion), 1, 5, 60)
      const kept = JSON.parse(message?.body ?? '{}')
      const hex = Buffer.from(kept.body, 'base64').toString('hex')
      expect([kept.headers['content-type'], hex]).toEqual([type, bytes.toString('hex')])
    }
  })

  test('a content type that no server can read is no reason to refuse a genuine webhook', async () => {
    for (const type of ['json', '///', 'multipart/form-data', 'application/json, application/json']) {
      const response = await post('{"events":[]}', type)
      expect([type, response.status]).toEqual([type, 202])
    }
  })

  test('a thousand events in one body are taken at once, by one who has just started', async () => {
    const events = Array.from({ length: 1000 }, (_, index) => ({
      id: `many-${index}`,
      action: 'push',
      target: { repository: 'team/many', tag: `t${index}`, digest: 'sha256:0a' },
    }))
    const response = await post(JSON.stringify({ events }))
    const { accepted } = (await response.json()) as { accepted: { id: string }[] }
    expect([response.status, new Set(accepted.map(({ id }) => id)).size]).toEqual([202, 1000])
    const ids = new Set<string>()
    await take(emulation.queues, queueAt('eu-de'), (taken) => {
      for (const { event } of taken) ids.add(event.id)
      return ids.size >= 1000
    })
    expect(ids).toEqual(new Set(accepted.map(({ id }) => id)))
  }, 30_000)

  test('the tables are answered whole, although a function carries no more of them than it reads', async () => {
    const response = await fetch(`${emulation.url}/actions`)
    const { actions } = edition('2020-07-28')
    expect(await response.json()).toEqual({ edition: '2020-07-28', actions })
  })

  test('what the HTTP server itself refuses is answered as the contract says', async () => {
    const large = await post(Buffer.alloc(11 * 1024 * 1024))
    const message = 'The body is larger than the limit.'
    expect([large.status, await large.json()]).toEqual([413, { code: 'TOO_LARGE', message }])
    const path = await fetch(`${emulation.url}/webhooks/%E0%A4%A`, { method: 'POST', body: '{}' })
    expect([path.status, Object.keys((await path.json()) as object)]).toEqual([404, ['code', 'message']])
  })

  test('every answer has the security headers, whoever gives it, and none lets pages of other sites read it', async () => {
    const Origin = 'https://evil.example'
    const asks: [string, RequestInit, number][] = [
      ['/actions', {}, 200],
      ['/nothing', {}, 404],
      ['/webhooks/distribution', { method: 'POST', body: '{}' }, 401],
      ['/webhooks/%E0%A4%A', { method: 'POST', body: '{}' }, 404],
      ['/webhooks/distribution', { method: 'POST', body: Buffer.alloc(11 * 1024 * 1024) }, 413],
      ['/webhooks/distribution', { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'POST' } }, 401],
      ['/actions', { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'POST' } }, 404],
    ]
    for (const [path, ask, status] of asks) {
      const answer = await fetch(emulation.url + path, { ...ask, headers: { ...ask.headers, Origin } })
      await answer.arrayBuffer()
      const headers = Object.fromEntries(answer.headers)
      expect([path, answer.status, headers]).toEqual([path, status, expect.objectContaining(securityHeaders)])
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })

  test('nobody reaches it from another machine', async () => {
    const addresses = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter((entry) => !entry.internal && entry.family === 'IPv4')
      .map((entry) => entry.address)
    // On Linux this is the machine, too, and who listens on every address answers there.
    if (process.platform === 'linux') addresses.push('127.0.0.2')
    for (const address of addresses) {
      for (const port of [emulation.port, emulation.emulatorPort]) {
        const socket = connect(port, address)
        const [error] = (await Promise.race([once(socket, 'error'), once(socket, 'connect')])) as [Error | undefined]
        socket.destroy()
        expect(error?.message).toContain('ECONNREFUSED')
      }
    }
  })

  // The last one, because it takes away what others need.
  test('its accounts hold for all of the above, and name what vanishes behind the router', async () => {
    const ask = async () => (await (await fetch(`${emulation.url}/accounting`)).json()) as Report
    const eventsOf = ({ registries }: Report, id: string) => {
      const events = registries.find(({ registry }) => registry === id)?.events
      if (!events) throw new Error(`The report has no registry ${id}`)
      return events
    }
    const print = () => {
      const env = { PATH: process.env.PATH, PORT: String(emulation.port) }
      const { status, stdout } = spawnSync(process.execPath, ['scripts/accounting.ts'], { env, encoding: 'utf8' })
      return { status, stdout }
    }
    const above = await ask()
    expect(above).toMatchObject({ holds: true, mistakes: [] })
    const { accepted: promised, unanswered, routed, onIntake } = eventsOf(above, 'distribution')
    expect(promised).toBeGreaterThan(0)
    expect(promised + unanswered).toBe(routed + onIntake)
    expect(print()).toMatchObject({ status: 0, stdout: expect.stringContaining('The accounts hold') })

    const { quarantined } = (await (await post('{"events":[{"action":"shiny"}]}')).json()) as {
      quarantined: { id: string }[]
    }
    const [kept = { id: 'none' }] = quarantined
    expect(await ask()).toMatchObject({ holds: true, mistakes: [] })
    const ofQuarantine = quarantineQueue('local', awsRegion)
    const there = await emulation.queues.receive(ofQuarantine, 10, 1, 60)
    const taken = there.find(({ attributes }) => attributes.id === kept.id)
    await emulation.queues.remove(ofQuarantine, taken?.receipt ?? '')
    const gone = `GONE: item ${kept.id} of registry distribution (eu-de) was answered 202 as quarantined, but was not redriven and is not whole in quarantine any more.`
    expect(await ask()).toMatchObject({ holds: false, mistakes: [gone] })

    const ofLondon = queueAt('eu-gb')
    const intake = intakeQueue('local', awsRegion)
    const dead = deadLetterQueue(intake)
    await sqsCall(emulation, ofLondon, 'DeleteQueue')
    const item = { id: 'to-vanish', action: 'push', target: { repository: 'team/app', tag: '1', digest: 'sha256:0a' } }
    const response = await fetch(`${emulation.url}/webhooks/distribution-uk-south`, {
      method: 'POST',
      headers: { authorization: 'Bearer local' },
      body: JSON.stringify({ events: [item] }),
    })
    const { accepted } = (await response.json()) as { accepted: { id: string }[] }
    const id = accepted[0]?.id ?? 'none'
    const isPostponed = async () => emulation.output().includes(`"eu-gb":["${id}"]`)
    await until('the router could not deliver the event', isPostponed, 10, () => emulation.output())
    const waiting = await ask()
    expect([waiting.mistakes, eventsOf(waiting, 'distribution-uk-south')]).toMatchObject([[gone], { onIntake: 1 }])

    const lying = await fetch(`http://127.0.0.1:${emulation.emulatorPort}/_fauxqs/queues/${intake.name}`)
    const { messages } = (await lying.json()) as {
      messages: Record<string, { body?: string; message?: { body: string } }[]>
    }
    const [copy] = Object.values(messages).flat()
    await sqsCall(emulation, dead, 'SendMessage', { MessageBody: copy?.message?.body ?? copy?.body })
    await sqsCall(emulation, intake, 'PurgeQueue')
    const buried = await ask()
    expect([buried.mistakes, eventsOf(buried, 'distribution-uk-south')]).toMatchObject([
      [gone],
      { onIntake: 0, deadLettered: 1 },
    ])

    await sqsCall(emulation, dead, 'PurgeQueue')
    const lost = `LOST: event ${id} of registry distribution-uk-south (eu-gb) was answered 202, but was never routed and is on no queue.`
    expect(await ask()).toMatchObject({ holds: false, mistakes: [lost, gone] })
    expect(print()).toMatchObject({ status: 1, stdout: expect.stringContaining(lost) })
  })
})

test('the event source mapping removes what was done, repeats what failed, and leaves the hopeless to the dead-letter queue', async () => {
  const server = await onLoopback(() => startFauxqs({ port: 0, logger: false, defaultRegion: awsRegion }))
  const queue = { name: 'work', awsRegion }
  const dead = { name: 'work-dlq', awsRegion }
  const { queueArn } = server.createQueue(dead.name)
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn, maxReceiveCount: '5' })
  server.createQueue(queue.name, { attributes: { RedrivePolicy } })
  const queues = sqs({
    endpoint: `http://127.0.0.1:${server.port}`,
    accountId: '000000000000',
    timeout: 5000,
    credentials: () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
  })
  const seen: Record<string, number> = {}
  const consume: Consumer = async ({ Records }) => {
    for (const { body } of Records) seen[body] = (seen[body] ?? 0) + 1
    if (Records.some(({ body }) => body === 'throws') && (seen.throws ?? 0) < 3) throw new Error('out of order')
    const failed = Records.filter(({ body }) => body === 'hopeless' || (body === 'twice' && (seen.twice ?? 0) < 2))
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
  }
  const warnings: string[] = []
  await queues.send(
    queue,
    ['fine', 'twice', 'hopeless', 'throws'].map((body) => ({ body, attributes: {} })),
  )
  const mapping = startMapping(queues, queue, consume, {
    size: 1,
    rounds: 3,
    waitSeconds: 1,
    hideSeconds: 0,
    warn: (message) => warnings.push(message),
  })
  try {
    const [message] = await queues.receive(dead, 1, 10, 60)
    await mapping.stop()
    expect(message?.body).toBe('hopeless')
    expect(seen.hopeless).toBe(5)
    expect(warnings.some((warning) => warning.includes('out of order'))).toBe(true)
    expect(await queues.receive(queue, 10, 0, 60)).toEqual([])
  } finally {
    await mapping.stop()
    await server.stop()
  }
}, 30_000)

test('the event source mapping works on other batches while one hangs, and stops when all are done', async () => {
  const queue = { name: 'work', awsRegion }
  const queues = memory()
  queues.create(queue)
  await queues.send(
    queue,
    ['hangs', 'fine', 'last'].map((body) => ({ body, attributes: {} })),
  )
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const consume: Consumer = async ({ Records }) => {
    const [record] = Records
    if (record?.body === 'hangs') await released.promise
    if (record?.body === 'last') reached.resolve()
    return { batchItemFailures: [] }
  }
  const mapping = startMapping(queues, queue, consume, {
    size: 1,
    rounds: 3,
    waitSeconds: 1,
    hideSeconds: 60,
    warn: () => {},
  })
  await reached.promise
  const stopped = mapping.stop()
  expect(await queues.count(queue)).toMatchObject({ waiting: 0 })
  released.resolve()
  await stopped
  expect(await queues.count(queue)).toEqual({ waiting: 0, hidden: 0 })
})

test('a state of another AWS region is not taken over, and keeps what it has', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'registry-event-router-'))
  try {
    const first = await startSqs(0, stateDir, 'local', awsRegion)
    await first.stop()
    await expect(startSqs(0, stateDir, 'local', 'us-east-1')).rejects.toThrow(
      /^registry-events-local-intake-dlq, registry-events-local-intake, .* are of another AWS region/,
    )
    await (await startSqs(0, stateDir, 'local', awsRegion)).stop()
  } finally {
    rmSync(stateDir, { recursive: true, force: true })
  }
})
