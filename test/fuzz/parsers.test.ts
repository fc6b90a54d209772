import assert from 'node:assert/strict'
import { describe } from '@jest/globals'
import fc from 'fast-check'
import * as v from 'valibot'
import { activityDataSchema } from '../../lib/activity.ts'
import { toBody, toText } from '../../lib/body.ts'
import { cloudEventId, cloudEventItems, dataOf, readCloudEvent } from '../../lib/cloudevent.ts'
import { RouterError } from '../../lib/errors.ts'
import type { AuditEvent } from '../../lib/event.ts'
import { parseJsonOrForm, payloadOf } from '../../lib/form.ts'
import { checkDepth, mayBeDeep, parseJson } from '../../lib/json.ts'
import { parse } from '../../lib/parse.ts'
import type { Request } from '../../lib/request.ts'
import { clean, cleanAll, isClean } from '../../lib/text.ts'
import { formatTime, fromSeconds, parseTime } from '../../lib/time.ts'
import { NOW } from '../door.ts'
import { cloudEvent } from '../samples.ts'
import { law } from './law.ts'
import { anyText, changes, spoils, type Tree, toJson, toTree } from './tree.ts'

// What reads the bytes of outsiders, and what writes them down.

const sample = toTree({
  text: 'text',
  list: [1, 2.5, null, true, { inner: ['a', 'b'] }],
  object: { time: '2026-11-22T12:39:43Z', image: { repository: 'team/app', tag: '1.4.0' } },
})

/** JSON text, sound or nearly so. */
const json = changes.map((change) => toJson(change(sample)))

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
  fc.tuple(json, spoils).map(([text, spoil]) => spoil(Buffer.from(text))),
)

const requestOf = (body: Buffer, headers: Record<string, string> = {}): Request => ({
  method: 'POST',
  path: '/webhooks/any',
  query: '',
  headers,
  body,
  receivedAt: NOW,
})

/** What `make` gives; what it throws has to be ours. */
function attempt<Value>(make: () => Value): { value: Value } | { code: string } {
  try {
    return { value: make() }
  } catch (error) {
    if (error instanceof RouterError) return { code: error.code }
    throw error
  }
}

describe('JSON', () => {
  law('is read as JavaScript reads it, or refused', anyBytes, (bytes) => {
    const read = attempt(() => parseJson(bytes))
    let expected: unknown
    try {
      // A byte order mark is passed over by both.
      expected = { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) }
    } catch {
      expected = { code: 'INVALID_BODY' }
    }
    assert.deepEqual(read, expected)
  })

  /** How many lists and objects stand in one another, told by the brackets outside of texts. */
  function depthOf(text: string): number {
    let depth = 0
    let deepest = 0
    for (const bracket of text.replace(/"(?:[^"\\]|\\.)*"/g, '').replace(/[^[\]{}]/g, '')) {
      depth += bracket === '[' || bracket === '{' ? 1 : -1
      deepest = Math.max(deepest, depth)
    }
    return deepest
  }

  const tower = fc
    .tuple(fc.array(fc.tuple(fc.integer({ min: 55, max: 75 }), fc.boolean()), { minLength: 1, maxLength: 2 }), json)
    .map(([towers, text]) =>
      towers.map(([levels, isList]) => {
        const [open, close] = isList ? ['[', ']'] : ['{"a":', '}']
        return open.repeat(levels) + text + close.repeat(levels)
      }),
    )

  law('is refused from 65 levels on, part by part', tower, (texts) => {
    const items = texts.map((text) => JSON.parse(text) as unknown)
    const shared = items.concat(items.map((item) => [item, item]))
    const seen = new WeakMap<object, number>()
    for (const [index, item] of shared.entries()) {
      const depth = depthOf(JSON.stringify(item))
      const verdict = 'code' in attempt(() => checkDepth(item, seen))
      assert.equal(verdict, depth > 64)
      const text = texts[index]
      if (verdict && text) assert.equal(mayBeDeep(Buffer.from(text)), true)
    }
  })
})

