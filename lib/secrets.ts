import { type Aws, AwsError, call } from './aws.ts'
import { RouterError } from './errors.ts'
import { mistakeOf } from './sources/signature.ts'

/** The valid secrets of a registry; rejects with `INVALID_CONFIG` when there is none, `UNAVAILABLE` when they can't be read. */
export type Secrets = (registryId: string) => Promise<readonly string[]>

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
  return async (id) => found.get(id) ?? []
}

/** How long secrets of the Secrets Manager are used before they are read again. */
const CACHE_MILLISECONDS = 5 * 60 * 1000

/**
 * Secrets from the AWS Secrets Manager, entry `registry-events/<stage>/<registry id>` of `region`. An entry is kept for five
 * minutes. When it can't be reached after that, its last values stay valid; when it is gone, empty, or no longer allowed, they do
 * not. A failed reading is never kept.
 */
export function managedSecrets(
  aws: Aws,
  region: string,
  stage: string,
  timeout: number,
  now: () => number = Date.now,
): Secrets {
  const cache = new Map<string, { values: readonly string[]; readAt: number }>()
  const read = async (SecretId: string): Promise<readonly string[]> => {
    const answer = await call(aws, 'secretsmanager', region, 'secretsmanager.GetSecretValue', { SecretId }, timeout)
    const values = split(String(answer.SecretString ?? ''))
    if (values.length === 0) throw new RouterError('INVALID_CONFIG', `The secret ${SecretId} is empty.`)
    // One value that can't work must not cost the good one beside it: that is what several values are for.
    const [mistake] = values.flatMap((value) => mistakeOf(value) ?? [])
    const usable = values.filter((value) => mistakeOf(value) === undefined)
    if (usable.length === 0) throw new RouterError('INVALID_CONFIG', `The secret ${SecretId}: ${mistake}.`)
    return usable
  }
  return async (id) => {
    const kept = cache.get(id)
    if (kept && now() - kept.readAt < CACHE_MILLISECONDS) return kept.values
    const SecretId = `registry-events/${stage}/${id}`
    try {
      const values = await read(SecretId)
      cache.set(id, { values, readAt: now() })
      return values
    } catch (cause) {
      const error = explain(SecretId, cause)
      if (kept && error.code === 'UNAVAILABLE') return kept.values
      cache.delete(id)
      throw error
    }
  }
}

/** Errors of AWS that say something about the secret, not about the service. */
const DEFINITE: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'is not there: create it',
  AccessDeniedException: 'must not be read by this function',
  InvalidRequestException: 'is marked for deletion',
  DecryptionFailure: "can't be decrypted",
}

function explain(SecretId: string, cause: unknown): RouterError {
  if (cause instanceof RouterError) return cause
  const definite = cause instanceof AwsError && Object.hasOwn(DEFINITE, cause.code) ? DEFINITE[cause.code] : undefined
  if (definite) return new RouterError('INVALID_CONFIG', `The secret ${SecretId} ${definite}.`, { cause })
  return new RouterError('UNAVAILABLE', `The secret ${SecretId} can't be read: ${(cause as Error).message}`, { cause })
}
