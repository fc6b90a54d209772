import { randomUUID } from 'node:crypto'
import type { Mapping } from './mapping.ts'

/** A function that a clock calls, as its bundle exports it. */
export type Scheduled = (event: unknown, context: { awsRequestId: string }) => Promise<unknown>

/**
 * Calls `handler` every `milliseconds`, as EventBridge does on AWS, but never while it is still at work. What goes wrong is in its own log; the
 * next call comes all the same.
 */
export function startClock(handler: Scheduled, milliseconds: number): Mapping {
  let running: Promise<unknown> = Promise.resolve()
  let isBusy = false
  const timer = setInterval(() => {
    if (isBusy) return
    isBusy = true
    running = handler({}, { awsRequestId: randomUUID() })
      .catch(() => {})
      .finally(() => {
        isBusy = false
      })
  }, milliseconds)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
