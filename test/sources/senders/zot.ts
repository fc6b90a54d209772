import { bare, basic, bearer, standard } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

const event = {
  specversion: '1.0',
  id: '3c1e5a52-6a4f-4f8e-9d55-0c6f0a5b7c11',
  source: 'zotregistry.dev',
  type: 'zotregistry.image.updated',
  time: '2026-11-22T12:39:43.083Z',
}
const body = fixture('zot/image-updated-tag.json')

export const binary: Sender = {
  source: 'zot',
  body,
  headers: {
    'content-type': 'application/json',
    ...Object.fromEntries(Object.entries(event).map(([name, value]) => [`ce-${name}`, value])),
  },
  ways: [basic, bearer, bare],
}

/** As what passes zot's events on sends them: in structured mode they can be signed. */
export const structured: Sender = {
  source: 'zot',
  body: Buffer.from(JSON.stringify({ ...event, data: JSON.parse(body.toString()) })),
  headers: { 'content-type': 'application/cloudevents+json' },
  ways: [basic, bearer, bare, standard],
}
