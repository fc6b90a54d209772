import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { describe } from '@jest/globals'
import fc from 'fast-check'
import { families } from '../../functions/webhook.ts'
import { answerError } from '../../lib/answers.ts'
import { answer } from '../../lib/http.ts'
import type { Request } from '../../lib/request.ts'
import { schemes, sources } from '../../lib/sources/index.ts'
import * as signature from '../../lib/sources/signature.ts'
import { door, NOW } from '../door.ts'
import { standard, type Way, ways } from '../sources/ways.ts'
import { law } from './law.ts'
import { anyText } from './tree.ts'

// Who holds the secret gets in whatever is sent, and nobody else does whatever is sent.

const { attemptsOf, mistakeOf, verify } = signature

const all = Object.values<unknown>(signature).filter(
  (value): value is signature.Scheme => typeof value === 'object' && value !== null && 'holds' in value,
)

/** A way to prove oneself, and what the registry holds for it. */
interface Proof extends Way {
  /** The registry's value for the sender's `secret`. */
  configured(secret: string): string
}

const same = (secret: string): string => secret

const seconds = String(Math.floor(NOW / 1000))

const jfrogSha1: Way = {
  name: 'X-JFrog-Event-Auth, HMAC-SHA1',
  scheme: 'jfrog-sha1',
  at: 'x-jfrog-event-auth',
  credentials: (body, secret) => `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`,
  signs: true,
  bounded: false,
}

const whsec = (secret: string): string => `whsec_${Buffer.from(secret).toString('base64')}`

const pairs = new Map<string, ReturnType<typeof pairOf>>()

function pairOf(name: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return { name, privateKey, publicKey: `whpk_${raw.toString('base64')}` }
}

/** A key pair for a secret: there are few of them, because each takes long to make. */
function pair(secret: string) {
  const name = `${secret.length % 7}`
  const known = pairs.get(name) ?? pairOf(name)
  pairs.set(name, known)
  return known
}

const standardByKey: Way = {
  ...standard,
  name: 'Standard Webhooks, ed25519',
  credentials: (body, secret) => {
    const signed = Buffer.concat([Buffer.from(`msg_1.${seconds}.`), body])
    return `v1a,${sign(null, signed, pair(secret).privateKey).toString('base64')}`
  },
}

const proofs: readonly Proof[] = [
  ...[...ways, jfrogSha1].map((way) => ({ ...way, configured: same })),
  { ...standard, name: 'Standard Webhooks, whsec_', configured: whsec },
  { ...standardByKey, configured: (secret) => pair(secret).publicKey },
]

const schemeOf = ({ scheme }: Way): signature.Scheme => all.find(({ name }) => name === scheme) as signature.Scheme

const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array))

const CHARACTERS = [
  ...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=-_.:;!?#$%&"\'(){}[]~éß日\u{1f600}',
]

/** What a secret may be: any text without white space that is no key of Standard Webhooks. */
const secret = fc
  .array(fc.constantFrom(...CHARACTERS), { minLength: 1, maxLength: 30 })
  .map((characters) => characters.join(''))
  .filter((text) => !/^wh(?:sec|pk)_/.test(text))

/** Headers that prove nothing, whatever they say. */
const noise = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.dictionary(
    fc.constantFrom(
      'cookie',
      'x-api-key',
      'proxy-authorization',
      'x-registry-auth',
      'user-agent',
      '__proto__',
      'content-type',
    ),
    anyText,
    { maxKeys: 3 },
  ),
)

const requestOf = (body: Buffer, way: Way, credentials: string, changes: Partial<Request> = {}): Request => ({
  method: 'POST',
  path: '/webhooks/any',
  query: way.at === 'query' ? `a=b&${credentials}` : '',
  body,
  receivedAt: NOW,
  ...changes,
  headers: { ...changes.headers, ...way.headers, ...(way.at === 'query' ? {} : { [way.at]: credentials }) },
})

