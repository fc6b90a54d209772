import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { parseHash } from './hashes.ts'

// C2SP signed notes and tlog checkpoints, as far as they have to be read.

/** The public key of a log. */
export interface VerifierKey {
  /** The origin of the log. */
  name: string
  /** The whole key, as it is written. */
  text: string
  /** Four bytes that stand for it in a signature. */
  id: Buffer
  publicKey: KeyObject
}

const ED25519 = 1
const KEY_BYTES = 33
const ID_BYTES = 4

const keyId = (name: string, key: Buffer): Buffer =>
  createHash('sha256').update(`${name}\n`).update(key).digest().subarray(0, ID_BYTES)

/** Bytes of base64 that is written as base64 is, and no other way. */
function bytesOf(base64: string): Buffer | undefined {
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 ? bytes : undefined
}

/** The verifier key (`name+id+base64`) that `text` is; `undefined` when it is none, or not one of Ed25519. */
export function parseKey(text: string): VerifierKey | undefined {
  const [, name = '', id = '', base64 = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? []
  const key = bytesOf(base64)
  if (key?.length !== KEY_BYTES || key[0] !== ED25519 || keyId(name, key).toString('hex') !== id) return undefined
  const x = key.subarray(1).toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return { name, text, id: keyId(name, key), publicKey }
}

/** How a note stands to a key. */
export type Signed = 'yes' | 'forged' | 'by another key'

/** A text and who signed it. */
export interface Note {
  text: string
  signatures: { name: string; bytes: Buffer }[]
}

const SIGNATURE = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+=*)$/

function parseSignature(line: string): Note['signatures'][number] | undefined {
  const [, name = '', base64 = ''] = SIGNATURE.exec(line) ?? []
  const bytes = bytesOf(base64)
  return bytes && bytes.length > ID_BYTES ? { name, bytes } : undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The note that `bytes` are; `undefined` when they are none. */
export function parseNote(bytes: Uint8Array): Note | undefined {
  let whole: string
  try {
    whole = utf8.decode(bytes)
  } catch {
    return undefined
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a note holds none but the end of a line
  if (/[\u0000-\u0009\u000b-\u001f]/.test(whole) || !whole.endsWith('\n')) return undefined
  const end = whole.lastIndexOf('\n\n')
  if (end < 0) return undefined
  const signatures = whole
    .slice(end + 2, -1)
    .split('\n')
    .map(parseSignature)
  if (signatures.some((signature) => signature === undefined)) return undefined
  return { text: whole.slice(0, end + 1), signatures: signatures as Note['signatures'] }
}

/** Whether `key` signed `note`. Signatures of others say nothing. */
export function signedBy(note: Note, key: VerifierKey): Signed {
  const own = note.signatures.filter(
    ({ name, bytes }) => name === key.name && bytes.subarray(0, ID_BYTES).equals(key.id),
  )
  if (own.length === 0) return 'by another key'
  const text = Buffer.from(note.text)
  return own.every(({ bytes }) => verify(null, text, key.publicKey, bytes.subarray(ID_BYTES))) ? 'yes' : 'forged'
}

/** How many events a log has, and the root of them all. */
export interface TreeHead {
  size: number
  root: string
}

/** What a checkpoint says. */
export interface Checkpoint extends TreeHead {
  origin: string
}

/** A number as such texts have it: digits, no zero before others. `undefined` when it is none. */
export function parseNumber(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined
}

/** The checkpoint that the text of a note is; `undefined` when it is none. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin = '', sizeText = '', rootText = ''] = text.split('\n')
  const size = parseNumber(sizeText)
  const root = parseHash(rootText)
  return origin === '' || size === undefined || root === undefined ? undefined : { origin, size, root }
}
