import { expect, test } from '@jest/globals'
import { toText } from '../../lib/body.ts'
import type { AuditEvent } from '../../lib/event.ts'
import { cloudevents } from '../../lib/formats/cloudevents.ts'
import { door } from '../door.ts'
import { cloudEvent } from '../samples.ts'

// CloudEvents 1.0, written down from its specification and not from our code.

const eude = { name: 'registry-events-test-eu-de', awsRegion: 'eu-central-1' }

/** The message of a push of `data`. */
async function write(data: object): Promise<{ body: string; json: Record<string, unknown> & { data: AuditEvent } }> {
  const opened = door({ format: 'cloudevents' })
  await opened.post('/webhooks/cloudevents', cloudEvent('container-registry.image.push', 'image', { data }))
  await opened.route()
  const [message] = await opened.queues.receive(eude, 1, 0, 0)
  const body = message?.body ?? 'null'
  return { body, json: JSON.parse(body) }
}

const image = { repository: 'team/app', tag: '1.4.0', digest: `sha256:${'ab'.repeat(32)}` }

test('the attributes, and the event as data', async () => {
  const { json } = await write({ target: image, correlationId: 'c-1' })
  const { data, ...attributes } = json
  expect(attributes).toEqual({
    specversion: '1.0',
    id: data.id,
    source: 'crn:v1:bluemix:public:container-registry:eu-de:a/acme:::',
    type: 'container-registry.image.push',
    time: '2026-11-22T12:39:43.08Z',
    subject: 'de.icr.io/team/app:1.4.0',
    datacontenttype: 'application/json',
    severitytext: 'normal',
    severitynumber: 9,
    dataevent: true,
    registry: 'cloudevents',
    account: 'acme',
    region: 'eu-central',
    location: 'eu-de',
    edition: '2020-07-28',
    correlationid: 'c-1',
    recordedtime: '2026-11-22T13:00:00.12Z',
  })
  expect(data).toMatchObject({ action: 'container-registry.image.push', provenance: { location: 'eu-de' } })
})

test('attributes have names of lower-case letters and digits, at most 20, and plain values', async () => {
  const { json } = await write({ target: image, correlationId: 'c-1' })
  const { data: _event, ...attributes } = json
  for (const [name, value] of Object.entries(attributes)) {
    expect(name).toMatch(/^[a-z0-9]{1,20}$/)
    expect(['string', 'number', 'boolean']).toContain(typeof value)
    expect(value).not.toBe('')
  }
})

test.each([
  [201, 'normal', 9],
  [400, 'warning', 13],
  [403, 'critical', 17],
])('code %d is %s, %d', async (code, severitytext, severitynumber) => {
  const { json } = await write({ target: image, reason: { code } })
  expect(json).toMatchObject({ severitytext, severitynumber })
})

test('what there is nothing for is left out', async () => {
  const { json } = await write({ target: image })
  expect(json).not.toHaveProperty('correlationid')
})

test('the largest event stays below what intermediaries have to forward', async () => {
  const { body, json } = await write({
    target: { ...image, name: '\u{1f600}'.repeat(256), alias: '\u{1f600}'.repeat(256) },
    initiator: { id: '\u{1f600}'.repeat(256), name: '\u{1f600}'.repeat(256) },
    requestData: { text: 'x'.repeat(15_000) },
  })
  expect(Buffer.byteLength(toText(json.data))).toBeGreaterThan(30 * 1024)
  expect(Buffer.byteLength(toText(json.data))).toBeLessThanOrEqual(32 * 1024)
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(64 * 1024)
})

test('before it has a location it can be written, too', async () => {
  const opened = door()
  await opened.post('/webhooks/cloudevents', cloudEvent('container-registry.image.push', 'image'))
  const [event] = await opened.intake()
  const json = JSON.parse(toText(cloudevents.write(event as AuditEvent)))
  expect(json).toMatchObject({ source: 'crn:v1:bluemix:public:container-registry::a/acme:::', region: 'eu-central' })
  expect(json).not.toHaveProperty('location')
})

test('one that comes back as a webhook is no activity: no loop', async () => {
  const { json } = await write({ target: image })
  const { body } = await door().post('/webhooks/cloudevents', json)
  expect([body.accepted, body.quarantined.map(({ reason }) => reason)]).toEqual([[], ['INVALID_ITEM']])
})

test.each([{ specversion: '0.3' }, { data: undefined }, { data: {} }])('%j is refused', async (changes) => {
  const { json } = await write({ target: image })
  expect(() => cloudevents.read({ ...json, ...changes })).toThrow('The event is not in the format cloudevents.')
})
