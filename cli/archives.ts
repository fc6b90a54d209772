import { readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import { archiveFile, loadArchive } from '../deploy/archive.ts'
import { type Archives, checkArchives } from '../lib/archives.ts'
import { AwsError } from '../lib/aws.ts'
import { environment } from '../lib/config.ts'
import { RouterError } from '../lib/errors.ts'
import { type Location, places } from '../lib/locations.ts'
import { type LogKey, logKey } from '../lib/proof/note.ts'
import { managedSecrets } from '../lib/secrets.ts'
import { files } from '../lib/stores/files.ts'
import { s3 } from '../lib/stores/s3.ts'
import type { Store } from '../lib/stores/store.ts'
import type { Call, CommonOptions } from './command.ts'
import { CommandError, type Exit, exits } from './exits.ts'
import type { Target } from './target.ts'
import type { Terminal } from './terminal.ts'

// The archives that a command is about: folders on this machine, or buckets on AWS.

/** Milliseconds that a call to a bucket, or to the Secrets Manager, may take. */
const TIMEOUT = 15_000

/** What every command on archives may be told. */
export interface ArchiveOptions extends CommonOptions {
  location?: Location[]
  dir?: string
}

/** An archive that is open. */
export interface OpenArchive {
  location: Location
  /** For people: where it is. */
  name: string
  store: Store
  /** The key of its log. Rejects with a `CommandError` when it can't be had. */
  key(): Promise<LogKey>
}

const named = (text: string, before: Location[] = []): Location[] => {
  const place = places.find(({ location }) => location === text)
  if (!place)
    throw new InvalidArgumentError(`It has to be one of ${places.map(({ location }) => location).join(', ')}.`)
  return [...before, place.location]
}

/** The options of `ArchiveOptions` for a command. */
export const archiveOptions = (): Option[] => [
  new Option('--location <location>', 'only of that location; may be said several times').argParser(named),
  new Option('--dir <folder>', 'archives on this machine; STATE_DIR/archive if left out'),
]

/** Reads an option that is a day: `2026-11-22`. */
export function dayOption(text: string): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new InvalidArgumentError('Write it like 2026-11-22.')
  return text
}

/** Who calls, as this machine has it. */
export function caller(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown'
  }
}

/** What `archive.ts` says, checked. Rejects with a `CommandError` that lists every mistake. */
export async function archiveSettings(): Promise<Archives> {
  const file = archiveFile()
  try {
    return checkArchives(await loadArchive(file))
  } catch (error) {
    throw new CommandError('usage', `${file}: ${(error as Error).message}`)
  }
}

const keyOf = (target: Target, { origin }: Archives, location: Location, seed: string): LogKey =>
  logKey(`${origin}/${target.stage}/${location}`, Buffer.from(seed, 'base64'))

/** The key of local emulation: `SECRET_LOG_KEY`, else the file `log-key` beside the archives. */
function localSeed(dir: string): string {
  const given = environment().SECRET_LOG_KEY
  if (given) return given
  const file = join(dirname(dir), 'log-key')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new CommandError(
      'usage',
      `The key of the log is needed: set SECRET_LOG_KEY. ${file} can't be read: ${(error as Error).message}`,
    )
  }
}

/** Which archives a command is about: those that there are, or also those of locations of which nothing was archived yet. */
export type Reach = 'begun' | 'any'

function foldersIn(dir: string, wanted: readonly Location[] | undefined, reach: Reach): Location[] {
  let found: string[]
  try {
    found = readdirSync(dir)
  } catch (error) {
    throw new CommandError('usage', `There are no archives in ${dir}: ${(error as Error).message}`)
  }
  const all = places.map(({ location }) => location)
  if (reach === 'any') return all.filter((location) => wanted?.includes(location) ?? true)
  const missing = wanted?.filter((location) => !found.includes(location)) ?? []
  if (missing.length > 0) throw new CommandError('usage', `There is no archive of ${missing.join(', ')} in ${dir}.`)
  return all.filter((location) => (wanted ?? found).includes(location))
}

async function onThisMachine({ target, options }: Call<ArchiveOptions>, reach: Reach): Promise<OpenArchive[]> {
  const dir = resolve(options.dir ?? join(target.stateDir, 'archive'))
  return foldersIn(dir, options.location, reach).map((location) => ({
    location,
    name: join(dir, location),
    store: files(join(dir, location)),
    key: async () => keyOf(target, await archiveSettings(), location, localSeed(dir)),
  }))
}

