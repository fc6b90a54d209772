import * as v from 'valibot'
import type { Activity, ActivityData } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { parseJson } from '../json.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import type { Noise, Source } from './source.ts'

// Any action of the table as a CloudEvent 1.0 (docs/sources/cloudevents.md): type `container-registry.<object>.<verb>`, `data` an
// activity (docs/schemas/activity.json). Structured, binary and batched mode.

const attribute = v.pipe(v.string(), v.minLength(1))

const cloudEventSchema = v.object({
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

/** Header values are percent-encoded (HTTP binding 3.1.3.2); one that is not so is taken as it is. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** Binary mode: attributes in `ce-*` headers, the body is the data. */
function fromHeaders({ headers, body }: Request): Record<string, unknown> {
  const attributes = Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]) => [name.slice(3), decoded(value)])
  return { ...Object.fromEntries(attributes), ...(body.length > 0 ? { data: parseJson(body) } : {}) }
}

function items(request: Request): readonly unknown[] {
  const type = request.headers['content-type'] ?? ''
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
  return parseJson(Buffer.from(event.data_base64, 'base64'))
}

function read(item: unknown): Activity | Noise {
  const parsed = v.safeParse(cloudEventSchema, item)
  if (!parsed.success) {
    const [issue] = parsed.issues
    const path = v.getDotPath(issue)
    throw new RouterError('INVALID_ITEM', `The item is no CloudEvent 1.0: ${path ? `${path}: ` : ''}${issue.message}.`)
  }
  const event = parsed.output
  const data = dataOf(event)
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new RouterError('INVALID_ITEM', 'data: must be an object, see docs/schemas/activity.json.')
  }
  return {
    ...(data as ActivityData),
    target: (data as ActivityData).target ?? {},
    initiator: (data as ActivityData).initiator ?? {},
    reason: (data as ActivityData).reason ?? {},
    action: event.type,
    // `source` and `id` together are unique, `id` alone is not.
    senderId: JSON.stringify([event.source, event.id]),
    time: event.time ? parseTime(event.time) : undefined,
  }
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
