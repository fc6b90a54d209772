const RFC3339 =
  /^(?<day>\d{4}-\d{2}-\d{2})[Tt ](?<clock>\d{2}:\d{2}:\d{2})(?<fraction>[.,]\d{1,9})?(?:[Zz]|(?<sign>[+-])(?<hours>\d{2}):?(?<minutes>\d{2}))$/

const MINUTE = 60_000
// The years whose times have four digits in UTC, but for year 1, which GitHub and Go senders use for "none".
const FIRST = Date.parse('0002-01-01T00:00:00Z')
const LAST = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * Milliseconds since 1970 of an RFC 3339 time with 0 to 9 fraction digits and any offset (`+0000` without the colon too), or
 * `undefined` when `text` is no such time, names a day or an hour that does not exist, or lies in year 1 or outside of the years
 * that the strict form of Activity Tracker can write (docs/events.md).
 */
export function parseTime(text: string): number | undefined {
  const { day, clock, fraction = '', sign, hours = '0', minutes = '0' } = RFC3339.exec(text)?.groups ?? {}
  if (day === undefined) return undefined
  const local = Date.parse(`${day}T${clock}${fraction.replace(',', '.')}Z`)
  // Date.parse moves 30 February into March.
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 10) !== day) return undefined
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE
  const time = local - offset
  return time >= FIRST && time <= LAST ? time : undefined
}

/** `time` (milliseconds since 1970) in the strict form of Activity Tracker: UTC, two fraction digits, `+0000`. */
export function formatTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 22)}+0000`
}
