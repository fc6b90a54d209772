import { splunk, splunkWithRegistry, url } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'quay',
  body: fixture('quay/repo-push.json'),
  headers: { 'content-type': 'application/json' },
  query: 'event=repo_push',
  ways: [url],
}

/** The action log, as its producer for Splunk sends it. */
export const actionLog: Sender = {
  source: 'quay',
  body: fixture('quay/action-log-splunk-hec-push.json'),
  headers: { 'content-type': 'application/json' },
  ways: [splunk, splunkWithRegistry],
}
