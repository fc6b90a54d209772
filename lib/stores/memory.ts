import { fingerprint } from '../ids.ts'
import { checkName, checkPrefix, type Listed, type Store } from './store.ts'

/** A store that is gone with the process: for tests. `now` tells the time in milliseconds since 1970. */
export function memory(now: () => number = Date.now): Store {
  const objects = new Map<string, { bytes: Buffer; modifiedAt: number }>()
  const versionOf = (name: string): string | undefined => {
    const object = objects.get(name)
    return object && fingerprint(object.bytes)
  }
  const write = (name: string, bytes: Uint8Array): void => {
    objects.set(name, { bytes: Buffer.from(bytes), modifiedAt: now() })
  }
  return {
    async get(name) {
      const object = objects.get(checkName(name))
      return object && { bytes: Buffer.from(object.bytes), version: fingerprint(object.bytes) }
    },
    async put(name, bytes) {
      write(checkName(name), bytes)
    },
    async create(name, bytes) {
      if (objects.has(checkName(name))) return false
      write(name, bytes)
      return true
    },
    async replace(name, bytes, version) {
      if (versionOf(checkName(name)) !== version) return false
      write(name, bytes)
      return true
    },
    async remove(name) {
      objects.delete(checkName(name))
    },
    async *list(prefix) {
      const start = checkPrefix(prefix)
      const listed = [...objects].filter(([name]) => name.startsWith(start)).sort(([a], [b]) => (a < b ? -1 : 1))
      for (const [name, { bytes, modifiedAt }] of listed)
        yield { name, size: bytes.length, modifiedAt } satisfies Listed
    },
  }
}
