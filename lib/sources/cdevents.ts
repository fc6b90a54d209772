import * as v from 'valibot'
import type { Activity } from '../activity.ts'
import { answerOptions, cloudEventItems, dataOf, readCloudEvent } from '../cloudevent.ts'
import { RouterError } from '../errors.ts'
import { parse } from '../parse.ts'
import { parseTime } from '../time.ts'
import { isDigest } from './image.ts'
import { standard, token } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, type Noise, ruled, type Vocabulary } from './vocabulary.ts'

// CDEvents of any version, as CloudEvents or bare (docs/sources/cdevents.md). What counts is in the CDEvent itself: in binary mode
// nothing signs the headers that repeat it.

const text = v.optional(v.nullable(v.string()))

const eventSchema = v.object(
  {
    context: v.object(
      {
        id: v.pipe(v.string('must be text'), v.nonEmpty('must not be empty')),
        source: v.string('must be text'),
        type: v.string('must be text'),
        timestamp: text,
        chainId: text,
      },
      'must be an object',
    ),
    subject: v.object({ id: v.string('must be text'), content: v.optional(v.unknown()) }, 'must be an object'),
  },
  'is no CDEvent',
)

const contentSchema = v.optional(
  v.nullable(v.object({ user: text, sbom: v.optional(v.nullable(v.object({ uri: text }))) }, 'must be an object')),
)

// What else happens between a change and its deployment, by subject; `testcase` and `testsuite` are of the first versions.
const OTHERS = {
  approval: ['created', 'updated', 'closed'],
  branch: ['created', 'deleted'],
  build: ['queued', 'started', 'finished'],
  change: ['created', 'updated', 'reviewed', 'merged', 'abandoned'],
  changewindow: ['created', 'modified', 'opened', 'closed', 'access', 'breached', 'revoked'],
  deployment: ['queued', 'started', 'finished'],
  environment: ['created', 'modified', 'deleted'],
  incident: ['detected', 'reported', 'resolved'],
  migration: ['queued', 'started', 'finished'],
  pipelinerun: ['queued', 'started', 'finished'],
  reconciliation: ['started', 'finished'],
  repository: ['created', 'modified', 'deleted'],
  scheduledexecution: ['created', 'modified', 'triggered', 'missed', 'canceled'],
  service: ['deployed', 'published', 'removed', 'rolledback', 'upgraded'],
  targetrollout: ['queued', 'started', 'finished'],
  taskrun: ['queued', 'started', 'finished'],
  testcase: ['queued', 'started', 'finished'],
  testcaserun: ['queued', 'started', 'finished', 'skipped'],
  testoutput: ['published'],
  testsuite: ['queued', 'started', 'finished'],
  testsuiterun: ['queued', 'started', 'finished'],
  ticket: ['created', 'updated', 'closed'],
} as const

const PREFIX = 'dev.cdevents.'

const others: Vocabulary = Object.fromEntries(
  Object.entries(OTHERS).flatMap(([subject, predicates]) =>
    predicates.map((predicate) => [`${PREFIX}${subject}.${predicate}`, { ignored: `${subject} event` }]),
  ),
)

const otherPackage = { ignored: 'other package type' } as const

const vocabulary: Vocabulary = {
  'dev.cdevents.artifact.published': { action: 'image.push' },
  'dev.cdevents.artifact.published, other package type': otherPackage,
  'dev.cdevents.artifact.deleted': { action: 'image.delete' },
  'dev.cdevents.artifact.deleted, other package type': otherPackage,
  'dev.cdevents.artifact.downloaded': { action: 'image.pull' },
  'dev.cdevents.artifact.downloaded, other package type': otherPackage,
  'dev.cdevents.artifact.signed': { action: 'signature.write' },
  'dev.cdevents.artifact.signed, other package type': otherPackage,
  'dev.cdevents.artifact.packaged': { ignored: 'artifact packaged' },
  ...others,
}

/** The type without its version: what one version calls an event, all do. */
const withoutVersion = (type: string): string => /^dev\.cdevents\.[a-z]+\.[a-z]+(?=\.)/.exec(type)?.[0] ?? type

const IMAGES: ReadonlySet<string> = new Set(['oci', 'docker'])

// The other types of package URLs that are registered.
// biome-ignore format: one list
const OTHER_PACKAGES: ReadonlySet<string> = new Set([
  'alpm', 'apk', 'bazel', 'bitbucket', 'bitnami', 'bower', 'brew', 'buildroot', 'cargo', 'carthage', 'chef', 'chocolatey', 'clojars', 'cocoapods', 'composer',
  'conan', 'conda', 'coreos', 'cpan', 'cran', 'ctan', 'deb', 'drupal', 'dtype', 'dub', 'ebuild', 'eclipse', 'elm', 'gem', 'generic', 'gitea', 'github', 'gitlab',
  'git', 'golang', 'gradle', 'guix', 'hackage', 'haxe', 'helm', 'hex', 'huggingface', 'julia', 'lua', 'luarocks', 'maven', 'melpa', 'meteor', 'mlflow', 'nim', 'nix',
  'npm', 'nuget', 'opam', 'openwrt', 'osgi', 'otp', 'p2', 'pear', 'pecl', 'perl6', 'platformio', 'pub', 'puppet', 'pypi', 'qpkg', 'rpm', 'sourceforge', 'sublime', 'swid',
  'swift', 'terraform', 'vcpkg', 'vim', 'vscode', 'vscode-extension', 'wordpress', 'yocto',
])

