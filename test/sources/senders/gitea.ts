import { bare, basic, bearer, giteaSha256, hubSha256, standard } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'gitea',
  body: fixture('gitea/package-created-tag.json'),
  headers: {
    'content-type': 'application/json',
    // Empty for packages in many versions.
    'x-gitea-event': '',
    'x-gitea-event-type': 'package',
    'x-gitea-delivery': '6a3ce9d2-8f1c-4c8e-9a53-0c6f1e0c9b11',
  },
  ways: [giteaSha256, hubSha256, bearer, bare, basic, standard],
}
