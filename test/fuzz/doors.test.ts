import assert from 'node:assert/strict'
import { describe } from '@jest/globals'
import fc from 'fast-check'
import { families } from '../../functions/webhook.ts'
import { answerError } from '../../lib/answers.ts'
import { readConfig } from '../../lib/config.ts'
import { edition, NEWEST } from '../../lib/edition.ts'
import { RouterError } from '../../lib/errors.ts'
import { type AuditEvent, locate } from '../../lib/event.ts'
import { answer } from '../../lib/http.ts'
import { places, RENAMED, regions } from '../../lib/locations.ts'
import { locationQueues } from '../../lib/queues/names.ts'
import { checkRegistries, type RegistryConfig } from '../../lib/registries.ts'
import type { Request, Response } from '../../lib/request.ts'
import { route } from '../../lib/route.ts'
import { type SourceName, sources } from '../../lib/sources/index.ts'
import { tables } from '../../lib/tables.ts'
import { registries as configured } from '../../registries.ts'
import { type Door, door, NOW, peek } from '../door.ts'
import { cloudEvent } from '../samples.ts'
import { law } from './law.ts'
import { anyText, changes, toJson, toTree } from './tree.ts'

// What comes in by other doors: addresses, messages of the intake queue, the environment, the list of registries.

const DAY = 86_400_000
const [FIRST, LAST] = [Date.parse('2019-07-25'), Date.parse(NEWEST)] as const
const date = fc
  .integer({ min: 0, max: (LAST - FIRST) / DAY })
  .map((days) => new Date(FIRST + days * DAY).toISOString().slice(0, 10))

describe('the location mapping', () => {
  const names = regions.flatMap(({ region, former }) => (former ? [region, former] : [region]))
  const name = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<string>(...names) },
    fc.constantFrom<string>(...names).map((text) => text.toUpperCase()),
    fc.constantFrom<string>(...names).map((text) => ` ${text}`),
    fc.constantFrom('', '__proto__', 'constructor', 'toString', 'eu', 'null', 'undefined'),
    anyText,
  )

  // No row has an end so far; one may get one.
  const rows: readonly (Omit<(typeof regions)[number], 'until'> & { until: string | null })[] = regions

  /** Where the page of `day` puts the events of `region`: the rows of the table, read once more. */
  function placeOf(region: string, day: string) {
    const row = rows.find((entry) => entry.region === region || entry.former === region)
    const stood = row && row.from <= day && (row.until === null || day < row.until)
    if (!row || !stood) return undefined
    const since = row.locations.filter(({ from }) => from <= day).toSorted((a, b) => (a.from < b.from ? 1 : -1))
    return places.find(({ location }) => location === since[0]?.location)
  }

  law('has a place for every region of its day, and for nothing else', fc.tuple(name, date), ([region, day]) => {
    const place = placeOf(region, day)
    if (!place) {
      assert.throws(
        () => route(region, day),
        (error) => error instanceof RouterError && error.code === 'UNROUTABLE' && error.message.includes(day),
      )
      return
    }
    const { location, name: locationName, awsRegion } = place
    assert.deepEqual(route(region, day), { location, locationName, awsRegion })
    assert.deepEqual(route(region, edition(day)), route(region, day))
    const own = regions.find((row) => row.region === region || row.former === region)
    const shown = own?.former && day < RENAMED ? own.former : own?.region
    assert.equal(edition(day).region(region)?.region, shown)
  })
})

