import type { Ranges } from '../archive/ranges.ts'
import type { Row } from '../archive/row.ts'
import { RouterError } from '../errors.ts'
import type { Location } from '../locations.ts'
import type { Filter } from './filter.ts'
import type { CountsQuery, PageQuery, Scope } from './query.ts'

/** An archived event and where it is from. */
export interface Found {
  location: Location
  row: Row
}

/** A file that an answer is without, and why. */
export interface Damaged {
  location: Location
  file: string
  why: string
}

/** How often a value occurs, most frequent first. */
export interface ValueCount {
  value: string
  count: number
}

/** Events that happened in the interval from `time` on (milliseconds since 1970), and the failures among them. */
export interface BucketCount {
  time: number
  count: number
  failures: number
}

/** What is answered to a question that took too long. */
export const TOO_LONG =
  'The question takes too long: narrow it. Name a time with from and to, a location, or what stands in a field of its own instead of q.'

/** The error of a question that took too long. */
export const tooLong = (cause?: unknown): RouterError => new RouterError('UNAVAILABLE', TOO_LONG, { cause })

/**
 * What looks into the archives. Every event is found once, whatever it was archived; what is damaged is left out and named. When `signal` is
 * aborted, a method rejects with `UNAVAILABLE` and the message `TOO_LONG`, and nothing goes on.
 */
export interface Engine {
  /** Whole rows of a page, in its order: fewer than its limit only when there are no more. */
  page(query: PageQuery, signal: AbortSignal): Promise<{ found: Found[]; damaged: Damaged[] }>
  /** How many events there are, and when the first and the last happened (milliseconds since 1970); `null` without any. */
  bounds(
    filter: Filter,
    scopes: readonly Scope[],
    signal: AbortSignal,
  ): Promise<{ total: number; first: number | null; last: number | null }>
  /** Counts by value, in the order of `by`, and by time: only buckets that hold events. */
  counts(
    query: CountsQuery,
    signal: AbortSignal,
  ): Promise<{ by: ValueCount[][]; buckets: BucketCount[]; damaged: Damaged[] }>
  /** Whole rows of these leaves by number, all copies of events among them; those that are not there are left out. */
  leaves(scope: Scope, signal: AbortSignal): Promise<{ found: Found[]; damaged: Damaged[] }>
  /** The leaves of `scope` that are in no file that can be read. Looked for once for each state of the files. */
  missing(scope: Scope, signal: AbortSignal): Promise<Ranges>
  /** Looks at the files of `location` anew with the next question: what is missing or damaged may be back. */
  renew(location: Location): void
}
