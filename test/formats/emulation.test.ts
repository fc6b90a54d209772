import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { formats } from '../../lib/formats/index.ts'
import { type Emulation, queueAt, startEmulation } from '../emulation.ts'
import { cloudEvent } from '../samples.ts'
import { checkLocated, validatorOf } from './check.ts'

// What a whole deployment does with EVENT_FORMAT: from the environment of the function to the queue.

let emulation: Emulation

beforeAll(async () => {
  emulation = await startEmulation({ env: { EVENT_FORMAT: 'cadf' } })
}, 30_000)

afterAll(() => emulation?.close())

test('EVENT_FORMAT=cadf puts CADF onto the queue of the location', async () => {
  const response = await fetch(`${emulation.url}/webhooks/cloudevents`, {
    method: 'POST',
    headers: { authorization: 'Bearer local', 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify(cloudEvent('container-registry.image.push', 'image')),
  })
  const { accepted } = (await response.json()) as { accepted: { id: string }[] }
  const [message] = await emulation.queues.receive(queueAt('eu-de'), 1, 10, 60)
  const json = JSON.parse(message?.body ?? 'null')
  expect(validatorOf('cadf')(json)).toBe(true)
  const event = checkLocated(formats.cadf.read(json))
  expect([event.id, message?.attributes.id]).toEqual([accepted[0]?.id, accepted[0]?.id])
})
