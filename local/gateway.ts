import { isUtf8 } from 'node:buffer'
import { securityHeaders } from '../lib/answers.ts'
import { errors } from '../lib/errors.ts'

// Makes the HTTP emulation hand bodies over as AWS does. serverless-offline passes every body on as text, which loses bytes that
// are not UTF-8; an HTTP API passes only a few content types on as text and everything else in base64.

const TEXT = /^(?:text\/|application\/(?:json|javascript|xml))/

/** Content types that hapi can read; multipart it looks into, for a boundary. */
const READABLE = /^(?!multipart\/)[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;[^,]*)?$/

/** What is used of a hapi server and its requests. */
interface HapiRequest {
  headers: Record<string, string>
  payload: unknown
  response: {
    isBoom?: boolean
    output?: { statusCode: number; payload: object; headers: Record<string, unknown> }
    headers?: Record<string, unknown>
    statusCode?: number
    source?: unknown
    header?(name: string, value: string): unknown
  }
}
interface HapiServer {
  ext(event: string, method: (request: HapiRequest, toolkit: { continue: symbol }) => symbol): void
}

interface HapiRoutes {
  route(route: { method: string; path: string; handler: () => object }): void
}

const isText = (type: string, body: Buffer): boolean => (type === '' || TEXT.test(type)) && isUtf8(body)

/** Makes errors that are not the function's own those of the contract. */
function correct(response: HapiRequest['response']): void {
  if (response.isBoom && response.output) {
    const code =
      response.output.statusCode === 413 ? 'TOO_LARGE' : response.output.statusCode < 500 ? 'NOT_FOUND' : 'INTERNAL'
    response.output.statusCode = errors[code].status
    response.output.payload = { code, message: errors[code].message }
  }
  // A function that did not answer in time, or could not be run: serverless-offline makes a 200 of it, with a stack. No answer of
  // a function begins like that.
  if (typeof response.source === 'string' && response.source.startsWith('{"errorMessage":')) {
    response.statusCode = errors.UNAVAILABLE.status
    response.source = JSON.stringify({ code: 'UNAVAILABLE', message: errors.UNAVAILABLE.message })
    response.header?.('retry-after', '5')
  }
}

/** Gives an answer's `headers` what every answer has; what a function says itself stands. */
function harden(headers: Record<string, unknown>): void {
  for (const name of Object.keys(headers)) if (name.startsWith('access-control-')) delete headers[name]
  // The server has a mind of its own about caches.
  if (!('content-security-policy' in headers)) delete headers['cache-control']
  for (const [name, value] of Object.entries(securityHeaders)) headers[name] ??= value
}

/**
 * Changes `server` so that bodies which AWS hands over in base64 come that way, and so that errors of the server itself (a body
 * over its own limit, a path that can't be decoded) are answered as the HTTP contract says. Every answer has the headers of the contract,
 * and none that would let the pages of other sites read it.
 */
export function likeAws(server: HapiServer): void {
  server.ext('onRequest', ({ headers }, toolkit) => {
    // hapi answers 4xx itself to a content type that it can't read. The function gets the headers as they were sent all the same.
    const type = headers['content-type']
    if (type !== undefined && !READABLE.test(type)) headers['content-type'] = 'application/octet-stream'
    // serverless-offline lets every site in whose name is given, and makes a 200 of whatever a function answers to its OPTIONS.
    delete headers.origin
    return toolkit.continue
  })
  server.ext('onPreHandler', (request, toolkit) => {
    const { payload, headers } = request
    // The one content type that serverless-offline encodes; the function sees the headers as they were sent all the same.
    if (Buffer.isBuffer(payload) && !isText(headers['content-type'] ?? '', payload)) {
      headers['content-type'] = 'multipart/form-data'
    }
    return toolkit.continue
  })
  server.ext('onPreResponse', ({ response }, toolkit) => {
    correct(response)
    harden((response.isBoom ? response.output?.headers : response.headers) ?? {})
    return toolkit.continue
  })
}

/** Lets `server` answer `GET <path>` with the JSON of what `make` returns. */
export function answerLocally(server: HapiRoutes, path: string, make: () => object): void {
  server.route({ method: 'GET', path, handler: () => make() })
}
