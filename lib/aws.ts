import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import aws4 from 'aws4'

// One signed call to an AWS service, with the JSON protocol or (S3) plain HTTP: SigV4 by `aws4` over keep-alive connections. `bench/`
// compares it with the AWS SDK and with `aws4fetch`: it starts in less than half of the time and takes a third of the CPU.

/** Credentials as Lambda puts them into the environment. */
export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

/** How to reach AWS. `endpoint` stands in for AWS's own addresses, as in local emulation. */
export interface Aws {
  /** Read at every call, because Lambda renews them; a promise only where they have to be fetched. */
  credentials(): Credentials | Promise<Credentials>
  endpoint?: string
}

/** What AWS answered with a status over 299; `code` is the error's short name: `QueueDoesNotExist`. */
export class AwsError extends Error {
  readonly code: string
  readonly status: number
  constructor(status: number, code: string, message: string) {
    super(discreet(message))
    this.name = 'AwsError'
    this.status = status
    this.code = code
  }
}

const agents = {
  'http:': new HttpAgent({ keepAlive: true, maxSockets: 64 }),
  'https:': new HttpsAgent({ keepAlive: true, maxSockets: 64 }),
}

/** The version of the JSON protocol that a service speaks, when that is not 1.0. */
const VERSIONS: Readonly<Record<string, string>> = { athena: '1.1' }

/** The short name of an error: `com.amazonaws.sqs#QueueDoesNotExist` → `QueueDoesNotExist`. */
const shortName = (type: unknown): string => (typeof type === 'string' ? (type.split('#').at(-1) as string) : 'Unknown')

/**
 * The sentence of an error without what AWS quotes of the signed request in it: lines of the canonical request, which hold the
 * session token, or the whole Authorization header.
 */
const discreet = (message: string): string =>
  (message.split('\n', 1)[0] as string).replace(/AWS4-HMAC.*|(?:Credential|Signature|Authorization)\s*[=:].*/i, '...')

/** An answer of AWS as it came. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

function parseAnswer({ status, body }: Answer): Record<string, unknown> {
  let answer: Record<string, unknown>
  try {
    answer = JSON.parse(body.toString() || '{}')
  } catch {
    // Without the cause: that quotes the answer, and an answer may hold a secret.
    throw new Error(`AWS answered ${status} with a body that is not JSON`)
  }
  if (status > 299) throw new AwsError(status, shortName(answer.__type), String(answer.message ?? answer.Message ?? ''))
  return answer
}

/**
 * Calls `operation` (`AmazonSQS.SendMessageBatch`) of `service` in `region` with `input` as JSON, and resolves to the answer.
 * Rejects with an `AwsError` for an error that AWS names, with another `Error` when there is no whole answer within
 * `timeout` milliseconds. A connection that was closed while it idled is opened anew once.
 */
export async function call(
  aws: Aws,
  service: string,
  region: string,
  operation: string,
  input: unknown,
  timeout: number,
): Promise<Record<string, unknown>> {
  const url = new URL(aws.endpoint ?? `https://${service}.${region}.amazonaws.com`)
  const body = JSON.stringify(input)
  const headers = {
    'Content-Type': `application/x-amz-json-${VERSIONS[service] ?? '1.0'}`,
    'X-Amz-Target': operation,
  }
  const end = performance.now() + timeout
  const send = () =>
    exchange(aws, { service, region, url, method: 'POST', path: '/', headers, body }, end - performance.now())
  try {
    return parseAnswer(await send())
  } catch (error) {
    if (!(error as { stale?: boolean }).stale) throw error
    return parseAnswer(await send())
  }
}

/** A call of a service that speaks plain HTTP. */
export interface Rest {
  service: string
  region: string
  /** Where it goes to; of its path nothing is used. */
  url: URL
  method: 'GET' | 'PUT' | 'DELETE'
  /** Path and query, both encoded. */
  path: string
  headers?: Readonly<Record<string, string>>
  body?: Buffer
}

/**
 * Makes the call once, with the hash of its body in the signature, and resolves to whatever is answered. Rejects when there is no whole
 * answer within `timeout` milliseconds: it may have been done all the same.
 */
export const rest = (aws: Aws, call: Rest, timeout: number): Promise<Answer> => exchange(aws, call, timeout)

interface Exchange extends Omit<Rest, 'method' | 'body'> {
  method: string
  body?: Buffer | string
}

async function exchange(aws: Aws, call: Exchange, timeout: number): Promise<Answer> {
  const { service, region, url, method, path, body } = call
  const end = performance.now() + timeout
  const given = aws.credentials()
  const credentials = given instanceof Promise ? await given : given
  const unsigned = {
    host: url.host,
    path,
    method,
    service,
    region,
    headers: { ...call.headers },
    ...(body && { body }),
  }
  const signed = aws4.sign(unsigned, credentials)
  const protocol = url.protocol as keyof typeof agents
  const left = Math.max(1, end - performance.now())
  return new Promise((resolve, reject) => {
    const request = (protocol === 'http:' ? httpRequest : httpsRequest)({
      agent: agents[protocol],
      hostname: url.hostname,
      port: url.port,
      method,
      path: signed.path as string,
      headers: signed.headers as Record<string, string>,
    })
    const timer = setTimeout(
      () => request.destroy(new Error(`AWS did not answer within ${Math.round(timeout)} ms`)),
      left,
    )
    const fail = (error: Error & { code?: string }) => {
      clearTimeout(timer)
      const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      reject(Object.assign(error, { stale }))
    }
    request.on('error', fail)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', fail)
      response.on('close', () => {
        clearTimeout(timer)
        if (!response.complete) return reject(new Error('AWS broke off in the middle of its answer'))
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    request.end(body)
  })
}
