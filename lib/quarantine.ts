import { toText } from './body.ts'
import type { ErrorCode } from './errors.ts'
import { derivedId, fingerprint } from './ids.ts'
import type { Message } from './queues/queue.ts'
import type { Registry } from './registries.ts'
import type { Request } from './request.ts'
import { formatTime } from './time.ts'

/** Something genuine that is unusable: `item` is its index in the body, `undefined` when it is the body as a whole. */
export interface Unusable {
  reason: ErrorCode
  message: string
  item: number | undefined
  /** Items of the body that it stands for. */
  count: number
  /** Items that the body was split into, if it could be. */
  of?: number
}

/** Messages may have 1 MiB; base64 makes three bytes into four, and the rest of the message needs some room too. */
const PART_BYTES = 400 * 1024
/** Bytes that the quarantine of one request may take as one message an item; over that, one message lists its items. */
const SEPARATE_BYTES = 8 * 1024 * 1024

// Only what is known to be no credential, because a secret may come in a header of any name. The second are part of what the
// item says, as much as the body: kinds of events, and the attributes of a CloudEvent in binary mode.
const KEPT_HEADERS = /^(?:content-type|content-encoding|user-agent|webhook-id|webhook-timestamp)$/
const TELLING_HEADERS =
  /^(?:ce-[a-z0-9]+|aeg-event-type|x-(?:github|gitea|gogs|forgejo)-(?:event|event-type|delivery)|x-gitlab-audit-event-type|x-goog-pubsub-[a-z-]+|x-nexus-webhook-(?:id|delivery))$/

/** The headers that may be kept: they help to read the body and hold no credential. */
const keepHeaders = (headers: Request['headers']): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(headers).filter(([name]) => KEPT_HEADERS.test(name) || TELLING_HEADERS.test(name)),
  ),
  // What stands in headers is read more strictly beside a signature, also when it is read again.
  ...(headers['ce-specversion'] && headers['webhook-signature'] ? { 'webhook-signature': LEFT_OUT } : {}),
})

/** Stands for a value that is not kept. */
const LEFT_OUT = 'left out'

/** `?event=` of the URL, which says what a body without a type is; the rest of the query may hold a secret. */
const kindOf = ({ query }: Request): string | undefined =>
  new URLSearchParams(query).get('event')?.slice(0, 64).toWellFormed()

/** What is kept beside the body of `plain`, which is `request` without secrets, and whether the two differ. */
function contextOf(request: Request, plain: Request) {
  const kept = (of: Request) => [keepHeaders(of.headers), kindOf(of)] as const
  const [headers, kind] = kept(plain)
  const blanked = plain.body !== request.body || JSON.stringify(kept(request)) !== JSON.stringify([headers, kind])
  return {
    headers,
    ...(kind ? { query: `event=${encodeURIComponent(kind)}` } : {}),
    ...(blanked ? { blanked } : {}),
  }
}

/** `text` so short and plain that the longest list fits beside the body. */
export const brief = (text: string): string => text.slice(0, 96).replace(/[^ -~]/g, '?')

/** What is kept of one request: the messages, and each item's id and reason, in order, for the answer. */
export interface Kept {
  messages: Message[]
  entries: { id: string; item: number | undefined; reason: ErrorCode }[]
}

/**
 * Keeps `unusable` (all of one request) with everything needed to look into it and to try again: reason, headers without
 * credentials, and the body as received: what is kept is `plain`, which
 * is `request` without the registry's secrets, and `blanked` says where they differ. One message an item; a body too large for one message is spread over several with `part`
 * and `parts`; when one an item would take more than 8 MiB, a single message lists all of them in `items`. An id is the same for
 * every delivery of the same bytes to the same function for the same registry.
 */
export function quarantine(
  registry: Registry,
  family: string,
  request: Request,
  plain: Request,
  unusable: readonly Unusable[],
): Kept {
  const [first] = unusable
  if (!first) return { messages: [], entries: [] }
  const { body } = plain
  const telling = Object.entries(request.headers).filter(([name]) => TELLING_HEADERS.test(name))
  const kind = kindOf(request)
  const print = fingerprint(Buffer.concat([request.body, Buffer.from(JSON.stringify([telling.toSorted(), kind]))]))
  const entries = unusable.map(({ item, reason }) => ({
    id: derivedId('quarantine', registry.id, family, print, String(item ?? '')),
    item,
    reason,
  }))
  const together = unusable.length > 1 && unusable.length * body.length > SEPARATE_BYTES
  const items = entries.map((entry, at) => ({ ...entry, message: brief(unusable[at]?.message ?? '') }))
  const same = {
    registry: registry.id,
    family,
    receivedAt: formatTime(request.receivedAt),
    ...contextOf(request, plain),
  }
  const parts = Math.max(1, Math.ceil(body.length / PART_BYTES))
  const messages = (together ? [first] : unusable).flatMap(({ reason, message, item, of }, at) =>
    Array.from({ length: parts }, (_, index) => {
      const id = entries[at]?.id ?? ''
      const kept = {
        id,
        reason,
        message,
        ...same,
        body: body.subarray(index * PART_BYTES, (index + 1) * PART_BYTES).toString('base64'),
        ...(item === undefined ? {} : { item, of }),
        ...(together ? { items } : {}),
        ...(parts > 1 ? { part: index + 1, parts } : {}),
      }
      return { body: toText(kept), attributes: { type: 'quarantine', registry: registry.id, reason, id } }
    }),
  )
  return { messages, entries }
}
