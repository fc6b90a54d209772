import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { actions } from '../../lib/actions.ts'
import { readConfig } from '../../lib/config.ts'
import { edition, NEWEST } from '../../lib/edition.ts'
import type { AuditEvent } from '../../lib/event.ts'
import { formatNames } from '../../lib/formats/format.ts'
import { formats } from '../../lib/formats/index.ts'
import type { RegistryConfig } from '../../lib/registries.ts'
import { door } from '../door.ts'
import { cloudEvent } from '../samples.ts'
import { publishedSchema, validatorOf } from './check.ts'
import { randomCloudEvent } from './random.ts'

// What every output format has to keep, whichever it is. That each event is valid and comes back without loss is checked by the door.

const all = Object.values(formats)
const eude = { name: 'registry-events-test-eu-de', awsRegion: 'eu-central-1' }

afterEach(() => {
  jest.restoreAllMocks()
})

/** The message of an event of `action` on the queue of its location, in the format `name`. */
async function routed(name: (typeof formatNames)[number], action: string, changes: object = {}) {
  const opened = door({ format: name })
  const family = actions.find((row) => row.action === action)?.family ?? 'image'
  await opened.post('/webhooks/cloudevents', cloudEvent(action, family, changes))
  const [queued] = await opened.intake()
  expect(await opened.route()).toEqual([])
  const [message, ...more] = await opened.queues.receive(eude, 10, 0, 0)
  expect(more).toEqual([])
  return { queued, json: JSON.parse(message?.body ?? ''), attributes: message?.attributes }
}

/** A full event as it lies on the queue of its location. */
async function full(): Promise<AuditEvent> {
  const data = {
    target: { repository: 'team/app', tag: '1', alias: 'a', resourceGroupId: 'g', host: 'h' },
    initiator: { id: 'IBMid-1', name: 'alice', authnId: 'b', authnName: 'bob', address: '192.0.2.1', agent: 'docker' },
    requestData: { asked: true },
    responseData: { answered: true },
    correlationId: 'c',
  }
  const { json } = await routed('activity-tracker', 'container-registry.image.push', { data })
  const redriven = { redrivenTime: '2026-11-22T13:00:00.12+0000', redrivenFrom: json.id }
  return { ...json, provenance: { ...json.provenance, ...redriven } }
}

describe('there and back without loss, and valid by the published schema', () => {
  const days = actions.flatMap(({ from, until, deprecated }) => [from, until, deprecated])
  const dates = [...new Set(['2019-07-25', NEWEST, ...days])].filter((day) => day !== null && day >= '2019-07-25')

  test.each(dates.toSorted() as string[])('random events of every action of edition %s', async (date) => {
    const place = { domain: 'us.icr.io', region: 'us-south', account: 'acme' } as const
    const registries: RegistryConfig[] = [{ id: 'random', source: 'cloudevents', editions: [date], ...place }]
    const rows = edition(date).actions
    await fc.assert(
      fc.asyncProperty(fc.tuple(...rows.map(randomCloudEvent)), async (sent) => {
        const { post } = door({ registries })
        const { body } = await post('/webhooks/random', sent)
        expect(body.quarantined).toEqual([])
        expect(body.accepted.map(({ action }) => action)).toEqual(rows.map(({ action }) => action))
      }),
      { numRuns: 2 },
    )
  })

  test('every action of the table is in one of these editions, or was gone before the first one', () => {
    const seen = new Set(dates.flatMap((date) => edition(date as string).actions.map(({ action }) => action)))
    const missing = actions.filter(({ action }) => !seen.has(action))
    expect(missing.every(({ until }) => until !== null && until <= '2019-07-25')).toBe(true)
  })

  test.each(all)('$name: an event with every optional field, and one with none', async ({ name }) => {
    const { json } = await routed(name, 'container-registry.image.push', {
      data: { target: { repository: 'r', tag: '1' } },
    })
    expect(validatorOf(name)(json)).toBe(true)
    const event = await full()
    const written = JSON.parse(JSON.stringify(formats[name].write(event)))
    expect(validatorOf(name)(written)).toBe(true)
    expect(formats[name].read(written)).toEqual(event)
  })
})

