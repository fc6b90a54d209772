import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { securityHeaders } from '../lib/answers.ts'
import { errors } from '../lib/errors.ts'

// What is no HTTP request, or has more of a query than any server reads, gets no further than the parser of node:http. The answer is that of
// the HTTP contract all the same.

/** Bytes that are still read of who is answered: whoever is sent a reset before it has written everything never reads the answer. */
const MOST_BYTES = 64 * 1024 * 1024
/** Milliseconds for the rest of it. */
const PATIENCE = 10_000

/** No function ever says so: on AWS nothing of it gets past the gateway. */
const BAD_REQUEST = { code: 'BAD_REQUEST', status: 400, message: 'This is no HTTP request that can be read.' }
const TOO_LARGE = { code: 'QUERY_TOO_LARGE', ...errors.QUERY_TOO_LARGE }

function answerOf(parserCode: string | undefined): string {
  const { code, status, message } = parserCode === 'HPE_HEADER_OVERFLOW' ? TOO_LARGE : BAD_REQUEST
  const body = JSON.stringify({ code, message })
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    ...securityHeaders,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${status === 414 ? 'URI Too Long' : 'Bad Request'}\r\n${lines.join('')}\r\n${body}`
}

/** Reads on and drops it, until the other side ends, it is too much, or it takes too long. */
function drain(socket: Socket): void {
  let bytes = 0
  socket.removeAllListeners('data')
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MOST_BYTES) socket.destroy()
  })
  socket.setTimeout(PATIENCE, () => socket.destroy())
  socket.resume()
}

/**
 * Makes `listener` answer what it can't read: 414 with `QUERY_TOO_LARGE` when the request line and the headers are over 16 KiB, which a query
 * makes them, and 400 with `BAD_REQUEST` otherwise. The connection ends then.
 */
export function answerUnreadable(listener: Server): void {
  const answering = new WeakSet<Socket>()
  const refused = new WeakSet<Socket>()
  listener.on('request', ({ socket }, response) => {
    answering.add(socket)
    response.once('close', () => answering.delete(socket))
  })
  listener.removeAllListeners('clientError')
  listener.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket
    if (refused.has(socket)) return
    refused.add(socket)
    // In the middle of an answer to another request there is no room for one.
    if (!socket.writable || answering.has(socket)) {
      socket.destroy()
      return
    }
    socket.end(answerOf(error.code))
    drain(socket)
  })
}
