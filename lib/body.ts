import { RouterError } from './errors.ts'
import type { AuditEvent } from './event.ts'
import { canonicalText } from './proof/canonical.ts'

// Events as the bodies of messages.

/** One record of Cloud Logs may have 32 KiB; the router adds the location, for which a little is kept free. */
const MAX_BYTES = 32 * 1024 - 256

/**
 * JSON text that any queue takes: compact, and every character that SQS refuses or that stands outside of the basic plane is
 * written as an escape.
 */
export function toText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\ud800-\udfff\ufffe\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * The canonical JSON of `value`, except that the two characters that SQS refuses, U+FFFE and U+FFFF, are written as escapes. Throws for
 * a number that is none.
 */
export const toCanonicalText = (value: object): string =>
  canonicalText(value).replace(/[\ufffe\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`)

/**
 * `event` as the body of its message, at most 32 KiB once routed. Over that, `responseData` and then `requestData` are left out
 * and `route.cut` says so; identity is never cut. Throws `EVENT_TOO_LARGE` when that is not enough.
 */
export function toBody(event: AuditEvent): string {
  let body = toText(event)
  if (Buffer.byteLength(body) <= MAX_BYTES) return body
  const cut: string[] = []
  const { responseData: _left, requestData, ...rest } = event
  for (const field of ['responseData', 'requestData'] as const) {
    if (Buffer.byteLength(body) <= MAX_BYTES) break
    if (event[field] === undefined) continue
    cut.push(field)
    const kept = cut.includes('requestData') || requestData === undefined ? {} : { requestData }
    body = toText({ ...rest, ...kept, route: { ...event.route, cut } })
  }
  if (Buffer.byteLength(body) > MAX_BYTES) throw new RouterError('EVENT_TOO_LARGE')
  return body
}
