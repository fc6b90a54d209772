import { join } from 'node:path'
import { registries } from '../../registries.ts'
import { type ArchiveApp, archiveApp } from '../archiveapp.ts'
import type { Location } from '../locations.ts'
import { athena, athenaNames } from './athena.ts'
import { duckdb } from './duckdb.ts'
import type { SearchApp } from './http.ts'
import { authenticator } from './readers.ts'

/** Milliseconds that a call to Athena may take. */
const CALL_TIMEOUT = 5000

/**
 * Puts the search together: DuckDB over the files of the emulation, Athena over the bucket of this AWS region. On AWS a function answers for its own region
 * alone, so that no event leaves its region but in an answer.
 */
export function startSearch({ config, archives, aws, locations, store, logKey, readerSecrets }: ArchiveApp): SearchApp {
  const { stage, awsRegion: region } = config
  const engine = config.emulated
    ? duckdb({ root: join(config.stateDir, 'archive'), store })
    : athena({ ...aws, region, ...athenaNames(stage), timeout: CALL_TIMEOUT, store })
  // On AWS this function may not read the secret that logs are signed with: what it checks is what archive.ts says.
  const key = async (location: Location) => (config.emulated ? logKey(location) : archives.logKeyOf(location))
  return {
    archives: { engine, locations, store, key, now: Date.now },
    registries: new Map(registries.map((registry) => [registry.id, registry])),
    searches: archives.searches,
    authenticate: authenticator({ readers: archives.readers, secrets: readerSecrets }),
  }
}

let started: SearchApp | undefined

/** The search app of this process, made at the first call. An attempt that failed is made again at the next one. */
export function searchApp(): SearchApp {
  started ??= startSearch(archiveApp())
  return started
}
