import { RouterError } from './errors.ts'

/** How deep the arrays and objects of a body may be nested; real senders stay below 20. */
export const MAX_DEPTH = 64

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Whether arrays and objects of `value` are nested deeper than `levels`. */
const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)))

/** Whether `text` has more than `most` brackets that open: without them it can't be deep, and counting them is quick. */
function hasManyOpenings(text: string, most: number): boolean {
  let count = 0
  for (const bracket of '{[') {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++count > most) return true
  }
  return false
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
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new RouterError('INVALID_BODY', text.trim() === '' ? 'The body is empty.' : 'The body is not JSON.', {
      cause,
    })
  }
  if (hasManyOpenings(text, MAX_DEPTH) && isDeeper(value, MAX_DEPTH)) {
    throw new RouterError('TOO_DEEP', `The body is nested deeper than ${MAX_DEPTH} levels.`)
  }
  return value
}
