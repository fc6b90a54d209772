import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import canonicalize from 'canonicalize'
import { makeViewer } from '../../deploy/web.ts'
import { viewerHeaders } from '../../lib/search/viewer.ts'
import { type TestLog, testLog } from './log.ts'

// A search function that holds its events in memory, for the tests of the viewer: it says what docs/search.md says, of events that are
// made here, and can be told to lie.

export const SECRET = 'local'
const ORIGIN = 'events.example.com/local'
const DAY = 86_400_000

export interface TestEvent {
  id: string
  eventTime: string
  action: string
  outcome: string
  severity: string
  dataEvent: boolean
  message: string
  initiator: { id: string; name: string; typeURI: string; host: { address: string; agent: string } }
  target: { id: string; name: string; typeURI: string; host: { address: string } }
  reason: { reasonCode: number; reasonType: string }
  observer: { name: string }
  provenance: Record<string, string>
  [member: string]: unknown
}

interface Answer {
  status: number
  headers: Record<string, string>
  body: string | Buffer
}

const json = (body: unknown, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

interface Held {
  event: TestEvent
  time: number
  location: string
  leaf: number
  text: string
}

/** How the service lies or fails, until it is told otherwise. */
export interface Mood {
  /** Changes what is answered for one event, and leaves its log alone. */
  tamper?: (event: TestEvent) => TestEvent
  /** Answers proofs as of a log of so many leaves. */
  sizeOf?: (location: string) => number
  /** Answers every request to a path that begins so with this. */
  failing?: { path: string; status: number; code: string; message: string }
  /** Files that can't be read. */
  damaged?: { location: string; file: string; why: string }[]
  /** Steps of every explanation; without them there is none. */
  explains?: { step: string; says: string }[]
  /** Signs with another key. */
  otherKey?: boolean
}

export interface Searchable {
  url: string
  mood: Mood
  /** What was asked, newest last, without the secret. */
  asked: string[]
  append(change?: Partial<TestEvent>, location?: string): TestEvent
  close(): Promise<void>
}

const places = [
  { location: 'eu-de', region: 'eu-central', domain: 'de.icr.io', share: 6 },
  { location: 'jp-tok', region: 'ap-north', domain: 'jp.icr.io', share: 3 },
  { location: 'us-east', region: 'us-south', domain: 'us.icr.io', share: 1 },
]
const actions = [
  { action: 'image.pull', family: 'image', severity: 'normal', share: 60, code: 200, dataEvent: true },
  { action: 'image.push', family: 'image', severity: 'normal', share: 22, code: 201, dataEvent: true },
  { action: 'image.tag', family: 'image', severity: 'warning', share: 7, code: 200, dataEvent: false },
  { action: 'image.delete', family: 'image', severity: 'critical', share: 4, code: 202, dataEvent: true },
  { action: 'namespace.create', family: 'namespace', severity: 'normal', share: 3, code: 201, dataEvent: false },
  { action: 'retention.set', family: 'retention', severity: 'warning', share: 2, code: 200, dataEvent: false },
  { action: 'auth.set', family: 'auth', severity: 'critical', share: 2, code: 200, dataEvent: false },
]
const people = [
  'alice',
  'bob',
  'carol',
  'ci-bot',
  'deploy@prod',
  'iam-ServiceId-7f31',
  'dana',
  'release-robot',
  'erin',
  'frank',
]
const images = [
  'team/app',
  'team/web',
  'prod/payments',
  'prod/gateway',
  'base/debian',
  'data/etl',
  'ml/train',
  'ops/toolbox',
]
const registries = ['harbor', 'distribution', 'quay', 'ecr']

/** Numbers that look random, and are the same at every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function pick<T extends { share: number }>(rows: readonly T[], random: number): T {
  let left = random * rows.reduce((sum, { share }) => sum + share, 0)
  for (const row of rows) {
    left -= row.share
    if (left < 0) return row
  }
  return rows[0] as T
}

const uuid = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const timeText = (time: number): string => `${new Date(time).toISOString().slice(0, 22)}+0000`

function makeEvent(number: number, time: number, random: () => number): { event: TestEvent; location: string } {
  const place = pick(places, random())
  const row = pick(actions, random())
  const initiator = people[Math.floor(random() ** 2 * people.length)] ?? 'alice'
  const isFailure = random() < 0.04
  const image = images[Math.floor(random() ** 1.5 * images.length)] ?? 'team/app'
  const registry = registries[Math.floor(random() ** 2 * registries.length)] ?? 'harbor'
  const name = `${place.domain}/${image}:${1 + Math.floor(random() * 9)}.${Math.floor(random() * 20)}`
  const digest = createHash('sha256').update(name).digest('hex')
  return {
    location: place.location,
    event: {
      id: uuid(String(number)),
      eventTime: timeText(time),
      action: `container-registry.${row.action}`,
      outcome: isFailure ? 'failure' : 'success',
      message: `Container Registry: ${row.action.replace('.', ' ')} ${name}${isFailure ? ' -failure' : ''}`,
      severity: isFailure && row.severity === 'normal' ? 'warning' : row.severity,
      dataEvent: row.dataEvent,
      initiator: {
        id: initiator,
        name: initiator,
        typeURI: 'service/security/account/user',
        credential: { type: 'user' },
        host: {
          address: `192.0.2.${1 + Math.floor(random() ** 2 * 200)}`,
          addressType: 'IPv4',
          agent: 'docker/27.0 go/1.23 kernel/6.1 os/linux arch/amd64',
        },
      } as TestEvent['initiator'],
      target: {
        id: `${name.split(':')[0]}@sha256:${digest}`,
        name,
        typeURI: `container-registry/${row.family}`,
        host: { address: place.domain },
      },
      observer: { name: 'ActivityTracker' },
      reason: isFailure ? { reasonCode: 403, reasonType: 'Forbidden' } : { reasonCode: row.code, reasonType: 'OK' },
      logSourceCRN: `crn:v1:bluemix:public:container-registry:${place.location}:a/local:::`,
      saveServiceCopy: true,
      requestData: { mediaType: 'application/vnd.oci.image.manifest.v1+json' },
      correlationId: `req-${number}`,
      provenance: {
        registry,
        account: 'local',
        source: registry,
        domain: place.domain,
        region: place.region,
        edition: '2020-07-28',
        receivedTime: timeText(time + 120),
        location: place.location,
      },
    },
  }
}

const values: Record<string, (held: Held) => string[]> = {
  action: ({ event }) => [event.action],
  family: ({ event }) => [event.action.split('.')[1] ?? ''],
  outcome: ({ event }) => [event.outcome],
  severity: ({ event }) => [event.severity],
  dataEvent: ({ event }) => [String(event.dataEvent)],
  initiator: ({ event }) => [event.initiator.name, event.initiator.id],
  address: ({ event }) => [event.initiator.host.address],
  target: ({ event }) => [event.target.name, event.target.id],
  registry: ({ event }) => [event.provenance.registry ?? ''],
  region: ({ event }) => [event.provenance.region ?? ''],
  location: ({ location }) => [location],
  id: ({ event }) => [event.id],
}

const full = (action: string): string =>
  action.startsWith('container-registry.') ? action : `container-registry.${action}`

function matcher(name: string, wanted: readonly string[]): (held: Held) => boolean {
  if (name === 'q') return ({ text }) => wanted.some((value) => text.toLowerCase().includes(value.toLowerCase()))
  if (name === 'targetPrefix') return (held) => wanted.some((value) => held.event.target.name.startsWith(value))
  if (name === 'targetContains') return (held) => wanted.some((value) => held.event.target.name.includes(value))
  if (name === 'address') {
    const begins = wanted.map((value) => value.replace(/0\/24$/, ''))
    return ({ event }) =>
      begins.some((value, n) =>
        value === wanted[n] ? event.initiator.host.address === value : event.initiator.host.address.startsWith(value),
      )
  }
  const read = values[name]
  if (!read) throw new Wrong(400, 'BAD_QUERY', `There is no parameter \`${name}\`.`)
  const set = new Set(name === 'action' ? wanted.map(full) : wanted)
  return (held) => read(held).some((value) => set.has(value))
}

class Wrong extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const own = new Set([
  'from',
  'to',
  'sort',
  'limit',
  'cursor',
  'format',
  'proof',
  'after',
  'by',
  'top',
  'interval',
  'damaged',
])

const intervals: [string, number][] = [
  ['1m', 60_000],
  ['5m', 300_000],
  ['15m', 900_000],
  ['1h', 3_600_000],
  ['6h', 21_600_000],
  ['1d', DAY],
  ['7d', 7 * DAY],
]

const ndjson = (taken: readonly Held[]): string[] => taken.map(({ event }) => JSON.stringify(event))
const csv = (taken: readonly Held[]): string[] => [
  'id,time,action,message',
  ...taken.map(({ event }) => `${event.id},${event.eventTime},${event.action},"${event.message}"`),
]

type Test = (held: Held) => boolean

function timeTests(query: URLSearchParams): Test[] {
  const [from, to] = [query.get('from'), query.get('to')].map((text) => (text ? Date.parse(text) : undefined))
  return [({ time }) => (from === undefined || time >= from) && (to === undefined || time < to)]
}

function afterTests(query: URLSearchParams): Test[] {
  const parts = query.get('after')?.split(',') ?? []
  return parts.map((part) => {
    const [location, leaf] = part.split(':')
    return (held) => held.location !== location || held.leaf >= Number(leaf)
  })
}

/** What an event has to meet, all of it. */
function testsOf(query: URLSearchParams): Test[] {
  const names = [...new Set(query.keys())].filter((name) => !own.has(name))
  const filters = names.map((name): Test => {
    const bare = name.replace(/!$/, '')
    const test = matcher(bare, query.getAll(name))
    return name === bare ? test : (held) => !test(held)
  })
  return [...timeTests(query), ...afterTests(query), ...filters]
}

function orderOf(sort: string): (a: Held, b: Held) => number {
  const read = sortKeys[sort.replace('-', '')] ?? (({ time }: Held) => time)
  const turn = sort.startsWith('-') ? -1 : 1
  return (a, b) => {
    const [x, y] = [read(a), read(b)]
    if (x !== y) return x < y ? -turn : turn
    return b.time - a.time || (a.event.id < b.event.id ? -1 : 1)
  }
}

const OF_A_PAGE = new Set(['limit', 'cursor', 'format', 'proof', 'damaged', 'by', 'top', 'interval'])

const sortKeys: Record<string, (held: Held) => string | number> = {
  time: ({ time }) => time,
  registry: ({ event }) => event.provenance.registry ?? '',
  location: ({ location }) => location,
  action: ({ event }) => event.action,
  outcome: ({ event }) => event.outcome,
  severity: ({ event }) => event.severity,
  initiator: ({ event }) => event.initiator.name,
  target: ({ event }) => event.target.name,
  address: ({ event }) => event.initiator.host.address,
}

/** Starts the service with `count` events of the last 30 days, on a free port. */
export async function startSearchable(count: number, now = Date.now()): Promise<Searchable> {
  const logs = new Map(
    places.map(({ location }, n): [string, TestLog] => [
      location,
      testLog(`${ORIGIN}/${location}`, Buffer.alloc(32, n + 1)),
    ]),
  )
  const others = new Map(
    places.map(({ location }): [string, TestLog] => [location, testLog(`${ORIGIN}/${location}`, Buffer.alloc(32, 99))]),
  )
  const all: Held[] = []
  const byId = new Map<string, Held>()
  const mood: Mood = {}
  const asked: string[] = []
  const random = numbers(5)
  const hold = (event: TestEvent, location: string): void => {
    const text = canonicalize(event) ?? ''
    const leaf = logs.get(location)?.append(text) ?? 0
    const held = { event, time: Date.parse(event.eventTime.replace('+0000', 'Z')), location, leaf, text }
    all.push(held)
    byId.set(event.id, held)
  }
  for (let number = 0; number < count; number++) {
    // More of them lately than long ago.
    const { event, location } = makeEvent(
      number,
      Math.floor(now - 30 * DAY * (1 - number / count) ** 1.6 - random() * 60_000),
      random,
    )
    hold(event, location)
  }

  const size = (location: string): number => mood.sizeOf?.(location) ?? logs.get(location)?.size() ?? 0
  const found = new Map<string, Held[]>()

  function select(query: URLSearchParams): Held[] {
    const relevant = [...query].filter(([name]) => !OF_A_PAGE.has(name))
    const key = `${JSON.stringify(relevant)} ${all.length}`
    const known = found.get(key)
    if (known) return known
    const tests = testsOf(query)
    const selected = all.filter((held) => tests.every((test) => test(held))).sort(orderOf(query.get('sort') ?? '-time'))
    if (found.size > 30) found.clear()
    found.set(key, selected)
    return selected
  }

  const counted = new Map<string, ReturnType<typeof counts>>()
  /** Counted once: the tests ask for the same again and again. */
  function countsOf(query: URLSearchParams) {
    const key = `${query} ${all.length}`
    const known = counted.get(key) ?? counts(query)
    counted.set(key, known)
    return { ...known, complete: complete() }
  }

  const complete = () =>
    places.map(({ location }) => {
      const log = mood.otherKey ? others.get(location) : logs.get(location)
      const real = logs.get(location)
      return {
        location,
        size: size(location),
        root: real?.root(size(location)).toString('base64'),
        checkpoint: (mood.otherKey ? log : real)?.checkpoint(mood.otherKey ? 0 : size(location)),
      }
    })

  const element = (held: Held, withProof: boolean) => ({
    location: held.location,
    leaf: held.leaf,
    routedTime: new Date(held.time + 900).toISOString(),
    archivedTime: new Date(held.time + 2100).toISOString(),
    event: mood.tamper ? mood.tamper(held.event) : held.event,
    ...(withProof
      ? {
          proof: logs
            .get(held.location)
            ?.proof(held.leaf, size(held.location))
            .map((hash) => hash.toString('base64')),
        }
      : {}),
  })

  function page(query: URLSearchParams) {
    const selected = select(query)
    const limit = Number(query.get('limit') ?? 100)
    const digest = createHash('sha256')
      .update(JSON.stringify([...query].filter(([name]) => !OF_A_PAGE.has(name))))
      .digest('hex')
      .slice(0, 16)
    const cursor = query.get('cursor')
    const [of, at] = cursor ? Buffer.from(cursor, 'base64url').toString().split(':') : [digest, '0']
    if (of !== digest) throw new Wrong(400, 'BAD_CURSOR', 'The cursor is none of this query: begin again without one.')
    const start = Number(at)
    const taken = selected.slice(start, start + limit)
    const next =
      start + limit < selected.length ? Buffer.from(`${digest}:${start + limit}`).toString('base64url') : null
    return { taken, next }
  }

  function answerEvents(query: URLSearchParams): Answer {
    const { taken, next } = page(query)
    const format = query.get('format')
    if (format === 'ndjson') return answerLines(query, next, ndjson(taken))
    if (format === 'csv') return answerLines(query, next, csv(taken))
    const events = taken.map((held) => element(held, query.get('proof') === 'true'))
    return json({ events, next, complete: complete(), ...(mood.damaged ? { damaged: mood.damaged } : {}) })
  }

  function answerLines(query: URLSearchParams, next: string | null, lines: string[]): Answer {
    if (mood.damaged && query.get('damaged') !== 'skip') {
      throw new Wrong(500, 'ARCHIVE_DAMAGED', `${mood.damaged.length} files of the archive can't be read.`)
    }
    return {
      status: 200,
      headers: { 'content-type': 'text/plain', ...(next ? { 'registry-events-next': next } : {}) },
      body: lines.map((line) => `${line}\n`).join(''),
    }
  }

  function counts(query: URLSearchParams) {
    const selected = select(query)
    const top = Number(query.get('top') ?? 20)
    const by = Object.fromEntries(
      query.getAll('by').map((name) => {
        const counted = new Map<string, number>()
        for (const held of selected) {
          const value = values[name]?.(held)[0] ?? ''
          counted.set(value, (counted.get(value) ?? 0) + 1)
        }
        const sorted = [...counted].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, top)
        return [name, sorted.map(([value, n]) => ({ value, count: n }))]
      }),
    )
    const times = selected.map(({ time }) => time)
    const low = query.get('from') ? Date.parse(query.get('from') ?? '') : times.reduce((a, b) => Math.min(a, b), now)
    const high = query.get('to') ? Date.parse(query.get('to') ?? '') : Date.now()
    const [name, length] = intervals.find(([, size]) => (high - low) / size <= 120) ?? ['7d', 7 * DAY]
    const buckets = new Map<number, { count: number; failures: number }>()
    for (const { time, event } of selected) {
      const at = Math.floor(time / length) * length
      const bucket = buckets.get(at) ?? { count: 0, failures: 0 }
      bucket.count++
      if (event.outcome === 'failure') bucket.failures++
      buckets.set(at, bucket)
    }
    const sorted = [...buckets].sort((a, b) => a[0] - b[0])
    return {
      total: selected.length,
      by,
      histogram: {
        interval: name,
        buckets: sorted.map(([time, bucket]) => ({ time: new Date(time).toISOString(), ...bucket })),
      },
    }
  }

  function oneEvent(path: string): Answer {
    const [, , id = '', what] = path.split('/')
    const held = byId.get(decodeURIComponent(id))
    if (!held) throw new Wrong(404, 'NOT_FOUND', `There is no event with the id ${id}.`)
    const log = logs.get(held.location)
    if (!what) return json(element(held, false))
    if (what === 'proof' && log) {
      const at = size(held.location)
      const hashes = log.proof(held.leaf, at).map((hash) => hash.toString('base64'))
      const { checkpoint } = complete().find(({ location }) => location === held.location) ?? {}
      return json({
        location: held.location,
        leaf: held.leaf,
        entry: held.text,
        hashes,
        size: at,
        checkpoint,
        key: log.key,
      })
    }
    if (what === 'explain' && mood.explains) return json({ id: held.event.id, steps: mood.explains })
    throw new Wrong(404, 'NOT_FOUND', 'There is nothing at this path.')
  }

  const files = await makeViewer()
  const types: Record<string, string> = {
    html: 'text/html; charset=utf-8',
    js: 'text/javascript',
    css: 'text/css',
    svg: 'image/svg+xml',
  }

  function file(path: string): Answer | undefined {
    const name = path === '/' ? '/index.html' : path
    const body = files[name]
    const type = types[name.split('.').at(-1) ?? ''] ?? ''
    return body === undefined ? undefined : { status: 200, headers: { ...viewerHeaders, 'content-type': type }, body }
  }

  function tile(path: string): Answer {
    const [, location = '', name = ''] = /^\/logs\/([^/]+)\/tile\/(.+)$/.exec(path) ?? []
    const body = logs.get(location)?.tile(name, size(location))
    if (!body) throw new Wrong(404, 'NOT_FOUND', `There is no tile ${name}.`)
    return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body }
  }

  function listed(): Answer {
    const held = mood.otherKey ? others : logs
    const origin = (location: string) => `${ORIGIN}/${location}`
    return json({
      logs: [...held].map(([location, { key }]) => ({ location, origin: origin(location), key, size: size(location) })),
    })
  }

  function answer(request: IncomingMessage): Answer {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://localhost')
    const served = file(path)
    if (served) return served
    if (path === '/health') return json({ status: 'ready', stage: 'local', edition: '2020-07-28' })
    asked.push(request.url ?? '')
    if (request.headers.authorization !== `Bearer ${SECRET}`) {
      throw new Wrong(401, 'UNAUTHENTICATED', 'The credentials are missing or wrong.')
    }
    const { failing } = mood
    if (failing && path.startsWith(failing.path)) throw new Wrong(failing.status, failing.code, failing.message)
    return routed(path, query)
  }

  function routed(path: string, query: URLSearchParams): Answer {
    const exact: Record<string, () => Answer> = {
      '/reader': () => json({ id: 'local', locations: places.map(({ location }) => location) }),
      '/logs': listed,
      '/events': () => answerEvents(query),
      '/events/counts': () => json(countsOf(query)),
    }
    const answered = exact[path]
    if (answered) return answered()
    if (path.startsWith('/logs/')) return tile(path)
    if (path.startsWith('/events/')) return oneEvent(path)
    throw new Wrong(404, 'NOT_FOUND', 'There is nothing at this path.')
  }

  function answerAny(request: IncomingMessage): Answer {
    try {
      return answer(request)
    } catch (error) {
      const { status, code, message } =
        error instanceof Wrong ? error : { status: 500, code: 'INTERNAL', message: String(error) }
      return json({ code, message }, status)
    }
  }

  const server = createServer((request, response) => {
    const { status, headers, body } = answerAny(request)
    response.writeHead(status, headers)
    response.end(body)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    mood,
    asked,
    append(change = {}, location = 'eu-de') {
      const { event } = makeEvent(all.length, Date.now(), random)
      const changed = { ...event, ...change, provenance: { ...event.provenance, location } }
      hold(changed, location)
      return changed
    },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}
