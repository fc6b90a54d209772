/** A queue by its name and the AWS region that holds it. */
export interface QueueRef {
  name: string
  awsRegion: string
}

/** One message to send: `body` is JSON text, at most 1 MiB together with its attributes; at most 10 attributes. */
export interface Message {
  body: string
  attributes: Readonly<Record<string, string>>
}

/** One message as received; `receipt` stands for this receiving of it. */
export interface Received extends Message {
  messageId: string
  receipt: string
  /** When it was first sent, in milliseconds since 1970; a dead-letter queue that SQS moved it to does not change that. */
  sentAt: number
  /** How often it was received, this time included. */
  receiveCount: number
}

/** What the queue said of a message that it did not take. */
export interface Refusal {
  /** The message is at fault and will be refused again; `false` when it may be taken the next time, or nothing was said. */
  sendersFault: boolean
  /** Code and sentence of the backend. */
  why: string
}

/** How long a received message is to be hidden from now: whole seconds, 0 to 43,200. */
export interface Hiding {
  receipt: string
  seconds: number
}

/** Messages on a queue, about: those that wait, and those that are hidden because somebody received them. */
export interface Count {
  waiting: number
  hidden: number
}

/**
 * A way to queue. At least once: a message that was taken is kept until it is removed, and may come twice.
 *
 * `timeout` is the most milliseconds that the whole of a call may take, the backend's own if left out.
 *
 * Every method rejects with `UNAVAILABLE` when the queue cannot be reached in time, does not exist or does not answer as it
 * should; nothing is promised then, although some messages may have been taken. The `cause` says what the backend was told.
 */
export interface Queues {
  /**
   * Sends `messages`, in as few calls as the limits of the queue allow (10 entries, 1 MiB). Resolves to the indices of those that
   * the queue did not take, in order: `[]` means that all are kept. `refusals`, an empty map, is filled in with why, by index.
   */
  send(
    queue: QueueRef,
    messages: readonly Message[],
    timeout?: number,
    refusals?: Map<number, Refusal>,
  ): Promise<number[]>
  /** Up to `most` (1-10) messages, hidden from others for `hideSeconds`; waits up to `waitSeconds` for the first. */
  receive(queue: QueueRef, most: number, waitSeconds: number, hideSeconds: number): Promise<Received[]>
  /** Removes a received message for good. */
  remove(queue: QueueRef, receipt: string): Promise<void>
  /** Hides a received message for `seconds` from now; 0 gives it back at once. */
  hide(queue: QueueRef, receipt: string, seconds: number): Promise<void>
  /** Removes the messages of `receipts` for good, ten a call. Resolves to the indices of those that may still be there. */
  removeAll(queue: QueueRef, receipts: readonly string[], timeout?: number): Promise<number[]>
  /** Hides received messages as `hide` does, ten a call. Resolves to the indices of those that were not hidden anew. */
  hideAll(queue: QueueRef, hidings: readonly Hiding[], timeout?: number): Promise<number[]>
  /** How many messages there are, about; nothing is received. */
  count(queue: QueueRef, timeout?: number): Promise<Count>
  /** Resolves when the queue exists and answers. */
  ready(queue: QueueRef, timeout?: number): Promise<void>
}

/** Most entries of one call (SQS). */
const MAX_ENTRIES = 10
/** Most bytes of the bodies and attributes of one call together (SQS). */
export const MAX_BATCH_BYTES = 1024 * 1024

/** Bytes that a message counts for: body, and name, type (`String`) and value of every attribute. */
export function sizeOf(message: Message): number {
  let bytes = Buffer.byteLength(message.body)
  for (const [name, value] of Object.entries(message.attributes)) {
    bytes += Buffer.byteLength(name) + 'String'.length + Buffer.byteLength(value)
  }
  return bytes
}

/** `messages` as lists of indices, each list small enough for one call by entries and by bytes, order kept. */
export function batches(messages: readonly Message[]): number[][] {
  const lists: number[][] = []
  let current: number[] = []
  let bytes = 0
  messages.forEach((message, index) => {
    const size = sizeOf(message)
    if (current.length === MAX_ENTRIES || (current.length > 0 && bytes + size > MAX_BATCH_BYTES)) {
      lists.push(current)
      current = []
      bytes = 0
    }
    current.push(index)
    bytes += size
  })
  if (current.length > 0) lists.push(current)
  return lists
}

/** The indices of `entries` as lists of ten at most: entries that have no size that counts. */
export function tens(entries: readonly unknown[]): number[][] {
  const lists: number[][] = []
  for (let from = 0; from < entries.length; from += MAX_ENTRIES) {
    lists.push([...entries.keys()].slice(from, from + MAX_ENTRIES))
  }
  return lists
}
