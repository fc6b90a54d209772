import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Family } from '../../lib/actions.ts'
import { edition } from '../../lib/edition.ts'
import { places } from '../../lib/locations.ts'
import { type Delivered, type Emulation, queueAt, startEmulation, take } from '../emulation.ts'
import { cloudEvent } from '../samples.ts'

// Every action from every region, through HTTP and the family's own function, to the queue of the right location; in CADF, so that
// EVENT_FORMAT is seen to reach the router.

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

const format = 'cadf'
let emulation: Emulation

beforeAll(async () => {
  emulation = await startEmulation({
    env: { EVENT_FORMAT: format, REGISTRIES: resolve(import.meta.dirname, '../fixtures/registries/regions.ts') },
  })
}, 30_000)

afterAll(() => emulation?.close())

async function post(id: string, action: string, family: Family): Promise<string> {
  const response = await fetch(`${emulation.url}/webhooks/${id}/${family}`, {
    method: 'POST',
    headers: { authorization: 'Bearer local', 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify(cloudEvent(action, family)),
  })
  const { accepted } = (await response.json()) as { accepted?: { id: string }[] }
  return accepted?.[0]?.id ?? `answered ${response.status}: ${id} ${action}`
}

test('30 actions x 6 registries of the seed edition, 36 x 13 of the newest', async () => {
  const sent: string[][] = []
  for (const { id, location, rows } of senders) {
    const answers = rows.map(async ({ action, family }) => [location, await post(id, action, family), action])
    sent.push(...(await Promise.all(answers)))
  }
  expect(new Set(sent.map(([, id]) => id)).size).toBe(30 * 6 + 36 * 13)
  const looks = places.map(async ({ location }) => {
    const wanted = sent.filter(([at]) => at === location).length
    const ids = (events: readonly Delivered[]) => new Set(events.map(({ event }) => event.id)).size
    const taken = await take(emulation.queues, queueAt(location), (events) => ids(events) >= wanted, 30, format)
    const rows = taken.map(
      ({ event, attributes }) => [event.id, [attributes.location, event.id, event.action]] as const,
    )
    return [...new Map(rows).values()]
  })
  const arrived = (await Promise.all(looks)).flat()
  expect(arrived.toSorted()).toEqual(sent.toSorted())
}, 60_000)