const one = (scheme: signature.Scheme): signature.Attempt[] => [{ scheme, counts: true }]

/** Texts that come close to a secret. */
const near = fc.oneof(
  fc.constant((own: string) => own.slice(0, -1)),
  fc.constant((own: string) => own.slice(1)),
  fc.constant((own: string) => own + own),
  fc.constantFrom(...CHARACTERS).map((more) => (own: string) => own + more),
  fc.constantFrom(...CHARACTERS.filter((more) => more !== ':')).map((more) => (own: string) => more + own),
  fc.constant((own: string) => own.toUpperCase()),
  fc.constant((own: string) => own.toLowerCase()),
  fc.constant((own: string) => [...own].toReversed().join('')),
  fc.constantFrom('', 'undefined', 'null', 'secret', '[object Object]', 'whsec_', 'whpk_').map((text) => () => text),
  secret.map((text) => () => text),
)

const HEX = [...'0123456789abcdef']

/** A signature that is not quite the one that it was. */
const damage = fc.oneof(
  fc.nat(200).map((length) => (text: string) => text.slice(0, length)),
  fc.constantFrom(...HEX, 'A', '=', '/', '0'.repeat(40)).map((more) => (text: string) => text + more),
  fc.constant((text: string) => text.toUpperCase()),
  fc.tuple(fc.nat(), fc.constantFrom(...HEX, 'Z', '+')).map(([at, digit]) => (text: string) => {
    const place = at % Math.max(1, text.length)
    return text.slice(0, place) + digit + text.slice(place + 1)
  }),
  fc.constant((text: string) => text.replace(/^[^=,]*[=,]/, '')),
  fc.constant((text: string) => [...text].toReversed().join('')),
)

/** Whether `list` still holds the ed25519 signature of `own`, in another spelling of its base64. */
function isSpelling(own: string, list: string): boolean {
  const [, given] = /^v1a,([\w+/=-]+)/.exec(list) ?? []
  return own.startsWith('v1a,') && Buffer.from(given ?? '', 'base64').equals(Buffer.from(own.slice(4), 'base64'))
}

/** What somebody sends who holds something else. */
interface Else {
  other: string
  otherBody: Buffer | null
  damage: ((text: string) => string) | null
}

/** Credentials for `body` that do not prove that their sender holds `own`. */
function forgeries(way: Proof, body: Buffer, own: string, { other, otherBody, damage }: Else): string[] {
  const real = way.credentials(body, own)
  const isOther =
    other.isWellFormed() &&
    way.configured(own) !== way.configured(other) &&
    !(way.scheme === 'splunk' && other.includes(':'))
  const made = [
    '',
    ...(isOther ? [way.credentials(body, other)] : []),
    ...(way.configured(own).startsWith('whpk_') ? [way.configured(own)] : []),
  ]
  if (way.signs && otherBody && !otherBody.equals(body)) made.push(way.credentials(otherBody, own))
  if (way.signs && damage) made.push(damage(real))
  return made.filter((text) => text !== real && !isSpelling(real, text))
}

