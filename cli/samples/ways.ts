import { createHmac } from 'node:crypto'

// How senders prove that they are genuine, from their side: written down a second time, so that neither the tests nor `send` ask the
// code that has to judge it.

/** A way to prove that a request is genuine. */
export interface Way {
  name: string
  /** What the sources call it. */
  scheme: string
  /** Where the credentials stand: a header, or `query`. */
  at: string
  /** What they are for a body. */
  credentials(body: Buffer, secret: string): string
  /** Headers that go with them. */
  headers?: Record<string, string>
  /** Whether they change with the body. */
  signs: boolean
  /** Whether they are refused some time later. */
  bounded: boolean
}

const fixed = (name: string, scheme: string, at: string, credentials: (secret: string) => string): Way => ({
  name,
  scheme,
  at,
  credentials: (_body, secret) => credentials(secret),
  signs: false,
  bounded: false,
})

const hmac = (name: string, scheme: string, at: string, algorithm: string, prefix = ''): Way => ({
  name,
  scheme,
  at,
  credentials: (body, secret) => prefix + createHmac(algorithm, secret).update(body).digest('hex'),
  signs: true,
  bounded: false,
})

export const bearer = fixed('Bearer', 'token', 'authorization', (secret) => `Bearer ${secret}`)
export const bare = fixed('bare Authorization', 'token', 'authorization', (secret) => secret)
export const basic = fixed(
  'Basic',
  'token',
  'authorization',
  (secret) => `Basic ${Buffer.from(`router:${secret}`).toString('base64')}`,
)
export const url = fixed('?token=', 'query', 'query', (secret) => `token=${encodeURIComponent(secret)}`)
export const splunk = fixed('Splunk', 'splunk', 'authorization', (secret) => `Splunk ${secret}`)
export const splunkWithRegistry = fixed(
  'Splunk with the registry',
  'splunk',
  'authorization',
  (secret) => `Splunk quay:${secret}`,
)
export const gitlabToken = fixed(
  'X-Gitlab-Event-Streaming-Token',
  'x-gitlab-event-streaming-token',
  'x-gitlab-event-streaming-token',
  (secret) => secret,
)
export const jfrogSecret = fixed(
  'X-JFrog-Event-Auth, secret',
  'x-jfrog-event-auth',
  'x-jfrog-event-auth',
  (secret) => secret,
)
export const jfrogSha256 = hmac('X-JFrog-Event-Auth, HMAC', 'jfrog-sha256', 'x-jfrog-event-auth', 'sha256')
export const hubSha256 = hmac('X-Hub-Signature-256', 'hub-sha256', 'x-hub-signature-256', 'sha256', 'sha256=')
export const hubSha1 = hmac('X-Hub-Signature', 'hub-sha1', 'x-hub-signature', 'sha1', 'sha1=')
export const giteaSha256 = hmac('X-Gitea-Signature', 'gitea-sha256', 'x-gitea-signature', 'sha256')
export const nexusSha1 = hmac('X-Nexus-Webhook-Signature', 'nexus-sha1', 'x-nexus-webhook-signature', 'sha1')

const WHSEC = 'whsec_'

/** The key of Standard Webhooks: what stands in base64 behind `whsec_`, else the secret itself. */
const keyOf = (secret: string): Buffer =>
  secret.startsWith(WHSEC) ? Buffer.from(secret.slice(WHSEC.length), 'base64') : Buffer.from(secret)

/** Standard Webhooks with a message's id and its time in milliseconds since 1970. */
export function standardAt(id: string, time: number): Way {
  const timestamp = String(Math.floor(time / 1000))
  return {
    name: 'Standard Webhooks',
    scheme: 'standard',
    at: 'webhook-signature',
    headers: { 'webhook-id': id, 'webhook-timestamp': timestamp },
    credentials: (body, secret) =>
      `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest('base64')}`,
    signs: true,
    bounded: true,
  }
}

/** A request of a sender before it proves itself. */
export interface Draft {
  body: Buffer
  headers: Record<string, string>
  query: string
}

/** `draft` with `credentials`, or without any. */
export function send({ body, headers, query }: Draft, way: Way, credentials: string | undefined): Draft {
  const own =
    credentials === undefined ? {} : { ...way.headers, ...(way.at === 'query' ? {} : { [way.at]: credentials }) }
  const queries = [query, way.at === 'query' ? credentials : undefined].filter(Boolean)
  return { body, headers: { ...headers, ...own }, query: queries.join('&') }
}
