import { hash, timingSafeEqual } from 'node:crypto'
import { image } from '../functions/image.ts'
import { start } from '../lib/app.ts'
import { type Receiver, receive } from '../lib/family.ts'
import type { Message } from '../lib/queues/queue.ts'
import { registries } from './registries.ts'
import { inTurn, median, ratio } from './rounds.ts'
import { body, headers, PATH, SECRET } from './webhook.ts'

// The way of one webhook from its bytes to the body of its message, without the queue: against the least that any receiver has to
// do with the same bytes.

const CALLS = 1000
const ROUNDS = { count: 41, discarded: 10 }

/** What both candidates leave behind: looked at, so that neither can skip its work. */
let messages: readonly Message[] = []
let text = ''

function makeReceiver(): Receiver {
  const { receiver } = start(registries, { STAGE: 'local', EMULATION: 'local' })
  const send = async (_queue: unknown, sent: readonly Message[]) => {
    messages = sent
    return []
  }
  return { ...receiver, queues: { ...receiver.queues, send } }
}

/** Everything that a family function does with a request, up to what is handed to the queue. */
async function whole(receiver: Receiver): Promise<void> {
  messages = []
  const request = { method: 'POST', path: PATH, query: '', headers, body, receivedAt: Date.now() }
  const { status } = await receive(request, 'distribution', [image], receiver, { event: 'request' })
  if (status !== 202 || messages.length !== 1) throw new Error(`The webhook was answered ${status}`)
}

const sha256 = (value: string): Buffer => hash('sha256', value, 'buffer')

/** The limit: the bytes parsed, the token compared in constant time, the same value written again. */
function least(): void {
  const value: unknown = JSON.parse(body.toString())
  if (!timingSafeEqual(sha256(headers.authorization.slice('Bearer '.length)), sha256(SECRET)))
    throw new Error('refused')
  text = JSON.stringify(value)
}

/** CPU of this process in microseconds, the threads that collect garbage and compile included: what one core has to do. */
function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** Webhooks a second on one core: the whole way, the limit, and how many times longer the whole way takes. */
export async function transform() {
  const receiver = makeReceiver()
  const cpu = await inTurn(ROUNDS, {
    async whole() {
      const before = process.cpuUsage()
      for (let call = 0; call < CALLS; call++) await whole(receiver)
      return cpuSince(before)
    },
    async least() {
      const before = process.cpuUsage()
      for (let call = 0; call < CALLS; call++) least()
      return cpuSince(before)
    },
  })
  if (text.length < 1000) throw new Error('The limit wrote nothing')
  return {
    ratioToLimit: ratio(cpu.whole, cpu.least),
    perSecond: (CALLS * 1e6) / median(cpu.whole),
    limitPerSecond: (CALLS * 1e6) / median(cpu.least),
  }
}
