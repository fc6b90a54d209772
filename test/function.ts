import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jest } from '@jest/globals'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { RegistryConfig } from '../lib/registries.ts'
import { secretVariable } from '../lib/secrets.ts'

// The deployed function itself, as Lambda runs it: from the event of an HTTP API to what it sends to SQS, a server on loopback.

/** A message that was sent: the name of its queue, its body and its attributes. */
export interface Sent {
  queue: string
  body: string
  attributes: Record<string, { StringValue: string }>
}

/** What comes in over HTTP; what is left out is a POST without anything from 192.0.2.1. */
export interface Incoming {
  path: string
  method?: string
  query?: string
  headers?: Readonly<Record<string, string>>
  body?: Buffer | string
  address?: string
  /** Hands the body over in base64. */
  encoded?: boolean
}

/** A function. */
export interface Deployed {
  call(request: Incoming): Promise<{ status: number; headers: Record<string, string>; text: string }>
  /** Hands over an event as it is. */
  handle(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2>
  /** Everything that it sent so far. */
  sent: Sent[]
  /** Everything that it printed so far. */
  printed(): string
  close(): void
}

const toEvent = ({ path, method = 'POST', query = '', headers = {}, body = '', address, encoded = true }: Incoming) =>
  ({
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: { 'x-forwarded-for': '203.0.113.99', ...headers },
    requestContext: { http: { method, path, protocol: 'HTTP/1.1', sourceIp: address ?? '192.0.2.1', userAgent: '' } },
    body: Buffer.from(body).toString(encoded ? 'base64' : 'utf8'),
    isBase64Encoded: encoded,
  }) as unknown as APIGatewayProxyEventV2

/** Opens the function of every family for `registries` with their `secrets`, by id. Once in a test file. */
export async function openFunction(
  registries: readonly RegistryConfig[],
  secrets: Readonly<Record<string, string>>,
): Promise<Deployed> {
  const sent: Sent[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { QueueUrl, Entries = [] } = JSON.parse(Buffer.concat(chunks).toString())
    for (const { MessageBody, MessageAttributes } of Entries) {
      sent.push({ queue: QueueUrl.split('/').at(-1), body: MessageBody, attributes: MessageAttributes })
    }
    response.end(JSON.stringify({ Successful: Entries.map(({ Id }: { Id: string }) => ({ Id })) }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const variables = Object.fromEntries(Object.entries(secrets).map(([id, value]) => [secretVariable(id), value]))
  const AWS_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(process.env, variables, { EMULATION: 'local', AWS_ENDPOINT })
  // A test may have loaded the real list already.
  jest.resetModules()
  jest.unstable_mockModule('../registries.ts', () => ({ registries }))
  const { handler } = await import('../functions/webhook.ts')
  const lines: string[] = []
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    lines.push(String(chunk))
    return true
  })
  const handle: Deployed['handle'] = (event) =>
    (handler as unknown as (...of: unknown[]) => never)(event, { awsRequestId: 'r' })
  return {
    handle,
    async call(request) {
      const { statusCode = 0, headers = {}, body = '' } = await handle(toEvent(request))
      return { status: statusCode, headers: headers as Record<string, string>, text: body }
    },
    sent,
    printed: () => lines.join(''),
    close() {
      write.mockRestore()
      server.closeAllConnections()
      server.close()
    },
  }
}
