import * as v from 'valibot'
import type { Activity } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { fingerprint } from '../ids.ts'
import { checkDepth, parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import { splitImage } from './image.ts'
import { type OidcSettings, oidc, oidcMistakes, oidcSettings } from './oidc.ts'
import { children, signatures } from './settings.ts'
import { query, type Scheme, token } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, type Noise, namingOf, pushes, ruled, type Vocabulary } from './vocabulary.ts'
import { idInWindow } from './window.ts'

// Google Artifact Registry by way of a Pub/Sub push subscription of the topic `gcr`, with or without payload unwrapping
// (docs/sources/artifactregistry.md). Docker repositories on gcr.io send the same.

const text = v.optional(v.nullable(v.string()))

// Both spellings of the id and the time stand in real messages, and each of them alone.
const messageSchema = v.object(
  { data: v.string('must be text'), messageId: text, message_id: text, publishTime: text, publish_time: text },
  'must be an object',
)

const eventSchema = v.object(
  { action: v.string('must be text'), digest: text, tag: text },
  'is no notification of Artifact Registry',
)

type Event = v.InferOutput<typeof eventSchema>

const vocabulary = {
  ...pushes('INSERT'),
  'DELETE, by tag': { action: 'image.untag' },
  'DELETE, by digest': { action: 'image.delete' },
} as const satisfies Vocabulary

/** A notification with what Pub/Sub says of it. */
interface Delivery {
  event: Event
  id: string | undefined
  time: number | undefined
}

function decoded(data: string): unknown {
  let value: unknown
  try {
    value = parseJson(Buffer.from(data, 'base64'))
  } catch (cause) {
    throw new RouterError('INVALID_ITEM', 'message.data: is not JSON in base64.', { cause })
  }
  // Nobody saw through the base64 how deep it is.
  checkDepth(value)
  return value
}

const readEvent = (value: unknown): Event => parse(eventSchema, value, 'INVALID_ITEM', 'The item')

function unwrap(item: object, { headers }: Request): Delivery {
  if ('message' in item) {
    const message = parse(messageSchema, item.message, 'INVALID_ITEM', 'message')
    const time = parseTime(message.publishTime || message.publish_time || '')
    const unnamed = time === undefined ? undefined : fingerprint(JSON.stringify(item))
    return { event: readEvent(decoded(message.data)), id: message.messageId || message.message_id || unnamed, time }
  }
  const time = parseTime(headers['x-goog-pubsub-publish-time'] ?? '')
  const unnamed = time === undefined ? undefined : fingerprint(JSON.stringify([time, item]))
  return { event: readEvent(item), id: headers['x-goog-pubsub-message-id'] || unnamed, time }
}

/** The event's name in the vocabulary. */
function nameOf(action: string, tag: string | undefined, digest: string | undefined): string {
  if (action === 'INSERT') return `INSERT, ${namingOf(tag, digest)}`
  return action === 'DELETE' ? `DELETE, ${tag ? 'by tag' : 'by digest'}` : action
}

const imageIn = (name: string | null | undefined) => (name ? splitImage(name, true) : undefined)

function toActivity({ event, id, time }: Delivery, request: Request, settings: object): Activity | Noise {
  const byTag = imageIn(event.tag)
  const byDigest = imageIn(event.digest)
  const verdict = meaningOf(
    'Artifact Registry',
    vocabulary,
    nameOf(event.action, byTag?.tag, event.digest ?? undefined),
    settings,
  )
  const named = byTag ?? byDigest
  if (!named) throw new RouterError('INVALID_ITEM', 'digest: is missing, and so is tag.')
  if ('ignored' in verdict) return verdict
  const { domain, repository, tag } = named
  const isSame = byDigest?.domain === domain && byDigest?.repository === repository
  const content = `${event.action} ${event.digest ?? ''} ${event.tag ?? ''}`
  return {
    ...ruled(verdict),
    senderId: `${id ?? idInWindow(content, request)} ${content}`,
    time,
    target: { repository, ...(tag ? { tag } : {}), ...(isSame && byDigest?.digest ? { digest: byDigest.digest } : {}) },
    initiator: {},
    reason: {},
    // The digest of another image does not name this one.
    ...(event.digest && !isSame ? { requestData: { digest: event.digest } } : {}),
    ...(domain ? { domain } : {}),
  }
}

const tokens = new WeakMap<OidcSettings, Scheme>()

/** The scheme of a registry's settings, one for all its requests: it keeps keys. */
function oidcOf(settings: OidcSettings): Scheme {
  const known = tokens.get(settings)
  if (known) return known
  const made = oidc(settings)
  tokens.set(settings, made)
  return made
}

export const about: About = {
  title: 'Google Artifact Registry',
  authentication:
    'an OpenID Connect token of a service account (settings `audience` and `email`); without, a token in the URL',
  replays: 'bounded to the life of the OpenID Connect token, an hour; not bounded with a token in the URL',
  retries:
    'until the message expires (7 days), after 10 s to 10 minutes; gives up on an answer after 10 s to 10 minutes',
  identity: '`messageId`, or what stands for it: the notification and its time, without a time within 10 minutes',
  fills: {
    actor: 'never',
    repository: 'always',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'never',
    agent: 'never',
    time: 'sometimes',
    domain: 'always',
    outcome: 'never',
  },
}

/** Google Artifact Registry's notifications in Pub/Sub push requests. */
export const artifactregistry = defineSource({
  name: 'artifactregistry',
  schemes: [query, token, oidc()],
  accepted: (settings) => (settings.audience === undefined ? [query, token] : [oidcOf(settings)]),
  settings: { children, signatures, ...oidcSettings },
  mistakes: oidcMistakes,
  vocabulary,
  items(request) {
    const body = parseJson(request.body)
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new RouterError('INVALID_ENVELOPE', 'The body is no push request of Pub/Sub: it is no object.')
    }
    return [body]
  },
  read: (item, request, settings) => toActivity(unwrap(item as object, request), request, settings),
})
