import { randomUUID } from 'node:crypto'
import { type Aws, AwsError, call } from './aws.ts'
import { RouterError } from './errors.ts'
import { fingerprint } from './ids.ts'
import { type Bucket, bucket, type Rate } from './limit.ts'
import { mistakeOf } from './sources/signature.ts'

/** What a reading of secrets may take. */
export interface Reading {
  /**
   * Milliseconds since 1970: what was read before that has refused a request. It is read again, unless that happened too often of late.
   */
  since?: number
  /** Most milliseconds that it may take, if that is less than its own limit. */
  timeout?: number
}

/**
 * The valid secrets of a registry, none for an id that is no registry's. It is the same list until they are read again. Rejects with
 * `INVALID_CONFIG` when a registry has none, with `UNAVAILABLE` when they can't be read.
 */
export type Secrets = (registryId: string, reading?: Reading) => Promise<readonly string[]>

const NONE: readonly string[] = []

/** Several values separated by white space are all valid, so that a secret can be changed without a refused request. */
const split = (text: string): string[] => text.split(/\s+/).filter((value) => value !== '')

/** Name of the environment variable that holds the secrets of a registry: `SECRET_DISTRIBUTION_EU_DE`. */
export const secretVariable = (registryId: string): string => `SECRET_${registryId.toUpperCase().replaceAll('-', '_')}`

/**
 * Secrets from the environment `env`. Checks all of `registryIds` at once and throws `INVALID_CONFIG` naming every one without a
 * secret or with one that can't work: a registry without a secret does not start. `fallback` is the secret of those whose variable is not set at all.
 */
export function environmentSecrets(
  env: Readonly<Record<string, string | undefined>>,
  registryIds: readonly string[],
  fallback?: string,
): Secrets {
  const found = new Map(registryIds.map((id) => [id, split(env[secretVariable(id)] ?? fallback ?? '')]))
  const mistakes = [...found].flatMap(([id, values]) => {
    const where = `registry ${JSON.stringify(id)}`
    if (values.length === 0) return [`${where} has no secret: set ${secretVariable(id)}`]
    return values.flatMap((value) => mistakeOf(value) ?? []).map((what) => `${where}, ${secretVariable(id)}: ${what}`)
  })
  if (mistakes.length > 0) {
    throw new RouterError(
      'INVALID_CONFIG',
      `The secrets have ${mistakes.length} mistake(s):\n  - ${mistakes.join('\n  - ')}`,
    )
  }
  return async (id) => found.get(id) ?? NONE
}

/** How long secrets of the Secrets Manager are used before they are read again. */
const CACHE_MILLISECONDS = 5 * 60 * 1000
/** How long they stay valid when they can't be read again because the Secrets Manager can't be reached. */
const OUTAGE_MILLISECONDS = 60 * 60 * 1000
/**
 * How often an instance may read again because requests were refused: strangers can be refused as often as they like. Ids share a few
 * of these limits by chance, so that what uses up one of them leaves the others.
 */
const AGAIN: Rate = { perSecond: 1, burst: 10 }
const SHARES = 16

/** Where the entries are, and how they are read. */
export interface ManagedSecrets extends Aws {
  region: string
  stage: string
  /** Every registry that has an entry. */
  registryIds: readonly string[]
  /** Most milliseconds of one reading. */
  timeout: number
  now?: () => number
}

/** An entry as it was when it was asked for, at `askedAt`; `values` are still to come while it is being read. */
interface Asked<Values> {
  askedAt: number
  values: Values
}

/**
 * Secrets from the AWS Secrets Manager, entry `registry-events/<stage>/<registry id>` of `region`. An entry is kept for five
 * minutes; after that, for up to an hour, while the Secrets Manager can't be reached. When it is gone, empty, or no longer allowed, it is not.
 * A failed reading is never kept. What is asked for while it is being read waits for the same answer. For an id that is no
 * registry's the entry of some registry is read under the same conditions, so that time does not tell which registries there are.
 */
