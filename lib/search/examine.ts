import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { columns } from '../archive/columns.ts'
import { type LocalFile, rowsOf } from './local.ts'

// Whether files are what was written: by their digest when they are seen first, and by reading all of them when a question failed.

/** Why a file can't be what was written; `undefined` when it is. Rejects when it is not there. */
async function mistakeOf({ path, digest }: LocalFile): Promise<string | undefined> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer)
  return hash.digest('hex').startsWith(digest)
    ? undefined
    : 'It is not the file that was written: its SHA-256 is another one.'
}

/** What is known of a file with that mark: why it is damaged, if it is, and whether it was read as a whole to find out. */
interface Examined {
  mark: string
  why: string | undefined
  isRead: boolean
}

const TYPES = { INT64: 'BIGINT', STRING: 'VARCHAR', TIMESTAMP: 'TIMESTAMP', BOOLEAN: 'BOOLEAN' } as const
/** The statement that reads all of a file, and whose one row says whether its columns have the types that they should have. */
const wholeFile = (path: string): string =>
  `SELECT ${columns.map(({ name }) => `max(${name})`).join(', ')}, ${columns
    .map(({ name, type }) => `coalesce(any_value(typeof(${name})), '${TYPES[type]}') = '${TYPES[type]}'`)
    .join(' AND ')} AS fits FROM ${rowsOf([path])}`

/** Looks at files. */
export interface Examiner {
  /** Why a file is not what was written; `undefined` when it is. Rejects when it is not there. */
  first(file: LocalFile): Promise<string | undefined>
  /** Why a file can't be used, found out by hashing it and reading all of it: once for each state of the file, whatever is asked. */
  whole(file: LocalFile): Promise<string | undefined>
}

/** Looks at files, and remembers what it has seen by path and mark; `run` runs a statement. */
export function examiner(run: (statement: string) => Promise<Record<string, unknown>[]>): Examiner {
  const examined = new Map<string, Examined>()

  async function first(file: LocalFile): Promise<string | undefined> {
    const known = examined.get(file.path)
    if (known?.mark === file.mark) return known.why
    const why = await mistakeOf(file)
    examined.set(file.path, { mark: file.mark, why, isRead: false })
    return why
  }

  async function whole(file: LocalFile): Promise<string | undefined> {
    const known = examined.get(file.path)
    if (known?.mark === file.mark && known.isRead) return known.why
    const unread = async (): Promise<string | undefined> => {
      try {
        const [row] = await run(wholeFile(file.path))
        return row?.fits === true ? undefined : 'It has other columns than a file of events.'
      } catch {
        return 'It can not be read as Parquet with the columns of a file of events.'
      }
    }
    const why = (await mistakeOf(file)) ?? (await unread())
    examined.set(file.path, { mark: file.mark, why, isRead: true })
    return why
  }

  return { first, whole }
}