async function onAws(
  { target, options }: Call<ArchiveOptions>,
  { aws, accountId }: NonNullable<Awaited<ReturnType<Target['aws']>>>,
): Promise<OpenArchive[]> {
  const { bucketName } = await import('../lib/archiveapp.ts')
  const { stage } = target
  const settings = await archiveSettings()
  return places
    .filter(({ location }) => options.location?.includes(location) ?? true)
    .map(({ location, awsRegion }) => {
      const bucket = bucketName(stage, location, accountId)
      const lock = settings.lock && { lock: settings.lock }
      return {
        location,
        name: `${bucket} in ${awsRegion}`,
        store: s3({ ...aws, awsRegion, bucket, accountId, timeout: TIMEOUT, ...lock }),
        async key() {
          const ids = ['log-key']
          const secrets = managedSecrets({ ...aws, region: awsRegion, stage, registryIds: ids, timeout: TIMEOUT })
          const [seed = ''] = await secrets('log-key')
          return keyOf(target, settings, location, seed)
        },
      }
    })
}

/** The archives that the options of `call` mean: all of `reach`, unless they name some. Rejects with a `CommandError`. */
async function openArchives(call: Call<ArchiveOptions>, reach: Reach): Promise<OpenArchive[]> {
  const aws = call.options.dir === undefined ? await call.target.aws() : undefined
  return aws ? onAws(call, aws) : onThisMachine(call, reach)
}

const isNoBucket = (error: unknown): boolean => {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof AwsError && one.code === 'NoSuchBucket') return true
  }
  return false
}

const EXITS: Readonly<Record<string, Exit>> = {
  UNAVAILABLE: 'unreachable',
  INVALID_CONFIG: 'usage',
  ARCHIVE_DAMAGED: 'damaged',
}

/** Tells what ended the work on `archive`, and how that ends a command. What nobody foresaw is thrown. */
function ending(error: unknown, archive: OpenArchive, { options, terminal }: Call<ArchiveOptions>, reach: Reach): Exit {
  const { location, name } = archive
  if (isNoBucket(error) && !options.location) {
    const rest = reach === 'any' ? ` Nothing was done there: say --location ${location} when it is deployed.` : ''
    terminal.note(`${location} is not deployed: there is no bucket ${name}.${rest}`)
    return reach === 'any' ? 'undone' : 'ok'
  }
  if (error instanceof CommandError) {
    terminal.note(`${location}: ${error.message}`)
    return error.exit
  }
  if (!(error instanceof RouterError)) throw error
  terminal.note(`${location}, ${name}: ${error.message}`)
  return EXITS[error.code] ?? 'undone'
}

/**
 * Does `work` on each archive in turn, and on the next one whatever becomes of it; what went wrong is told. Resolves to the worst end. A
 * location that is not deployed is told; it is no error, unless it was asked for or `reach` is any.
 */
export async function onEach(
  call: Call<ArchiveOptions>,
  work: (archive: OpenArchive) => Promise<Exit>,
  reach: Reach = 'begun',
): Promise<Exit> {
  let worst: Exit = 'ok'
  for (const archive of await openArchives(call, reach)) {
    if (call.signal.aborted) break
    const exit = await work(archive).catch((error: unknown) => ending(error, archive, call, reach))
    if (exits[exit].code > exits[worst].code) worst = exit
  }
  return worst
}

/** What is not as its name says, as it is found. */
export interface DamagedFiles {
  found: { name: string; why: string }[]
  tell(name: string, why: string): void
}

/** Tells what is damaged in `archive`, each file once. */
export function damagedIn(archive: OpenArchive, terminal: Terminal): DamagedFiles {
  const found: DamagedFiles['found'] = []
  return {
    found,
    tell(name, why) {
      if (found.some((one) => one.name === name)) return
      found.push({ name, why })
      terminal.note(`${archive.location}: ${name} is damaged and was left alone. ${why}`)
    },
  }
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** Bytes for people: `12.3 MiB`. */
export function sizeText(bytes: number): string {
  const unit = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${unit === 0 ? bytes : (bytes / 1024 ** unit).toFixed(1)} ${UNITS[unit]}`
}
