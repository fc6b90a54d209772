import { toCanonicalText } from '../body.ts'
import { RouterError } from '../errors.ts'
import { EVENT_ID, idOf } from '../ids.ts'
import { escapedName } from '../json.ts'
import { canonicalText } from '../proof/canonical.ts'
import { parseTime } from '../time.ts'
import { type Row, toRow } from './row.ts'

// What may become a leaf of the log of a location, whether it comes from the queue or out of the journal.

/** An event on its way into the archive. */
export interface Arrival {
  /** Its canonical JSON. */
  text: string
  /** Its row, when that was already made: without the leaf, and without the time at which it was archived. */
  row?: Row
  /** When the router sent it, in milliseconds since 1970; `null` when nobody knows. */
  routed: number | null
}

/** The members of an event that decide whether it can be archived; who may write to the queue decides what stands there. */
export interface Claims {
  id?: unknown
  eventTime?: unknown
  provenance?: { registry?: unknown; location?: unknown }
}

/** What `event` claims: nothing when it is no object. */
export const claimsOf = (event: unknown): Claims => (typeof event === 'object' && event !== null ? event : {})

/** Throws `INVALID_ITEM` or `UNROUTABLE` when `event`, which was read from `text`, has no place in the archive of `location`. */
function check(event: unknown, text: string, location: string): void {
  const { id, eventTime, provenance } = claimsOf(event)
  if (idOf(id, EVENT_ID, undefined) === undefined) throw new RouterError('INVALID_ITEM', 'The event has no id.')
  if (typeof eventTime !== 'string' || parseTime(eventTime) === undefined) {
    throw new RouterError('INVALID_ITEM', 'The event has no time.')
  }
  if (provenance?.location !== location) {
    throw new RouterError('UNROUTABLE', `The event is not of ${location}, and is archived nowhere else.`)
  }
  if (text.includes('\\') && escapedName(event) !== undefined) {
    throw new RouterError('INVALID_ITEM', 'The name of a field has to be escaped, so it may be read as another one.')
  }
}

/**
 * `event`, which was read from `body`, as it goes into the archive of `location`; `undefined` when `body` is not what lib/body.ts writes of it:
 * then it may have been read as something else than it is. Throws `INVALID_ITEM`, `UNROUTABLE` or a `RangeError` when it has no place there.
 */
export function toArrival(event: unknown, body: string, location: string, routed: number | null): Arrival | undefined {
  check(event, body, location)
  const text = canonicalText(event)
  if (text !== body && toCanonicalText(event as object) !== body) return undefined
  return { text, routed, row: toRow(text, 0, { routed, archived: null }, event) }
}

/** The event of the canonical JSON `text`. Throws when it has no place in the archive of `location`, or `text` is not canonical. */
export function readEvent(text: string, location: string, routed: number | null): Arrival {
  const arrival = toArrival(JSON.parse(text), text, location, routed)
  if (arrival?.text === text) return arrival
  throw new RouterError('INVALID_ITEM', 'An event of it is not canonical JSON.')
}
