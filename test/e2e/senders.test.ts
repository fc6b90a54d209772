import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CloudEvent, emitterFor, HTTP, Mode, type TransportFunction } from 'cloudevents'
import { Webhook } from 'standardwebhooks'
import { secretVariable } from '../../lib/secrets.ts'
import { type Emulation, queueAt, startEmulation, take } from '../emulation.ts'
import { senders } from '../sources/senders/index.ts'
import { actionLog } from '../sources/senders/quay.ts'
import { send, type Way } from '../sources/ways.ts'

// Senders over HTTP, into the emulation and out of its queues: the CloudEvents SDK with the signing library of Standard Webhooks,
// which know nothing of this project, and a request of every source.

const KEY = `whsec_${randomBytes(32).toString('base64')}`
const PLAIN = 'plain-secret'

let emulation: Emulation

beforeAll(async () => {
  emulation = await startEmulation({ env: { [secretVariable('cloudevents')]: `${KEY} ${PLAIN}` } })
})
afterAll(() => emulation?.close())

/** Sends what the SDK made of an event, signed as Standard Webhooks says when `signed`, with a token otherwise. */
const transport =
  (signed: boolean): TransportFunction =>
  async ({ headers, body }) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const at = new Date()
    const proof = signed
      ? {
          'webhook-id': 'msg_1',
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(KEY).sign('msg_1', at, text),
        }
      : { authorization: `Bearer ${PLAIN}` }
    const answer = await fetch(`${emulation.url}/webhooks/cloudevents`, {
      method: 'POST',
      headers: { ...(headers as Record<string, string>), ...proof },
      body: text,
    })
    return { status: answer.status, body: await answer.json() }
  }

const modes = [Mode.BINARY, Mode.STRUCTURED].flatMap((mode) =>
  [true, false].map((signed): [Mode, boolean] => [mode, signed]),
)

test.each(modes)('the CloudEvents SDK, %s, signed: %s', async (mode, signed) => {
  const emit = emitterFor(transport(signed), { binding: HTTP, mode })
  const id = `${mode}-${signed}`
  const event = new CloudEvent({
    id,
    type: 'container-registry.image.push',
    source: '/ci/pipelines/7',
    time: '2026-11-22T12:00:00.000Z',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    data: {
      target: { repository: 'team/app', tag: id },
      initiator: { id: 'IBMid-50ABC', name: 'Zoë — ci', address: '2001:db8::1' },
    },
  })
  const answer = (await emit(event)) as { status: number; body: { accepted: { id: string }[] } }
  expect(answer.status).toBe(202)
  const [accepted] = answer.body.accepted
  const taken = await take(emulation.queues, queueAt('eu-de'), (events) =>
    events.some(({ event }) => event.id === accepted?.id),
  )
  expect(taken.find((one) => one.event.id === accepted?.id)?.event).toMatchObject({
    eventTime: '2026-11-22T12:00:00.00+0000',
    action: 'container-registry.image.push',
    target: { name: `de.icr.io/team/app:${id}` },
    initiator: { name: 'Zoë — ci', host: { address: '2001:db8::1', addressType: 'IPv6' } },
    requestData: { extensions: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } },
  })
})

test('a signature of another body is refused', async () => {
  const sign = (text: string) => new Webhook(KEY).sign('msg_1', new Date(), text)
  const answer = await fetch(`${emulation.url}/webhooks/cloudevents`, {
    method: 'POST',
    headers: {
      'content-type': 'application/cloudevents+json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'webhook-signature': sign('{"other":true}'),
    },
    body: '{}',
  })
  expect(answer.status).toBe(401)
})

const others = senders.filter(({ source }) => source !== 'cloudevents')

test.each(others.map((sender) => [`${sender.source}, ${sender.body.length} bytes`, sender] as const))(
  '%s',
  async (_name, sender) => {
    const [way] = sender.ways as [Way]
    const draft = { body: sender.body, headers: sender.headers, query: sender.query ?? '' }
    const { headers = {}, query = '' } = send(draft, way, way.credentials(sender.body, 'local'))
    const answer = await fetch(`${emulation.url}/webhooks/${sender.source}${query ? `?${query}` : ''}`, {
      method: 'POST',
      headers,
      body: new Uint8Array(sender.body),
    })
    expect(answer.status).toBe(202)
    const { accepted, quarantined } = (await answer.json()) as { accepted: { id: string }[]; quarantined: object[] }
    expect(quarantined).toEqual([])
    const wanted = accepted.map(({ id }) => id)
    const taken = await take(emulation.queues, queueAt('eu-de'), (events) =>
      wanted.every((id) => events.some(({ event }) => event.id === id)),
    )
    expect(wanted.filter((id) => !taken.some(({ event }) => event.id === id))).toEqual([])
    // Neither a token nor what else the URL holds is ever printed.
    expect(emulation.output()).not.toContain('token=')
  },
)

test('a Splunk collector’s request, with the registry in its token', async () => {
  const answer = await fetch(`${emulation.url}/services/collector/event`, {
    method: 'POST',
    headers: { authorization: 'Splunk quay:local', 'content-type': 'application/json' },
    body: new Uint8Array(actionLog.body),
  })
  expect(answer.status).toBe(202)
  const { accepted } = (await answer.json()) as { accepted: object[] }
  expect(accepted.length).toBeGreaterThan(0)
})

test('Event Grid’s validation is answered with its code', async () => {
  const event = {
    id: '2d1781af-3a4c-4d7c-bd0c-e34b19da4e66',
    topic: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/acme',
    eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
    data: { validationCode: '512d38b6', validationUrl: 'https://rp.example/validate' },
  }
  const answer = await fetch(`${emulation.url}/webhooks/acr?token=local`, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', 'aeg-event-type': 'SubscriptionValidation' },
    body: JSON.stringify([event]),
  })
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({ validationResponse: '512d38b6' })
})

test('the handshake of CloudEvents is answered', async () => {
  const answer = await fetch(`${emulation.url}/webhooks/acr?token=local`, {
    method: 'OPTIONS',
    headers: { 'webhook-request-origin': 'eventgrid.azure.net', 'webhook-request-rate': '120' },
  })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('webhook-allowed-origin')).toBe('eventgrid.azure.net')
  expect(answer.headers.get('webhook-allowed-rate')).toBe('120')
})
