import type { Entry } from './log.ts'
import type { QueueRef, Queues } from './queues/queue.ts'

// What has to wait stays on its queue, hidden for longer and longer. docs/queues.md has the numbers.

/** Seconds that a message is hidden after its first failure, and the most; each pause is twice the one before. */
const FIRST_PAUSE = 5
const LONGEST_PAUSE = 900
/** Part of a pause that is left out by chance, so that what failed together does not come back together. */
const JITTER = 0.2

/**
 * Most milliseconds of a call to a queue of the function's own region. A round of the router waits for two calls to a location, the probe and
 * the rest, and for three of these: counting, the dead letters, hiding. All of it ends well before the function has to.
 */
export const NEAR = 1500

/** Where messages wait; `random` is a number from 0 to 1, by chance. */
export interface Waiting {
  queues: Queues
  queue: QueueRef
  random(): number
}

/** Seconds until a message comes back that was received `receiveCount` times. */
function pauseOf(receiveCount: number, random: () => number): number {
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (receiveCount - 1))
  return Math.round(pause * (1 - JITTER * random()))
}

/** Hides `messages` for their pauses. What can't be hidden comes back when the queue's own visibility time-out is over; `entry` says why. */
export async function hide(
  messages: readonly { receiptHandle: string; receiveCount: number }[],
  { queues, queue, random }: Waiting,
  entry: Entry,
): Promise<void> {
  if (messages.length === 0) return
  const hidings = messages.map(({ receiptHandle, receiveCount }) => ({
    receipt: receiptHandle,
    seconds: pauseOf(receiveCount, random),
  }))
  await queues.hideAll(queue, hidings, NEAR).catch((error: unknown) => {
    entry.error = error
  })
}
