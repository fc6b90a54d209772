import { rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FauxqsServer } from 'fauxqs'
import { loadArchive } from '../deploy/archive.ts'
import { bundle } from '../deploy/bundle.ts'
import { loadRegistries } from '../deploy/registries.ts'
import { BATCH_SIZE } from '../deploy/template.ts'
import { start } from '../lib/app.ts'
import { type ArchiveApp, startArchive } from '../lib/archiveapp.ts'
import { type Config, readConfig } from '../lib/config.ts'
import { archiveQueues } from '../lib/queues/names.ts'
import type { QueueRef } from '../lib/queues/queue.ts'
import { route } from '../lib/route.ts'
import { upkeep } from '../lib/upkeep.ts'
import { account } from './accounting.ts'
import { banner } from './banner.ts'
import { type Scheduled, startClock } from './clock.ts'
import { answerLocally, likeAws } from './gateway.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { localLogKey } from './logkey.ts'
import { type Consumer, type Mapping, type MappingOptions, startMapping } from './mapping.ts'
import { ACCOUNT, lookInto, startSqs } from './sqs.ts'
import { holdState } from './state.ts'
import { answerUnreadable } from './unreadable.ts'

// Local emulation: what `serverless offline start` lacks to be a whole deployment on one machine. It brings SQS with every queue,
// the event source mapping of the router, and AWS's way of handing over bodies.

const warn = (message: string): void => {
  process.stderr.write(`${message}\n`)
}

/** How the router and the archive function are fed. On AWS batches are hidden for minutes; here a killed process should not cost its events that. */
const ROUTER = { size: BATCH_SIZE, rounds: 3, hideSeconds: 10, waitSeconds: 20, warn }
const ARCHIVE = { ...ROUTER, size: 1000 }
/** Milliseconds between two looks for alerts, and between two runs of the upkeep of the archives. */
const ALERTS_EVERY = 60_000
const UPKEEP_EVERY = 10 * 60_000

/** What is used of `serverless`. */
interface Serverless {
  serviceDir: string
  service: {
    provider: { stage: string; region: string; environment: Record<string, unknown> }
    custom: Record<string, object>
    functions: Record<string, { handler: string }>
  }
  pluginManager: { plugins: { constructor: { name: string } }[] }
  classes: { Error: new (message: string) => Error }
}
interface Offline {
  internals(): {
    getApiGatewayServer(): Parameters<typeof likeAws>[0] & Parameters<typeof answerLocally>[0] & { listener: Server }
  }
}

/** Resolves to whether something else listens on `port` of `host`. */
const isTaken = (port: number, host: string): Promise<boolean> =>
  new Promise((done) => {
    const probe = createServer()
    probe.once('error', () => done(true))
    probe.listen(port, host, () => probe.close(() => done(false)))
  })

async function checkPorts({ port, emulatorPort, host }: Config): Promise<void> {
  const wanted = [
    { name: 'PORT', port, host, what: 'HTTP' },
    { name: 'EMULATOR_PORT', port: emulatorPort, host: '127.0.0.1', what: 'SQS' },
  ]
  const taken: string[] = []
  for (const entry of wanted) {
    if (await isTaken(entry.port, entry.host)) {
      taken.push(`Port ${entry.port} for ${entry.what} is taken by another program: set ${entry.name} to a free one.`)
    }
  }
  if (port === emulatorPort) taken.push(`PORT and EMULATOR_PORT are both ${port}: they have to differ.`)
  if (taken.length > 0) throw new Error(taken.join('\n'))
}

export default class LocalPlugin {
  hooks: Record<string, () => Promise<void>>
  readonly #serverless: Serverless
  #sqs: FauxqsServer | undefined
  #mappings: Mapping[] = []
  #ledger: Ledger | undefined
  /** Its own for each emulation, so that two of them can run side by side. */
  #build = ''
  #loud = (): void => {}
  #letGo = (): void => {}

  constructor(serverless: Serverless) {
    this.#serverless = serverless
    this.hooks = {
      'before:offline:start:init': () => this.#plainly(() => this.#prepare()),
      'after:offline:start:init': () => this.#plainly(() => this.#open()),
      'before:offline:start:end': () => this.#close(),
    }
  }

