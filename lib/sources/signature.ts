import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Request } from '../request.ts'

// How a sender proves that it is genuine. The only file that compares secrets.

/** How far `webhook-timestamp` may lie in the past or the future (Standard Webhooks 1.0 advises 5 minutes). */
const TOLERANCE_SECONDS = 300

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer')

// Of configured secrets, which are in memory anyway; what a request brings is never put here.
const digests = new Map<string, Buffer>()

function digestOf(secret: string): Buffer {
  const known = digests.get(secret)
  if (known) return known
  const digest = sha256(secret)
  digests.set(secret, digest)
  return digest
}

/** Whether one of `secrets` passes `check`. Every one is tried, whichever fits. */
function some(secrets: readonly string[], check: (secret: string) => boolean): boolean {
  let genuine = false
  for (const secret of secrets) genuine = check(secret) || genuine
  return genuine
}

/** The password of Basic credentials, `undefined` without the colon that has to be in front of it. */
function basicPassword(credentials: string): string | undefined {
  const text = Buffer.from(credentials, 'base64').toString()
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : undefined
}

/** The secret as `Authorization: Bearer <secret>`, bare, or as the password of Basic; nothing else. */
function token(request: Request, secrets: readonly string[]): boolean {
  const header = request.headers.authorization
  if (!header) return false
  const [, scheme = '', credentials = ''] = /^(bearer|basic) +(.*)$/i.exec(header) ?? []
  const given = scheme.toLowerCase() === 'bearer' ? credentials : scheme ? basicPassword(credentials) : header
  if (given === undefined) return false
  // Digests are compared, in a time that depends on neither text; they have one length, so lengths do not show either.
  const digest = sha256(given)
  return some(secrets, (secret) => timingSafeEqual(digest, digestOf(secret)))
}

const PREFIX = 'whsec_'

/** `whsec_` + base64 as Standard Webhooks writes it; a secret without that prefix is taken as its bytes. */
const key = (secret: string): Buffer =>
  secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret)

/**
 * What is wrong with the value `secret`, for whoever configures it; `undefined` when nothing is. An empty key, or one that is cut
 * short because its base64 is broken, would let others in. The sentence does not hold the secret.
 */
export function mistakeOf(secret: string): string | undefined {
  if (!secret.startsWith(PREFIX)) return undefined
  const text = secret.slice(PREFIX.length).replace(/=+$/, '')
  const isBase64 = text !== '' && key(secret).toString('base64').replace(/=+$/, '') === text
  return isBase64 ? undefined : `behind ${PREFIX} there has to be a key in base64`
}

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
    return some(signatures, (signature) => timingSafeEqual(sha256(signature), sha256(expected)))
  })
  return genuine && fresh
}

const schemes = { token, standard }

/** A way to prove that a request is genuine. */
export type Scheme = keyof typeof schemes

const all = Object.entries(schemes) as [Scheme, (typeof schemes)[Scheme]][]

// Stand in for the secrets of a registry that does not exist, and for the second one of a registry that has one.
const DECOYS = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')]

/**
 * Whether `request` is genuine: one of `accepted` schemes holds for one of `secrets`. Without `secrets` the answer is no. What
 * is computed depends on the request alone, up to two secrets: neither the answer nor its time tells whether a registry exists,
 * how it authenticates, or whether its secret is being changed.
 */
export function verify(request: Request, accepted: readonly Scheme[], secrets: readonly string[]): boolean {
  const tried = [...secrets, ...DECOYS.slice(secrets.length)]
  let genuine = false
  for (const [name, holds] of all) {
    const passed = holds(request, tried)
    genuine = (passed && accepted.includes(name)) || genuine
  }
  return genuine
}
