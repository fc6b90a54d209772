import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { RegistryConfig } from '../lib/registries.ts'
import { type SourceName, sources } from '../lib/sources/index.ts'
import { door, NOW, type Quarantined } from './door.ts'
import { type Deployed, type Incoming, openFunction } from './function.ts'
import { senders } from './sources/senders/index.ts'
import type { Sender } from './sources/senders/sender.ts'
import { bare, basic, bearer, splunk, url, type Way, ways } from './sources/ways.ts'

// No secret is ever in what is written: log, answers, messages, quarantine. Every sender sends in every way, right and wrong, with its
// secrets in every odd place, and everything that came out is looked through.

// Distinctive, one with everything that JSON, URLs and base64 write in another way.
const SECRET = 'Gr3p-Me_If.You~Can7'
const AWKWARD = 'f!nd"me\\if<you>&can/é+%7=='
const WRONG = 'Wr0ng-But.Still~Secret'
const SECRETS = [SECRET, AWKWARD, WRONG]

const names = Object.keys(sources) as SourceName[]
const registries = names.map(
  (source): RegistryConfig => ({ id: source, source, domain: 'de.icr.io', region: 'eu-central', account: 'acme' }),
)

let deployed: Deployed
beforeAll(async () => {
  jest.spyOn(Date, 'now').mockReturnValue(NOW)
  deployed = await openFunction(registries, Object.fromEntries(names.map((name) => [name, `${SECRET} ${AWKWARD}`])))
})
afterAll(() => {
  deployed.close()
  jest.restoreAllMocks()
})
beforeEach(() => {
  deployed.sent.length = 0
})

/** Every text in the JSON value `part`. */
function textsOf(part: unknown): string[] {
  if (typeof part === 'string') return [part]
  return typeof part === 'object' && part !== null ? Object.entries(part).flat().flatMap(textsOf) : []
}

