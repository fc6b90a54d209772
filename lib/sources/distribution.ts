import * as v from 'valibot'
import type { Activity, Initiator } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { fingerprint } from '../ids.ts'
import { parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import type { Noise, Source } from './source.ts'

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
    actor: v.optional(v.nullable(v.object({ name: text }))),
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

/** Action of the table for an event, or the noise that it is (docs/sources/distribution.md, second table). */
function translate(event: Event): string | Noise {
  const { target } = event
  switch (event.action) {
    case 'push':
      return isManifest(target) ? 'image.push' : { ignored: 'blob push' }
    case 'pull':
      if (!isManifest(target)) return { ignored: 'blob pull' }
      return event.request?.method === 'HEAD' ? { ignored: 'manifest HEAD' } : 'image.pull'
    case 'mount':
      return { ignored: 'blob mount' }
    case 'delete':
      // By tag (with or after a digest), by digest, or of the whole repository. A blob looks like a manifest here.
      if (tagOf(target)) return 'image.untag'
      return target.digest ? 'image.delete' : 'image.bulkdelete'
    default:
      throw new RouterError(
        'UNKNOWN_ACTION',
        `Distribution has no action ${JSON.stringify(event.action.slice(0, 64))} known here.`,
      )
  }
}

function hostOf(event: Event): string | undefined {
  if (event.request?.host) return event.request.host
  return event.target.url ? URL.parse(event.target.url)?.host : undefined
}

/** Milliseconds in which equal events without id and time count as one delivery that was repeated. */
const WINDOW = 10 * 60 * 1000

/** The sender's id; without one what the event says, and without a time in it, about when it came. */
function idOf(event: Event, item: unknown, receivedAt: number): string {
  if (event.id) return event.id
  const window = parseTime(event.timestamp ?? '') !== undefined ? '' : String(Math.floor(receivedAt / WINDOW))
  return fingerprint(`${JSON.stringify(item)} ${window}`)
}

const initiatorOf = ({ actor, request }: Event): Initiator => ({
  ...(actor?.name ? { id: actor.name, name: actor.name } : {}),
  ...(request?.addr ? { address: request.addr } : {}),
  ...(request?.useragent ? { agent: request.useragent } : {}),
})

function read(item: unknown, { receivedAt }: Request): Activity | Noise {
  const event = parse(eventSchema, item, 'INVALID_ITEM', 'The item')
  const translated = translate(event)
  if (typeof translated !== 'string') return translated
  const { target, request } = event
  const tag = translated === 'image.delete' ? undefined : tagOf(target)
  const domain = hostOf(event)
  return {
    action: `container-registry.${translated}`,
    // Proxies and fixtures repeat an id inside one envelope, so what it was done to belongs to it.
    senderId: `${idOf(event, item, receivedAt)} ${event.action} ${target.digest ?? ''} ${tag ?? ''}`,
    time: event.timestamp ? parseTime(event.timestamp) : undefined,
    target: {
      ...(target.repository ? { repository: target.repository } : {}),
      ...(tag ? { tag } : {}),
      ...(target.digest ? { digest: target.digest } : {}),
    },
    initiator: initiatorOf(event),
    reason: {},
    ...(request?.id ? { correlationId: request.id } : {}),
    ...(domain ? { domain } : {}),
  }
}

/** A stock registry's notifications, and those of registries built on it; a static token, replays are not bounded. */
export const distribution: Source = {
  name: 'distribution',
  schemes: ['token'],
  items(request) {
    const body = parseJson(request.body)
    const events = typeof body === 'object' && body !== null && 'events' in body ? body.events : undefined
    if (!Array.isArray(events)) {
      throw new RouterError('INVALID_ENVELOPE', 'The body is no envelope of Distribution: it has no list "events".')
    }
    return events
  },
  read,
}
