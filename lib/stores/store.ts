/** Bytes of an object, and the mark of this very version of it: what `replace` compares. */
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
 * letters, digits and `.-_=`, and none begins with a dot.
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
  /** Everything whose name begins with `prefix`, by name. */
  list(prefix: string): AsyncIterable<Listed>
}
