import * as crypto from 'node:crypto'
import { describe, expect, jest, test } from '@jest/globals'
import type { Request } from '../../lib/request.ts'
import * as signature from '../../lib/sources/signature.ts'
import { NOW } from '../now.ts'

// The edges of each way to prove oneself; that the ways fit those of the senders is shown by the vectors.

const { createHmac, generateKeyPairSync, sign } = crypto
const { attemptsOf, mistakeOf, verify } = signature

const SECRET = 'secret'
const SECONDS = String(Math.floor(NOW / 1000))
const body = Buffer.from('{"a":1}')

const requestOf = (headers: Record<string, string>, changes: Partial<Request> = {}): Request => ({
  method: 'POST',
  path: '/webhooks/any',
  query: '',
  headers,
  body,
  receivedAt: NOW,
  ...changes,
})

const holds = (scheme: signature.Scheme, request: Request, secrets: readonly string[] = [SECRET]) =>
  verify(request, attemptsOf([scheme], [scheme]), secrets)

const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('a token', () => {
  test.each<[string | undefined, boolean]>([
    ['secret', true],
    ['Bearer secret', true],
    ['bEaReR   secret', true],
    [`Basic ${base64('any:secret')}`, true],
    [`BASIC  ${base64(':secret')}`, true],
    [undefined, false],
    ['', false],
    ['Bearer', false],
    ['Bearersecret', false],
    ['Bearer secret\nmore', false],
    ['more Bearer secret', false],
    [`Basic ${base64('secret')}`, false],
    [`Basic ${base64('any:secret:more')}`, false],
    [`more Basic ${base64('any:secret')}`, false],
    ['Basic secret', false],
  ])('%j: %s', async (authorization, isGenuine) => {
    const request = requestOf(authorization === undefined ? {} : { authorization })
    expect(await holds(signature.token, request)).toBe(isGenuine)
  })

  test('of Basic may have colons of its own', async () => {
    const authorization = `Basic ${base64('any:se:cret')}`
    expect(await holds(signature.token, requestOf({ authorization }), ['se:cret'])).toBe(true)
  })
})

describe('a token in the URL', () => {
  test.each<[string, string, boolean]>([
    ['token=secret', SECRET, true],
    ['a=b&token=secret&c', SECRET, true],
    ['token=a%2Bb', 'a+b', true],
    ['token=a+b', 'a+b', true],
    ['', SECRET, false],
    ['token', SECRET, false],
    ['token=', SECRET, false],
    ['mytoken=secret', SECRET, false],
    ['Token=secret', SECRET, false],
    ['token=other&token=secret', SECRET, false],
  ])('%j', async (query, secret, isGenuine) => {
    expect(await holds(signature.query, requestOf({}, { query }), [secret])).toBe(isGenuine)
  })
})

describe('a token of Splunk', () => {
  test.each<[string | undefined, boolean]>([
    ['Splunk secret', true],
    ['splunk   secret', true],
    ['Splunk quay:secret', true],
    [undefined, false],
    ['Splunk', false],
    ['secret', false],
    ['Bearer secret', false],
    ['more Splunk secret', false],
    ['Splunk secret\nmore', false],
    ['Splunk secret:quay', false],
  ])('%j: %s', async (authorization, isGenuine) => {
    const request = requestOf(authorization === undefined ? {} : { authorization })
    expect(await holds(signature.splunk, request)).toBe(isGenuine)
  })
})

test.each([
  ['x-gitlab-event-streaming-token', signature.gitlabToken],
  ['x-jfrog-event-auth', signature.jfrogSecret],
] as const)('%s holds the bare secret', async (name, scheme) => {
  expect(await holds(scheme, requestOf({ [name]: SECRET }))).toBe(true)
  expect(await holds(scheme, requestOf({ [name]: 'other' }))).toBe(false)
  expect(await holds(scheme, requestOf({ [name]: '' }))).toBe(false)
  expect(await holds(scheme, requestOf({}))).toBe(false)
})

