import { readRegular } from './disk.ts'
import type { Findings } from './findings.ts'
import type { SeenLog } from './memory.ts'
import { type Contents, contentsOf } from './names.ts'
import { type Checkpoint, type Note, parseCheckpoint, parseKey, parseNote, signedBy, type VerifierKey } from './note.ts'

// The checkpoint of an archive, and the key by which it is believed.

const CHECKPOINT = 'log/checkpoint'
const KEY = 'log/key'

/** Where the key that is believed comes from. */
export type Trust = 'given' | 'remembered' | 'first use'

/** A checkpoint, and why it is believed. */
export interface Head {
  /** What it says; `undefined` when it can't be read or is not there. */
  checkpoint: Checkpoint | undefined
  /** The key of the log has signed it. */
  isSigned: boolean
  key: VerifierKey | undefined
  trust: Trust | undefined
}

/** More than any note has. */
const MOST_BYTES = 1024 * 1024

/** The note in the file `name`, as far as it may be one; `undefined` when there is none. */
export const readNote = (root: string, name: string): Buffer | undefined => readRegular(root, name, MOST_BYTES)

const isSignedBy = (note: Note | undefined, key: VerifierKey): boolean =>
  note !== undefined && signedBy(note, key) === 'yes'

/** The key that is believed to be that of the log. */
function believed(
  root: string,
  note: Note | undefined,
  given: VerifierKey | undefined,
  remembered: readonly SeenLog[],
): Pick<Head, 'key' | 'trust'> {
  if (given) return { key: given, trust: 'given' }
  const origin = note && parseCheckpoint(note.text)?.origin
  const here = remembered.filter(({ archives }) => archives.includes(root))
  const seen = here.length > 0 ? here : remembered.filter((log) => log.origin === origin)
  const keys = seen.map(({ key }) => parseKey(key)).filter((key) => key !== undefined)
  const [first] = keys
  if (first) return { key: keys.find((key) => isSignedBy(note, key)) ?? first, trust: 'remembered' }
  const own = readNote(root, KEY)
  const key = own && parseKey(own.toString().trimEnd())
  return key ? { key, trust: 'first use' } : { key: undefined, trust: undefined }
}

function findSignature(note: Note, key: VerifierKey | undefined, checkpoint: Checkpoint, findings: Findings): boolean {
  const foreign = (message: string) => findings.add({ code: 'FOREIGN_KEY', file: CHECKPOINT, message })
  if (!key) {
    foreign('No key is known that could have signed it.')
    return false
  }
  const signed = signedBy(note, key)
  if (signed === 'yes' && checkpoint.origin === key.name) return true
  const names = note.signatures.map(({ name }) => name).join(', ')
  if (signed === 'forged') {
    findings.add({ code: 'SIGNATURE_WRONG', file: CHECKPOINT, message: `The signature of ${key.text} does not fit.` })
  } else if (signed === 'yes') {
    foreign(`It is signed by the key of ${key.name} and says that it is of ${checkpoint.origin}.`)
  } else {
    foreign(`It is signed by ${names}, but not by the key ${key.text}.`)
  }
  return false
}

/** `log/key` has to be the key that is believed, and there from the first checkpoint on. */
function checkKeyFile(root: string, key: VerifierKey | undefined, hasBegun: boolean, findings: Findings): void {
  const bytes = readNote(root, KEY)
  if (!bytes && !hasBegun) return
  const message = (text: string) => findings.add({ code: 'KEY_CHANGED', file: KEY, message: text })
  if (!bytes) message('It is not there.')
  else if (!key) message('It is no verifier key of Ed25519.')
  else if (!bytes.equals(Buffer.from(`${key.text}\n`))) message(`It is not the key ${key.text}.`)
}

/** What lies in the archive `root`, looked at after its checkpoint was read: so all that the checkpoint is of is there. */
export function look(root: string): { bytes: Buffer | undefined; contents: Contents } {
  const bytes = readNote(root, CHECKPOINT)
  const contents = contentsOf(root)
  const isNew = bytes === undefined && contents.hasCheckpoint
  return isNew ? look(root) : { bytes, contents }
}

/** The checkpoint of the archive `root`, and what is wrong with it and its key. That there is none is for the caller to judge. */
export function readHead(
  root: string,
  bytes: Buffer | undefined,
  { given, remembered }: { given: VerifierKey | undefined; remembered: readonly SeenLog[] },
  findings: Findings,
): Head {
  const note = bytes && parseNote(bytes)
  const { key, trust } = believed(root, note, given, remembered)
  checkKeyFile(root, key, bytes !== undefined, findings)
  const nothing = { checkpoint: undefined, isSigned: false, key, trust }
  if (!bytes) return nothing
  const checkpoint = note && parseCheckpoint(note.text)
  if (!checkpoint) {
    findings.add({ code: 'CHECKPOINT_UNREADABLE', file: CHECKPOINT, message: 'It is no signed note of a checkpoint.' })
    return nothing
  }
  return { checkpoint, isSigned: findSignature(note, key, checkpoint, findings), key, trust }
}