describe('forms', () => {
  const word = fc.oneof(
    anyText.map((text) => text.toWellFormed()),
    fc.constantFrom('payload', 'a', 'payloa', 'xpayload', ''),
  )
  const fields = fc.array(fc.tuple(word, word), { maxLength: 4 })

  law('give the first field "payload", as browsers read them', fields, (list) => {
    const form = new URLSearchParams(list)
    const body = Buffer.from(form.toString())
    const said = { 'content-type': 'Application/X-WWW-form-urlencoded; charset=utf-8' }
    assert.equal(payloadOf(requestOf(body, said)), form.get('payload'))
    assert.equal(payloadOf(requestOf(body, { 'content-type': 'application/json' })), undefined)
    assert.equal(payloadOf(requestOf(body)), undefined)
  })

  law('carry the same value as the body itself', json, (text) => {
    const form = Buffer.from(`x=1&payload=${encodeURIComponent(text)}`)
    const plain = attempt(() => {
      const value = parseJsonOrForm(requestOf(Buffer.from(text)))
      checkDepth(value)
      return value
    })
    const read = attempt(() =>
      parseJsonOrForm(requestOf(form, { 'content-type': 'application/x-www-form-urlencoded' })),
    )
    assert.deepEqual(read, plain)
  })

  law('of any bytes are read or refused', anyBytes, (bytes) => {
    const body = Buffer.concat([Buffer.from('payload='), bytes])
    const request = requestOf(body, { 'content-type': 'application/x-www-form-urlencoded' })
    const payload = payloadOf(request)
    assert.equal(payload === null || typeof payload === 'string', true)
    attempt(() => parseJsonOrForm(request))
  })
})

describe('CloudEvents', () => {
  const name = fc
    .stringMatching(/^[a-z0-9]{1,12}$/)
    .filter((text) => !text.startsWith('data') && text !== 'specversion')
  const attributes = fc.record({
    id: anyText.map((text) => `i${text.toWellFormed()}`),
    source: anyText.map((text) => `/${text.toWellFormed()}`),
    type: anyText.map((text) => `t${text.toWellFormed()}`),
    more: fc.dictionary(
      name,
      anyText.map((text) => `m${text.toWellFormed()}`),
      { maxKeys: 3 },
    ),
  })
  const event = fc.record({ attributes, data: fc.jsonValue({ maxDepth: 2 }).filter((data) => data !== null) })

  const read = (request: Request) => cloudEventItems(request).map(readCloudEvent)

  law('are the same in structured, batched and binary mode', event, ({ attributes: { more, ...own }, data }) => {
    const whole = { ...more, specversion: '1.0', ...own }
    const structured = requestOf(Buffer.from(JSON.stringify({ ...whole, data })), {
      'content-type': 'application/cloudevents+json',
    })
    const batched = requestOf(Buffer.from(JSON.stringify([{ ...whole, data }])), {
      'content-type': 'application/cloudevents-batch+json',
    })
    const binary = requestOf(Buffer.from(JSON.stringify(data)), {
      'content-type': 'application/json',
      ...Object.fromEntries(Object.entries(whole).map(([key, value]) => [`ce-${key}`, encodeURIComponent(value)])),
    })
    const base64 = Buffer.from(JSON.stringify(data)).toString('base64')
    const encoded = requestOf(Buffer.from(JSON.stringify({ ...whole, data_base64: base64 })))
    const [first] = read(structured)
    assert.deepEqual(read(batched), [first])
    assert.deepEqual(read(binary), [first])
    assert.deepEqual(read(encoded).map(dataOf), [first && dataOf(first)])
  })

  law('have one id for each source and id', fc.tuple(attributes, attributes), ([one, other]) => {
    const same = one.source === other.source && one.id === other.id
    const [first, second] = [one, other].map(({ id, source }) =>
      cloudEventId({ specversion: '1.0', type: 't', id, source }),
    )
    return (first === second) === same
  })

  const sent = toTree(cloudEvent('container-registry.image.push', 'image'))
  const headers = fc.dictionary(
    fc.constantFrom(
      'content-type',
      'ce-specversion',
      'ce-id',
      'ce-source',
      'ce-type',
      'ce-data',
      'ce-time',
      '__proto__',
    ),
    fc.oneof(
      anyText,
      fc.constantFrom('1.0', 'application/cloudevents+json', 'application/cloudevents-batch+json', '"a%20b"', '%zz'),
    ),
    { maxKeys: 4 },
  )

  law('of any bytes are read or refused', fc.tuple(changes, spoils, headers), ([change, spoil, said]) => {
    const request = requestOf(spoil(Buffer.from(toJson(change(sent)))), said)
    const items = attempt(() => cloudEventItems(request))
    if ('code' in items) return
    for (const item of items.value) {
      const made = attempt(() => readCloudEvent(item))
      if ('code' in made) assert.equal(made.code, 'INVALID_ITEM')
      else attempt(() => dataOf(made.value))
    }
  })
})

