import * as v from 'valibot'
import type { Activity, Initiator, Target } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { isDigest } from './image.ts'
import { children, setting, signatures } from './settings.ts'
import { jfrogSecret, jfrogSha1, jfrogSha256, standard } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, type Noise, namingOf, pushes, ruled, type Vocabulary } from './vocabulary.ts'
import { idInWindow } from './window.ts'

// JFrog Artifactory and the other services of the JFrog Platform, which share its webhooks (docs/sources/artifactory.md).

const text = v.optional(v.nullable(v.string()))

// Parts of an event that belong to its identity are kept whole.
const dataSchema = v.looseObject(
  {
    repo_key: text,
    image_name: text,
    image_type: text,
    tag: text,
    sha256: text,
    target_repo: text,
    target_tag: text,
    platforms: v.optional(v.nullable(v.array(v.looseObject({ architecture: text, os: text })))),
  },
  'must be an object',
)

const eventSchema = v.object(
  {
    domain: v.string('must be text'),
    event_type: v.string('must be text'),
    data: v.optional(v.nullable(dataSchema)),
    jpd_origin: text,
    source: text,
    userContext: v.optional(
      v.nullable(v.looseObject({ id: text, isToken: v.optional(v.nullable(v.boolean())), realm: text })),
    ),
  },
  'is no event of Artifactory',
)

type Event = v.InferOutput<typeof eventSchema>

/** Rows of `domain` that are no audited actions. */
const ignored = <Domain extends string, Type extends string>(domain: Domain, what: string, ...types: Type[]) =>
  Object.fromEntries(types.map((type) => [`${domain} ${type}`, { ignored: what }])) as Readonly<
    Record<`${Domain} ${Type}`, Noise>
  >

const DELETION = ['delete_started', 'delete_completed', 'delete_failed'] as const
const STEPS = ['started', 'completed', 'failed'] as const
const GATE = ['evaluation', 'validation', 'failure'] as const
const EVALUATION = ['evaluation_started', 'evaluation_validation_passed', 'evaluation_validation_failed'] as const

const vocabulary = {
  ...pushes('docker pushed'),
  'docker deleted': { action: 'image.delete' },
  'docker promoted': { action: 'image.tag' },
  // Every layer and manifest of an image is an artifact, too.
  ...ignored('artifact', 'artifact', 'deployed', 'deleted', 'moved', 'copied', 'cached'),
  ...ignored('artifact_property', 'property', 'added', 'deleted'),
  ...ignored('artifact_lifecycle', 'archiving', 'archive', 'restore'),
  ...ignored('build', 'build', 'uploaded', 'deleted', 'promoted'),
  ...ignored('release_bundle', 'release bundle', 'created', 'signed', 'deleted'),
  ...ignored('release_bundle_v2', 'release bundle', ...STEPS.map((step) => `release_bundle_v2_${step}` as const)),
  ...ignored(
    'release_bundle_v2_promotion',
    'release bundle',
    ...STEPS.map((step) => `release_bundle_v2_promotion_${step}` as const),
  ),
  ...ignored('artifactory_release_bundle', 'distribution', 'received', ...DELETION),
  ...ignored('destination', 'distribution', 'received', ...DELETION),
  ...ignored(
    'distribution',
    'distribution',
    'distribute_started',
    'distribute_completed',
    'distribute_aborted',
    'distribute_failed',
    ...DELETION,
  ),
  ...ignored('user', 'account', 'locked'),
  ...ignored('xray_scan_status', 'scan', 'done', 'failed', 'partial', 'not_supported'),
  ...ignored('curation', 'curation', 'package blocked', 'waiver request', 'policy changed'),
  ...ignored('app_trust', 'application', ...GATE.map((part) => `entry_gate_${part}` as const)),
  ...ignored('app_trust', 'application', ...GATE.map((part) => `exit_gate_${part}` as const)),
  ...ignored('app_trust', 'application', ...EVALUATION.map((part) => `entry_gate_${part}` as const)),
  ...ignored('app_trust', 'application', ...EVALUATION.map((part) => `exit_gate_${part}` as const)),
  ...ignored('app_trust', 'application', ...STEPS.map((step) => `application_creation_${step}` as const)),
  ...ignored('app_trust', 'application', ...STEPS.map((step) => `application_update_${step}` as const)),
  ...ignored('app_trust', 'application', ...STEPS.map((step) => `application_deletion_${step}` as const)),
  ...ignored('app_trust', 'application', ...STEPS.map((step) => `version_creation_${step}` as const)),
  ...ignored('app_trust', 'application', ...STEPS.map((step) => `version_promotion_${step}` as const)),
  ...ignored('app_trust', 'application', ...STEPS.map((step) => `release_${step}` as const)),
} as const satisfies Vocabulary

/** What Curation sends has neither domain nor type. */
function curationOf(body: object): string | undefined {
  if ('domain' in body || 'event_type' in body) return undefined
  if ('waiver_request' in body) return 'curation waiver request'
  if ('curation_event_type' in body) return 'curation policy changed'
  const fields = ['package_type', 'package_name', 'curated_repository_name', 'policies']
  return fields.every((field) => field in body) ? 'curation package blocked' : undefined
}

/** The tag; children of a multi-arch image have their digest there, as the name of their folder. */
const tagOf = (tag: string | null | undefined): string | undefined =>
  tag && !isDigest(tag) && !/^sha256__[0-9a-f]{64}$/.test(tag) ? tag : undefined

