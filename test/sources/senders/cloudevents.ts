import { cloudEvent } from '../../samples.ts'
import { bare, basic, bearer, standard } from '../ways.ts'
import type { Sender } from './sender.ts'

export const sender: Sender = {
  source: 'cloudevents',
  body: Buffer.from(JSON.stringify([cloudEvent('container-registry.image.push', 'image')])),
  headers: { 'content-type': 'application/cloudevents-batch+json' },
  ways: [bearer, bare, basic, standard],
}
