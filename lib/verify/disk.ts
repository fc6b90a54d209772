import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'

// Files of an archive that anybody may have put there: only regular ones count. A link may lead anywhere, and a pipe never ends.

/** What it means that a file can't be had because it is not there, or is none. */
const ABSENT: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO', 'ENAMETOOLONG', 'EOPNOTSUPP']

/** Whether `error` says that there is no such file or folder. */
export const isAbsent = (error: unknown): boolean => ABSENT.includes((error as NodeJS.ErrnoException).code)

/** What `work` makes of a file; `undefined` when there is none. */
function ifThere<Value>(work: () => Value): Value | undefined {
  try {
    return work()
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Whether the folders in which `name` lies below `root` are folders, and no links to any. */
function isInside(root: string, name: string): boolean {
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
    if (!ifThere(() => lstatSync(join(root, name.slice(0, at))))?.isDirectory()) return false
  }
  return true
}

/** The descriptor of the regular file `name` of the archive `root`; `undefined` when there is none. Whoever asks has to close it. */
export function openRegular(root: string, name: string): number | undefined {
  if (!isInside(root, name)) return undefined
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const descriptor = ifThere(() => openSync(join(root, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
  if (descriptor === undefined || fstatSync(descriptor).isFile()) return descriptor
  closeSync(descriptor)
  return undefined
}

/** The bytes of the regular file `name` of the archive `root`, the first `most` of them and one more; `undefined` when there is none. */
export function readRegular(root: string, name: string, most: number): Buffer | undefined {
  const descriptor = openRegular(root, name)
  if (descriptor === undefined) return undefined
  try {
    const bytes = Buffer.allocUnsafeSlow(Math.min(fstatSync(descriptor).size, most + 1))
    let at = 0
    for (let read = 1; at < bytes.length && read > 0; at += read) {
      read = readSync(descriptor, bytes, at, bytes.length - at, at)
    }
    return bytes.subarray(0, at)
  } finally {
    closeSync(descriptor)
  }
}
