import * as v from 'valibot'
import { fingerprint } from '../ids.ts'
import type { Received } from '../queues/queue.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import type { Look } from './look.ts'

// What lib/quarantine.ts wrote, read again.

const index = v.pipe(v.number(), v.integer(), v.minValue(0))
const count = v.pipe(v.number(), v.integer(), v.minValue(1))

const messageSchema = v.looseObject({
  id: v.string(),
  reason: v.string(),
  message: v.string(),
  registry: v.string(),
  family: v.string(),
  receivedAt: v.pipe(
    v.string(),
    v.check((text) => parseTime(text) !== undefined),
  ),
  headers: v.record(v.string(), v.string()),
  query: v.optional(v.string()),
  body: v.string(),
  item: v.optional(index),
  of: v.optional(count),
  items: v.optional(
    v.array(v.looseObject({ id: v.string(), item: v.optional(index), reason: v.string(), message: v.string() })),
  ),
  part: v.optional(count),
  parts: v.optional(count),
})

type QuarantineMessage = v.InferOutput<typeof messageSchema>

/** What the answer to the webhook named by an id: an item, or the body as a whole. Code and sentence of then. */
export interface Entry {
  id: string
  item?: number | undefined
  reason: string
  message: string
}

/** One unusable thing as it lies in quarantine: an item of a body, several of them, or the body as a whole. */
export interface Quarantined {
  id: string
  /** Code and sentence of then. */
  reason: string
  message: string
  registry: string
  family: string
  /** When the webhook came, in milliseconds since 1970. */
  receivedAt: number
  headers: Readonly<Record<string, string>>
  query: string
  /** As received; `undefined` as long as parts of it are missing. */
  body: Buffer | undefined
  /** Index of the item, and how many there were; both `undefined` for the body as a whole. */
  item: number | undefined
  of: number | undefined
  /** Instead of one item: those that it stands for. */
  items: readonly Entry[] | undefined
  /** All that it stands for: `items`, or itself. */
  entries: readonly Entry[]
  /** Messages that its body is spread over, and how many of them are here. */
  parts: number
  present: number
  /** All messages of it: one for each part, more where one came twice. */
  messages: readonly Received[]
  /** How often it was received, at most. */
  receiveCount: number
}

/** `message` as one of the quarantine queue; `undefined` when it is none. */
function read({ body }: Received): QuarantineMessage | undefined {
  try {
    const parsed = v.safeParse(messageSchema, JSON.parse(body))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

function assemble(parts: readonly { message: Received; read: QuarantineMessage }[]): Quarantined {
  const { parts: total = 1, receivedAt, ...rest } = (parts[0] as (typeof parts)[number]).read
  const { id, reason, message, item, items } = rest
  const byPart = new Map(parts.map(({ read }) => [read.part ?? 1, read.body]))
  const bodies = Array.from({ length: total }, (_, index) => byPart.get(index + 1))
  const isWhole = bodies.every((body) => body !== undefined)
  return {
    id,
    reason,
    message,
    registry: rest.registry,
    family: rest.family,
    receivedAt: parseTime(receivedAt) ?? 0,
    headers: rest.headers,
    query: rest.query ?? '',
    body: isWhole ? Buffer.concat(bodies.map((body) => Buffer.from(body ?? '', 'base64'))) : undefined,
    item,
    of: rest.of,
    items,
    entries: items ?? [{ id, item, reason, message }],
    parts: total,
    present: byPart.size,
    messages: parts.map(({ message }) => message),
    receiveCount: Math.max(...parts.map(({ message }) => message.receiveCount)),
  }
}

/** What `messages` of a quarantine queue hold: parts put together, oldest first; and those that are no message of ours. */
export function readQuarantine(messages: readonly Received[]): { quarantined: Quarantined[]; foreign: Received[] } {
  const foreign: Received[] = []
  const groups = new Map<string, { message: Received; read: QuarantineMessage }[]>()
  for (const message of messages) {
    const kept = read(message)
    if (!kept) {
      foreign.push(message)
      continue
    }
    // The same bytes have the same id whenever they come: another time is another delivery, and less of it a rest.
    const { part: _part, body: _body, ...common } = kept
    const key = JSON.stringify(common)
    const group = groups.get(key)
    if (group) group.push({ message, read: kept })
    else groups.set(key, [{ message, read: kept }])
  }
  const quarantined = [...groups.values()].map(assemble)
  return { quarantined: quarantined.sort((a, b) => a.receivedAt - b.receivedAt), foreign }
}

/** Bytes of messages that are held in memory at a time, but for those whose other parts did not come yet. */
const MOST_BYTES = 32 * 1024 * 1024

/** All that a look into a quarantine queue finds, in lists; what is not whole comes in the last one. Oldest first in each list. */
export async function* quarantinedIn(look: Look): AsyncGenerator<{ quarantined: Quarantined[]; foreign: Received[] }> {
  let pending: Received[] = []
  let bytes = 0
  for await (const batch of look.batches()) {
    pending.push(...batch)
    bytes += batch.reduce((sum, { body }) => sum + body.length, 0)
    if (bytes < MOST_BYTES) continue
    const { quarantined, foreign } = readQuarantine(pending)
    pending = quarantined.filter(({ body }) => !body).flatMap(({ messages }) => messages)
    bytes = 0
    yield { quarantined: quarantined.filter(({ body }) => body), foreign }
  }
  yield readQuarantine(pending)
}

/** The ids by which the answer to the webhook named what `quarantined` stands for. */
export const idsOf = ({ entries }: Quarantined): string[] => entries.map(({ id }) => id)

/** What things that came with one request have in common. */
export const deliveryOf = ({ body, ...one }: Quarantined): string => {
  const { registry, family, receivedAt, headers, query, of, parts } = one
  return JSON.stringify([registry, family, receivedAt, headers, query, of, parts, fingerprint(body ?? '')])
}

/** `one` and `other` of the same delivery as one thing. */
export function joined(one: Quarantined, other: Quarantined): Quarantined {
  const entries = [...one.entries, ...other.entries]
  const receiveCount = Math.max(one.receiveCount, other.receiveCount)
  return { ...one, items: entries, entries, messages: [...one.messages, ...other.messages], receiveCount }
}

/** The request that `body` came with, as far as it was kept, at its own time. */
export function requestOf({ registry, headers, query, receivedAt }: Quarantined, body: Buffer): Request {
  return { method: 'POST', path: `/webhooks/${registry}`, query, headers, body, receivedAt, registry }
}
