// The answers of the search function (docs/search.md), as far as the viewer reads them.

/** An element of `events`. Of the event itself only what the table shows is named. */
export interface Item {
  location: string
  leaf: number
  /** `null` when nobody knows. */
  routedTime?: string | null
  archivedTime?: string | null
  event: Event
}

export interface Event {
  id: string
  eventTime: string
  action: string
  outcome: string
  severity: string
  initiator?: { id?: string; name?: string; host?: { address?: string } }
  target?: { id?: string; name?: string }
  provenance?: { registry?: string; location?: string }
  [member: string]: unknown
}

/** A step of the answer of `explain`. */
export interface Explained {
  step: string
  says: string
}

/** At which checkpoint of a location an answer is whole. */
export interface Complete {
  location: string
  size: number
  root: string
  checkpoint: string
}

/** What should be there and can't be read: a file, or leaves that are in no file. */
export interface Damaged {
  location: string
  file?: string
  why: string
}

/** Events that were removed under retention, of the days from `firstDay` to `lastDay`: signed notes of the log say so. */
export interface Removed {
  location: string
  firstDay: string
  lastDay: string
  count: number
}

/** What an answer is without, when there is something. */
export interface Lacking {
  damaged?: readonly Damaged[]
  removed?: readonly Removed[]
}

export interface Page extends Lacking {
  events: Item[]
  next: string | null
  complete: Complete[]
}

export interface Bucket {
  time: string
  count: number
  failures: number
}

export interface Counts {
  total: number
  by: Record<string, { value: string | boolean | null; count: number }[]>
  histogram: { interval: string; buckets: Bucket[] }
}

export interface Log {
  location: string
  origin: string
  key: string
  size: number
}

export interface Reader {
  id: string
  locations: string[]
}
