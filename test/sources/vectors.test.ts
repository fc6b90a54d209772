import { createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, jest, test } from '@jest/globals'
import type { Request } from '../../lib/request.ts'
import * as signature from '../../lib/sources/signature.ts'
import { NOW } from '../now.ts'

// Signature vectors: two are published ones, the others were computed with other tools than the code under test.

interface Vector {
  scheme: string
  about: string
  valid: boolean
  secret?: string
  publicKey?: string
  headers: Record<string, string>
  body: string
}

const vectors = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../fixtures/signatures/vectors.json'), 'utf8'),
) as Vector[]

const { attemptsOf, verify } = signature

/** Every scheme of the file. */
const all = Object.values<unknown>(signature).filter(
  (value): value is signature.Scheme => typeof value === 'object' && value !== null && 'holds' in value,
)

/** The one scheme that a vector is about, by the beginning of its name. */
const own: readonly [start: string, scheme: signature.Scheme][] = [
  ['github X-Hub-Signature-256', signature.hubSha256],
  ['github X-Hub-Signature (legacy SHA-1)', signature.hubSha1],
  ['nexus', signature.nexusSha1],
  ['gitea', signature.giteaSha256],
  ['jfrog X-JFrog-Event-Auth, secret', signature.jfrogSecret],
  ['jfrog X-JFrog-Event-Auth, HMAC-SHA256', signature.jfrogSha256],
  ['jfrog X-JFrog-Event-Auth, sha1', signature.jfrogSha1],
  ['standard-webhooks', signature.standard],
]

const schemeOf = ({ scheme }: Vector): signature.Scheme =>
  own.find(([start]) => scheme.startsWith(start))?.[1] as signature.Scheme

const secretOf = ({ secret, publicKey }: Vector): string => (publicKey ?? secret) as string

function requestOf({ headers, body }: Pick<Vector, 'headers' | 'body'>, changes: Partial<Request> = {}): Request {
  const timestamp = headers['webhook-timestamp']
  return {
    method: 'POST',
    path: '/webhooks/any',
    query: '',
    headers,
    body: Buffer.from(body),
    receivedAt: timestamp ? Number(timestamp) * 1000 + 20_000 : NOW,
    ...changes,
  }
}

const named = vectors.map((vector): [string, Vector] => [`${vector.scheme}; ${vector.about}`, vector])

test('there are vectors for every scheme, good ones and bad ones', () => {
  expect(vectors).toHaveLength(15)
  expect(vectors.filter(({ valid }) => !valid)).toHaveLength(3)
  expect(new Set(vectors.map(schemeOf))).toEqual(new Set(own.map(([, scheme]) => scheme)))
  expect(all.length).toBeGreaterThanOrEqual(12)
})

describe.each(named)('%s', (_name, vector) => {
  const scheme = schemeOf(vector)
  const secret = secretOf(vector)
  const request = requestOf(vector)

  test(vector.valid ? 'is genuine' : 'is refused', async () => {
    expect(await verify(request, attemptsOf([scheme], all), [secret])).toBe(vector.valid)
    // Rotation: the secret may be any one of several.
    expect(await verify(request, attemptsOf([scheme], all), ['another', secret, 'third'])).toBe(vector.valid)
    // A bad one is no good to any other scheme either.
    if (!vector.valid) expect(await verify(request, attemptsOf(all, all), [secret])).toBe(false)
  })

  test('is refused with another secret, without any, and where the scheme is not accepted', async () => {
    const another = vector.publicKey ? `whpk_${Buffer.alloc(32, 7).toString('base64')}` : 'another'
    expect(await verify(request, attemptsOf(all, all), [another])).toBe(false)
    expect(await verify(request, attemptsOf(all, all), [])).toBe(false)
    expect(await verify(request, attemptsOf([], all), [secret])).toBe(false)
    expect(
      await verify(
        request,
        attemptsOf(
          all.filter((other) => other !== scheme && !other.name.startsWith('hub-')),
          all,
        ),
        [secret],
      ),
    ).toBe(false)
  })

  if (vector.valid) {
    const signs = scheme !== signature.jfrogSecret

    test('is refused with a byte changed, a header cut short or emptied', async () => {
      const body = Buffer.from(vector.body)
      body[body.length - 1] = (body[body.length - 1] as number) ^ 1
      expect(await verify({ ...request, body }, attemptsOf(all, all), [secret])).toBe(!signs)
      const list = Object.keys(vector.headers).filter((name) => name.includes('signature') || name.includes('auth'))
      for (const change of [(text: string) => text.slice(0, -3), () => '']) {
        const headers = { ...vector.headers }
        for (const name of list) headers[name] = change(headers[name] as string)
        expect(await verify({ ...request, headers }, attemptsOf(all, all), [secret])).toBe(false)
      }
    })
  }

  if (vector.valid && scheme === signature.standard) {
    const sent = Number(vector.headers['webhook-timestamp']) * 1000
    test.each([
      [-300, true],
      [-301, false],
      [300, true],
      [301, false],
    ])('received %i s after its time', async (seconds, fresh) => {
      const receivedAt = sent + seconds * 1000
      expect(await verify({ ...request, receivedAt }, attemptsOf([scheme], all), [secret])).toBe(fresh)
    })
  }
})

