import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { start } from '../../lib/app.ts'
import { checkRegistries } from '../../lib/registries.ts'
import { secretVariable } from '../../lib/secrets.ts'
import { about, type SourceName, sources } from '../../lib/sources/index.ts'
import { type Door, door, NOW } from '../door.ts'
import { contradictions } from './fills.ts'
import { senders } from './senders/index.ts'
import type { Sender } from './senders/sender.ts'
import { type Draft, send, type Way, ways } from './ways.ts'

// What every source has to keep, whatever its format.

const OLD = 'old-secret-0123456789'
const NEW = 'new-secret-9876543210'

test('every source has a sender here', () => {
  expect(new Set(senders.map(({ source }) => source))).toEqual(new Set(Object.keys(sources)))
})

const schemesOf = (source: SourceName): string[] => {
  const config = { id: source, source, domain: 'de.icr.io', region: 'eu-central', account: 'acme' } as const
  const registry = checkRegistries([config], '2020-07-28').get(source)
  return (registry?.attempts ?? []).filter(({ counts }) => counts).map(({ scheme }) => scheme.name)
}

test.each(Object.keys(sources) as SourceName[])(
  'every scheme that %s takes without settings has a way here',
  (source) => {
    const own = senders.filter((sender) => sender.source === source).flatMap((sender) => sender.ways)
    expect(new Set(own.map(({ scheme }) => scheme))).toEqual(new Set(schemesOf(source)))
  },
)

const draftOf = ({ body, headers, query = '' }: Sender): Draft => ({ body, headers, query })

const HOUR = 3_600_000

/** `text` as the sender would write it of the same deed an hour later: times and the ids of what happened are others. */
const changed = (text: string): string =>
  text
    .replace(/"(?:id|messageId|message_id)":\s*"(?!pkg:)/g, '$&another-')
    .replace(/\b20\d\d-\d\d-\d\d[T ]\d\d(?=:)/g, (hour) => {
      const next = new Date(Date.parse(`${hour.replace(' ', 'T')}:00Z`) + HOUR).toISOString().slice(0, 13)
      return hour.includes('T') ? next : next.replace('T', ' ')
    })
    .replace(/(?<![\w.:-])1[67]\d{8}(?![\w-])/g, (seconds) => String(Number(seconds) + HOUR / 1000))
    .replace(/\b[0-9a-f]{8}(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)/g, (start) =>
      start.replace(/./g, (digit) => ((Number.parseInt(digit, 16) + 1) % 16).toString(16)),
    )

const anHourLater = ({ body, headers, query }: Draft): Draft => ({
  body: Buffer.from(changed(body.toString())),
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, changed(value)])),
  query,
})

const total = (counts: Record<string, number> = {}) => Object.values(counts).reduce((sum, count) => sum + count, 0)

async function post(
  to: Door,
  { source }: Sender,
  draft: Draft,
  way: Way,
  credentials: string | undefined,
  receivedAt = NOW,
) {
  const request = send(draft, way, credentials)
  // The door adds a token to whatever has none.
  const headers = { authorization: '', ...request.headers }
  return to.post(`/webhooks/${source}`, draft.body, { ...request, headers, receivedAt })
}

const cases = senders.flatMap((sender) =>
  sender.ways.map((way): [string, Sender, Way] => [`${sender.source}, ${way.name}`, sender, way]),
)

describe.each(cases)('%s', (_name, sender, way) => {
  const draft = draftOf(sender)
  const of = (secret: string, body = draft.body) => way.credentials(body, secret)

  test('takes a genuine request, with each of two secrets', async () => {
    for (const secret of [OLD, NEW]) {
      const to = door({ secrets: [OLD, NEW] })
      const answer = await post(to, sender, draft, way, of(secret))
      expect(answer.status).toBe(202)
      expect(answer.body.accepted.length).toBeGreaterThan(0)
      expect(answer.body.quarantined).toEqual([])
      expect((await to.intake()).map(({ id }) => id)).toEqual(answer.body.accepted.map(({ id }) => id))
    }
  })

  test('refuses what proves nothing, and keeps nothing of it', async () => {
    const to = door({ secrets: [OLD] })
    const refused = async (credentials: string | undefined, body = draft.body, receivedAt = NOW) => {
      const answer = await post(to, sender, { ...draft, body }, way, credentials, receivedAt)
      expect([answer.status, answer.body.code]).toEqual([401, 'UNAUTHENTICATED'])
    }
    await refused(of(NEW))
    await refused(undefined)
    await refused('')
    await refused(of(OLD).slice(0, -4))
    await refused(of(''))
    const tampered = Buffer.from(draft.body)
    tampered[tampered.length - 2] = 0x20
    if (way.signs) await refused(of(OLD), tampered)
    if (way.bounded) {
      await refused(of(OLD), draft.body, NOW + 301_000)
      await refused(of(OLD), draft.body, NOW - 302_000)
    }
    expect(await to.intake()).toEqual([])
    expect(await to.quarantine()).toEqual([])
  })
})

