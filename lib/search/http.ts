import { listSearches, type SavedSearch } from '../alerts/searches.ts'
import { answerError } from '../answers.ts'
import type { Reader } from '../archives.ts'
import { type ErrorCode, RouterError } from '../errors.ts'
import type { AuditEvent } from '../event.ts'
import type { Location } from '../locations.ts'
import type { Entry } from '../log.ts'
import { proofText } from '../proof/checkpoint.ts'
import type { Request, Response } from '../request.ts'
import { TOO_LONG } from './engine.ts'
import { explain, type Known } from './explain.ts'
import { parameters } from './filter.ts'
import { fitting, itemText, mediaTypes, preferred, write } from './forms.ts'
import { entries, headOf, keyOf, logs, tile } from './logs.ts'
import { type Archives, count, find, search } from './search.ts'
import { QuotingError, unsaid } from './unsaid.ts'
import { viewerFile, viewerHeaders } from './viewer.ts'

// The paths of docs/search.md.

/** What the search needs to answer requests. */
export interface SearchApp {
  archives: Archives
  /** The registries of today, for explanations. */
  registries: Known['registries']
  searches: readonly SavedSearch[]
  /** Tells who sends a request. */
  authenticate(request: Request): Promise<Reader>
}

/** A request of a reader. `parts` are those of its path that its pattern leaves open. */
export interface Call {
  request: Request
  parts: readonly string[]
  query: URLSearchParams
  reader: Reader
  app: SearchApp
  entry: Entry
}

type Answering = (call: Call) => Promise<Response>

const answerJson = (body: unknown): Response => ({ status: 200, headers: {}, body })
const answerRaw = (type: string, raw: string | Uint8Array, headers: Record<string, string> = {}): Response => ({
  status: 200,
  headers: { 'content-type': type, ...headers },
  raw,
})

/** Throws `BAD_QUERY` for a parameter that is none of `allowed`, or that is neither true nor false. */
function flags(query: URLSearchParams, ...allowed: readonly string[]): (name: string) => boolean {
  for (const [name, value] of query) {
    if (!allowed.includes(name)) {
      const logged = 'There is no such parameter here.'
      throw new QuotingError('BAD_QUERY', `${JSON.stringify(name.slice(0, 100))} is no parameter here.`, logged)
    }
    if (value !== 'true' && value !== 'false') throw new RouterError('BAD_QUERY', `"${name}" has to be true or false.`)
  }
  return (name) => query.get(name) === 'true'
}

/** Most bytes of a `Link`: API Gateway takes 10,240 of all headers together. */
const MOST_LINK = 4096

/** The headers that lead to the page behind `next`: the cursor, and unless it is long the whole query with it. */
function leads(query: URLSearchParams, next: string): Record<string, string> {
  const further = new URLSearchParams(query)
  further.set('cursor', next)
  const link = `<?${further}>; rel="next"`
  return { 'registry-events-next': next, ...(link.length > MOST_LINK ? {} : { link }) }
}

const events: Answering = async ({ request, query, reader, app, entry }) => {
  const accepted = preferred(request.headers.accept)
  const { question, ...answer } = await search(query, reader, app.archives, (items, { format = accepted, proof }) =>
    fitting(items, format, proof),
  )
  const { format = accepted } = question
  entry.found = answer.items.length
  const { complete, damaged, next, removed = [] } = answer
  if (format !== 'json' && damaged.length > 0 && !question.skipDamaged) {
    const files = damaged.map(({ location, file }) => `${location}: ${file}`).join(', ')
    throw new RouterError('ARCHIVE_DAMAGED', `${files} can't be read. With damaged=skip the answer is of all others.`)
  }
  return answerRaw(mediaTypes[format], write(answer, format), {
    'registry-events-complete': complete.map(({ location, size }) => `${location}:${size}`).join(', '),
    ...(removed.length > 0
      ? { 'registry-events-removed': removed.map(({ location, count }) => `${location}:${count}`).join(', ') }
      : {}),
    ...(next ? leads(query, next) : {}),
  })
}

const counts: Answering = async ({ query, reader, app }) => {
  const { damaged, ...counted } = await count(query, reader, app.archives)
  return answerJson({ ...counted, ...(damaged.length > 0 ? { damaged } : {}) })
}

const oneEvent: Answering = async ({ parts: [id = ''], query, reader, app, entry }) => {
  const { item, damaged } = await find(id, reader, app.archives, flags(query, 'proof')('proof'))
  if (damaged.length > 0 && query.get('proof') === 'true' && !item.proof)
    throw new RouterError('ARCHIVE_DAMAGED', damaged[0]?.why)
  entry.found = 1
  return answerRaw(mediaTypes.json, itemText(item))
}

const proof: Answering = async ({ request, parts: [id = ''], query, reader, app, entry }) => {
  flags(query)
  const { item, complete, damaged } = await find(id, reader, app.archives, true)
  const { location, leaf, text } = item
  if (!item.proof) throw new RouterError('ARCHIVE_DAMAGED', `${location}: ${damaged[0]?.why}`)
  entry.found = 1
  const { size, checkpoint } = complete
  const key = await keyOf(location, app.archives)
  if (/^text\/plain\b/.test(request.headers.accept ?? '')) {
    const hashes = item.proof.map((hash) => Buffer.from(hash, 'base64'))
    return answerRaw('text/plain; charset=utf-8', proofText(leaf, hashes, checkpoint))
  }
  return answerJson({ location, leaf, entry: text, hashes: item.proof, size, checkpoint, key })
}

