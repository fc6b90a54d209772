import { RouterError } from './errors.ts'

/** How deep the arrays and objects of a body may be nested; real senders stay below 20. */
export const MAX_DEPTH = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The greatest nesting of arrays and objects in JSON text `bytes`, found without parsing it. */
function depthOf(bytes: Buffer): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (quoted) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) quoted = false
    } else if (byte === QUOTE) quoted = true
    else if (byte === 0x7b || byte === 0x5b) {
      depth++
      if (depth > deepest) deepest = depth
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return deepest
}

/**
 * The value of JSON text in UTF-8 (a byte order mark is passed over). Throws `INVALID_BODY` for bytes that are not UTF-8 or not
 * JSON, `TOO_DEEP` for nesting over `MAX_DEPTH`. Of duplicate keys the last one counts, as everywhere in JavaScript.
 */
export function parseJson(bytes: Buffer): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (cause) {
    throw new RouterError('INVALID_BODY', 'The body is not UTF-8.', { cause })
  }
  // A body without so many opening brackets cannot be too deep: the common case costs one native scan.
  if (bytes.length > 2 * MAX_DEPTH && depthOf(bytes) > MAX_DEPTH) {
    throw new RouterError('TOO_DEEP', `The body is nested deeper than ${MAX_DEPTH} levels.`)
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RouterError('INVALID_BODY', text.trim() === '' ? 'The body is empty.' : 'The body is not JSON.', { cause })
  }
}
