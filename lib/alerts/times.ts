import { parseTime } from '../time.ts'

// Times that are asked for.

/** From and before, in milliseconds since 1970. */
export type Interval = [from: number, to: number]

/** The first and the last time that a question can name: years have four digits. */
const FIRST = parseTime('1000-01-01T00:00:00Z') as number
const LAST = parseTime('9999-12-31T23:59:59.999Z') as number

/** `time` (milliseconds since 1970) in ISO 8601. */
export const iso = (time: number): string => new Date(time).toISOString()

/** `from` and `to` of a question; what no question can name is left open. */
export const timesOf = ([from, to]: Interval): { from?: string; to?: string } => ({
  ...(from >= FIRST ? { from: iso(from) } : {}),
  ...(to <= LAST ? { to: iso(to) } : {}),
})

/** Each interval is a question, or more: whoever sends events of many times must not make many of them. */
const MOST = 10

/** `intervals`, which come in order and do not overlap, as few: over the smallest gaps what lies between them is looked at, too. */
export function few(intervals: readonly Interval[]): Interval[] {
  const gap = (index: number): number => (intervals[index]?.[0] ?? 0) - (intervals[index - 1]?.[1] ?? 0)
  const indices = [...intervals.keys()].slice(1)
  const kept = new Set(indices.sort((one, other) => gap(other) - gap(one)).slice(0, MOST - 1))
  const joined: Interval[] = []
  for (const [index, [from, to]] of intervals.entries()) {
    const last = joined.at(-1)
    if (last && !kept.has(index)) last[1] = to
    else joined.push([from, to])
  }
  return joined
}
