import { describe, expect, test } from '@jest/globals'
import { edition } from '../lib/edition.ts'
import { RouterError } from '../lib/errors.ts'
import type { AuditEvent } from '../lib/event.ts'
import { places } from '../lib/locations.ts'
import type { RegistryConfig } from '../lib/registries.ts'
import { route } from '../lib/route.ts'
import { door, peek } from './door.ts'
import { cloudEvent } from './samples.ts'

const push = 'container-registry.image.push'
const account = 'acme'
const registry = (region: string, domain: string): RegistryConfig => ({
  id: `to-${region}`,
  source: 'cloudevents',
  domain,
  region: region as 'global',
  account,
})
const registries = [
  registry('ap-south', 'au.icr.io'),
  registry('eu-central', 'de.icr.io'),
  registry('global', 'icr.io'),
]
const queue = (location: string) => ({
  name: `registry-events-test-${location}`,
  awsRegion: places.find((place) => place.location === location)?.awsRegion ?? '',
})

test('each event goes to the queue of its location, with nine attributes and the location in its CRNs', async () => {
  const opened = door({ registries })
  for (const { id } of registries)
    await opened.post(`/webhooks/${id}`, cloudEvent('container-registry.namespace.create', 'namespace'))
  expect(await opened.route()).toEqual([])
  for (const [location, region] of [
    ['jp-tok', 'ap-south'],
    ['eu-de', 'eu-central'],
    ['us-south', 'global'],
  ] as const) {
    const [message, ...more] = await opened.queues.receive(queue(location), 10, 0, 0)
    expect(more).toEqual([])
    const event = JSON.parse(message?.body ?? '') as AuditEvent
    expect(event.logSourceCRN).toBe(`crn:v1:bluemix:public:container-registry:${location}:a/acme:::`)
    expect(event.target.id).toBe(`crn:v1:bluemix:public:container-registry:${location}:a/acme::namespace:team`)
    expect(event.route).toBeUndefined()
    expect(event.provenance).toMatchObject({ registry: `to-${region}`, region, location, edition: '2020-07-28' })
    expect(message?.attributes).toEqual({
      type: 'audit',
      account: 'acme',
      region,
      location,
      action: 'container-registry.namespace.create',
      severity: 'normal',
      dataEvent: 'false',
      id: event.id,
      edition: '2020-07-28',
    })
  }
})

test('a location that is down costs nobody else, and nothing goes elsewhere', async () => {
  const opened = door({
    registries,
    broken: {
      async send(target, messages) {
        if (target.name.endsWith('jp-tok')) throw new RouterError('UNAVAILABLE')
        return opened.queues.send(target, messages)
      },
    },
  })
  for (const { id } of registries) await opened.post(`/webhooks/${id}`, cloudEvent(push, 'image'))
  const failed = await opened.route()
  expect(failed).toHaveLength(1)
  const counts = await Promise.all(
    places.map(async ({ location }) => [location, (await peek(opened.queues, queue(location))).length]),
  )
  expect(counts.filter(([, count]) => count !== 0)).toEqual([
    ['us-south', 1],
    ['eu-de', 1],
  ])
})

test('an entry that a location refuses is tried again, its neighbours are not', async () => {
  const opened = door({
    registries,
    broken: {
      async send(target, messages) {
        if (!target.name.endsWith('eu-de')) return opened.queues.send(target, messages)
        await opened.queues.send(target, messages.slice(0, 1))
        return [1]
      },
    },
  })
  await opened.post('/webhooks/to-eu-central', [cloudEvent(push, 'image'), cloudEvent(push, 'image', { id: 'second' })])
  expect(await opened.route()).toHaveLength(1)
})

describe('what is on the intake queue and is no event', () => {
  test.each([
    ['no JSON', 'hello'],
    ['no object', 'null'],
    ['no route', '{"id":"1","target":{}}'],
    [
      'an unknown region',
      JSON.stringify({
        id: '1',
        target: { id: 'x' },
        logSourceCRN: 'crn',
        route: { region: 'mars', edition: '2020-07-28' },
      }),
    ],
    [
      'an unknown edition',
      JSON.stringify({ id: '1', target: { id: 'x' }, logSourceCRN: 'crn', route: { region: 'global', edition: 'x' } }),
    ],
    [
      'a region of another edition',
      JSON.stringify({
        id: '1',
        target: { id: 'x' },
        logSourceCRN: 'crn',
        route: { region: 'eu-es', edition: '2020-07-28' },
      }),
    ],
  ])('%s stays for the dead-letter queue, and the good one beside it goes on', async (_what, body) => {
    const opened = door({ registries })
    await opened.post('/webhooks/to-global', cloudEvent(push, 'image'))
    await opened.queues.send(opened.app.receiver.intake, [{ body, attributes: {} }])
    expect(await opened.route()).toHaveLength(1)
    expect(await peek(opened.queues, queue('us-south'))).toHaveLength(1)
  })
})

test('an event is routed by the edition it was written with', async () => {
  const registries = [{ ...registry('ap-south', 'au.icr.io'), editions: ['2026-08-11', '2020-07-28'] }]
  const opened = door({ registries })
  const { body } = await opened.post('/webhooks/to-ap-south', [
    cloudEvent(push, 'image'),
    cloudEvent('container-registry.image.build', 'image'),
  ])
  expect(body.accepted).toHaveLength(2)
  expect(await opened.route()).toEqual([])
  expect(await peek(opened.queues, queue('au-syd'))).toHaveLength(2)
})

test.each(['2020-07-28', '2026-08-11'])('route gives every region of %s its place', (date) => {
  for (const row of edition(date).regions) {
    expect(route(row.region, date)).toEqual({
      location: row.location,
      locationName: row.locationName,
      awsRegion: row.awsRegion,
    })
  }
})

test('route refuses what the mapping does not have', () => {
  expect(() => route('mars', '2020-07-28')).toThrow(
    'Region "mars" is not in the location mapping of edition 2020-07-28.',
  )
})
