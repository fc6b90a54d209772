import { RouterError } from './errors.ts'
import { checkDepth, parseJson } from './json.ts'
import type { Request } from './request.ts'

const FIELD = Buffer.from('payload=')
const AND = 0x26

/** The field's bytes as they were sent; nothing else of a form is looked into, however many fields it has. */
function fieldOf(body: Buffer): Buffer | undefined {
  let at = body.indexOf(FIELD)
  while (at > 0 && body[at - 1] !== AND) at = body.indexOf(FIELD, at + 1)
  if (at < 0) return undefined
  const start = at + FIELD.length
  const end = body.indexOf(AND, start)
  return body.subarray(start, end < 0 ? body.length : end)
}

/**
 * The field `payload` of a request that is a form, `null` without such a field or when it is not percent-encoded UTF-8;
 * `undefined` when it is no form. Takes a time that grows with the body and no faster: anybody can send a form.
 */
export function payloadOf({ headers, body }: Request): string | null | undefined {
  if (!headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded')) return undefined
  const field = fieldOf(body)
  if (!field) return null
  try {
    return decodeURIComponent(field.toString().replaceAll('+', ' '))
  } catch {
    return null
  }
}

/**
 * The JSON value that a request carries: as its body, or as the field `payload` of a form, as GitHub and Gitea send it when they
 * are set to `application/x-www-form-urlencoded`. Throws `INVALID_BODY` or `TOO_DEEP`.
 */
export function parseJsonOrForm(request: Request): unknown {
  const payload = payloadOf(request)
  if (payload === undefined) return parseJson(request.body)
  if (payload === null) throw new RouterError('INVALID_BODY', 'The body is a form without a readable field "payload".')
  const value = parseJson(Buffer.from(payload))
  // Its brackets are escaped in the body, where nobody saw how deep it is.
  checkDepth(value)
  return value
}
