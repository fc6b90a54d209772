import { type FileContext, FileReader, type FileResult, Leaves } from './file.ts'
import type { EventsName } from './names.ts'
import { TileReader, tileTop } from './tiles.ts'

// What can be done by several threads at once.

/** A file of events to be verified, or tiles of level 0 whose hashes are to be worked out. */
export type Job = { file: EventsName } | { from: number; to: number }

/** What came of a job: of tiles the hash that each has on the level above, `undefined` for one that can't be read. */
export type Result = FileResult | (string | undefined)[]

/** What the threads share. */
export type SharedContext = Omit<FileContext, 'seen' | 'good'> & { seen: SharedArrayBuffer; good: SharedArrayBuffer }

/** What a thread keeps from job to job. */
export interface Jobs {
  files: FileReader
  tiles: TileReader
}

/** What a thread that shares this context keeps from job to job. */
export function openJobs({ seen, good, ...context }: SharedContext): Jobs {
  const { size } = context
  const files = new FileReader({ ...context, seen: new Leaves(size, seen), good: new Leaves(size, good) })
  return { files, tiles: new TileReader(context.root, size) }
}

/** Does a job. Throws for a file or a folder that can not be read at all. */
export function doJob({ files, tiles }: Jobs, job: Job): Result {
  if ('file' in job) return files.read(job.file)
  return Array.from({ length: job.to - job.from }, (_, index) => {
    const tile = tiles.tile(0, job.from + index)
    return tile === undefined ? undefined : tileTop(tile)
  })
}
