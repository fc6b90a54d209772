import { resolve } from 'node:path'
import type { Message } from '../lib/queues/queue.ts'
import { type Client, clients, kibibytes } from './bundles.ts'
import { type Child, callFirst, startChild } from './child.ts'
import { inTurn, median, ratio } from './rounds.ts'

// The clients that could carry the hot path, against an SQS in another process that answers at once.

const BATCHES = 150
const STEADY = { count: 11, discarded: 3 }
const FRESH = { count: 9, discarded: 1 }

/** One batch: 10 messages of 1.2 KB with the attributes of the intake queue. */
const messages: readonly Message[] = Array.from({ length: 10 }, (_, index) => ({
  body: JSON.stringify({ index, filling: 'x'.repeat(1200 - 25) }),
  attributes: {
    type: 'audit',
    account: 'local',
    action: 'container-registry.image.push',
    id: `c6264231-3e08-59a7-a41e-f42d4b33e9${index}0`,
  },
}))

/** A value for each client. */
const each = <Value>(make: (name: Client) => Value): Record<Client, Value> => ({
  aws4: make('aws4'),
  sdk: make('sdk'),
  aws4fetch: make('aws4fetch'),
})

type FileOf = (name: string) => string

/** CPU milliseconds of one batch in the long run. */
async function steady(fileOf: FileOf, endpoint: string): Promise<Record<Client, number[]>> {
  const children = new Map<Client, Child>()
  try {
    for (const name of clients) {
      const [, child] = await startChild(fileOf('bench/batches'), [fileOf(`bench/clients/${name}`)], endpoint)
      children.set(name, child)
    }
    const measure = async (name: Client) => Number(await children.get(name)?.next({ count: BATCHES, messages }))
    return await inTurn(
      STEADY,
      each((name) => () => measure(name)),
    )
  } finally {
    for (const child of children.values()) child.stop()
  }
}

/** Milliseconds that a fresh process takes to load a client and to send its first batch. */
function fresh(fileOf: FileOf, endpoint: string): Promise<Record<Client, number[]>> {
  const measure = async (name: Client): Promise<number> => {
    const file = fileOf(`bench/clients/${name}`)
    return (await callFirst(fileOf('bench/first'), file, 'send', messages, endpoint)).milliseconds
  }
  return inTurn(
    FRESH,
    each((name) => () => measure(name)),
  )
}

/** What each client costs: CPU of a batch, time of a first one, size. */
export async function compareClients(fileOf: FileOf) {
  const [port, server] = await startChild(resolve(import.meta.dirname, 'server.ts'), [])
  try {
    const endpoint = `http://127.0.0.1:${port}`
    const first = await fresh(fileOf, endpoint)
    const cpu = await steady(fileOf, endpoint)
    return {
      send: {
        cpuMs: median(cpu.aws4),
        baselineCpuMs: median(cpu.sdk),
        aws4fetchCpuMs: median(cpu.aws4fetch),
        ratioToBaseline: ratio(cpu.aws4, cpu.sdk),
      },
      client: each((name) => ({
        loadAndFirstSendMs: median(first[name]),
        bundleKb: kibibytes(fileOf(`bench/clients/${name}`)),
      })),
    }
  } finally {
    server.stop()
  }
}
