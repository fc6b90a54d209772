import { registries } from '../registries.ts'
import { environment, readConfig, readCredentials } from './config.ts'
import { type Edition, edition } from './edition.ts'
import type { Receiver } from './family.ts'
import type { FormatName } from './formats/format.ts'
import { intakeQueue, quarantineQueue } from './queues/names.ts'
import type { Queues } from './queues/queue.ts'
import { sqs } from './queues/sqs.ts'
import { checkRegistries, type RegistryConfig } from './registries.ts'
import { environmentSecrets, managedSecrets } from './secrets.ts'

/** Milliseconds that all queueing between a webhook and its answer may take: Distribution gives up after a second. */
const INTAKE_TIMEOUT = 600
/** The same in local emulation, where SQLite waits for the disk of a machine that may be doing something else. */
const EMULATED_TIMEOUT = 8000
/** Milliseconds that reading a secret may take, once in five minutes, before that. */
const SECRET_TIMEOUT = 300
/** Milliseconds that one call of the router may take: its queues may be on another continent, and nobody waits. */
const ROUTER_TIMEOUT = 3000

/** What the functions of one deployment share. */
export interface App {
  stage: string
  /** The tables in use. */
  tables: Edition
  /** Form of the events on the queues of locations. */
  eventFormat: FormatName
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
  const secrets = config.emulated
    ? environmentSecrets(env, withSecret, 'local')
    : managedSecrets(aws, config.awsRegion, config.stage, SECRET_TIMEOUT)
  return {
    stage: config.stage,
    tables: edition(config.edition),
    eventFormat: config.eventFormat,
    receiver: {
      registries: checked,
      secrets,
      queues: sqs({
        ...aws,
        accountId: config.accountId,
        timeout: config.emulated ? EMULATED_TIMEOUT : INTAKE_TIMEOUT,
      }),
      intake: intakeQueue(config.stage, config.awsRegion),
      quarantine: quarantineQueue(config.stage, config.awsRegion),
      bodyLimit: config.bodyLimit,
      patience: config.emulated ? EMULATED_TIMEOUT : INTAKE_TIMEOUT,
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
