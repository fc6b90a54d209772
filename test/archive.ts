import { type Archiver, archiver } from '../lib/archive/archive.ts'
import type { Arrival } from '../lib/archive/arrival.ts'
import { compressEvents, writeEntry } from '../lib/archive/journal.ts'
import type { AuditEvent } from '../lib/event.ts'
import type { Location } from '../lib/locations.ts'
import { canonicalText } from '../lib/proof/canonical.ts'
import { type LogKey, logKey } from '../lib/proof/note.ts'
import { leafHash } from '../lib/proof/tree.ts'
import { files } from '../lib/stores/files.ts'
import type { Store } from '../lib/stores/store.ts'
import { formatTime } from '../lib/time.ts'

// An archive as months of work leave it behind: the same one each time.

/** What a sample is made of; what is left out is as said. */
export interface SampleOptions {
  /** `eu-de` */
  location?: Location
  /** Another seed makes other events: 1. */
  seed?: number
  /** When the first event happens, in milliseconds since 1970: 1 October 2026. */
  from?: number
  /** Days over which the events are spread: 30. */
  days?: number
  /** Events archived at a time: 10,000. */
  batch?: number
  /** Key of the log: `sampleKey` of the location. */
  key?: LogKey
}

/** Draws that look like chance, and are the same ones each time (mulberry32). */
function draws(seed: number) {
  let state = seed >>> 0
  /** From 0 to 1. */
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(random() * limit)
  /** Small numbers more often than large ones. */
  const busy = (limit: number): number => Math.floor(random() * random() * limit)
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  const hex = (digits: number): string => {
    let text = ''
    while (text.length < digits)
      text += below(2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return text.slice(0, digits)
  }
  const uuid = (version: number): string => `${hex(8)}-${hex(4)}-${version}${hex(3)}-a${hex(3)}-${hex(12)}`
  return { random, below, busy, pick, hex, uuid }
}

const FROM = Date.UTC(2026, 9, 1)
const DAY = 24 * 60 * 60 * 1000
const ACCOUNT = '0123456789abcdef0123456789abcdef'
const DOMAIN = 'de.icr.io'
const REPOSITORIES = 2000
const USERS = 500
const DIGESTS = 20
const TEAMS = ['team', 'prod', 'dev', 'infra', 'data']
const AGENTS = [
  'docker/28.2.2 go/go1.23.8 kernel/6.1.0',
  'containerd/2.0.1',
  'skopeo/1.18.0',
  'crane/0.20.3',
  'cosign/2.4.1',
]
const REGISTRIES = [
  { registry: 'distribution', source: 'distribution', rule: 'image' },
  { registry: 'harbor', source: 'harbor', rule: 'PUSH_ARTIFACT' },
  { registry: 'quay', source: 'quay', rule: 'pull_repo' },
]
/** Actions on images with the share of all events up to which they come, and how severe they are. */
const ACTIONS = [
  { verb: 'pull', upTo: 0.75, severity: 'normal' },
  { verb: 'push', upTo: 0.92, severity: 'normal' },
  { verb: 'delete', upTo: 0.95, severity: 'critical' },
  { verb: 'untag', upTo: 0.97, severity: 'warning' },
] as const

const crn = (location: Location, rest: string) =>
  `crn:v1:bluemix:public:container-registry:${location}:a/${ACCOUNT}:${rest}`

/** What is done, and to what. */
interface Deed {
  kind: 'image' | 'namespace'
  verb: string
  severity: AuditEvent['severity']
  id: string
  name: string
}

/** Deeds of a location, on images that stay what they are until somebody pushes another one. */
function deeds(location: Location, { random, below, busy, hex }: ReturnType<typeof draws>): () => Deed {
  const digests = new Map<number, string>()
  return () => {
    const drawn = random()
    const action = ACTIONS.find(({ upTo }) => drawn < upTo)
    const repository = busy(REPOSITORIES)
    const team = TEAMS[repository % TEAMS.length] as string
    if (!action) {
      const name = `${team}-${below(50)}`
      return { kind: 'namespace', verb: 'create', severity: 'normal', id: crn(location, `:namespace:${name}`), name }
    }
    const { verb, severity } = action
    const place = repository * DIGESTS + below(DIGESTS)
    const isNew = verb === 'push' && random() < 0.5
    const digest = (isNew ? undefined : digests.get(place)) ?? `sha256:${hex(64)}`
    digests.set(place, digest)
    const image = `${DOMAIN}/${team}/app-${repository}`
    return { kind: 'image', verb, severity, id: `${image}@${digest}`, name: `${image}:1.${below(40)}.${below(10)}` }
  }
}

const refused = {
  outcome: 'failure',
  severity: 'warning',
  reason: { reasonCode: 403, reasonType: 'Forbidden', reasonForFailure: 'Forbidden' },
} as const
const done = { outcome: 'success', reason: { reasonCode: 200, reasonType: 'OK' } } as const

/**
 * `count` events as a router sends them to an archive queue, in the order of their times: mostly pulls, by a few busy people of a few busy
 * images, one in fifty refused.
 */
export function* sampleEvents(
  count: number,
  { location = 'eu-de', seed = 1, from = FROM, days = 30 }: SampleOptions = {},
): Generator<AuditEvent> {
  const draw = draws(seed)
  const nextDeed = deeds(location, draw)
  for (let index = 0; index < count; index++) {
    const time = from + Math.floor((days * DAY * index) / count) + draw.below(5000)
    const { kind, verb, severity, id, name } = nextDeed()
    const user = `user-${draw.busy(USERS)}`
    const end = draw.random() < 0.02 ? refused : done
    yield {
      id: draw.uuid(5),
      eventTime: formatTime(time),
      action: `container-registry.${kind}.${verb}`,
      message: `Container Registry: ${verb} ${kind} ${name}${end === refused ? ' -failure' : ''}`,
      severity,
      ...end,
      dataEvent: verb === 'pull' || verb === 'push',
      initiator: {
        id: user,
        name: user,
        typeURI: 'service/security/account/user',
        credential: { type: 'user' },
        host: { address: `192.0.2.${draw.busy(250)}`, addressType: 'IPv4', agent: draw.pick(AGENTS) },
      },
      target: { id, name, typeURI: `container-registry/${kind}`, host: { address: DOMAIN } },
      observer: { name: 'ActivityTracker' },
      logSourceCRN: crn(location, '::'),
      saveServiceCopy: true,
      ...(kind === 'image' ? { requestData: { mediaType: 'application/vnd.oci.image.manifest.v1+json' } } : {}),
      correlationId: draw.uuid(4),
      provenance: {
        ...draw.pick(REGISTRIES),
        account: ACCOUNT,
        domain: DOMAIN,
        region: 'eu-central',
        edition: '2020-07-28',
        receivedTime: formatTime(time + draw.below(900)),
        assumed: ['initiator.credential.type'],
        location,
      },
    }
  }
}

/** `event` as it goes into an archive, routed a moment after it was received. */
export const arrivalOf = (event: AuditEvent): Arrival => ({
  text: canonicalText(event),
  routed: Date.parse((event.provenance?.receivedTime ?? event.eventTime).replace('+0000', 'Z')) + 70,
})

/** The key of the logs of samples: of `stage`, whose secret `log-key` is 32 bytes of 7. */
export const sampleKey = (location: Location = 'eu-de', stage = 'test'): LogKey =>
  logKey(`registry-events.example.com/${stage}/${location}`, Buffer.alloc(32, 7))

/** The journal entry of `arrivals`, which become the leaves from `first` on, in the log of `key`: `sampleKey()`. */
export const entryOf = async (arrivals: readonly Arrival[], first: number, key = sampleKey()): Promise<Buffer> =>
  writeEntry(
    { archived: 1, leaves: arrivals.map(({ text }) => leafHash(text)) },
    first,
    await compressEvents(arrivals),
    key,
  )

/** Archives `events` in `store`, a batch at a time, a minute after each other. */
export async function archiveAll(
  store: Store,
  events: Iterable<AuditEvent>,
  { location = 'eu-de', from = FROM, batch = 10_000, key = sampleKey(location) }: SampleOptions = {},
): Promise<Archiver> {
  let now = from
  const archive = archiver({ store, location, key, now: () => now })
  let arrivals: Arrival[] = []
  const flush = async () => {
    now = Math.max(now + 60_000, arrivals.at(-1)?.routed ?? 0)
    if (arrivals.length > 0) await archive.append(arrivals)
    arrivals = []
  }
  for (const event of events) {
    arrivals.push(arrivalOf(event))
    if (arrivals.length === batch) await flush()
  }
  await flush()
  return archive
}

/** A sample archive. */
export interface Sample {
  store: Store
  location: Location
  key: LogKey
}

/** Writes the archive of `count` sample events into the folder `root`. */
export async function sampleArchive(root: string, count: number, options: SampleOptions = {}): Promise<Sample> {
  const { location = 'eu-de', key = sampleKey(location) } = options
  const store = files(root)
  await archiveAll(store, sampleEvents(count, options), options)
  return { store, location, key }
}
