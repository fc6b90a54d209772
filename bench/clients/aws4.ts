import type { Message } from '../../lib/queues/queue.ts'
import { sqs } from '../../lib/queues/sqs.ts'

// The client that the functions use.

const { AWS_ENDPOINT: endpoint = '', AWS_REGION: awsRegion = '', ACCOUNT_ID: accountId = '' } = process.env
const credentials = () => ({
  accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? '',
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? '',
})
const queues = sqs({ endpoint, accountId, credentials, timeout: 5000 })
const queue = { name: 'registry-events-local-intake', awsRegion }

/** Sends `messages`, at most 10; rejects unless all were taken. */
export async function send(messages: readonly Message[]): Promise<void> {
  const failed = await queues.send(queue, messages)
  if (failed.length > 0) throw new Error(`${failed.length} messages were refused`)
}
