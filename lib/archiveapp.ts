import { join } from 'node:path'
import { archive } from '../archive.ts'
import { archiver } from './archive/archive.ts'
import type { Archiving } from './archive/consume.ts'
import { type ArchiveConfig, type Archives, checkArchives, type LockConfig } from './archives.ts'
import type { Aws } from './aws.ts'
import { type Config, environment, readConfig, readCredentials } from './config.ts'
import { RouterError } from './errors.ts'
import { type Location, places } from './locations.ts'
import { type LogKey, logKey } from './proof/note.ts'
import { archiveQueue } from './queues/names.ts'
import { sqs } from './queues/sqs.ts'
import { environmentSecrets, managedSecrets, type Secrets } from './secrets.ts'
import { files } from './stores/files.ts'
import { s3 } from './stores/s3.ts'
import type { Store } from './stores/store.ts'

/** Milliseconds that reading a secret may take. */
const SECRET_TIMEOUT = 3000
/** Milliseconds that a call to a store may take. */
const STORE_TIMEOUT = 10_000

/** Milliseconds that a call to a queue may take. */
const QUEUE_TIMEOUT = 3000

/** The secret with which all logs of a region are signed. */
const LOG_KEY = 'log-key'

/** What the functions around the archive share. */
export interface ArchiveApp {
  config: Config
  archives: Archives
  /** How AWS is called. */
  aws: Aws
  /** The locations whose archive is in this AWS region; in local emulation all. */
  locations: readonly Location[]
  /** What consuming an archive queue needs, by the name of the queue. Throws when it is none. */
  archivingOf(queueName: string): Archiving
  /** The archive of a location. */
  store(location: Location): Store
  /** The key of the log of a location. Rejects as `Secrets` do, and with `INVALID_CONFIG` when the secret is none. */
  logKey(location: Location): Promise<LogKey>
  /** The secrets of readers, by the reader's id. */
  readerSecrets: Secrets
  /** Those of these ids; in local emulation one that is not set is `fallback`. */
  secretsOf(ids: readonly string[], fallback?: string): Secrets
}

/** Id of the secret of the reader `id`. */
export const readerSecret = (id: string): string => `reader-${id}`

/** The bucket of the archive of `location`: no other account has one of that name, and names of buckets have small letters alone. */
export const bucketName = (stage: string, location: Location, accountId: string): string =>
  `events-${stage.toLowerCase()}-${location}-${accountId}`

function openStore(config: Config, aws: Aws, lock: LockConfig | undefined, location: Location): Store {
  if (config.emulated) return files(join(config.stateDir, 'archive', location))
  const { awsRegion } = places.find((place) => place.location === location) ?? config
  const bucket = bucketName(config.stage, location, config.accountId)
  return s3({ ...aws, awsRegion, bucket, accountId: config.accountId, timeout: STORE_TIMEOUT, ...(lock && { lock }) })
}

/** `make`, of which each value is made once; a promise that was rejected is made anew. */
function remembered<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>()
  return (key) => {
    const value = known.get(key) ?? make(key)
    known.set(key, value)
    if (value instanceof Promise) value.catch(() => known.delete(key))
    return value
  }
}

/** Puts together what the functions around the archive share from the environment and `archive.ts`. Throws `INVALID_CONFIG` that lists every mistake. */
export function startArchive(settings: ArchiveConfig = archive, env = environment()): ArchiveApp {
  const config = readConfig(env)
  const archives = checkArchives(settings)
  const { stage, awsRegion: region } = config
  const aws = {
    credentials: () => readCredentials(env),
    ...(config.awsEndpoint ? { endpoint: config.awsEndpoint } : {}),
  }
  const secretsOf = (ids: readonly string[], fallback?: string): Secrets =>
    config.emulated
      ? environmentSecrets(env, ids, fallback)
      : managedSecrets({ ...aws, region, stage, registryIds: ids, timeout: SECRET_TIMEOUT })
  const readers = secretsOf([...archives.readers.keys()].map(readerSecret), 'local')
  // Only who archives needs it.
  let keys: Secrets | undefined
  const store = remembered((location: Location) => openStore(config, aws, archives.lock, location))
  const logKeyOf = async (location: Location): Promise<LogKey> => {
    keys ??= secretsOf([LOG_KEY])
    const [seed] = await keys(LOG_KEY)
    if (seed === undefined) throw new RouterError('INVALID_CONFIG', 'There is no secret log-key.')
    return logKey(`${archives.origin}/${stage}/${location}`, Buffer.from(seed, 'base64'))
  }
  const archiverOf = remembered(async (location: Location) =>
    archiver({ store: store(location), location, key: await logKeyOf(location), now: Date.now }),
  )
  const queues = sqs({ ...aws, accountId: config.accountId, timeout: QUEUE_TIMEOUT })
  const archivingOf = remembered((queueName: string): Archiving => {
    const place = places.find((row) => archiveQueue(stage, row).name === queueName)
    if (!place) throw new RouterError('INVALID_CONFIG', `${queueName} is no archive queue of stage ${stage}.`)
    const { location } = place
    return {
      location,
      queues,
      queue: archiveQueue(stage, place),
      random: Math.random,
      archiver: () => archiverOf(location),
    }
  })
  return {
    config,
    archives,
    aws,
    archivingOf,
    locations: places.flatMap(({ location, awsRegion }) => (config.emulated || awsRegion === region ? [location] : [])),
    store,
    logKey: logKeyOf,
    readerSecrets: (id, reading) => readers(readerSecret(id), reading),
    secretsOf,
  }
}

let started: ArchiveApp | undefined

/** The archive app of this process, made at the first call. An attempt that failed is made again at the next one. */
export function archiveApp(): ArchiveApp {
  started ??= startArchive()
  return started
}
