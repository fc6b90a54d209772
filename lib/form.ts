import { RouterError } from './errors.ts'
import { checkDepth, parseJson } from './json.ts'
import type { Request } from './request.ts'

/** The field `payload` of a request that is a form, `null` without such a field; `undefined` when it is no form. */
export const payloadOf = ({ headers, body }: Request): string | null | undefined =>
  headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded')
    ? new URLSearchParams(body.toString()).get('payload')
    : undefined

/**
 * The JSON value that a request carries: as its body, or as the field `payload` of a form, as GitHub and Gitea send it when they
 * are set to `application/x-www-form-urlencoded`. Throws `INVALID_BODY` or `TOO_DEEP`.
 */
export function parseJsonOrForm(request: Request): unknown {
  const payload = payloadOf(request)
  if (payload === undefined) return parseJson(request.body)
  if (payload === null) throw new RouterError('INVALID_BODY', 'The body is a form without the field "payload".')
  const value = parseJson(Buffer.from(payload))
  // Its brackets are escaped in the body, where nobody saw how deep it is.
  checkDepth(value)
  return value
}
