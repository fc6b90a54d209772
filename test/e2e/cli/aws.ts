import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Queues } from '../../../lib/queues/queue.ts'
import { sqs } from '../../../lib/queues/sqs.ts'
import { startSqs } from '../../../local/sqs.ts'

// What stands in for AWS on loopback: SQS with every queue of a stage, behind something that refuses calls as AWS does, or holds them.

/** One call as it came in. */
export interface Called {
  /** `ReceiveMessage` */
  operation: string
  /** Name of the queue. */
  queue: string
  awsRegion: string
}

/** An error in the words of AWS. */
export interface Refusal {
  status: number
  type: string
  message: string
}

export interface FakeAws {
  url: string
  port: number
  /** Its queues, by a way that nothing refuses. */
  queues: Queues
  /** Every call that came in since it was emptied. */
  calls: Called[]
  /** Decides about a call: what it resolves to is answered instead, if anything. */
  before: (call: Called) => Promise<Refusal | undefined>
  close(): Promise<void>
}

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function read(request: IncomingMessage, body: Buffer): Called {
  const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? ''
  const { QueueUrl = '', QueueName = '' } = JSON.parse(body.toString()) as Record<string, string>
  const [, awsRegion = ''] = /Credential=[^/]*\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? []
  return { operation, queue: QueueName || (QueueUrl.split('/').at(-1) ?? ''), awsRegion }
}

/** Starts it with the queues of `stage`, whose intake is in `awsRegion`. */
export async function startAws(stage: string, awsRegion = 'eu-central-1'): Promise<FakeAws> {
  const state = mkdtempSync(join(tmpdir(), 'registry-event-router-cli-'))
  const behind = await startSqs(0, state, stage, awsRegion)
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const call = read(request, body)
    fake.calls.push(call)
    const refusal = await fake.before(call)
    if (refusal) {
      const { status, type, message } = refusal
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify({ __type: type, message }))
      return
    }
    const { host: _host, ...headers } = request.headers
    const passed = httpRequest(
      { host: '127.0.0.1', port: behind.port, method: 'POST', path: '/', headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      },
    )
    passed.end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${behind.port}`
  const credentials = () => ({ accessKeyId: 'test', secretAccessKey: 'test' })
  const fake: FakeAws = {
    url: `http://127.0.0.1:${port}`,
    port,
    queues: sqs({ endpoint, credentials, accountId: '000000000000', timeout: 10_000 }),
    calls: [],
    before: async () => undefined,
    async close() {
      server.closeAllConnections()
      server.close()
      await behind.stop()
      rmSync(state, { recursive: true, force: true })
    },
  }
  return fake
}
