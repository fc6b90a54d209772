import type { Log } from './answers.ts'
import { ask, get, Problem } from './api.ts'
import type { Bytes } from './bytes.ts'

// What is read of the logs themselves.

/** The verifier key of each log, by its location, as the service tells them. */
export async function keys(called?: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const { logs } = await get<{ logs: Log[] }>('logs', called)
  return new Map(logs.map(({ location, key }) => [location, key]))
}

/** Reads the tiles of the log of `location`, each of them once. Rejects as `ask` does. */
export function tilesOf(location: string, called?: AbortSignal): (path: string) => Promise<Bytes> {
  const read = new Map<string, Promise<Bytes>>()
  const init = { accept: '*/*', ...(called ? { signal: called } : {}) }
  const fetched = async (path: string): Promise<Bytes> => {
    const base = `logs/${encodeURIComponent(location)}/tile/${path}`
    const answer = await ask(base, init).catch((error: unknown) => {
      // A tile that has been filled since need not be there in part.
      const whole = base.replace(/\.p\/\d+$/, '')
      if (!(error instanceof Problem) || whole === base || error.code !== 'NOT_FOUND') throw error
      return ask(whole, init)
    })
    return new Uint8Array(await answer.arrayBuffer())
  }
  return (path) => {
    const known = read.get(path) ?? fetched(path)
    read.set(path, known)
    return known
  }
}
