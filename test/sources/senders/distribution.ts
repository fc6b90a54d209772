import { bare, basic, bearer } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'distribution',
  body: fixture('distribution/composite-envelope-multi-arch-push.json'),
  headers: { 'content-type': 'application/vnd.docker.distribution.events.v1+json' },
  ways: [bearer, bare, basic],
}
