import { callFirst } from './child.ts'
import { startQueues } from './queues.ts'
import { inTurn, median, ratio } from './rounds.ts'
import { gatewayEvent } from './webhook.ts'

const ROUNDS = { count: 11, discarded: 1 }

/**
 * Milliseconds from before a fresh process loads the packaged image function to the answer of its first webhook, whose event lies on
 * a queue then; the same for the function written with the AWS SDK, zod and middy.
 */
export async function coldStart(fileOf: (name: string) => string) {
  const queues = await startQueues()
  const start = async (name: string): Promise<number> => {
    const { milliseconds, result } = await callFirst(
      fileOf('bench/first'),
      fileOf(name),
      'handler',
      gatewayEvent,
      queues.endpoint,
    )
    const { statusCode } = result as { statusCode?: number }
    if (statusCode !== 202) throw new Error(`${name} answered ${statusCode}`)
    return milliseconds
  }
  try {
    const { ours, baseline } = await inTurn(ROUNDS, {
      ours: () => start('functions/image'),
      baseline: () => start('bench/baseline'),
    })
    const wanted = 2 * (ROUNDS.count + ROUNDS.discarded)
    const waiting = await queues.waiting()
    if (waiting !== wanted) throw new Error(`${waiting} events lie on the queue instead of ${wanted}`)
    return { ms: median(ours), baselineMs: median(baseline), ratioToBaseline: ratio(ours, baseline) }
  } finally {
    await queues.stop()
  }
}
