import * as v from 'valibot'
import { RouterError } from '../errors.ts'
import type { AuditEvent } from '../event.ts'
import { fingerprint } from '../ids.ts'
import { readQuestion } from '../search/filter.ts'
import { CLOCK, dayNames, type Hours, isTimeZone, within } from './hours.ts'

// Saved searches as `archive.ts` lists them, and what makes an alert of one (docs/alerts.md).

/** What events can be told apart by, one alert for each value: where the value stands. */
const values = {
  action: ({ action }) => action,
  initiator: ({ initiator }) => initiator.id || initiator.name,
  address: ({ initiator }) => initiator.host.address,
  target: ({ target }) => target.name,
  registry: ({ provenance }) => provenance?.registry ?? '',
} as const satisfies Record<string, (event: AuditEvent) => string>

export type By = keyof typeof values

/** Where alerts go: an address, which gets them signed as Standard Webhooks says, or a queue. */
export type AlertTarget = { webhook: string } | { queue: string; awsRegion: string }

/** A saved search, as written in `archive.ts`. With `to`, and one of `atLeast` and `fewerThan`, it alerts. Secrets never stand there. */
export interface SavedSearch {
  /** Lower-case letters, digits and inner dashes. The secret of its webhook is found by `alert-<id>`. */
  id: string
  /** What it is about, for whoever gets an alert. */
  says: string
  /** Parameters of `GET /events` (docs/search.md) that say which events: `action=image.delete&targetPrefix=de.icr.io/prod/`. */
  query: string
  /** Only events that happened within, or outside of, these hours. */
  within?: Hours
  outside?: Hours
  /** An alert when there are that many events, or more. */
  atLeast?: number
  /** An alert when there are fewer events than that. */
  fewerThan?: number
  /** In how long a time: `10m`, `24h`. Of `atLeast: 1` it need not be said. */
  over?: string
  /** One alert for each value of that. */
  by?: By
  /** For how long the same alert is not repeated: `1h`. */
  quiet?: string
  to?: AlertTarget
}

/** What makes an alert of a checked search. Times are in milliseconds. */
export interface Threshold {
  atLeast?: number
  fewerThan?: number
}

/** A checked search that alerts. */
export interface AlertSearch {
  id: string
  says: string
  query: string
  threshold: Threshold
  /** Milliseconds; 0 when it does not matter how far apart the events are. */
  over: number
  /** Milliseconds; `undefined` when it is not said. */
  quiet: number | undefined
  by: By | undefined
  to: AlertTarget
  /** Whether an event that happened at that time (milliseconds since 1970) counts. */
  counts(time: number): boolean
  /** Whether hours were said at all. */
  hasHours: boolean
  /** Another one when the search asks for something else. */
  definition: string
}

/** The value of `by` that `event` has. */
export const valueIn = (event: AuditEvent, by: By): string => values[by](event)

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DURATION = /^([1-9]\d{0,4})([smhd])$/
const MONTH = 31 * 86_400_000

/** Milliseconds of `10m`. */
function milliseconds(text: string): number {
  const [, count, unit = ''] = DURATION.exec(text) ?? []
  return Number(count) * (UNITS[unit] ?? Number.NaN)
}

const duration = (least: number, wanted: string) =>
  v.pipe(
    v.string('has to be text'),
    v.check((text) => milliseconds(text) >= least && milliseconds(text) <= MONTH, wanted),
  )

const amount = (most: number) =>
  v.pipe(
    v.number('has to be a number'),
    v.integer('has to be a whole number'),
    v.minValue(1, 'has to be 1 or more'),
    v.maxValue(most, `has to be ${most} at most`),
  )

const members = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.strictObject(entries, (issue) => {
    if (issue.expected === 'never') return `there is no such setting; there are ${Object.keys(entries).join(', ')}`
    return issue.received === 'undefined' ? 'is missing' : 'has to be an object'
  })

const clock = v.pipe(v.string('has to be text'), v.regex(CLOCK, 'write it like 08:00 or 17:30'))
const hours = v.pipe(
  members({
    days: v.pipe(
      v.array(v.picklist(dayNames, `has to be one of ${dayNames.join(', ')}`), 'has to be a list of days'),
      v.minLength(1, 'has to name one day at least'),
    ),
    from: clock,
    to: clock,
    timeZone: v.pipe(
      v.string('has to be text'),
      v.check(isTimeZone, 'has to be the IANA name of a time zone, like Europe/Berlin'),
    ),
  }),
  v.check(({ from, to }) => from !== to && from !== '24:00', 'from and to have to differ, and from is before 24:00'),
)

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Whether `url` is on this machine: what may be called without TLS, in local emulation. */
export const isLoopback = ({ hostname }: URL): boolean => LOOPBACK.has(hostname)

function isAddress(text: string): boolean {
  const url = URL.parse(text)
  if (!url || url.username || url.password || url.hash) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
}

const target = v.union(
  [
    members({
      webhook: v.pipe(
        v.string('has to be text'),
        v.maxLength(2048, 'has to be of 2048 characters at most'),
        v.check(isAddress, 'has to be an address with https, without user, password and fragment'),
      ),
    }),
    members({
      queue: v.pipe(
        v.string('has to be text'),
        v.regex(/^[A-Za-z0-9_-]{1,80}$/, 'has to be the name of a queue that is not FIFO'),
      ),
      awsRegion: v.pipe(v.string('has to be text'), v.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'has to be an AWS region')),
    }),
  ],
  'has to be { webhook } or { queue, awsRegion }',
)

