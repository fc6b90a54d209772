import { RouterError } from './errors.ts'

/** How deep the arrays and objects of an item may be nested; real senders stay below 20. */
const MAX_DEPTH = 64

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Objects that were looked into, each with how many levels it was allowed to have: below zero (`~levels`) it has more than these. */
export type Seen = WeakMap<object, number>

/** Whether arrays and objects of `value` are nested deeper than `levels`; what is in `seen` is not looked into again. */
function isDeeper(value: unknown, levels: number, seen: Seen): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  const known = seen.get(value)
  if (known !== undefined && (known < 0 ? levels <= ~known : known <= levels)) return known < 0
  const deeper = Object.values(value).some((inner) => isDeeper(inner, levels - 1, seen))
  seen.set(value, deeper ? ~levels : levels)
  return deeper
}

/** `{` and `[` */
const BRACKETS = [0x7b, 0x5b]

/** Whether `bytes` have so many brackets that what they hold may be too deep: counting them is quick, and few have. */
export function mayBeDeep(bytes: Buffer): boolean {
  let count = 0
  for (const bracket of BRACKETS) {
    for (let at = bytes.indexOf(bracket); at >= 0; at = bytes.indexOf(bracket, at + 1))
      if (++count > MAX_DEPTH) return true
  }
  return false
}

/**
 * Throws `TOO_DEEP` when arrays and objects of `value` are nested deeper than `MAX_DEPTH`. Items that share parts share `seen`, so
 * that no part is looked into once an item.
 */
export function checkDepth(value: unknown, seen: Seen = new WeakMap()): void {
  if (isDeeper(value, MAX_DEPTH, seen))
    throw new RouterError('TOO_DEEP', `The item is nested deeper than ${MAX_DEPTH} levels.`)
}

/**
 * The value of JSON text in UTF-8 (a byte order mark is passed over). Throws `INVALID_BODY` for bytes that are not UTF-8 or not
 * JSON. How deep it is, is checked item by item (`checkDepth`). Of duplicate keys the last one counts, as everywhere in JavaScript.
 */
export function parseJson(bytes: Buffer): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (cause) {
    throw new RouterError('INVALID_BODY', 'The body is not UTF-8.', { cause })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RouterError('INVALID_BODY', text.trim() === '' ? 'The body is empty.' : 'The body is not JSON.', {
      cause,
    })
  }
}

// What JSON escapes, and the two characters that a queue takes as escapes alone (lib/body.ts).
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what JSON escapes
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff\ufffe\uffff]/u

/**
 * The first name of a field in `value`, however deep, that JSON has to write with an escape; `undefined` when there is none. V8 reads such a
 * name as another one at times: after an object with a name that begins with a backslash, one that is written as an escape may be read as a
 * backslash and what follows. Whatever it is read as is found here.
 */
export function escapedName(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, inner] of Object.entries(value)) {
    const found = ESCAPED.test(name) ? name : escapedName(inner)
    if (found !== undefined) return found
  }
  return undefined
}