describe('an HMAC', () => {
  const digest = (algorithm: string, content: Buffer | string = body) =>
    createHmac(algorithm, SECRET).update(content).digest('hex')

  test.each([
    ['x-hub-signature-256', 'sha256=', 'sha256', signature.hubSha256],
    ['x-hub-signature', 'sha1=', 'sha1', signature.hubSha1],
    ['x-gitea-signature', '', 'sha256', signature.giteaSha256],
    ['x-nexus-webhook-signature', '', 'sha1', signature.nexusSha1],
    ['x-jfrog-event-auth', '', 'sha256', signature.jfrogSha256],
    ['x-jfrog-event-auth', 'sha1=', 'sha1', signature.jfrogSha1],
  ] as const)('in %s, behind %j', async (name, prefix, algorithm, scheme) => {
    const hex = digest(algorithm)
    const given = (text: string) => holds(scheme, requestOf({ [name]: text }))
    expect(await given(prefix + hex)).toBe(true)
    for (const text of ['', prefix, prefix + hex.slice(2), prefix + hex + hex, `${prefix}${hex.toUpperCase()}`])
      expect(await given(text)).toBe(false)
    expect(await given(`${prefix}${digest(algorithm, 'other')}`)).toBe(false)
    // Behind something of the same length, and without what has to stand there.
    if (prefix) expect(await given(`${'x'.repeat(prefix.length)}${hex}`)).toBe(false)
    if (prefix) expect(await given(hex)).toBe(false)
    expect(await holds(scheme, requestOf({}))).toBe(false)
  })

  test('of SHA-1 counts for nothing beside one of SHA-256', async () => {
    const headers = { 'x-hub-signature': `sha1=${digest('sha1')}` }
    expect(await holds(signature.hubSha1, requestOf(headers))).toBe(true)
    expect(await holds(signature.hubSha1, requestOf({ ...headers, 'x-hub-signature-256': '' }))).toBe(false)
  })

  test('of Gitea covers the JSON text in a form, or else the body', async () => {
    const form = Buffer.from(`payload=${encodeURIComponent('{"a": 1}')}`)
    const said = { 'content-type': 'application/x-www-form-urlencoded' }
    const given = (content: Buffer | string, type: Record<string, string>) =>
      holds(
        signature.giteaSha256,
        requestOf({ ...type, 'x-gitea-signature': digest('sha256', content) }, { body: form }),
      )
    expect(await given('{"a": 1}', said)).toBe(true)
    expect(await given(form, said)).toBe(false)
    expect(await given(form, {})).toBe(true)
    const bare = requestOf({ ...said, 'x-gitea-signature': digest('sha256') })
    expect(await holds(signature.giteaSha256, bare)).toBe(true)
  })
})

