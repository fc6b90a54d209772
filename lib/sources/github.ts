import * as v from 'valibot'
import type { Activity } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { parseJsonOrForm } from '../form.ts'
import { parse } from '../parse.ts'
import type { Request, Response } from '../request.ts'
import { parseTime } from '../time.ts'
import { isDigest, splitImage } from './image.ts'
import { children, setting, signatures } from './settings.ts'
import { hubSha1, hubSha256 } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, namingOf, pushes, type Ruled, ruled, type Vocabulary } from './vocabulary.ts'
import { idInWindow } from './window.ts'

// Webhooks of GitHub about packages, of which ghcr.io's images are some (docs/sources/github.md). One push is told twice when
// a hook has both events, `package` and `registry_package`: what they say is the same.

const text = v.optional(v.nullable(v.string('must be text')))

const packageSchema = v.object(
  {
    name: text,
    package_type: text,
    ecosystem: text,
    updated_at: text,
    owner: v.optional(v.nullable(v.object({ login: text }, 'must be an object'))),
    package_version: v.optional(
      v.nullable(
        v.object(
          {
            version: text,
            updated_at: text,
            package_url: text,
            container_metadata: v.optional(
              v.nullable(
                v.object(
                  {
                    tag: v.optional(v.nullable(v.object({ name: text, digest: text }, 'must be an object'))),
                    manifest: v.optional(v.nullable(v.object({ digest: text, media_type: text }, 'must be an object'))),
                  },
                  'must be an object',
                ),
              ),
            ),
          },
          'must be an object',
        ),
      ),
    ),
  },
  'must be an object',
)

const eventSchema = v.object(
  {
    action: v.string('must be text'),
    package: v.optional(v.nullable(packageSchema)),
    registry_package: v.optional(v.nullable(packageSchema)),
    repository: v.optional(v.nullable(v.object({ full_name: text }, 'must be an object'))),
    sender: v.optional(v.nullable(v.object({ login: text }, 'must be an object'))),
  },
  'is no event of GitHub',
)

type Package = v.InferOutput<typeof packageSchema>

const other = { ignored: 'other event' } as const
const otherPackage = { ignored: 'other package' } as const
const notChosen = { ignored: 'event not chosen' } as const

// What a hook with "send me everything" brings beside packages, for repositories, organizations, enterprises and apps.
const OTHERS = `
  branch_protection_configuration branch_protection_rule check_run check_suite code_scanning_alert commit_comment content_reference
  create custom_property custom_property_promoted_to_enterprise custom_property_values delete dependabot_alert deploy_key deployment
  deployment_protection_rule deployment_review deployment_status discussion discussion_comment fork github_app_authorization gollum
  installation installation_repositories installation_target issue_comment issue_dependencies issues label marketplace_purchase
  member membership merge_group merge_queue_entry meta milestone org_block organization page_build personal_access_token_request
  project project_card project_column projects_v2 projects_v2_item projects_v2_status_update public pull_request
  pull_request_review pull_request_review_comment pull_request_review_thread push release repository repository_advisory
  repository_dispatch repository_import repository_ruleset repository_vulnerability_alert secret_scanning_alert
  secret_scanning_alert_location secret_scanning_scan security_advisory security_and_analysis sponsorship star status sub_issues
  team team_add watch workflow_dispatch workflow_job workflow_run
`
  .trim()
  .split(/\s+/)

// Kinds of packages that are no images.
const KINDS = ['npm', 'maven', 'rubygems', 'nuget', 'debian', 'pypi'] as const

const rows = <Verdict>(names: readonly string[], verdict: Verdict): Record<string, Verdict> =>
  Object.fromEntries(names.map((name) => [name, verdict]))

const vocabulary: Vocabulary = {
  ...pushes('package published'),
  ...pushes('package updated'),
  ...pushes('registry_package published'),
  ...pushes('registry_package updated'),
  'package, not chosen': notChosen,
  'registry_package, not chosen': notChosen,
  ...rows(
    KINDS.flatMap((kind) => [`package, ${kind}`, `registry_package, ${kind}`]),
    otherPackage,
  ),
  ping: { ignored: 'handshake' },
  ...rows(OTHERS, other),
}

const isPackageEvent = (name: string): name is 'package' | 'registry_package' =>
  name === 'package' || name === 'registry_package'

/** The event's name: of the header, which the signature does not cover, or as the body shows it. */
function eventOf({ headers }: Request, body: object): string {
  const name = headers['x-github-event']
  if (name) return name
  const found = ['package', 'registry_package'].find((key) => key in body)
  if (!found) throw new RouterError('INVALID_ENVELOPE', 'The request has no X-GitHub-Event and its body no package.')
  return found
}

/** What a hook tells of one package. */
interface Told {
  action: string
  about: Package
  gitRepository: string | undefined
  sender: string | undefined
}

function readTold(name: string, body: unknown): Told {
  const event = parse(eventSchema, body, 'INVALID_ITEM', 'The item')
  const about = event.package ?? event.registry_package
  if (!about)
    throw new RouterError('INVALID_ITEM', `The item is no event of GitHub about a package: ${name} is missing.`)
  const { action, repository, sender } = event
  return { action, about, gitRepository: repository?.full_name ?? undefined, sender: sender?.login ?? undefined }
}

