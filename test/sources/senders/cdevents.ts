import { bare, basic, bearer, standard } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'cdevents',
  body: fixture('cdevents/structured-published.json'),
  headers: { 'content-type': 'application/cloudevents+json' },
  ways: [bearer, bare, basic, standard],
}
