import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
  verify as verifies,
} from 'node:crypto'
import { payloadOf } from '../form.ts'
import type { Request } from '../request.ts'

// How a sender proves that it is genuine. The only file that compares secrets.

/** What a registry's sender may hold: texts that both know, and public keys (`whpk_`), which prove nothing by being known. */
export interface Secrets {
  shared: readonly { text: string; digest: Buffer }[]
  publicKeys: readonly string[]
}

/** A way to prove that a request is genuine. What is computed depends on the request and on the number of secrets alone. */
export interface Scheme {
  name: string
  /** What it trusts stands in the registry's settings: it needs none of its secrets. */
  secretless?: true
  holds(request: Request, secrets: Secrets): boolean | Promise<boolean>
}

/** How far `webhook-timestamp` may lie in the past or the future (Standard Webhooks 1.0 advises 5 minutes). */
const TOLERANCE_SECONDS = 300

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer')

/** Whether one of `secrets` passes `check`. Every one is tried, whichever fits. */
function some<Item>(secrets: readonly Item[], check: (secret: Item) => boolean): boolean {
  let genuine = false
  for (const secret of secrets) genuine = check(secret) || genuine
  return genuine
}

/** Whether `given` is one of `secrets`: digests are compared, so that neither text nor length shows in the time. */
function isOneOf(given: string, { shared }: Secrets): boolean {
  const digest = sha256(given)
  return some(shared, (secret) => timingSafeEqual(digest, secret.digest))
}

/** Behind the first colon; `undefined` without one. */
const behindColon = (text: string): string | undefined =>
  text.includes(':') ? text.slice(text.indexOf(':') + 1) : undefined

/** The secret as `Authorization: Bearer <secret>`, bare, or as the password of Basic; nothing else. */
export const token: Scheme = {
  name: 'token',
  holds({ headers }, secrets) {
    const header = headers.authorization
    if (!header) return false
    const [, scheme = '', credentials = ''] = /^(bearer|basic) +(.*)$/i.exec(header) ?? []
    const basic = () => behindColon(Buffer.from(credentials, 'base64').toString())
    const given = scheme.toLowerCase() === 'bearer' ? credentials : scheme ? basic() : header
    return given !== undefined && isOneOf(given, secrets)
  },
}

/** The secret in the URL, `?token=<secret>`, of senders that can carry nothing else. */
export const query: Scheme = {
  name: 'query',
  holds(request, secrets) {
    if (!request.query.includes('token=')) return false
    const given = new URLSearchParams(request.query).get('token')
    // No secret has a space, but base64 has `+`, which stands for one in a URL unless it is encoded.
    return given !== null && isOneOf(given.replaceAll(' ', '+'), secrets)
  },
}

/** The token of Splunk's HTTP event collector: `Authorization: Splunk <secret>`, or `Splunk <registry>:<secret>`. */
export const splunk: Scheme = {
  name: 'splunk',
  holds({ headers }, secrets) {
    const [, credentials] = /^splunk +(.*)$/i.exec(headers.authorization ?? '') ?? []
    if (credentials === undefined) return false
    const whole = isOneOf(credentials, secrets)
    const behind = behindColon(credentials)
    return (behind !== undefined && isOneOf(behind, secrets)) || whole
  },
}

/** The bare secret in the header `name`. */
const header = (name: string): Scheme => ({
  name,
  holds({ headers }, secrets) {
    const given = headers[name]
    return given !== undefined && isOneOf(given, secrets)
  },
})

/** GitLab's audit event streaming. */
export const gitlabToken = header('x-gitlab-event-streaming-token')
/** JFrog Artifactory without "use secret for signing". */
export const jfrogSecret = header('x-jfrog-event-auth')

const HEX_LENGTHS = { sha1: 40, sha256: 64 } as const

/**
 * HMAC of the body, or of what `signed` makes of the request, in lower-case hex behind `prefix`, in the header `name`, unless the
 * header `unless` is there too.
 */
const hmac = (
  label: string,
  algorithm: 'sha1' | 'sha256',
  name: string,
  {
    prefix = '',
    unless,
    signed = ({ body }) => body,
  }: { prefix?: string; unless?: string; signed?: (request: Request) => Buffer | string } = {},
): Scheme => ({
  name: label,
  holds(request, { shared }) {
    const { headers } = request
    const given = headers[name]
    if (!given?.startsWith(prefix) || (unless && headers[unless] !== undefined)) return false
    const hex = Buffer.from(given.slice(prefix.length))
    // How long a signature is, is no secret.
    if (hex.length !== HEX_LENGTHS[algorithm]) return false
    const content = signed(request)
    return some(shared, ({ text }) => {
      const expected = createHmac(algorithm, text).update(content).digest('hex')
      return timingSafeEqual(hex, Buffer.from(expected))
    })
  },
})

