import { buildApp } from 'fauxqs'
import { call } from '../lib/aws.ts'
import { intakeQueue, quarantineQueue } from '../lib/queues/names.ts'

/** SQS in this process, on the loopback address, in memory. */
export interface LocalQueues {
  endpoint: string
  /** How many messages lie on the intake queue. */
  waiting(): Promise<number>
  stop(): Promise<void>
}

const REGION = 'eu-central-1'
const TIMEOUT = 5000

/** Starts the queues of the stage `local` that a family function sends to. */
export async function startQueues(): Promise<LocalQueues> {
  const app = buildApp({ logger: false, defaultRegion: REGION })
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' })
  const aws = { endpoint, credentials: () => ({ accessKeyId: 'x', secretAccessKey: 'x' }) }
  const ask = (operation: string, input: object) => call(aws, 'sqs', REGION, `AmazonSQS.${operation}`, input, TIMEOUT)
  const intake = intakeQueue('local', REGION)
  for (const { name } of [intake, quarantineQueue('local', REGION)]) await ask('CreateQueue', { QueueName: name })
  return {
    endpoint,
    async waiting() {
      const QueueUrl = `${endpoint}/000000000000/${intake.name}`
      const AttributeNames = ['ApproximateNumberOfMessages']
      const { Attributes } = await ask('GetQueueAttributes', { QueueUrl, AttributeNames })
      return Number((Attributes as Record<string, string>).ApproximateNumberOfMessages)
    },
    async stop() {
      await app.close()
    },
  }
}