describe('times', () => {
  const FIRST = Date.UTC(1000, 0, 1)
  const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
  const instant = fc.oneof(fc.integer({ min: FIRST, max: LAST }), fc.integer({ min: NOW - 1e10, max: NOW + 1e10 }))

  law('as JavaScript writes them are read back', instant, (time) => parseTime(new Date(time).toISOString()) === time)

  const two = (value: number) => String(value).padStart(2, '0')

  law(
    'with any offset and fraction are the same instant',
    fc.record({
      time: fc.integer({ min: FIRST + 1e8, max: LAST - 1e8 }),
      minutes: fc.integer({ min: -1439, max: 1439 }),
      digits: fc.stringMatching(/^\d{0,6}$/),
      colon: fc.constantFrom(':', ''),
      between: fc.constantFrom('T', 't', ' '),
      comma: fc.constantFrom('.', ','),
    }),
    ({ time, minutes, digits, colon, between, comma }) => {
      const there = new Date(time + minutes * 60_000).toISOString().slice(0, -1)
      const size = Math.abs(minutes)
      const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`
      return parseTime(`${there.replace('T', between).replace('.', comma)}${digits}${offset}`) === time
    },
  )

  law(
    'as we write them are read back, cut to hundredths, in their order',
    fc.tuple(instant, instant),
    ([one, other]) => {
      const [first, second] = [formatTime(one), formatTime(other)]
      assert.match(first, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\+0000$/)
      const cut = Math.floor(one / 10) * 10
      assert.equal(parseTime(first), cut < FIRST ? undefined : cut)
      assert.equal(first, new Date(one).toISOString().replace(/\dZ$/, '+0000'))
      if (one <= other) assert.equal(first <= second, true)
      assert.equal(formatTime(parseTime(first) ?? one), first)
    },
  )

  const SHAPES = [
    '2026-11-22T12:39:43.080Z',
    '2026-11-22T12:39:43+00:00',
    '1000-01-01T00:00:00+23:59',
    '9999-12-31T23:59:60Z',
  ]
  const nearly = fc
    .tuple(
      fc.constantFrom(...SHAPES),
      fc.array(fc.tuple(fc.nat(30), fc.constantFrom(...'0123456789TZ:-+. ')), { maxLength: 3 }),
    )
    .map(([shape, edits]) =>
      edits.reduce((text, [at, character]) => text.slice(0, at) + character + text.slice(at + 1), shape),
    )

  law('that are nearly some are those that they say, or none', fc.oneof(nearly, anyText), (text) => {
    const time = parseTime(text)
    if (time === undefined) return
    // What is read can be written, and read again.
    assert.equal(parseTime(formatTime(time)), Math.floor(time / 10) * 10)
    // JavaScript knows no leap second, and cuts fractions.
    const plain = text.replace(' ', 'T').replace(/([+-]\d\d):?(\d\d)$/, '$1:$2')
    const leap = /:60(?=[.,Z+-])/i.test(plain)
    const known = Date.parse(
      plain
        .replace(/:60(?=[.,Z+-])/i, ':59')
        .replace(',', '.')
        .toUpperCase(),
    )
    assert.equal(time, leap ? known + 1000 : known)
  })

  law(
    'in seconds are milliseconds, or none',
    fc.oneof(
      fc.double(),
      fc.integer({ min: -10, max: LAST }),
      instant.map((ms) => ms / 1000),
    ),
    (seconds) => {
      const time = fromSeconds(seconds)
      if (time === undefined) return !(seconds >= 0.001 && seconds * 1000 <= LAST)
      assert.match(formatTime(time), /^[1-9]\d{3}-/)
      return Number.isInteger(time) && time <= seconds * 1000 && time > seconds * 1000 - 1
    },
  )
})

describe('texts', () => {
  const long = fc.tuple(anyText, fc.nat(30)).map(([text, times]) => text.repeat(times))
  const limit = fc.constantFrom(1, 2, 3, 10, 64, 350)

  law('once cleaned are clean, and what is clean stays', fc.tuple(fc.oneof(anyText, long), limit), ([text, most]) => {
    const cleaned = clean(text, most)
    assert.equal(isClean(cleaned, most), true)
    assert.equal(clean(cleaned, most), cleaned)
    assert.equal(isClean(text, most), text.length <= most && clean(text, most) === text)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(cleaned, /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
  })

  law('that are cleaned keep their place, whatever they stand in', json, (written) => {
    const value: unknown = JSON.parse(written)
    const shape = (part: unknown): unknown => {
      if (typeof part === 'string') return ''
      if (Array.isArray(part)) return part.map(shape)
      if (typeof part !== 'object' || part === null) return part
      return Object.entries(part).map(([key, inner]) => [key, shape(inner)])
    }
    assert.deepEqual(shape(cleanAll(value, 64)), shape(value))
  })
})

describe('messages', () => {
  /** What SQS takes in a body. */
  const TAKEN = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u

  law(
    'are taken by SQS and say the same',
    fc.oneof(
      json.map((text) => JSON.parse(text) as unknown),
      fc.jsonValue(),
      anyText,
    ),
    (value) => {
      const text = toText(value)
      assert.match(text, TAKEN)
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
      assert.equal(text, Buffer.from(text).toString())
    },
  )

  const bag = fc.option(
    fc.dictionary(
      anyText,
      fc.tuple(anyText, fc.constantFrom(1, 20, 200, 1500)).map(([text, times]) => text.repeat(times)),
      { maxKeys: 3 },
    ),
    { nil: undefined },
  )
  const parts = fc.record({
    requestData: bag,
    responseData: bag,
    name: fc.constantFrom(1, 100, 20_000, 40_000).map((length) => 'n'.repeat(length)),
  })

  law('are cut to 32 KiB, what was answered first, and say so', parts, ({ requestData, responseData, name }) => {
    const own = { id: 'x', target: { name }, route: { registry: 'r' } }
    const event = {
      ...own,
      ...(requestData ? { requestData } : {}),
      ...(responseData ? { responseData } : {}),
    } as unknown as AuditEvent
    const fits = (value: object) => Buffer.byteLength(toText(value)) <= 32 * 1024 - 256
    const made = attempt(() => toBody(event))
    if ('code' in made) {
      assert.equal(made.code, 'EVENT_TOO_LARGE')
      assert.equal(fits({ ...own, route: { ...own.route, cut: ['responseData', 'requestData'] } }), false)
      return
    }
    const { route, ...kept } = JSON.parse(made.value) as AuditEvent
    const cut = route?.cut ?? []
    assert.equal(Buffer.byteLength(made.value) <= 32 * 1024 - 256, true)
    assert.equal(fits(event), cut.length === 0)
    const whole = JSON.parse(JSON.stringify(event)) as Record<string, unknown>
    delete whole.route
    for (const field of cut) delete whole[field]
    assert.deepEqual(kept, whole)
    if (cut.includes('requestData') && responseData) assert.equal(cut[0], 'responseData')
  })
})

describe('activities', () => {
  const full = toTree({
    target: {
      id: 'i',
      name: 'n',
      alias: 'a',
      host: 'h',
      repository: 'team/app',
      tag: '1',
      digest: 'sha256:00',
      namespace: 'team',
      policy: { imagesPerRepo: 1 },
      storageMegabytes: 5,
      privateOnly: true,
      issueType: 'cve',
      issueId: 'CVE-1',
    },
    initiator: {
      id: 'i',
      name: 'n',
      type: 'user',
      credential: 'token',
      address: '192.0.2.1',
      agent: 'docker',
      authnId: 'a',
      authnName: 'b',
    },
    outcome: 'failure',
    reason: { code: 500, message: 'why' },
    requestData: { a: ['b'] },
    responseData: { c: 'd' },
    correlationId: 'c',
    domain: 'de.icr.io',
  })

  law('are taken as they are or refused with the place', changes, (change) => {
    const given: unknown = JSON.parse(toJson(change(full as Tree)))
    const read = (value: unknown) => parse(activityDataSchema, value, 'INVALID_ITEM', 'data')
    let taken: v.InferOutput<typeof activityDataSchema>
    try {
      taken = read(given)
    } catch (error) {
      assert.equal(error instanceof RouterError && error.code === 'INVALID_ITEM', true)
      assert.match(
        (error as Error).message,
        /^(?:data|target|initiator|outcome|reason|requestData|responseData|correlationId|domain|[^:]*)(?:\.[^:]*)?: /s,
      )
      return
    }
    // A second reading changes nothing, and what names the target was not changed at all.
    assert.deepEqual(read(taken), taken)
    // An empty list is what some languages make of an empty object.
    const before = given as typeof taken
    assert.deepEqual(taken.target, { ...before.target })
    assert.deepEqual([taken.requestData, taken.responseData], [before.requestData, before.responseData])
    for (const field of ['id', 'name', 'authnId', 'authnName'] as const) {
      const [was, is] = [before.initiator?.[field], taken.initiator[field]]
      if (was !== undefined) assert.equal(is, clean(was, was.length))
    }
  })

  law(
    'keep what is allowed and nothing else',
    fc.tuple(fc.constantFrom('', 'target', 'initiator', 'reason'), anyText),
    ([at, field]) => {
      const inner = { [`x${field}`]: 1 }
      const parsed = v.safeParse(activityDataSchema, at ? { [at]: inner } : inner)
      return !parsed.success
    },
  )
})
