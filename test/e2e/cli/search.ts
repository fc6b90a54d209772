import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// A search that speaks docs/search.md as far as the command line needs it, over events in memory, and that can be told to fail.

/** An element of `events`. */
export interface Item {
  location: string
  leaf: number
  routedTime: string
  archivedTime: string
  event: { id: string; eventTime: string; action: string; [field: string]: unknown }
}

/** What is answered instead of the truth. */
export interface Instead {
  status: number
  body: unknown
  headers?: Record<string, string>
}

export interface FakeSearch {
  url: string
  port: number
  /** Every request that came in: path with query. */
  asked: string[]
  /** Archives events of `location`. */
  add(location: string, ...events: (Partial<Item['event']> & { id: string })[]): void
  items: Item[]
  damaged: { location: string; file: string; why: string }[]
  /** Decides about a request: what it gives is answered instead, if anything; `hang` answers nothing and closes the connection. */
  before: (url: URL) => Instead | 'hang' | undefined
  /** Takes events off what an answer holds, as something that is broken may. */
  lose: (items: Item[]) => Item[]
  /** Closes the port, and opens it again. */
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

const TOKEN = 'local'

/** An event in the form that a table needs. */
const eventOf = (event: Partial<Item['event']> & { id: string }, leaf: number): Item['event'] => ({
  eventTime: `2026-11-22T13:00:${String(leaf % 60).padStart(2, '0')}.00+0000`,
  action: 'container-registry.image.push',
  outcome: 'success',
  severity: 'normal',
  initiator: { id: 'IBMid-1', name: 'alice', host: { address: '192.0.2.10' } },
  target: { id: `crn:${event.id}`, name: `de.icr.io/team/app:${event.id}` },
  provenance: { registry: 'distribution', region: 'eu-central' },
  ...event,
})

const filtersOf: Record<string, (item: Item, value: string) => boolean> = {
  action: ({ event }, value) => event.action === `container-registry.${value}`,
  outcome: ({ event }, value) => event.outcome === value,
  initiator: ({ event }, value) => (event.initiator as { name: string }).name === value,
  location: ({ location }, value) => location === value,
  q: ({ event }, value) => JSON.stringify(event).includes(value),
  from: ({ event }, value) => Date.parse(event.eventTime.replace('+0000', 'Z')) >= Date.parse(value),
}

function meets(item: Item, query: URLSearchParams): boolean {
  for (const [name, holds] of Object.entries(filtersOf)) {
    const [wanted, unwanted] = [query.getAll(name), query.getAll(`${name}!`)]
    if (wanted.length > 0 && !wanted.some((value) => holds(item, value))) return false
    if (unwanted.some((value) => holds(item, value))) return false
  }
  const [, after] = new RegExp(`\\b${item.location}:(\\d+)`).exec(query.get('after') ?? '') ?? []
  return item.leaf >= Number(after ?? 0)
}

const csv = (items: readonly Item[]): string =>
  [
    'location,leaf,id,event',
    ...items.map(
      ({ location, leaf, event }) => `${location},${leaf},${event.id},"${JSON.stringify(event).replaceAll('"', '""')}"`,
    ),
  ]
    .map((line) => `${line}\r\n`)
    .join('')

/** Starts it without events. */
export async function startSearch(): Promise<FakeSearch> {
  const sizesOf = (items: readonly Item[]): Map<string, number> => {
    const sizes = new Map<string, number>([['eu-de', 0]])
    for (const { location, leaf } of items) sizes.set(location, Math.max(sizes.get(location) ?? 0, leaf + 1))
    return sizes
  }
  const complete = (sizes: ReadonlyMap<string, number>) =>
    [...sizes].map(([location, size]) => ({ location, size, root: 'cm9vdA==', checkpoint: 'note' }))

  function page(query: URLSearchParams) {
    const cursor = query.get('cursor')
    const [at = '0', text = ''] = cursor ? cursor.split('|') : []
    const sizes = cursor ? new Map(JSON.parse(text) as [string, number][]) : sizesOf(fake.items)
    const found = fake.items
      .filter((item) => item.leaf < (sizes.get(item.location) ?? 0) && meets(item, query))
      .sort((a, b) => a.event.eventTime.localeCompare(b.event.eventTime) || a.leaf - b.leaf)
    if ((query.get('sort') ?? '-time') === '-time') found.reverse()
    const from = Number(at)
    const to = from + Number(query.get('limit') ?? 100)
    const next = to < found.length ? `${to}|${JSON.stringify([...sizes])}` : null
    return { items: fake.lose(found.slice(from, to)), next, complete: complete(sizes) }
  }

  type Answer = Instead & { text?: string }
  const json = (body: unknown, status = 200): Answer => ({ status, body })

  function events(query: URLSearchParams): Answer {
    const { items, next, complete: whole } = page(query)
    if (query.get('format') === 'csv') {
      const link = `</events?limit=1&cursor=${encodeURIComponent(next ?? '')}>; rel="next"`
      return {
        status: 200,
        body: undefined,
        text: csv(items),
        headers: {
          'content-type': 'text/csv; charset=utf-8',
          'registry-events-complete': whole.map(({ location, size }) => `${location}:${size}`).join(', '),
          ...(next ? { link } : {}),
        },
      }
    }
    return json({
      events: query.get('proof') ? items.map((item) => ({ ...item, proof: ['aGFzaA=='] })) : items,
      next,
      complete: whole,
      ...(fake.damaged.length > 0 ? { damaged: fake.damaged } : {}),
    })
  }

  function one(id: string, part: string | undefined): Answer {
    const item = fake.items.find(({ event }) => event.id === id)
    if (!item) return json({ code: 'NOT_FOUND', message: 'There is no such event.' }, 404)
    const steps = [
      { step: 'happened', says: 'It happened.' },
      { step: 'archived', says: `As leaf ${item.leaf}.` },
    ]
    return json(part === '/explain' ? { id, steps } : item)
  }

  function answer({ pathname, searchParams: query }: URL): Answer {
    if (pathname === '/events') return events(query)
    if (pathname === '/events/counts')
      return json({
        total: fake.items.filter((item) => meets(item, query)).length,
        complete: complete(sizesOf(fake.items)),
      })
    const [, id = '', part] = /^\/events\/([^/]+)(\/\w+)?$/.exec(pathname) ?? []
    return one(decodeURIComponent(id), part)
  }

  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '', 'http://localhost')
    fake.asked.push(request.url ?? '')
    const instead = fake.before(url)
    if (instead === 'hang') {
      response.destroy()
      return
    }
    const isGenuine = request.headers.authorization === `Bearer ${TOKEN}`
    const denied = json({ code: 'UNAUTHENTICATED', message: 'No.' }, 401)
    const { status, headers, body, text }: Answer = instead ?? (isGenuine ? answer(url) : denied)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(text ?? JSON.stringify(body))
  }

  let server = createServer(respond)
  const fake: FakeSearch = {
    url: '',
    port: 0,
    asked: [],
    items: [],
    damaged: [],
    before: () => undefined,
    lose: (items) => items,
    add(location, ...events) {
      let leaf = sizesOf(fake.items).get(location) ?? 0
      for (const event of events) {
        const time = '2026-11-22T13:00:01.000Z'
        fake.items.push({ location, leaf, routedTime: time, archivedTime: time, event: eventOf(event, leaf) })
        leaf++
      }
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
    async start() {
      server = createServer(respond).listen(fake.port, '127.0.0.1')
      await once(server, 'listening')
      fake.port = (server.address() as AddressInfo).port
      fake.url = `http://127.0.0.1:${fake.port}`
    },
    async close() {
      if (server.listening) await fake.stop()
    },
  }
  await fake.start()
  return fake
}
