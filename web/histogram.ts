import type { Bucket } from './answers.ts'
import { lengthOf, type Span, type Zone } from './time.ts'

// What the histogram shows, worked out: slots of equal length, and where its marks stand.

export interface Slot {
  /** Milliseconds since 1970. */
  time: number
  count: number
  failures: number
}

export interface Chart {
  slots: readonly Slot[]
  /** Milliseconds a slot. */
  interval: number
  /** The most events of a slot. */
  most: number
}

/** More slots than these are not drawn: the interval is chosen so that there are about a hundred. */
const MOST = 1000

/** The whole of `span` in slots, those without events too. */
export function chartOf(buckets: readonly Bucket[], name: string, span: Span, now: number): Chart {
  const interval = lengthOf(name) ?? 3_600_000
  const found = new Map(buckets.map(({ time, count, failures }) => [Date.parse(time), { count, failures }]))
  const times = [...found.keys()].sort((a, b) => a - b)
  // Slots begin where the buckets of the answer do, whatever these are aligned to.
  const [anchor = 0] = times
  const align = (time: number): number => anchor + Math.floor((time - anchor) / interval) * interval
  const [low = now, high = now] = [times[0], times.at(-1)]
  const first = align(Math.min(span.from ?? low, low))
  const end = Math.max(span.to ?? Math.max(now, high + 1), high + 1)
  const length = Math.max(1, Math.min(MOST, Math.ceil((end - first) / interval)))
  const slots = Array.from({ length }, (_, index) => {
    const time = first + index * interval
    return { time, ...(found.get(time) ?? { count: 0, failures: 0 }) }
  })
  return { slots, interval, most: Math.max(0, ...slots.map(({ count }) => count)) }
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const steps = [
  MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY,
] // biome-ignore format: by unit

export interface Mark {
  /** From 0, the beginning, to 1. */
  at: number
  text: string
}

const offsetOf = (time: number, zone: Zone): number =>
  zone === 'utc' ? 0 : new Date(time).getTimezoneOffset() * MINUTE

const textOf = (shifted: number, step: number): string => {
  const text = new Date(shifted).toISOString()
  if (step >= DAY) return text.slice(0, 10)
  return shifted % DAY === 0 ? text.slice(5, 10) : text.slice(11, 16)
}

/** At most `wanted` marks at round times of the zone. */
export function marksOf({ slots, interval }: Chart, zone: Zone, wanted: number): Mark[] {
  const [first] = slots
  if (!first) return []
  const shift = offsetOf(first.time, zone)
  const begin = first.time - shift
  const length = slots.length * interval
  const step = steps.find((candidate) => length / candidate <= wanted) ?? length
  const marks: Mark[] = []
  for (let time = Math.ceil(begin / step) * step; time < begin + length; time += step) {
    marks.push({ at: (time - begin) / length, text: textOf(time, step) })
  }
  return marks
}
