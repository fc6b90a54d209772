import { createHmac } from 'node:crypto'

// What senders send, and what they were promised.

/** Where the events of a registry belong (location mapping of 2020-07-28). */
export const LOCATIONS = {
  distribution: 'eu-de',
  'distribution-us-south': 'us-south',
  'distribution-uk-south': 'eu-gb',
  'distribution-ap-north': 'jp-tok',
  cloudevents: 'eu-de',
  harbor: 'eu-de',
  zot: 'eu-de',
} as const

export type Sender = keyof typeof LOCATIONS

/** What is sent: the same bytes however often. */
export interface Webhook {
  sender: Sender
  /** The function that is asked; the one of every family if left out. */
  family?: string
  body: string
  headers: Record<string, string>
}

const DIGEST = `sha256:${'6f25857e'.repeat(8)}`
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })

/** A push of `tag` as an event of Distribution. */
export const pushed = (tag: string, changes: object = {}): object => ({
  id: `event-${tag}`,
  timestamp: '2026-11-22T13:00:00.123456Z',
  action: 'push',
  target: { mediaType: MANIFEST, digest: DIGEST, repository: 'team/app', tag },
  request: { id: `request-${tag}`, addr: '192.0.2.10:4711', method: 'PUT', useragent: 'docker' },
  actor: { name: 'alice' },
  ...changes,
})

/** One webhook of a Distribution registry. */
export const distribution = (
  events: readonly object[],
  sender: Sender = 'distribution',
  secret = 'local',
): Webhook => ({
  sender,
  body: JSON.stringify({ events }),
  headers: { ...bearer(secret), 'content-type': 'application/vnd.docker.distribution.events.v2+json' },
})

/** One webhook of Harbor for a push of `tag`; its time has seconds and no more. */
export const harbor = (tag: string, digest = DIGEST): Webhook => ({
  sender: 'harbor',
  body: JSON.stringify({
    type: 'PUSH_ARTIFACT',
    occur_at: 1_795_352_400,
    operator: 'alice',
    event_data: {
      resources: [{ digest, tag, resource_url: `de.icr.io/team/app:${tag}` }],
      repository: { name: 'app', namespace: 'team', repo_full_name: 'team/app', repo_type: 'private' },
    },
  }),
  headers: { authorization: 'local', 'content-type': 'application/json' },
})

/** A push of `tag` as a CloudEvent, signed at `seconds` of the sender's clock as Standard Webhooks says. */
export function signed(tag: string, seconds: number, secret = 'local'): Webhook {
  const body = JSON.stringify({
    specversion: '1.0',
    id: `event-${tag}`,
    source: '/registry',
    type: 'container-registry.image.push',
    time: new Date(seconds * 1000).toISOString(),
    data: { target: { repository: 'team/app', tag } },
  })
  const timestamp = String(Math.floor(seconds))
  const signature = createHmac('sha256', secret).update(`${tag}.${timestamp}.${body}`).digest('base64')
  return {
    sender: 'cloudevents',
    body,
    headers: {
      'content-type': 'application/cloudevents+json',
      'webhook-id': tag,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
  }
}

/** Body of a 202. */
export interface Accepted {
  accepted: { id: string }[]
  ignored: number
  quarantined: { id: string; reason: string }[]
}

/** What came of a webhook that was sent once; `status` is 0 when there was no answer. */
export interface Answer {
  status: number
  body: Accepted
}

/** What was promised by answers with 202. */
export interface Promises {
  /** Location by event id. */
  events: Map<string, string>
  /** Ids in quarantine. */
  quarantined: Set<string>
}

export const noPromises = (): Promises => ({ events: new Map(), quarantined: new Set() })

/** Notes what `answer` to `webhook` promises. */
export function note(promises: Promises, { sender }: Webhook, { status, body }: Answer): void {
  if (status !== 202) return
  for (const { id } of body.accepted) promises.events.set(id, LOCATIONS[sender])
  for (const { id } of body.quarantined) promises.quarantined.add(id)
}
