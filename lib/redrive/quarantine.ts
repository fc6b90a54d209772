import { toText } from '../body.ts'
import type { AuditEvent } from '../event.ts'
import type { Message, QueueRef, Queues } from '../queues/queue.ts'
import type { Registry } from '../registries.ts'
import type { FamilyRules } from '../target.ts'
import { formatTime } from '../time.ts'
import { type Fate, fatesOf, originsOf } from './fate.ts'
import { type Look, lookInto, patience } from './look.ts'
import { idsOf, type Quarantined, quarantinedIn } from './quarantined.ts'
import { hasRest, restOf } from './rest.ts'

// Out of quarantine once more: what today is an event goes onto the intake queue, the rest stays.

/** How the redriving of one thing ended. */
export type Outcome =
  /** All of it is events on the intake queue. */
  | 'redriven'
  /** What became events is on the intake queue, the rest in quarantine: what is still unusable, and noise unless it is to be dropped. */
  | 'partly'
  /** It is noise today. */
  | 'ignored'
  /** It is still unusable, and stays as it was. */
  | 'unusable'
  /** A queue refused it, and it stays; what was taken of it already comes again with the same ids. */
  | 'refused'

/** One thing with what became of it, or would. */
export interface Report {
  fate: Fate
  outcome: Outcome
  /** It is no longer in quarantine. */
  removed: boolean
}

/** What a redrive needs. */
export interface Redrive {
  queues: Queues
  intake: QueueRef
  quarantine: QueueRef
  registries: ReadonlyMap<string, Registry>
  families: readonly FamilyRules[]
  /** Whether that is to be redriven; the rest is left alone. */
  wants(quarantined: Quarantined): boolean
  /** Only these; when one of them is not there nothing is done at all. */
  ids?: readonly string[] | undefined
  /** Only says what would be done. */
  dryRun: boolean
  /** Removes what is noise today. */
  dropIgnored: boolean
  signal?: AbortSignal | undefined
  /** The clock, in milliseconds since 1970. */
  now(): number
  /** Is told what became of each thing, as soon as it did. */
  report(report: Report): void
  /** Is told how far it is: `looked at` or `done`, of about how many. */
  progress?: ((what: 'looked at' | 'done', count: number, total: number) => void) | undefined
  /** Is told how many messages could not be given back, and why. */
  stuck(messages: number, why?: unknown): void
}

/** Things, and events of them, that are sent together. */
const MOST_TOGETHER = 100
const MOST_EVENTS = 1000

function outcomeOf(fate: Fate, { dropIgnored }: Redrive): Outcome {
  const { events, unusable, noise } = fate
  if (events.length > 0) return hasRest(fate, dropIgnored) ? 'partly' : 'redriven'
  return unusable.length === 0 && noise.length > 0 ? 'ignored' : 'unusable'
}

/** The message of an event with when and out of what it was redriven, which counts for nothing in the limit of its size. */
function withTime({ body, attributes }: Message, redrivenTime: string, redrivenFrom: string): Message {
  const event = JSON.parse(body) as AuditEvent
  return { attributes, body: toText({ ...event, route: { ...event.route, redrivenTime, redrivenFrom } }) }
}

/** Sends the messages of all of `fates` together; resolves to those whose messages the queue took, each and every one. */
async function sendEach(
  queues: Queues,
  queue: QueueRef,
  fates: readonly Fate[],
  messagesOf: (fate: Fate) => readonly Message[],
): Promise<Set<Fate>> {
  const owners: Fate[] = []
  const messages = fates.flatMap((fate) => {
    const own = messagesOf(fate)
    for (const _ of own) owners.push(fate)
    return own
  })
  const failed = await queues.send(queue, messages, patience(messages.length))
  const refused = new Set(failed.map((index) => owners[index]))
  return new Set(fates.filter((fate) => !refused.has(fate)))
}

