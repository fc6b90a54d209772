import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { Message } from '../../lib/queues/queue.ts'

// AWS's own client; region and credentials come from the environment, as on Lambda.

const { AWS_ENDPOINT: endpoint = '', ACCOUNT_ID: accountId = '' } = process.env
const client = new SQSClient({ endpoint })
const QueueUrl = `${endpoint}/${accountId}/registry-events-local-intake`

/** Sends `messages`, at most 10; rejects unless all were taken. */
export async function send(messages: readonly Message[]): Promise<void> {
  const Entries = messages.map(({ body, attributes }, index) => ({
    Id: String(index),
    MessageBody: body,
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
    ),
  }))
  const { Successful = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  if (Successful.length < messages.length) throw new Error('messages were refused')
}
