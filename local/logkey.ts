import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The key with which local emulation signs its logs: 32 bytes in base64, in the file `log-key` of `dir`, made at the first start and readable
 * for its owner alone. Throws when the file can't be read or made.
 */
export function localLogKey(dir: string): string {
  const file = join(dir, 'log-key')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const key = randomBytes(32).toString('base64')
  // Whole or not there at all: a key that was lost with its machine would leave logs that nobody can go on with.
  const draft = openSync(`${file}.new`, 'w', 0o600)
  try {
    writeSync(draft, `${key}\n`)
    fsyncSync(draft)
  } finally {
    closeSync(draft)
  }
  renameSync(`${file}.new`, file)
  return key
}
