import { hubSha1, hubSha256 } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'github',
  body: fixture('github/package-published-index-tag.json'),
  headers: {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/24bccdc',
    'x-github-event': 'package',
    'x-github-delivery': '40731f00-2623-11ec-8a58-45788bc19979',
    'x-github-hook-id': '321104258',
  },
  ways: [hubSha256, hubSha1],
}
