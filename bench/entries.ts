import type { Message } from '../lib/queues/queue.ts'

/** `messages` as the entries of a SendMessageBatch, for the clients that ours is compared with. */
export const entriesOf = (messages: readonly Message[]) =>
  messages.map(({ body, attributes }, index) => ({
    Id: String(index),
    MessageBody: body,
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
    ),
  }))
