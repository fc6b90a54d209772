import { createPublicKey } from 'node:crypto'
import { createLocalJWKSet } from 'jose/jwks/local'
import { createRemoteJWKSet, customFetch } from 'jose/jwks/remote'
import { type JWTVerifyGetKey, jwtVerify } from 'jose/jwt/verify'
import * as v from 'valibot'
import type { Request } from '../request.ts'
import type { Scheme } from './signature.ts'

// OpenID Connect tokens of Google's service accounts, which Pub/Sub signs its requests with. The only file that knows `jose`.

/** Where Google publishes the keys that its tokens are signed with. */
export const GOOGLE_KEYS = 'https://www.googleapis.com/oauth2/v3/certs'

const ISSUERS = ['https://accounts.google.com', 'accounts.google.com']

/** How far the clocks may be apart, and how old a token may be. Google's are valid for an hour. */
const TOLERANCE_SECONDS = 60
const MAX_AGE_SECONDS = 3600

/** How long keys are used before they are fetched again, how long that may take, and how soon after another it may be tried. */
const KEYS_MILLISECONDS = 10 * 60 * 1000
const FETCH_MILLISECONDS = 500
const PAUSE_MILLISECONDS = 5000

/** Whether `jwk` is the public half of an RSA key that RS256 may be used with. */
function isPublicKey(jwk: object): boolean {
  try {
    const { asymmetricKeyDetails, asymmetricKeyType } = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048 && !('d' in jwk)
  } catch {
    return false
  }
}

const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(host)

function isKeysUrl(text: string): boolean {
  const url = URL.parse(text)
  if (!url || url.username || url.password) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

const textSetting = (says: string) =>
  v.optional(v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'), v.description(says)))

const jwkSchema = v.pipe(
  v.looseObject({ kty: v.string(), n: v.string(), e: v.string() }, 'must be a JSON Web Key'),
  v.check((jwk) => isPublicKey(jwk), 'must be a public RSA key of 2048 bits or more, without its private half'),
)

/** The settings with which a source takes such tokens. */
export const oidcSettings = {
  audience: textSetting(
    'Audience of the tokens that the push subscription carries. When it is set, a valid token is required and nothing else counts',
  ),
  email: textSetting('Service account of the push subscription; has to be set together with `audience`'),
  keys: v.optional(
    v.pipe(
      v.object(
        { keys: v.pipe(v.array(jwkSchema, 'must be a list'), v.minLength(1, 'must not be empty')) },
        'must be a JSON Web Key Set',
      ),
      v.description(
        'Keys that the tokens are signed with, `{ keys: [...] }`; without them they are fetched from `keysUrl`',
      ),
    ),
  ),
  keysUrl: v.optional(
    v.pipe(
      v.string('must be text'),
      v.check(isKeysUrl, 'must be an https address'),
      v.description('Where the keys are fetched from'),
    ),
    GOOGLE_KEYS,
  ),
}

/** Checked settings. */
export type OidcSettings = v.InferOutput<v.ObjectSchema<typeof oidcSettings, undefined>>

/** What is wrong with them together: half of them would leave a sender unchecked. */
export function oidcMistakes({ audience, email, keys, keysUrl }: OidcSettings): string[] {
  if (audience !== undefined) return email === undefined ? ['email: has to be set together with audience'] : []
  const others = { email: email !== undefined, keys: keys !== undefined, keysUrl: keysUrl !== GOOGLE_KEYS }
  return Object.entries(others).flatMap(([name, isSet]) =>
    isSet ? [`${name}: counts only together with audience`] : [],
  )
}

// Its private half was thrown away when it was made, so nobody can sign with it.
const DECOY =
  'mrsqUppE4P9ruWX1vBugvX-8M8uOLgfDYotK83rgxdasEu1p2EpryXv37o-E59UDXi3YmyyMCVCOOrTu_XcwgxT1GNMuQKVVitek' +
  'IphBGezoRkrxJnKVWbsXJet-LDWXoQmgNYUxrSVmbDfsCttIrTsHyHyaiDwe7z4IArpngXL1DXvsClfLKdmsf0fXUQkNl5NI8mul' +
  '6ZTfiRP09nE999Q-2RoT_JDoJAiip-Z9Qiumk2wslqU46qfz06HiZJ00HJbLfD5UtJvRDy-Is1casJJrxC9zR3_qLLc0vAU-_ygW' +
  'Bvzh9-jaESxeMNsUwA564P-lQNizJyt4TILrwmxFIw'

const decoys = createLocalJWKSet({ keys: [{ kty: 'RSA', n: DECOY, e: 'AQAB' }] })
const decoyKey: JWTVerifyGetKey = () => decoys({ alg: 'RS256' })

/** Whether `then` is less than `milliseconds` ago. A time that is still to come is none: the clock was set back. */
const isWithin = (milliseconds: number, then: number): boolean => {
  const age = Date.now() - then
  return age >= 0 && age < milliseconds
}

/** The keys of `url`. When they can't be fetched again the old ones stay in use. */
function fetchedKeys(url: string): JWTVerifyGetKey {
  let askedAt = Number.NEGATIVE_INFINITY
  let fetchedAt = Number.NEGATIVE_INFINITY
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_MILLISECONDS,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    // Anybody can send a token, so that nobody gets to wait for a dead server, or to have it asked, again and again.
    [customFetch]: async (address, options) => {
      if (isWithin(PAUSE_MILLISECONDS, askedAt)) throw new Error(`${url} was asked a moment ago`)
      askedAt = Date.now()
      return fetch(address, options)
    },
  })
  const refresh = async () => {
    await keys.reload()
    fetchedAt = Date.now()
  }
  return async (header, jwt) => {
    if (!isWithin(KEYS_MILLISECONDS, fetchedAt)) await refresh().catch(() => undefined)
    return keys(header, jwt)
  }
}