describe('Standard Webhooks', () => {
  const list = (id: string, timestamp: string, key: Buffer | string = SECRET) =>
    `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
  const headersOf = (id: string, timestamp: string, key?: Buffer | string) => ({
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': list(id, timestamp, key),
  })
  const given = (headers: Record<string, string>, secrets?: readonly string[], changes?: Partial<Request>) =>
    holds(signature.standard, requestOf(headers, changes), secrets)

  test('need all three headers', async () => {
    expect(await given(headersOf('m', SECONDS))).toBe(true)
    for (const name of Object.keys(headersOf('m', SECONDS))) {
      const { [name]: _without, ...others } = headersOf('undefined', SECONDS) as Record<string, string>
      expect(await given(others)).toBe(false)
      expect(await given({ ...headersOf('', SECONDS), [name]: '' })).toBe(false)
    }
  })

  test.each([
    ` ${SECONDS}`,
    `${SECONDS} `,
    `${SECONDS}.5`,
    `+${SECONDS}`,
    `0x${Number(SECONDS).toString(16)}`,
    `${SECONDS}e0`,
    '0'.repeat(13 - SECONDS.length) + SECONDS,
  ])('take no time like %j', async (timestamp) => {
    expect(await given(headersOf('m', timestamp))).toBe(false)
  })

  test('take any time of up to 12 digits', async () => {
    expect(await given(headersOf('m', SECONDS.padStart(12, '0')))).toBe(true)
    expect(await given(headersOf('m', '7'), [SECRET], { receivedAt: 7000 })).toBe(true)
  })

  test.each([
    [-300_000, true],
    [-300_001, false],
    [300_000, true],
    [300_001, false],
  ])('received %i ms after their time', async (milliseconds, isFresh) => {
    const receivedAt = Number(SECONDS) * 1000 + milliseconds
    expect(await given(headersOf('m', SECONDS), [SECRET], { receivedAt })).toBe(isFresh)
  })

  test('by a key are bound to their time as well', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
    const signed = Buffer.concat([Buffer.from(`m.${SECONDS}.`), body])
    const proof = `v1a,${sign(null, signed, privateKey).toString('base64')}`
    const headers = { ...headersOf('m', SECONDS), 'webhook-signature': proof }
    const secrets = [`whpk_${raw.toString('base64')}`]
    expect(await given(headers, secrets)).toBe(true)
    expect(await given(headers, secrets, { receivedAt: NOW + 301_000 })).toBe(false)
    expect(await given(headers, [SECRET, ...secrets])).toBe(true)
    expect(await given({ ...headers, 'webhook-signature': `v1a,AAAA ${proof}` }, secrets)).toBe(true)
  })

  test('take a key as Standard Webhooks writes it, and any other secret as its bytes', async () => {
    const key = Buffer.from([0, 255, 1, 128])
    expect(await given(headersOf('m', SECONDS, key), [`whsec_${key.toString('base64')}`])).toBe(true)
    expect(await given(headersOf('m', SECONDS, key), [key.toString('base64')])).toBe(false)
    expect(await given(headersOf('m', SECONDS, 'x_whsec_'), ['x_whsec_'])).toBe(true)
  })
})

describe('a value that can be no secret', () => {
  const key = Buffer.alloc(32, 255).toString('base64')

  test.each<[string, string | undefined]>([
    ['secret', undefined],
    ['secretwhsec_', undefined],
    ['x-whpk_', undefined],
    [`whsec_${key}`, undefined],
    ['whsec_YQ==', undefined],
    ['whsec_YQ', undefined],
    [`whpk_${key}`, undefined],
    [`whpk_${key.replace('=', '')}`, undefined],
    ['whsec_', 'behind whsec_ there has to be a key in base64'],
    ['whsec_==', 'behind whsec_ there has to be a key in base64'],
    ['whsec_Y', 'behind whsec_ there has to be a key in base64'],
    ['whsec_YR==', 'behind whsec_ there has to be a key in base64'],
    // Decoding ends at the first `=`.
    ['whsec_YQ==YQ==', 'behind whsec_ there has to be a key in base64'],
    ['whsec_!', 'behind whsec_ there has to be a key in base64'],
    ['whsec_YWJ=j', 'behind whsec_ there has to be a key in base64'],
    ['whsec_YQ=A', 'behind whsec_ there has to be a key in base64'],
    ['whsec_YWJj-_', 'behind whsec_ there has to be a key in base64'],
    ['whpk_', 'behind whpk_ there has to be a key in base64'],
    ['whpk_YQ==', 'behind whpk_ there has to be an ed25519 key of 32 bytes'],
    [`whpk_${Buffer.alloc(33).toString('base64')}`, 'behind whpk_ there has to be an ed25519 key of 32 bytes'],
  ])('%j: %s', (value, sentence) => {
    expect(mistakeOf(value)).toBe(sentence)
  })
})

describe('attempts', () => {
  const scheme = (name: string, answer: boolean | Promise<boolean>): signature.Scheme => ({ name, holds: () => answer })
  const all = [scheme('one', true), scheme('two', Promise.resolve(true)), scheme('three', false)]

  test.each([
    [['one'], true],
    [['two'], true],
    [['three'], false],
    [['three', 'two'], true],
    [[], false],
  ])('%j count: %s', async (names, isGenuine) => {
    const accepted = all.filter(({ name }) => names.includes(name))
    expect(await verify(requestOf({}), attemptsOf(accepted, all), [SECRET])).toBe(isGenuine)
  })

  test('that come to nothing later count for nothing', async () => {
    const late = scheme('late', Promise.resolve(false))
    expect(await verify(requestOf({}), attemptsOf([late], [late]), [SECRET])).toBe(false)
  })

  test('have the accepted scheme in the place of its name', () => {
    const own = scheme('two', false)
    expect(attemptsOf([own], all)).toEqual([
      { scheme: all[0], counts: false },
      { scheme: own, counts: true },
      { scheme: all[2], counts: false },
    ])
  })

  test('are all made, whichever held before', async () => {
    const made: string[] = []
    const noting = ['a', 'b', 'c'].map((name): signature.Scheme => ({ name, holds: () => made.push(name) > 0 }))
    expect(await verify(requestOf({}), attemptsOf(noting, noting), [SECRET])).toBe(true)
    expect(made).toEqual(['a', 'b', 'c'])
  })

  test('have names of their own, which settings and docs use', () => {
    const names = Object.values<unknown>(signature).flatMap((value) =>
      typeof value === 'object' && value !== null && 'holds' in value ? [(value as signature.Scheme).name] : [],
    )
    expect(names.toSorted()).toEqual([
      'gitea-sha256',
      'hub-sha1',
      'hub-sha256',
      'jfrog-sha1',
      'jfrog-sha256',
      'nexus-sha1',
      'query',
      'splunk',
      'standard',
      'token',
      'x-gitlab-event-streaming-token',
      'x-jfrog-event-auth',
    ])
  })
})

describe('what is computed', () => {
  const raw = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const publicKey = `whpk_${raw.toString('base64')}`

  /** How often each costly thing is done for `request` with `secrets`, by a fresh copy of the file. */
  async function costOf(request: Request, secrets: readonly string[]) {
    const cost = { hmacs: 0, comparisons: 0, verifications: 0, pairs: 0 }
    const counted =
      <Arguments extends unknown[], Result>(name: keyof typeof cost, own: (...given: Arguments) => Result) =>
      (...given: Arguments): Result => {
        cost[name]++
        return own(...given)
      }
    jest.resetModules()
    jest.unstable_mockModule('node:crypto', () => ({
      ...crypto,
      createHmac: counted('hmacs', crypto.createHmac),
      timingSafeEqual: counted('comparisons', crypto.timingSafeEqual),
      verify: counted('verifications', (...given: Parameters<typeof crypto.verify>) => crypto.verify(...given)),
      generateKeyPairSync: counted('pairs', () => crypto.generateKeyPairSync('ed25519')),
    }))
    const fresh = await import('../../lib/sources/signature.ts')
    const all = Object.values<unknown>(fresh).filter(
      (value): value is signature.Scheme => typeof value === 'object' && value !== null && 'holds' in value,
    )
    await fresh.verify(request, fresh.attemptsOf([], all), secrets)
    return cost
  }

  const everything = requestOf(
    {
      authorization: 'Splunk a:b',
      'x-gitlab-event-streaming-token': 'x',
      'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
      'x-gitea-signature': '0'.repeat(64),
      'x-nexus-webhook-signature': '0'.repeat(40),
      'x-jfrog-event-auth': '0'.repeat(64),
      'webhook-id': 'm',
      'webhook-timestamp': SECONDS,
      'webhook-signature': `v1,AAAA v1,BBBB v1a,${Buffer.alloc(64).toString('base64')}`,
    },
    { query: 'token=x' },
  )

  test('is the same for no secret, one, two, and beside a public key', async () => {
    const cost = await costOf(everything, [])
    // With two secrets each: six texts that may be one of them (Splunk's may be two), four headers with an HMAC, and one HMAC that
    // is compared with the two of the list.
    expect(cost).toEqual({ hmacs: 2 * (4 + 1), comparisons: 2 * (6 + 4 + 2), verifications: 1, pairs: 1 })
    for (const secrets of [['one'], ['one', 'two']]) expect(await costOf(everything, secrets)).toEqual(cost)
    for (const secrets of [[publicKey], ['one', publicKey]])
      expect(await costOf(everything, secrets)).toEqual({ ...cost, pairs: 0 })
  })

  test('is nothing where nothing is claimed', async () => {
    for (const secrets of [[], ['one'], [publicKey]])
      expect(await costOf(requestOf({}), secrets)).toEqual({ hmacs: 0, comparisons: 0, verifications: 0, pairs: 0 })
  })

  test('of public keys is nothing where nobody claims one', async () => {
    const headers = { ...everything.headers, 'webhook-signature': 'v1,AAAA' }
    for (const secrets of [[], [publicKey]])
      expect(await costOf(requestOf(headers), secrets)).toMatchObject({ verifications: 0, pairs: 0 })
  })
})

test('a value of 1,024 characters is a secret, a longer one is a mistake that is not shown', () => {
  expect(mistakeOf('x'.repeat(1024))).toBeUndefined()
  expect(mistakeOf('x'.repeat(1025))).toBe('it has more than 1024 characters')
})
