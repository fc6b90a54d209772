import { families } from '../functions/webhook.ts'
import { answerError } from '../lib/answers.ts'
import type { App } from '../lib/app.ts'
import { circuits } from '../lib/circuit.ts'
import { type Output, outputNames } from '../lib/config.ts'
import { edition } from '../lib/edition.ts'
import type { AuditEvent } from '../lib/event.ts'
import type { FormatName } from '../lib/formats/format.ts'
import { formats } from '../lib/formats/index.ts'
import { answer } from '../lib/http.ts'
import type { Entry } from '../lib/log.ts'
import { type MemoryQueues, memory } from '../lib/queues/memory.ts'
import { archiveQueues, deadLetterQueue, intakeQueue, locationQueues, quarantineQueue } from '../lib/queues/names.ts'
import type { Queues, Received } from '../lib/queues/queue.ts'
import { checkRegistries, type RegistryConfig } from '../lib/registries.ts'
import type { Request } from '../lib/request.ts'
import type { IntakeMessage } from '../lib/routable.ts'
import { type Router, routeMessages } from '../lib/router.ts'
import type { Secrets } from '../lib/secrets.ts'
import { type SourceName, sources } from '../lib/sources/index.ts'
import { tables } from '../lib/tables.ts'
import { checkQueued } from './formats/check.ts'
import { NOW } from './now.ts'

// The router's public door with queues in memory: a request goes in as HTTP, an answer and messages come out.

const account = 'acme'
/** Every request of a test comes at the same time. */
const limit = { perSecond: 1, burst: 1_000_000 }
const configs: readonly RegistryConfig[] = [
  // One for each source, with its name.
  ...(Object.keys(sources) as SourceName[]).map(
    (source): RegistryConfig => ({ id: source, source, domain: 'de.icr.io', region: 'eu-central', account, limit }),
  ),
  {
    id: 'newest',
    source: 'cloudevents',
    domain: 'es.icr.io',
    region: 'eu-es',
    account,
    editions: ['2026-08-11'],
    limit,
  },
]

export { NOW }

/** A message of the quarantine queue. */
export interface Quarantined {
  id: string
  reason: string
  message: string
  registry: string
  family: string
  receivedAt: string
  headers: Record<string, string>
  body: string
  blanked?: true
  item?: number
  items?: { id: string; item: number; reason: string; message: string }[]
  part?: number
  parts?: number
}

/** What the answer to a webhook holds; or an error's code and message. */
export interface Body {
  accepted: { id: string; action: string; target: string }[]
  ignored: number
  quarantined: { id: string; reason: string }[]
  code?: string
  message?: string
}

export interface Door {
  app: App
  queues: MemoryQueues
  entry: Entry
  /** Posts `body` to `path` with the registry's secret unless `request` says otherwise. */
  post(
    path: string,
    body: unknown,
    request?: Partial<Request>,
  ): Promise<{ status: number; headers: Record<string, string>; body: Body }>
  /** Events on the intake queue; they stay there. */
  intake(): Promise<AuditEvent[]>
  quarantine(): Promise<Quarantined[]>
  /**
   * Runs the router over everything that waits on the intake queue, as its event source mapping does: what failed stays there.
   * Resolves to the ids of the messages that failed.
   */
  route(): Promise<string[]>
}

const bytes = (body: unknown): Buffer =>
  Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))

/** A message as the platform hands it to the router. */
export const toIntakeMessage = ({ receipt, ...message }: Received): IntakeMessage => ({
  ...message,
  receiptHandle: receipt,
})

/** What is particular to a door. */
export interface Options {
  /** Instead of the one secret `secret`. */
  secrets?: readonly string[] | Secrets
  /** Methods of the queues that do something else. */
  broken?: Partial<Queues>
  registries?: readonly RegistryConfig[]
  /** The clock of queues and router in milliseconds, instead of the machine's. */
  now?: () => number
  /** Milliseconds that a request may take. */
  patience?: number
  /** Instead of `activity-tracker`. */
  format?: FormatName
  /** Instead of all. */
  outputs?: readonly Output[]
}

/**
 * A door. Every event that is put onto the intake queue through it is checked against the published schemas of all output formats
 * and converted there and back.
 */
export function door(options: Options = {}): Door {
  const now = options.now ?? Date.now
  const { secrets = ['secret'] } = options
  const queues = memory(now)
  const intake = intakeQueue('test', 'eu-central-1')
  const quarantine = quarantineQueue('test', 'eu-central-1')
  const outputs = [...locationQueues('test'), ...archiveQueues('test')]
  for (const queue of [intake, deadLetterQueue(intake), quarantine, ...outputs]) queues.create(queue)
  const { send } = { ...queues, ...options.broken }
  const queued: string[] = []
  const used: Queues = {
    ...queues,
    ...options.broken,
    send(queue, messages, ...rest) {
      if (queue.name === intake.name) queued.push(...messages.map(({ body }) => body))
      return send(queue, messages, ...rest)
    },
  }
  const app: App = {
    stage: 'test',
    tables: edition('2020-07-28'),
    eventFormat: options.format ?? 'activity-tracker',
    outputs: options.outputs ?? outputNames,
    queues: used,
    receiver: {
      registries: checkRegistries(options.registries ?? configs, '2020-07-28'),
      secrets: typeof secrets === 'function' ? secrets : async () => secrets,
      queues: used,
      intake,
      quarantine,
      bodyLimit: 1024 * 1024,
      patience: options.patience ?? 60_000,
    },
  }
  const router: Router = {
    stage: 'test',
    queues: used,
    intake,
    format: formats[app.eventFormat],
    outputs: app.outputs,
    circuit: circuits(now),
    random: () => 0,
  }
  const made: Door = {
    app,
    queues,
    entry: { event: 'request' },
    async post(path, body, request = {}) {
      const { headers, ...rest } = request
      const sent: Request = {
        method: 'POST',
        path,
        query: '',
        headers: { authorization: 'Bearer secret', 'content-type': 'application/json', ...headers },
        body: bytes(body),
        receivedAt: NOW,
        ...rest,
      }
      made.entry = { event: 'request' }
      const response = await answer(sent, families, app, made.entry, tables).catch((error: unknown) =>
        answerError(error, made.entry),
      )
      for (const message of queued.splice(0)) checkQueued(JSON.parse(message) as AuditEvent)
      return { status: response.status, headers: response.headers, body: response.body as Body }
    },
    async intake() {
      const messages = await peek(queues, intake)
      return messages.map((message) => JSON.parse(message) as AuditEvent)
    },
    async quarantine() {
      const messages = await peek(queues, quarantine)
      return messages.map((message) => JSON.parse(message) as Quarantined)
    },
    async route() {
      const received = await queues.receive(intake, 10_000, 0, 61)
      made.entry = { event: 'route' }
      const failed = await routeMessages(received.map(toIntakeMessage), router, made.entry)
      const done = received.filter(({ messageId }) => !failed.includes(messageId))
      await queues.removeAll(
        intake,
        done.map(({ receipt }) => receipt),
      )
      return failed
    },
  }
  return made
}

/** The bodies of all messages of `queue`, which stay there. */
export async function peek(queues: Queues, queue: { name: string; awsRegion: string }): Promise<string[]> {
  const messages = await queues.receive(queue, 100_000, 0, 0)
  return messages.map(({ body }) => body)
}
