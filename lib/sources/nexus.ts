import { isIP } from 'node:net'
import * as v from 'valibot'
import type { Activity, Initiator, Target } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import { isDigest } from './image.ts'
import { children, signatures } from './settings.ts'
import { nexusSha1, standard } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, namingOf, pushes, ruled, type Vocabulary } from './vocabulary.ts'
import { idOfContent } from './window.ts'

// Sonatype Nexus Repository 3 (docs/sources/nexus.md).

const text = v.optional(v.nullable(v.string()))

// Null fields are left out by the sender. A purge names nothing but ids.
const eventSchema = v.object(
  {
    timestamp: text,
    initiator: text,
    repositoryName: text,
    action: text,
    component: v.optional(v.nullable(v.object({ format: text, name: text, version: text }, 'must be an object'))),
    components: v.optional(v.nullable(v.array(v.string('must be text'), 'must be a list'))),
    asset: v.optional(v.unknown()),
    assets: v.optional(v.unknown()),
    repository: v.optional(v.nullable(v.object({ format: text, name: text, type: text }, 'must be an object'))),
    audit: v.optional(v.unknown()),
  },
  'is no event of Nexus',
)

type Event = v.InferOutput<typeof eventSchema>

const other = { ignored: 'other format' } as const
const asset = { ignored: 'asset' } as const

const vocabulary = {
  ...pushes('component CREATED'),
  ...pushes('component UPDATED'),
  'component DELETED': { action: 'image.delete' },
  'component PURGED': { action: 'image.bulkdelete' },
  'component CREATED, other format': other,
  'component UPDATED, other format': other,
  'component DELETED, other format': other,
  'asset CREATED': asset,
  'asset UPDATED': asset,
  'asset DELETED': asset,
  'asset PURGED': asset,
  'repository CREATED': { action: 'namespace.create' },
  'repository DELETED': { action: 'namespace.delete' },
  'repository UPDATED': { ignored: 'repository update' },
  'repository CREATED, other format': other,
  'repository DELETED, other format': other,
  'repository UPDATED, other format': other,
  audit: { ignored: 'audit' },
} as const satisfies Vocabulary

// biome-ignore format: one list
const OTHER_FORMATS: ReadonlySet<string> = new Set([
  'ansiblegalaxy', 'apt', 'bower', 'cargo', 'cocoapods', 'composer', 'conan', 'conda', 'dart', 'gitlfs', 'go', 'helm', 'huggingface', 'maven2', 'npm',
  'nuget', 'p2', 'pypi', 'r', 'raw', 'rubygems', 'swift', 'terraform', 'yum',
])

type Kind = 'component' | 'asset' | 'repository' | 'audit'

const KINDS: Readonly<Record<string, Kind>> = {
  'rm:repository:component': 'component',
  'rm:repository:asset': 'asset',
  'rm:global:repository': 'repository',
  'rm:global:audit': 'audit',
}

/** What the header says that the event is about, known or not; without the header what its fields say. */
function kindOf(id: string | undefined, event: Event): string {
  if (id) return Object.hasOwn(KINDS, id) ? (KINDS[id] as Kind) : `webhook ${id}`
  if (event.component || event.components) return 'component'
  if (event.asset || event.assets) return 'asset'
  if (event.repository) return 'repository'
  if (event.audit) return 'audit'
  throw new RouterError('INVALID_ITEM', 'The item is no event of Nexus: it is about nothing that is known here.')
}

/** Tag and digest of a component: whatever its version is. */
function versionOf(version: string | null | undefined): Pick<Target, 'tag' | 'digest'> {
  if (!version) return {}
  return isDigest(version) ? { digest: version } : { tag: version }
}

/** The event's name in the vocabulary. What does not say its format counts as an image: a needless event does less harm. */
function nameOf(kind: string, event: Event): string {
  if (kind === 'audit') return kind
  const name = `${kind} ${event.action ?? ''}`
  const format = kind === 'component' ? event.component?.format : kind === 'repository' ? event.repository?.format : ''
  if (format && format.toLowerCase() !== 'docker') {
    return OTHER_FORMATS.has(format.toLowerCase()) ? `${name}, other format` : `${name}, format ${format}`
  }
  const isPush = name === 'component CREATED' || name === 'component UPDATED'
  const { tag, digest } = versionOf(event.component?.version)
  return isPush ? `${name}, ${namingOf(tag, digest)}` : name
}

function targetOf(kind: string, { repositoryName, component, repository }: Event): Target {
  if (kind === 'repository') return repository?.name ? { namespace: repository.name } : {}
  if (!repositoryName) return {}
  if (!component) return { repository: repositoryName }
  return component.name
    ? { repository: `${repositoryName}/${component.name}`, ...versionOf(component.version) }
    : versionOf(component.version)
}

/** `admin/198.51.100.7`, or `*SYSTEM`, `*TASK` and `anonymous` without an address; `*UNKNOWN` is nobody. */
function initiatorOf(initiator: string | null | undefined): Initiator {
  const [, before, after = ''] = /^(.*)\/([^/]+)$/.exec(initiator ?? '') ?? []
  const address = isIP(after) ? after : undefined
  const id = (address ? before : initiator) ?? ''
  return {
    ...(id && id !== '*UNKNOWN' ? { id, name: id } : {}),
    ...(id === 'anonymous' ? { credential: 'public-access' as const } : {}),
    ...(address ? { address } : {}),
  }
}

function requestDataOf({ components, repository }: Event) {
  const requestData = {
    ...(components ? { componentIds: components } : {}),
    ...(repository?.type ? { repositoryType: repository.type } : {}),
  }
  return Object.keys(requestData).length > 0 ? { requestData } : {}
}

function read(item: unknown, request: Request, settings: object) {
  const { headers, body } = request
  const event = parse(eventSchema, item, 'INVALID_ITEM', 'The item')
  const kind = kindOf(headers['x-nexus-webhook-id'], event)
  const verdict = meaningOf('Nexus', vocabulary, nameOf(kind, event), settings)
  if ('ignored' in verdict) return verdict
  const time = parseTime(event.timestamp ?? '')
  const activity: Activity = {
    ...ruled(verdict),
    senderId: headers['x-nexus-webhook-delivery'] || idOfContent(body.toString(), time, request),
    time,
    target: targetOf(kind, event),
    initiator: initiatorOf(event.initiator),
    reason: {},
    ...requestDataOf(event),
  }
  return activity
}

export const about: About = {
  title: 'Sonatype Nexus Repository',
  authentication: 'HMAC-SHA1 of the body in `X-Nexus-Webhook-Signature`',
  replays: 'not bounded',
  retries: 'none; gives up on an answer after the time-out of its HTTP settings, 20 s unless set',
  identity: '`X-Nexus-Webhook-Delivery`, else the event itself',
  fills: {
    actor: 'sometimes',
    repository: 'sometimes',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'sometimes',
    agent: 'never',
    time: 'sometimes',
    domain: 'never',
    outcome: 'never',
  },
}

/** Nexus Repository's webhooks, one event each. */
export const nexus = defineSource({
  name: 'nexus',
  schemes: [nexusSha1, standard],
  settings: { children, signatures },
  vocabulary,
  items(request) {
    const body = parseJson(request.body)
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new RouterError('INVALID_ENVELOPE', 'The body is no event of Nexus: it is no object.')
    }
    return [body]
  },
  read,
})