/** GitHub calls a container `CONTAINER`, `container` or `docker`, and in its own example `npm` with the ecosystem `docker`. */
function kindOf({ package_type, ecosystem, package_version }: Package): string {
  const isContainer =
    /^(?:container|docker)$/i.test(package_type ?? '') ||
    /^(?:container|docker)$/i.test(ecosystem ?? '') ||
    Boolean(package_version?.container_metadata)
  return isContainer ? 'container' : (package_type ?? '').toLowerCase()
}

const FULL = /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/

/**
 * The digest: the tag's, the manifest's, or the version's name. The example in GitHub's documentation has a commit's id in the
 * first two, 40 digits long, which names no image: a whole digest comes before one that is cut.
 */
function digestOf({ package_version }: Package): string | undefined {
  const { tag, manifest } = package_version?.container_metadata ?? {}
  const candidates = [tag?.digest, manifest?.digest, package_version?.version].map((digest) => digest ?? '')
  return candidates.find((digest) => FULL.test(digest)) ?? candidates.find(isDigest)
}

/** The tag, which is empty for a push by digest. The Docker registry before ghcr.io had it as the version's name. */
function tagOf({ package_version }: Package): string | undefined {
  const { container_metadata, version } = package_version ?? {}
  if (container_metadata) return container_metadata.tag?.name || undefined
  return version && !isDigest(version) ? version : undefined
}

/** The event's name in the vocabulary; `told` is left out when the other event was chosen. */
function nameOf(name: string, told: Told | undefined): string {
  if (!isPackageEvent(name)) return name
  if (!told) return `${name}, not chosen`
  const kind = kindOf(told.about)
  return kind === 'container'
    ? `${name} ${told.action}, ${namingOf(tagOf(told.about), digestOf(told.about))}`
    : `${name}, ${kind}`
}

/** When the version changed, or else the package; a version that was not changed yet has the year 1. */
const timeOf = ({ package_version, updated_at }: Package): number | undefined =>
  parseTime(package_version?.updated_at ?? '') ?? parseTime(updated_at ?? '')

/**
 * The same for both events of one push, so neither the event's name nor the delivery's id is in it, and the package's time comes
 * before the version's, which GitHub does not always say. A push without a time has nothing else that tells it from the next one
 * than the delivery's id, which stays when somebody sends the delivery again.
 */
function idOf(content: string, about: Package, request: Request): string {
  const time = parseTime(about.updated_at ?? '') ?? timeOf(about)
  if (time !== undefined) return `${content} ${time}`
  const delivery = request.headers['x-github-delivery']
  return delivery ? `${content} ${delivery}` : idInWindow(content, request)
}

function toActivity(verdict: Ruled, { action: verb, about, gitRepository, sender }: Told, request: Request): Activity {
  const { container_metadata, package_url } = about.package_version ?? {}
  const owner = about.owner?.login
  const repository = owner && about.name ? `${owner}/${about.name}`.toLowerCase() : undefined
  const [tag, digest] = [tagOf(about), digestOf(about)]
  const mediaType = container_metadata?.manifest?.media_type
  return {
    ...ruled(verdict),
    senderId: idOf(JSON.stringify([verb, repository, digest, tag]), about, request),
    time: timeOf(about),
    target: { ...(repository ? { repository } : {}), ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) },
    initiator: sender ? { id: sender, name: sender } : {},
    reason: {},
    requestData: { ...(gitRepository ? { gitRepository } : {}), ...(mediaType ? { mediaType } : {}) },
    domain: splitImage(package_url ?? '').domain ?? 'ghcr.io',
  }
}

export const about: About = {
  title: 'GitHub Container Registry',
  authentication: 'a signature: HMAC-SHA256 of the body; HMAC-SHA1 where the server sends nothing stronger',
  replays: 'not bounded',
  retries: 'none; gives up on an answer after 10 s; a delivery can be sent again by hand',
  identity: 'action, repository, digest, tag and time of the package; without a time the id of the delivery',
  fills: {
    actor: 'always',
    repository: 'always',
    tag: 'sometimes',
    digest: 'always',
    address: 'never',
    agent: 'never',
    time: 'sometimes',
    domain: 'always',
    outcome: 'never',
  },
}

/** GitHub's webhooks about container images, one event for each push however many hooks tell of it. */
export const github = defineSource({
  name: 'github',
  schemes: [hubSha256, hubSha1],
  settings: {
    children,
    signatures,
    events: setting(
      ['either', 'package', 'registry_package'],
      'Which of the two events tells of pushes: `either` of them, which count once, or the one and the other is ignored',
    ),
  },
  vocabulary,
  handshake({ headers }): Response | undefined {
    return headers['x-github-event'] === 'ping' ? { status: 200, headers: {}, body: { answer: 'pong' } } : undefined
  },
  items(request) {
    const body = parseJsonOrForm(request)
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new RouterError('INVALID_ENVELOPE', 'The body is no event of GitHub: it is no object.')
    }
    return [{ name: eventOf(request, body), body }]
  },
  read(item, request, settings) {
    const { name, body } = item as { name: string; body: unknown }
    const isRead = isPackageEvent(name) && (settings.events === 'either' || settings.events === name)
    const told = isRead ? readTold(name, body) : undefined
    const verdict = meaningOf('GitHub', vocabulary, nameOf(name, told), settings)
    return 'ignored' in verdict ? verdict : toActivity(verdict, told ?? readTold(name, body), request)
  },
})