describe.each(proofs.map((proof): [string, Proof] => [proof.name, proof]))('%s', (name, way) => {
  const scheme = schemeOf(way)

  const genuine = fc.record({ body: bytes, own: secret, before: fc.array(secret, { maxLength: 2 }), noise })

  law(`${name}: who holds the secret gets in with any body`, genuine, async ({ body, own, before, noise }) => {
    const request = requestOf(body, way, way.credentials(body, own), { headers: noise })
    const secrets = [...before, way.configured(own), 'another']
    return verify(request, one(scheme), secrets)
  })

  const forged = fc.record({
    body: bytes,
    own: secret,
    near,
    otherBody: fc.option(bytes),
    damage: fc.option(damage),
    noise,
  })

  law(`${name}: nobody else does, whatever is sent`, forged, async ({ body, own, near, otherBody, damage, noise }) => {
    const candidates = forgeries(way, body, own, { other: near(own), otherBody, damage })
    for (const credentials of candidates) {
      // Cut down to the secret itself (`s` of `sha1=`) it is what other senders send.
      if (credentials === own) continue
      const request = requestOf(body, way, credentials, { headers: noise })
      const isIn = await verify(request, attemptsOf(all, all), [way.configured(own), 'another-secret-of-it'])
      if (isIn) throw new Error(`${credentials} got in.`)
    }
  })

  if (!way.signs) return

  const flipped = fc.record({ body: fc.uint8Array({ minLength: 1, maxLength: 60 }), own: secret, bit: fc.nat() })

  law(`${name}: one bit of the body counts`, flipped, async ({ body: array, own, bit }) => {
    const body = Buffer.from(array)
    const credentials = way.credentials(body, own)
    const at = (bit >> 3) % body.length
    const changed = Buffer.from(body)
    changed[at] = (changed[at] as number) ^ (1 << (bit & 7))
    return !(await verify(requestOf(changed, way, credentials), one(scheme), [way.configured(own)]))
  })
})

/** A list of Standard Webhooks for any id and time. */
const listOf = (id: string, timestamp: string, body: Buffer, own: string): string =>
  `v1,${createHmac('sha256', own).update(`${id}.${timestamp}.`).update(body).digest('base64')}`

const identifier = fc.stringMatching(/^[\w.-]{1,20}$/)

law(
  'Standard Webhooks: id and time are signed, and five minutes count',
  fc.record({
    body: bytes,
    own: secret,
    id: identifier,
    other: identifier,
    drift: fc.integer({ min: -700, max: 700 }),
    more: fc.integer(),
  }),
  async ({ body, own, id, other, drift, more }) => {
    const timestamp = String(Number(seconds) + drift)
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': listOf(id, timestamp, body, own),
    }
    const holds = (changes: Partial<typeof headers>, receivedAt = Number(seconds) * 1000) =>
      verify(
        requestOf(body, standard, '', { receivedAt }),
        one({
          ...signature.standard,
          holds: (request, secrets) =>
            signature.standard.holds({ ...request, headers: { ...headers, ...changes } }, secrets),
        }),
        [own],
      )
    assert.equal(await holds({}), Math.abs(drift) <= 300)
    const at = Number(timestamp) * 1000
    assert.equal(await holds({}, at), true)
    assert.equal(await holds({ 'webhook-id': other }, at), other === id)
    const moved = String(Number(timestamp) + (more % 300 || 1))
    assert.equal(await holds({ 'webhook-timestamp': moved }, at), false)
    // The dots between the three parts must not let one part take from the next.
    assert.equal(
      await holds({ 'webhook-id': `${id}.${timestamp.slice(0, 1)}`, 'webhook-timestamp': timestamp.slice(1) }, at),
      false,
    )
  },
)

law(
  'Gitea signs the field of a form, and one character of it counts',
  fc.record({
    value: fc.json(),
    own: secret,
    fields: fc.array(fc.tuple(identifier, identifier), { maxLength: 2 }),
    at: fc.nat(),
  }),
  async ({ value, own, fields, at }) => {
    const way = ways.find(({ scheme }) => scheme === 'gitea-sha256') as Way
    const credentials = way.credentials(Buffer.from(value), own)
    const others = fields.filter(([name]) => name !== 'payload').map(([name, text]) => `${name}=${text}&`)
    const holds = (payload: string) => {
      const body = Buffer.from(`${others.join('')}payload=${encodeURIComponent(payload)}&x=y`)
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      return verify(requestOf(body, way, credentials, { headers }), one(signature.giteaSha256), [own])
    }
    const place = at % (value.length + 1)
    assert.equal(await holds(value), true)
    assert.equal(await holds(`${value.slice(0, place)} ${value.slice(place)}`), false)
  },
)

