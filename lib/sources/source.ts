import type { Activity } from '../activity.ts'
import type { Request } from '../request.ts'
import type { Scheme } from './signature.ts'

/** A webhook item that is no audited action: counted under `ignored`, a word or two that say what it is. */
export interface Noise {
  ignored: string
}

/**
 * A kind of sender: one file each, no file knows another.
 *
 * Both readers throw a `RouterError` for what they cannot use; thrown by `items` it puts the whole body into quarantine, thrown
 * by `read` that one item. They never drop anything: what is no audited action is `Noise`, with its name.
 */
export interface Source {
  name: string
  /** How it proves itself; any one of them is enough. */
  schemes: readonly Scheme[]
  /** Splits a genuine request into its items. */
  items(request: Request): readonly unknown[]
  /** Reads one item. */
  read(item: unknown, request: Request): Activity | Noise
  /** Answers a handshake: a request that carries no items and wants an answer of its own. */
  handshake?(request: Request): Record<string, string> | undefined
}