const explanation: Answering = async ({ parts: [id = ''], query, reader, app, entry }) => {
  flags(query)
  const { item, complete } = await find(id, reader, app.archives, false)
  entry.found = 1
  const event = JSON.parse(item.text) as AuditEvent
  return answerJson(explain({ ...item, event }, { registries: app.registries, checkpoint: complete }))
}

/** The locations that the reader may see and that are within reach. */
const visible = ({ reader, app }: Call): Location[] =>
  app.archives.locations.filter((location) => reader.locations.includes(location))

/** The location that the path names. Throws `FORBIDDEN` when the reader may not see it, whether or not there is one. */
function locationIn(call: Call): Location {
  const [name = ''] = call.parts
  const location = visible(call).find((one) => one === name)
  if (location) return location
  throw new RouterError('FORBIDDEN', 'The reader may not see a location of this name here.')
}

const TEXT = 'text/plain; charset=utf-8'
const BYTES = 'application/octet-stream'

/** What is answered at a path: `*` stands for one part of it, `**` for all that follow. */
const routes: Readonly<Record<string, Answering>> = {
  '/events': events,
  '/events/counts': counts,
  '/events/*': oneEvent,
  '/events/*/proof': proof,
  '/events/*/explain': explanation,
  '/logs': async (call) => answerJson(await logs(visible(call), call.app.archives)),
  '/logs/*/checkpoint': async (call) => answerRaw(TEXT, (await headOf(locationIn(call), call.app.archives)).checkpoint),
  '/logs/*/key': async (call) => answerRaw(TEXT, `${await keyOf(locationIn(call), call.app.archives)}\n`),
  '/logs/*/tile/entries/**': async (call) =>
    answerRaw(BYTES, await entries(locationIn(call), `tile/entries/${call.parts[1]}`, call.app.archives)),
  '/logs/*/tile/**': async (call) =>
    answerRaw(BYTES, await tile(locationIn(call), `tile/${call.parts[1]}`, call.app.archives)),
  '/searches': async ({ query, app }) => {
    flags(query)
    return answerJson(listSearches(app.searches))
  },
  '/reader': async (call) => answerJson({ id: call.reader.id, locations: visible(call) }),
}

const patterns = Object.entries(routes).map(([path, answer]) => ({
  path,
  answer,
  form: new RegExp(`^${path.replace('**', '(.+)').replaceAll('*', '([^/]+)')}$`),
}))

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new RouterError('NOT_FOUND', 'The path is not percent-encoded as it has to be.', { cause })
  }
}

/** What `path` asks for; `undefined` when there is nothing. */
function routeOf(path: string): { name: string; answer: Answering; parts: string[] } | undefined {
  for (const { path: name, answer, form } of patterns) {
    const match = form.exec(path)
    if (match) return { name, answer, parts: match.slice(1) }
  }
  return undefined
}

/**
 * Answers `request`: the viewer's files to everybody, everything else to readers alone. Throws a `RouterError` for what is answered with an
 * error. `entry` is filled in for the log: never the query, which holds what people look for.
 */
export async function answerSearch(request: Request, app: SearchApp, entry: Entry): Promise<Response> {
  if (request.method !== 'GET') throw new RouterError('NOT_FOUND', 'Only GET is answered here.')
  const file = viewerFile(request.path)
  if (file) return answerRaw(file.type, file.body, viewerHeaders)
  const query = parameters(request.query)
  const reader = await app.authenticate(request)
  entry.reader = reader.id
  const route = routeOf(request.path.length > 1 ? request.path.replace(/\/$/, '') : request.path)
  if (!route) throw new RouterError('NOT_FOUND', 'There is nothing at this path.')
  entry.asked = route.name
  return route.answer({ request, parts: route.parts.map(decoded), query, reader, app, entry })
}

/** What is answered in place of the sentences that are about webhooks. */
const messages: Partial<Record<string, string>> = {
  INTERNAL: 'Something went wrong here: ask again. The log says what it was.',
  UNAVAILABLE: 'The archive can not be reached just now: ask again.',
} satisfies Partial<Record<ErrorCode, string>>

/** Codes whose messages may quote what was asked. */
const QUOTING: ReadonlySet<string | undefined> = new Set<ErrorCode>(['BAD_QUERY', 'NOT_FOUND'])

/** The answer to a request that ended in `error`. What can be tried again says what it was for, and the log nothing of what was asked. */
export function answerSearchError(error: unknown, entry: Entry): Response {
  const answer = answerError(error, entry)
  const { code = 'INTERNAL' } = entry
  if (entry.error !== undefined) entry.error = unsaid(entry.error)
  if (error instanceof QuotingError) entry.why = error.logged
  else if (QUOTING.has(code)) delete entry.why
  const isTooLong = error instanceof RouterError && error.message === TOO_LONG
  const message = isTooLong ? TOO_LONG : messages[code]
  return message === undefined ? answer : { ...answer, body: { code, message } }
}
