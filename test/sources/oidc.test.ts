import { constants, createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { start } from '../../lib/app.ts'
import { checkRegistries, type RegistryConfig } from '../../lib/registries.ts'
import type { artifactregistry } from '../../lib/sources/artifactregistry.ts'
import type { AcceptOf } from '../../lib/sources/source.ts'
import { type Door, door, NOW } from '../door.ts'
import { sender } from './senders/artifactregistry.ts'

// Tokens are made and signed here, without the library that checks them.

type Accept = AcceptOf<typeof artifactregistry>

const AUDIENCE = 'https://router.example.com/webhooks/artifactregistry'
const EMAIL = 'pubsub-push@acme-prod.iam.gserviceaccount.com'
const SECONDS = Math.floor(NOW / 1000)

const pair = (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength })
const [ours, next, theirs] = [pair(), pair(), pair()]
const jwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' })
const keySet = (...keys: object[]) => ({ keys }) as NonNullable<Accept['keys']>
const KEYS = keySet(jwk(theirs.publicKey, 'other'), jwk(ours.publicKey, 'k1'))

const base64url = (value: object | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const CLAIMS = {
  iss: 'https://accounts.google.com',
  aud: AUDIENCE,
  azp: '113774264463038321964',
  sub: '113774264463038321964',
  email: EMAIL,
  email_verified: true,
  iat: SECONDS - 600,
  exp: SECONDS + 3000,
}

const rs256 = (input: string, key: KeyObject): string => createSign('RSA-SHA256').update(input).sign(key, 'base64url')

function jwt(claims: object = {}, header: object = {}, key: KeyObject = ours.privateKey): string {
  const input = `${base64url({ alg: 'RS256', kid: 'k1', typ: 'JWT', ...header })}.${base64url({ ...CLAIMS, ...claims })}`
  return `${input}.${rs256(input, key)}`
}

const configured = (accept: object): RegistryConfig => ({
  id: 'artifactregistry',
  source: 'artifactregistry',
  domain: 'europe-west3-docker.pkg.dev',
  region: 'eu-central',
  account: 'acme',
  accept,
})

const opened = (accept: Accept = {}): Door =>
  door({ registries: [configured({ audience: AUDIENCE, email: EMAIL, keys: KEYS, ...accept })] })

async function statusOf(to: Door, authorization: string, query = ''): Promise<number> {
  const answer = await to.post('/webhooks/artifactregistry', sender.body, { headers: { authorization }, query })
  expect(answer.body.code).toBe(answer.status === 401 ? 'UNAUTHENTICATED' : undefined)
  return answer.status
}

test.each<[string, object]>([
  ['as Google writes it', {}],
  ['of the other spelling of the issuer', { iss: 'accounts.google.com' }],
  ['that was made a moment from now', { iat: SECONDS + 50, nbf: SECONDS + 50 }],
  ['that expired a moment ago', { exp: SECONDS - 50 }],
])('takes a token %s', async (_what, claims) => {
  const to = opened()
  expect(await statusOf(to, `Bearer ${jwt(claims)}`)).toBe(202)
  expect(await to.intake()).toHaveLength(1)
})

const hs256 = (secret: string): string => {
  const input = `${base64url({ alg: 'HS256', kid: 'k1', typ: 'JWT' })}.${base64url(CLAIMS)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

describe('refuses a token', () => {
  const pem = ours.publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const good = jwt()
  const [head, claims, signature] = good.split('.') as [string, string, string]
  const ps256 = `${base64url({ alg: 'PS256', kid: 'k1' })}.${claims}`
  test.each<[string, string]>([
    ['for another audience', jwt({ aud: 'https://router.example.com/webhooks/other' })],
    ['for a longer audience', jwt({ aud: `${AUDIENCE}/image` })],
    ['for no audience', jwt({ aud: undefined })],
    ['of another issuer', jwt({ iss: 'https://accounts.example.com' })],
    ['of no issuer', jwt({ iss: undefined })],
    ['of another account', jwt({ email: 'someone-else@acme-prod.iam.gserviceaccount.com' })],
    ['of no account', jwt({ email: undefined })],
    ['of an account that is not verified', jwt({ email_verified: false })],
    ['of an account that may be verified', jwt({ email_verified: 'true' })],
    ['of an account that says nothing of it', jwt({ email_verified: undefined })],
    ['that has expired', jwt({ exp: SECONDS - 61 })],
    ['that never expires', jwt({ exp: undefined })],
    ['whose expiry is no number', jwt({ exp: 'tomorrow' })],
    ['of the future', jwt({ iat: SECONDS + 90, exp: SECONDS + 3690 })],
    ['that is not valid yet', jwt({ nbf: SECONDS + 90 })],
    ['that is a day old', jwt({ iat: SECONDS - 86_400 })],
    ['without the time when it was made', jwt({ iat: undefined })],
    ['signed with another key', jwt({}, {}, theirs.privateKey)],
    ["signed with ours under another's name", jwt({}, { kid: 'other' })],
    ['of an unknown key', jwt({}, { kid: 'k9' }, theirs.privateKey)],
    ['of an unknown key, signed with ours', jwt({}, { kid: 'k9' })],
    ['that brings its own key', jwt({}, { kid: undefined, jwk: jwk(theirs.publicKey, 'k1') }, theirs.privateKey)],
    ['without algorithm', `${base64url({ alg: 'none' })}.${claims}.`],
    ['without algorithm but a signature', `${base64url({ alg: 'none' })}.${claims}.${signature}`],
    ['signed with the public key as a secret', hs256(pem)],
    ["signed with the registry's secret", hs256('secret')],
    ['of another algorithm', `${ps256}.${rs256(ps256, ours.privateKey)}`],
    ['with other claims', `${head}.${base64url({ ...CLAIMS, email: EMAIL, x: 1 })}.${signature}`],
    ['cut short', good.slice(0, -4)],
    ['without a signature', `${head}.${claims}.`],
    ['with a critical header that nobody knows', jwt({}, { crit: ['x'], x: 1 })],
    ['whose claims are no object', jwtOf('[]')],
    ['that is none', 'a.b.c'],
    ['that is empty', ''],
  ])('%s', async (_what, token) => {
    const to = opened()
    expect(await statusOf(to, `Bearer ${token}`)).toBe(401)
    expect([await to.intake(), await to.quarantine()]).toEqual([[], []])
    // The same registry takes a good one.
    expect(await statusOf(to, `Bearer ${good}`)).toBe(202)
  })
})

function jwtOf(claims: string): string {
  const input = `${base64url({ alg: 'RS256', kid: 'k1' })}.${base64url(claims)}`
  return `${input}.${rs256(input, ours.privateKey)}`
}

test.each([
  ['RS256', 'RSA-SHA256', constants.RSA_PKCS1_PADDING, 202],
  ['RS384', 'RSA-SHA384', constants.RSA_PKCS1_PADDING, 401],
  ['RS512', 'RSA-SHA512', constants.RSA_PKCS1_PADDING, 401],
  ['PS256', 'RSA-SHA256', constants.RSA_PKCS1_PSS_PADDING, 401],
])('a right signature of algorithm %s by a key of any algorithm', async (alg, algorithm, padding, status) => {
  const { alg: _any, ...key } = jwk(ours.publicKey, 'k1')
  const input = `${base64url({ alg, kid: 'k1' })}.${base64url(CLAIMS)}`
  const signer = createSign(algorithm).update(input)
  const signature = signer.sign({ key: ours.privateKey, padding, saltLength: 32 }, 'base64url')
  expect(await statusOf(opened({ keys: keySet(key) }), `Bearer ${input}.${signature}`)).toBe(status)
})

test('with an audience nothing else counts', async () => {
  const to = opened()
  expect(await statusOf(to, 'Bearer secret')).toBe(401)
  expect(await statusOf(to, '', 'token=secret')).toBe(401)
  expect(await statusOf(to, `Basic ${Buffer.from('x:secret').toString('base64')}`)).toBe(401)
  expect(await statusOf(to, '', `token=${jwt()}`)).toBe(401)
  expect(await statusOf(to, jwt())).toBe(401)
})

test('without an audience a token proves nothing, whatever it says', async () => {
  const to = door({ registries: [configured({})] })
  expect(await statusOf(to, `Bearer ${jwt()}`)).toBe(401)
  expect(await statusOf(to, `Bearer ${jwt({ aud: '-', email: '-' })}`)).toBe(401)
  expect(await statusOf(to, '', 'token=secret')).toBe(202)
  expect(await statusOf(to, `Bearer ${jwt()}`, 'token=secret')).toBe(202)
})

test('a token of one registry is none of another', async () => {
  const second = { ...configured({ audience: AUDIENCE, email: 'second@acme.example', keys: KEYS }), id: 'second' }
  const to = door({ registries: [configured({ audience: AUDIENCE, email: EMAIL, keys: KEYS }), second] })
  const { status } = await to.post('/webhooks/second', sender.body, { headers: { authorization: `Bearer ${jwt()}` } })
  expect(status).toBe(401)
})

describe('configuration', () => {
  const mistakeOf = (accept: object): string => {
    try {
      checkRegistries([configured(accept)], '2020-07-28')
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }
  const small = keySet(jwk(pair(1024).publicKey, 'k1'))
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  test.each<[string, object, string]>([
    ['an audience without an account', { audience: AUDIENCE }, 'accept.email: has to be set together with audience'],
    ['an account without an audience', { email: EMAIL }, 'accept.email: counts only together with audience'],
    ['keys without an audience', { keys: KEYS }, 'accept.keys: counts only together with audience'],
    ['an address without an audience', { keysUrl: 'https://a.example/' }, 'accept.keysUrl: counts only'],
    ['an empty audience', { audience: '', email: EMAIL }, 'accept.audience: must not be empty'],
    ['an empty account', { audience: AUDIENCE, email: '' }, 'accept.email: must not be empty'],
    ['an audience that is no text', { audience: ['a'], email: EMAIL }, 'accept.audience: must be text'],
    ['no keys', { audience: AUDIENCE, email: EMAIL, keys: { keys: [] } }, 'accept.keys.keys: must not be empty'],
    ['a list of keys', { audience: AUDIENCE, email: EMAIL, keys: [] }, 'accept.keys'],
    ['a private key', { keys: keySet(jwk(ours.privateKey, 'k1')) }, 'without its private half'],
    ['a key that is too short', { keys: small }, '2048 bits or more'],
    ['a key that is no RSA key', { keys: keySet(jwk(elliptic.publicKey, 'k1')) }, 'accept.keys.keys.0'],
    ['a broken key', { keys: keySet({ kty: 'RSA', n: '!', e: 'AQAB' }) }, 'must be a public RSA key'],
    ['http', { keysUrl: 'http://keys.example/certs' }, 'accept.keysUrl: must be an https address'],
    ['http that only looks like this machine', { keysUrl: 'http://localhost.example/' }, 'must be an https address'],
    ['credentials in an address', { keysUrl: 'https://a:b@keys.example/' }, 'must be an https address'],
    ['no address', { keysUrl: 'certs' }, 'must be an https address'],
  ])('%s is a mistake', (_what, accept, message) => {
    expect(mistakeOf(accept)).toContain(message)
  })

  test.each<[string, object]>([
    ['nothing', {}],
    ['keys', { audience: AUDIENCE, email: EMAIL, keys: KEYS }],
    ["Google's keys", { audience: AUDIENCE, email: EMAIL }],
    ['keys of this machine', { audience: AUDIENCE, email: EMAIL, keysUrl: 'http://[::1]:8080/certs' }],
  ])('%s is none', (_what, accept) => {
    expect(mistakeOf(accept)).toBe('')
  })
})

describe('keys from an address', () => {
  const servers: Server[] = []

  afterEach(() => {
    jest.restoreAllMocks()
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  async function serve(listener: RequestListener): Promise<{ url: string; server: Server; asked(): number }> {
    let count = 0
    const server = createServer((request, response) => {
      count += 1
      listener(request, response)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`, server, asked: () => count }
  }

  const later = (milliseconds: number) => {
    const now = Date.now()
    jest.restoreAllMocks()
    jest.spyOn(Date, 'now').mockReturnValue(now + milliseconds)
  }

  const withKeys = (keysUrl: string) => opened({ keys: undefined, keysUrl })
  const k1 = `Bearer ${jwt()}`
  const k2 = `Bearer ${jwt({}, { kid: 'k2' }, next.privateKey)}`

  test('are fetched once for many requests, also at the same time and of several registries', async () => {
    const { url, asked } = await serve((_request, response) => response.end(JSON.stringify(KEYS)))
    const to = withKeys(url)
    expect(await Promise.all([statusOf(to, k1), statusOf(to, k1), statusOf(to, k1)])).toEqual([202, 202, 202])
    expect(await statusOf(withKeys(url), k1)).toBe(202)
    expect(asked()).toBe(1)
  })

  test('are not fetched for what is no token', async () => {
    const { url, asked } = await serve((_request, response) => response.end(JSON.stringify(KEYS)))
    expect(await statusOf(withKeys(url), 'Bearer secret')).toBe(401)
    expect(asked()).toBe(0)
  })

  test('a new key is found by its unknown name, and the old one is gone', async () => {
    let served = KEYS
    const { url, asked } = await serve((_request, response) => response.end(JSON.stringify(served)))
    const to = withKeys(url)
    expect(await statusOf(to, k1)).toBe(202)
    served = keySet(jwk(next.publicKey, 'k2'))
    // Not so soon: anybody can make up names.
    expect(await statusOf(to, k2)).toBe(401)
    expect(asked()).toBe(1)
    later(31_000)
    expect(await statusOf(to, k2)).toBe(202)
    expect(asked()).toBe(2)
    expect(await statusOf(to, k1)).toBe(401)
    expect(asked()).toBe(2)
  })

  test('are fetched again after ten minutes', async () => {
    let served = KEYS
    const { url, asked } = await serve((_request, response) => response.end(JSON.stringify(served)))
    const to = withKeys(url)
    expect(await statusOf(to, k1)).toBe(202)
    served = keySet(jwk(next.publicKey, 'k1'))
    later(599_000)
    expect([await statusOf(to, k1), asked()]).toEqual([202, 1])
    later(2000)
    expect([await statusOf(to, k1), asked()]).toEqual([401, 2])
  })

  test('stay in use when they cannot be fetched again, and nobody is asked without a pause', async () => {
    let status = 200
    const { url, asked } = await serve((_request, response) =>
      response.writeHead(status).end(status === 200 ? JSON.stringify(KEYS) : '{"keys":[]}'),
    )
    const to = withKeys(url)
    expect(await statusOf(to, k1)).toBe(202)
    status = 500
    later(601_000)
    expect([await statusOf(to, k1), await statusOf(to, k1), asked()]).toEqual([202, 202, 2])
    later(6000)
    expect([await statusOf(to, k1), asked()]).toEqual([202, 3])
    // One that nobody knows does not get in by it.
    expect(await statusOf(to, k2)).toBe(401)
  })

  test('an address that fails at first is asked again a little later', async () => {
    let status = 503
    const { url, asked } = await serve((_request, response) => response.writeHead(status).end(JSON.stringify(KEYS)))
    const to = withKeys(url)
    expect([await statusOf(to, k1), await statusOf(to, k1), asked()]).toEqual([401, 401, 1])
    status = 200
    later(5001)
    expect([await statusOf(to, k1), asked()]).toEqual([202, 2])
  })

  test.each<[string, RequestListener]>([
    ['is no JSON', (_request, response) => response.end('<html>')],
    ['is no key set', (_request, response) => response.end('{"keys":{}}')],
    ['is elsewhere', (_request, response) => response.writeHead(302, { location: '/other' }).end()],
    ['is private', (_request, response) => response.end(JSON.stringify(keySet(jwk(ours.privateKey, 'k1'))))],
  ])('what %s lets nobody in', async (_what, listener) => {
    const { url, asked } = await serve(listener)
    expect(await statusOf(withKeys(url), k1)).toBe(401)
    expect(asked()).toBe(1)
  })

  test('an address that does not answer costs half a second', async () => {
    const { url, asked } = await serve(() => undefined)
    const begin = performance.now()
    expect(await statusOf(withKeys(url), k1)).toBe(401)
    const spent = performance.now() - begin
    expect(spent).toBeGreaterThan(450)
    expect(spent).toBeLessThan(1500)
    expect(asked()).toBe(1)
  })

  test('no address out of a token is called', async () => {
    const evil = await serve((_request, response) => response.end(JSON.stringify(keySet(jwk(theirs.publicKey, 'k1')))))
    const { url, asked } = await serve((_request, response) => response.end(JSON.stringify(KEYS)))
    const header = { jku: evil.url, x5u: evil.url, kid: evil.url }
    const to = withKeys(url)
    expect(await statusOf(to, `Bearer ${jwt({ iss: evil.url }, header, theirs.privateKey)}`)).toBe(401)
    expect(await statusOf(to, `Bearer ${jwt({}, { jku: evil.url, x5u: evil.url }, theirs.privateKey)}`)).toBe(401)
    expect([evil.asked(), asked()]).toEqual([0, 1])
  })
})

test('a registry with tokens needs no secret, and none is asked for but where it takes as long as for others', async () => {
  const accept = { audience: AUDIENCE, email: EMAIL, keys: KEYS }
  const begin = (own: Accept) => start([configured(own)], { EMULATION: 'local', SECRET_ARTIFACTREGISTRY: ' ' })
  expect(() => begin(accept)).not.toThrow()
  expect(() => begin({})).toThrow('SECRET_ARTIFACTREGISTRY')
  const to = opened()
  const asked: (number | undefined)[] = []
  to.app.receiver.secrets = async (_id, { since } = {}) => {
    asked.push(since)
    return ['secret']
  }
  expect(await statusOf(to, `Bearer ${jwt()}`)).toBe(202)
  expect(asked).toEqual([])
  // Refused like a wrong secret, for which the right ones are read again; none counts here.
  expect(await statusOf(to, 'Bearer secret')).toBe(401)
  expect(asked).toEqual([expect.any(Number)])
})
