import * as v from 'valibot'
import type { Initiator } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import { children, head, signatures } from './settings.ts'
import { token } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, namingOf, pushes, ruled, type Vocabulary } from './vocabulary.ts'
import { idOfContent } from './window.ts'

// CNCF Distribution, registry 2.x and 3.x (docs/sources/distribution.md). The two content types
// (application/vnd.docker.distribution.events.v1+json and v2+json) and plain JSON carry the same body.

const MANIFESTS: ReadonlySet<string> = new Set([
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
])

const text = v.optional(v.nullable(v.string()))

// Loose on purpose: forks add fields, old registries leave some out.
const eventSchema = v.object(
  {
    id: text,
    timestamp: text,
    action: v.string('action must be text'),
    target: v.object(
      { mediaType: text, digest: text, repository: text, tag: text, url: text },
      'target must be an object',
    ),
    request: v.optional(v.nullable(v.object({ id: text, addr: text, host: text, method: text, useragent: text }))),
    actor: v.optional(v.nullable(v.object({ name: text, user_type: text }))),
  },
  'is no event of Distribution',
)

type Event = v.InferOutput<typeof eventSchema>

/** Layers and configurations of images: some old registries gave them a URL with `/manifests/`. */
const LAYER = /^application\/vnd\.(?:docker|oci)\..*(?:rootfs|layer|config|container\.image)/

const MANIFEST_URL = /\/manifests\/([^/?#]+)(?:[?#].*)?$/

/**
 * A manifest by its media type, or failing that by its URL: registry 2.0 called manifests `application/octet-stream`. What
 * nothing tells apart counts as a manifest, because a needless audit event does less harm than a missing one.
 */
function isManifest({ mediaType, url, tag }: Event['target']): boolean {
  const type = mediaType?.split(';')[0]?.trim()
  if (tag || (type && MANIFESTS.has(type))) return true
  if (type && LAYER.test(type)) return false
  return url ? MANIFEST_URL.test(url) : type !== 'application/octet-stream'
}

/** The tag that registries before 2.4 left only in the URL: `/v2/<name>/manifests/<tag>`. */
function tagOf({ tag, url }: Event['target']): string | undefined {
  if (tag) return tag
  const reference = url ? MANIFEST_URL.exec(url)?.[1] : undefined
  return reference && !/[:%]/.test(reference) ? reference : undefined
}

const vocabulary = {
  ...pushes('push'),
  'push of a blob': { ignored: 'blob push' },
  pull: { action: 'image.pull' },
  'pull, HEAD': {
    ignored: 'manifest HEAD',
    unless: { setting: 'head', is: 'inspect', becomes: { action: 'manifest.inspect' } },
  },
  'pull of a blob': { ignored: 'blob pull' },
  mount: { ignored: 'blob mount' },
  'delete, by digest': { action: 'image.delete' },
  'delete, by tag': { action: 'image.untag' },
  'delete, of the repository': { action: 'image.bulkdelete' },
} as const satisfies Vocabulary

/** The event's name in the vocabulary. A deleted blob looks like a manifest. */
function nameOf({ action, target, request }: Event): string {
  switch (action) {
    case 'push':
      return isManifest(target) ? `push, ${namingOf(tagOf(target), target.digest)}` : 'push of a blob'
    case 'pull':
      if (!isManifest(target)) return 'pull of a blob'
      return request?.method === 'HEAD' ? 'pull, HEAD' : 'pull'
    case 'delete':
      if (tagOf(target)) return 'delete, by tag'
      return target.digest ? 'delete, by digest' : 'delete, of the repository'
    default:
      return action
  }
}

function hostOf(event: Event): string | undefined {
  if (event.request?.host) return event.request.host
  return event.target.url ? URL.parse(event.target.url)?.host : undefined
}

/** The sender's id; without one what the event says, and without a time in it, about when it came. */
function idOf(event: Event, item: unknown, request: Request): string {
  return event.id || idOfContent(JSON.stringify(item), parseTime(event.timestamp ?? ''), request)
}

// GitLab's fork says how the user logged in.
const CREDENTIALS: ReadonlyMap<string, Initiator['credential']> = new Map([
  ['personal_access_token', 'token'],
  ['deploy_token', 'token'],
  ['build', 'token'],
  ['gitlab_or_ldap', 'user'],
])

function initiatorOf({ actor, request }: Event): Initiator {
  const credential = CREDENTIALS.get(actor?.user_type ?? '')
  return {
    ...(actor?.name ? { id: actor.name, name: actor.name } : {}),
    ...(credential ? { credential } : {}),
    ...(request?.addr ? { address: request.addr } : {}),
    ...(request?.useragent ? { agent: request.useragent } : {}),
  }
}

export const about: About = {
  title: 'CNCF Distribution',
  authentication: 'a token in a configured header',
  replays: 'not bounded',
  retries: 'for ever, one at a time, all later events waiting; gives up on an answer after 1 s',
  identity:
    '`id`, action, digest, tag, time and request; without an `id` the event itself, without a time in it within 10 minutes',
  fills: {
    actor: 'sometimes',
    repository: 'always',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'sometimes',
    agent: 'sometimes',
    time: 'sometimes',
    domain: 'sometimes',
    outcome: 'never',
  },
}

/** A stock registry's notifications, and those of registries built on it; a static token, replays are not bounded. */
export const distribution = defineSource({
  name: 'distribution',
  schemes: [token],
  settings: { children, signatures, head },
  vocabulary,
  items(request) {
    const body = parseJson(request.body)
    const events = typeof body === 'object' && body !== null && 'events' in body ? body.events : undefined
    if (!Array.isArray(events)) {
      throw new RouterError('INVALID_ENVELOPE', 'The body is no envelope of Distribution: it has no list "events".')
    }
    return events
  },
  read(item, sent, settings) {
    const event = parse(eventSchema, item, 'INVALID_ITEM', 'The item')
    const verdict = meaningOf('Distribution', vocabulary, nameOf(event), settings)
    if ('ignored' in verdict) return verdict
    const { target, request, actor } = event
    const tag = verdict.action === 'image.delete' ? undefined : tagOf(target)
    const domain = hostOf(event)
    return {
      ...ruled(verdict),
      // Proxies and fixtures repeat an id inside one envelope, so what was done to what, when and in which request belongs to it.
      senderId: JSON.stringify([
        idOf(event, item, sent),
        event.action,
        target.digest,
        tag,
        event.timestamp,
        request?.id,
      ]),
      time: event.timestamp ? parseTime(event.timestamp) : undefined,
      target: {
        ...(target.repository ? { repository: target.repository } : {}),
        ...(tag ? { tag } : {}),
        ...(target.digest ? { digest: target.digest } : {}),
      },
      initiator: initiatorOf(event),
      reason: {},
      ...(actor?.user_type ? { requestData: { userType: actor.user_type } } : {}),
      ...(request?.id ? { correlationId: request.id } : {}),
      ...(domain ? { domain } : {}),
    }
  },
})
