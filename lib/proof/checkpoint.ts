import { RouterError } from '../errors.ts'
import { type LogKey, signNote, type VerifierKey, verifyNote } from './note.ts'
import { HASH_BYTES } from './tree.ts'

// Checkpoints (C2SP tlog-checkpoint), and proofs that carry one (C2SP tlog-proof).

/** The head of a log: how many leaves it has, and the root over them. */
export interface Checkpoint {
  origin: string
  size: number
  root: Buffer
}

/** The signed checkpoint of the log of `key`. The same tree gives the same bytes. */
export const signCheckpoint = (size: number, root: Buffer, key: LogKey): string =>
  signNote(`${key.name}\n${size}\n${root.toString('base64')}\n`, key)

/** Origin, size, root, and lines that others may have added, none of them empty. */
const FORM = /^([^\n]+)\n(0|[1-9]\d{0,14})\n([\w+/]{43}=)\n(?:[^\n]+\n)*$/

/** What the text of a note says, without its signatures. */
function parseText(text: string): Checkpoint {
  const [, origin, size, encoded = ''] = FORM.exec(text) ?? []
  const root = Buffer.from(encoded, 'base64')
  if (origin === undefined || root.length !== HASH_BYTES || root.toString('base64') !== encoded) {
    throw new RouterError('ARCHIVE_DAMAGED', 'The checkpoint is not of the form origin, size, root.')
  }
  return { origin, size: Number(size), root }
}

/** What `note` says. Throws `ARCHIVE_DAMAGED` when it is no checkpoint; nothing is verified. */
export const parseCheckpoint = (note: string): Checkpoint => parseText(note.slice(0, note.lastIndexOf('\n\n') + 1))

/** What `note` says, once the signature and the origin are those of `key`. Throws `ARCHIVE_DAMAGED` when they are not. */
export function openCheckpoint(note: string, key: VerifierKey): Checkpoint {
  const checkpoint = parseText(verifyNote(note, key))
  if (checkpoint.origin === key.name) return checkpoint
  throw new RouterError('ARCHIVE_DAMAGED', `The checkpoint is of ${checkpoint.origin}, but its key of ${key.name}.`)
}

/** A proof that `leaf` is in the log of `checkpoint`, a signed note, as text. */
export const proofText = (leaf: number, hashes: readonly Buffer[], checkpoint: string): string =>
  ['c2sp.org/tlog-proof@v1', `index ${leaf}`, ...hashes.map((hash) => hash.toString('base64')), '', checkpoint].join(
    '\n',
  )
