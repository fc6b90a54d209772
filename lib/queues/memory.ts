import { setTimeout as sleep } from 'node:timers/promises'
import { RouterError } from '../errors.ts'
import { MAX_BATCH_BYTES, type Message, type QueueRef, type Queues, sizeOf } from './queue.ts'

interface Kept extends Message {
  messageId: string
  receiveCount: number
  receipt: string
  visibleAt: number
}

/** Messages kept in this process: for tests and for programs that embed the router. They end with the process. */
export interface MemoryQueues extends Queues {
  /** Makes an empty queue; making it again changes nothing. */
  create(queue: QueueRef): void
}

const keyOf = ({ awsRegion, name }: QueueRef): string => `${awsRegion}/${name}`

// What SQS refuses in a body: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
const REFUSED = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** Queues in memory, with the limits of SQS. `now` is the clock in milliseconds. */
export function memory(now: () => number = Date.now): MemoryQueues {
  const queues = new Map<string, Kept[]>()
  let last = 0

  const open = (queue: QueueRef): Kept[] => {
    const kept = queues.get(keyOf(queue))
    if (!kept) throw new RouterError('UNAVAILABLE', `There is no queue ${queue.name} in ${queue.awsRegion}.`)
    return kept
  }

  const take = (queue: QueueRef, most: number, hideSeconds: number): Kept[] => {
    const visible = open(queue).filter((message) => message.visibleAt <= now())
    return visible.slice(0, most).map((message) => {
      message.receiveCount++
      message.receipt = `receipt-${++last}`
      message.visibleAt = now() + hideSeconds * 1000
      return message
    })
  }

  return {
    create(queue) {
      if (!queues.has(keyOf(queue))) queues.set(keyOf(queue), [])
    },
    async send(queue, messages) {
      const kept = open(queue)
      return messages.flatMap((message, index) => {
        if (message.body === '' || REFUSED.test(message.body) || sizeOf(message) > MAX_BATCH_BYTES) return [index]
        if (Object.keys(message.attributes).length > 10) return [index]
        kept.push({ ...message, messageId: `message-${++last}`, receiveCount: 0, receipt: '', visibleAt: 0 })
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
      return taken.map(({ messageId, receipt, receiveCount, body, attributes }) => ({
        messageId,
        receipt,
        receiveCount,
        body,
        attributes,
      }))
    },
    async remove(queue, receipt) {
      const kept = open(queue)
      const at = kept.findIndex((message) => message.receipt === receipt)
      if (at >= 0) kept.splice(at, 1)
    },
    async hide(queue, receipt, seconds) {
      const message = open(queue).find((entry) => entry.receipt === receipt)
      if (message) message.visibleAt = now() + seconds * 1000
    },
    async ready(queue) {
      open(queue)
    },
  }
}
