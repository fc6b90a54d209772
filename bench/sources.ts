import { families } from '../functions/webhook.ts'
import { start } from '../lib/app.ts'
import { type Receiver, receive } from '../lib/family.ts'
import type { Message } from '../lib/queues/queue.ts'
import type { RegistryConfig } from '../lib/registries.ts'
import type { SourceName } from '../lib/sources/index.ts'
import { senders } from '../test/sources/senders/index.ts'
import type { Sender } from '../test/sources/senders/sender.ts'
import { type Draft, send } from '../test/sources/ways.ts'
import { inTurn, median } from './rounds.ts'

// What a small request of each kind of sender costs, from its bytes to the bodies of its messages, in microseconds of one core.

// As many calls are discarded as in the measurement of the whole way: it takes that long until all of it is compiled.
const CALLS = 500
const ROUNDS = { count: 21, discarded: 20 }

/** What one request costs, and how large it is. */
export interface Cost {
  usPerRequest: number
  bytes: number
  events: number
}

/** More than a measurement sends. */
const limit = { perSecond: 1_000_000, burst: 1_000_000 }

function receiverOf({ source }: Sender): Receiver {
  const registry = {
    id: source,
    source,
    domain: 'de.icr.io',
    region: 'eu-central',
    account: 'local',
    limit,
  } as RegistryConfig
  const { receiver } = start([registry], { STAGE: 'local', EMULATION: 'local' })
  const sent = async (_queue: unknown, messages: readonly Message[]) => {
    if (messages.length === 0) throw new Error('nothing was sent')
    return []
  }
  return { ...receiver, queues: { ...receiver.queues, send: sent } }
}

/** Sends the request of `sender` once; resolves to how many events were accepted. */
function caller(sender: Sender): () => Promise<number> {
  const receiver = receiverOf(sender)
  const [way] = sender.ways
  if (!way) throw new Error(`${sender.source} has no way to prove itself`)
  const draft: Draft = { body: sender.body, headers: sender.headers, query: sender.query ?? '' }
  const { headers = {}, query = '' } = send(draft, way, way.credentials(sender.body, 'local'))
  const path = `/webhooks/${sender.source}`
  return async () => {
    const request = { method: 'POST', path, query, headers, body: sender.body, receivedAt: Date.now() }
    const entry = { event: 'request', accepted: 0 }
    const { status } = await receive(request, sender.source, families, receiver, entry)
    if (status !== 202 || entry.accepted === 0) throw new Error(`${sender.source} was answered ${status}`)
    return entry.accepted
  }
}

/** The smallest request of each source. */
function smallest(): Sender[] {
  const found = new Map<SourceName, Sender>()
  for (const sender of senders) {
    const known = found.get(sender.source)
    if (!known || sender.body.length < known.body.length) found.set(sender.source, sender)
  }
  return [...found.values()]
}

/** The cost of each source, all of them measured in turn. */
export async function costs(): Promise<Record<string, Cost>> {
  const chosen = smallest()
  const callers = chosen.map((sender): [string, () => Promise<number>] => [sender.source, caller(sender)])
  const cpu = await inTurn(
    ROUNDS,
    Object.fromEntries(
      callers.map(([name, call]) => [
        name,
        async () => {
          const before = process.cpuUsage()
          for (let count = 0; count < CALLS; count++) await call()
          const { user, system } = process.cpuUsage(before)
          return (user + system) / CALLS
        },
      ]),
    ),
  )
  const rows = await Promise.all(
    chosen.map(async ({ source, body }, index): Promise<[string, Cost]> => {
      const events = (await callers[index]?.[1]()) ?? 0
      return [source, { usPerRequest: median(cpu[source] ?? []), bytes: body.length, events }]
    }),
  )
  return Object.fromEntries(rows)
}
