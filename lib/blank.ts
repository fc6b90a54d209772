import type { Request } from './request.ts'
import { isShared } from './sources/signature.ts'

// Secrets that a sender writes into what it says: old versions of Gitea put theirs into every body. They are blanked before anything
// is read or kept.

/** Shorter ones are left alone: they might be any word. */
const LEAST_LENGTH = 12

/** What is looked for, and what stands in its place. */
type Needle = [RegExp, (found: string) => string]

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')

const anyCase = (text: string): string => text.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)

/** JSON's backslash; in a form it stands percent-encoded. */
const BACKSLASH = '(?:\\\\|%5[cC])'

/** A character as it is in UTF-8 (a byte a character) or percent-encoded, if need be behind JSON's backslash; as JSON's `\u`. */
function spellings(character: string): string {
  const codes = [...Buffer.from(character)].map((byte) => hex(byte, 2))
  const escaped = anyCase(hex(character.charCodeAt(0), 4))
  const backslash = /["/\\]/.test(character) ? `${BACKSLASH}?` : ''
  return `(?:${backslash}(?:\\x${codes.join('\\x')}|%${anyCase(codes.join('%'))})|${BACKSLASH}u${escaped})`
}

/** The digits of base64 that `bytes` make alone when `offset` other bytes stand before them. */
const digits = (bytes: Buffer, offset: number): string =>
  Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))

function needlesOf(secret: string): Needle[] {
  const bytes = Buffer.from(secret)
  const encoded = [0, 1, 2].map((offset): Needle => {
    const pattern = digits(bytes, offset).replaceAll('+', '[+-]').replaceAll('/', '[/_]')
    const instead = digits(Buffer.alloc(bytes.length, '*'), offset)
    return [new RegExp(pattern, 'g'), () => instead]
  })
  const spelled = new RegExp([...secret].map(spellings).join(''), 'g')
  return [[spelled, (found) => '*'.repeat(found.length)], ...encoded]
}

const mapped = (texts: Request['headers'], change: (text: string) => string): Request['headers'] =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, change(text)]))

const known = new WeakMap<readonly string[], readonly Needle[]>()

/**
 * `request` with `*` in place of every one of `secrets` that its body, its headers or its query hold: as they are, escaped as in JSON,
 * percent-encoded, or in base64 (there the stars are in base64 too, so that what is around them can still be read). The body is the
 * same object when nothing was found in it. Secrets of less than 12 characters are left alone. Patterns are remembered by
 * the list, which is the same for every request of a registry.
 */
export function blank(request: Request, secrets: readonly string[]): Request {
  const needles =
    known.get(secrets) ??
    secrets
      .filter(isShared)
      .map((secret) => secret.replace(/^whsec_/, ''))
      .filter((text) => text.length >= LEAST_LENGTH)
      .flatMap(needlesOf)
  known.set(secrets, needles)
  if (needles.length === 0) return request
  const plain = (text: string): string =>
    needles.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), text)
  const text = request.body.toString('latin1')
  const blanked = plain(text)
  // All at once: most have nothing to blank. Where it proves the sender, a secret is of no use any more.
  const { authorization: _proof, ...headers } = request.headers
  const others = Object.values(headers).join('\n')
  return {
    ...request,
    body: blanked === text ? request.body : Buffer.from(blanked, 'latin1'),
    headers: plain(others) === others ? headers : mapped(headers, plain),
    query: plain(request.query),
  }
}
