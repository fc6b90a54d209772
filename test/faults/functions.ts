import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from '@jest/globals'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { handler as router } from '../../functions/router.ts'
import { handler as webhook } from '../../functions/webhook.ts'
import { type Entry, entries, type Tally } from '../../lib/log.ts'
import type { QueueRef, Queues } from '../../lib/queues/queue.ts'
import { sqs } from '../../lib/queues/sqs.ts'
import { type Consumer, startMapping } from '../../local/mapping.ts'
import { ACCOUNT, startSqs } from '../../local/sqs.ts'
import { until } from '../e2e/deadline.ts'
import { type QueueProxy, startProxy } from './proxy.ts'
import { type Contents, contents, hidden, intake, missing, REGION } from './queues.ts'
import { type Answer, LOCATIONS, noPromises, note, type Promises, type Webhook } from './senders.ts'

// A deployment in the test's own process: the handlers of AWS Lambda with AWS's time limits, behind a proxy that stands for AWS, in
// front of an SQS that keeps its messages on disk.

/** SQS lives as long as the test does, so its disk may be memory where there is such a thing: a tenth of the time. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A function that is called as Lambda calls it. */
type Handler<Input, Output> = (input: Input, context: object) => Promise<Output>

export interface Functions {
  proxy: QueueProxy
  promises: Promises
  /** The queues without the proxy. */
  queues: Queues
  /** Secrets Manager: what it holds for each registry, `undefined` for an entry that is not there. */
  secrets: Map<string, string>
  /** Sends `sent` once. */
  post(sent: Webhook): Promise<Answer>
  /** Sends `sent` as long as it is answered 503, as registries do. */
  insist(sent: Webhook): Promise<Answer>
  /** What lies on the queues. */
  look(): Promise<Contents>
  /** Resolves when `holds` does, by default when nothing is left on the intake queue: the router runs all the time. */
  route(holds?: () => Promise<boolean>): Promise<void>
  /** Takes the router off the intake queue until `resume`: the test plays the event source mapping. */
  pause(): Promise<void>
  resume(): void
  /** Gives back what waits hidden on `queue`, by default the intake queue, as if its time were over. */
  recall(queue?: QueueRef): Promise<void>
  /** Counts what a function in another process said: a line of its log. */
  overhear(line: string): void
  /** The common end of every case: nothing that was promised is missing, and the accounts hold. */
  check(): Promise<void>
  /** Ends the case: nothing is promised or counted any more. */
  forget(): void
  close(): Promise<void>
}

const pathOf = (sender: string, family: string | undefined) => `/webhooks/${sender}${family ? `/${family}` : ''}`

/** `sent` as an HTTP API hands it over. */
export const gatewayEvent = ({ sender, family, body, headers }: Webhook): APIGatewayProxyEventV2 => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: pathOf(sender, family),
  rawQueryString: '',
  headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
  requestContext: {
    accountId: ACCOUNT,
    apiId: 'api',
    domainName: 'api.example',
    domainPrefix: 'api',
    http: {
      method: 'POST',
      path: pathOf(sender, family),
      protocol: 'HTTP/1.1',
      sourceIp: '192.0.2.10',
      userAgent: 'test',
    },
    requestId: 'request',
    routeKey: '$default',
    stage: '$default',
    time: '',
    timeEpoch: 0,
  },
  body: Buffer.from(body).toString('base64'),
  isBase64Encoded: true,
})

const sum = (counts: Record<string, number> = {}): number => Object.values(counts).reduce((a, b) => a + b, 0)

/** Whether the items of a request add up: received = accepted + ignored + quarantined + rejected. */
const addsUp = (entry: Entry): boolean =>
  entry.received === (entry.accepted ?? 0) + sum(entry.ignored) + sum(entry.quarantined) + (entry.rejected ?? 0)

const idsOf = (tally: Tally | undefined): [id: string, location: string][] =>
  Object.values(tally ?? {}).flatMap((row) =>
    Object.entries(row).flatMap(([location, ids]) => ids.map((id): [string, string] => [id, location])),
  )