const schema = members({
  id: v.pipe(
    v.string('has to be text'),
    v.regex(/^[a-z0-9](?:[a-z0-9-]{0,54}[a-z0-9])?$/, 'use 1 to 56 lower-case letters, digits and inner dashes'),
  ),
  says: v.pipe(
    v.string('has to be text'),
    v.minLength(1, 'must not be empty'),
    v.maxLength(500, 'has to be of 500 characters at most'),
  ),
  query: v.string('has to be text'),
  within: v.optional(hours),
  outside: v.optional(hours),
  atLeast: v.optional(amount(10_000)),
  fewerThan: v.optional(amount(1000)),
  over: v.optional(duration(60_000, 'write it like 10m, 24h or 7d: 1 minute to 31 days')),
  by: v.optional(v.picklist(Object.keys(values) as By[], `has to be one of ${Object.keys(values).join(', ')}`)),
  quiet: v.optional(duration(60_000, 'write it like 10m, 24h or 7d: 1 minute to 31 days')),
  to: v.optional(target),
})

/** Parameters of a query that are not the search's to say. */
const NOT_ITS_OWN = ['from', 'to', 'after', 'sort', 'limit', 'cursor', 'format', 'proof', 'damaged']

function mistakesOfQuery(query: string): string[] {
  const parameters = new URLSearchParams(query)
  const wrong = NOT_ITS_OWN.filter((name) => parameters.has(name)).map((name) => `query: must not say ${name}`)
  try {
    readQuestion(parameters, 0)
    return wrong
  } catch (error) {
    if (!(error instanceof RouterError)) throw error
    return [...wrong, `query: ${error.message}`]
  }
}

/** Settings that say something about alerts, and nothing without one. */
const OF_ALERTS = ['within', 'outside', 'over', 'by', 'quiet', 'to'] as const

/** What can't be said of one setting alone. */
function contradictions(search: SavedSearch): string[] {
  const { within, outside, atLeast, fewerThan, over, by, to } = search
  const alerts = atLeast !== undefined || fewerThan !== undefined
  const rules: [boolean, string][] = [
    [atLeast !== undefined && fewerThan !== undefined, 'atLeast, fewerThan: only one of them can be said'],
    [within !== undefined && outside !== undefined, 'within, outside: only one of them can be said'],
    [alerts && to === undefined, 'to: is missing'],
    [atLeast !== undefined && atLeast > 1 && over === undefined, 'over: is missing'],
    [fewerThan !== undefined && over === undefined, 'over: is missing'],
    [fewerThan !== undefined && by !== undefined && by !== 'registry', 'by: of fewerThan it can be registry alone'],
    ...OF_ALERTS.map((name): [boolean, string] => [
      !alerts && search[name] !== undefined,
      `${name}: means nothing without atLeast or fewerThan`,
    ]),
  ]
  return rules.filter(([isWrong]) => isWrong).map(([, what]) => what)
}

function mistakesOf(search: unknown): string[] {
  const parsed = v.safeParse(schema, search)
  const query = typeof search === 'object' && search !== null && 'query' in search ? search.query : undefined
  const ofQuery = typeof query === 'string' ? mistakesOfQuery(query) : []
  if (parsed.success) return [...ofQuery, ...contradictions(search as SavedSearch)]
  const issues = parsed.issues.map((issue) => {
    const path = v.getDotPath(issue)
    return path ? `${path}: ${issue.message}` : issue.message
  })
  return [...issues, ...ofQuery]
}

/** Every mistake in `searches`, which stands in `archive.ts`, one sentence each; none when there is none. */
export function mistakesOfSearches(searches: unknown): string[] {
  if (!Array.isArray(searches)) return ['searches: has to be a list']
  const ids = searches.map((search) => (typeof search?.id === 'string' ? search.id : undefined))
  return searches.flatMap((search, index) => {
    const where = `searches.${index}${ids[index] ? ` (${JSON.stringify(ids[index])})` : ''}`
    const twice = ids[index] !== undefined && ids.indexOf(ids[index]) < index ? ['id: is used twice'] : []
    return [...mistakesOf(search), ...twice].map((what) => `${where}: ${what}`)
  })
}

function counting({ within: inside, outside }: SavedSearch): (time: number) => boolean {
  if (inside) return within(inside)
  if (!outside) return () => true
  const isInside = within(outside)
  return (time) => !isInside(time)
}

/** Those of the checked `searches` that alert. */
export function alertSearches(searches: readonly SavedSearch[]): AlertSearch[] {
  return searches.flatMap((search) => {
    const { id, says, query, atLeast, fewerThan, over, by, quiet, to } = search
    if (!to) return []
    return {
      id,
      says,
      query,
      threshold: atLeast === undefined ? { fewerThan: fewerThan as number } : { atLeast },
      over: over ? milliseconds(over) : 0,
      quiet: quiet ? milliseconds(quiet) : undefined,
      by,
      to,
      counts: counting(search),
      hasHours: search.within !== undefined || search.outside !== undefined,
      definition: fingerprint(JSON.stringify([query, search.within, search.outside, atLeast, fewerThan, over, by])),
    }
  })
}

/**
 * What `GET /searches` answers: every saved search, and what makes an alert of it. Where alerts go is not told: an address of a webhook
 * often is a secret.
 */
export function listSearches(searches: readonly SavedSearch[]) {
  return {
    searches: searches.map(({ to, ...search }) => ({
      ...search,
      ...(to ? { to: 'webhook' in to ? 'webhook' : 'queue' } : {}),
    })),
  }
}
