import type { Credentials } from './aws.ts'
import { edition } from './edition.ts'
import { RouterError } from './errors.ts'
import { type FormatName, formatNames } from './formats/format.ts'

// The only reader of the environment.

/** The outputs of a location. */
export const outputNames = ['queue', 'archive'] as const

export type Output = (typeof outputNames)[number]

/** Settings of one deployment, checked. */
export interface Config {
  stage: string
  /** Date of the tables in use. */
  edition: string
  /** Form of the events on the queues of locations. */
  eventFormat: FormatName
  /** The outputs of locations that are on. */
  outputs: readonly Output[]
  awsRegion: string
  accountId: string
  /** Everything runs on one machine: secrets come from the environment, and one that is not set is `local`. */
  emulated: boolean
  /** Address that stands in for AWS, as in local emulation. */
  awsEndpoint: string | undefined
  /** Most bytes of a body. */
  bodyLimit: number
  port: number
  emulatorPort: number
  host: string
  stateDir: string
}

/** Lambda takes 6 MB in and out; nothing can be larger than that. */
const HARD_BODY_LIMIT = 6 * 1024 * 1024

export type Environment = Readonly<Record<string, string | undefined>>

/** The environment itself, read anew at every look. */
export const environment = (): Environment => process.env

/**
 * The stage whose metrics are written; none in local emulation, which has a ledger of its own. Nothing is checked here, so that what
 * fails for a mistake in the environment is counted, too.
 */
export const metricsStage = (env: Environment = environment()): string | undefined =>
  env.EMULATION === 'local' ? undefined : env.STAGE

/**
 * Reads and checks the environment. Throws one `INVALID_CONFIG` that lists every mistake at once: variable, value, what it
 * should be.
 */
export function readConfig(env: Environment = environment()): Config {
  const mistakes: string[] = []
  const text = (name: string, fallback: string, form: RegExp, wanted: string): string => {
    const value = env[name] || fallback
    if (!form.test(value)) mistakes.push(`${name} is ${JSON.stringify(value)}, but has to be ${wanted}`)
    return value
  }
  const number = (name: string, fallback: number, least: number, most: number): number => {
    const value = Number(env[name] || fallback)
    if (Number.isInteger(value) && value >= least && value <= most) return value
    mistakes.push(`${name} is ${JSON.stringify(env[name])}, but has to be a whole number from ${least} to ${most}`)
    return fallback
  }
  const choice = <Value extends string>(name: string, values: readonly [Value, ...Value[]]): Value => {
    const value = values.find((allowed) => allowed === (env[name] || values[0]))
    if (!value) mistakes.push(`${name} is ${JSON.stringify(env[name])}, but has to be one of ${values.join(', ')}`)
    return value ?? values[0]
  }
  const several = <Value extends string>(name: string, values: readonly Value[]): Value[] => {
    const given = (env[name] || values.join()).split(',').map((value) => value.trim())
    const known = values.filter((value) => given.includes(value))
    if (known.length !== given.length) {
      mistakes.push(`${name} is ${JSON.stringify(env[name])}, but has to be one or more of ${values.join()}, each once`)
    }
    return known
  }
  const config: Config = {
    stage: text(
      'STAGE',
      'local',
      /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,26}[A-Za-z0-9])?$/,
      '1 to 28 letters, digits and inner dashes',
    ),
    edition: text('EDITION', '2020-07-28', /^/, 'a date'),
    eventFormat: choice('EVENT_FORMAT', formatNames),
    outputs: several('OUTPUTS', outputNames),
    awsRegion: text('AWS_REGION', 'eu-central-1', /^[a-z]{2}(?:-[a-z]+)+-\d$/, 'an AWS region'),
    accountId: text('ACCOUNT_ID', '000000000000', /^\d{12}$/, 'the 12 digits of an AWS account'),
    emulated: env.EMULATION === 'local',
    awsEndpoint: env.AWS_ENDPOINT || undefined,
    bodyLimit: number('BODY_LIMIT', 1024 * 1024, 1024, HARD_BODY_LIMIT),
    port: number('PORT', 3000, 1, 65_535),
    emulatorPort: number('EMULATOR_PORT', 4566, 1, 65_535),
    host: text('HOST', '127.0.0.1', /^[0-9a-zA-Z.:-]+$/, 'an address of this machine'),
    stateDir: env.STATE_DIR || '.local',
  }
  try {
    edition(config.edition)
  } catch (error) {
    mistakes.push(`EDITION: ${(error as Error).message}`)
  }
  if (mistakes.length > 0) {
    throw new RouterError(
      'INVALID_CONFIG',
      `The environment has ${mistakes.length} mistake(s):\n  - ${mistakes.join('\n  - ')}`,
    )
  }
  return config
}

/** AWS credentials as Lambda and the AWS tools put them into the environment; local emulation takes any. */
export const readCredentials = (env: Environment): Credentials => ({
  accessKeyId: env.AWS_ACCESS_KEY_ID || 'local',
  secretAccessKey: env.AWS_SECRET_ACCESS_KEY || 'local',
  ...(env.AWS_SESSION_TOKEN ? { sessionToken: env.AWS_SESSION_TOKEN } : {}),
})
