import * as v from 'valibot'
import type { Activity, Initiator } from '../activity.ts'
import { answerOptions, cloudEventId, cloudEventItems, dataOf, hasCloudEvents, readCloudEvent } from '../cloudevent.ts'
import { RouterError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request, Response } from '../request.ts'
import { parseTime } from '../time.ts'
import { charts, children, signatures } from './settings.ts'
import { query, token } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, namingOf, pushes, ruled, type Vocabulary } from './vocabulary.ts'
import { idOfContent } from './window.ts'

// Azure Container Registry: its own webhook, and Event Grid in both of its schemas (docs/sources/acr.md).

const text = v.nullish(v.string('must be text'))

// The body of a webhook, `data` of Event Grid.
const data = {
  id: text,
  timestamp: text,
  location: text,
  target: v.nullish(
    v.object({ digest: text, repository: text, tag: text, name: text, version: text }, 'must be an object'),
    {},
  ),
  request: v.nullish(v.object({ id: text, addr: text, host: text, useragent: text }, 'must be an object')),
  actor: v.nullish(v.object({ name: text }, 'must be an object')),
  connectedRegistry: v.nullish(v.object({ name: text }, 'must be an object')),
}

const dataSchema = v.object(data, 'must be an object')

const webhookSchema = v.object({ ...data, action: v.string('must be text') }, 'is no webhook of ACR')

const eventGridSchema = v.object(
  {
    id: text,
    topic: text,
    eventType: v.string('must be text'),
    eventTime: text,
    data: v.optional(v.unknown()),
  },
  'is no event of Event Grid',
)

const VALIDATION = 'Microsoft.EventGrid.SubscriptionValidationEvent'

const chart = { setting: 'charts', is: 'ignore', becomes: { ignored: 'chart' } } as const

const vocabulary = {
  ...pushes('push'),
  delete: { action: 'image.delete' },
  'delete, of the repository': { action: 'image.bulkdelete' },
  chart_push: { action: 'image.push', unless: chart },
  chart_delete: { action: 'image.delete', unless: chart },
  quarantine: { ignored: 'quarantine' },
  ping: { ignored: 'ping' },
  ...pushes('Microsoft.ContainerRegistry.ImagePushed'),
  'Microsoft.ContainerRegistry.ImageDeleted': { action: 'image.delete' },
  'Microsoft.ContainerRegistry.ImageDeleted, of the repository': { action: 'image.bulkdelete' },
  'Microsoft.ContainerRegistry.ChartPushed': { action: 'image.push', unless: chart },
  'Microsoft.ContainerRegistry.ChartDeleted': { action: 'image.delete', unless: chart },
  [VALIDATION]: { ignored: 'subscription validation' },
  'Microsoft.EventGrid.SubscriptionDeletedEvent': { ignored: 'subscription deletion' },
} as const satisfies Vocabulary

const PUSHES: ReadonlySet<string> = new Set(['push', 'Microsoft.ContainerRegistry.ImagePushed'])
const DELETES: ReadonlySet<string> = new Set(['delete', 'Microsoft.ContainerRegistry.ImageDeleted'])
const CHART = /^(?:chart_|Microsoft\.ContainerRegistry\.Chart)/

