import { bare, basic, bearer, url } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'artifactregistry',
  body: fixture('artifactregistry/wrapped-insert-tag.json'),
  headers: { 'content-type': 'application/json', 'user-agent': 'APIs-Google' },
  ways: [url, bearer, bare, basic],
}
