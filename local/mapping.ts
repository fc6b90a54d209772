import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { QueueRef, Queues, Received } from '../lib/queues/queue.ts'

/** A Lambda function that consumes a queue. */
export type Consumer = (event: SQSEvent, context: { awsRequestId: string }) => Promise<SQSBatchResponse>

/** Seconds that a message is hidden while it is worked on. On AWS it is longer; here a killed process should not cost a minute. */
const HIDE_SECONDS = 10
/** Seconds that one look into the queue waits for a message. */
const WAIT_SECONDS = 2
/** Pause in milliseconds after a look that failed. */
const PAUSE = 500

/** An event source mapping: consumes a queue until it is stopped. */
export interface Mapping {
  /** Resolves when the batch that is under way is done. */
  stop(): Promise<void>
}

const toEvent = (messages: readonly Received[], queue: QueueRef): SQSEvent => ({
  Records: messages.map((message) => ({
    messageId: message.messageId,
    receiptHandle: message.receipt,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: '',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${queue.awsRegion}:000000000000:${queue.name}`,
    awsRegion: queue.awsRegion,
  })),
})

/** Up to `size` messages: waits for the first and takes what else is there, ten at a time. */
async function gather(queues: Queues, queue: QueueRef, size: number): Promise<Received[]> {
  const messages = await queues.receive(queue, 10, WAIT_SECONDS, HIDE_SECONDS)
  let more = messages.length
  while (more === 10 && messages.length < size) {
    const next = await queues.receive(queue, 10, 0, HIDE_SECONDS)
    more = next.length
    messages.push(...next)
  }
  return messages
}

/**
 * Consumes `queue` as Lambda's event source mapping with `ReportBatchItemFailures` does: batches of up to `size` go to `consume`,
 * what it does not name as failed is removed, what it names stays hidden for a while and comes again, in the end on the
 * dead-letter queue of the queue. A throwing consumer fails its whole batch. `warn` is told what went wrong.
 */
export function startMapping(
  queues: Queues,
  queue: QueueRef,
  consume: Consumer,
  size: number,
  warn: (message: string) => void,
): Mapping {
  let stopped = false
  const round = async (count: number) => {
    const messages = await gather(queues, queue, size)
    if (messages.length === 0) return
    const { batchItemFailures } = await consume(toEvent(messages, queue), { awsRequestId: `local-${count}` })
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
    const done = messages.filter(({ messageId }) => !failed.has(messageId))
    await Promise.all(done.map(({ receipt }) => queues.remove(queue, receipt)))
  }
  const run = async () => {
    for (let count = 1; !stopped; count++) {
      try {
        await round(count)
      } catch (error) {
        if (stopped) return
        warn(`${queue.name}: ${(error as Error).message}`)
        await new Promise((resolve) => setTimeout(resolve, PAUSE))
      }
    }
  }
  const running = run()
  return {
    async stop() {
      stopped = true
      await running
    },
  }
}