/** What all three forms say. */
interface Event {
  /** `action` of a webhook, the type of Event Grid. */
  type: string
  id: string | undefined
  /** When Event Grid took it. */
  time: string | undefined
  /** The registry as a resource of Azure. */
  resource: string | undefined
  data: v.InferOutput<typeof dataSchema>
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** `data` that only events of the registry have. */
const dataOfType = (type: string, given: unknown) =>
  type.startsWith('Microsoft.EventGrid.') ? { target: {} } : parse(dataSchema, given, 'INVALID_ITEM', 'data')

function readItem(item: unknown): Event {
  if (!isObject(item)) throw new RouterError('INVALID_ITEM', 'The item is no event of ACR.')
  if ('specversion' in item || 'specVersion' in item) {
    // A published sample has the attribute's name in mixed case.
    const event = readCloudEvent('specversion' in item ? item : { ...item, specversion: item.specVersion })
    const { type, time, source } = event
    return { type, id: cloudEventId(event), time, resource: source, data: dataOfType(type, dataOf(event)) }
  }
  if ('eventType' in item) {
    const event = parse(eventGridSchema, item, 'INVALID_ITEM', 'The item')
    return {
      type: event.eventType,
      id: event.id ?? undefined,
      time: event.eventTime ?? undefined,
      resource: event.topic ?? undefined,
      data: dataOfType(event.eventType, event.data),
    }
  }
  const { action, ...webhook } = parse(webhookSchema, item, 'INVALID_ITEM', 'The item')
  return { type: action, id: webhook.id ?? undefined, time: undefined, resource: undefined, data: webhook }
}

function items(request: Request): readonly unknown[] {
  if (hasCloudEvents(request)) return cloudEventItems(request)
  const body = parseJson(request.body)
  if (Array.isArray(body)) return body
  if (isObject(body) && ('action' in body || 'eventType' in body || 'specversion' in body || 'specVersion' in body))
    return [body]
  throw new RouterError('INVALID_ENVELOPE', 'The body is neither a webhook of ACR nor events of Event Grid.')
}

/** A chart's tag is the name of its file. */
function tagOf({ type, data: { target } }: Event): string | undefined {
  return (CHART.test(type) ? target?.version || target?.tag : target?.tag) || undefined
}

/** The event's name in the vocabulary. */
function nameOf({ type, data: { target } }: Event, tag: string | undefined): string {
  if (PUSHES.has(type)) return `${type}, ${namingOf(tag, target?.digest)}`
  return DELETES.has(type) && !target?.digest && !tag ? `${type}, of the repository` : type
}

/** The host that the client asked, or the one that the resource's name makes: `…/registries/<name>`. */
function domainOf({ data: { request }, resource }: Event): string | undefined {
  if (request?.host) return request.host
  const name = resource?.split('/').findLast((part) => part !== '')
  return name ? `${name}.azurecr.io` : undefined
}

function idOf({ id }: Event, item: unknown, time: number | undefined, request: Request): string {
  return id || idOfContent(JSON.stringify(item), time, request)
}

function initiatorOf({ data: { actor, request } }: Event): Initiator {
  return {
    ...(actor?.name ? { id: actor.name, name: actor.name } : {}),
    ...(request?.addr ? { address: request.addr } : {}),
    ...(request?.useragent ? { agent: request.useragent } : {}),
  }
}

function targetOf({ data: { target } }: Event, tag: string | undefined): Activity['target'] {
  return {
    ...(target?.repository ? { repository: target.repository } : {}),
    ...(tag ? { tag } : {}),
    ...(target?.digest ? { digest: target.digest } : {}),
  }
}

function requestDataOf({ type, data: { target, location, connectedRegistry } }: Event): Activity['requestData'] {
  const facts = {
    ...(CHART.test(type) && target?.name ? { chart: target.name } : {}),
    ...(location ? { location } : {}),
    ...(connectedRegistry?.name ? { connectedRegistry: connectedRegistry.name } : {}),
  }
  return Object.keys(facts).length > 0 ? facts : undefined
}

const parsed = (body: Buffer): unknown => {
  try {
    return parseJson(body)
  } catch {
    // Reading the items says what is wrong with it.
    return undefined
  }
}

/** The code of a body that validates a subscription and does nothing else. */
function validationCode(body: unknown): string | undefined {
  const [event, ...more] = Array.isArray(body) ? body : []
  if (!isObject(event) || more.length > 0 || event.eventType !== VALIDATION || !isObject(event.data)) return undefined
  const { validationCode: code } = event.data
  return typeof code === 'string' && code ? code : undefined
}

const ok = (body: unknown): Response => ({ status: 200, headers: {}, body })

/** Answers the handshakes of both schemas, never calling a URL of them, and a webhook's ping. Hardly any other body is parsed here. */
function handshake(request: Request): Response | undefined {
  if (request.method !== 'POST') return answerOptions(request)
  const { headers, body } = request
  if (headers['aeg-event-type']?.toLowerCase() === 'subscriptionvalidation' || body.includes(VALIDATION)) {
    const code = validationCode(parsed(body))
    if (code) return ok({ validationResponse: code })
  }
  if (!body.includes('"ping"')) return undefined
  const ping = parsed(body)
  return isObject(ping) && ping.action === 'ping' ? ok({}) : undefined
}

export const about: About = {
  title: 'Azure Container Registry',
  authentication: 'a token in a custom header, or in the URL',
  replays: 'not bounded',
  retries:
    'Event Grid: for 24 hours, at growing intervals, after 30 s without an answer; not after 400 and 413. Webhooks: not documented',
  identity: '`id` (CloudEvents: `source` and `id`), action, digest and tag; without an `id` the event itself',
  fills: {
    actor: 'sometimes',
    repository: 'always',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'sometimes',
    agent: 'sometimes',
    time: 'always',
    domain: 'sometimes',
    outcome: 'never',
  },
}

/** ACR's webhooks and events of Event Grid; a static token, replays are not bounded. */
export const acr = defineSource({
  name: 'acr',
  schemes: [token, query],
  settings: { children, signatures, charts },
  vocabulary,
  items,
  read(item, sent, settings) {
    const event = readItem(item)
    const tag = tagOf(event)
    const name = nameOf(event, tag)
    const verdict = meaningOf('ACR', vocabulary, name, settings)
    if ('ignored' in verdict) return verdict
    const { request, target, timestamp } = event.data
    const time = parseTime(timestamp ?? '') ?? parseTime(event.time ?? '')
    const domain = domainOf(event)
    const requestData = requestDataOf(event)
    return {
      ...ruled(verdict),
      senderId: `${idOf(event, item, time, sent)} ${event.type} ${target?.digest ?? ''} ${tag ?? ''}`,
      time,
      target: targetOf(event, tag),
      initiator: initiatorOf(event),
      reason: {},
      ...(requestData ? { requestData } : {}),
      ...(request?.id ? { correlationId: request.id } : {}),
      ...(domain ? { domain } : {}),
    }
  },
  handshake,
})
