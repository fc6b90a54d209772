import { createHash, timingSafeEqual } from 'node:crypto'
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import * as z from 'zod'

// What the image function is compared with: the same work with the AWS SDK, zod and middy, short and without detours, and without
// the tables, the other sources and the quarantine of ours.

const envelope = z.object({
  events: z.array(
    z.object({
      id: z.string(),
      timestamp: z.iso.datetime({ offset: true }),
      action: z.enum(['push', 'pull', 'delete']),
      target: z.object({
        mediaType: z.string().optional(),
        digest: z.string().optional(),
        repository: z.string(),
        tag: z.string().optional(),
      }),
      request: z
        .object({ id: z.string(), addr: z.string(), host: z.string(), useragent: z.string() })
        .partial()
        .optional(),
      actor: z.object({ name: z.string().optional() }).optional(),
    }),
  ),
})

type DistributionEvent = z.infer<typeof envelope>['events'][number]

const { AWS_ENDPOINT: endpoint, ACCOUNT_ID: accountId, SECRET_DISTRIBUTION: secret = 'local' } = process.env
const client = new SQSClient(endpoint ? { endpoint } : {})
const QueueUrl = `${endpoint ?? 'https://sqs.eu-central-1.amazonaws.com'}/${accountId}/registry-events-local-intake`

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

const isGenuine = (authorization = ''): boolean =>
  timingSafeEqual(sha256(authorization.replace(/^Bearer /, '')), sha256(secret))

function toAuditEvent({ id, timestamp, action, target, request, actor }: DistributionEvent) {
  const name = `de.icr.io/${target.repository}${target.tag ? `:${target.tag}` : ''}`
  const user = actor?.name ?? ''
  return {
    id,
    eventTime: new Date(timestamp).toISOString(),
    action: `container-registry.image.${action}`,
    outcome: 'success',
    message: `Container Registry: ${action} image ${name}`,
    severity: action === 'delete' ? 'critical' : 'normal',
    dataEvent: true,
    initiator: {
      id: user,
      name: user,
      typeURI: 'service/security/account/user',
      credential: { type: 'user' },
      host: { address: request?.addr ?? '', addressType: 'IPv4', agent: request?.useragent },
    },
    target: {
      id: `de.icr.io/${target.repository}@${target.digest}`,
      name,
      typeURI: 'container-registry/image',
      host: { address: request?.host },
    },
    observer: { name: 'ActivityTracker' },
    reason: { reasonCode: 200, reasonType: 'OK' },
    logSourceCRN: 'crn:v1:bluemix:public:container-registry::a/local::',
    saveServiceCopy: true,
    correlationId: request?.id,
  }
}

const answer = (statusCode: number, body: object): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

const text = (value: string) => ({ DataType: 'String', StringValue: value })

async function receive(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  if (!isGenuine(event.headers.authorization)) return answer(401, { code: 'UNAUTHENTICATED' })
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8').toString()
  const events = envelope.parse(JSON.parse(body)).events.map(toAuditEvent)
  const Entries = events.map((auditEvent, index) => ({
    Id: String(index),
    MessageBody: JSON.stringify(auditEvent),
    MessageAttributes: {
      type: text('audit'),
      account: text('local'),
      action: text(auditEvent.action),
      id: text(auditEvent.id),
    },
  }))
  const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  if (Failed.length > 0) return answer(503, { code: 'UNAVAILABLE' })
  process.stdout.write(`${JSON.stringify({ event: 'request', accepted: events.length, status: 202 })}\n`)
  return answer(202, { accepted: events.map(({ id, action }) => ({ id, action })) })
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use({
    onError(request) {
      request.response = answer(500, { code: 'INTERNAL' })
    },
  })
  .handler(receive)
