import { registries } from '../registries.ts'
import { environment, type Output, readConfig, readCredentials } from './config.ts'
import { type Edition, edition } from './edition.ts'
import type { Receiver } from './family.ts'
import type { FormatName } from './formats/format.ts'
import { intakeQueue, quarantineQueue } from './queues/names.ts'
import type { Queues } from './queues/queue.ts'
import { sqs } from './queues/sqs.ts'
import { checkRegistries, type RegistryConfig } from './registries.ts'
import { environmentSecrets, managedSecrets } from './secrets.ts'

/** Milliseconds that a webhook may take from its arrival to its answer: Distribution gives up after a second. */
const PATIENCE = 900
/** The same in local emulation, where SQLite waits for the disk of a machine that may be doing something else. */
const EMULATED_PATIENCE = 8000
/** Milliseconds of that which reading a secret may take. */
const SECRET_TIMEOUT = 300
/** Milliseconds that one call of the router may take: its queues may be on another continent, and nobody waits. */
export const ROUTER_TIMEOUT = 3000

/** What the functions of one deployment share. */
export interface App {
  stage: string
  /** The tables in use. */
  tables: Edition
  /** Form of the events on the queues of locations. */
  eventFormat: FormatName
  /** The outputs of locations that are on. */
  outputs: readonly Output[]
  receiver: Receiver
  /** Queues with the router's patience. */
  queues: Queues
}

/**
 * Puts the functions' parts together from the environment and `registries.ts`. Throws `INVALID_CONFIG` that lists every mistake.
 * In local emulation a secret that is not set is `local`; on AWS secrets are read when they are needed.
 */
export function start(configs: readonly RegistryConfig[] = registries, env = environment()): App {
  const config = readConfig(env)
  const checked = checkRegistries(configs, config.edition)
  const aws = {
    credentials: () => readCredentials(env),
    ...(config.awsEndpoint ? { endpoint: config.awsEndpoint } : {}),
  }
  const withSecret = [...checked.values()].filter(({ needsSecret }) => needsSecret).map(({ id }) => id)
  const { awsRegion: region, stage } = config
  const secrets = config.emulated
    ? environmentSecrets(env, withSecret, 'local')
    : managedSecrets({ ...aws, region, stage, registryIds: withSecret, timeout: SECRET_TIMEOUT })
  const patience = config.emulated ? EMULATED_PATIENCE : PATIENCE
  return {
    stage: config.stage,
    tables: edition(config.edition),
    eventFormat: config.eventFormat,
    outputs: config.outputs,
    receiver: {
      registries: checked,
      secrets,
      queues: sqs({ ...aws, accountId: config.accountId, timeout: patience }),
      intake: intakeQueue(config.stage, config.awsRegion),
      quarantine: quarantineQueue(config.stage, config.awsRegion),
      bodyLimit: config.bodyLimit,
      patience,
    },
    queues: sqs({ ...aws, accountId: config.accountId, timeout: ROUTER_TIMEOUT }),
  }
}

let started: App | undefined

/** The app of this process, made at the first call. An attempt that failed is made again at the next one. */
export function app(): App {
  started ??= start()
  return started
}
