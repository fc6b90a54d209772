// Times as people choose and read them. All times are milliseconds since 1970 unless something else is said.

export type Zone = 'utc' | 'local'

/** From which time on and before which one: how long ago it began (`24h`), or RFC 3339 times. Neither means all there is. */
export type Range = { last: string } | { last?: undefined; from?: string | undefined; to?: string | undefined }

/** Both ends of a range as they are asked for; one that is open has none. */
export interface Span {
  from?: number | undefined
  to?: number | undefined
}

/** Ranges to choose from, and how each is called. */
export const presets: readonly { last: string; label: string }[] = Object.entries({
  '15m': '15 minutes',
  '1h': 'hour',
  '6h': '6 hours',
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  '365d': 'year',
}).map(([last, length]) => ({ last, label: `Last ${length}` }))

/** Whether a range has no end at all. */
export const isAllTime = (range: Range): boolean => range.last === undefined && !range.from && !range.to

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

/** The time of an event; `NaN` when it is none. Its `+0000` is no form that every browser reads. */
export const timeOf = (text: string): number => Date.parse(text.replace(/\+0000$/, 'Z'))

/** The ends of `range` at this moment. */
export function resolve(range: Range, now: number): Span {
  if (range.last === undefined) return { from: parsed(range.from), to: parsed(range.to) }
  return { from: now - (lengthOf(range.last) ?? 0) }
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

/** The value of a date-and-time field, in the zone; empty without a time. */
export const toField = (time: number | undefined, zone: Zone): string =>
  time === undefined ? '' : stamp(time, zone).replace(' ', 'T')

/** The time that a date-and-time field says in the zone; `undefined` when it is empty. */
export const fromField = (value: string, zone: Zone): number | undefined =>
  value === '' ? undefined : parsed(zone === 'utc' ? `${value}Z` : value)
