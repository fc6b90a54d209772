import { AwsClient } from 'aws4fetch'
import type { Message } from '../../lib/queues/queue.ts'
import { entriesOf } from '../entries.ts'

// The small signer of the web platform, over `fetch`.

const { AWS_ENDPOINT: endpoint = '', AWS_REGION: region = '', ACCOUNT_ID: accountId = '' } = process.env
const client = new AwsClient({
  accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? '',
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? '',
  service: 'sqs',
  region,
})
const QueueUrl = `${endpoint}/${accountId}/registry-events-local-intake`
const headers = { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'AmazonSQS.SendMessageBatch' }

/** Sends `messages`, at most 10; rejects unless all were taken. */
export async function send(messages: readonly Message[]): Promise<void> {
  const Entries = entriesOf(messages)
  const response = await client.fetch(endpoint, {
    method: 'POST',
    headers,
    body: JSON.stringify({ QueueUrl, Entries }),
  })
  const { Successful = [] } = (await response.json()) as { Successful?: unknown[] }
  if (!response.ok || Successful.length < messages.length) throw new Error(`messages were refused: ${response.status}`)
}
