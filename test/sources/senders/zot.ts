import { bare, basic, bearer, standard } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'zot',
  body: fixture('zot/image-updated-tag.json'),
  headers: {
    'content-type': 'application/json',
    'ce-specversion': '1.0',
    'ce-id': '3c1e5a52-6a4f-4f8e-9d55-0c6f0a5b7c11',
    'ce-source': 'zotregistry.dev',
    'ce-type': 'zotregistry.image.updated',
    'ce-time': '2026-11-22T12:39:43.083Z',
  },
  ways: [basic, bearer, bare, standard],
}
