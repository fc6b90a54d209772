import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

// Somebody who gets alerts: an HTTP server on this machine that checks each signature with the package of Standard Webhooks.

/** What came, and whether its signature holds. */
export interface Taken {
  id: string
  genuine: boolean
  body: Alert
}

/** The body of an alert (docs/alerts.md). */
export interface Alert {
  type: string
  timestamp: string
  data: {
    search: string
    says: string
    location: string
    by?: Record<string, string>
    others?: number
    count: number
    threshold: Record<string, number>
    from: string
    to: string
    events: { location: string; leaf: number; event: { id: string; action: string; target: { name: string } } }[]
    query: string
    link?: string
  }
}

export interface Receiver {
  address: string
  /** Everything that came, the answers to it being what they were. */
  taken: Taken[]
  /** What is answered; `undefined` leaves the request without an answer. */
  answer: { status: number; headers?: Record<string, string> } | undefined
  close(): Promise<void>
}

/** A receiver that knows `secret`, and answers 204. */
export async function receiver(secret: string): Promise<Receiver> {
  const webhook = new Webhook(secret)
  const taken: Taken[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      let genuine = true
      try {
        webhook.verify(text, request.headers as Record<string, string>)
      } catch {
        genuine = false
      }
      taken.push({ id: String(request.headers['webhook-id']), genuine, body: JSON.parse(text) as Alert })
      if (made.answer) response.writeHead(made.answer.status, made.answer.headers).end()
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const made: Receiver = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts?key=not-to-be-logged`,
    taken,
    answer: { status: 204 },
    close() {
      server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    },
  }
  return made
}