export function managedSecrets({ now = Date.now, ...from }: ManagedSecrets): Secrets {
  const kept = new Map<string, Asked<readonly string[]>>()
  const running = new Map<string, Asked<Promise<readonly string[]>>>()
  const again = Array.from({ length: SHARES }, () => bucket(AGAIN))
  const salt = randomUUID()
  /** The one of `items` that is `id`'s as long as this process lives; nobody else can tell which. */
  const share = <Item>(id: string, items: readonly Item[]): Item | undefined =>
    items[Number.parseInt(fingerprint(`${salt} ${id}`).slice(0, 8), 16) % items.length]

  /** Reads the entry of `id`. When that fails what was kept is no longer valid, unless the Secrets Manager can't be reached. */
  function read(id: string, timeout: number): Promise<readonly string[]> {
    const askedAt = now()
    const values = readEntry(from, `registry-events/${from.stage}/${id}`, timeout)
      .then(
        (read) => {
          kept.set(id, { askedAt, values: read })
          return read
        },
        (error) => {
          if (error.code !== 'UNAVAILABLE') kept.delete(id)
          throw error
        },
      )
      .finally(() => running.delete(id))
    running.set(id, { askedAt, values })
    return values
  }

  const isWithin = (milliseconds: number, { askedAt }: Asked<unknown>): boolean => {
    const age = now() - askedAt
    return age >= 0 && age < milliseconds
  }

  async function current(id: string, timeout: number): Promise<readonly string[]> {
    const known = kept.get(id)
    if (known && isWithin(CACHE_MILLISECONDS, known)) return known.values
    try {
      return await (running.get(id)?.values ?? read(id, timeout))
    } catch (error) {
      const last = kept.get(id)
      if (last && isWithin(OUTAGE_MILLISECONDS, last)) return last.values
      throw error
    }
  }

  /** The values as they were after `since`. */
  async function renewed(id: string, timeout: number, since: number, limit: Bucket): Promise<readonly string[]> {
    const older = running.get(id)
    if (older && older.askedAt <= since) await older.values
    const known = kept.get(id)
    if (known && known.askedAt > since) return known.values
    const newer = running.get(id)
    if (newer) return newer.values
    return limit(now()) > 0 ? current(id, timeout) : read(id, timeout)
  }

  return async (id, { since, timeout = from.timeout } = {}) => {
    const { registryIds } = from
    const isKnown = registryIds.includes(id)
    // Both are looked up for every id: it takes time.
    const [limit, other] = [share(id, again), share(id, registryIds)]
    const entry = isKnown ? id : other
    if (entry === undefined || !limit) return NONE
    const most = Math.min(timeout, from.timeout)
    const values = await (since === undefined ? current(entry, most) : renewed(entry, most, since, limit))
    return isKnown ? values : NONE
  }
}

/** The values of one entry that can work. */
async function readEntry(aws: ManagedSecrets, SecretId: string, timeout: number): Promise<readonly string[]> {
  const operation = 'secretsmanager.GetSecretValue'
  const answer = await call(aws, 'secretsmanager', aws.region, operation, { SecretId }, timeout).catch((cause) => {
    throw explain(SecretId, cause)
  })
  const values = split(String(answer.SecretString ?? ''))
  if (values.length === 0) throw new RouterError('INVALID_CONFIG', `The secret ${SecretId} is empty.`)
  // One value that can't work must not cost the good one beside it: that is what several values are for.
  const [mistake] = values.flatMap((value) => mistakeOf(value) ?? [])
  const usable = values.filter((value) => mistakeOf(value) === undefined)
  if (usable.length === 0) throw new RouterError('INVALID_CONFIG', `The secret ${SecretId}: ${mistake}.`)
  return usable
}

/** Errors of AWS that say something about the secret, not about the service. */
const DEFINITE: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'is not there: create it',
  AccessDeniedException: 'must not be read by this function',
  InvalidRequestException: 'is marked for deletion',
  DecryptionFailure: "can't be decrypted",
}

function explain(SecretId: string, cause: unknown): RouterError {
  const definite = cause instanceof AwsError && Object.hasOwn(DEFINITE, cause.code) ? DEFINITE[cause.code] : undefined
  if (definite) return new RouterError('INVALID_CONFIG', `The secret ${SecretId} ${definite}.`, { cause })
  return new RouterError('UNAVAILABLE', `The secret ${SecretId} can't be read: ${(cause as Error).message}`, { cause })
}