describe('the door sees', () => {
  const send = () => door().post('/webhooks/cloudevents', cloudEvent('container-registry.image.push', 'image'))

  test.each(all)('what $name loses', async (format) => {
    const read = format.read
    jest.spyOn(format, 'read').mockImplementation((json) => {
      const { dataEvent: _lost, ...event } = read(json)
      return event as AuditEvent
    })
    await expect(send()).rejects.toThrow(`${format.name} loses something`)
  })

  test.each(all)('what is not valid as $name', async (format) => {
    const write = format.write
    jest.spyOn(format, 'read').mockImplementation((json) => (json as { lost: AuditEvent }).lost)
    jest.spyOn(format, 'write').mockImplementation((event) => ({ ...write(event), lost: event }))
    await expect(send()).rejects.toThrow(`${format.name}:  must NOT have additional properties`)
  })
})

describe('the router', () => {
  test.each(all)(
    'writes $name onto the queue of the location, and Activity Tracker onto the intake queue',
    async (format) => {
      const action = 'container-registry.namespace.create'
      const plain = await routed('activity-tracker', action)
      const { queued, json, attributes } = await routed(format.name, action)
      expect(queued).toEqual(plain.queued)
      expect(queued?.route).toBeDefined()
      expect(json).toEqual(JSON.parse(JSON.stringify(format.write(plain.json))))
      expect(format.read(json)).toEqual(plain.json)
      expect(attributes).toEqual(plain.attributes)
    },
  )
})

describe('reading', () => {
  test('CADF of somebody else is refused, whatever is missing', async () => {
    const cadf = all.find(({ name }) => name === 'cadf')
    const json = cadf?.write(await full()) as Record<string, unknown>
    const attachments = [{ name: 'activity-tracker', content: {} }]
    for (const changes of [
      { tags: [5] },
      { tags: [null] },
      { tags: 'x' },
      { attachments },
      { attachments: [null] },
      { eventTime: undefined },
      { initiator: undefined },
      { target: { typeURI: 5 } },
      { reason: null },
    ]) {
      expect(() => cadf?.read({ ...json, ...changes })).toThrow('The event is not in the format cadf.')
    }
  })

  test.each(all)('$name refuses what is something else', async (format) => {
    const event = await full()
    const others = all.filter((other) => other !== format).map((other) => other.write(event))
    const written = format.write(event)
    for (const json of [null, undefined, 'text', 5, [], {}, [written], { ...event, target: 'x' }, ...others]) {
      expect(() => format.read(json)).toThrow(`The event is not in the format ${format.name}.`)
    }
  })
})

test.each(formatNames)('the schema of %s is one', (name) => {
  expect(() => new Ajv({ strictTuples: false }).compile(publishedSchema(name))).not.toThrow()
})

