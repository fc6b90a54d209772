import { url } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'alibaba',
  body: fixture('alibaba/push.json'),
  headers: { 'content-type': 'application/json' },
  ways: [url],
}

/** By way of EventBridge. */
export const eventBridge: Sender = {
  source: 'alibaba',
  body: fixture('alibaba/eventbridge-push.json'),
  headers: { 'content-type': 'application/cloudevents+json' },
  ways: [url],
}
