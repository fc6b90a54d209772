import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { alertSearches, type SavedSearch } from '../../lib/alerts/searches.ts'
import type { State } from '../../lib/alerts/state.ts'
import { type Receiver, receiver } from '../alerts/receiver.ts'
import { type Emulation, queueAt, startEmulation } from '../emulation.ts'
import { cloudEvent } from '../samples.ts'

// From a webhook through all functions to whoever wants to know: a receiver that checks signatures, and a queue.

const KEY = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
/** A queue that nothing else comes to. */
const queue = queueAt('eu-gb')

let folder: string
let pager: Receiver
let emulation: Emulation

/** As if the searches had been watching since before anything was archived: else they would begin at their first look. */
function remember(stateDir: string, searches: readonly SavedSearch[]): void {
  for (const { id, definition } of alertSearches(searches)) {
    const alerts = join(stateDir, 'archive/eu-de/alerts')
    mkdirSync(alerts, { recursive: true })
    const state: State = {
      definition,
      since: 0,
      position: 0,
      lookedAt: 0,
      damaged: [],
      sizes: [],
      told: [],
      waiting: [],
    }
    writeFileSync(join(alerts, id), JSON.stringify(state))
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alerts-'))
  pager = await receiver(KEY)
  const searches: SavedSearch[] = [
    { id: 'to-pager', says: 'Deleted.', query: 'action=image.delete', atLeast: 1, to: { webhook: pager.address } },
    {
      id: 'to-queue',
      says: 'Deleted often.',
      query: 'action=image.delete',
      atLeast: 2,
      over: '1h',
      by: 'registry',
      to: { queue: queue.name, awsRegion: queue.awsRegion },
    },
  ]
  const archive = { origin: 'events.example.com', readers: [{ id: 'local', locations: 'all' }], searches }
  writeFileSync(join(folder, 'archive.ts'), `export const archive = ${JSON.stringify(archive)}\n`)
  const stateDir = join(folder, 'state')
  remember(stateDir, searches)
  emulation = await startEmulation({
    stateDir,
    env: { ARCHIVE: join(folder, 'archive.ts'), SECRET_ALERT_TO_PAGER: KEY },
  })
}, 60_000)
afterAll(async () => {
  await emulation?.close()
  await pager?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const headers = { authorization: 'Bearer local', 'content-type': 'application/cloudevents+json' }

test('a deletion is told within a minute or so, and explained', async () => {
  const ids: string[] = []
  for (const id of ['one', 'two']) {
    const event = cloudEvent('container-registry.image.delete', 'image', { id, time: new Date().toISOString() })
    const answer = await fetch(`${emulation.url}/webhooks/cloudevents`, {
      method: 'POST',
      headers,
      body: JSON.stringify(event),
    })
    const { accepted } = (await answer.json()) as { accepted: { id: string }[] }
    ids.push(...accepted.map((one) => one.id))
  }
  expect(ids).toHaveLength(2)
  const messages = await emulation.queues.receive(queue, 10, 20, 60)
  while (messages.length === 0) messages.push(...(await emulation.queues.receive(queue, 10, 20, 60)))
  expect(messages.map(({ attributes }) => attributes)).toEqual([
    { type: 'alert', search: 'to-queue', id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  ])
  expect(JSON.parse(messages[0]?.body ?? '').data).toMatchObject({ by: { registry: 'cloudevents' }, count: 2 })
  const told = () => pager.taken.flatMap(({ body }) => body.data.events.map(({ event }) => event.id))
  while (told().length < 2) await new Promise((resolve) => setTimeout(resolve, 200))
  expect(told().toSorted()).toEqual(ids.toSorted())
  expect(pager.taken.every(({ genuine }) => genuine)).toBe(true)
  const explained = await fetch(`${emulation.url}/events/${ids[0]}/explain`, { headers })
  const { steps } = (await explained.json()) as { steps: { step: string; rule?: string; location?: string }[] }
  expect(steps.find(({ step }) => step === 'rule')?.rule).toBe('container-registry.image.delete')
  expect(steps.at(-1)).toMatchObject({ step: 'checkpoint', location: 'eu-de' })
  const listed = await fetch(`${emulation.url}/searches`, { headers })
  expect(((await listed.json()) as { searches: unknown[] }).searches).toHaveLength(2)
  expect(emulation.output()).not.toContain('not-to-be-logged')
}, 200_000)
