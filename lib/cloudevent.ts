import * as v from 'valibot'
import { RouterError } from './errors.ts'
import { checkDepth, parseJson } from './json.ts'
import { parse } from './parse.ts'
import type { Request } from './request.ts'

// CloudEvents 1.0 and its HTTP binding: several senders wrap their events in it, and the `cloudevents` source is it.

const attribute = v.pipe(v.string(), v.minLength(1))

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

/** A CloudEvent 1.0; attributes that the specification leaves to others are kept. */
export type CloudEvent = v.InferOutput<typeof cloudEventSchema>

const OWN = new Set([...Object.keys(cloudEventSchema.entries), 'dataschema'])

/** Attributes that the specification leaves to others, and `subject`. */
export function extensionsOf(event: CloudEvent): Record<string, unknown> | undefined {
  const extensions = Object.entries(event).filter(([name]) => !OWN.has(name))
  return extensions.length > 0 ? Object.fromEntries(extensions) : undefined
}

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

const contentType = ({ headers }: Request): string => headers['content-type']?.toLowerCase() ?? ''

/** Whether `request` says that it carries CloudEvents, in any mode. */
export const hasCloudEvents = (request: Request): boolean =>
  contentType(request).startsWith('application/cloudevents') || request.headers['ce-specversion'] !== undefined

/**
 * The CloudEvents of a request in structured, binary or batched mode, not checked yet. Throws `INVALID_BODY`, `INVALID_ENVELOPE` or
 * `INVALID_ITEM`.
 */
export function cloudEventItems(request: Request): readonly unknown[] {
  const type = contentType(request)
  if (!type.startsWith('application/cloudevents') && request.headers['ce-specversion']) return [fromHeaders(request)]
  const body = parseJson(request.body)
  if (Array.isArray(body)) return body
  if (type.startsWith('application/cloudevents-batch')) {
    throw new RouterError('INVALID_ENVELOPE', 'The body of a batch of CloudEvents has to be a list.')
  }
  return [body]
}

/** `item` as a CloudEvent. Throws `INVALID_ITEM`, naming the attribute. */
export const readCloudEvent = (item: unknown): CloudEvent =>
  parse(cloudEventSchema, item, 'INVALID_ITEM', 'The item is no CloudEvent 1.0')

/** The data of a CloudEvent, out of its base64 if need be; `{}` when there is none. Throws `INVALID_BODY` or `TOO_DEEP`. */
export function dataOf(event: CloudEvent): unknown {
  if (event.data_base64 === undefined) return event.data ?? {}
  const data = parseJson(Buffer.from(event.data_base64, 'base64'))
  checkDepth(data)
  return data
}

/** `source` and `id` together are unique, `id` alone is not. */
export const cloudEventId = ({ source, id }: CloudEvent): string => JSON.stringify([source, id])

/** The validation of the webhook profile: the origin may send, at whatever rate it asks for. Its callback is never called. */
export function answerOptions({ method, headers }: Request) {
  const origin = headers['webhook-request-origin']
  if (method !== 'OPTIONS' || !origin) return undefined
  const rate = headers['webhook-request-rate']
  const allowed = { 'webhook-allowed-origin': origin, ...(rate ? { 'webhook-allowed-rate': rate } : {}) }
  return { status: 200, headers: allowed, body: undefined }
}
