const RFC3339 =
  /^([1-9]\d{3})-(\d{2})-(\d{2})[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:[.,](\d{1,9}))?(?:[Zz]|([+-](?:[01]\d|2[0-3])):?([0-5]\d))$/

const MINUTE = 60_000
/** Days that are remembered: events are of few. */
const MOST_DAYS = 100
/** The first and the last time whose years are taken. */
const FIRST = Date.UTC(1000, 0, 1)
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** Where `formatTime` writes the two digits of hours, minutes, seconds and hundredths, and their milliseconds. */
const FIGURES = [
  [11, 60 * MINUTE, 24],
  [14, MINUTE, 60],
  [17, 1000, 60],
  [20, 10, 100],
] as const
/** Midnights of days that were read before, by how they are written. */
const midnights = new Map<string, number>()

/** What `formatTime` wrote, of a day that is in `midnights`; `undefined` for any other text. It takes a tenth of what the regular expression does. */
function parseFormatted(text: string): number | undefined {
  if (text.length !== 27 || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':' || text[19] !== '.')
    return undefined
  let time = midnights.get(text.slice(0, 10))
  if (time === undefined || !text.endsWith('+0000')) return undefined
  for (const [at, milliseconds, limit] of FIGURES) {
    const [tens, ones] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48]
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9 || tens * 10 + ones >= limit) return undefined
    time += (tens * 10 + ones) * milliseconds
  }
  return time
}

/**
 * Milliseconds since 1970 of an RFC 3339 time with 0 to 9 fraction digits and any offset (`+0000` without the colon too), cut to
 * milliseconds. `undefined` when `text` is no such time, names a day that does not exist, or lies outside of the years 1000 to 9999:
 * before the one lies year 1, which GitHub and Go senders use for "none", after the other what the strict form of Activity
 * Tracker can't write (docs/events.md). A leap second counts as the second after it.
 */
export function parseTime(text: string): number | undefined {
  const formatted = parseFormatted(text)
  if (formatted !== undefined) return formatted
  const match = RFC3339.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', hours = '0', minutes = '0'] = match
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  const midnight = Date.UTC(y, m - 1, d)
  // Date.UTC moves 30 February into March.
  if (m < 1 || m > 12 || d < 1 || midnight >= Date.UTC(y, m, 1)) return undefined
  if (midnights.size >= MOST_DAYS) midnights.clear()
  midnights.set(text.slice(0, 10), midnight)
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'))
  const local = midnight + (Number(hour) * 60 + Number(minute)) * MINUTE + Number(second) * 1000 + milliseconds
  const offset = (Number(hours) * 60 + (hours.startsWith('-') ? -1 : 1) * Number(minutes)) * MINUTE
  const time = local - offset
  return time >= FIRST && time <= LAST ? time : undefined
}

const DAY = 24 * 60 * MINUTE

const dates = new Map<number, string>()

function dateOf(day: number): string {
  const known = dates.get(day)
  if (known) return known
  if (dates.size >= MOST_DAYS) dates.clear()
  const date = new Date(day * DAY).toISOString().slice(0, 10)
  dates.set(day, date)
  return date
}

const two = (value: number): string => (value < 10 ? `0${value}` : String(value))

/** `milliseconds` since 1970 in the strict form of Activity Tracker: UTC, two fraction digits, `+0000`. */
export function formatTime(milliseconds: number): string {
  const time = Math.floor(milliseconds)
  const today = Math.floor(time / DAY)
  const hundredths = Math.floor((time - today * DAY) / 10)
  const seconds = Math.floor(hundredths / 100)
  const minutes = Math.floor(seconds / 60)
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}.${two(hundredths % 100)}`
  return `${dateOf(today)}T${clock}+0000`
}

/**
 * Milliseconds since 1970 of Unix seconds with or without a fraction, cut to milliseconds. `undefined` for 0, which senders use for
 * "none", and outside of the years 1970 to 9999.
 */
export function fromSeconds(seconds: number): number | undefined {
  const time = Math.floor(seconds * 1000)
  return time > 0 && time <= LAST ? time : undefined
}
