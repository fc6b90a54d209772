import { alertSearches } from '../lib/alerts/searches.ts'
import { checkArchives } from '../lib/archives.ts'
import { readConfig } from '../lib/config.ts'
import { checkRegistries } from '../lib/registries.ts'
import { loadArchive } from './archive.ts'
import { bundle } from './bundle.ts'
import { loadRegistries } from './registries.ts'
import { accessLog, type Deployment, functions, resources } from './template.ts'

// The `serverless` plugin that fills in what `serverless.yml` takes from the tables (`${tables:functions}`) and bundles the
// functions before they are packaged.

interface Source {
  address: string
  resolveConfigurationProperty(path: readonly string[]): Promise<string>
}

/** What the plugin uses of `serverless`. */
interface Serverless {
  service: { provider: { stage: string; region: string } }
  classes: { Error: new (message: string) => Error }
}

/** `read`, or `fallback` when that fails: mistakes in what is configured are told before anything is packaged or started, not here. */
async function orElse<Value>(fallback: Value, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read()
  } catch {
    return fallback
  }
}

/** Ids of the registries that need a secret. */
async function withSecret(stage: string, awsRegion: string): Promise<string[]> {
  const { edition } = readConfig({ ...process.env, STAGE: stage, AWS_REGION: awsRegion })
  const registries = checkRegistries(await loadRegistries(), edition)
  return [...registries.values()].filter(({ needsSecret }) => needsSecret).map(({ id }) => id)
}

/** What of archive.ts the template needs. */
type ArchiveSettings = Pick<Deployment, 'readerIds' | 'lock' | 'undoDays' | 'answerDays' | 'alerts'>

async function archiveSettings(): Promise<ArchiveSettings> {
  const { readers, lock, undoDays, answerDays, searches } = checkArchives(await loadArchive())
  return { readerIds: [...readers.keys()], lock, undoDays, answerDays, alerts: alertSearches(searches) }
}

/** The same when archive.ts can't be read: of such a template nothing is deployed. */
const NO_SETTINGS: ArchiveSettings = { readerIds: [], lock: undefined, undoDays: 1, answerDays: 1, alerts: [] }

const tables: Record<string, (deployment: Deployment) => unknown> = { functions, resources, accessLog }

export default class DeployPlugin {
  hooks: Record<string, () => Promise<void>>

  configurationVariablesSources = {
    tables: {
      async resolve({ address, resolveConfigurationProperty }: Source) {
        const stage = await resolveConfigurationProperty(['provider', 'stage'])
        const awsRegion = await resolveConfigurationProperty(['provider', 'region'])
        const deployment: Deployment = {
          service: await resolveConfigurationProperty(['service']),
          stage,
          awsRegion,
          registryIds: await orElse([], () => withSecret(stage, awsRegion)),
          ...(await orElse(NO_SETTINGS, archiveSettings)),
        }
        return { value: tables[address]?.(deployment) ?? null }
      },
    },
  }

  constructor(serverless: Serverless) {
    this.hooks = {
      'before:package:cleanup': async () => {
        try {
          const { stage, region } = serverless.service.provider
          const config = readConfig({ ...process.env, STAGE: stage, AWS_REGION: region })
          checkRegistries(await loadRegistries(), config.edition)
          checkArchives(await loadArchive())
        } catch (error) {
          throw new serverless.classes.Error((error as Error).message)
        }
        await bundle()
      },
    }
  }
}