const byUrl = new Map<string, JWTVerifyGetKey>()

function keysOf({ keys, keysUrl }: OidcSettings): JWTVerifyGetKey {
  if (keys) return createLocalJWKSet(keys)
  const known = byUrl.get(keysUrl)
  if (known) return known
  const made = fetchedKeys(keysUrl)
  byUrl.set(keysUrl, made)
  return made
}

/** `keys`, and a key that fits nothing for a token whose key is not among them: that takes as long. */
const orDecoy =
  (keys: JWTVerifyGetKey): JWTVerifyGetKey =>
  async (header, jwt) => {
    try {
      return await keys(header, jwt)
    } catch {
      return decoyKey(header, jwt)
    }
  }

const JWT = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i

const jwtOf = ({ headers }: Request): string | undefined => JWT.exec(headers.authorization ?? '')?.[1]

/** Whether `jwt` is a valid token for `audience` of the service account `email`. No address in it is ever called. */
async function isValid(
  jwt: string,
  keys: JWTVerifyGetKey,
  receivedAt: number,
  audience: string,
  email: string,
): Promise<boolean> {
  try {
    const { payload } = await jwtVerify(jwt, keys, {
      algorithms: ['RS256'],
      issuer: ISSUERS,
      audience,
      requiredClaims: ['exp', 'iat'],
      maxTokenAge: MAX_AGE_SECONDS,
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(receivedAt),
    })
    return payload.email === email && payload.email_verified === true
  } catch {
    return false
  }
}

/**
 * `Authorization: Bearer <token>` with a token as Google signs it: RS256 by one of the keys of `settings`, for its `audience`, of the
 * service account `email`, not expired. Without both of these it never holds, but takes as long for a token.
 */
export function oidc(settings?: OidcSettings): Scheme {
  const { audience, email } = settings ?? {}
  const isConfigured = settings !== undefined && Boolean(audience && email)
  const keys = isConfigured ? orDecoy(keysOf(settings)) : decoyKey
  return {
    name: 'oidc',
    secretless: true,
    holds(request) {
      const jwt = jwtOf(request)
      if (jwt === undefined) return false
      return isValid(jwt, keys, request.receivedAt, audience ?? '-', email ?? '-').then(
        (valid) => valid && isConfigured,
      )
    },
  }
}
