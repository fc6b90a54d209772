import * as v from 'valibot'
import { clean, isClean } from './text.ts'

// What one webhook item says, in our normal form, before the tables are asked. The schema is also the documented shape of
// `data` of the `cloudevents` source: `docs/schemas/activity.json` is generated from it.

/** Text that names something: refused when it would have to be changed, because identity is never cut. */
const identity = (limit: number) =>
  v.pipe(
    v.string('must be text'),
    v.minLength(1, 'must not be empty'),
    v.maxLength(limit, `must have at most ${limit} characters`),
    v.check((text) => isClean(text, limit), 'must not have control characters, lone surrogates or outer spaces'),
  )

/** Text that says who it was: freed from control characters, which the event then says, but never cut. */
const who = (limit: number) =>
  v.pipe(
    v.string('must be text'),
    v.maxLength(limit, `must have at most ${limit} characters`),
    v.check((text) => text === '' || clean(text, limit) !== '', 'must not be made of control characters'),
    v.transform((text) => clean(text, limit)),
  )

/** Text that describes: cut at `limit` and freed from control characters; the event says so. */
const description = (limit: number) =>
  v.pipe(
    v.string('must be text'),
    v.transform((text) => clean(text, limit)),
  )

/** An object without fields that are not known: a misspelt one must not vanish. */
const strict = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.strictObject(entries, (issue) => (issue.expected === 'never' ? 'there is no such field' : 'must be an object'))

const repository = v.pipe(identity(255), v.regex(/^[^\s:@]+$/, 'must not have spaces, ":" or "@"'))
const tag = v.pipe(identity(128), v.regex(/^[^\s:@/]+$/, 'must not have spaces, ":", "@" or "/"'))
// The grammar of the OCI image specification; length and alphabet of the known algorithms are not insisted on.
const digest = v.pipe(
  identity(255),
  v.regex(/^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/, 'must be like sha256:<hex>'),
)
/** An object of any fields; a list is none, although JavaScript calls it so. */
const object = v.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
)
const amount = v.pipe(v.number('must be a number'), v.finite('must be a number'), v.minValue(-1, 'must be -1 or more'))

/** What the activity was done to. Which fields an action needs is stated by its family (`functions/<family>.ts`). */
export const targetSchema = strict({
  id: v.optional(v.pipe(identity(1024), v.description('Id to put into the event instead of the derived one'))),
  name: v.optional(v.pipe(identity(512), v.description('Name to put into the event instead of the derived one'))),
  alias: v.optional(v.pipe(identity(512), v.description('Alias that the request used'))),
  resourceGroupId: v.optional(v.pipe(identity(512), v.description('CRN of the resource group'))),
  host: v.optional(v.pipe(identity(255), v.description('Address of the service as the client asked for it'))),
  repository: v.optional(v.pipe(repository, v.description('Repository without the domain: team/app'))),
  tag: v.optional(v.pipe(tag, v.description('Tag: 1.4.0'))),
  digest: v.optional(v.pipe(digest, v.description('Digest: sha256:<hex>'))),
  namespace: v.optional(v.pipe(identity(255), v.description('Namespace: team'))),
  policy: v.optional(v.pipe(object, v.description('Retention policy, as an object'))),
  token: v.optional(v.pipe(identity(255), v.description('Id of a registry token; never the token itself'))),
  plan: v.optional(v.pipe(identity(128), v.description('Pricing plan: standard'))),
  storageMegabytes: v.optional(v.pipe(amount, v.description('Storage quota in megabytes; -1: unlimited'))),
  trafficMegabytes: v.optional(v.pipe(amount, v.description('Traffic quota in megabytes a month; -1: unlimited'))),
  storagePercent: v.optional(
    v.pipe(amount, v.description('Share of the storage quota, in percent, that a limit sets')),
  ),
  privateOnly: v.optional(v.pipe(v.boolean('must be true or false'), v.description('Public connections are blocked'))),
  iamAuthz: v.optional(v.pipe(v.boolean('must be true or false'), v.description('IAM policies are enforced'))),
  platformMetrics: v.optional(v.pipe(v.boolean('must be true or false'), v.description('Platform metrics are on'))),
  issueType: v.optional(v.pipe(identity(64), v.description('Kind of the exempted issue: cve, sn, configuration'))),
  issueId: v.optional(v.pipe(identity(255), v.description('Id of the exempted issue: CVE-2020-0001'))),
  signatureMethod: v.optional(v.pipe(identity(64), v.description('How it was signed: simple, cosign, notary'))),
  signatureObject: v.optional(v.pipe(identity(64), v.description('What was signed: image'))),
  includeIBM: v.optional(
    v.pipe(v.boolean('must be true or false'), v.description('Public images of IBM are included')),
  ),
  includePrivate: v.optional(
    v.pipe(v.boolean('must be true or false'), v.description('Images of the account are included')),
  ),
})

