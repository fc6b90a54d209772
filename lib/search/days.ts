import { parseEventsFile } from '../archive/names.ts'
import type { Location } from '../locations.ts'
import type { Damaged } from './engine.ts'

// Which days Athena is asked for: it looks into a folder for each day that a statement leaves open, whether or not there is one.

/** The days that the table of deploy/template knows, the first and the last: from the beginning of the clocks that have lost their time. */
export const PROJECTED = ['1970-01-01', '2109-12-31'] as const

/** Runs of days, the first and the last of them as they are written. */
export type DayRuns = readonly (readonly [first: string, last: string])[]

/** Days without events that are looked at rather than told apart. */
const SMALL_GAP = 100 * 24 * 60 * 60 * 1000

/** `days`, in order, as runs; small gaps are in them. */
export function runsOfDays(days: Iterable<string>): DayRuns {
  const runs: [string, string][] = []
  for (const day of days) {
    const last = runs.at(-1)
    if (last && Date.parse(day) - Date.parse(last[1]) <= SMALL_GAP) last[1] = day
    else runs.push([day, day])
  }
  return runs
}

/** What the names of a location's files say: the files, the days that Athena is asked for, and what it can't see. */
export interface Listed {
  size: number
  names: ReadonlySet<string>
  days: DayRuns
  damaged: readonly Damaged[]
}

/** What `names`, in order, say of the files of `location`, whose log had `size` leaves before they were listed. */
export function listedOf(location: Location, size: number, names: readonly string[]): Listed {
  const days = new Set<string>()
  const damaged: Damaged[] = []
  for (const name of names) {
    const file = parseEventsFile(name)
    if (file?.location !== location) continue
    if (file.day >= PROJECTED[0] && file.day <= PROJECTED[1]) days.add(file.day)
    else damaged.push({ location, file: name, why: `Athena looks at days from ${PROJECTED.join(' to ')}.` })
  }
  return { size, names: new Set(names), days: runsOfDays([...days].sort()), damaged }
}
