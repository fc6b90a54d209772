import type { Request } from './request.ts'
import { isShared } from './sources/signature.ts'

// Secrets that a sender writes into what it says: old versions of Gitea put theirs into every body. They are blanked before anything
// is read or kept.

/** Shorter ones are left alone: they might be any word. */
const LEAST_LENGTH = 12

/** What is looked for. */
interface Needles {
  /** As it is, and in base64, each with what stands in its place. */
  literal: readonly (readonly [Buffer, string])[]
  /** Every other spelling. */
  spelled: RegExp
}

const BACKSLASH = 0x5c
const PERCENT = 0x25

const anyCase = (hex: string): string => hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)

/** A pattern of one character: as it is in UTF-8 (a byte a character), as JSON may escape it, and percent-encoded. */
function spellings(character: string): string {
  const bytes = [...Buffer.from(character)]
  const codes = bytes.map((byte) => byte.toString(16).padStart(2, '0'))
  const plain = `${/["/\\]/.test(character) ? '\\\\?' : ''}${codes.map((code) => `\\x${code}`).join('')}`
  const units = Array.from(
    { length: character.length },
    (_, at) => `\\\\u${anyCase(character.charCodeAt(at).toString(16).padStart(4, '0'))}`,
  )
  return `(?:${plain}|${units.join('')}|${codes.map((code) => `%${anyCase(code)}`).join('')})`
}

/** The digits of base64 that `bytes` make alone when `offset` other bytes stand before them. */
function digits(bytes: Buffer, offset: number): string {
  const all = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return all.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}

function literals(secret: string): [Buffer, string][] {
  const bytes = Buffer.from(secret)
  const instead = Buffer.alloc(bytes.length, '*')
  const encoded = [0, 1, 2].flatMap((offset): [string, string][] => {
    const found = digits(bytes, offset)
    const forUrls = found.replaceAll('+', '-').replaceAll('/', '_')
    return [...new Set([found, forUrls])].map((text) => [text, digits(instead, offset)])
  })
  return [[bytes, instead.toString()], ...encoded.map(([text, put]): [Buffer, string] => [Buffer.from(text), put])]
}

const known = new WeakMap<readonly string[], Needles | undefined>()

/** What is looked for, remembered by the list, which is the same for every request of a registry. */
function needlesOf(secrets: readonly string[]): Needles | undefined {
  if (known.has(secrets)) return known.get(secrets)
  const texts = secrets.filter(isShared).map((secret) => secret.replace(/^whsec_/, ''))
  const long = texts.filter((text) => text.length >= LEAST_LENGTH)
  const spelled = new RegExp(long.map((text) => [...text].map(spellings).join('')).join('|'), 'g')
  const made = long.length > 0 ? { literal: long.flatMap(literals), spelled } : undefined
  known.set(secrets, made)
  return made
}

/** `bytes` with what was found in them blanked; the same object when nothing was. */
function blankBytes(bytes: Buffer, { literal, spelled }: Needles): Buffer {
  const isEscaped = bytes.includes(BACKSLASH) || bytes.includes(PERCENT)
  // Hardly any body holds a secret, so this comes first: it takes a fifth of the time.
  if (!isEscaped && !literal.some(([needle]) => bytes.includes(needle))) return bytes
  const text = bytes.toString('latin1')
  const blanked = literal.reduce(
    (rest, [needle, instead]) => rest.replaceAll(needle.toString('latin1'), instead),
    text.replace(spelled, (found) => '*'.repeat(found.length)),
  )
  return blanked === text ? bytes : Buffer.from(blanked, 'latin1')
}

/**
 * `request` with `*` in place of every one of `secrets` that its body, its headers or its query hold: as they are, escaped as in JSON,
 * percent-encoded, or in base64 (there the stars are in base64 too, so that what is around them can still be read). The body is the
 * same object when nothing was found in it. Secrets of less than 12 characters are left alone.
 */
export function blank(request: Request, secrets: readonly string[]): Request {
  const needles = needlesOf(secrets)
  if (!needles) return request
  const body = blankBytes(request.body, needles)
  // Where it proves the sender it is of no use any more.
  const { authorization: _proof, ...headers } = request.headers
  const others = Buffer.from(`${request.query}\n${Object.values(headers).join('\n')}`)
  if (blankBytes(others, needles) === others) return { ...request, headers, body }
  const plain = (text: string): string => blankBytes(Buffer.from(text), needles).toString()
  return {
    ...request,
    body,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, plain(value)])),
    query: plain(request.query),
  }
}
