/** Bytes of an object, and the mark of these bytes: what `replace` compares. */
export interface Stored {
  bytes: Buffer
  version: string
}

/** An object by its name: `log/checkpoint`. */
export interface Listed {
  name: string
  size: number
  /** Milliseconds since 1970. */
  modifiedAt: number
}

/**
 * Where the archive of a location lies: objects by name, in one folder or one bucket. Names are paths with `/`; each part is 1 to 255
 * letters, digits and `.-_=`, and none begins with a dot; all of it has at most 1,000. Any other name is a mistake of the caller: every
 * method rejects with an `Error` then.
 *
 * A write is durable when its promise resolves, and whole or not there at all: no reader ever sees a part of an object. Every method
 * rejects with `UNAVAILABLE` when the store can't be reached or does not answer as it should; a write may have happened then.
 */
export interface Store {
  /** The object, or `undefined` when there is none. */
  get(name: string): Promise<Stored | undefined>
  /** Writes an object whose bytes follow from its name: whoever wrote it before wrote the same. */
  put(name: string, bytes: Uint8Array): Promise<void>
  /** Writes an object that must not be there yet. Resolves to whether it was written: `false` when there is one. */
  create(name: string, bytes: Uint8Array): Promise<boolean>
  /** Writes over the `version` that was read. Resolves to whether it was written: `false` when there is another version, or none. */
  replace(name: string, bytes: Uint8Array, version: string): Promise<boolean>
  /** Removes an object; one that is not there is no error. */
  remove(name: string): Promise<void>
  /** Everything whose name begins with `prefix`, by name; objects whose names have not that form are not there. */
  list(prefix: string): AsyncIterable<Listed>
}

const NAME = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,254}(?:\/[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,254})*$/
const MOST_CHARACTERS = 1000

/** Whether `name` can be the name of an object: nothing else ever becomes a path or an address. */
export const isName = (name: string): boolean => name.length <= MOST_CHARACTERS && NAME.test(name)

/** `name`, when it can be the name of an object. Throws an `Error` when not. */
export function checkName(name: string): string {
  if (isName(name)) return name
  throw new Error(`${JSON.stringify(name.slice(0, 200))} can't be the name of an object of the archive`)
}

/** `prefix`, when names can begin with it. Throws an `Error` when not. */
export function checkPrefix(prefix: string): string {
  if (prefix !== '') checkName(prefix.replace(/\/$/, ''))
  return prefix
}
