import * as v from 'valibot'
import type { Activity } from '../activity.ts'
import { RouterError } from '../errors.ts'
import { parseJsonOrForm } from '../form.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import { isDigest } from './image.ts'
import { children, signatures } from './settings.ts'
import { giteaSha256, hubSha256, standard, token } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, namingOf, pushes, type Ruled, ruled, type Vocabulary } from './vocabulary.ts'
import { idInWindow } from './window.ts'

// Webhooks of Gitea and Forgejo about packages (docs/sources/gitea.md).

const text = v.optional(v.nullable(v.string('must be text')))
const user = v.optional(v.nullable(v.object({ login: text }, 'must be an object')))

const eventSchema = v.object(
  {
    action: v.string('must be text'),
    package: v.object(
      {
        id: v.optional(v.nullable(v.number('must be a number'))),
        type: v.string('must be text'),
        name: text,
        version: text,
        owner: user,
        html_url: text,
        created_at: text,
      },
      'must be an object',
    ),
    sender: user,
  },
  'is no event of Gitea',
)

type Event = v.InferOutput<typeof eventSchema>

// What a hook brings beside packages, by both names that the headers give: `pull_request_review_approved` of the type is
// `pull_request_approved` of the event. A test delivery is a `push`.
const OTHERS = `
  action_run_failure action_run_recover action_run_success create delete fork issue_assign issue_comment issue_label issue_milestone
  issues merge_group pull_request pull_request_approved pull_request_assign pull_request_comment pull_request_label
  pull_request_milestone pull_request_rejected pull_request_review pull_request_review_approved pull_request_review_comment
  pull_request_review_rejected pull_request_review_request pull_request_sync push release repository schedule status wiki
  workflow_dispatch workflow_job workflow_run
`
  .trim()
  .split(/\s+/)

// Kinds of packages that are no images.
const KINDS = `
  alpine alt arch cargo chef composer conan conda cran debian generic go helm maven npm nuget pub pypi rpm rubygems swift terraform
  vagrant
`
  .trim()
  .split(/\s+/)

const rows = <Verdict>(names: readonly string[], verdict: Verdict): Record<string, Verdict> =>
  Object.fromEntries(names.map((name) => [name, verdict]))

const vocabulary: Vocabulary = {
  ...pushes('package created'),
  // The version that goes is the tag; what it pointed to is not said.
  'package deleted': { action: 'image.delete' },
  ...rows(
    KINDS.map((kind) => `package, ${kind}`),
    { ignored: 'other package' } as const,
  ),
  ...rows(OTHERS, { ignored: 'other event' } as const),
}

const NAMES = ['x-gitea-event-type', 'x-forgejo-event-type', 'x-gitea-event', 'x-forgejo-event'] as const

/**
 * The event's name. Many versions leave `X-Gitea-Event` empty for packages, so the type comes first; what a relay sends without
 * either is told by the body.
 */
function eventOf({ headers }: Request, body: object): string {
  for (const name of NAMES) {
    const event = headers[name]
    if (event) return event
  }
  if ('package' in body) return 'package'
  throw new RouterError('INVALID_ENVELOPE', 'The request has no X-Gitea-Event and its body no package.')
}

const readEvent = (body: unknown): Event => parse(eventSchema, body, 'INVALID_ITEM', 'The item')

function nameOf({ action, package: { type, version } }: Event): string {
  if (type !== 'container') return `package, ${type}`
  if (action !== 'created') return `package ${action}`
  return `package created, ${version && isDigest(version) ? namingOf(undefined, version) : namingOf(version, undefined)}`
}

/**
 * The id of the delivery, which is another one when somebody sends it again by hand. The version's number and time would stay the same
 * then, but newer versions of Gitea keep them when a tag is pushed again, too: better one event twice than two as one.
 */
function idOf(row: number | null | undefined, time: number | undefined, content: string, request: Request): string {
  const { headers } = request
  const delivery = headers['x-gitea-delivery'] || headers['x-forgejo-delivery'] || headers['webhook-id']
  if (delivery) return delivery
  return time === undefined ? idInWindow(content, request) : `${row ?? ''} ${time}`
}

function toActivity(verdict: Ruled, event: Event, request: Request): Activity {
  const { id: row, name, version, owner, html_url, created_at } = event.package
  const repository = owner?.login && name ? `${owner.login}/${name}`.toLowerCase() : undefined
  const image = version ? (isDigest(version) ? { digest: version } : { tag: version }) : {}
  const content = JSON.stringify([event.action, repository, version])
  const time = parseTime(created_at ?? '')
  const login = event.sender?.login
  const domain = URL.parse(html_url ?? '')?.host
  return {
    ...ruled(verdict),
    senderId: `${idOf(row, time, content, request)} ${content}`,
    // A deletion only says when that came into being which is now gone.
    time: event.action === 'created' ? time : undefined,
    target: { ...(repository ? { repository } : {}), ...image },
    initiator: login ? { id: login, name: login } : {},
    reason: {},
    ...(domain ? { domain } : {}),
  }
}

export const about: About = {
  title: 'Gitea and Forgejo',
  authentication:
    'a signature (HMAC-SHA256 of the JSON text), or a token: what the webhook has as its Authorization header',
  replays: 'not bounded; bounded by the timestamp where a relay signs as Standard Webhooks says',
  retries: 'none; gives up on an answer after 5 s unless configured; a delivery can be sent again by hand',
  identity:
    'the id of the delivery, or else number of the version and when it was created; with action, repository and version',
  fills: {
    actor: 'always',
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

/** Webhooks of Gitea and Forgejo about container packages. */
export const gitea = defineSource({
  name: 'gitea',
  schemes: [giteaSha256, hubSha256, token, standard],
  settings: { children, signatures },
  vocabulary,
  items(request) {
    const body = parseJsonOrForm(request)
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new RouterError('INVALID_ENVELOPE', 'The body is no event of Gitea: it is no object.')
    }
    return [{ name: eventOf(request, body), body }]
  },
  read(item, request, settings) {
    const { name, body } = item as { name: string; body: unknown }
    const event = name === 'package' ? readEvent(body) : undefined
    const verdict = meaningOf('Gitea', vocabulary, event ? nameOf(event) : name, settings)
    return 'ignored' in verdict ? verdict : toActivity(verdict, event ?? readEvent(body), request)
  },
})