function parsed(text: string): unknown {
  try {
    return /^\s*[[{"]/.test(text) ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

/** `text` and whatever is wrapped in it: texts of JSON, percent-encoding, base64. */
function unwrapped(text: string): string[] {
  const encoded = [...text.matchAll(/[\w+/-]{12,}={0,2}/g)].map(([part]) => Buffer.from(part, 'base64').toString())
  const decoded = text.replace(/(?:%[\da-f]{2})+/gi, (part) => Buffer.from(part.replaceAll('%', ''), 'hex').toString())
  const plain = decoded
    .replace(/\\u([\da-f]{4})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\(.)/g, '$1')
  const inner = [...textsOf(parsed(text)), ...encoded.filter((part) => /^\s*[[{"]/.test(part))]
  return [text, decoded, plain, ...encoded, ...inner.filter((part) => part !== text).flatMap(unwrapped)]
}

/** Those of `secrets` that are in `texts`, however they are wrapped. */
const found = (texts: readonly string[], secrets: readonly string[] = SECRETS): string[] => {
  const all = texts.flatMap((text) => unwrapped(text))
  return secrets.filter((secret) => all.some((text) => text.includes(secret)))
}

/** What was written since the last time, the answer included, line by line. */
const written = (answer: { text: string; headers: object }): string[] => {
  const lines = deployed.printed().split('\n').slice(seen)
  seen += lines.length - 1
  const messages = deployed.sent.splice(0).flatMap(({ body, attributes }) => [body, JSON.stringify(attributes)])
  return [...lines, ...messages, answer.text, JSON.stringify(answer.headers)].filter((text) => text !== '')
}
let seen = 0

/** A request of `sender`, with its body and query or others, that proves itself with `secret`. */
function requestOf(
  { source, body, headers, query = '' }: Sender,
  way: Way,
  secret: string,
  changes: Partial<Incoming> = {},
) {
  const bytes = Buffer.from(changes.body ?? body)
  const credentials = way.credentials(bytes, secret)
  const queries = [changes.query ?? query, way.at === 'query' ? credentials : '']
  return {
    path: `/webhooks/${source}`,
    ...changes,
    headers: {
      ...headers,
      ...changes.headers,
      ...way.headers,
      ...(way.at === 'query' ? {} : { [way.at]: credentials }),
    },
    body: bytes,
    query: queries.filter(Boolean).join('&'),
  }
}

test('looking through finds a secret that is wrapped', () => {
  const inBody = JSON.stringify({ body: Buffer.from(JSON.stringify({ a: { [AWKWARD]: 1 } })).toString('base64') })
  expect(found([inBody])).toEqual([AWKWARD])
  expect(found([`a=${encodeURIComponent(AWKWARD)}`])).toEqual([AWKWARD])
  expect(found([`"Basic ${Buffer.from(`a:${SECRET}`).toString('base64')}"`])).toEqual([SECRET])
})

/** What is tried in a way; what can't be in a header can only sign. */
function secretsOf(way: Way, sender: Sender): string[] {
  if (!sender.ways.includes(way)) return [SECRET]
  return way.signs || way.at === 'query' ? SECRETS : [SECRET, WRONG]
}

/** Headers that are read or kept, but for those that a sender has itself. */
const ODD = [
  'user-agent',
  'content-encoding',
  'webhook-id',
  'ce-subject',
  'ce-id',
  'x-github-delivery',
  'x-gitea-delivery',
  'x-goog-pubsub-message-id',
  'x-nexus-webhook-delivery',
  'webhook-request-origin',
  'webhook-request-callback',
]

const cases = senders.map((sender, index): [string, Sender] => [`${sender.source} ${index}`, sender])

describe.each(cases)('%s', (_name, sender) => {
  const attempts = ways.flatMap((way) => secretsOf(way, sender).map((secret) => ({ way, secret })))

  test('in every way, right and wrong', async () => {
    for (const { way, secret } of attempts) {
      const answer = await deployed.call(requestOf(sender, way, secret))
      expect([way.name, found(written(answer))]).toEqual([way.name, []])
      if (secret === WRONG) expect([way.name, answer.status]).toEqual([way.name, 401])
      else if (sender.ways.includes(way)) expect([way.name, answer.status]).toEqual([way.name, 202])
    }
  })

  test('with other credentials beside its own', async () => {
    const [own] = sender.ways as [Way]
    for (const other of [bearer, bare, basic, url, splunk]) {
      const credentials = other.credentials(sender.body, WRONG)
      const headers = {
        'x-api-key': SECRET,
        cookie: `t=${SECRET}`,
        ...(other.at === 'query' ? {} : { [other.at]: credentials }),
      }
      const query = [sender.query, other.at === 'query' ? credentials : ''].filter(Boolean).join('&')
      const answer = await deployed.call(requestOf(sender, own, SECRET, { headers, query }))
      expect([other.name, found(written(answer))]).toEqual([other.name, []])
    }
  })

  test('in what it says', async () => {
    const [own] = sender.ways as [Way]
    const text = sender.body.toString()
    const inJson = JSON.stringify(AWKWARD).slice(1, -1)
    const spellings = [
      SECRET,
      inJson,
      // As Go and PHP write it.
      inJson.replaceAll('<', '\\u003c').replaceAll('>', '\\u003E').replaceAll('&', '\\u0026').replaceAll('/', '\\/'),
      [...SECRET].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
      encodeURIComponent(AWKWARD),
      ...['', 'a', 'ab'].map((before) => Buffer.from(`${before}${SECRET}:x`).toString('base64')),
      ...['', 'a', 'ab'].map((before) => Buffer.from(`${before}${AWKWARD}:x`).toString('base64url')),
    ]
    // Where users write, as fields that nobody knows, where kinds of events stand, and in what is no JSON at all.
    let turn = 0
    const next = () => spellings[turn++ % spellings.length] as string
    const names = () => text.replace(/(?<=": ?")[\w./-]+(?=")/g, (value) => (/\d{4}/.test(value) ? value : next()))
    const bodies = [
      ...spellings.map(names),
      text.replace(/^(\s*\[?\s*\{)/, `$1${spellings.map((spelling, at) => `"secret${at}":"${spelling}",`).join('')}`),
      text.replace(/"(?:action|type|event_type|eventName|event)": ?"[^"]*/g, (value) => `${value} ${next()}`),
      `{${spellings.map((spelling) => `"${spelling}":[`)}`,
    ]
    for (const body of bodies) {
      const answer = await deployed.call(requestOf(sender, own, SECRET, { body }))
      expect([body, found(written(answer), [SECRET, AWKWARD])]).toEqual([body, []])
      // It was genuine.
      expect([200, 202]).toContain(answer.status)
    }
  })

  test('in its other headers and its query', async () => {
    const [own] = sender.ways as [Way]
    const headers = Object.fromEntries(ODD.map((name) => [name, `before ${SECRET}`]))
    for (const body of [sender.body, 'no json']) {
      const answer = await deployed.call(requestOf(sender, own, SECRET, { headers, body, query: `event=${SECRET}` }))
      expect(found(written(answer))).toEqual([])
    }
  })

  test('in its path and its handshakes', async () => {
    const [own] = sender.ways as [Way]
    const { source } = sender
    const paths = [`/webhooks/${source}/${SECRET}`, `/webhooks/${SECRET}`, `/${SECRET}`, `/webhooks/${source}`]
    for (const path of paths) {
      for (const method of ['OPTIONS', 'GET', 'PUT', 'POST']) {
        const headers = {
          'webhook-request-origin': `${SECRET}.example`,
          'webhook-request-callback': `https://a/?${SECRET}`,
        }
        const answer = await deployed.call(requestOf(sender, own, SECRET, { path, method, headers }))
        expect([path, method, found(written(answer))]).toEqual([path, method, []])
      }
    }
  })
})

test('a body that holds its secret is kept without it, and its events go on', async () => {
  const sender = senders.find(({ source }) => source === 'gitea') as Sender
  const [own] = sender.ways as [Way]
  const plain = { ...JSON.parse(sender.body.toString()), note: '0'.repeat(SECRET.length) }
  // As old versions of Gitea do: the webhook's secret stands in its body.
  const leaky = { secret: SECRET, ...plain, note: SECRET }
  const accepted = async (body: object) => {
    const answer = await deployed.call(requestOf(sender, own, SECRET, { body: JSON.stringify(body) }))
    return JSON.parse(answer.text).accepted
  }
  const ids = await accepted(plain)
  expect(ids).toHaveLength(1)
  expect(await accepted(leaky)).toEqual(ids)

  deployed.sent.length = 0
  const broken = JSON.stringify({ ...leaky, action: 'exploded' })
  const first = await deployed.call(requestOf(sender, own, SECRET, { body: broken }))
  const [message] = deployed.sent.splice(0)
  const kept = JSON.parse(message?.body ?? '{}') as Quarantined
  const body = Buffer.from(kept.body, 'base64').toString()
  expect(kept.blanked).toBe(true)
  expect(body).toBe(broken.replaceAll(SECRET, '*'.repeat(SECRET.length)))
  expect(JSON.parse(first.text).quarantined).toEqual([{ id: kept.id, reason: kept.reason }])
  expect(message?.queue).toBe('registry-events-local-quarantine')
})

test('an id is that of what was received, whatever is blanked', async () => {
  const keep = async (secrets: readonly string[]) => {
    const { post, quarantine } = door({ secrets })
    const headers = { authorization: `Bearer ${WRONG}`, 'user-agent': `old ${SECRET}`, 'ce-id': SECRET }
    await post('/webhooks/distribution', `{"events":[{"action":"${SECRET}"}]}`, { headers, query: `event=${SECRET}` })
    return (await quarantine()) as (Quarantined & { query: string })[]
  }
  const [blanked] = await keep([WRONG, SECRET])
  const [plain] = await keep([WRONG])
  expect(blanked?.id).toBe(plain?.id)
  expect([blanked?.blanked, plain?.blanked]).toEqual([true, undefined])
  const stars = '*'.repeat(SECRET.length)
  expect(blanked?.headers).toMatchObject({ 'user-agent': `old ${stars}`, 'ce-id': stars })
  expect([blanked?.query, plain?.query]).toEqual([`event=${encodeURIComponent(stars)}`, `event=${SECRET}`])
  expect(found([JSON.stringify(blanked)])).toEqual([])
  expect(found([JSON.stringify(plain)])).toEqual([SECRET])
})

test('what is in a header or the query alone is noted, too', async () => {
  const { post, quarantine } = door({ secrets: [SECRET] })
  const headers = { authorization: `Bearer ${SECRET}`, 'x-api-key': SECRET }
  for (const request of [
    { headers },
    { headers: { ...headers, 'user-agent': SECRET } },
    { headers, query: `event=${SECRET}` },
  ])
    await post('/webhooks/distribution', 'no json', request)
  expect((await quarantine()).map(({ blanked }) => blanked)).toEqual([undefined, true, true])
})

test('nothing is blanked where there is nothing to blank', async () => {
  const sender = senders.find(({ source }) => source === 'distribution') as Sender
  await deployed.call(requestOf(sender, bearer, SECRET, { body: '{"events":[{"action":"x%20\\u0041"}]}' }))
  const [message] = deployed.sent
  const kept = JSON.parse(message?.body ?? '{}') as Quarantined
  expect(kept.blanked).toBeUndefined()
  expect(Buffer.from(kept.body, 'base64').toString()).toBe('{"events":[{"action":"x%20\\u0041"}]}')
})
