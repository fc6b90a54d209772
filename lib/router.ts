import type { Circuit } from './circuit.ts'
import { deadLetter, MIN_CROWDED, type Reason, reasonFor } from './deadletter.ts'
import { RouterError } from './errors.ts'
import { hide, NEAR } from './hide.ts'
import { type Entry, tally } from './log.ts'
import { deadLetterQueue } from './queues/names.ts'
import { batches, type QueueRef, type Queues, type Refusal } from './queues/queue.ts'
import { type IntakeMessage, type Outgoing, type Outputs, type Routable, readMessage } from './routable.ts'

// The way from the intake queue to the outputs of the location, its queue and its archive queue: read (lib/routable.ts), deliver, give up what is hopeless
// (lib/deadletter.ts), hide what has to wait. docs/queues.md has the numbers.

/** What the router needs from outside. */
export interface Router extends Outputs {
  queues: Queues
  intake: QueueRef
  /**
   * The circuit of a location: the same one at every call. One for its outputs together, so that one of them that does not answer
   * costs the other one little: it gets again what probes carry, not all that waits.
   */
  circuit(location: string): Circuit
  /** A number from 0 to 1, by chance. */
  random(): number
}

/** Messages that may wait hidden: SQS hands out nothing at all once about 120,000 of a queue are. */
const MAX_HIDDEN = 100_000

/** What a round did so far. */
interface Round {
  entry: Entry
  /** How many outputs of its location took it: it is routed when all of them did. */
  taken: Map<Routable, number>
  /** What its location refuses for what it is, and why. */
  refused: Map<Routable, string>
}

/** What has a location. */
type Addressed = Routable & Required<Pick<Routable, 'outgoing'>>

const isAddressed = (routable: Routable): routable is Addressed => routable.outgoing !== undefined

/** One of `some`, and what of it goes to one output. */
type Part = Outgoing & { routable: Addressed }

/** What of `some`, all of one location, goes into one call each: no call holds more than it may, or more than one output. */
function callsOf(some: readonly Addressed[]): Part[][] {
  const parts = some.flatMap((routable) => routable.outgoing.map((outgoing) => ({ ...outgoing, routable })))
  const outputs = Map.groupBy(parts, ({ queue }) => queue.name)
  return [...outputs.values()].flatMap((output) => {
    const calls = batches(output.map(({ message }) => message))
    return calls.map((indices) => indices.map((index) => output[index] as Part))
  })
}

/**
 * Makes one call with `parts`, all for one output and not too many for it. What failed for passing reasons is neither taken nor
 * refused. Resolves to whether the output can take messages: not when the call failed, nor when nothing was taken and not all of it
 * is at fault itself.
 */
async function attempt(parts: readonly Part[], { queues }: Router, { entry, taken, refused }: Round): Promise<boolean> {
  const { queue } = parts[0] as Part
  const messages = parts.map(({ message }) => message)
  const refusals = new Map<number, Refusal>()
  try {
    const left = new Set(await queues.send(queue, messages, undefined, refusals))
    for (const [index, { routable }] of parts.entries()) {
      const { sendersFault, why = '' } = refusals.get(index) ?? {}
      if (!left.has(index)) taken.set(routable, (taken.get(routable) ?? 0) + 1)
      else if (sendersFault) refused.set(routable, why)
    }
    if (left.size === 0) return true
    const [{ why } = { why: 'Unknown' }] = refusals.values()
    entry.error = new RouterError(
      'UNAVAILABLE',
      `${queue.name} refused ${left.size} of ${parts.length} messages: ${why}`,
    )
    return left.size < parts.length || parts.every(({ routable }) => refused.has(routable))
  } catch (error) {
    entry.error = error
    return false
  }
}

/**
 * Sends `group`, all of one location, to its outputs as far as its circuit allows: when a probe is taken the rest follows it, in calls
 * side by side, of which one that fails costs the others nothing.
 */
