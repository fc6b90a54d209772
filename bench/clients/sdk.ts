import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { Message } from '../../lib/queues/queue.ts'
import { entriesOf } from '../entries.ts'

// AWS's own client; region and credentials come from the environment, as on Lambda.

const { AWS_ENDPOINT: endpoint = '', ACCOUNT_ID: accountId = '' } = process.env
const client = new SQSClient({ endpoint })
const QueueUrl = `${endpoint}/${accountId}/registry-events-local-intake`

/** Sends `messages`, at most 10; rejects unless all were taken. */
export async function send(messages: readonly Message[]): Promise<void> {
  const Entries = entriesOf(messages)
  const { Successful = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  if (Successful.length < messages.length) throw new Error('messages were refused')
}