test('GitHub: where SHA-256 is sent, SHA-1 proves nothing', async () => {
  const vector = vectors.find(({ scheme }) => scheme.startsWith('gitea')) as Vector
  const request = requestOf(vector)
  expect(await verify(request, attemptsOf([signature.hubSha256], all), ['s3cr3t'])).toBe(true)
  expect(await verify(request, attemptsOf([signature.hubSha1], all), ['s3cr3t'])).toBe(false)
})

const v1 = vectors.find(({ scheme, valid }) => valid && scheme.includes('v1 ')) as Vector
const v1a = vectors.find(({ publicKey }) => publicKey) as Vector
const good = v1.headers['webhook-signature'] as string
const goodByKey = v1a.headers['webhook-signature'] as string

const genuine = (vector: Vector, list: string, secret = secretOf(vector)) =>
  verify(
    requestOf({ ...vector, headers: { ...vector.headers, 'webhook-signature': list } }),
    attemptsOf([signature.standard], all),
    [secret],
  )

describe('the list of Standard Webhooks', () => {
  test.each([
    ['v2 before it', `v2,AAAA ${good}`, true],
    ['v9z and something that is none before it', `v9z,AAAA nonsense ${good}`, true],
    ['separated by a comma, as proxies join headers', `v1,AAAA,${good}`, true],
    ['only as v2', good.replace('v1,', 'v2,'), false],
    ['only as v1a, which is for keys', good.replace('v1,', 'v1a,'), false],
    ['only as v11', good.replace('v1,', 'v11,'), false],
    ['without a version', good.replace('v1,', ''), false],
    ['in capital letters', good.replace('v1,', 'V1,'), false],
  ])('v1, %s', async (_what, list, valid) => {
    expect(await genuine(v1, list)).toBe(valid)
  })

  test('v1a only as v1a', async () => {
    expect(await genuine(v1a, `v2,AAAA v1,AAAA ${goodByKey}`)).toBe(true)
    expect(await genuine(v1a, goodByKey.replace('v1a,', 'v1,'))).toBe(false)
    expect(await genuine(v1a, goodByKey.replace('v1a,', 'v1b,'))).toBe(false)
  })

  test('no more than 4 signatures are tried with a key, which costs far more than an HMAC', async () => {
    const bad = `v1a,${Buffer.alloc(64).toString('base64')}`
    expect(await genuine(v1a, [bad, bad, bad, goodByKey].join(' '))).toBe(true)
    expect(await genuine(v1a, [bad, bad, bad, bad, goodByKey].join(' '))).toBe(false)
  })

  test('and no more of the list than its first 4096 characters', async () => {
    const before = 'v1,AAAA '.repeat(400)
    expect(await genuine(v1, `${before}${good}`)).toBe(true)
    expect(await genuine(v1, `${'v1,AAAA '.repeat(512)}${good}`)).toBe(false)
    const start = performance.now()
    expect(await genuine(v1, 'v1,'.repeat(1_000_000))).toBe(false)
    expect(performance.now() - start).toBeLessThan(200)
  })
})

