import { RouterError } from './errors.ts'
import { checkDepth, parseJson } from './json.ts'
import type { Request } from './request.ts'

/**
 * The JSON value that a request carries: as its body, or as the field `payload` of a form, as GitHub and Gitea send it when they
 * are set to `application/x-www-form-urlencoded`. Throws `INVALID_BODY` or `TOO_DEEP`.
 */
export function parseJsonOrForm({ headers, body }: Request): unknown {
  if (!headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded')) return parseJson(body)
  const payload = new URLSearchParams(body.toString()).get('payload')
  if (payload === null) throw new RouterError('INVALID_BODY', 'The body is a form without the field "payload".')
  const value = parseJson(Buffer.from(payload))
  // Its brackets are escaped in the body, where nobody saw how deep it is.
  checkDepth(value)
  return value
}
