import type { Row } from '../archive/row.ts'
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

/** What looks into the archives. Every event is found once, whatever it was archived; what is damaged is left out and named. */
export interface Engine {
  /** Whole rows of a page, in its order: fewer than its limit only when there are no more. */
  page(query: PageQuery): Promise<{ found: Found[]; damaged: Damaged[] }>
  /** How many events there are, and when the first and the last happened (milliseconds since 1970); `null` without any. */
  bounds(
    filter: Filter,
    scopes: readonly Scope[],
  ): Promise<{ total: number; first: number | null; last: number | null }>
  /** Counts by value, in the order of `by`, and by time: only buckets that hold events. */
  counts(query: CountsQuery): Promise<{ by: ValueCount[][]; buckets: BucketCount[]; damaged: Damaged[] }>
  /** Whole rows of these leaves by number, all copies of events among them; those that are not there are left out. */
  leaves(scope: Scope): Promise<{ found: Found[]; damaged: Damaged[] }>
}
