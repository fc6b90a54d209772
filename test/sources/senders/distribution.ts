import { bare, basic, bearer } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

const sender = (name: string): Sender => ({
  source: 'distribution',
  body: fixture(`distribution/${name}.json`),
  headers: { 'content-type': 'application/vnd.docker.distribution.events.v1+json' },
  ways: [bearer, bare, basic],
})

export const single = sender('push-manifest-tag')
export const several = sender('composite-envelope-multi-arch-push')
