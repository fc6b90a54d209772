import { call } from '../../lib/aws.ts'
import { archiveQueues, deadLetterQueue, intakeQueue, locationQueues, quarantineQueue } from '../../lib/queues/names.ts'
import type { QueueRef } from '../../lib/queues/queue.ts'
import type { Emulation } from '../emulation.ts'
import { until } from './deadline.ts'

// How many messages lie on a queue, counted without receiving them: those that wait and those that somebody works on.

const intake = intakeQueue('local', 'eu-central-1')
const queues = [
  intake,
  quarantineQueue('local', 'eu-central-1'),
  ...locationQueues('local'),
  ...archiveQueues('local'),
].flatMap((queue) => [queue, deadLetterQueue(queue)])

const COUNTS = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible']

/** Messages on `queue`, hidden ones included. */
export async function depth({ emulatorPort }: Emulation, { name, awsRegion }: QueueRef): Promise<number> {
  const endpoint = `http://127.0.0.1:${emulatorPort}`
  const aws = { endpoint, credentials: () => ({ accessKeyId: 'test', secretAccessKey: 'test' }) }
  const input = { QueueUrl: `${endpoint}/000000000000/${name}`, AttributeNames: COUNTS }
  const { Attributes } = await call(aws, 'sqs', awsRegion, 'AmazonSQS.GetQueueAttributes', input, 5000)
  return COUNTS.reduce((sum, count) => sum + Number((Attributes as Record<string, string>)[count]), 0)
}

/** Names of all queues of the emulation on which something lies, dead-letter queues and quarantine included. */
export async function occupied(emulation: Emulation): Promise<string[]> {
  const depths = await Promise.all(queues.map((queue) => depth(emulation, queue)))
  return queues.flatMap(({ name }, index) => (depths[index] === 0 ? [] : [name]))
}

/** Resolves when nothing is left to do: nothing is on the intake queue, and everything is archived. */
export const drained = (emulation: Emulation, seconds: number): Promise<void> =>
  until(
    'the intake queue and the archive queues are empty',
    async () => {
      const depths = [intake, ...archiveQueues('local')].map((queue) => depth(emulation, queue))
      return (await Promise.all(depths)).every((messages) => messages === 0)
    },
    seconds,
    () => emulation.output(),
  )
