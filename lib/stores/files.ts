import { randomUUID } from 'node:crypto'
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, renameSync } from 'node:fs'
import { link, lstat, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RouterError } from '../errors.ts'
import { fingerprint } from '../ids.ts'
import { checkName, checkPrefix, isName, type Listed, type Store } from './store.ts'

/** What is being written lies here until it is whole: no name begins with a dot, so it is no object. */
const UNFINISHED = '.tmp'
/** What lies there for so long is of a process that was killed. */
const ABANDONED_MILLISECONDS = 60 * 60 * 1000
/** Held for a comparison and a rename, so waiting for longer means that something is wrong. */
const LOCK_MILLISECONDS = 5000

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code)

/** No object of that name: the path ends early, or goes on where the object would be, or something lies there that is no file. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO'])

/** How an object is opened: a link is none (the folders above are whatever their owner made them), and nobody waits for the other end of a pipe. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const absent = (error: unknown): undefined => {
  if (ABSENT.has(codeOf(error))) return undefined
  throw error
}

/** The bytes of the file at `path`; `undefined` when there is none. */
async function readObject(path: string): Promise<Buffer | undefined> {
  const file = await open(path, READ).catch(absent)
  if (!file) return undefined
  try {
    return (await file.stat()).isFile() ? await file.readFile() : undefined
  } finally {
    await file.close()
  }
}

