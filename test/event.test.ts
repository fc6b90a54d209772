import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { actions } from '../lib/actions.ts'
import { edition } from '../lib/edition.ts'
import { severityOf } from '../lib/severity.ts'
import { door } from './door.ts'
import { cloudEvent } from './samples.ts'

const remove = 'container-registry.image.delete'
const write = async (data: object, type = remove) => {
  const { post, intake, quarantine } = door()
  const target = { repository: 'team/app', tag: 'v1' }
  await post('/webhooks/cloudevents', cloudEvent(type, 'image', { data: { target, ...data } }))
  return { event: (await intake())[0], kept: (await quarantine())[0] }
}

test.each([
  [{}, 'success', 202, 'Accepted', undefined],
  [{ outcome: 'success' }, 'success', 202, 'Accepted', undefined],
  [{ outcome: 'pending' }, 'pending', 202, 'Accepted', undefined],
  [{ outcome: 'failure' }, 'failure', 500, 'Internal Server Error', 'Internal Server Error'],
  [{ reason: { code: 204 } }, 'success', 204, 'No Content', undefined],
  [{ reason: { code: 302 } }, 'failure', 302, 'Found', 'Found'],
  [{ reason: { code: 404 } }, 'failure', 404, 'Not Found', 'Not Found'],
  [{ reason: { code: 409, message: 'in use' } }, 'failure', 409, 'Conflict', 'in use'],
  [{ outcome: 'failure', reason: { code: 403 } }, 'failure', 403, 'Forbidden', 'Forbidden'],
])('%j: %s %d', async (data, outcome, reasonCode, reasonType, reasonForFailure) => {
  const { event } = await write(data)
  expect(event?.outcome).toBe(outcome)
  expect(event?.reason).toEqual({ reasonCode, reasonType, ...(reasonForFailure ? { reasonForFailure } : {}) })
  expect(event?.message.endsWith(' -failure')).toBe(outcome === 'failure')
})

test.each([
  [{ outcome: 'success', reason: { code: 403 } }, 'outcome: success contradicts reason.code 403.'],
  [{ outcome: 'failure', reason: { code: 200 } }, 'outcome: failure contradicts reason.code 200.'],
  [{ outcome: 'pending', reason: { code: 200 } }, 'outcome: pending contradicts reason.code 200.'],
  [{ outcome: 'maybe' }, 'outcome: must be success, pending or failure.'],
  [{ reason: { code: '200' } }, 'reason.code: must be a number.'],
  [{ reason: { code: 99 } }, 'reason.code: must be an HTTP status code.'],
  [{ requestData: 'text' }, 'requestData: must be an object.'],
])('%j is refused: %s', async (data, message) => {
  const { event, kept } = await write(data)
  expect(event).toBeUndefined()
  expect(kept).toMatchObject({ reason: 'INVALID_ITEM', message })
})

describe('severity', () => {
  // The published table; the codes of no row follow the rule of docs/events.md.
  test.each([
    [400, 'warning', 'warning'],
    [401, 'critical', 'critical'],
    [403, 'critical', 'critical'],
    [409, 'warning', 'warning'],
    [424, 'warning', 'warning'],
    [500, 'warning', 'warning'],
    [502, 'warning', 'warning'],
    [503, 'critical', 'critical'],
    [504, 'warning', 'warning'],
    [505, 'warning', 'warning'],
    [507, 'critical', 'critical'],
    [404, 'warning', 'critical'],
    [429, 'warning', 'critical'],
    [302, 'warning', 'critical'],
    [200, 'normal', 'critical'],
    [202, 'normal', 'critical'],
    [299, 'normal', 'critical'],
  ] as const)('code %d: %s where success is normal, %s where it is critical', (code, normal, critical) => {
    expect([severityOf(code, 'normal'), severityOf(code, 'critical')]).toEqual([normal, critical])
  })

  test.each([
    ['auth.set', 'critical'],
    ['image.untag', 'warning'],
    ['image.tag', 'warning'],
    ['trash.restore', 'warning'],
    ['exemption.create', 'normal'],
    ['image.pull', 'normal'],
    ['image.bulkdelete', 'critical'],
  ])('of a successful %s is %s', (action, severity) => {
    expect(actions.find((row) => row.action === `container-registry.${action}`)?.severity).toBe(severity)
  })
})

