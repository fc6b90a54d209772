import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Aws } from '../lib/aws.ts'

// A server on loopback that speaks the protocol of the AWS Secrets Manager.

/** An answer that is no value: its status and its body. */
export type Refusal = readonly [status: number, body: object]

/** A Secrets Manager. */
export interface Manager {
  aws: Aws
  /** What the entries hold, by their names; one that is not here does not exist. May be changed at any time. */
  entries: Record<string, string | Refusal>
  /** Every call so far. */
  asked: { id: string; target: string; signed: boolean }[]
  /** While it is set nothing is answered before it resolves; what is answered is what was there when the call came. */
  gate: Promise<void> | undefined
  close(): void
}

/** Starts one. */
export async function openManager(entries: Manager['entries'] = {}): Promise<Manager> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { SecretId: id } = JSON.parse(Buffer.concat(chunks).toString())
    const signed = request.headers.authorization?.includes('/eu-central-1/secretsmanager/aws4_request') === true
    manager.asked.push({ id, target: String(request.headers['x-amz-target']), signed })
    const entry = manager.entries[id] ?? [400, { __type: 'ResourceNotFoundException', Message: 'no' }]
    await manager.gate
    const [status, body] = typeof entry === 'string' ? [200, { SecretString: entry }] : entry
    response.writeHead(status).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const manager: Manager = {
    aws: {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
    },
    entries,
    asked: [],
    gate: undefined,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return manager
}
