import { CHECKPOINT, type EventsFile, eventsOf, parseEventsFile } from '../archive/names.ts'
import type { Location } from '../locations.ts'
import { parseCheckpoint } from '../proof/checkpoint.ts'
import type { Store } from '../stores/store.ts'
import type { Part } from './find.ts'
import { few, type Interval } from './times.ts'

// Where in an archive something new can be. The names of its files tell, so that nothing has to be asked when nothing came, and little of the
// archive is read when something did: a question without times would look at every day that there is.

type LogFile = EventsFile & { name: string; modifiedAt: number }

/** The log of a location: how many events it has, and the files in which they lie, listed when somebody asks for them. */
export interface Log {
  size: number
  files(): Promise<readonly LogFile[]>
}

async function filesOf(store: Pick<Store, 'list'>, location: Location): Promise<LogFile[]> {
  const files: LogFile[] = []
  for await (const { name, modifiedAt } of store.list(eventsOf(location))) {
    const parsed = parseEventsFile(name)
    if (parsed) files.push({ ...parsed, name, modifiedAt })
  }
  return files
}

/** The log as it is now. Its files are listed after its size was read, so that they hold all of these events. */
export async function readLog(store: Pick<Store, 'get' | 'list'>, location: Location): Promise<Log> {
  const checkpoint = await store.get(CHECKPOINT)
  const size = checkpoint ? parseCheckpoint(checkpoint.bytes.toString()).size : 0
  let files: Promise<LogFile[]> | undefined
  return {
    size,
    files() {
      files ??= filesOf(store, location)
      return files
    },
  }
}

const DAY = 86_400_000
/** How far the clocks of whoever writes and of whoever looks may be apart. */
const TOLERANCE = 15 * 60_000

/** What was known of a log at the last look: when that was, in milliseconds since 1970, and which files could not be read. */
export interface Known {
  lookedAt: number
  damaged: readonly string[]
}

/**
 * The part of `log` that has leaves from `from` on: the days of files that begin there, that were written since the last look (smaller ones
 * may have been merged into them), or that could not be read then.
 */
export async function partOf({ size, files }: Log, { lookedAt, damaged }: Known, from: number): Promise<Part> {
  const days = (await files())
    .filter(
      ({ name, first, modifiedAt }) => first >= from || modifiedAt >= lookedAt - TOLERANCE || damaged.includes(name),
    )
    .map(({ day }) => Date.parse(day))
  const times: Interval[] = []
  for (const day of [...new Set(days)].sort((one, other) => one - other)) {
    const last = times.at(-1)
    if (last?.[1] === day) last[1] = day + DAY
    else times.push([day, day + DAY])
  }
  return { from, size, times: few(times), damaged }
}
