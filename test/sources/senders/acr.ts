import { bare, basic, bearer, url } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'acr',
  body: fixture('acr/eventgrid-image-pushed.json'),
  headers: { 'content-type': 'application/json; charset=utf-8', 'aeg-event-type': 'Notification' },
  ways: [url, bearer, bare, basic],
}