describe('schemas refuse', () => {
  /** `json` with `value` at the path `at`; without the field when `value` is undefined. */
  function changed(json: object, at: string, value: unknown): object {
    const copy = structuredClone(json)
    const path = at.split('.')
    const last = path.pop() as string
    const parent = path.reduce((inner, key) => (inner as Record<string, unknown>)[key] as object, copy as object)
    if (value === undefined) delete (parent as Record<string, unknown>)[last]
    else (parent as Record<string, unknown>)[last] = value
    return copy
  }

  const everywhere: [string, unknown][] = [
    ['id', 'not-a-uuid'],
    ['id', undefined],
    ['hello', 'world'],
  ]
  const shared = {
    'activity-tracker': [
      ['eventTime', '2020-07-28T12:00:00.00Z'],
      ['eventTime', '2020-07-28T12:00:00.00+00:00'],
      ['eventTime', '2020-07-28T12:00:00.000+0000'],
      ['eventTime', '2020-13-28T12:00:00.00+0000'],
      ['action', 'container-registry.image.fly'],
      ['outcome', 'unknown'],
      ['outcome', 'failure'],
      ['outcome', 'pending'],
      ['severity', 'high'],
      ['message', 'push image'],
      ['dataEvent', 'true'],
      ['dataEvent', undefined],
      ['deprecated', false],
      ['initiator.id', undefined],
      ['initiator.name', ''],
      ['initiator.typeURI', 'service/security/account/robot'],
      ['initiator.credential.type', 'password'],
      ['initiator.credential.token', 'secret'],
      ['initiator.host.address', undefined],
      ['initiator.host.addressType', 'IPv5'],
      ['initiator.host.agent', ''],
      ['initiator.role', 'admin'],
      ['target.id', ''],
      ['target.typeURI', 'container-registry/image/push'],
      ['target.host', {}],
      ['observer', undefined],
      ['observer.name', 'me'],
      ['reason.reasonCode', '201'],
      ['reason.reasonCode', 403],
      ['reason.reasonType', undefined],
      ['logSourceCRN', 'crn:v1:bluemix:public:container-registry::a/acme:::'],
      ['saveServiceCopy', false],
      ['requestData', 'text'],
      ['requestData', {}],
      ['responseData', []],
      ['correlationId', ''],
      ['provenance', undefined],
      ['provenance.location', 'mars'],
      ['provenance.edition', 'newest'],
      ['provenance.receivedTime', '2020-07-28T12:00:00.00Z'],
      ['provenance.redrivenTime', '2020-07-28T12:00:00.00Z'],
      ['provenance.redrivenFrom', 'quarantine'],
      ['provenance.assumed', []],
      ['provenance.cut', ['target']],
      ['route', {}],
    ],
    cadf: [
      ['typeURI', undefined],
      ['eventType', 'control'],
      ['eventTime', '2020-07-28T12:00:00.00Z'],
      ['eventTime', '2020-07-28T12:00:00.00+0000'],
      ['action', 'container-registry.image.push'],
      ['action', 'push'],
      ['outcome', 'unknown'],
      ['reason.reasonCode', 201],
      ['reason.reasonType', 'OK'],
      ['initiator.id', ''],
      ['initiator.credential.token', undefined],
      ['initiator.credential.token', 'secret'],
      ['initiator.host', {}],
      ['target.id', ''],
      ['target.typeURI', 'container-registry/image'],
      ['target.typeURI', 'data/picture/container-registry/image'],
      ['observer.id', undefined],
      ['observer.typeURI', undefined],
      ['reporterchain', []],
      ['reporterchain.0.role', 'observer'],
      ['reporterchain.0.reporterTime', '2020-07-28T12:00:00.00Z'],
      ['reporterchain.0.reporter.id', ''],
      ['reporterchain.1', {}],
      ['tags', []],
      ['tags.0', 'container-registry.image.push'],
      ['attachments', []],
      ['attachments.0.content.dataEvent', undefined],
      ['attachments.0.content.action', 'container-registry.image.push'],
      ['attachments.0.name', 'requestData'],
      ['attachments.0.contentType', undefined],
      ['attachments.0.typeURI', ''],
      ['attachments.1.content', 'text'],
      ['attachments.3', {}],
    ],
    cloudevents: [
      ['specversion', '0.3'],
      ['source', undefined],
      ['source', 'somewhere'],
      ['type', 'push'],
      ['time', '2020-07-28T12:00:00.00+0000'],
      ['subject', ''],
      ['datacontenttype', 'text/plain'],
      ['severitytext', 'high'],
      ['severitynumber', 10],
      ['dataevent', 'true'],
      ['correlationId', 'c'],
      ['recordedtime', undefined],
      ['location', 'mars'],
      ['data', undefined],
      ['data.eventTime', '2020-07-28T12:00:00.00Z'],
      ['data.hello', 'world'],
    ],
  } satisfies Record<(typeof formatNames)[number], [string, unknown][]>

  describe.each(all)('$name', ({ name, write }) => {
    test.each([...everywhere, ...shared[name]] as [string, unknown][])('%s: %j', async (at, value) => {
      const json = JSON.parse(JSON.stringify(write(await full())))
      expect([validatorOf(name)(json), validatorOf(name)(changed(json, at, value))]).toEqual([true, false])
    })
  })

  test('a failure without its reason', async () => {
    const { json } = await routed('activity-tracker', 'container-registry.image.delete', {
      data: { target: { repository: 'r', tag: '1' }, outcome: 'failure' },
    })
    const isValid = validatorOf('activity-tracker')
    expect([isValid(json), isValid(changed(json, 'reason.reasonForFailure', undefined))]).toEqual([true, false])
  })
})

describe('EVENT_FORMAT', () => {
  test.each(formatNames)('%s', (name) => {
    expect(readConfig({ EVENT_FORMAT: name }).eventFormat).toBe(name)
  })

  test.each([undefined, ''])('%j is activity-tracker', (value) => {
    expect(readConfig({ EVENT_FORMAT: value }).eventFormat).toBe('activity-tracker')
  })

  test.each(['xml', 'CADF', 'cadf ', 'toString'])('%j is refused, and the sentence has the three', (value) => {
    expect(() => readConfig({ EVENT_FORMAT: value })).toThrow(
      `EVENT_FORMAT is ${JSON.stringify(value)}, but has to be one of activity-tracker, cadf, cloudevents`,
    )
  })
})
