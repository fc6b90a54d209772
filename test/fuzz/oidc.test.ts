import assert from 'node:assert/strict'
import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import * as v from 'valibot'
import type { Request } from '../../lib/request.ts'
import { oidc, oidcMistakes, oidcSettings } from '../../lib/sources/oidc.ts'
import { NOW } from '../door.ts'
import { law } from './law.ts'
import { anyText } from './tree.ts'

// Google's tokens: made and signed here, without the library that checks them.

const AUDIENCE = 'https://router.example.com/webhooks/artifactregistry'
const EMAIL = 'pubsub-push@acme-prod.iam.gserviceaccount.com'
const SECONDS = Math.floor(NOW / 1000)

const [ours, theirs] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }))
const jwk = (key: KeyObject | undefined, kid: string) => ({
  ...key?.export({ format: 'jwk' }),
  kid,
  alg: 'RS256',
  use: 'sig',
})
const KEYS = { keys: [jwk(ours?.publicKey, 'k1'), jwk(theirs?.publicKey, 'k2')] }

const settingsSchema = v.object(oidcSettings)
const settings = v.parse(settingsSchema, { audience: AUDIENCE, email: EMAIL, keys: KEYS })
const scheme = oidc(settings)

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const made = new Map<string, string>()

/** A token, signed once however often it is asked for: that takes long. */
function tokenOf(header: object, claims: object, key = ours): string {
  const input = `${base64url(header)}.${base64url(claims)}`
  const known = made.get(input)
  if (known) return known
  const token = `${input}.${createSign('RSA-SHA256')
    .update(input)
    .sign(key?.privateKey as KeyObject, 'base64url')}`
  made.set(input, token)
  return token
}

const HEADER = { alg: 'RS256', kid: 'k1', typ: 'JWT' }
const CLAIMS = {
  iss: 'https://accounts.google.com',
  aud: AUDIENCE,
  email: EMAIL,
  email_verified: true,
  iat: SECONDS - 600,
  exp: SECONDS + 3000,
}
const GOOD = tokenOf(HEADER, CLAIMS)

const requestOf = (authorization: string, body = Buffer.alloc(0), receivedAt = NOW): Request => ({
  method: 'POST',
  path: '/webhooks/artifactregistry',
  query: '',
  headers: { authorization },
  body,
  receivedAt,
})

const holds = async (request: Request): Promise<boolean> => scheme.holds(request, { shared: [], publicKeys: [] })

/** A claim that is right, and what else may stand there. */
const claim = <Value>(good: Value, ...bad: unknown[]) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant([good, true] as const) },
    fc.constantFrom(...bad).map((value) => [value, false] as const),
  )

const claims = fc.record({
  iss: claim(CLAIMS.iss, 'https://accounts.google.com/', 'https://accounts.example.com', undefined, 5, [CLAIMS.iss]),
  aud: claim(AUDIENCE, `${AUDIENCE}/`, AUDIENCE.toUpperCase(), undefined, '', [], ['other']),
  email: claim(EMAIL, EMAIL.toUpperCase(), `x${EMAIL}`, undefined, [EMAIL], ''),
  email_verified: claim(true, false, 'true', 1, undefined),
  iat: claim(CLAIMS.iat, SECONDS + 61, SECONDS - 3661, undefined, 'now'),
  exp: claim(CLAIMS.exp, SECONDS - 61, undefined, String(SECONDS + 3000), 0, -1),
  kid: claim('k1', 'k2', 'k9'),
})

law('a token of Google counts when all of it is right', claims, async ({ kid, ...list }) => {
  const values = Object.fromEntries(Object.entries(list).map(([name, [value]]) => [name, value]))
  const isRight = [...Object.values(list), kid].every(([, isGood]) => isGood)
  assert.equal(await holds(requestOf(`Bearer ${tokenOf({ ...HEADER, kid: kid[0] }, values)}`)), isRight)
})

const body = fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array))

law(
  'a good token counts with any body, in its time',
  fc.tuple(body, fc.integer({ min: -900, max: 3500 })),
  async ([bytes, later]) => {
    // It was made 600 seconds ago, ends in 3000, and the clocks may be a minute apart.
    const isInTime = later >= -660 && later < 3060
    const isYoung = later + 600 <= 3660
    assert.equal(
      await holds(requestOf(`Bearer ${GOOD}`, bytes, NOW - (NOW % 1000) + later * 1000)),
      isInTime && isYoung,
    )
  },
)

const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']

/** Whether two tokens have the same parts, the last one in other spelling. */
function isSpelling(token: string): boolean {
  const [own, given] = [GOOD, token].map((text) => text.split('.'))
  const bytes = (parts: string[] | undefined) => Buffer.from(parts?.[2] ?? '', 'base64url')
  return given?.length === 3 && given[0] === own?.[0] && given[1] === own?.[1] && bytes(own).equals(bytes(given))
}

const damage = fc.oneof(
  fc
    .tuple(fc.nat(GOOD.length - 1), fc.constantFrom(...LETTERS))
    .map(([at, letter]) => GOOD.slice(0, at) + letter + GOOD.slice(at + 1)),
  fc.nat(GOOD.length - 1).map((length) => GOOD.slice(0, length)),
  fc.constantFrom('A', '.', '.A', '=', ' x').map((more) => GOOD + more),
  fc.constantFrom(...[0, 1, 2].map((part) => GOOD.split('.').toSpliced(part, 1).join('.'))),
  fc
    .constantFrom('none', 'HS256', 'RS512', 'PS256', '')
    .map((alg) => GOOD.replace(/^[^.]*/, base64url({ ...HEADER, alg }))),
  fc.constantFrom('', '.', '..', 'a.b.c', '.'.repeat(50)),
  anyText,
)

law('a token that is not quite a good one counts for nothing', damage, async (token) => {
  if (token === GOOD || isSpelling(token)) return
  assert.equal(await holds(requestOf(`Bearer ${token}`)), false)
})

law(
  'nothing but a token counts',
  fc.tuple(anyText, fc.constantFrom('Basic', 'Token', '', 'Bearer:')),
  async ([text, kind]) => {
    assert.equal(await holds(requestOf(`${kind} ${kind === '' ? text : GOOD}`)), false)
  },
)

const option = <Value>(...values: Value[]) => fc.constantFrom<Value | undefined>(undefined, ...values)
const others = fc.record({
  audience: option(AUDIENCE, 'a'),
  email: option(EMAIL),
  keys: option(KEYS),
  keysUrl: option('https://keys.example.com/certs', 'http://127.0.0.1:1/certs'),
})

law('half of the settings is a mistake, and without an audience no token counts', others, async (given) => {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const checked = v.parse(settingsSchema, set)
  const isWhole = given.audience ? given.email !== undefined : Object.keys(set).length === 0
  assert.equal(oidcMistakes(checked).length === 0, isWhole)
  if (given.audience && given.email) return
  assert.equal(await oidc(checked).holds(requestOf(`Bearer ${GOOD}`), { shared: [], publicKeys: [] }), false)
})
