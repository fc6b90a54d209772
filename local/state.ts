import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Makes the folder `dir` and holds it for this process: two emulations on one folder would each overwrite what the other keeps.
 * Returns what lets it go; the end of the process does, too, however it ends, because the lock is the kernel's. Throws when the
 * folder can't be made, or when another process holds it.
 */
export function holdState(dir: string): () => void {
  let lock: DatabaseSync | undefined
  try {
    mkdirSync(dir, { recursive: true })
    lock = new DatabaseSync(join(dir, 'lock.db'))
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock?.close()
    const { message } = error as Error
    const held = 'another emulation uses it: stop that one, or set STATE_DIR to another folder'
    throw new Error(`STATE_DIR ${dir}: ${message.includes('locked') ? held : message}`)
  }
  return () => lock.close()
}
