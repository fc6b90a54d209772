import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { RouterError } from '../errors.ts'

// Signed notes with Ed25519 (C2SP signed-note).

/** A key by which a note is known. */
export interface VerifierKey {
  /** Name of the key: of a log its origin. */
  name: string
  /** The first four bytes of a hash over name and key. */
  id: Buffer
  publicKey: KeyObject
  /** All of it as text: `<name>+<id>+<type and key>`. */
  text: string
}

/** The key of a log, with which its checkpoints are signed. */
export interface LogKey extends VerifierKey {
  privateKey: KeyObject
}

/** The type of a key and its signatures. */
const ED25519 = 1
const SEED_BYTES = 32
const KEY_BYTES = 32
const ID_BYTES = 4
// What stands before the 32 bytes in the DER form of an Ed25519 key (RFC 8410).
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** Names must not hold a space, of whatever kind, a control character, nor a plus. */
const KEY_NAME = /^[^\s+\p{Z}\p{Cc}]+$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: no note holds them, but the ends of its lines
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/

function verifierKey(name: string, bytes: Buffer): VerifierKey {
  const typed = Buffer.concat([Buffer.of(ED25519), bytes])
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, ID_BYTES)
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: 'der', type: 'spki' })
  return { name, id, publicKey, text: `${name}+${id.toString('hex')}+${typed.toString('base64')}` }
}

/** The key called `name` of a seed of 32 bytes. Throws `INVALID_CONFIG` when it can be none. */
export function logKey(name: string, seed: Buffer): LogKey {
  if (!KEY_NAME.test(name)) throw new RouterError('INVALID_CONFIG', `${name} can't be the name of a key of a log.`)
  if (seed.length !== SEED_BYTES) {
    throw new RouterError('INVALID_CONFIG', `The key of the log has ${seed.length} bytes instead of ${SEED_BYTES}.`)
  }
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const bytes = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(SPKI.length)
  return { ...verifierKey(name, bytes), privateKey }
}

/** Reads `text`, a verifier key. Throws `ARCHIVE_DAMAGED` when it is none, or none of Ed25519. */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name = '', encoded = ''] = /^([^+]+)\+[0-9a-f]{8}\+([\w+/=]+)$/.exec(text) ?? []
  const typed = Buffer.from(encoded, 'base64')
  if (KEY_NAME.test(name) && typed.length === 1 + KEY_BYTES && typed[0] === ED25519) {
    const key = verifierKey(name, typed.subarray(1))
    if (key.text === text) return key
  }
  throw new RouterError('ARCHIVE_DAMAGED', 'The verifier key is not of the form <name>+<id>+<key>, or not of Ed25519.')
}

/** `text`, which ends with a new line, as a note with the signature of `key`. Throws `INTERNAL` for text that can be no note: it holds control characters. */
export function signNote(text: string, key: LogKey): string {
  if (CONTROL.test(text)) throw new RouterError('INTERNAL', 'A note must not hold control characters.')
  const signature = Buffer.concat([key.id, sign(null, Buffer.from(text), key.privateKey)])
  return `${text}\n\u2014 ${key.name} ${signature.toString('base64')}\n`
}

const SIGNATURE = /^\u2014 ([^\s+\p{Z}\p{Cc}]+) ([A-Za-z0-9+/]+={0,2})$/u

/** Whether `line` is a signature of `text` by `key`; `undefined` when it is none of this key. */
function isSigned(text: string, line: string, key: VerifierKey): boolean | undefined {
  const [, name, encoded = ''] = SIGNATURE.exec(line) ?? []
  const signature = Buffer.from(encoded, 'base64')
  if (name !== key.name || !signature.subarray(0, ID_BYTES).equals(key.id)) return undefined
  return verify(null, Buffer.from(text), key.publicKey, signature.subarray(ID_BYTES))
}

/** The text of `note`, which `key` signed; signatures of others are passed over. Throws `ARCHIVE_DAMAGED` when it is not signed by `key`. */
export function verifyNote(note: string, key: VerifierKey): string {
  const end = note.lastIndexOf('\n\n')
  const text = note.slice(0, end + 1)
  const lines = note.slice(end + 2).split('\n')
  if (end < 0 || CONTROL.test(note) || lines.pop() !== '' || !lines.every((line) => SIGNATURE.test(line))) {
    throw new RouterError('ARCHIVE_DAMAGED', 'The checkpoint is no signed note.')
  }
  const verdicts = lines.map((line) => isSigned(text, line, key)).filter((verdict) => verdict !== undefined)
  if (verdicts.length === 0) {
    throw new RouterError('ARCHIVE_DAMAGED', `The checkpoint is not signed by the key ${key.text}.`)
  }
  if (!verdicts.every(Boolean)) throw new RouterError('ARCHIVE_DAMAGED', 'The signature of the checkpoint is wrong.')
  return text
}