/** The event's name in the vocabulary. */
function nameOf(type: string, subjectId: string): string {
  const name = withoutVersion(type)
  if (!Object.hasOwn(vocabulary, `${name}, other package type`)) return name
  const packageType = /^pkg:\/*([a-z][a-z0-9.+-]*)\//i.exec(subjectId)?.[1]
  if (!packageType) throw new RouterError('INVALID_ITEM', 'subject.id: is no package URL.')
  const kind = packageType.toLowerCase()
  if (IMAGES.has(kind)) return name
  return OTHER_PACKAGES.has(kind) ? `${name}, other package type` : `${name}, package type ${kind}`
}

/** A package URL in its decoded parts. */
interface PackageUrl {
  /** Namespace and name. */
  name: string
  version: string
  qualifiers: URLSearchParams
}

/** Of a package URL what images need: a few lines for what the `packageurl-js` package takes 45 KB for. */
function parsePackageUrl(purl: string): PackageUrl {
  const [, path = '', qualifiers = ''] = /^pkg:\/*[^/]+\/([^?#]+)(?:\?([^#]*))?/i.exec(purl) ?? []
  const at = path.lastIndexOf('@')
  const name = at > 0 ? path.slice(0, at) : path
  try {
    return {
      name: decodeURIComponent(name).replace(/^\/+|\/+$/g, ''),
      version: at > 0 ? decodeURIComponent(path.slice(at + 1)) : '',
      // A plus sign is itself there, not a space.
      qualifiers: new URLSearchParams(qualifiers.replaceAll('+', '%2B')),
    }
  } catch (cause) {
    throw new RouterError('INVALID_ITEM', 'subject.id: is not percent-encoded UTF-8.', { cause })
  }
}

/** `user:password@` in front of a host. */
const CREDENTIALS = /^[^/?#]*@/

/** An address without the credentials that somebody put into it, percent-encoded ones too. */
const masked = (url: string): string => url.replace(/(\/\/|%2f%2f|repository_url=)[^/?#&@]*(?:@|%40)/gi, '$1')

/**
 * Domain and repository. `repository_url` is the registry alone for `pkg:docker`, and with the whole path for `pkg:oci`; some
 * senders give the path without the name.
 */
function placeOf({ name, qualifiers }: PackageUrl): { domain?: string; repository: string } {
  const url = (qualifiers.get('repository_url') ?? '')
    .replace(/^[a-z]+:\/\//i, '')
    .replace(CREDENTIALS, '')
    .replace(/\/+$/, '')
  if (!url) return { repository: name }
  const [domain = '', ...rest] = url.split('/')
  const path = rest.join('/')
  const isWhole = `/${path}`.toLowerCase().endsWith(`/${name.toLowerCase()}`)
  return { domain, repository: isWhole ? path : path ? `${path}/${name}` : name }
}

function imageOf(purl: PackageUrl): Pick<Activity, 'target' | 'domain'> {
  const { domain, repository } = placeOf(purl)
  const { version } = purl
  const digest = isDigest(version) ? version : undefined
  const tag = purl.qualifiers.get('tag') || (digest ? undefined : version)
  return {
    target: { repository, ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) },
    ...(domain ? { domain } : {}),
  }
}

/** The CDEvent: what a CloudEvent carries, or the item itself. */
function eventOf(item: unknown) {
  const isCloudEvent = typeof item === 'object' && item !== null && 'specversion' in item
  return parse(eventSchema, isCloudEvent ? dataOf(readCloudEvent(item)) : item, 'INVALID_ITEM', 'The item')
}

function read(item: unknown): Activity | Noise {
  const { context, subject } = eventOf(item)
  const name = nameOf(context.type, subject.id)
  const verdict = meaningOf('CDEvents', vocabulary, name)
  if ('ignored' in verdict) return verdict
  const { user, sbom } = parse(contentSchema, subject.content, 'INVALID_ITEM', 'subject.content') ?? {}
  return {
    ...ruled(verdict),
    senderId: JSON.stringify([context.source, context.id, name]),
    time: context.timestamp ? parseTime(context.timestamp) : undefined,
    ...imageOf(parsePackageUrl(subject.id)),
    initiator: user ? { id: user, name: user } : {},
    reason: {},
    requestData: { packageUrl: masked(subject.id), ...(sbom?.uri ? { sbom: masked(sbom.uri) } : {}) },
    ...(context.chainId ? { correlationId: context.chainId } : {}),
  }
}

export const about: About = {
  title: 'CDEvents',
  authentication: 'a token, or a signature as in Standard Webhooks (HMAC-SHA256 or ed25519)',
  replays: 'bounded to 5 minutes when signed; not bounded with a token',
  retries: "the sender's own",
  identity: '`source` and `id` of the context, and the type',
  fills: {
    actor: 'sometimes',
    repository: 'always',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'never',
    agent: 'never',
    time: 'always',
    domain: 'sometimes',
    outcome: 'never',
  },
}

/** Artifact events of CDEvents about images. */
export const cdevents = defineSource({
  name: 'cdevents',
  schemes: [token, standard],
  settings: {},
  vocabulary,
  items: cloudEventItems,
  read,
  handshake: answerOptions,
})
