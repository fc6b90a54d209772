import { createRequire } from 'node:module'
import { argv, cpuUsage } from 'node:process'
import type { Message } from '../lib/queues/queue.ts'

// A process of its own: loads the client `file`, then for every order of its parent sends as many batches one after another, and
// answers the CPU milliseconds of one batch, all threads of the process included.

interface Order {
  count: number
  messages: readonly Message[]
}

const [, , file = ''] = argv
const { send } = createRequire(file)(file) as { send(messages: readonly Message[]): Promise<void> }

async function measure({ count, messages }: Order): Promise<number> {
  const before = cpuUsage()
  for (let batch = 0; batch < count; batch++) await send(messages)
  const { user, system } = cpuUsage(before)
  return (user + system) / 1000 / count
}

process.on('message', (order: Order) => {
  measure(order).then(
    (milliseconds) => process.send?.(milliseconds),
    (error: unknown) => {
      process.stderr.write(`${error}\n`)
      process.exit(1)
    },
  )
})
process.send?.('ready')
