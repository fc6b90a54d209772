import type { Activity, ActivityData } from '../activity.ts'
import {
  answerOptions,
  type CloudEvent,
  cloudEventId,
  cloudEventItems,
  dataOf,
  extensionsOf,
  readCloudEvent,
} from '../cloudevent.ts'
import { RouterError } from '../errors.ts'
import { parseTime } from '../time.ts'
import { standard, token } from './signature.ts'
import { type About, defineSource } from './source.ts'

// Any action of the table as a CloudEvent 1.0 (docs/sources/cloudevents.md): type `container-registry.<object>.<verb>`, `data` an
// activity (docs/schemas/activity.json). Structured, binary and batched mode.

/** `requestData` with the extensions beside it; what is no object stays as it is, for the schema to refuse. */
function withExtensions(requestData: unknown, extensions: Record<string, unknown> | undefined) {
  if (requestData === undefined && !extensions) return {}
  if (!extensions) return { requestData }
  if (requestData === undefined) return { requestData: { extensions } }
  if (typeof requestData !== 'object' || requestData === null || Array.isArray(requestData)) return { requestData }
  const name = 'extensions' in requestData ? 'cloudEventExtensions' : 'extensions'
  return { requestData: { ...requestData, [name]: extensions } }
}

function toActivity(event: CloudEvent): Activity {
  const data = dataOf(event)
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new RouterError('INVALID_ITEM', 'data: must be an object, see docs/schemas/activity.json.')
  }
  // These stand in the CloudEvent itself.
  const isOurs = event.type.startsWith('container-registry.')
  const twice = isOurs && ['action', 'rule', 'senderId', 'time'].find((field) => field in data)
  if (twice) throw new RouterError('INVALID_ITEM', `data.${twice}: there is no such field.`)
  const { target = {}, initiator = {}, reason = {}, requestData, ...rest } = data as Partial<ActivityData>
  return {
    ...rest,
    target,
    initiator,
    reason,
    ...withExtensions(requestData, extensionsOf(event)),
    action: event.type,
    rule: event.type,
    senderId: cloudEventId(event),
    time: event.time ? parseTime(event.time) : undefined,
  } as Activity
}

export const about: About = {
  title: 'CloudEvents',
  authentication: 'a token, or a signature as in Standard Webhooks (HMAC-SHA256 or ed25519)',
  replays: 'bounded to 5 minutes when signed; not bounded with a token',
  retries: "the sender's own",
  identity: '`source` and `id`',
  fills: {
    actor: 'sometimes',
    repository: 'sometimes',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'sometimes',
    agent: 'sometimes',
    time: 'sometimes',
    domain: 'sometimes',
    outcome: 'sometimes',
  },
}

/** Anything that speaks CloudEvents 1.0 and knows our actions; signed as in Standard Webhooks, or with a token. */
export const cloudevents = defineSource({
  name: 'cloudevents',
  verbatim: true,
  schemes: [token, standard],
  settings: {},
  // Its types are the actions of the table, whatever the edition: the type is the rule.
  vocabulary: {},
  items: cloudEventItems,
  read: (item) => toActivity(readCloudEvent(item)),
  handshake: answerOptions,
})