/** GitHub. */
export const hubSha256 = hmac('hub-sha256', 'sha256', 'x-hub-signature-256', { prefix: 'sha256=' })
/** GitHub Enterprise Server before 2.23, which sends nothing stronger; where something stronger is sent, that counts. */
export const hubSha1 = hmac('hub-sha1', 'sha1', 'x-hub-signature', { prefix: 'sha1=', unless: 'x-hub-signature-256' })
/** Gitea and Forgejo. Of a form they sign the JSON text in it, not the form. */
export const giteaSha256 = hmac('gitea-sha256', 'sha256', 'x-gitea-signature', {
  signed: (request) => payloadOf(request) ?? request.body,
})
/** Sonatype Nexus. */
export const nexusSha1 = hmac('nexus-sha1', 'sha1', 'x-nexus-webhook-signature')
/** JFrog Artifactory with "use secret for signing". */
export const jfrogSha256 = hmac('jfrog-sha256', 'sha256', 'x-jfrog-event-auth')
/** JFrog Artifactory as some receivers expect it; only where a registry's settings ask for it. */
export const jfrogSha1 = hmac('jfrog-sha1', 'sha1', 'x-jfrog-event-auth', { prefix: 'sha1=' })

const SECRET = 'whsec_'
const PUBLIC_KEY = 'whpk_'

/** Whether the value `secret` has to be kept secret: a public key has not. */
export const isShared = (secret: string): boolean => !secret.startsWith(PUBLIC_KEY)

const behind = (prefix: string, text: string): Buffer => Buffer.from(text.slice(prefix.length), 'base64')

/** `whsec_` + base64 as Standard Webhooks writes it; a secret without that prefix is taken as its bytes. */
const key = (secret: string): Buffer => (secret.startsWith(SECRET) ? behind(SECRET, secret) : Buffer.from(secret))

/** The bytes in front of an ed25519 key that make it a SubjectPublicKeyInfo (RFC 8410). */
const ED25519 = Buffer.from('302a300506032b6570032100', 'hex')

const publicKeys = new Map<string, KeyObject>()

function publicKeyOf(text: string): KeyObject {
  const known = publicKeys.get(text)
  if (known) return known
  const made = createPublicKey({ key: Buffer.concat([ED25519, behind(PUBLIC_KEY, text)]), format: 'der', type: 'spki' })
  publicKeys.set(text, made)
  return made
}

let decoyKey: KeyObject | undefined

/** Stands in where no public key is configured; its private half was never kept. */
function decoyPublicKey(): KeyObject {
  decoyKey ??= generateKeyPairSync('ed25519').publicKey
  return decoyKey
}

/** Longer ones make no request more genuine, and each costs time: they are looked for in what senders say. */
const MOST_CHARACTERS = 1024

/**
 * What is wrong with the value `secret`, for whoever configures it; `undefined` when nothing is. An empty key, or one that is cut
 * short because its base64 is broken, would let others in. The sentence does not hold the secret.
 */
export function mistakeOf(secret: string): string | undefined {
  if (secret.length > MOST_CHARACTERS) return `it has more than ${MOST_CHARACTERS} characters`
  const prefix = [SECRET, PUBLIC_KEY].find((start) => secret.startsWith(start))
  if (!prefix) return undefined
  const text = secret.slice(prefix.length).replace(/=+$/, '')
  const bytes = behind(prefix, secret)
  if (text === '' || bytes.toString('base64').replace(/=+$/, '') !== text)
    return `behind ${prefix} there has to be a key in base64`
  if (prefix === PUBLIC_KEY && bytes.length !== 32) return `behind ${prefix} there has to be an ed25519 key of 32 bytes`
  return undefined
}

/**
 * Standard Webhooks 1.0: `webhook-signature` is a list of `v1,<base64>` (HMAC-SHA256) and `v1a,<base64>` (ed25519), one match is
 * enough, unknown versions are skipped; signed is `id.timestamp.body`; `webhook-timestamp` has to be within `TOLERANCE_SECONDS` of
 * `receivedAt`.
 */
