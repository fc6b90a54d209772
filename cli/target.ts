import { loadRegistries, registriesFile } from '../deploy/registries.ts'
import { type Aws, call } from '../lib/aws.ts'
import { environment, readConfig } from '../lib/config.ts'
import { intakeQueue } from '../lib/queues/names.ts'
import type { QueueRef, Queues } from '../lib/queues/queue.ts'
import { sqs } from '../lib/queues/sqs.ts'
import { checkRegistries, type Registry } from '../lib/registries.ts'
import { type AwsCredentials, awsCredentials } from './credentials.ts'
import { CommandError } from './exits.ts'
import { explain, explained } from './explain.ts'

/** Milliseconds that one call may take. */
const TIMEOUT = 15_000
/** Local emulation runs there unless it was told otherwise, whatever AWS_REGION says. */
const HOME = 'eu-central-1'

/** The deployment that a command is about. */
export interface Target {
  stage: string
  /** AWS region of the intake and the quarantine queue. */
  awsRegion: string
  /** For people: where it is. */
  name: string
  /** Its queues. `first` is the one that is used first: what the account is, is asked of it. */
  connect(first: QueueRef): Promise<Queues>
  /** How AWS is called for it, and its account; `undefined` in local emulation, whose archives are files. */
  aws(): Promise<{ aws: Aws; accountId: string } | undefined>
  /** Where local emulation keeps its state. */
  stateDir: string
  /** What `registries.ts` says today, for the edition in use. */
  registries(edition?: string): Promise<{ registries: ReadonlyMap<string, Registry>; from: string }>
}

/** What every command may say about where it works. */
export interface TargetOptions {
  stage?: string
  region?: string
}

const plainly = <Value>(work: () => Value): Value => {
  try {
    return work()
  } catch (error) {
    throw new CommandError('usage', (error as Error).message)
  }
}

/** The account of the credentials: as they say, else that of the queue's address. */
async function accountOf(
  credentials: () => Promise<AwsCredentials>,
  at: Pick<Aws, 'endpoint'>,
  queue: QueueRef,
  stage: string,
): Promise<string> {
  try {
    const { accountId } = await credentials()
    if (accountId) return accountId
    const aws: Aws = { ...at, credentials }
    const input = { QueueName: queue.name }
    const { QueueUrl } = await call(aws, 'sqs', queue.awsRegion, 'AmazonSQS.GetQueueUrl', input, TIMEOUT)
    const [, account] = /\/(\d{12})\/[^/]+$/.exec(String(QueueUrl)) ?? []
    if (!account) throw new Error(`${QueueUrl} is no address of a queue`)
    return account
  } catch (error) {
    if (error instanceof CommandError) {
      throw new CommandError(error.exit, `${queue.name} in ${queue.awsRegion} can't be asked. ${error.message}`, {
        cause: error,
      })
    }
    throw explain(error, { queue, permission: 'sqs:GetQueueUrl', stage, emulation: undefined })
  }
}

/**
 * The deployment of `options.stage`: `local` is local emulation on this machine, every other one is on AWS. `AWS_ENDPOINT` stands in for
 * either's address. Throws a `CommandError` for what is no stage, region or environment.
 */
export function openTarget(options: TargetOptions, env = environment()): Target {
  const stage = options.stage ?? (env.STAGE || 'local')
  const emulated = stage === 'local' || env.EMULATION === 'local'
  const awsRegion = options.region ?? ((emulated ? '' : env.AWS_REGION || env.AWS_DEFAULT_REGION) || HOME)
  const config = plainly(() => readConfig({ ...env, STAGE: stage, AWS_REGION: awsRegion }))
  const emulation = emulated ? (config.awsEndpoint ?? `http://127.0.0.1:${config.emulatorPort}`) : undefined
  const endpoint = emulation ?? config.awsEndpoint
  const at = endpoint ? { endpoint } : {}

  const onAws = async (first: QueueRef): Promise<{ aws: Aws; accountId: string }> => {
    const credentials = awsCredentials()
    const accountId = env.ACCOUNT_ID || (await accountOf(credentials, at, first, stage))
    return { aws: { ...at, credentials }, accountId }
  }

  const connect = async (first: QueueRef): Promise<Queues> => {
    if (emulation) {
      const credentials = () => ({ accessKeyId: 'local', secretAccessKey: 'local' })
      const queues = sqs({ ...at, credentials, accountId: config.accountId, timeout: TIMEOUT })
      return explained(queues, { stage, emulation })
    }
    const { aws, accountId } = await onAws(first)
    return explained(sqs({ ...aws, accountId, timeout: TIMEOUT }), { stage, emulation })
  }

  return {
    stage,
    awsRegion,
    name: emulation ? `local emulation, ${emulation}` : `stage ${stage} on AWS, ${awsRegion}`,
    connect,
    aws: async () => (emulation ? undefined : onAws(intakeQueue(stage, awsRegion))),
    stateDir: config.stateDir,
    async registries(edition = config.edition) {
      const file = registriesFile()
      const configs = await loadRegistries(file).catch((error: unknown) => {
        throw new CommandError('usage', `${file} can't be read: ${(error as Error).message}`)
      })
      const registries = plainly(() => checkRegistries(configs, edition))
      return { registries, from: `${file}, edition ${edition}` }
    },
  }
}
