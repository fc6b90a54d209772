import { jfrogSecret, jfrogSha256, standard } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'artifactory',
  body: fixture('artifactory/docker-pushed.json'),
  headers: { 'content-type': 'application/json' },
  ways: [jfrogSecret, jfrogSha256, standard],
}
