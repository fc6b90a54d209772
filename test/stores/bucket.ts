import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AwsV4Signer } from 'aws4fetch'
import { startFauxqs } from 'fauxqs'
import type { S3Options } from '../../lib/stores/s3.ts'
import { onLoopback } from '../../local/sqs.ts'

// S3 on loopback: the one of fauxqs behind a server that adds what it lacks, as the user guide of S3 has it. It checks signatures and
// checksums, and it knows conditional writes: If-None-Match: * and If-Match, 412 when the condition does not hold, 404 when there is
// nothing to match, 409 while another write of the same key is under way. Calls fail when a test says so.

const awsRegion = 'eu-central-1'
const accessKeyId = 'test'
const secretAccessKey = 'secret'

/** Names in a page of a listing: S3 gives a thousand. */
const PAGE = 3

/** What a test has happen to a call: an answer instead of S3's, or `true` when it sees to that itself. */
export type Fault = (call: {
  method: string
  name: string
  headers: IncomingMessage['headers']
  response: ServerResponse
  /** Has S3 do what the call wants, and resolves to its answer, which is not passed on. */
  done(): Promise<Answered>
}) => Answered | boolean | undefined | Promise<Answered | boolean | undefined>

export interface Answered {
  status: number
  headers?: Record<string, string>
  body?: Buffer | string
}

export interface Bucket {
  options: S3Options
  /** Every call so far: `PUT log/checkpoint`. */
  seen: { method: string; name: string; headers: IncomingMessage['headers'] }[]
  /** What happens to calls from now on; nothing when it is left out. */
  fail(fault?: Fault): void
  /** Takes everything out of it. */
  empty(): Promise<void>
  close(): Promise<void>
}

/** An error as S3 says it. */
export const refused = (status: number, code: string): Answered => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>It is ${code} &amp; so on</Message></Error>`,
})

const hash = (body: Buffer, encoding: 'hex' | 'base64') => createHash('sha256').update(body).digest(encoding)

/** What S3 says to a call that is not signed, or not whole. */
async function mistakeOf(message: IncomingMessage, body: Buffer): Promise<Answered | undefined> {
  const { headers } = message
  const [, names = '', signature] = /SignedHeaders=([^,]+), Signature=(\w+)/.exec(headers.authorization ?? '') ?? []
  const given = names.split(';').map((name): [string, string] => [name, String(headers[name])])
  const signer = new AwsV4Signer({
    url: `http://${headers.host}${message.url}`,
    method: message.method ?? '',
    headers: Object.fromEntries(given),
    body: body.length > 0 ? new Uint8Array(body) : null,
    service: 's3',
    region: awsRegion,
    accessKeyId,
    secretAccessKey,
    datetime: String(headers['x-amz-date']),
    allHeaders: true,
  })
  if ((await signer.signature()) !== signature) return refused(403, 'SignatureDoesNotMatch')
  const all = Object.keys(headers).filter((name) => name.startsWith('x-amz-') || name.startsWith('if-'))
  if (!all.every((name) => names.split(';').includes(name))) return refused(403, 'AccessDenied')
  if (headers['x-amz-content-sha256'] !== hash(body, 'hex')) return refused(400, 'XAmzContentSHA256Mismatch')
  const checksum = headers['x-amz-checksum-sha256']
  if (checksum && checksum !== hash(body, 'base64')) return refused(400, 'BadDigest')
  if (headers['x-amz-object-lock-mode'] && !checksum) return refused(400, 'InvalidRequest')
  return undefined
}

const send = (response: ServerResponse, { status, headers, body }: Answered): void => {
  response.writeHead(status, headers)
  response.end(body)
}

/** Opens an empty bucket called `name`. */
export async function openBucket(name = 'archive'): Promise<Bucket> {
  const server = await onLoopback(() => startFauxqs({ port: 0, logger: false, defaultRegion: awsRegion }))
  server.createBucket(name)
  const target = `http://127.0.0.1:${server.port}`
  const writing = new Set<string>()
  const seen: Bucket['seen'] = []
  let fault: Fault | undefined

  async function pass(message: IncomingMessage, body: Buffer): Promise<Answered> {
    const { connection: _connection, host: _host, ...headers } = message.headers as Record<string, string>
    const init = { method: message.method ?? '', headers, ...(body.length > 0 && { body: new Uint8Array(body) }) }
    const query = message.url?.includes('list-type=2') ? `&max-keys=${PAGE}` : ''
    const answer = await fetch(target + message.url + query, init)
    const bytes = Buffer.from(await answer.arrayBuffer())
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: bytes }
  }

  /** Writes when the condition holds. */
  async function passIf(message: IncomingMessage, body: Buffer): Promise<Answered> {
    const { 'if-none-match': none, 'if-match': match } = message.headers
    if (none === undefined && match === undefined) return pass(message, body)
    const path = message.url ?? ''
    const against = async (): Promise<Answered | undefined> => {
      const now = await fetch(target + path, { method: 'HEAD' })
      if (match !== undefined && now.status === 404) return refused(404, 'NoSuchKey')
      const holds = match === undefined ? now.status === 404 : now.headers.get('etag') === match
      return holds ? undefined : refused(412, 'PreconditionFailed')
    }
    const early = await against()
    if (early) return early
    if (writing.has(path)) return refused(409, 'ConditionalRequestConflict')
    writing.add(path)
    try {
      return (await against()) ?? (await pass(message, body))
    } finally {
      writing.delete(path)
    }
  }

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await Array.fromAsync(message as AsyncIterable<Buffer>))
    const call = {
      method: message.method ?? '',
      name: decodeURIComponent(new URL(message.url ?? '', target).pathname.slice(`/${name}/`.length)),
      headers: message.headers,
    }
    seen.push(call)
    const done = async () => (await mistakeOf(message, body)) ?? passIf(message, body)
    const faulty = await fault?.({ ...call, response, done })
    if (faulty !== true) send(response, faulty || (await done()))
  }

  const proxy = createServer((message, response) => {
    answer(message, response).catch((error: unknown) => send(response, { status: 500, body: String(error) }))
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    options: {
      endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      credentials: () => ({ accessKeyId, secretAccessKey }),
      awsRegion,
      bucket: name,
      timeout: 5000,
    },
    seen,
    fail(how) {
      fault = how
    },
    async empty() {
      server.emptyBucket(name)
    },
    async close() {
      proxy.closeAllConnections()
      proxy.close()
      await server.stop()
    },
  }
}
