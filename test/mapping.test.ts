import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { edition } from '../lib/edition.ts'
import { places } from '../lib/locations.ts'
import { type Delivered, type Emulation, queueAt, startEmulation, take } from './emulation.ts'
import { cloudEvent } from './samples.ts'

// Every action from every region, through HTTP and the family's own function, to the queue of the right location.

// Typed off the two pages, not off the table.
const oldPage: [region: string, location: string][] = [
  ['us-south', 'us-south'],
  ['eu-central', 'eu-de'],
  ['uk-south', 'eu-gb'],
  ['ap-south', 'jp-tok'],
  ['ap-north', 'jp-tok'],
  ['global', 'us-south'],
]
const newPage: [region: string, location: string][] = [
  ...[
    'au-syd',
    'br-sao',
    'ca-mon',
    'ca-tor',
    'eu-de',
    'eu-es',
    'eu-gb',
    'in-che',
    'in-mum',
    'jp-osa',
    'jp-tok',
    'us-south',
  ].map((region): [string, string] => [region, region]),
  ['global', 'us-east'],
]
const senders = [
  ...oldPage.map(([region, location]) => ({ id: `old-${region}`, location, rows: edition('2020-07-28').actions })),
  ...newPage.map(([region, location]) => ({ id: `new-${region}`, location, rows: edition('2026-08-11').actions })),
]

let emulation: Emulation

beforeAll(async () => {
  emulation = await startEmulation({
    env: { REGISTRIES: resolve(import.meta.dirname, 'fixtures/registries/regions.ts') },
  })
}, 30_000)

afterAll(() => emulation?.close())

async function post({
  id,
  location,
  rows,
}: (typeof senders)[number]): Promise<[location: string, eventId: string, action: string][]> {
  const answers = rows.map(async ({ action, family }) => {
    const response = await fetch(`${emulation.url}/webhooks/${id}/${family}`, {
      method: 'POST',
      headers: { authorization: 'Bearer local', 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify(cloudEvent(action, family)),
    })
    const { accepted } = (await response.json()) as { accepted: { id: string; action: string }[] }
    return [location, accepted[0]?.id ?? `not accepted: ${id} ${action}`, action] as [string, string, string]
  })
  return Promise.all(answers)
}

test('30 actions x 6 registries of the seed edition, 36 x 13 of the newest', async () => {
  const sent: [string, string, string][] = []
  for (const sender of senders) sent.push(...(await post(sender)))
  expect(sent).toHaveLength(30 * 6 + 36 * 13)
  const looks = places.map(async ({ location }) => {
    const wanted = sent.filter(([at]) => at === location).length
    const taken = await take(emulation.queues, queueAt(location), (events) => events.length >= wanted, 30)
    return taken.map(({ event, attributes }: Delivered) => [attributes.location, event.id, event.action])
  })
  const arrived = (await Promise.all(looks)).flat()
  expect(arrived.toSorted()).toEqual(sent.toSorted())
}, 60_000)
