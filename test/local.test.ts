import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, test } from '@jest/globals'
import { startFauxqs } from 'fauxqs'
import { quarantineQueue } from '../lib/queues/names.ts'
import { sqs } from '../lib/queues/sqs.ts'
import { type Consumer, startMapping } from '../local/mapping.ts'
import { freePort, queueAt, spawnEmulation, startEmulation, take } from './emulation.ts'

const awsRegion = 'eu-central-1'
const headers = { authorization: 'Bearer local', 'content-type': 'application/vnd.docker.distribution.events.v1+json' }
const push = (id: string) =>
  JSON.stringify({ events: [{ id, action: 'push', target: { repository: 'team/app', tag: id, digest: 'sha256:0a' } }] })

test('bodies arrive byte for byte, whatever they are; what the HTTP server refuses is answered as the contract says', async () => {
  const emulation = await startEmulation()
  try {
    const post = (body: Uint8Array | string, type = 'application/json') =>
      fetch(`${emulation.url}/webhooks/distribution`, {
        method: 'POST',
        headers: { ...headers, 'content-type': type },
        body: body as string,
      })
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x80, 0x22])
    for (const type of ['application/json', 'application/cloudevents+json', 'text/plain', 'application/octet-stream']) {
      const response = await post(bytes, type)
      expect([type, response.status]).toEqual([type, 202])
      const [message] = await emulation.queues.receive(quarantineQueue('local', awsRegion), 1, 5, 60)
      const kept = JSON.parse(message?.body ?? '{}')
      expect([kept.headers['content-type'], Buffer.from(kept.body, 'base64').toString('hex')]).toEqual([
        type,
        bytes.toString('hex'),
      ])
    }
    const large = await post(Buffer.alloc(11 * 1024 * 1024))
    expect([large.status, await large.json()]).toEqual([
      413,
      { code: 'TOO_LARGE', message: 'The body is larger than the limit.' },
    ])
    const path = await fetch(`${emulation.url}/webhooks/%E0%A4%A`, { method: 'POST', headers, body: '{}' })
    expect([path.status, Object.keys((await path.json()) as object)]).toEqual([404, ['code', 'message']])
    const addresses = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter((entry) => !entry.internal && entry.family === 'IPv4')
    for (const { address } of addresses) {
      for (const port of [emulation.port, emulation.emulatorPort]) {
        const socket = connect(port, address)
        const [error] = (await Promise.race([once(socket, 'error'), once(socket, 'connect')])) as [Error | undefined]
        socket.destroy()
        expect(error?.message).toContain('ECONNREFUSED')
      }
    }
  } finally {
    await emulation.close()
  }
}, 30_000)

test('a restart keeps what is on the queues, and SIGINT ends with 0', async () => {
  const first = await startEmulation()
  const { port, emulatorPort, stateDir } = first
  const response = await fetch(`${first.url}/webhooks/distribution`, { method: 'POST', headers, body: push('kept') })
  expect(response.status).toBe(202)
  expect(await first.stop('SIGINT')).toBe(0)
  const second = await startEmulation({ port, emulatorPort, stateDir })
  try {
    const [delivered] = await take(second.queues, queueAt('eu-de'), (taken) => taken.length === 1)
    expect(delivered?.event.target.name).toBe('de.icr.io/team/app:kept')
  } finally {
    await second.close()
  }
}, 40_000)

test('a taken port and a mistake in the environment are told plainly, and nothing starts', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const free = String(await freePort())
  const [taken, wrong] = await Promise.all(
    [
      { PORT: String(port), EMULATOR_PORT: free },
      { PORT: free, EMULATOR_PORT: free, EDITION: '1999-01-01', SECRET_DISTRIBUTION: '' },
    ].map(async (env) => {
      const { ended, output } = spawnEmulation(env)
      return { code: await ended, output: output() }
    }),
  )
  other.close()
  expect(taken?.output).toContain(`Port ${port} for HTTP is taken by another program: set PORT to a free one.`)
  expect(wrong?.output).toContain(
    'EDITION: edition 1999-01-01 is outside of the tables known here: 2019-07-25 to 2026-08-11',
  )
  expect([taken?.code, wrong?.code]).toEqual([1, 1])
}, 30_000)

test('the event source mapping removes what was done, repeats what failed, and leaves the hopeless to the dead-letter queue', async () => {
  const server = await startFauxqs({ port: 0, logger: false, defaultRegion: awsRegion })
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
    hideSeconds: 0,
    warn: (message) => warnings.push(message),
  })
  const [message] = await queues.receive(dead, 1, 10, 60)
  await mapping.stop()
  expect(message?.body).toBe('hopeless')
  expect(seen.hopeless).toBe(5)
  expect(warnings.some((warning) => warning.includes('out of order'))).toBe(true)
  expect(await queues.receive(queue, 10, 0, 60)).toEqual([])
  await server.stop()
}, 30_000)
