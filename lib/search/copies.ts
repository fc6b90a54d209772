import { type Range, type Ranges, union } from '../archive/ranges.ts'
import { type LocalFile, literal, rowsOf } from './local.ts'

// Which rows of the files are further copies of an event: a message that came twice may be archived twice, and while files are merged an
// event lies in two of them. Looking for them anew with every question costs more than all else that it does, so the ids of all files that
// were seen are remembered, 30 bytes each.

/** What is used of a connection to DuckDB. */
interface Connection {
  run(sql: string): Promise<unknown>
  runAndReadAll(sql: string): Promise<{ getRowObjects(): Record<string, unknown>[] }>
}

/** What is known of the copies of events. */
export interface Copies {
  /** Takes in that the files of a location are `files` now. */
  update(location: string, files: readonly LocalFile[]): Promise<void>
  /** The leaves that are in the files of a location. */
  leaves(location: string): Ranges
  /** The relation of all events of these files, each once: of its copies the one with the lowest leaf. */
  once(paths: readonly string[]): string
}

const TABLES = [
  'CREATE TABLE files (file INTEGER, path VARCHAR)',
  'CREATE TABLE ids (file INTEGER, location VARCHAR, id UUID, leaf BIGINT)',
  'CREATE TABLE repeated (location VARCHAR, id UUID, leaf BIGINT, path VARCHAR)',
]
/** Files with copies, and whether they hold nothing else. */
const COVERED = `
  SELECT path, copies.n = held.n AS isCovered
  FROM (SELECT path, count(*) AS n FROM repeated GROUP BY path) AS copies
  JOIN (SELECT path, count(*) AS n FROM ids JOIN files USING (file) GROUP BY path) AS held USING (path)`
/** The leaves of the files with these numbers, as runs of leaves that follow one another. */
const runsOf = (numbers: Iterable<number>): string => `
  SELECT path, min(leaf) AS begins, max(leaf) AS ends
  FROM (
    SELECT file, leaf, leaf - dense_rank() OVER (PARTITION BY file ORDER BY leaf) AS run
    FROM ids WHERE file IN (${[-1, ...numbers].join(', ')})
  ) JOIN files USING (file) GROUP BY path, file, run`
// Ids are UUIDs; one that is none gets one of its own.
const KEY = 'coalesce(TRY_CAST(id AS UUID), CAST(md5(id) AS UUID))'

/** Remembers copies in tables of `connection`. */
export async function copies(connection: Connection): Promise<Copies> {
  for (const statement of TABLES) await connection.run(statement)
  /** Numbers of the files that were seen, by location and path. */
  const seen = new Map<string, Map<string, number>>()
  /** Runs of the leaves of these files. */
  const runs = new Map<string, Range[]>()
  let last = 0
  /** Files all of whose events lie in others, and whether there are further copies. */
  let covered: ReadonlySet<string> = new Set()
  let isRepeated = false
  let queue: Promise<unknown> = Promise.resolve()

  /** What to do so that the tables tell of the files `added`, with their numbers, and no longer of those with the numbers `gone`. */
  function steps(
    location: string,
    added: ReadonlyMap<string, number>,
    gone: readonly number[],
    isFirst: boolean,
  ): string[] {
    const removed = `(${[-1, ...gone].join(', ')})`
    const changed = `(${[-1, ...gone, ...added.values()].join(', ')})`
    const listed = [...added].map(([path, number]) => `(${number}, ${literal(path)})`).join(', ')
    const read = `INSERT INTO ids SELECT file, location, ${KEY}, leaf FROM ${rowsOf([...added.keys()])} JOIN files ON path = filename`
    const touched = isFirst ? `WHERE location = ${literal(location)}` : 'SEMI JOIN touched USING (location, id)'
    return [
      ...(added.size > 0 ? [`INSERT INTO files VALUES ${listed}`, read] : []),
      ...(isFirst
        ? []
        : [
            `CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT location, id FROM ids WHERE file IN ${changed}`,
            `DELETE FROM ids WHERE file IN ${removed}`,
            `DELETE FROM files WHERE file IN ${removed}`,
            'DELETE FROM repeated USING touched WHERE repeated.location = touched.location AND repeated.id = touched.id',
          ]),
      `INSERT INTO repeated
        WITH twice AS (SELECT location, id FROM ids ${touched} GROUP BY location, id HAVING count(*) > 1)
        SELECT location, id, leaf, path FROM (
          SELECT ids.*, row_number() OVER (PARTITION BY location, id ORDER BY leaf, file) AS copy
          FROM ids SEMI JOIN twice USING (location, id)
        ) JOIN files USING (file) WHERE copy > 1`,
    ]
  }

  async function take(location: string, files: readonly LocalFile[]): Promise<void> {
    const known = seen.get(location) ?? new Map<string, number>()
    const paths = new Set(files.map(({ path }) => path))
    const added = new Map([...paths].filter((path) => !known.has(path)).map((path) => [path, ++last]))
    const gone = [...known].filter(([path]) => !paths.has(path))
    if (added.size === 0 && gone.length === 0) return
    await connection.run('BEGIN')
    try {
      const numbers = gone.map(([, number]) => number)
      for (const step of steps(location, added, numbers, known.size === 0)) await connection.run(step)
      await connection.run('COMMIT')
    } catch (error) {
      await connection.run('ROLLBACK')
      throw error
    }
    for (const [path] of gone) {
      known.delete(path)
      runs.delete(path)
    }
    for (const { path, begins, ends } of (await connection.runAndReadAll(runsOf(added.values()))).getRowObjects()) {
      const range: Range = [Number(begins), Number(ends)]
      runs.set(String(path), [...(runs.get(String(path)) ?? []), range])
    }
    for (const [path, number] of added) known.set(path, number)
    seen.set(location, known)
    const rows = (await connection.runAndReadAll(COVERED)).getRowObjects()
    covered = new Set(rows.filter((row) => row.isCovered).map(({ path }) => String(path)))
    isRepeated = rows.some((row) => !row.isCovered)
  }

  return {
    update(location, files) {
      const taken = queue.then(() => take(location, files))
      queue = taken.catch(() => undefined)
      return taken
    },
    leaves: (location) => union([...(seen.get(location)?.keys() ?? [])].flatMap((path) => runs.get(path) ?? [])),
    once(paths) {
      const needed = paths.filter((path) => !covered.has(path))
      const rows = rowsOf(needed.length > 0 ? needed : paths)
      if (!isRepeated && needed.length > 0) return rows
      return `(SELECT * FROM ${rows} AS r WHERE NOT EXISTS (SELECT 1 FROM repeated WHERE repeated.leaf = r.leaf AND repeated.path = r.filename))`
    },
  }
}
