import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import * as v from 'valibot'

// What is remembered of the logs that were seen: an archive can't tell by itself that it is older than it was.

const schema = v.object({
  logs: v.array(
    v.object({
      origin: v.string(),
      key: v.string(),
      size: v.pipe(v.number(), v.integer(), v.minValue(0)),
      /** Base64. */
      root: v.string(),
      /** When that checkpoint was seen first. */
      seen: v.string(),
      /** Folders in which the log was seen. */
      archives: v.array(v.string()),
    }),
  ),
})

/** A log as it was seen last. */
export type SeenLog = v.InferOutput<typeof schema>['logs'][number]

/** The logs that the file `path` remembers. Throws an `Error` that says what is wrong with it when it can't be read. */
export function readMemory(path: string): SeenLog[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new Error(`${path} can't be read: ${(error as Error).message}`, { cause: error })
  }
  try {
    return v.parse(schema, JSON.parse(text)).logs
  } catch (cause) {
    throw new Error(`${path} is not what verify wrote: take it away, or name another one with --remember.`, { cause })
  }
}

/** `logs` with `log`, which is newer than the one of its origin and key, and the only one of its folders. */
function withLog(logs: readonly SeenLog[], log: SeenLog): SeenLog[] {
  const isSame = (other: SeenLog) => other.origin === log.origin && other.key === log.key
  const before = logs.find(isSame)
  const isNews = !before || before.size < log.size
  const archives = [...new Set([...(before?.archives ?? []), ...log.archives])]
  const others = logs
    .filter((other) => !isSame(other))
    .map((other) => ({ ...other, archives: other.archives.filter((archive) => !log.archives.includes(archive)) }))
  return [...others, { ...(isNews ? log : before), archives }]
}

/** Has the file `path` remember `log` beside what it remembers by now. */
export function remember(path: string, log: SeenLog): void {
  const logs = withLog(readMemory(path), log)
  mkdirSync(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, `${JSON.stringify({ logs }, null, 2)}\n`, { mode: 0o600 })
  renameSync(unfinished, path)
}
