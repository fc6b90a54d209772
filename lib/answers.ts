import { errors, RouterError } from './errors.ts'
import type { Entry } from './log.ts'
import type { Response } from './request.ts'

// What every answer has, whoever gives it, and the answer to everything that goes wrong.

/** Headers of every answer, whoever gives it: it is data for one asker, to be shown, stored and embedded nowhere. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'strict-transport-security': 'max-age=31536000',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
}

/** Seconds until a request is worth trying again when nothing better is known. */
const RETRY_SECONDS = 5

/** The answer to a request that ended in `error`: `{"code","message"}` of the error's row, never a stack, never a cause. */
export function answerError(error: unknown, entry: Entry): Response {
  const known = error instanceof RouterError && errors[error.code].status !== null
  const code = known ? error.code : 'INTERNAL'
  const row = errors[code]
  entry.code = code
  if (known) entry.why = error.message
  else entry.error = error
  // What the sender gets to read of an error on our side is the row's sentence alone.
  const message = row.retry ? row.message : (error as RouterError).message
  const after = known ? error.retryAfter : undefined
  const headers = {
    ...(row.retry ? { 'retry-after': String(after ?? RETRY_SECONDS) } : {}),
    ...(row.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  }
  return { status: row.status ?? 500, headers, body: { code, message } }
}
