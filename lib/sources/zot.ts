import * as v from 'valibot'
import type { Activity } from '../activity.ts'
import { type CloudEvent, cloudEventId, cloudEventItems, dataOf, readCloudEvent } from '../cloudevent.ts'
import { RouterError } from '../errors.ts'
import { parse } from '../parse.ts'
import { parseTime } from '../time.ts'
import { isDigest } from './image.ts'
import { children, signatures } from './settings.ts'
import { standard, token } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, type Noise, namingOf, pushes, ruled, type Vocabulary } from './vocabulary.ts'

// zot's extension "events", which sends CloudEvents in binary mode; structured mode is for what passes them on
// (docs/sources/zot.md).

const text = v.optional(v.nullable(v.string()))

// Without `manifest`: the whole manifest as text, which says nothing of what was done.
const dataSchema = v.object(
  {
    name: v.string('must be text'),
    reference: text,
    digest: text,
    mediaType: text,
    actor: v.optional(v.nullable(v.object({ name: text }))),
    request: v.optional(v.nullable(v.object({ addr: text, method: text, useragent: text }))),
  },
  'must be an object',
)

type Data = v.InferOutput<typeof dataSchema>

const vocabulary = {
  'zotregistry.repository.created': { action: 'namespace.create' },
  ...pushes('zotregistry.image.updated'),
  'zotregistry.image.deleted, by tag': { action: 'image.untag' },
  'zotregistry.image.deleted, by digest': { action: 'image.delete' },
  // A push that was refused.
  'zotregistry.image.lint_failed': { action: 'image.push', outcome: 'failure', code: 400 },
  'zotregistry.image.scanned': { ignored: 'scan' },
} as const satisfies Vocabulary

/** `typePrefix` of zot's configuration stands where `zotregistry` does. */
const typeOf = (type: string): string => type.replace(/^.+\.(?=(?:image|repository)\.[a-z_]+$)/, 'zotregistry.')

/** The event's name in the vocabulary. */
function nameOf(type: string, tag: string | undefined, digest: string | null | undefined): string {
  if (type === 'zotregistry.image.updated') return `${type}, ${namingOf(tag, digest)}`
  return type === 'zotregistry.image.deleted' ? `${type}, ${tag ? 'by tag' : 'by digest'}` : type
}

function targetOf(action: string, { name, reference, digest }: Data, tag: string | undefined): Activity['target'] {
  if (action === 'namespace.create') return { namespace: name }
  const known = digest || (tag ? undefined : reference)
  return { repository: name, ...(tag ? { tag } : {}), ...(known ? { digest: known } : {}) }
}

function initiatorOf({ actor, request }: Data): Activity['initiator'] {
  return {
    ...(actor?.name ? { id: actor.name, name: actor.name } : {}),
    ...(request?.addr ? { address: request.addr } : {}),
    ...(request?.useragent ? { agent: request.useragent } : {}),
  }
}

function toActivity(event: CloudEvent, settings: object): Activity | Noise {
  const data = parse(dataSchema, dataOf(event), 'INVALID_ITEM', 'data')
  const tag = data.reference && !isDigest(data.reference) ? data.reference : undefined
  const type = typeOf(event.type)
  const verdict = meaningOf('zot', vocabulary, nameOf(type, tag, data.digest || data.reference), settings)
  if ('ignored' in verdict) return verdict
  return {
    ...ruled(verdict),
    senderId: cloudEventId(event),
    time: event.time ? parseTime(event.time) : undefined,
    target: targetOf(verdict.action, data, tag),
    initiator: initiatorOf(data),
    ...(verdict.outcome ? { outcome: verdict.outcome } : {}),
    reason: verdict.code ? { code: verdict.code, message: 'The image does not pass the lint rules' } : {},
    ...(data.mediaType ? { requestData: { mediaType: data.mediaType } } : {}),
  }
}

export const about: About = {
  title: 'zot',
  authentication:
    "a token: the password or a header of the sink; or a signature as in Standard Webhooks by what passes zot's events on",
  replays: 'not bounded; bounded to 5 minutes when signed',
  retries: 'none; gives up on an answer after 30 s',
  identity: '`ce-source` and `ce-id`',
  fills: {
    actor: 'sometimes',
    repository: 'sometimes',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'sometimes',
    agent: 'sometimes',
    time: 'always',
    domain: 'never',
    outcome: 'sometimes',
  },
}

/** zot's events. */
export const zot = defineSource({
  name: 'zot',
  schemes: [token, standard],
  settings: { children, signatures },
  vocabulary,
  items(request) {
    // What happened to which event stands in headers then, and a signature covers the body alone.
    if (request.headers['ce-specversion'] && request.headers['webhook-signature']) {
      throw new RouterError('INVALID_ENVELOPE', 'What is signed has to be a CloudEvent in structured mode.')
    }
    return cloudEventItems(request)
  },
  read: (item, _request, settings) => toActivity(readCloudEvent(item), settings),
})