law(
  'a way counts for those who take it, and for no others',
  fc.record({ way: fc.constantFrom(...proofs), accepted: fc.subarray([...all]), body: bytes, own: secret, noise }),
  async ({ way, accepted, body, own, noise }) => {
    const request = requestOf(body, way, way.credentials(body, own), { headers: noise })
    const isIn = await verify(request, attemptsOf(accepted, all), [way.configured(own), 'another'])
    assert.equal(isIn, accepted.includes(schemeOf(way)))
  },
)

describe('the values of secrets', () => {
  const prefixed = fc.tuple(
    fc.constantFrom('', 'whsec_', 'whpk_'),
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('base64')),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array).toString('base64')),
      secret,
    ),
  )

  /** Whether `text` is the base64 of at least one byte, with its padding or without; told by its grammar. */
  function isBase64(text: string): boolean {
    const bare = text.replace(/=+$/, '')
    if (!/^[A-Za-z0-9+/]+$/.test(bare) || bare.length % 4 === 1) return false
    const unused = { 2: 'AQgw', 3: 'AEIMQUYcgkosw048' }[bare.length % 4]
    return unused === undefined || unused.includes(bare.at(-1) as string)
  }

  law('mistakeOf passes the keys that work, and shows none', prefixed, ([prefix, text]) => {
    const mistake = mistakeOf(prefix + text)
    const length = Buffer.from(text, 'base64').length
    const works = prefix === '' || (isBase64(text) && (prefix === 'whsec_' || length === 32))
    if (prefix !== '' || !/^wh(?:sec|pk)_/.test(text)) assert.equal(mistake === undefined, works)
    if (mistake && text.length > 6) assert.equal(mistake.includes(text), false)
  })

  law(
    'a key that mistakeOf passes is as long as it was written',
    fc.uint8Array({ minLength: 1, maxLength: 64 }),
    (array) => {
      const key = `whsec_${Buffer.from(array).toString('base64')}`
      const body = Buffer.from('body')
      const list = `v1,${createHmac('sha256', array).update(`msg_1.${seconds}.`).update(body).digest('base64')}`
      assert.equal(mistakeOf(key), undefined)
      return verify(requestOf(body, standard, list), one(signature.standard), [key])
    },
  )
})

describe('at the door', () => {
  const to = door({ broken: { send: async () => assert.fail('something was queued') } })

  const stranger = fc.record({
    registry: fc.oneof(fc.constantFrom(...Object.keys(sources)), fc.constantFrom('nobody', '__proto__', 'constructor')),
    forgeries: fc.array(fc.tuple(fc.constantFrom(...proofs), near), { maxLength: 3 }),
    body: bytes,
    noise,
  })

  law(
    'nobody gets in without the secret, and all hear the same',
    stranger,
    async ({ registry, forgeries, body, noise }) => {
      // The secret of the door is `secret`.
      const forged = forgeries
        .map(([way, near]) => [way, near('secret')] as const)
        .filter(([, text]) => text !== 'secret')
        .map(([way, text]) => requestOf(body, way, way.credentials(body, text)))
      const headers = Object.assign({}, noise, ...forged.map((request) => request.headers)) as Record<string, string>
      const query = forged.map((request) => request.query).join('&')
      const request: Request = { method: 'POST', path: `/webhooks/${registry}`, query, headers, body, receivedAt: NOW }
      const entry = { event: 'request' }
      const { status, body: told } = await answer(request, families, to.app, entry).catch((error) =>
        answerError(error, entry),
      )
      assert.deepEqual(
        [status, told],
        [
          401,
          { code: 'UNAUTHENTICATED', message: 'The credentials are missing or wrong, or there is no such registry.' },
        ],
      )
    },
  )
})

law(
  'every scheme of every source is tried',
  fc.constantFrom(...schemes),
  ({ name }) => name === 'oidc' || all.some((scheme) => scheme.name === name),
)