export const standard: Scheme = {
  name: 'standard',
  holds({ headers, body, receivedAt }, secrets) {
    const id = headers['webhook-id']
    const timestamp = headers['webhook-timestamp']
    const list = headers['webhook-signature']
    if (!id || !timestamp || !list || !/^\d{1,12}$/.test(timestamp)) return false
    const signatures = [...list.slice(0, 4096).matchAll(/(v\d+[a-z]?),([\w+/=-]+)/g)]
    const of = (wanted: string) =>
      signatures.filter(([, version]) => version === wanted).map(([, , signature = '']) => signature)
    const fresh = Math.abs(receivedAt / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS
    const start = `${id}.${timestamp}.`
    const symmetric = of('v1')
    const shared = some(secrets.shared, ({ text }) => {
      const expected = createHmac('sha256', key(text)).update(start).update(body).digest('base64')
      return some(symmetric, (signature) => timingSafeEqual(sha256(signature), sha256(expected)))
    })
    // Each costs far more than an HMAC, so no sender gets to have many tried.
    const asymmetric = of('v1a').slice(0, 4)
    const signed = asymmetric.length > 0 ? Buffer.concat([Buffer.from(start), body]) : body
    const isByKey = (publicKey: KeyObject) =>
      some(asymmetric, (signature) => verifies(null, signed, publicKey, Buffer.from(signature, 'base64')))
    const configured = asymmetric.length > 0 ? secrets.publicKeys.map(publicKeyOf) : []
    const proven = some(configured, isByKey)
    if (configured.length === 0 && asymmetric.length > 0) isByKey(decoyPublicKey())
    return (shared || proven) && fresh
  },
}

/**
 * `webhook-signature` of Standard Webhooks 1.0 for what is sent with the message id `id` at `timestamp` (Unix seconds): a `v1` of each of
 * `secrets`, so that a receiver that has only one of them can tell. Throws when none of them can sign.
 */
export function signStandard(id: string, timestamp: number, body: Buffer, secrets: readonly string[]): string {
  const start = `${id}.${timestamp}.`
  const sign = (secret: string) => createHmac('sha256', key(secret)).update(start).update(body).digest('base64')
  const signatures = secrets.filter(isShared).map((secret) => `v1,${sign(secret)}`)
  if (signatures.length === 0) throw new Error('There is no secret that could sign.')
  return signatures.join(' ')
}

// Stand in for the secrets of a registry that does not exist, and for the second one of a registry that has one.
const DECOYS = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')]

const sorted = new WeakMap<readonly string[], Secrets>()

/** `values` by their kinds, with decoys: remembered by the list, which is the same for every request of a registry. */
function sort(values: readonly string[]): Secrets {
  const known = sorted.get(values)
  if (known) return known
  const shared = values.filter(isShared)
  const made: Secrets = {
    shared: [...shared, ...DECOYS.slice(shared.length)].map((text) => ({ text, digest: sha256(text) })),
    publicKeys: values.filter((value) => !isShared(value)),
  }
  sorted.set(values, made)
  return made
}

/** A scheme that is tried, and whether its passing counts. */
export interface Attempt {
  scheme: Scheme
  counts: boolean
}

/**
 * What is tried for a request to a registry that takes `accepted`: every one of `all` schemes, so that the time does not tell which
 * they are. An accepted one stands for the one of `all` that has its name.
 */
export const attemptsOf = (accepted: readonly Scheme[], all: readonly Scheme[]): readonly Attempt[] =>
  all.map((scheme) => {
    const own = accepted.find(({ name }) => name === scheme.name)
    return { scheme: own ?? scheme, counts: own !== undefined }
  })

/**
 * Whether `request` is genuine: one of the attempts that count holds for one of `secrets`. Without `secrets` the answer is no, but for
 * schemes without a secret. What is computed depends on the request alone, up to two secrets and one public key: neither the
 * answer nor its time tells whether a registry exists, how it authenticates, or whether its secret is being changed.
 */
export async function verify(
  request: Request,
  attempts: readonly Attempt[],
  secrets: readonly string[],
): Promise<boolean> {
  const tried = sort(secrets)
  let genuine = false
  for (const { scheme, counts } of attempts) {
    const answer = scheme.holds(request, tried)
    const passed = typeof answer === 'boolean' ? answer : await answer
    genuine = (passed && counts) || genuine
  }
  return genuine
}
