import { type Bytes, equal, fromBase64, join, sha256, utf8 } from './bytes.ts'

// Signed notes (C2SP signed-note) and the checkpoints in them (C2SP tlog-checkpoint).

/** A public key, as a verifier key names it: `<name>+<id>+<base64 of type and key>`. */
export interface Key {
  name: string
  id: Bytes
  bytes: Bytes
}

/** The head of a log: how many leaves, and the root of them all. */
export interface Checkpoint {
  origin: string
  size: number
  root: Bytes
}

const ED25519 = 1
const ID_LENGTH = 4

/** The key of a verifier key; `undefined` when it is none of Ed25519, or does not have the id that follows from it. */
export async function readKey(text: string): Promise<Key | undefined> {
  const [, name = '', hex = '', base64 = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim()) ?? []
  const typed = fromBase64(base64)
  if (typed?.length !== 33 || typed[0] !== ED25519) return undefined
  const id = (await sha256(join(utf8(`${name}\n`), typed))).slice(0, ID_LENGTH)
  const said = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  return equal(id, said) ? { name, id, bytes: typed.slice(1) } : undefined
}

interface Note {
  text: string
  signatures: { name: string; id: Bytes; bytes: Bytes }[]
}

/** A note in its parts; `undefined` when it is none. */
function readNote(note: string): Note | undefined {
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || !note.endsWith('\n')) return undefined
  const signatures: Note['signatures'] = []
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const [, name, base64 = ''] = /^— ([^+\s]+) (\S+)$/.exec(line) ?? []
    const both = fromBase64(base64)
    if (!name || !both || both.length <= ID_LENGTH) return undefined
    signatures.push({ name, id: both.slice(0, ID_LENGTH), bytes: both.slice(ID_LENGTH) })
  }
  return { text: note.slice(0, end + 1), signatures }
}

/** Whether this browser can check signatures. */
export async function canVerify(): Promise<boolean> {
  try {
    // A page that came over plain HTTP from another machine has no WebCrypto at all.
    await crypto.subtle.importKey('raw', new Uint8Array(32), 'Ed25519', false, ['verify'])
    return true
  } catch {
    return false
  }
}

/** The text of `note` when `key` signed it; `undefined` when it did not. */
export async function openNote(note: string, key: Key): Promise<string | undefined> {
  const read = readNote(note)
  const signature = read?.signatures.find(({ name, id }) => name === key.name && equal(id, key.id))
  if (!read || !signature) return undefined
  const imported = await crypto.subtle.importKey('raw', key.bytes, 'Ed25519', false, ['verify'])
  const isGenuine = await crypto.subtle.verify('Ed25519', imported, signature.bytes, utf8(read.text))
  return isGenuine ? read.text : undefined
}

/** The checkpoint that the text of a note is; `undefined` when it is none. */
export function readCheckpoint(text: string): Checkpoint | undefined {
  const [origin = '', digits = '', base64 = '', ...rest] = text.split('\n')
  const root = fromBase64(base64)
  const size = Number(digits)
  if (!origin || !/^(0|[1-9]\d*)$/.test(digits) || !Number.isSafeInteger(size) || root?.length !== 32) return undefined
  // The last line ends, too.
  return rest.at(-1) === '' ? { origin, size, root } : undefined
}
