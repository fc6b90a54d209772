import { url } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'dockerhub',
  body: fixture('dockerhub/push-multi-arch-repeat.json'),
  headers: { 'content-type': 'application/json' },
  ways: [url],
}
