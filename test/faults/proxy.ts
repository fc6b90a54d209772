import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

// What stands between the functions and their queues: it passes calls on, and lets those fail that a test chooses.

/**
 * What happens to a call. Nothing arrives: `error` answers 500, `hang` never answers, `reset` breaks the connection. Everything
 * arrives: `untold` breaks the connection instead of answering, `half` in the middle of the answer, `slow` only comes late. `partial`
 * lets every other entry of a batch arrive and reports the rest as failed.
 */
export type Fault = 'error' | 'hang' | 'reset' | 'untold' | 'half' | 'slow' | 'partial'

/** Which calls fail; what is left out stands for any. */
export interface Rule {
  fault: Fault
  /** How the name of the queue ends: `-intake`. */
  queue?: string
  /** `SendMessageBatch` */
  operation?: string
  /** How many calls, from now on. */
  times?: number
  /** How late `slow` is. */
  milliseconds?: number
}

/** A call that came in. */
export interface Seen {
  operation: string
  queue: string
  fault: Fault | undefined
}

export interface QueueProxy {
  url: string
  /** Every call so far. */
  seen: Seen[]
  /** From now on calls fail by `rule`; of several rules that fit the first one counts. */
  fail(rule: Rule): void
  /** From now on nothing fails; what hangs is broken off. */
  heal(): void
  /** Refuses connections until `open`. */
  shut(): Promise<void>
  open(): Promise<void>
}

interface Batch {
  Entries: { Id: string }[]
}

const read = async (message: IncomingMessage): Promise<Buffer> => Buffer.concat(await Array.fromAsync(message))

interface Answer {
  status: number
  body: Buffer
}

async function pass(target: string, { headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  const { connection: _connection, ...kept } = headers
  const outgoing = httpRequest(target, {
    method: 'POST',
    headers: { ...kept, 'content-length': body.length },
    agent: false,
  }).end(body)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: incoming.statusCode ?? 0, body: await read(incoming) }
}

/** Every other entry arrives; the rest is reported as failed, which SQS does with status 200. */
async function passHalfOf(target: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const input = JSON.parse(body.toString()) as Batch
  const taken = input.Entries.filter((_, index) => index % 2 === 0)
  const refused = input.Entries.filter((_, index) => index % 2 === 1)
  const passed = await pass(target, request, Buffer.from(JSON.stringify({ ...input, Entries: taken })))
  const Failed = refused.map(({ Id }) => ({ Id, SenderFault: false, Code: 'InternalError' }))
  return { ...passed, body: Buffer.from(JSON.stringify({ ...JSON.parse(passed.body.toString()), Failed })) }
}

const give = (response: ServerResponse, { status, body }: Answer): void => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': body.length }).end(body)
}

/**
 * Starts a proxy in front of `target`, on `port` of the loopback address or on a free one. What `own` answers (the body as an object)
 * is not passed on.
 */
export async function startProxy(
  target: string,
  own: (operation: string, input: Record<string, unknown>) => object | undefined = () => undefined,
): Promise<QueueProxy> {
  let rules: Rule[] = []
  const seen: Seen[] = []

  const faultOf = (operation: string, queue: string): Rule | undefined => {
    const rule = rules.find(
      (entry) =>
        queue.endsWith(entry.queue ?? '') && (entry.operation ?? operation) === operation && (entry.times ?? 1) > 0,
    )
    if (rule?.times) rule.times--
    return rule
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request)
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? ''
    const input = JSON.parse(body.toString() || '{}') as Record<string, unknown>
    const queue = String(input.QueueUrl ?? '')
      .split('/')
      .at(-1) as string
    const rule = faultOf(operation, queue)
    seen.push({ operation, queue, fault: rule?.fault })
    const deliver = async (): Promise<Answer> => {
      const answer = own(operation, input)
      return answer ? { status: 200, body: Buffer.from(JSON.stringify(answer)) } : pass(target, request, body)
    }
    switch (rule?.fault) {
      case 'error':
        return give(response, { status: 500, body: Buffer.from('{"__type":"com.amazonaws.sqs#InternalError"}') })
      case 'hang':
        return
      case 'reset':
        return void request.socket.resetAndDestroy()
      case 'untold':
        await deliver()
        return void request.socket.resetAndDestroy()
      case 'half': {
        const answer = await deliver()
        response.writeHead(200, { 'content-length': answer.body.length })
        return void response.write(answer.body.subarray(0, answer.body.length / 2), () => request.socket.destroy())
      }
      case 'slow':
        await sleep(rule.milliseconds ?? 0)
        return give(response, await deliver())
      case 'partial':
        return give(response, await passHalfOf(target, request, body))
      default:
        return give(response, await deliver())
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy())
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    fail(rule) {
      rules.push(rule)
    },
    heal() {
      if (rules.some(({ fault }) => fault === 'hang')) server.closeAllConnections()
      rules = []
    },
    async shut() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
    open: () => listen(port),
  }
}
