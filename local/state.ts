import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The process that holds `file`, when it still runs; a killed one leaves its file behind. */
function holderOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return pid > 0 && pid !== process.pid && isAlive(pid) ? pid : undefined
  } catch {
    return undefined
  }
}

/**
 * Makes the folder `dir` and holds it for this process: two emulations on one folder would each overwrite what the other keeps.
 * Returns what lets it go. Throws when the folder can't be made, or when another process holds it.
 */
export function holdState(dir: string): () => void {
  const file = join(dir, 'emulation.pid')
  try {
    mkdirSync(dir, { recursive: true })
    const holder = holderOf(file)
    if (holder === undefined) writeFileSync(file, String(process.pid))
    else throw new Error(`process ${holder} uses it (${file}): stop that, or set STATE_DIR to another folder`)
  } catch (error) {
    throw new Error(`STATE_DIR ${dir}: ${(error as Error).message}`)
  }
  return () => rmSync(file, { force: true })
}