async function deliver(group: readonly Routable[], router: Router, round: Round): Promise<void> {
  let rest = group.filter(isAddressed)
  const [first] = rest
  if (!first) return
  const circuit = router.circuit(first.location)
  while (rest.length > 0) {
    const most = circuit.allowance()
    if (most === 0) {
      round.entry.open = [...(round.entry.open ?? []), first.location]
      return
    }
    const calls = callsOf(rest.slice(0, most))
    rest = rest.slice(most)
    const answers = await Promise.all(calls.map((parts) => attempt(parts, router, round)))
    if (!answers.every(Boolean)) return circuit.failed()
    circuit.answered()
  }
}

/** Whether so many messages wait that the intake queue might soon hand out nothing, for no location. */
async function isCrowded({ queues, intake }: Router, entry: Entry): Promise<boolean> {
  try {
    return (await queues.count(intake, NEAR)).hidden >= MAX_HIDDEN
  } catch (error) {
    entry.error = error
    return false
  }
}

/** Puts what is hopeless of `left` on the dead-letter queue of intake. Resolves to what is there. */
async function giveUp(left: readonly Routable[], router: Router, round: Round): Promise<Set<Routable>> {
  const mayBeCrowded = left.some((routable) => isAddressed(routable) && routable.received.receiveCount >= MIN_CROWDED)
  const crowded = mayBeCrowded && (await isCrowded(router, round.entry))
  const hopeless: [Routable, Reason][] = left.flatMap((routable) => {
    const refused = round.refused.has(routable) && router.circuit(routable.location).isWell()
    const reason = reasonFor(routable, { refused, crowded })
    return reason ? [[routable, reason]] : []
  })
  if (hopeless.length === 0) return new Set()
  const letters = hopeless.map(([routable, reason]) => deadLetter(routable, reason, round.refused.get(routable)))
  try {
    const failed = new Set(await router.queues.send(deadLetterQueue(router.intake), letters, NEAR))
    return new Set(hopeless.flatMap(([routable], index) => (failed.has(index) ? [] : [routable])))
  } catch (error) {
    round.entry.error = error
    return new Set()
  }
}

/**
 * Puts every event of `messages` on every output of its location. Resolves to the ids of the messages that have to come again: those
 * that an output did not take, although another one may have. They stay on the intake queue, hidden for their pause, and never go to another location. What
 * is hopeless is on the dead-letter queue of intake. No location waits for another one. Never rejects; `entry` is filled in for
 * the log.
 */
export async function routeMessages(
  messages: readonly IntakeMessage[],
  router: Router,
  entry: Entry,
): Promise<string[]> {
  const round: Round = { entry, taken: new Map(), refused: new Map() }
  const routables = messages.map((message) => readMessage(message, router))
  for (const { error } of routables) if (error) entry.error = error
  const groups = Map.groupBy(routables, ({ location }) => location)
  await Promise.all([...groups.values()].map((group) => deliver(group, router, round)))
  const isRouted = (routable: Routable) =>
    isAddressed(routable) && round.taken.get(routable) === routable.outgoing.length
  const [routed, left] = [routables.filter(isRouted), routables.filter((routable) => !isRouted(routable))]
  const dead = await giveUp(left, router, round)
  const waiting = left.filter((routable) => !dead.has(routable))
  await hide(
    waiting.map(({ received }) => received),
    { ...router, queue: router.intake },
    entry,
  )
  const settled = [...routed, ...dead]
  Object.assign(entry, {
    received: messages.length,
    outputs: router.outputs,
    routed: tally(routed),
    postponed: tally(waiting),
    deadLettered: tally(dead),
    redriven: routed.filter(({ redriven }) => redriven).map(({ id }) => id),
    redrivenFrom: [...new Set(settled.map(({ redrivenFrom }) => redrivenFrom))].filter(Boolean),
  })
  return waiting.map(({ received }) => received.messageId)
}