/** The digest that a child of a multi-arch image has in place of a tag. */
const digestIn = (tag: string | null | undefined): string | undefined =>
  tag && !tagOf(tag) ? tag.replace('__', ':') : undefined

function targetOf(repositoryKey: string | null | undefined, tag: string | undefined, data: NonNullable<Event['data']>) {
  const { image_name, sha256 } = data
  const digest = sha256 ? (sha256.includes(':') ? sha256 : `sha256:${sha256}`) : digestIn(data.tag)
  const target: Target = {
    ...(repositoryKey && image_name ? { repository: `${repositoryKey}/${image_name}` } : {}),
    ...(tag ? { tag } : {}),
    ...(digest ? { digest } : {}),
  }
  return target
}

/** A service and its node, which newer versions have in `source` instead of a user: `jfrt@01h9…`. */
const SERVICE = /^jf[a-z]{2}@[0-9a-z]{26}$/

/** A user of the platform as the subject of a token: `jffe@…/users/alice`. */
const SUBJECT = /\/users\/(.+)$/

function initiatorOf({ source, userContext }: Event): Initiator {
  const sender = source?.startsWith('jfrog/') ? source.slice('jfrog/'.length) : ''
  const id = userContext?.id || (SERVICE.test(sender) ? '' : sender)
  if (!id) return {}
  const name = SUBJECT.exec(id)?.[1] ?? id
  return { id, name, ...(userContext?.isToken ? { credential: 'token' as const } : {}) }
}

function domainOf(origin: string | null | undefined): string | undefined {
  if (!origin) return undefined
  return URL.parse(origin.includes('://') ? origin : `https://${origin}`)?.host
}

/** What is useful and has no field of its own. */
function requestDataOf({ source, userContext }: Event, data: NonNullable<Event['data']>) {
  const { image_type, platforms, repo_key, tag, target_repo, target_tag } = data
  const isCopy = Boolean(target_repo || target_tag)
  const requestData = {
    ...(image_type ? { imageType: image_type } : {}),
    ...(platforms?.length ? { platforms: platforms.map(({ os, architecture }) => `${os}/${architecture}`) } : {}),
    ...(isCopy ? { sourceRepository: repo_key, sourceTag: tag } : {}),
    ...(userContext?.realm ? { realm: userContext.realm } : {}),
    ...(source ? { source } : {}),
  }
  return Object.keys(requestData).length > 0 ? { requestData } : {}
}

/**
 * How long equal events count as one delivery that was repeated. Artifactory tries five times, with up to 30 seconds for an answer
 * and 10 seconds in between: the last one begins at most 160 seconds after the first one.
 */
const WINDOW = 3 * 60 * 1000

/** What an event says, without the subscription that told of it: two subscriptions of one event are one event. */
const contentOf = ({ domain, event_type, data, source, userContext, jpd_origin }: Event): string =>
  `artifactory ${JSON.stringify([domain, event_type, data, source, userContext, jpd_origin])}`

function read(item: unknown, request: Request, settings: object): Activity | Noise {
  const curation = curationOf(item as object)
  if (curation) return meaningOf('Artifactory', vocabulary, curation) as Noise
  const event = parse(eventSchema, item, 'INVALID_ITEM', 'The item')
  const data = event.data ?? {}
  const ownTag = tagOf(data.tag)
  const type = `${event.domain} ${event.event_type}`
  const name = type === 'docker pushed' ? `${type}, ${namingOf(ownTag, data.sha256 || digestIn(data.tag))}` : type
  const verdict = meaningOf('Artifactory', vocabulary, name, settings)
  if ('ignored' in verdict) return verdict
  const domain = domainOf(event.jpd_origin)
  return {
    ...ruled(verdict),
    senderId: idInWindow(contentOf(event), request, WINDOW),
    time: undefined,
    target: targetOf(data.target_repo || data.repo_key, tagOf(data.target_tag) ?? ownTag, data),
    initiator: initiatorOf(event),
    reason: {},
    ...requestDataOf(event, data),
    ...(domain ? { domain } : {}),
  }
}

export const about: About = {
  title: 'JFrog Artifactory',
  authentication: 'the secret in `X-JFrog-Event-Auth`, or an HMAC of the body with it',
  replays: 'not bounded',
  retries: '5 tries, 10 s apart, when there is no answer or one of 500 and above; gives up on an answer after 30 s',
  identity: 'the event itself, within 3 minutes: it has neither an id nor a time',
  fills: {
    actor: 'sometimes',
    repository: 'always',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'never',
    agent: 'never',
    time: 'never',
    domain: 'sometimes',
    outcome: 'never',
  },
}

const signature = setting(
  ['sha256', 'sha256 or sha1'],
  'HMAC of "use secret for signing": `sha256`, or also the `sha1=` form that some receivers expect; the bare secret counts in any case',
)

/** Artifactory's predefined webhooks, one event each. */
export const artifactory = defineSource({
  name: 'artifactory',
  schemes: [jfrogSecret, jfrogSha256, jfrogSha1, standard],
  accepted: (settings) =>
    settings.signature === 'sha256 or sha1'
      ? [jfrogSecret, jfrogSha256, jfrogSha1, standard]
      : [jfrogSecret, jfrogSha256, standard],
  settings: { children, signatures, signature },
  vocabulary,
  items(request) {
    const body = parseJson(request.body)
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new RouterError('INVALID_ENVELOPE', 'The body is no event of Artifactory: it is no object.')
    }
    return [body]
  },
  read,
})
