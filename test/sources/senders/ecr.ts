import { bare, basic, bearer } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'ecr',
  body: fixture('ecr/eventbridge-cloudtrail-put-image.json'),
  headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Amazon/EventBridge/ApiDestinations' },
  ways: [bare, bearer, basic],
}
