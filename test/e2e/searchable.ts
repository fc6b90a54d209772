import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeViewer } from '../../deploy/web.ts'
import { securityHeaders } from '../../lib/answers.ts'
import type { AuditEvent } from '../../lib/event.ts'
import type { Location } from '../../lib/locations.ts'
import type { Entry } from '../../lib/log.ts'
import type { Request, Response } from '../../lib/request.ts'
import { duckdb } from '../../lib/search/duckdb.ts'
import { answerSearch, answerSearchError, type SearchApp } from '../../lib/search/http.ts'
import { authenticator } from '../../lib/search/readers.ts'
import { viewerFiles } from '../../lib/search/viewer-files.ts'
import { files } from '../../lib/stores/files.ts'
import { registries } from '../../registries.ts'
import { archiveAll, sampleArchive, sampleEvents, sampleKey } from '../archive.ts'

// The search and the viewer on a port of their own, over archives of sample events of the last days: what the function answers, and
// whatever a test makes of it on the way to the browser.

export const SECRET = 'local'
const LOCATIONS: readonly Location[] = ['eu-de', 'jp-tok']
const DAY = 86_400_000
/** Of so many events one is of jp-tok. */
const SHARE = 4

/** What archives are made of; what is left out is as said. */
export interface Wanted {
  /** Days over which the events are spread, up to now: 2. */
  days?: number
  /** Another seed makes other events: 1. */
  seed?: number
  /** Another stage's logs have other names and keys: `test`. */
  stage?: string
}

/** Answers in place of the service, or changes its answer. `asked` is the path with its query. */
export type Lie = (asked: string, answer: Response) => Response

export interface Searchable {
  url: string
  /** What was asked, newest last. */
  asked: string[]
  /** What becomes of every answer but those of the viewer's files. */
  lie: Lie | undefined
  /** The folder of the archive of a location. */
  folder(location?: Location): string
  /** Archives one event more, of now. */
  append(change?: Partial<AuditEvent>, location?: Location): Promise<AuditEvent>
  /** Puts other archives in place of those that are there. */
  replace(count: number, wanted?: Wanted): Promise<void>
  close(): Promise<void>
}

/** A lie: every answer to a path that begins so is this error. */
export const failing =
  (path: string, status: number, code: string, message: string): Lie =>
  (asked, answer) =>
    asked.startsWith(path) ? { status, headers: {}, body: { code, message } } : answer

/** A lie: `change` is made to the JSON of every answer whose path has this form. */
export const changing =
  // biome-ignore lint/suspicious/noExplicitAny: what is changed is up to the test
    (form: RegExp, change: (body: any) => unknown): Lie =>
    (asked, answer) => {
      if (!form.test(asked) || answer.status !== 200) return answer
      const body = JSON.parse(answer.raw === undefined ? JSON.stringify(answer.body) : String(answer.raw))
      const { 'content-type': _, ...headers } = answer.headers
      return { status: 200, headers, body: change(body) }
    }

/** The archives of `count` events in all, in a new folder; the last of them happened just now. */
async function archives(count: number, { days = 2, seed = 1, stage = 'test' }: Wanted): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'searchable-'))
  const from = Date.now() - days * DAY
  for (const [n, location] of LOCATIONS.entries()) {
    const share = location === 'eu-de' ? count - Math.floor(count / SHARE) : Math.floor(count / SHARE)
    const key = sampleKey(location, stage)
    await sampleArchive(join(root, location), share, { from, days, location, seed: seed + n, key, batch: share })
  }
  return root
}

function appOver(root: string): SearchApp {
  const store = (location: Location) => files(join(root, location))
  return {
    archives: { engine: duckdb({ root, store }), locations: LOCATIONS, store, now: Date.now },
    registries: new Map(registries.map((registry) => [registry.id, registry])),
    searches: [],
    authenticate: authenticator({
      readers: new Map([['local', { id: 'local', locations: LOCATIONS }]]),
      secrets: async () => [SECRET],
    }),
  }
}

/** Starts it with archives of `count` events, three quarters of them in eu-de. */
export async function startSearchable(count: number, wanted: Wanted = {}): Promise<Searchable> {
  if (Object.keys(viewerFiles).length === 0) Object.assign(viewerFiles, await makeViewer())
  const roots: string[] = []
  let root = ''
  let app: SearchApp
  const asked: string[] = []

  async function answer(path: string, query: string, headers: IncomingMessage['headers']): Promise<Response> {
    if (path === '/health') return { status: 200, headers: {}, body: { status: 'ready', stage: 'local' } }
    const request: Request = {
      method: 'GET',
      path,
      query,
      headers: headers as Request['headers'],
      body: Buffer.alloc(0),
      receivedAt: Date.now(),
    }
    const entry: Entry = { event: 'search' }
    return answerSearch(request, app, entry).catch((error: unknown) => answerSearchError(error, entry))
  }

  const server = createServer(async ({ url = '', headers }, response) => {
    const [path = '', query = ''] = url.split(/\?(.*)/s)
    const isFile = Object.hasOwn(viewerFiles, path === '/' ? '/index.html' : path)
    if (!isFile) asked.push(url)
    const honest = await answer(path, query, headers)
    const given = isFile ? honest : (searchable.lie?.(url, honest) ?? honest)
    response.writeHead(given.status, { 'content-type': 'application/json', ...securityHeaders, ...given.headers })
    response.end(given.raw ?? JSON.stringify(given.body))
  })

  const searchable: Searchable = {
    url: '',
    asked,
    lie: undefined,
    folder: (location = 'eu-de') => join(root, location),
    async append(change = {}, location = 'eu-de') {
      const now = Date.now()
      const [event] = sampleEvents(1, { location, seed: now, from: now, days: 0 })
      const added = { ...event, ...change } as AuditEvent
      await archiveAll(files(searchable.folder(location)), [added], { location, from: now })
      return added
    },
    async replace(others, made = {}) {
      root = await archives(others, made)
      roots.push(root)
      app = appOver(root)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
      for (const folder of roots) rmSync(folder, { recursive: true, force: true })
    },
  }
  await searchable.replace(count, wanted)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  searchable.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return searchable
}