/** Events onto the intake queue, what is left back into quarantine, and only then is removed what they were. */
async function carryOut(fates: readonly Fate[], look: Look, job: Redrive): Promise<void> {
  const { queues, intake, quarantine, dropIgnored } = job
  const time = formatTime(job.now())
  const withEvents = fates.filter(({ events }) => events.length > 0)
  const taken = await sendEach(queues, intake, withEvents, (fate) => {
    const origins = originsOf(fate)
    return fate.events.map(({ message }, at) => withTime(message, time, origins[at] ?? ''))
  })
  const rests = new Map(
    fates
      .filter((fate) => taken.has(fate))
      .map((fate): [Fate, Message[]] => [fate, restOf(fate, dropIgnored)])
      .filter(([, rest]) => rest.length > 0),
  )
  const back = await sendEach(queues, quarantine, [...rests.keys()], (fate) => rests.get(fate) ?? [])
  const isDone: Record<Outcome, (fate: Fate) => boolean> = {
    redriven: (fate) => taken.has(fate),
    partly: (fate) => back.has(fate),
    ignored: () => dropIgnored,
    unusable: () => false,
    refused: () => false,
  }
  const done = new Set(fates.filter((fate) => isDone[outcomeOf(fate, job)](fate)))
  const { left, error } = await look.remove([...done].flatMap(({ quarantined }) => quarantined.messages))
  for (const fate of fates) {
    const wasRefused = fate.events.length > 0 && !(taken.has(fate) && (back.has(fate) || !rests.has(fate)))
    const removed = done.has(fate) && !fate.quarantined.messages.some((message) => left.has(message))
    job.report({ fate, outcome: wasRefused ? 'refused' : outcomeOf(fate, job), removed })
  }
  if (error) throw error
}

/**
 * `fates` in lists that are small enough to be sent together. The very first one goes alone: what may not be removed is not copied by
 * the hundred.
 */
function* chunks(fates: readonly Fate[], isFirst: boolean): Generator<Fate[]> {
  let chunk: Fate[] = []
  let events = 0
  let most = isFirst ? 1 : MOST_TOGETHER
  for (const fate of fates) {
    chunk.push(fate)
    events += fate.events.length
    if (chunk.length < most && events < MOST_EVENTS) continue
    most = MOST_TOGETHER
    yield chunk
    chunk = []
    events = 0
  }
  if (chunk.length > 0) yield chunk
}

/** How a redrive ended. */
export interface Redriven {
  /** Things that were redriven, or were not. */
  done: number
  /** Those of the ids that are not in quarantine; nothing was done then. */
  missing: string[]
  /** Messages of the queue that are none of ours; they stay. */
  foreign: number
  /** Messages that somebody else held, about: they were not looked at. */
  hidden: number
}

/** Carries `fates` out, or only reports them, in lists of which none is begun after the signal to stop. Adds to `ended`. */
async function act(fates: readonly Fate[], look: Look, job: Redrive, ended: Redriven): Promise<void> {
  const total = Math.max(job.ids ? 0 : look.waiting, ended.done + fates.length)
  for (const chunk of chunks(fates, ended.done === 0)) {
    if (job.signal?.aborted) return
    if (!job.dryRun) await carryOut(chunk, look, job)
    else for (const fate of chunk) job.report({ fate, outcome: outcomeOf(fate, job), removed: false })
    ended.done += chunk.length
    job.progress?.('done', ended.done, total)
  }
}

/**
 * Redrives what `job` wants of the quarantine queue. A thing is removed only after all that became of it was taken: when this ends in
 * between, it comes again with the same ids, and nothing is lost. Rejects as the methods of the queues do; what was reported stands.
 */
export async function redriveQuarantine(job: Redrive): Promise<Redriven> {
  const { ids, signal, progress } = job
  const options = { signal, progress: (seen: number, total: number) => progress?.('looked at', seen, total) }
  return lookInto(job.queues, job.quarantine, options, job.stuck, async (look) => {
    const ended: Redriven = { done: 0, missing: [], foreign: 0, hidden: 0 }
    const chosen: Fate[] = []
    const isWanted = (one: Quarantined) => job.wants(one) && (!ids || idsOf(one).some((id) => ids.includes(id)))
    for await (const { quarantined, foreign } of quarantinedIn(look)) {
      if (signal?.aborted) return ended
      ended.foreign += foreign.length
      // All of it is read, for the order's sake.
      const fates = fatesOf(quarantined, isWanted, job.registries, job.families)
      const wanted = fates.filter((fate) => isWanted(fate.quarantined))
      if (ids) chosen.push(...wanted)
      else await act(wanted, look, job, ended)
    }
    ended.hidden = look.hidden()
    const found = new Set(chosen.flatMap(({ quarantined }) => idsOf(quarantined)))
    ended.missing = (ids ?? []).filter((id) => !found.has(id))
    if (ended.missing.length === 0) await act(chosen, look, job, ended)
    return ended
  })
}
