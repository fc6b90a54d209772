import { type Aws, AwsError, call } from '../aws.ts'
import { RouterError } from '../errors.ts'
import { batches, type Message, type QueueRef, type Queues, type Received, type Refusal, tens } from './queue.ts'

/** `timeout`: milliseconds that a call may take when its caller does not say, all of a `send` together; `accountId`: the AWS account of the queues. */
export interface SqsOptions extends Aws {
  accountId: string
  timeout: number
}

/** Calls that are under way at once for one `send`. */
const PARALLEL = 16

const SYSTEM_ATTRIBUTES = ['ApproximateReceiveCount', 'SentTimestamp'] as const
const COUNTS = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const

interface Entry {
  Id: string
}

interface Failed extends Entry {
  Code?: string
  Message?: string
  SenderFault?: boolean
}

interface SqsMessage {
  MessageId: string
  ReceiptHandle: string
  Body: string
  Attributes?: { ApproximateReceiveCount?: string; SentTimestamp?: string }
  MessageAttributes?: Record<string, { StringValue?: string }>
}

const toAttributes = (attributes: Message['attributes']) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  )

const toReceived = (message: SqsMessage): Received => ({
  messageId: message.MessageId,
  receipt: message.ReceiptHandle,
  sentAt: Number(message.Attributes?.SentTimestamp ?? 0),
  receiveCount: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
  body: message.Body,
  attributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue ?? '']),
  ),
})

/** SQS calls it the sender's fault as well when it throttles, or when a key can't be used just now. */
const PASSING = /throttl|^kms/i

const toRefusal = ({ Code = 'Unknown', Message = '', SenderFault }: Omit<Failed, 'Id'> = {}): Refusal => ({
  sendersFault: SenderFault === true && !PASSING.test(Code),
  why: `${Code} ${Message}`.trim(),
})

/** Amazon SQS, or whatever speaks its JSON protocol at `options.endpoint`. */
export function sqs(options: SqsOptions): Queues {
  async function ask(
    queue: QueueRef,
    operation: string,
    input: object,
    timeout = options.timeout,
  ): Promise<Record<string, unknown>> {
    // The URL is the queue's name in full; where the call goes is another matter (`endpoint`).
    const QueueUrl = `https://sqs.${queue.awsRegion}.amazonaws.com/${options.accountId}/${queue.name}`
    try {
      return await call(options, 'sqs', queue.awsRegion, `AmazonSQS.${operation}`, { QueueUrl, ...input }, timeout)
    } catch (cause) {
      const why = cause instanceof AwsError ? `${cause.code} ${cause.message}` : (cause as Error).message
      throw new RouterError('UNAVAILABLE', `${operation} of ${queue.name} in ${queue.awsRegion} failed: ${why}`, {
        cause,
      })
    }
  }

  /** Asks for the entries at `indices`, at most 10, and resolves to the refusals of those that were refused, by index. */
  async function askBatch(
    queue: QueueRef,
    operation: string,
    entries: readonly object[],
    indices: readonly number[],
    timeout: number,
  ): Promise<Map<number, Refusal>> {
    const Entries = indices.map((index) => ({ Id: String(index), ...entries[index] }))
    const answer = (await ask(queue, operation, { Entries }, timeout)) as { Successful?: Entry[]; Failed?: Failed[] }
    const failed = (index: number) => answer.Failed?.find(({ Id }) => Id === String(index))
    // What is not named as taken was not taken, whatever `Failed` says.
    const refusals = new Map(indices.map((index) => [index, toRefusal(failed(index))]))
    for (const { Id } of answer.Successful ?? []) refusals.delete(Number(Id))
    return refusals
  }

  /** Asks for all of `entries`, those of one of `lists` in one call, and resolves to the indices of those that were refused; `refusals` says why. */
  async function askAll(
    queue: QueueRef,
    operation: string,
    entries: readonly object[],
    lists: number[][],
    timeout = options.timeout,
    refusals = new Map<number, Refusal>(),
  ): Promise<number[]> {
    const end = performance.now() + timeout
    const left = () => Math.max(1, end - performance.now())
    const worker = async () => {
      for (let list = lists.shift(); list; list = lists.shift()) {
        const refused = await askBatch(queue, operation, entries, list, left())
        if (refused.size === 0) continue
        // A single entry fails for passing reasons (throttling, an internal error): once more in the time that is left. What the first
        // call took stays taken when the second one fails.
        const again = askBatch(queue, operation, entries, [...refused.keys()], left())
        for (const [index, refusal] of await again.catch(() => refused)) refusals.set(index, refusal)
      }
    }
    // After a failure no further batch is begun: nothing was promised, and whoever asked will ask for all of them again.
    const stop = (error: unknown): never => {
      lists.length = 0
      throw error
    }
    await Promise.all(Array.from({ length: Math.min(PARALLEL, lists.length) }, () => worker().catch(stop)))
    return [...refusals.keys()].sort((a, b) => a - b)
  }

  return {
    async send(queue, messages, timeout, refusals) {
      const entries = messages.map(({ body, attributes }) => ({
        MessageBody: body,
        MessageAttributes: toAttributes(attributes),
      }))
      return askAll(queue, 'SendMessageBatch', entries, batches(messages), timeout, refusals)
    },
    async receive(queue, most, waitSeconds, hideSeconds) {
      const input = {
        MaxNumberOfMessages: most,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: hideSeconds,
        MessageSystemAttributeNames: SYSTEM_ATTRIBUTES,
        AttributeNames: SYSTEM_ATTRIBUTES,
        MessageAttributeNames: ['All'],
      }
      const answer = await ask(queue, 'ReceiveMessage', input, options.timeout + waitSeconds * 1000)
      return ((answer.Messages ?? []) as SqsMessage[]).map(toReceived)
    },
    async remove(queue, receipt) {
      await ask(queue, 'DeleteMessage', { ReceiptHandle: receipt })
    },
    async hide(queue, receipt, seconds) {
      await ask(queue, 'ChangeMessageVisibility', { ReceiptHandle: receipt, VisibilityTimeout: seconds })
    },
    async removeAll(queue, receipts, timeout) {
      const entries = receipts.map((ReceiptHandle) => ({ ReceiptHandle }))
      return askAll(queue, 'DeleteMessageBatch', entries, tens(entries), timeout)
    },
    async hideAll(queue, hidings, timeout) {
      const entries = hidings.map(({ receipt, seconds }) => ({ ReceiptHandle: receipt, VisibilityTimeout: seconds }))
      return askAll(queue, 'ChangeMessageVisibilityBatch', entries, tens(entries), timeout)
    },
    async count(queue, timeout) {
      const answer = await ask(queue, 'GetQueueAttributes', { AttributeNames: COUNTS }, timeout)
      const [waiting, hidden] = COUNTS.map((name) => Number((answer.Attributes as Record<string, string>)[name]))
      return { waiting: waiting as number, hidden: hidden as number }
    },
    async ready(queue, timeout) {
      await ask(queue, 'GetQueueAttributes', { AttributeNames: ['QueueArn'] }, timeout)
    },
  }
}