describe('size', () => {
  const bytes = (event: object | undefined) => Buffer.byteLength(JSON.stringify(event))
  const big = (kilobytes: number) => ({ text: 'x'.repeat(kilobytes * 1024) })

  test.each([
    ['both fit', { requestData: big(10), responseData: big(10) }, ['requestData', 'responseData'], undefined],
    ['responseData goes first', { requestData: big(20), responseData: big(20) }, ['requestData'], ['responseData']],
    ['then requestData', { requestData: big(40), responseData: big(1) }, [], ['responseData', 'requestData']],
    ['requestData alone', { requestData: big(40) }, [], ['requestData']],
    ['responseData alone', { responseData: big(40) }, [], ['responseData']],
  ])('%s', async (_what, data, left, cut) => {
    const { event } = await write(data)
    expect(bytes(event)).toBeLessThanOrEqual(32 * 1024)
    expect(['requestData', 'responseData'].filter((field) => event && field in event)).toEqual(left)
    expect(event?.route?.cut).toEqual(cut)
    expect(event?.target.name).toBe('de.icr.io/team/app:v1')
  })

  test('no event of any text is over 32 KiB after routing', async () => {
    const long = fc.string({ unit: 'binary', minLength: 0, maxLength: 3000, size: 'max' })
    const name = fc.string({ unit: 'binary', maxLength: 60, size: 'max' }).map((text) => `n${text}`)
    // A name that JSON has to escape is refused.
    const plain = long.map((text) => text.replaceAll(/["\\\p{Cc}\p{Cs}\ufffe\uffff]/gu, '_'))
    const bag = fc.dictionary(plain, long, { maxKeys: 4 })
    const data = fc.record({
      target: fc.record({
        repository: fc.constant('r'.repeat(255)),
        tag: fc.constant('t'.repeat(128)),
        alias: fc.constant('\u{1f600}'.repeat(200)),
      }),
      initiator: fc.record({ id: name, name, agent: long, address: long, authnId: name, authnName: name }),
      reason: fc.record({ code: fc.constant(500), message: long }),
      requestData: bag,
      responseData: bag,
      correlationId: name,
      domain: long,
    })
    await fc.assert(
      fc.asyncProperty(data, async (value) => {
        const opened = door()
        const { body } = await opened.post('/webhooks/cloudevents', cloudEvent(remove, 'image', { data: value }))
        expect(body.accepted).toHaveLength(1)
        expect(await opened.route()).toEqual([])
        const { queues } = opened
        const [message] = await queues.receive(
          { name: 'registry-events-test-eu-de', awsRegion: 'eu-central-1' },
          1,
          0,
          0,
        )
        expect(Buffer.byteLength(message?.body ?? '')).toBeLessThanOrEqual(32 * 1024)
      }),
      { numRuns: 40 },
    )
  })
})

test('every event has the required fields in their published form', async () => {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{2}\+0000$/
  const crn = /^crn:v1:bluemix:public:([^:]+):([^:]*):a\/([^:]+):([^:]*):([^:]*):([^:]*)$/
  const { post, intake } = door()
  const rows = edition('2020-07-28').actions
  await post(
    '/webhooks/cloudevents',
    rows.map(({ action, family }) => cloudEvent(action, family)),
  )
  const events = await intake()
  expect(events).toHaveLength(30)
  for (const event of events) {
    expect(event.eventTime).toMatch(time)
    expect(event.logSourceCRN).toMatch(crn)
    expect(event.target.typeURI).toMatch(/^container-registry\/[a-z]+$/)
    expect(event.observer).toEqual({ name: 'ActivityTracker' })
    expect([typeof event.reason.reasonCode, typeof event.dataEvent, event.saveServiceCopy]).toEqual([
      'number',
      'boolean',
      true,
    ])
    expect(event.message).toBe(
      `Container Registry: ${rows.find(({ action }) => action === event.action)?.says} ${event.target.name}`,
    )
    expect(event.target.id).not.toBe('')
  }
})
