// Times as people choose and read them. All times are milliseconds since 1970 unless something else is said.

export type Zone = 'utc' | 'local'

/** From which time on and before which one: how long ago it began (`24h`), or RFC 3339 times. Neither means all there is. */
export type Range = { last: string } | { last?: undefined; from?: string; to?: string }

/** Both ends of a range as they are asked for; one that is open has none. */
export interface Span {
  from?: number
  to?: number
}

export const presets = [
  { last: '15m', label: 'Last 15 minutes' },
  { last: '1h', label: 'Last hour' },
  { last: '6h', label: 'Last 6 hours' },
  { last: '24h', label: 'Last 24 hours' },
  { last: '7d', label: 'Last 7 days' },
  { last: '30d', label: 'Last 30 days' },
  { last: '90d', label: 'Last 90 days' },
  { last: '365d', label: 'Last year' },
] as const

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Milliseconds of `15m`, `24h`, `7d`; `undefined` when it is none of these. */
export function lengthOf(text: string): number | undefined {
  const [, digits, unit = ''] = /^([1-9]\d{0,4})([smhdw])$/.exec(text) ?? []
  const length = units[unit]
  return digits && length ? Number(digits) * length : undefined
}

const parsed = (text: string | undefined): number | undefined => {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? undefined : time
}

/** The ends of `range` at this moment. */
export function resolve(range: Range, now: number): Span {
  const length = range.last === undefined ? undefined : lengthOf(range.last)
  const from = range.last === undefined ? parsed(range.from) : now - (length ?? 0)
  const to = range.last === undefined ? parsed(range.to) : undefined
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}

export const iso = (time: number): string => new Date(time).toISOString()

/** A range of fixed times, cut to whole seconds at both ends and at least one long. */
export function fixed(from: number, to: number): Range {
  const begin = Math.floor(from / 1000) * 1000
  return { from: iso(begin), to: iso(Math.max(begin + 1000, Math.ceil(to / 1000) * 1000)) }
}

const two = (value: number): string => String(value).padStart(2, '0')

interface Parts {
  date: string
  clock: string
  hundredths: string
}

/** Date and clock of a time in a zone. */
export function partsOf(time: number, zone: Zone): Parts {
  const date = new Date(time)
  // What getters of UTC tell of a time that is shifted by the zone's offset is what a clock there shows.
  const shown = zone === 'utc' ? date : new Date(time - date.getTimezoneOffset() * 60_000)
  const text = shown.toISOString()
  return { date: text.slice(0, 10), clock: text.slice(11, 19), hundredths: text.slice(20, 22) }
}

/** `2026-11-22 13:00:00`. */
export function stamp(time: number, zone: Zone): string {
  const { date, clock } = partsOf(time, zone)
  return `${date} ${clock}`
}

/** How far a zone's clocks are from UTC at a time: `UTC`, `UTC+01:00`. */
export function offset(time: number, zone: Zone): string {
  const minutes = zone === 'utc' ? 0 : -new Date(time).getTimezoneOffset()
  if (minutes === 0) return 'UTC'
  const size = Math.abs(minutes)
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

/** A range in words: a preset's, or both ends. */
export function rangeText(range: Range, zone: Zone): string {
  if (range.last !== undefined) {
    return presets.find(({ last }) => last === range.last)?.label ?? `Last ${range.last}`
  }
  const { from, to } = resolve(range, 0)
  const at = (time: number) => stamp(time, zone).replace(/:00$/, '')
  if (from === undefined && to === undefined) return 'All time'
  if (to === undefined) return `Since ${at(from ?? 0)}`
  if (from === undefined) return `Before ${at(to)}`
  const [begin, end] = [at(from), at(to)]
  return `${begin} – ${begin.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`
}

/** The value of a date-and-time field, in the zone. */
export const toField = (time: number, zone: Zone): string => stamp(time, zone).replace(' ', 'T')

/** The time that a date-and-time field says in the zone; `undefined` when it is empty. */
export const fromField = (value: string, zone: Zone): number | undefined =>
  value === '' ? undefined : parsed(zone === 'utc' ? `${value}Z` : value)