describe('a public key, which everybody may know', () => {
  const key = v1a.publicKey as string
  const body = 'anything'
  const raw = Buffer.from(key.slice('whpk_'.length), 'base64')

  /** Requests in which the key, or its bytes, is taken for a shared secret. */
  function* forgeries(): Generator<[string, Partial<Request>]> {
    const basic = Buffer.from(`any:${key}`).toString('base64')
    for (const authorization of [key, `Bearer ${key}`, `Basic ${basic}`, `Splunk ${key}`, `Splunk any:${key}`])
      yield [authorization.split(' ')[0] as string, { headers: { authorization } }]
    yield ['the query', { query: `token=${encodeURIComponent(key)}` }]
    for (const name of ['x-gitlab-event-streaming-token', 'x-jfrog-event-auth'])
      yield [name, { headers: { [name]: key } }]
    for (const secret of [key, raw]) {
      const hmac = (algorithm: string) => createHmac(algorithm, secret).update(body).digest('hex')
      const seconds = String(Math.floor(NOW / 1000))
      const list = createHmac('sha256', secret).update(`m.${seconds}.${body}`).digest('base64')
      const headers = {
        'x-hub-signature-256': `sha256=${hmac('sha256')}`,
        'x-hub-signature': `sha1=${hmac('sha1')}`,
        'x-gitea-signature': hmac('sha256'),
        'x-nexus-webhook-signature': hmac('sha1'),
        'x-jfrog-event-auth': hmac('sha256'),
      }
      for (const [name, value] of Object.entries(headers)) yield [name, { headers: { [name]: value } }]
      yield ['x-jfrog-event-auth, sha1', { headers: { 'x-jfrog-event-auth': `sha1=${hmac('sha1')}` } }]
      yield [
        'webhook-signature',
        { headers: { 'webhook-id': 'm', 'webhook-timestamp': seconds, 'webhook-signature': `v1,${list}` } },
      ]
    }
  }

  test.each([...forgeries()])('is no token and no HMAC key: %s', async (_name, forged) => {
    const request = requestOf({ headers: {}, body }, forged)
    expect(await verify(request, attemptsOf(all, all), [key])).toBe(false)
    expect(await verify(request, attemptsOf(all, all), [key, 'another'])).toBe(false)
  })

  test('the same requests hold where the text is a shared secret, so that it is the key that is refused', async () => {
    const shared = key.slice('whpk_'.length)
    for (const [, forged] of [...forgeries()].slice(0, 8)) {
      const text = JSON.stringify(forged).replaceAll(encodeURIComponent(key), encodeURIComponent(shared))
      const replaced = JSON.parse(text.replaceAll(key, shared)) as Partial<Request>
      if (replaced.headers?.authorization?.startsWith('Basic')) continue
      expect(await verify(requestOf({ headers: {}, body }, replaced), attemptsOf(all, all), [shared])).toBe(true)
    }
  })
})

test('the key that stands in where none is configured lets nobody in, not even who knows its other half', async () => {
  const seed = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 9)])
  const privateKey: KeyObject = createPrivateKey({ key: seed, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const crypto = await import('node:crypto')
  let made = 0
  const generateKeyPairSync = () => {
    made++
    return { publicKey, privateKey }
  }
  jest.unstable_mockModule('node:crypto', () => ({ ...crypto, generateKeyPairSync }))
  jest.resetModules()
  const { standard, verify: verifyWithKnownDecoy } = await import('../../lib/sources/signature.ts')
  const seconds = String(Math.floor(NOW / 1000))
  const list = `v1a,${sign(null, Buffer.from(`m.${seconds}.forged`), privateKey).toString('base64')}`
  const headers = { 'webhook-id': 'm', 'webhook-timestamp': seconds, 'webhook-signature': list }
  const request = requestOf({ headers, body: 'forged' })
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')
  for (const secrets of [[], ['secret'], [v1a.publicKey as string]])
    expect(await verifyWithKnownDecoy(request, attemptsOf([standard], [standard]), secrets)).toBe(false)
  expect(made).toBe(1)
  // The signature itself is a good one.
  expect(await verifyWithKnownDecoy(request, attemptsOf([standard], [standard]), [`whpk_${raw}`])).toBe(true)
})
