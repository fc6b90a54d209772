import * as v from 'valibot'
import type { Activity } from '../activity.ts'
import { cloudEventId, cloudEventItems, dataOf, hasCloudEvents, readCloudEvent } from '../cloudevent.ts'
import { RouterError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import type { Request } from '../request.ts'
import { parseTime } from '../time.ts'
import { splitImage } from './image.ts'
import { children, signatures } from './settings.ts'
import { query } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, type Noise, namingOf, pushes, ruled, type Vocabulary } from './vocabulary.ts'
import { idOfContent } from './window.ts'

// Alibaba Cloud Container Registry: its triggers, and its events by way of EventBridge (docs/sources/alibaba.md).

const text = v.nullish(v.string('must be text'))

const triggerSchema = v.object(
  {
    push_data: v.object({ digest: text, pushed_at: text, tag: text }, 'must be an object'),
    repository: v.object(
      { repo_full_name: text, namespace: text, name: text, region: text, instance_id: text, instance_name: text },
      'must be an object',
    ),
  },
  'is no push of Alibaba Cloud',
)

const dataSchema = v.object(
  {
    RepoNamespaceName: text,
    RepoName: text,
    Tag: text,
    Digest: text,
    BuildStatus: text,
    InstanceId: text,
    InstanceName: text,
    RegionId: text,
    RepoId: text,
  },
  'must be an object',
)

const management = { ignored: 'management call' } as const

const vocabulary = {
  ...pushes('push'),
  ...pushes('cr:Artifact:PushCompleted'),
  'cr:Artifact:BuildCompleted, succeeded': { action: 'image.build' },
  'cr:Artifact:BuildCompleted, failed': { action: 'image.build', outcome: 'failure' },
  'cr:Artifact:BuildCompleted, canceled': { ignored: 'build canceled' },
  'cr:Artifact:DeliveryChainCompleted': { ignored: 'delivery chain' },
  'cr:Artifact:ScanCompleted': { ignored: 'scan' },
  'cr:Artifact:SigningCompleted': { ignored: 'signing' },
  'cr:Artifact:SynchronizationCompleted': { ignored: 'replication' },
  'cr:ActionTrail:AliyunServiceEvent': management,
  'cr:ActionTrail:ApiCall': management,
  'cr:ActionTrail:ConsoleOperation': management,
  'cr:ActionTrail:ConsoleSignin': management,
  'cr:ActionTrail:ConsoleSignout': management,
} as const satisfies Vocabulary

/** What `items` makes: the body of a trigger, or a CloudEvent. */
type Item = { trigger: unknown } | { cloudEvent: unknown }

function items(request: Request): readonly Item[] {
  if (hasCloudEvents(request)) return cloudEventItems(request).map((cloudEvent) => ({ cloudEvent }))
  const body = parseJson(request.body)
  if (Array.isArray(body)) return body.map((cloudEvent) => ({ cloudEvent }))
  if (typeof body === 'object' && body !== null) {
    if ('specversion' in body) return [{ cloudEvent: body }]
    if ('push_data' in body) return [{ trigger: body }]
  }
  throw new RouterError('INVALID_ENVELOPE', 'The body is neither a trigger of Alibaba Cloud nor a CloudEvent.')
}

/** Triggers tell the time in China, without saying so. */
const timeOf = (pushedAt: string | null | undefined): number | undefined =>
  pushedAt ? (parseTime(`${pushedAt}+08:00`) ?? parseTime(pushedAt)) : undefined

/** How long equal triggers without a time count as one delivery that was repeated. */
const WINDOW = 3 * 60 * 1000

const named = (namespace: string | null | undefined, name: string | null | undefined): string | undefined =>
  namespace && name ? `${namespace}/${name}` : undefined

type Repository = v.InferOutput<typeof triggerSchema>['repository']

/** The domain that the name says; else that of the shared registry of the region, unless the body is of an instance's. */
function domainOf({ region, instance_id, instance_name }: Repository, said: string | undefined): string | undefined {
  if (said) return said
  const isShared = !instance_id && !instance_name
  return isShared && region && /^[a-z0-9-]{1,63}$/.test(region) ? `registry.${region}.aliyuncs.com` : undefined
}