/** What the functions said in their log and what does not agree with the queues. */
function disagreements(log: readonly Entry[], found: Contents): string[] {
  const requests = log.filter(({ event, handshake }) => event === 'request' && !handshake)
  const unbalanced = requests
    .filter((entry) => !addsUp(entry))
    .map((entry) => `does not add up: ${JSON.stringify(entry)}`)
  const routed = log.flatMap((entry) => idsOf(entry.routed))
  const on = (name: string) => new Set(found.get(name) ?? [])
  const notThere = routed
    .filter(([id, location]) => !on(`registry-events-local-${location}`).has(id))
    .map(([id, location]) => `${id} was routed to ${location} and is not there`)
  const done = new Set(routed.map(([id]) => id))
  const waiting = new Set([...on(intake.name), ...on(`${intake.name}-dlq`)])
  const accepted = new Set(log.flatMap(({ ids = [] }) => ids))
  const gone = [...accepted]
    .filter((id) => !done.has(id) && !waiting.has(id))
    .map((id) => `${id} was accepted, and is neither routed, nor on intake, nor dead-lettered`)
  return [...unbalanced, ...notThere, ...gone]
}

/**
 * Starts the deployment, with `consumer` for the router. One at a time in a process: the functions find it in the environment.
 */
export async function startFunctions(consumer: Consumer = router as unknown as Consumer): Promise<Functions> {
  const folder = mkdtempSync(join(MEMORY, 'registry-event-router-faults-'))
  const server = await startSqs(0, folder, 'local', REGION)
  const target = `http://127.0.0.1:${server.port}`
  const secrets = new Map<string, string>(Object.keys(LOCATIONS).map((id) => [id, 'local']))
  const proxy = await startProxy(target, (operation, { SecretId }) =>
    operation === 'GetSecretValue'
      ? { SecretString: secrets.get(String(SecretId).split('/').at(-1) ?? '') }
      : undefined,
  )
  Object.assign(process.env, {
    STAGE: 'local',
    AWS_REGION: REGION,
    ACCOUNT_ID: ACCOUNT,
    AWS_ENDPOINT: proxy.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  })
  const { write } = process.stdout
  process.stdout.write = () => true
  const log: Entry[] = []
  const listen = (entry: unknown) => void log.push(entry as Entry)
  subscribe(entries.name, listen)
  const queues = sqs({
    endpoint: target,
    credentials: () => ({ accessKeyId: 'test', secretAccessKey: 'test' }),
    accountId: ACCOUNT,
    timeout: 5000,
  })
  const handle = webhook as unknown as Handler<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>
  const emptied = async () => ((await contents(target)).get(intake.name) ?? []).length === 0
  const promises = noPromises()
  const map = () =>
    startMapping(queues, intake, consumer, {
      size: 100,
      rounds: 3,
      waitSeconds: 1,
      hideSeconds: 10,
      warn: () => undefined,
    })
  let mapping = map()
  const made: Functions = {
    proxy,
    promises,
    queues,
    secrets,
    async post(sent) {
      const result = await handle(gatewayEvent(sent), { awsRequestId: 'test' })
      const answer = { status: result.statusCode ?? 0, body: JSON.parse(result.body ?? '') }
      note(promises, sent, answer)
      return answer
    },
    async insist(sent) {
      for (let left = 20; left > 0; left--) {
        const answer = await made.post(sent)
        if (answer.status !== 503) return answer
      }
      throw new Error('The webhook was refused 20 times.')
    },
    look: () => contents(target),
    route: (holds = emptied) => until('it is routed', holds, 30),
    pause: () => mapping.stop(),
    resume() {
      mapping = map()
    },
    async recall(queue = intake) {
      const receipts = await hidden(target, queue)
      await queues.hideAll(
        queue,
        receipts.map((receipt) => ({ receipt, seconds: 1 })),
      )
      // fauxqs counts a message as hidden until somebody asks for one, so nothing tells that the second is over.
      await sleep(1100)
    },
    overhear: (line) => listen(JSON.parse(line)),
    async check() {
      // What the router moved and told while the queues were looked at would stand in the log and not in what was seen.
      let said: number
      let found: Contents
      do {
        said = log.length
        found = await made.look()
      } while (log.length !== said)
      expect(missing(promises, found)).toEqual([])
      expect(disagreements(log, found)).toEqual([])
    },
    forget() {
      promises.events.clear()
      promises.quarantined.clear()
      log.length = 0
    },
    async close() {
      unsubscribe(entries.name, listen)
      process.stdout.write = write
      await mapping.stop()
      await proxy.shut()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return made
}
