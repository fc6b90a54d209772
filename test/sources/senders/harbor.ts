import { bare, basic, bearer } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'harbor',
  body: fixture('harbor/push-untagged-child-manifest.json'),
  headers: { 'content-type': 'application/json' },
  ways: [bare, bearer, basic],
}
