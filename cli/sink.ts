import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CommandError } from './exits.ts'

// Where an export goes: a file that is whole or not there.

export interface Sink {
  put(text: string): Promise<void>
  /** All of it is there: it gets its name. */
  keep(): Promise<void>
  /** Nothing of it stays. */
  drop(): Promise<void>
  bytes(): number
  /** SHA-256 of what was written, in hex. */
  digest(): string
}

const mistake = (file: string, error: unknown) =>
  new CommandError('usage', `${file} can't be written: ${(error as Error).message}`, { cause: error })

/** Makes the name `file` last through a loss of power, where the system can. */
async function keepName(file: string): Promise<void> {
  const folder = await open(dirname(file)).catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}

interface FileOptions {
  /** A file of that name is replaced. */
  replace?: boolean | undefined
  advice: string
}

/**
 * A file that only its owner can read, and that has the name `file` when it is whole: until then it is `<file>.partial-<process>`. Throws a
 * `CommandError` when it can't be made, or when it is there, unless it is to be replaced; `advice` is what somebody can do about that.
 */
export async function fileSink(file: string, { replace = false, advice }: FileOptions): Promise<Sink> {
  if (!replace && existsSync(file))
    throw new CommandError('usage', `${file} is there already. Nothing was written: ${advice}.`)
  const partial = `${file}.partial-${process.pid}`
  let handle: FileHandle
  try {
    handle = await open(partial, 'wx', 0o600)
  } catch (error) {
    throw mistake(file, error)
  }
  const hash = createHash('sha256')
  let bytes = 0
  return {
    async put(text) {
      const data = Buffer.from(text)
      hash.update(data)
      bytes += data.length
      await handle.writeFile(data).catch((error: unknown) => {
        throw mistake(file, error)
      })
    },
    async keep() {
      try {
        await handle.sync()
        await handle.close()
        await rename(partial, file)
        await keepName(file)
      } catch (error) {
        throw mistake(file, error)
      }
    },
    async drop() {
      await handle.close().catch(() => undefined)
      await rm(partial, { force: true })
    },
    bytes: () => bytes,
    digest: () => hash.digest('hex'),
  }
}

/** Standard output; what was written there can't be taken back. */
export function outputSink(raw: (text: string) => Promise<void>): Sink {
  const hash = createHash('sha256')
  let bytes = 0
  return {
    async put(text) {
      hash.update(text)
      bytes += Buffer.byteLength(text)
      await raw(text)
    },
    keep: async () => undefined,
    drop: async () => undefined,
    bytes: () => bytes,
    digest: () => hash.digest('hex'),
  }
}
