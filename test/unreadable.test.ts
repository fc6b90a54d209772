import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { answerUnreadable } from '../local/unreadable.ts'

let server: Server

beforeAll(async () => {
  server = createServer((_, response) => response.end('answered'))
  server.on('clientError', (_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  answerUnreadable(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterAll(() => {
  server.close()
})

/** What is answered to `sent`, byte for byte, and that the connection ended. */
async function said(...sent: readonly string[]): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  for (const part of sent) socket.write(part)
  await once(socket, 'close')
  return text
}

const getting = (query: string): string => `GET /events?q=${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`

describe('over a socket', () => {
  test.each([20_000, 1_000_000, 10_000_000])('a query of %d bytes is answered 414, as JSON', async (bytes) => {
    const [head = '', body = ''] = (await said(getting('x'.repeat(bytes)))).split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 414 URI Too Long\r\n/)
    expect(head.toLowerCase()).toContain('content-type: application/json')
    expect(head.toLowerCase()).toContain('cache-control: no-store')
    expect(JSON.parse(body)).toEqual({ code: 'QUERY_TOO_LARGE', message: expect.any(String) })
    expect(head).toContain(`content-length: ${body.length}`)
  })

  test.each([
    'nonsense\r\n\r\n',
    '\u0016\u0003\u0001\u0002',
    'GET /%zz HTTP/9.9\r\n\r\n',
    'GET / HTTP/1.1\r\na b: c\r\n\r\n',
  ])('what is no HTTP is answered 400, as JSON: %j', async (sent) => {
    const [head = '', body = ''] = (await said(sent)).split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(JSON.parse(body)).toEqual({ code: 'BAD_REQUEST', message: 'This is no HTTP request that can be read.' })
  })

  test('what can be read is answered as ever', async () => {
    expect(await said(getting('x'))).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*answered$/)
  })
})
