import { fingerprint } from '../ids.ts'
import type { Request } from '../request.ts'

// Ids for senders that give none and say no time either: two deliveries of the same bytes are one event when they come close
// together, and two events when they do not (docs/sources.md).

/** For senders whose own repetitions are not known, or go on for long. */
const TEN_MINUTES = 10 * 60 * 1000

/** Most deliveries that are remembered at a time. */
const MOST = 10_000

const firstSeen = new Map<string, number>()

/**
 * An id for `content`, which came with `request`: the same for every repetition within `span` milliseconds of the first one that this
 * process saw for its registry, another one later. Between processes the repetitions of one `span` by the clock have the same id, so that a
 * repetition that another process takes has another id only when the span's end lies between.
 */
export function idInWindow(content: string, { registry = '', receivedAt }: Request, span = TEN_MINUTES): string {
  const print = fingerprint(content)
  const key = `${registry} ${print}`
  const seen = firstSeen.get(key)
  if (seen !== undefined && receivedAt >= seen && receivedAt - seen < span) return `${print} ${Math.floor(seen / span)}`
  firstSeen.delete(key)
  firstSeen.set(key, receivedAt)
  if (firstSeen.size > MOST) firstSeen.delete(firstSeen.keys().next().value as string)
  return `${print} ${Math.floor(receivedAt / span)}`
}

/**
 * What stands for the sender's id of `content` where it gives none: the content itself when that has a `time`, which another event would
 * not have; without one, when it came, within `span` milliseconds.
 */
export const idOfContent = (content: string, time: number | undefined, request: Request, span?: number): string =>
  time === undefined ? idInWindow(content, request, span) : fingerprint(content)