function readObjectNow(path: string): Buffer | undefined {
  let file: number | undefined
  try {
    file = openSync(path, READ)
    return fstatSync(file).isFile() ? readFileSync(file) : undefined
  } catch (error) {
    return absent(error)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Makes what happened to the names in the folder `path` last. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function syncFolderNow(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Makes what is unfinished an object of its folder. */
type Take<Result> = (unfinished: string, folder: string) => Promise<Result> | Result

/**
 * `syncFolder` for many: a sync that has not begun yet is one for everybody who asks before, and each folder has one at a time. Most of the
 * time of a batch would go into them.
 */
function settling(): (folder: string) => Promise<void> {
  const due = new Map<string, Promise<void>>()
  const last = new Map<string, Promise<void>>()
  return (folder) => {
    const known = due.get(folder)
    if (known) return known
    const begin = () => {
      due.delete(folder)
      return syncFolder(folder)
    }
    const made = (last.get(folder) ?? Promise.resolve()).then(begin, begin)
    due.set(folder, made)
    last.set(folder, made)
    const forget = () => {
      if (last.get(folder) === made) last.delete(folder)
    }
    made.then(forget, forget)
    return made
  }
}

/** Removes what killed processes left unfinished. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await stat(path).catch(absent)
    if (found && Date.now() - found.mtimeMs > ABANDONED_MILLISECONDS) await rm(path, { force: true })
  }
}

/** What lies in the folder `path`, by whole names: a folder counts with its slash. */
async function entriesOf(path: string): Promise<{ part: string; isFolder: boolean }[]> {
  const entries = (await readdir(path, { withFileTypes: true }).catch(absent)) ?? []
  return entries
    .filter((entry) => isName(entry.name) && (entry.isDirectory() || entry.isFile()))
    .map((entry) => ({ part: entry.isDirectory() ? `${entry.name}/` : entry.name, isFolder: entry.isDirectory() }))
    .sort((a, b) => (a.part < b.part ? -1 : 1))
}

/** Objects below the folder `path`, by name; `within` is what their names begin with: nothing, or a path that ends with `/`. */
async function* walk(path: string, within: string, prefix: string): AsyncGenerator<Listed> {
  for (const { part, isFolder } of await entriesOf(path)) {
    const name = within + part
    if (isFolder && (name.startsWith(prefix) || prefix.startsWith(name))) yield* walk(join(path, part), name, prefix)
    if (isFolder || !name.startsWith(prefix)) continue
    const found = await lstat(join(path, part)).catch(absent)
    if (found?.isFile()) yield { name, size: found.size, modifiedAt: Math.floor(found.mtimeMs) }
  }
}

/**
 * A store in the folder `root` of this machine, which is made when something is written. Several processes may use it at once. What a
 * killed process left unfinished is nobody's object, and is removed later.
 */
export function files(root: string): Store {
  const top = resolve(root)
  const pathOf = (name: string): string => join(top, checkName(name))
  const settle = settling()
  /** Folders of which it is known that they last. */
  const lasting = new Set<string>()
  let prepared: Promise<unknown> | undefined

  /** Makes the folder and those that it lies in, and makes them last: another process may have made them a moment ago. */
  async function makeFolder(path: string): Promise<void> {
    if (lasting.has(path)) return
    await mkdir(path, { recursive: true })
    const parts = relative(top, path).split('/').filter(Boolean)
    const folders = [top, ...parts.map((_, index) => join(top, ...parts.slice(0, index + 1)))]
    for (const folder of [dirname(top), ...folders]) await syncFolder(folder)
    for (const folder of folders) lasting.add(folder)
  }

  /** Makes the folder of what is unfinished. */
  async function prepare(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true })
    await sweep(folder)
  }

  async function attempt<Result>(path: string, bytes: Uint8Array, take: Take<Result>): Promise<Result> {
    const folder = join(top, UNFINISHED)
    await makeFolder(dirname(path))
    prepared ??= prepare(folder)
    await prepared
    const unfinished = join(folder, randomUUID())
    try {
      const file = await open(unfinished, 'wx')
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      return await take(unfinished, dirname(path))
    } finally {
      await unlink(unfinished).catch(absent)
    }
  }

  /** Writes `bytes` where they are no object yet, and has `take` make them one in their folder. */
  async function write<Result>(path: string, bytes: Uint8Array, take: Take<Result>): Promise<Result> {
    try {
      return await attempt(path, bytes, take)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      // Somebody took folders away.
      lasting.clear()
      prepared = undefined
      return attempt(path, bytes, take)
    }
  }

  /**
   * Does `work` while no other process does: the lock is the kernel's, so it ends with the process. `work` doesn't wait for anything, so
   * that nobody in this process can be waiting either.
   */
  function alone<Result>(work: () => Result): Result {
    const lock = new DatabaseSync(join(top, '.lock.db'), { timeout: LOCK_MILLISECONDS })
    try {
      lock.exec('BEGIN EXCLUSIVE')
      return work()
    } finally {
      lock.close()
    }
  }

  const versionNow = (path: string): string | undefined => {
    const bytes = readObjectNow(path)
    return bytes && fingerprint(bytes)
  }

  /** Tells what the machine says against it. */
  const told = async <Result>(what: string, name: string, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work()
    } catch (cause) {
      const why = (cause as Error).message
      throw new RouterError('UNAVAILABLE', `${what} ${name} in ${top} failed: ${why}`, { cause })
    }
  }

  return {
    async get(name) {
      const path = pathOf(name)
      const bytes = await told('Reading', name, () => readObject(path))
      return bytes && { bytes, version: fingerprint(bytes) }
    },
    async put(name, bytes) {
      const path = pathOf(name)
      await told('Writing', name, () =>
        write(path, bytes, async (unfinished, folder) => {
          await rename(unfinished, path)
          await settle(folder)
        }),
      )
    },
    async create(name, bytes) {
      const path = pathOf(name)
      return told('Creating', name, () =>
        write(path, bytes, async (unfinished, folder) => {
          try {
            await link(unfinished, path)
          } catch (error) {
            if (codeOf(error) === 'EEXIST') return false
            throw error
          }
          await settle(folder)
          return true
        }),
      )
    },
    async replace(name, bytes, version) {
      const path = pathOf(name)
      return told('Replacing', name, () =>
        write(path, bytes, (unfinished, folder) =>
          alone(() => {
            if (versionNow(path) !== version) return false
            renameSync(unfinished, path)
            syncFolderNow(folder)
            return true
          }),
        ),
      )
    },
    async remove(name) {
      const path = pathOf(name)
      await told('Removing', name, async () => {
        const isGone = await unlink(path).then(() => true, absent)
        if (isGone) await settle(dirname(path))
      })
    },
    async *list(prefix) {
      const start = checkPrefix(prefix)
      try {
        yield* walk(top, '', start)
      } catch (cause) {
        throw new RouterError('UNAVAILABLE', `Listing ${prefix} in ${top} failed: ${(cause as Error).message}`, {
          cause,
        })
      }
    },
  }
}
