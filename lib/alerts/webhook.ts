import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { signStandard } from '../sources/signature.ts'
import { isLoopback } from './searches.ts'

// One signed webhook (https://www.standardwebhooks.com). Its address stands in `archive.ts`, nowhere else.

/** Where and how to send. */
export interface Webhook {
  /** `https`; on this machine `http` as well. */
  address: string
  /** Same in every try: the receiver knows by it what it has got already. */
  id: string
  body: string
  /** Every one of them signs. */
  secrets: readonly string[]
  /** Whether an address on this machine may be called: in local emulation. */
  emulated: boolean
  /** Milliseconds since 1970. */
  now: number
  /** Milliseconds until the answer has to be there. */
  timeout: number
}

/**
 * Posts `body`, and resolves when the receiver has answered 2xx. Rejects for every other answer: redirects are not followed. The sentence
 * names the host alone, because the rest of an address often is a secret.
 */
export async function post({ address, id, body, secrets, emulated, now, timeout }: Webhook): Promise<void> {
  const url = new URL(address)
  if (url.protocol !== 'https:' && !(emulated && isLoopback(url))) {
    throw new Error(`${url.host} can only be called with https`)
  }
  const bytes = Buffer.from(body)
  const timestamp = Math.floor(now / 1000)
  const headers = {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'user-agent': 'registry-event-router',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signStandard(id, timestamp, bytes, secrets),
  }
  const status = await exchange(url, headers, bytes, timeout)
  if (status >= 200 && status <= 299) return
  throw new Error(
    `${url.host} answered ${status}${status >= 300 && status <= 399 ? ', and redirects are not followed' : ''}`,
  )
}

/** Resolves to the status; the rest of the answer is not read. */
function exchange(url: URL, headers: Record<string, string | number>, body: Buffer, timeout: number): Promise<number> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = send(url, { method: 'POST', headers, agent: false })
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeout} ms`)), timeout)
    sent.on('error', ({ message }) => {
      clearTimeout(timer)
      reject(new Error(`${url.host}: ${message}`))
    })
    sent.on('response', (response) => {
      clearTimeout(timer)
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    sent.end(body)
  })
}