describe('addresses', () => {
  const to = door()
  // A machine that is busy must not refuse what it is asked.
  to.app.receiver.patience = 60_000
  const known = Object.keys(sources)

  const send = (request: Partial<Request>): Promise<Response> => {
    const entry = { event: 'request' }
    const sent = {
      method: 'POST',
      path: '/',
      query: '',
      headers: {},
      body: Buffer.from('{"events":[]}'),
      receivedAt: NOW,
      ...request,
    }
    return answer(sent, families, to.app, entry, tables).catch((error) => answerError(error, entry))
  }

  const authorization = 'Bearer secret'
  const part = fc.oneof(
    fc.constantFrom(
      'webhooks',
      ...known,
      'image',
      'health',
      'actions',
      'services',
      'collector',
      'event',
      '',
      '.',
      '..',
      '%2e%2e',
      '%',
      '%00',
      '__proto__',
    ),
    anyText,
    anyText.map((text) => encodeURIComponent(text.toWellFormed())),
    fc.constantFrom(...known).map((id) => [...id].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')),
  )
  const path = fc.oneof(
    fc.array(part, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`),
    fc.array(part, { maxLength: 3 }).map((parts) => `/${['webhooks', ...parts].join('/')}`),
    anyText,
  )
  const method = fc.constantFrom('POST', 'GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'post', '')

  law(
    'lead to what they name or nowhere, and never to an error of ours',
    fc.tuple(method, path),
    async ([how, where]) => {
      const { status, body } = await send({ method: how, path: where })
      const read = how === 'GET' && ['/health', '/actions', '/locations'].includes(where)
      assert.equal(status === 200, read)
      if (!read) assert.ok([401, 404].includes(status))
      if (status === 401) assert.match(where, /^\/webhooks\/[^/]+|^\/services\/collector\/event/)
      if (!read) assert.deepEqual(Object.keys(body as object), ['code', 'message'])
    },
  )

  const id = fc.oneof(
    fc.constantFrom(...known),
    anyText.map((text) => text.toWellFormed()),
  )

  law(
    'take a registry by its own name alone',
    fc.tuple(id, fc.constantFrom('', '/', '/image', '/image/')),
    async ([name, rest]) => {
      const { status } = await send({
        path: `/webhooks/${encodeURIComponent(name)}${rest}`,
        headers: { authorization },
      })
      const takes =
        Object.hasOwn(sources, name) && sources[name as SourceName].schemes.some((scheme) => scheme.name === 'token')
      const nowhere = name === '' && rest !== '/image' && rest !== '/image/'
      assert.equal(status, takes ? 202 : nowhere || name === '' ? 404 : 401)
    },
  )
})

describe('the intake queue', () => {
  const registries: readonly RegistryConfig[] = regions.map(({ region, domain }) => ({
    id: region,
    source: 'cloudevents',
    domain,
    region,
    account: 'acme',
    editions: [NEWEST],
  }))
  const action = 'container-registry.image.push'

  /** An event of every region, as it lies there. */
  const events: AuditEvent[] = []
  const ready = (async () => {
    const first = door({ registries })
    for (const { id } of registries) await first.post(`/webhooks/${id}`, cloudEvent(action, 'image'))
    events.push(...(await first.intake()))
  })()

  const onLocations = async (to: Door): Promise<[string, string][]> => {
    const all: [string, string][] = []
    for (const queue of locationQueues('test'))
      for (const body of await peek(to.queues, queue))
        all.push([queue.name.slice('registry-events-test-'.length), body])
    return all
  }

  const messages = fc.array(fc.tuple(fc.nat(), fc.option(changes)), { minLength: 1, maxLength: 4 })

  law('gives each event to its place, whatever lies beside it', messages, async (list) => {
    await ready
    const to = door({ registries })
    const sent = list.map(([at, change], index) => {
      const event = { ...(events[at % events.length] as AuditEvent), id: `event-${index}` }
      const body = change ? toJson(change(toTree(event))) : JSON.stringify(event)
      return { body, sound: change ? undefined : event }
    })
    await to.queues.send(
      to.app.receiver.intake,
      sent.map(({ body }) => ({ body, attributes: {} })),
    )
    await to.route()
    const routed = await onLocations(to)
    for (const { sound } of sent) {
      if (!sound) continue
      const place = route(sound.route?.region ?? '', NEWEST).location
      const own = routed.filter(([, body]) => (JSON.parse(body) as AuditEvent).id === sound.id)
      assert.deepEqual(
        own.map(([location, body]) => [location, JSON.parse(body)]),
        [[place, locate(sound, place)]],
      )
    }
    // What was changed may still be an event; then its route says where it belongs, and it is nowhere else.
    for (const [location, body] of routed) {
      const { provenance } = JSON.parse(body) as AuditEvent
      assert.equal(route(provenance?.region ?? '', provenance?.edition ?? '').location, location)
      assert.equal(provenance?.location, location)
    }
    assert.ok(routed.length <= sent.length)
  })
})

describe('the environment', () => {
  const VARIABLES = {
    STAGE: { good: ['local', 'prod-1', 'A'], bad: ['-x', 'x'.repeat(29), 'a b', 'ä'] },
    EDITION: { good: ['2020-07-28', NEWEST], bad: ['2020-02-30', 'newest', '2019-01-01'] },
    EVENT_FORMAT: { good: ['cadf', 'cloudevents'], bad: ['CADF', 'xml', 'toString'] },
    AWS_REGION: { good: ['eu-central-1', 'us-gov-west-1'], bad: ['eu', 'EU-CENTRAL-1', 'eu-central-1.evil'] },
    ACCOUNT_ID: { good: ['123456789012'], bad: ['1', '12345678901x', '1234567890123'] },
    BODY_LIMIT: { good: ['1024', '6291456', '1e5'], bad: ['1023', '6291457', 'x', '1.5e3.', '-1', 'Infinity', 'NaN'] },
    PORT: { good: ['1', '65535'], bad: ['0x', '65536', '-3', '3000.5', 'http'] },
    EMULATOR_PORT: { good: ['4566'], bad: ['99999', '[]'] },
    HOST: { good: ['::1', '127.0.0.1', 'localhost'], bad: ['a b', 'http://x', '$(x)'] },
  } as const
  type Variable = keyof typeof VARIABLES

  const one = (name: Variable) =>
    fc.oneof(
      fc.constant([name, undefined, true] as const),
      fc.constant([name, '', true] as const),
      fc.constantFrom<string>(...VARIABLES[name].good).map((value) => [name, value, true] as const),
      fc.constantFrom<string>(...VARIABLES[name].bad).map((value) => [name, value, false] as const),
    )
  const environment = fc.tuple(...(Object.keys(VARIABLES) as Variable[]).map(one))

  law('is taken, or every mistake of it is named at once', environment, (variables) => {
    const env = Object.fromEntries(variables.map(([name, value]) => [name, value]))
    const wrong = variables.filter(([, , isGood]) => !isGood).map(([name]) => name)
    if (wrong.length === 0) {
      assert.equal(readConfig(env).stage, env.STAGE || 'local')
      return
    }
    assert.throws(
      () => readConfig(env),
      (error: RouterError) => {
        const named = [...error.message.matchAll(/^ {2}- (\w+)/gm)].map(([, name]) => name)
        assert.deepEqual([error.code, named.toSorted()], ['INVALID_CONFIG', wrong.toSorted()])
        return true
      },
    )
  })

  law('of any text is taken or refused', fc.dictionary(fc.constantFrom(...Object.keys(VARIABLES)), anyText), (env) => {
    try {
      const { bodyLimit, port, stage } = readConfig(env)
      assert.ok(bodyLimit >= 1024 && bodyLimit <= 6 * 1024 * 1024 && port > 0 && /^[A-Za-z0-9-]+$/.test(stage))
    } catch (error) {
      assert.equal((error as RouterError).code, 'INVALID_CONFIG')
    }
  })
})

describe('the list of registries', () => {
  const list = toTree(JSON.parse(JSON.stringify(configured)))

  law('is taken, or refused with its mistakes', changes, (change) => {
    const given = JSON.parse(toJson(change(list))) as readonly RegistryConfig[]
    try {
      const registries = checkRegistries(given, '2020-07-28')
      assert.equal(registries.size, given.length)
      for (const config of given) {
        const registry = registries.get(config.id)
        assert.match(config.id, /^[a-z0-9-]{1,63}$/)
        assert.ok(registry && Object.hasOwn(sources, registry.source) && typeof registry.source === 'string')
        assert.ok(registry.editions[0].region(registry.region))
        assert.ok(registry.attempts.some(({ counts }) => counts))
      }
    } catch (error) {
      assert.ok(error instanceof RouterError, error as Error)
      assert.match(error.message, /^registries\.ts has \d+ mistake\(s\):\n {2}- /)
    }
  })
})
