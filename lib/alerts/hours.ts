// Office hours, by the clock on the wall where people work: daylight saving time is Intl's business.

/** The days of a week as saved searches name them, Monday first. */
export const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Day = (typeof dayNames)[number]

/** Hours of some days of the week. */
export interface Hours {
  days: readonly Day[]
  /** On the clock of `timeZone`, from `08:00` on and before `18:00`. `24:00` is the end of the day; `22:00` to `06:00` goes over midnight. */
  from: string
  to: string
  /** IANA name: `Europe/Berlin`. */
  timeZone: string
}

/** `HH:MM`, with `24:00`. */
export const CLOCK = /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/

/** Whether this JavaScript knows the time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return true
  } catch {
    return false
  }
}

const minutesOf = (clock: string): number => {
  const [hours, minutes] = clock.split(':').map(Number)
  return (hours as number) * 60 + (minutes as number)
}

const before = (day: Day): Day => dayNames.at(dayNames.indexOf(day) - 1) as Day

/** Whether a time (milliseconds since 1970) is within `hours`. Hours over midnight belong to the day on which they begin. */
export function within({ days, from, to, timeZone }: Hours): (time: number) => boolean {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const [begin, end] = [minutesOf(from), minutesOf(to)]
  return (time) => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]))
    const day = String(parts.get('weekday')).toLowerCase() as Day
    const minute = Number(parts.get('hour')) * 60 + Number(parts.get('minute'))
    if (begin < end) return days.includes(day) && minute >= begin && minute < end
    return (days.includes(day) && minute >= begin) || (days.includes(before(day)) && minute < end)
  }
}
