import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { QueueRef, Queues, Received } from '../lib/queues/queue.ts'

/** A Lambda function that consumes a queue. */
export type Consumer = (event: SQSEvent, context: { awsRequestId: string }) => Promise<SQSBatchResponse>

/** Pause in milliseconds after a look that failed. */
const PAUSE = 500
/** How a queue is consumed. */
export interface MappingOptions {
  /** Most messages of one invocation. */
  size: number
  /** Batches that are worked on at once: one that waits for something that hangs holds nobody else up. */
  rounds: number
  /** Seconds that one look into the queue waits for a message. */
  waitSeconds: number
  /** Seconds that a message is hidden while it is worked on, and until it comes again after it failed. */
  hideSeconds: number
  /** Is told what went wrong. */
  warn(message: string): void
}

/** An event source mapping: consumes a queue until it is stopped. */
export interface Mapping {
  /** Resolves when the batches that are under way are done; nobody waits for messages that may still come. */
  stop(): Promise<void>
}

const toEvent = (messages: readonly Received[], queue: QueueRef): SQSEvent => ({
  Records: messages.map((message) => ({
    messageId: message.messageId,
    receiptHandle: message.receipt,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAt),
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

/** A batch: waits for the first messages and takes what else is there, ten at a time. */
async function gather(queues: Queues, queue: QueueRef, options: MappingOptions): Promise<Received[]> {
  const { size, waitSeconds, hideSeconds } = options
  const most = Math.min(size, 10)
  const messages = await queues.receive(queue, most, waitSeconds, hideSeconds)
  let more = messages.length
  while (more === most && messages.length + most <= size) {
    const next = await queues.receive(queue, most, 0, hideSeconds)
    more = next.length
    messages.push(...next)
  }
  return messages
}

/**
 * Consumes `queue` as Lambda's event source mapping with `ReportBatchItemFailures` does: batches go to `consume`, a few at once, what it does not
 * name as failed is removed, what it names comes again when it is no longer hidden, in the end on the dead-letter queue of the
 * queue. A throwing consumer fails its whole batch.
 */
export function startMapping(queues: Queues, queue: QueueRef, consume: Consumer, options: MappingOptions): Mapping {
  let stopped = false
  let count = 0
  const working = new Set<Promise<void>>()
  const work = async (messages: readonly Received[]) => {
    const { batchItemFailures } = await consume(toEvent(messages, queue), { awsRequestId: `local-${++count}` })
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
    const done = messages.filter(({ messageId }) => !failed.has(messageId))
    await queues.removeAll(
      queue,
      done.map(({ receipt }) => receipt),
    )
  }
  const round = async () => {
    const messages = await gather(queues, queue, options)
    // What comes now comes again after the next start.
    if (stopped || messages.length === 0) return
    const batch = work(messages)
    working.add(batch)
    await batch.finally(() => working.delete(batch))
  }
  const run = async () => {
    while (!stopped) {
      try {
        await round()
      } catch (error) {
        if (stopped) return
        options.warn(`${queue.name}: ${(error as Error).message}`)
        await new Promise((resolve) => setTimeout(resolve, PAUSE))
      }
    }
  }
  for (let rounds = 0; rounds < options.rounds; rounds++) void run()
  return {
    async stop() {
      stopped = true
      await Promise.allSettled(working)
    },
  }
}
