import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Request } from '../request.ts'

// How a sender proves that it is genuine. The only file that compares secrets.

/** How far `webhook-timestamp` may lie in the past or the future (Standard Webhooks 1.0 advises 5 minutes). */
export const TOLERANCE_SECONDS = 300

/** Compares in a time that depends on neither text: both are hashed first, so lengths do not show either. */
function equal(a: string | Buffer, b: string | Buffer): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}

/** Whether one of `secrets` passes `check`. Every secret is tried, whichever fits. */
function some(secrets: readonly string[], check: (secret: string) => boolean): boolean {
  let genuine = false
  for (const secret of secrets) genuine = check(secret) || genuine
  return genuine
}

function basicPassword(credentials: string): string {
  const text = Buffer.from(credentials, 'base64').toString()
  return text.slice(text.indexOf(':') + 1)
}

/** The secret as `Authorization: Bearer <secret>`, bare, or as the password of Basic; nothing else. */
function token(request: Request, secrets: readonly string[]): boolean {
  const header = request.headers.authorization
  if (!header) return false
  const [, scheme = '', credentials = ''] = /^(bearer|basic) +(.*)$/i.exec(header) ?? []
  const given = scheme.toLowerCase() === 'bearer' ? credentials : scheme ? basicPassword(credentials) : header
  return some(secrets, (secret) => equal(given, secret))
}

/** `whsec_` + base64 as Standard Webhooks writes it; a secret without that prefix is taken as its bytes. */
const key = (secret: string): Buffer =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)

/**
 * Standard Webhooks 1.0, symmetric: `webhook-signature` is a list of `v1,<base64>`, one match is enough, unknown versions are
 * skipped; signed is `id.timestamp.body`; `webhook-timestamp` has to be within `TOLERANCE_SECONDS` of `receivedAt`.
 */
function standard(request: Request, secrets: readonly string[]): boolean {
  const id = request.headers['webhook-id']
  const timestamp = request.headers['webhook-timestamp']
  const list = request.headers['webhook-signature']
  if (!id || !timestamp || !list || !/^\d{1,12}$/.test(timestamp)) return false
  const signatures = [...list.slice(0, 4096).matchAll(/(v\d+[a-z]?),([\w+/=-]+)/g)]
    .filter(([, version]) => version === 'v1')
    .map(([, , signature = '']) => signature)
  const fresh = Math.abs(request.receivedAt / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS
  const genuine = some(secrets, (secret) => {
    const expected = createHmac('sha256', key(secret))
      .update(`${id}.${timestamp}.`)
      .update(request.body)
      .digest('base64')
    return some(signatures, (signature) => equal(signature, expected))
  })
  return genuine && fresh
}

const schemes = { token, standard }

/** A way to prove that a request is genuine. */
export type Scheme = keyof typeof schemes

// Stands in for the secrets of a registry that does not exist.
const DECOY = [randomBytes(32).toString('hex')]

/**
 * Whether `request` is genuine: one of `accepted` schemes holds for one of `secrets`. Without `secrets` the answer is no. What
 * is computed depends on the request alone, not on the registry, so that neither the answer nor its time tells whether a
 * registry exists or how it authenticates.
 */
export function verify(request: Request, accepted: readonly Scheme[], secrets: readonly string[]): boolean {
  const closed = secrets.length === 0
  let genuine = false
  for (const [name, holds] of Object.entries(schemes)) {
    const passed = holds(request, closed ? DECOY : secrets)
    genuine = (passed && !closed && accepted.includes(name as Scheme)) || genuine
  }
  return genuine
}
