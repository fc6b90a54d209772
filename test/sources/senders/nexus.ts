import { nexusSha1, standard } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'nexus',
  body: fixture('nexus/component-created.json'),
  headers: {
    'content-type': 'application/json; charset=UTF-8',
    'x-nexus-webhook-id': 'rm:repository:component',
    'x-nexus-webhook-delivery': '7c9d2f35-1c53-4a0b-9d3e-52b1c0a8e0f1',
  },
  ways: [nexusSha1, standard],
}
