import { RouterError } from './errors.ts'

/** How deep the arrays and objects of an item may be nested; real senders stay below 20. */
const MAX_DEPTH = 64

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Whether arrays and objects of `value` are nested deeper than `levels`. */
const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)))

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

/** Throws `TOO_DEEP` when arrays and objects of `value` are nested deeper than `MAX_DEPTH`. */
export function checkDepth(value: unknown): void {
  if (isDeeper(value, MAX_DEPTH))
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
