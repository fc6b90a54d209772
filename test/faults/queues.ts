import { deadLetterQueue, intakeQueue, quarantineQueue } from '../../lib/queues/names.ts'
import { allQueues } from '../../local/sqs.ts'
import type { Promises } from './senders.ts'

// What lies on the queues of the stage `local`, looked at without receiving it, and whether it is what was promised.

export const REGION = 'eu-central-1'
export const intake = intakeQueue('local', REGION)
export const quarantined = quarantineQueue('local', REGION)

const names = allQueues('local', REGION).flatMap((queue) => [queue.name, deadLetterQueue(queue).name])
const nameOf = (location: string) => `registry-events-local-${location}`

interface Inspected {
  messages: { ready: Kept[]; delayed: Kept[]; inflight: { message: Kept; receiptHandle: string }[] }
}
interface Kept {
  body: string
  messageAttributes: Record<string, { StringValue?: string }>
}

/** The ids on each queue that has any, one for each copy. */
export type Contents = Map<string, string[]>

/** Ids of the messages on the queue `name` of the SQS at `url`, hidden ones included. */
export async function idsOn(url: string, name: string): Promise<string[]> {
  const answer = await fetch(`${url}/_fauxqs/queues/${name}`)
  const { messages } = (await answer.json()) as Inspected
  const kept = [...messages.ready, ...messages.delayed, ...messages.inflight.map(({ message }) => message)]
  return kept.map(({ messageAttributes }) => messageAttributes.id?.StringValue ?? '')
}

/** Ids of the messages on all queues of the SQS at `url`, hidden ones included. */
export async function contents(url: string): Promise<Contents> {
  const found: Contents = new Map()
  for (const name of names) {
    const ids = await idsOn(url, name)
    if (ids.length > 0) found.set(name, ids)
  }
  return found
}

/** Receipts of the messages of `queue` that are hidden. */
export async function hidden(url: string, { name }: { name: string }): Promise<string[]> {
  const answer = await fetch(`${url}/_fauxqs/queues/${name}`)
  return ((await answer.json()) as Inspected).messages.inflight.map(({ receiptHandle }) => receiptHandle)
}

const withDead = (names: readonly string[]): string[] => names.flatMap((name) => [name, `${name}-dlq`])
/** What an event whose location is `location` lies on, on one of them at least; what else it may lie on. */
const places = (location: string): string[] => withDead([intake.name, nameOf(location)])
const others = (location: string): string[] => withDead([`${nameOf(location)}-archive`])

/** Everything that `promises` says and `found` does not hold, or holds in the wrong place: `[]` when nothing is missing. */
export function missing({ events, quarantined: kept }: Promises, found: Contents): string[] {
  const where = new Map<string, Set<string>>()
  for (const [name, ids] of found) for (const id of ids) where.set(id, (where.get(id) ?? new Set()).add(name))
  const lost = [...events].flatMap(([id, location]) => {
    const on = [...(where.get(id) ?? [])].filter((name) => !others(location).includes(name))
    const wrong = on.filter((name) => !places(location).includes(name))
    if (on.length > 0 && wrong.length === 0) return []
    return [`${id} of ${location} is on ${on.join(', ') || 'no queue'}`]
  })
  const unkept = [...kept].filter((id) => !where.get(id)?.has(quarantined.name))
  return [...lost, ...unkept.map((id) => `${id} is not in quarantine`)]
}
