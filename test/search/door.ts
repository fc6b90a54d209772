import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SavedSearch } from '../../lib/alerts/searches.ts'
import type { Reader } from '../../lib/archives.ts'
import { type Location, places } from '../../lib/locations.ts'
import type { Entry } from '../../lib/log.ts'
import type { Request } from '../../lib/request.ts'
import { duckdb } from '../../lib/search/duckdb.ts'
import { answerSearch, answerSearchError, type SearchApp } from '../../lib/search/http.ts'
import { authenticator } from '../../lib/search/readers.ts'
import type { Archives } from '../../lib/search/search.ts'
import type { Secrets } from '../../lib/secrets.ts'
import { files } from '../../lib/stores/files.ts'
import { registries } from '../../registries.ts'
import { type SampleOptions, sampleArchive } from '../archive.ts'
import { NOW } from '../now.ts'

// The search's public door over archives in a folder of its own: a request goes in as HTTP, an answer comes out.

export const ALL: readonly Location[] = places.map(({ location }) => location)

/** The readers of every door: one who may see everything, and one who may not. Their secrets are their ids. */
const readers: ReadonlyMap<string, Reader> = new Map([
  ['all', { id: 'all', locations: ALL }],
  ['german', { id: 'german', locations: ['eu-de'] }],
])

/** Two saved searches, one of which alerts. */
const searches: readonly SavedSearch[] = [
  { id: 'failures', says: 'What failed.', query: 'outcome=failure' },
  {
    id: 'deletions',
    says: 'Somebody deletes images.',
    query: 'action=image.delete',
    atLeast: 1,
    to: { webhook: 'https://hooks.example.com/secret' },
  },
]

export interface Answered {
  status: number
  headers: Record<string, string>
  /** The body as text, and its JSON when it is that. */
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what a test looks at
  body: any
  bytes: Buffer
  entry: Entry
}

export interface SearchDoor {
  root: string
  archives: Archives
  /** Asks for `path`, with its query, as `reader`; `''` is nobody. */
  get(path: string, reader?: string, request?: Partial<Request>): Promise<Answered>
  close(): void
}

/** Opens a door over the archives in `root`, a new folder unless it is given. */
export function searchDoor(root = mkdtempSync(join(tmpdir(), 'search-')), secrets?: Secrets): SearchDoor {
  const store = (location: Location) => files(join(root, location))
  const archives: Archives = { engine: duckdb({ root, store }), locations: ALL, store, now: () => NOW }
  const app: SearchApp = {
    archives,
    registries: new Map(registries.map((registry) => [registry.id, registry])),
    searches,
    authenticate: authenticator({ readers, secrets: secrets ?? (async (id) => [id]) }),
  }
  return {
    root,
    archives,
    async get(path, reader = 'all', request = {}) {
      const [name = '', query = ''] = path.split(/\?(.*)/s)
      const sent: Request = {
        method: 'GET',
        path: name,
        query,
        body: Buffer.alloc(0),
        receivedAt: NOW,
        address: '192.0.2.1',
        ...request,
        headers: { ...(reader ? { authorization: `Bearer ${reader}` } : {}), ...request.headers },
      }
      const entry: Entry = { event: 'search' }
      const response = await answerSearch(sent, app, entry).catch((error: unknown) => answerSearchError(error, entry))
      const bytes = Buffer.from(response.raw ?? JSON.stringify(response.body ?? null))
      const text = bytes.toString()
      const isJson = (response.headers['content-type'] ?? 'application/json') === 'application/json'
      return {
        status: response.status,
        headers: response.headers,
        text,
        bytes,
        entry,
        body: isJson ? JSON.parse(text) : undefined,
      }
    },
    close: () => rmSync(root, { recursive: true, force: true }),
  }
}

const DAY = 24 * 60 * 60 * 1000
const FROM = NOW - 2 * DAY

/** What the samples of two locations are made of: the last two days. */
export const german: SampleOptions & { from: number } = { location: 'eu-de', from: FROM, days: 2 }
export const japanese: SampleOptions & { from: number } = { location: 'jp-tok', from: FROM, days: 2, seed: 2 }

/** An event of an answer, as far as tests look at it. */
export interface Item {
  location: string
  leaf: number
  event: { id: string; eventTime: string; action: string; initiator: { name: string; host: { address: string } } }
  proof?: string[]
}

/** A door over 300 events of eu-de, archived 100 at a time, and 50 of jp-tok. */
export async function sampleDoor(): Promise<SearchDoor> {
  const door = searchDoor()
  await sampleArchive(join(door.root, 'eu-de'), 300, { ...german, batch: 100 })
  await sampleArchive(join(door.root, 'jp-tok'), 50, japanese)
  return door
}