function readTrigger(item: unknown, request: Request, settings: object): Activity | Noise {
  const { push_data, repository } = parse(triggerSchema, item, 'INVALID_ITEM', 'The item')
  const { tag, digest, pushed_at } = push_data
  const verdict = meaningOf('Alibaba Cloud', vocabulary, `push, ${namingOf(tag, digest)}`, settings)
  if ('ignored' in verdict) return verdict
  const whole = repository.repo_full_name ? splitImage(repository.repo_full_name) : undefined
  const name = named(repository.namespace, repository.name) ?? whole?.repository
  const domain = domainOf(repository, whole?.domain)
  const time = timeOf(pushed_at)
  return {
    ...ruled(verdict),
    senderId: idOfContent(JSON.stringify(item), time, request, WINDOW),
    time,
    target: { ...(name ? { repository: name } : {}), ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) },
    initiator: {},
    reason: {},
    ...(domain ? { domain } : {}),
  }
}

/** The words for how a build may end, of which only `SUCCESS` is written down anywhere. */
const BUILD_STATUS: readonly [RegExp, string][] = [
  [/^succ/i, 'succeeded'],
  [/^fail/i, 'failed'],
  [/^cancel/i, 'canceled'],
]

type Data = v.InferOutput<typeof dataSchema>

/** The event's name in the vocabulary. */
function nameOf(type: string, { Tag, Digest, BuildStatus }: Data): string {
  if (type === 'cr:Artifact:PushCompleted') return `${type}, ${namingOf(Tag, Digest)}`
  if (type !== 'cr:Artifact:BuildCompleted') return type
  const status = BuildStatus ?? ''
  return `${type}, ${BUILD_STATUS.find(([words]) => words.test(status))?.[1] ?? status}`
}

function readEvent(item: unknown, settings: object): Activity | Noise {
  const event = readCloudEvent(item)
  // Only what happens to artifacts has data of this form.
  const isArtifact = event.type.startsWith('cr:Artifact:')
  const data = isArtifact ? parse(dataSchema, dataOf(event), 'INVALID_ITEM', 'data') : {}
  const verdict = meaningOf('Alibaba Cloud', vocabulary, nameOf(event.type, data), settings)
  if ('ignored' in verdict) return verdict
  const { Tag, Digest, InstanceId, InstanceName, RegionId, RepoId } = data
  const name = named(data.RepoNamespaceName, data.RepoName)
  const told = { instanceId: InstanceId, instanceName: InstanceName, regionId: RegionId, repoId: RepoId }
  const requestData = Object.fromEntries(Object.entries(told).filter(([, value]) => value))
  return {
    ...ruled(verdict),
    senderId: cloudEventId(event),
    time: event.time ? parseTime(event.time) : undefined,
    target: {
      ...(name ? { repository: name } : {}),
      ...(Tag ? { tag: Tag } : {}),
      ...(Digest ? { digest: Digest } : {}),
    },
    initiator: {},
    ...(verdict.outcome ? { outcome: verdict.outcome } : {}),
    reason: {},
    ...(Object.keys(requestData).length > 0 ? { requestData } : {}),
  }
}

export const about: About = {
  title: 'Alibaba Cloud Container Registry',
  authentication: 'the secret in the URL, `?token=`: triggers and EventBridge can carry nothing else',
  replays: 'not bounded',
  retries: 'triggers: not documented. EventBridge: 3 tries, 10 to 20 s apart, or 176 in a day, as the rule is set',
  identity: 'triggers: the body itself, which holds its time; EventBridge: `source` and `id` of the CloudEvent',
  fills: {
    actor: 'never',
    repository: 'always',
    tag: 'sometimes',
    digest: 'sometimes',
    address: 'never',
    agent: 'never',
    time: 'always',
    domain: 'sometimes',
    outcome: 'sometimes',
  },
}

/** Triggers of Alibaba Cloud Container Registry, and its events from EventBridge. */
export const alibaba = defineSource({
  name: 'alibaba',
  schemes: [query],
  settings: { children, signatures },
  vocabulary,
  items,
  read(given, request, settings) {
    const item = given as Item
    return 'trigger' in item ? readTrigger(item.trigger, request, settings) : readEvent(item.cloudEvent, settings)
  },
})
