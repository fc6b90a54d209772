import type { QueueRef, Queues, Received } from '../queues/queue.ts'

// Looking into a queue. SQS can only receive, which hides a message from others: so what is looked at is held for a while, told
// apart by its id, and given back in the end.

/** Seconds for which a message is held: a look that is killed hides what it held so long. */
export const HOLD_SECONDS = 600
/** Seconds after which what is given back can be received again: with 0 `fauxqs` mislays it. */
const BACK_SECONDS = 1
/** Calls that are under way at once. */
const PARALLEL = 4
const MOST_A_CALL = 10

/** Milliseconds that a call for so many messages may take: nobody waits for an answer. */
export const patience = (messages: number): number => 10_000 + 20 * messages

/** How to look. */
export interface LookOptions {
  /** Ends the look early; what was held is given back all the same. */
  signal?: AbortSignal | undefined
  /** Most messages to look at. */
  most?: number | undefined
  /** Is told how many messages were seen so far, of about how many. */
  progress?(seen: number, total: number): void
}

/** A queue that is being looked into. */
export interface Look {
  /** Messages that waited when it began, about. */
  waiting: number
  /** Messages that were not seen so far because they are hidden, about: somebody else works on them or looks at them. */
  hidden(): number
  /** The messages of the queue in batches, each message once. */
  batches(): AsyncGenerator<Received[]>
  /** Removes `messages` for good. Resolves, also when it fails, to those that may still be there: `left`, and why. */
  remove(messages: readonly Received[]): Promise<{ left: Set<Received>; error?: unknown }>
}

/** Receives with several calls at once. What came is handed to `take` even when another of the calls fails. */
async function receive(
  queues: Queues,
  queue: QueueRef,
  calls: number,
  waitSeconds: number,
  take: (message: Received) => void,
): Promise<void> {
  const one = async () => {
    for (const message of await queues.receive(queue, MOST_A_CALL, waitSeconds, HOLD_SECONDS)) take(message)
  }
  const ended = await Promise.allSettled(Array.from({ length: calls }, one))
  for (const call of ended) if (call.status === 'rejected') throw call.reason
}

/**
 * Runs `work` with a look into `queue`. Whatever it does not remove is given back when it ends, however it ends: a second later it can
 * be received again. `stuck` is told how many messages could not be given back, and why: they are hidden for `HOLD_SECONDS` at most.
 * Each look counts as receiving a message. Rejects as `work` does and as the methods of `queues` do.
 */
export async function lookInto<Result>(
  queues: Queues,
  queue: QueueRef,
  { signal, most = Number.POSITIVE_INFINITY, progress }: LookOptions,
  stuck: (messages: number, why?: unknown) => void,
  work: (look: Look) => Promise<Result>,
): Promise<Result> {
  /** Receipts of what is held, by the id of the message. */
  const held = new Map<string, string>()
  const removed = new Set<string>()
  const { waiting, hidden } = await queues.count(queue)
  const seen = () => held.size + removed.size

  /** Receives once, and keeps in mind what came: whether anything did, and what was not seen before. */
  const round = async (): Promise<{ fresh: Received[]; isIdle: boolean }> => {
    const left = Math.min(waiting + hidden, most) - seen()
    const calls = Math.max(1, Math.min(PARALLEL, Math.ceil(left / MOST_A_CALL)))
    const fresh: Received[] = []
    const again: string[] = []
    let isIdle = true
    // What was counted has come: then one short look for what came since.
    await receive(queues, queue, calls, left > 0 ? 1 : 0, (message) => {
      isIdle = false
      if (removed.has(message.messageId)) {
        again.push(message.receipt)
        return
      }
      if (!held.has(message.messageId)) fresh.push(message)
      held.set(message.messageId, message.receipt)
    })
    // It came back although it was removed: the time for which it was held had run out.
    if (again.length > 0) await queues.removeAll(queue, again)
    return { fresh, isIdle }
  }

  async function* batches(): AsyncGenerator<Received[]> {
    let given = 0
    for (let idle = 0; idle < 2 && seen() < most && !signal?.aborted; ) {
      const { fresh, isIdle } = await round()
      progress?.(seen(), Math.max(waiting, seen()))
      if (fresh.length > 0) yield fresh.slice(0, most - given)
      given += fresh.length
      // What another look gave back a moment ago is hidden for a second.
      idle = !isIdle ? 0 : idle + (seen() < waiting + hidden ? 1 : 2)
    }
  }

  const remove: Look['remove'] = async (messages) => {
    const receipts = messages.map(({ messageId, receipt }) => held.get(messageId) ?? receipt)
    try {
      const failed = new Set(await queues.removeAll(queue, receipts, patience(receipts.length)))
      const left = new Set(messages.filter((_, index) => failed.has(index)))
      for (const message of messages) {
        if (left.has(message)) continue
        held.delete(message.messageId)
        removed.add(message.messageId)
      }
      return { left }
    } catch (error) {
      return { left: new Set(messages), error }
    }
  }

  try {
    return await work({
      waiting,
      hidden: () => Math.min(hidden, Math.max(0, waiting + hidden - seen())),
      batches,
      remove,
    })
  } finally {
    const hidings = [...held.values()].map((receipt) => ({ receipt, seconds: BACK_SECONDS }))
    let why: unknown
    const failed = await queues.hideAll(queue, hidings, patience(hidings.length)).catch((error: unknown) => {
      why = error
      return hidings
    })
    if (failed.length > 0) stuck(failed.length, why)
  }
}