describe.each(senders.map((sender): [string, Sender] => [sender.source, sender]))('%s', (_name, sender) => {
  const [way] = sender.ways as [Way]
  const draft = draftOf(sender)

  test('gives the same request the same ids', async () => {
    const to = door({ secrets: [OLD] })
    const first = await post(to, sender, draft, way, way.credentials(draft.body, OLD))
    const again = await post(to, sender, draft, way, way.credentials(draft.body, OLD), NOW + 30_000)
    expect(again.body).toEqual(first.body)
  })

  test('gives the same deed an hour later another id', async () => {
    const to = door({ secrets: [OLD] })
    const first = await post(to, sender, draft, way, way.credentials(draft.body, OLD))
    const later = anHourLater(draft)
    const again = await post(to, sender, later, way, way.credentials(later.body, OLD), NOW + HOUR)
    expect(again.body.accepted.map(({ action, target }) => [action, target])).toEqual(
      first.body.accepted.map(({ action, target }) => [action, target]),
    )
    const ids = new Set(first.body.accepted.map(({ id }) => id))
    expect(again.body.accepted.filter(({ id }) => ids.has(id))).toEqual([])
  })

  test('flags a domain that is not the registry’s, and goes by the configured region', async () => {
    const { source } = sender
    const registries = [
      { id: source, source, domain: 'elsewhere.example', region: 'ap-north', account: 'acme' },
    ] as const
    const to = door({ secrets: [OLD], registries })
    await post(to, sender, draft, way, way.credentials(draft.body, OLD))
    for (const event of await to.intake()) {
      expect(event.route?.region).toBe('ap-north')
      expect(event.target.name).toContain('elsewhere.example')
      const said = event.target.host?.address
      if (about[source].fills.domain === 'always') expect(said).toBeDefined()
      expect(event.route?.contradictingDomain).toBe(said)
    }
    expect(await to.route()).toEqual([])
  })

  test('refuses every way that is not its own', async () => {
    const own = schemesOf(sender.source)
    for (const other of ways.filter(({ scheme }) => !own.includes(scheme))) {
      const answer = await post(door({ secrets: [OLD] }), sender, draft, other, other.credentials(draft.body, OLD))
      expect([other.name, answer.status]).toEqual([other.name, 401])
    }
  })

  test('fills what its docs say', async () => {
    const to = door({ secrets: [OLD] })
    await post(to, sender, draft, way, way.credentials(draft.body, OLD))
    expect((await to.intake()).flatMap(contradictions)).toEqual([])
  })

  test('does not start with an empty secret', () => {
    const { source } = sender
    const config = { id: source, source, domain: 'de.icr.io', region: 'eu-central', account: 'acme' } as const
    const variable = secretVariable(source)
    const begin = (secret: string) => start([config], { EMULATION: 'local', [variable]: secret })
    expect(() => begin(' ')).toThrow(variable)
    expect(() => begin(OLD)).not.toThrow()
  })

  test('accounts for any bytes behind genuine credentials', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
      // The sender's own body with a part exchanged: closest to what the reader expects.
      fc.tuple(fc.nat(draft.body.length - 1), fc.uint8Array({ minLength: 1, maxLength: 6 })).map(([at, array]) => {
        const body = Buffer.from(draft.body)
        Buffer.from(array).copy(body, Math.min(at, body.length - array.length))
        return body
      }),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        const to = door({ secrets: [OLD] })
        const answer = await post(to, sender, { ...draft, body }, way, way.credentials(body, OLD))
        if (answer.status === 200) return
        expect(answer.status).toBe(202)
        const { received, accepted, ignored, quarantined } = to.entry
        // A reader knows what it can't read.
        expect(quarantined?.UNREADABLE).toBeUndefined()
        expect(received).toBe((accepted ?? 0) + total(ignored) + total(quarantined))
        expect(answer.body.accepted).toHaveLength(accepted ?? 0)
        expect(await to.intake()).toHaveLength(accepted ?? 0)
        expect(await to.quarantine()).toHaveLength(answer.body.quarantined.length)
      }),
      { numRuns: 60 },
    )
  })
})
