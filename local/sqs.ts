import type { Server as HttpServer } from 'node:http'
import { Server } from 'node:net'
import { type FauxqsServer, startFauxqs } from 'fauxqs'
import { queueAttributes } from '../deploy/template.ts'
import { call } from '../lib/aws.ts'
import {
  archiveQueues,
  deadLetterQueue,
  intakeQueue,
  locationQueues,
  type QueueSpec,
  quarantineQueue,
} from '../lib/queues/names.ts'
import type { Look } from './accounting.ts'
import { groupCommits } from './commits.ts'

// SQS on one machine: fauxqs in this process, its state in SQLite.

export const ACCOUNT = '000000000000'

/** Every queue of the queue contract, for one region of the router. */
export const allQueues = (stage: string, awsRegion: string): QueueSpec[] => [
  { ...intakeQueue(stage, awsRegion), kind: 'intake' },
  { ...quarantineQueue(stage, awsRegion), kind: 'quarantine' },
  ...locationQueues(stage),
  ...archiveQueues(stage),
]

const texts = (attributes: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  )

/**
 * Runs `start` so that what it makes listen does so on loopback: fauxqs listens on every address and has no option for it. The
 * server is shown to `meet` before it listens.
 */
export async function onLoopback<T>(start: () => Promise<T>, meet?: (server: HttpServer) => void): Promise<T> {
  const { listen } = Server.prototype
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    meet?.(this as HttpServer)
    const [options, ...rest] = args
    const bound = typeof options === 'object' && options !== null ? { ...options, host: '127.0.0.1' } : options
    return Reflect.apply(listen, this, [bound, ...rest])
  } as typeof listen
  try {
    return await start()
  } finally {
    Server.prototype.listen = listen
  }
}

/**
 * Starts SQS on `port` of the loopback address with every queue of `stage` in its AWS region; messages are kept in `dataDir` over
 * restarts and kills. Queues that exist keep their messages and get today's attributes.
 */
export async function startSqs(port: number, dataDir: string, stage: string, awsRegion: string): Promise<FauxqsServer> {
  const { watch, hold } = groupCommits()
  const start = () => watch(() => startFauxqs({ port, dataDir, logger: false, defaultRegion: awsRegion }))
  const server = await onLoopback(start, hold)
  const wanted = allQueues(stage, awsRegion).flatMap((queue) => {
    const dead = deadLetterQueue(queue)
    const deadArn = `arn:aws:sqs:${queue.awsRegion}:${ACCOUNT}:${dead.name}`
    return [
      { ...dead, attributes: texts(queueAttributes('dlq')) },
      { ...queue, attributes: texts(queueAttributes(queue.kind, deadArn)) },
    ]
  })
  // `setup` leaves queues alone that exist; `createQueue` would empty them.
  const { queues } = server.setup({
    queues: wanted.map(({ name, awsRegion: region, attributes }) => ({ name, region, attributes })),
  })
  const elsewhere = wanted.filter(
    ({ name, awsRegion: region }) => !server.inspectQueue(name)?.arn.startsWith(`arn:aws:sqs:${region}:`),
  )
  if (elsewhere.length > 0) {
    await server.stop()
    const names = elsewhere.map(({ name }) => name).join(', ')
    throw new Error(
      `${names} in STATE_DIR ${dataDir} are of another AWS region: start with that one, or set STATE_DIR to another folder.`,
    )
  }
  const aws = {
    endpoint: `http://127.0.0.1:${server.port}`,
    credentials: () => ({ accessKeyId: 'local', secretAccessKey: 'local' }),
  }
  for (const [index, { created, url }] of queues.entries()) {
    const { awsRegion: region, attributes } = wanted[index] as (typeof wanted)[number]
    if (created) continue
    await call(aws, 'sqs', region, 'AmazonSQS.SetQueueAttributes', { QueueUrl: url, Attributes: attributes }, 5000)
  }
  return server
}

/** Looks into the queues of `server` by name: everything that lies there, hidden or not, and nothing changes. */
export function lookInto(server: FauxqsServer): Look {
  return (queue) => {
    const { ready = [], delayed = [], inflight = [] } = server.inspectQueue(queue)?.messages ?? {}
    return [...ready, ...delayed, ...inflight.map(({ message }) => message)].map((message) => ({
      messageId: message.messageId,
      body: message.body,
      attributes: Object.fromEntries(
        Object.entries(message.messageAttributes).map(([name, { StringValue }]) => [name, StringValue ?? '']),
      ),
    }))
  }
}
