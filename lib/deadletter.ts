import { type ErrorCode, RouterError } from './errors.ts'
import type { Message } from './queues/queue.ts'
import type { Routable } from './routable.ts'
import { clean } from './text.ts'

// What the router itself puts on the dead-letter queue of intake. A message that is sent there has 14 days of its own; one that SQS
// moves there keeps the age that it has.

/**
 * Why: there is no location for it (the code says why not), its location refuses it although it answers, its location did not take
 * it for too long, or too many wait for a location that does not answer.
 */
export type Reason = ErrorCode | 'REFUSED' | 'UNDELIVERABLE' | 'CROWDED'

/** Receives after which an entry is given up that its location refuses, for what the entry is. */
const MAX_REFUSALS = 10
/** Receives after which everything is: eight to ten days, and SQS itself would move it after 40 more. */
const MAX_RECEIVES = 960

/** Receives, ten minutes altogether, after which what waits is given up when too much of it does: no location that merely hiccups pays. */
export const MIN_CROWDED = 8
/** Most characters of what its location said that a dead letter tells. */
const MAX_WHY = 512

/** What is known about a message that was not routed. */
interface Failure {
  /** Its location answered and refused it for what it is, and has been answering for a while. */
  refused: boolean
  /** More messages wait than the intake queue can hide. */
  crowded: boolean
}

/** Why `routable` is not to be tried any more; `undefined` when it is. */
export function reasonFor(routable: Routable, { refused, crowded }: Failure): Reason | undefined {
  const { received, outgoing, error } = routable
  if (!outgoing) return error instanceof RouterError ? error.code : 'UNREADABLE'
  if (received.receiveCount >= MAX_RECEIVES) return 'UNDELIVERABLE'
  if (refused && received.receiveCount >= MAX_REFUSALS) return 'REFUSED'
  return crowded && received.receiveCount >= MIN_CROWDED ? 'CROWDED' : undefined
}

/** The dead letter of `routable`: its body as it lay on the intake queue, with attributes that say what became of it; `why` is what its location said. */
export const deadLetter = ({ received, registry, location, id }: Routable, reason: Reason, why = ''): Message => ({
  body: received.body,
  attributes: { type: 'dead-letter', reason, registry, location, id, ...(why ? { why: clean(why, MAX_WHY) } : {}) },
})
