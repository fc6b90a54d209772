import { setTimeout as sleep } from 'node:timers/promises'
import { RouterError } from '../errors.ts'
import { MAX_BATCH_BYTES, type Message, type QueueRef, type Queues, sizeOf } from './queue.ts'

interface Kept extends Message {
  messageId: string
  sentAt: number
  receiveCount: number
  receipt: string
  visibleAt: number
}

/** What a queue does by itself, as SQS does it. Left out: nothing expires, and nothing goes to a dead-letter queue. */
export interface QueueRules {
  /** A message that was received so often goes to `deadLetter` instead of being received once more. */
  maxReceives?: number
  deadLetter?: QueueRef
  /** A message is gone this long after it was first sent, on the dead-letter queue, too. */
  retentionSeconds?: number
}

interface Queue extends QueueRules {
  kept: Kept[]
}

/** Messages kept in this process: for tests and for programs that embed the router. They end with the process. */
export interface MemoryQueues extends Queues {
  /** Makes an empty queue; making it again changes its rules only. */
  create(queue: QueueRef, rules?: QueueRules): void
}

const keyOf = ({ awsRegion, name }: QueueRef): string => `${awsRegion}/${name}`

// What SQS refuses in a body: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
const REFUSED = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** Why SQS would refuse `message`, if it would. */
function faultOf(message: Message): string | undefined {
  if (message.body === '' || REFUSED.test(message.body)) return 'InvalidMessageContents'
  if (sizeOf(message) > MAX_BATCH_BYTES || Object.keys(message.attributes).length > 10) return 'InvalidParameterValue'
  return undefined
}

/** Queues in memory, with the limits of SQS. `now` is the clock in milliseconds. */
export function memory(now: () => number = Date.now): MemoryQueues {
  const queues = new Map<string, Queue>()
  let last = 0

  /** The queue as it is now: what expired is gone. */
  const open = (ref: QueueRef): Queue => {
    const queue = queues.get(keyOf(ref))
    if (!queue) throw new RouterError('UNAVAILABLE', `There is no queue ${ref.name} in ${ref.awsRegion}.`)
    const { retentionSeconds } = queue
    if (retentionSeconds !== undefined) {
      queue.kept = queue.kept.filter(({ sentAt }) => now() < sentAt + retentionSeconds * 1000)
    }
    return queue
  }

  /** Moves what was received too often to the dead-letter queue, where its age goes on counting. */
  const sortOut = ({ kept, maxReceives, deadLetter }: Queue, visible: readonly Kept[]): readonly Kept[] => {
    if (maxReceives === undefined || deadLetter === undefined) return visible
    const dead = visible.filter(({ receiveCount }) => receiveCount >= maxReceives)
    for (const message of dead) kept.splice(kept.indexOf(message), 1)
    if (dead.length > 0) open(deadLetter).kept.push(...dead.map((message) => ({ ...message, visibleAt: 0 })))
    return visible.filter((message) => !dead.includes(message))
  }

  const take = (ref: QueueRef, most: number, hideSeconds: number): Kept[] => {
    const queue = open(ref)
    const visible = queue.kept.filter((message) => message.visibleAt <= now()).slice(0, most)
    return sortOut(queue, visible).map((message) => {
      message.receiveCount++
      message.receipt = `receipt-${++last}`
      message.visibleAt = now() + hideSeconds * 1000
      return message
    })
  }

  const remove = (queue: QueueRef, receipt: string): void => {
    const { kept } = open(queue)
    const at = kept.findIndex((message) => message.receipt === receipt)
    if (at >= 0) kept.splice(at, 1)
  }

  /** Whether the message was hidden: as in SQS only one that still is. */
  const hide = (queue: QueueRef, receipt: string, seconds: number): boolean => {
    const message = open(queue).kept.find((entry) => entry.receipt === receipt)
    if (!message || message.visibleAt <= now()) return false
    message.visibleAt = now() + seconds * 1000
    return true
  }

  return {
    create(queue, rules = {}) {
      queues.set(keyOf(queue), { kept: [], ...queues.get(keyOf(queue)), ...rules })
    },
    async send(queue, messages, _timeout, refusals) {
      const { kept } = open(queue)
      return messages.flatMap((message, index) => {
        const why = faultOf(message)
        if (why) {
          refusals?.set(index, { sendersFault: true, why })
          return [index]
        }
        const messageId = `message-${++last}`
        kept.push({ ...message, messageId, sentAt: now(), receiveCount: 0, receipt: '', visibleAt: 0 })
        return []
      })
    },
    async receive(queue, most, waitSeconds, hideSeconds) {
      const end = now() + waitSeconds * 1000
      let taken = take(queue, most, hideSeconds)
      while (taken.length === 0 && now() < end) {
        await sleep(10)
        taken = take(queue, most, hideSeconds)
      }
      return taken.map(({ messageId, receipt, sentAt, receiveCount, body, attributes }) => ({
        messageId,
        receipt,
        sentAt,
        receiveCount,
        body,
        attributes,
      }))
    },
    async remove(queue, receipt) {
      remove(queue, receipt)
    },
    async hide(queue, receipt, seconds) {
      hide(queue, receipt, seconds)
    },
    async removeAll(queue, receipts) {
      for (const receipt of receipts) remove(queue, receipt)
      return []
    },
    async hideAll(queue, hidings) {
      return hidings.flatMap(({ receipt, seconds }, index) => (hide(queue, receipt, seconds) ? [] : [index]))
    },
    async count(queue) {
      const { kept } = open(queue)
      const waiting = kept.filter(({ visibleAt }) => visibleAt <= now()).length
      return { waiting, hidden: kept.length - waiting }
    },
    async ready(queue) {
      open(queue)
    },
  }
}
