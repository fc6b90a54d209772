import * as v from 'valibot'
import type { Activity, ActivityData } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { checkDepth, parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import type { Noise, Source } from './source.ts'

// Any action of the table as a CloudEvent 1.0 (docs/sources/cloudevents.md): type `container-registry.<object>.<verb>`, `data` an
// activity (docs/schemas/activity.json). Structured, binary and batched mode.

const attribute = v.pipe(v.string(), v.minLength(1))

// Attributes that are ours to read; every other one is an extension and is kept.
const cloudEventSchema = v.looseObject({
  specversion: v.literal('1.0', 'must be "1.0"'),
  id: attribute,
  source: attribute,
  type: attribute,
  time: v.optional(v.string()),
  datacontenttype: v.optional(v.string()),
  data: v.optional(v.unknown()),
  data_base64: v.optional(v.string()),
})

type CloudEvent = v.InferOutput<typeof cloudEventSchema>

const OWN = new Set([...Object.keys(cloudEventSchema.entries), 'dataschema'])

/** A header's value as the HTTP binding says (3.1.3.2): out of its quotes, then percent-decoded. */
function decoded(name: string, value: string): string {
  const unquoted = /^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
  try {
    return decodeURIComponent(unquoted)
  } catch (cause) {
    throw new RouterError('INVALID_ITEM', `The header ${name} is not percent-encoded UTF-8.`, { cause })
  }
}

// What is no attribute in binary mode: the body is the data, the content type is its type.
const NO_ATTRIBUTE = new Set(['data', 'data_base64', 'datacontenttype'])

/** Binary mode: attributes in `ce-*` headers, the body is the data. */
function fromHeaders({ headers, body }: Request): Record<string, unknown> {
  const attributes = Object.entries(headers)
    .filter(([name]) => /^ce-[a-z0-9]+$/.test(name) && !NO_ATTRIBUTE.has(name.slice(3)))
    .map(([name, value]) => [name.slice(3), decoded(name, value)])
  const data = body.length > 0 ? parseJson(body) : undefined
  // A signature covers the body alone: a signed structured event must not become another one by headers in front of it.
  if (typeof data === 'object' && data !== null && 'specversion' in data) {
    throw new RouterError('INVALID_ITEM', 'The body is a CloudEvent itself although the headers are one, too.')
  }
  return { ...Object.fromEntries(attributes), ...(data === undefined ? {} : { data }) }
}

function items(request: Request): readonly unknown[] {
  const type = request.headers['content-type']?.toLowerCase() ?? ''
  if (!type.startsWith('application/cloudevents') && request.headers['ce-specversion']) return [fromHeaders(request)]
  const body = parseJson(request.body)
  if (Array.isArray(body)) return body
  if (type.startsWith('application/cloudevents-batch')) {
    throw new RouterError('INVALID_ENVELOPE', 'The body of a batch of CloudEvents has to be a list.')
  }
  return [body]
}

function dataOf(event: CloudEvent): unknown {
  if (event.data_base64 === undefined) return event.data ?? {}
  const data = parseJson(Buffer.from(event.data_base64, 'base64'))
  checkDepth(data)
  return data
}

/** Attributes that the specification leaves to others, and `subject`: kept beside the request data. */
function extensionsOf(event: CloudEvent): Record<string, unknown> | undefined {
  const extensions = Object.entries(event).filter(([name]) => !OWN.has(name))
  return extensions.length > 0 ? Object.fromEntries(extensions) : undefined
}

/** `requestData` with the extensions beside it; what is no object stays as it is, for the schema to refuse. */
function withExtensions(requestData: unknown, extensions: Record<string, unknown> | undefined) {
  if (requestData === undefined && !extensions) return {}
  if (!extensions) return { requestData }
  if (requestData === undefined) return { requestData: { extensions } }
  if (typeof requestData !== 'object' || requestData === null || Array.isArray(requestData)) return { requestData }
  const name = 'extensions' in requestData ? 'cloudEventExtensions' : 'extensions'
  return { requestData: { ...requestData, [name]: extensions } }
}

function read(item: unknown): Activity | Noise {
  const event = parse(cloudEventSchema, item, 'INVALID_ITEM', 'The item is no CloudEvent 1.0')
  const data = dataOf(event)
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new RouterError('INVALID_ITEM', 'data: must be an object, see docs/schemas/activity.json.')
  }
  const { target = {}, initiator = {}, reason = {}, requestData, ...rest } = data as Partial<ActivityData>
  return {
    ...rest,
    target,
    initiator,
    reason,
    ...withExtensions(requestData, extensionsOf(event)),
    action: event.type,
    // `source` and `id` together are unique, `id` alone is not.
    senderId: JSON.stringify([event.source, event.id]),
    time: event.time ? parseTime(event.time) : undefined,
  } as Activity
}

/** Anything that speaks CloudEvents 1.0 and knows our actions; signed as in Standard Webhooks, or with a token. */
export const cloudevents: Source = {
  name: 'cloudevents',
  schemes: ['token', 'standard'],
  items,
  read,
  /** The validation of the webhook profile: the origin may send, at whatever rate it asks for. */
  handshake({ method, headers }) {
    const origin = headers['webhook-request-origin']
    if (method !== 'OPTIONS' || !origin) return undefined
    const rate = headers['webhook-request-rate']
    return { 'webhook-allowed-origin': origin, ...(rate ? { 'webhook-allowed-rate': rate } : {}) }
  },
}