/** Who did it, as far as the sender says. */
export const initiatorSchema = strict({
  id: v.optional(v.pipe(who(512), v.description('Id: IBMid-..., iam-ServiceId-..., or a user name'))),
  name: v.optional(v.pipe(who(512), v.description('Name for people'))),
  type: v.optional(
    v.pipe(
      v.picklist(
        ['user', 'serviceid', 'certificateid', 'clientid'],
        'must be user, serviceid, certificateid or clientid',
      ),
      v.description('Kind of the initiator; derived from the id when left out'),
    ),
  ),
  credential: v.optional(
    v.pipe(
      v.picklist(
        // biome-ignore format: the published list
        ['token', 'user', 'apikey', 'certificate', 'public-access', 'hmac', 'compute-resource', 'instance-identity-token', 'apikey-serviceid', 's2s-authorization'],
        'must be one of the published credential types',
      ),
      v.description('Kind of the credential that was used'),
    ),
  ),
  address: v.optional(
    v.pipe(description(64), v.description('Client address: 192.0.2.10, 192.0.2.10:4711, [2001:db8::1]:4711')),
  ),
  agent: v.optional(v.pipe(description(350), v.description('User agent'))),
  authnId: v.optional(v.pipe(who(512), v.description('Id of who logged in, when another'))),
  authnName: v.optional(v.pipe(who(512), v.description('Name of who logged in, when another'))),
})

const bag = (text: string) => v.optional(v.pipe(object, v.description(text)))

/** What `data` of a CloudEvent holds: an activity without the parts that the CloudEvent itself carries. */
export const activityDataSchema = strict({
  target: v.optional(targetSchema, {}),
  initiator: v.optional(initiatorSchema, {}),
  outcome: v.optional(
    v.pipe(
      v.picklist(['success', 'pending', 'failure'], 'must be success, pending or failure'),
      v.description('Derived from reason.code when left out'),
    ),
  ),
  reason: v.optional(
    strict({
      code: v.optional(
        v.pipe(
          v.number('must be a number'),
          v.integer('must be a whole number'),
          v.minValue(100, 'must be an HTTP status code'),
          v.maxValue(599, 'must be an HTTP status code'),
          v.description('HTTP status code that the registry answered'),
        ),
      ),
      message: v.optional(v.pipe(description(1024), v.description('Why it failed'))),
    }),
    {},
  ),
  requestData: bag('What was asked, camelCase keys'),
  responseData: bag('What was answered, camelCase keys'),
  correlationId: v.optional(v.pipe(who(128), v.description('Id that links events of several services'))),
  domain: v.optional(v.pipe(description(255), v.description('Domain that the sender says it served'))),
})

export type Target = v.InferOutput<typeof targetSchema>
export type Initiator = v.InferOutput<typeof initiatorSchema>
export type ActivityData = v.InferOutput<typeof activityDataSchema>

/** One webhook item in our normal form. */
export interface Activity extends ActivityData {
  /** Row of the action table: `container-registry.image.push`. */
  action: string
  /** What says so: a name of the source's vocabulary, `push, by tag`; of a source without one the type of the event. */
  rule: string
  /** The sender's id of this item, the same in every retry; the id of the event is derived from it. */
  senderId: string
  /** Milliseconds since 1970, or `undefined` when the sender does not say. */
  time: number | undefined
}