  /** Mistakes of the user are told in their own words, without a stack. */
  async #plainly(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      await this.#close()
      throw new this.#serverless.classes.Error((error as Error).message)
    }
  }

  async #prepare(): Promise<void> {
    const { service, serviceDir } = this.#serverless
    const { stage, region } = service.provider
    Object.assign(process.env, { STAGE: stage, AWS_REGION: region, EMULATION: 'local', ACCOUNT_ID: ACCOUNT })
    const config = readConfig()
    const stateDir = resolve(serviceDir, config.stateDir)
    // One that the user set stands between the functions and the queues: a proxy that shows what happens when queues fail.
    Object.assign(process.env, {
      AWS_ENDPOINT: config.awsEndpoint ?? `http://127.0.0.1:${config.emulatorPort}`,
      STATE_DIR: stateDir,
    })
    const { receiver } = start(await loadRegistries())
    await checkPorts(config)
    this.#letGo = holdState(stateDir)
    process.env.SECRET_LOG_KEY ??= localLogKey(stateDir)
    // What is wrong with archive.ts or the key is told at the start.
    await startArchive(await loadArchive()).logKey('us-south')
    const locations = [...receiver.registries.values()].map(
      ({ id, region, editions }) => [id, route(region, editions[0]).location] as const,
    )
    this.#ledger = openLedger(stateDir, stage, new Map(locations), warn)
    this.#build = `.build/local-${config.port}`
    await bundle(resolve(serviceDir, this.#build))
    for (const [name, entry] of Object.entries(service.functions)) entry.handler = `${this.#build}/${name}.handler`
    this.#sqs = await startSqs(config.emulatorPort, stateDir, stage, region)
    this.#quiet()
    // The functions run in this process, so they find in its environment what CloudFormation would give them.
    service.provider.environment = {}
    Object.assign(service.custom['serverless-offline'] ?? {}, { httpPort: config.port, host: config.host })
  }

  /** serverless-offline prints every route twice; the banner says all that there is to know. */
  #quiet(): void {
    const { log } = globalThis.console
    this.#loud = () => Object.assign(globalThis.console, { log })
    Object.assign(globalThis.console, { log: () => {} })
  }

  async #open(): Promise<void> {
    this.#loud()
    const { pluginManager, service } = this.#serverless
    const { stage } = service.provider
    const offline = pluginManager.plugins.find((plugin) => plugin.constructor.name === 'ServerlessOffline')
    const server = (offline as unknown as Offline).internals().getApiGatewayServer()
    likeAws(server)
    answerUnreadable(server.listener)
    const registries = await loadRegistries()
    const { receiver, queues, tables, outputs } = start(registries)
    const look = lookInto(this.#sqs as FauxqsServer)
    answerLocally(server, '/accounting', () => account(this.#ledger as Ledger, look, stage, outputs))
    const consume = (queue: QueueRef, consumer: Consumer, how: MappingOptions) =>
      this.#mappings.push(startMapping(queues, queue, consumer, how))
    consume(receiver.intake, await this.#handler<Consumer>('router'), ROUTER)
    if (outputs.includes('archive')) {
      const archive = await this.#handler<Consumer>('archive')
      for (const queue of archiveQueues(stage)) consume(queue, archive, ARCHIVE)
    }
    const archives = startArchive(await loadArchive())
    await this.#startClocks(archives)
    process.stdout.write(banner(readConfig(), stage, tables, registries, archives.archives))
  }

  /** What EventBridge calls on AWS. */
  async #startClocks(archives: ArchiveApp): Promise<void> {
    if (archives.archives.searches.length > 0) {
      this.#mappings.push(startClock(await this.#handler<Scheduled>('alerts'), ALERTS_EVERY))
    }
    const closing = new AbortController()
    const clock = startClock(async () => {
      const { failures } = await upkeep(archives, closing.signal)
      for (const { location, why } of failures) warn(`Upkeep of the archive of ${location}: ${why}`)
    }, UPKEEP_EVERY)
    this.#mappings.push({
      stop() {
        closing.abort()
        return clock.stop()
      },
    })
  }

  async #handler<Handler>(name: string): Promise<Handler> {
    const { serviceDir } = this.#serverless
    const { default: bundled } = await import(pathToFileURL(resolve(serviceDir, this.#build, `${name}.cjs`)).href)
    return bundled.handler
  }

  async #close(): Promise<void> {
    this.#loud()
    await Promise.all(this.#mappings.splice(0).map((mapping) => mapping.stop()))
    await this.#sqs?.stop()
    this.#ledger?.close()
    this.#ledger = undefined
    this.#letGo()
    if (this.#build) rmSync(resolve(this.#serverless.serviceDir, this.#build), { recursive: true, force: true })
  }
}
