import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { families } from '../../functions/webhook.ts'
import { edition } from '../../lib/edition.ts'
import { type AuditEvent, locate } from '../../lib/event.ts'
import { answer } from '../../lib/http.ts'
import { sort } from '../../lib/items.ts'
import type { Entry } from '../../lib/log.ts'
import { memory } from '../../lib/queues/memory.ts'
import type { Message } from '../../lib/queues/queue.ts'
import type { Registry } from '../../lib/registries.ts'
import type { Request } from '../../lib/request.ts'
import { type SourceName, sources } from '../../lib/sources/index.ts'
import { type Body, door, NOW } from '../door.ts'
import { checkLocated } from '../formats/check.ts'
import { cloudEvent } from '../samples.ts'
import { senders } from '../sources/senders/index.ts'
import { fixture } from '../sources/senders/sender.ts'
import { giteaSha256, send, type Way } from '../sources/ways.ts'
import { law } from './law.ts'
import { BEGINS, changes, ENDS, headerText, spoils, type Tree, toJson, toTree } from './tree.ts'

// Whatever a genuine sender posts: real payloads of every source, changed where it hurts.

const SECRET = 'secret'

const fixtures = resolve(import.meta.dirname, '../fixtures')

const parsed = (body: Buffer): unknown => JSON.parse(body.toString())

/** What is no file: a CloudEvent of every action. */
const cloudEvents = (['2020-07-28', '2026-08-11'] as const).flatMap((date) =>
  edition(date).actions.map(({ action, family }) => cloudEvent(action, family)),
)

/** Every body that there is of `source`; a file may hold several. */
function bodiesOf(source: SourceName): unknown[] {
  if (source === 'cloudevents') return [...cloudEvents.map((event) => [event]), cloudEvents]
  const files = readdirSync(resolve(fixtures, source)).filter((file) => file.endsWith('.json'))
  const read = files.map((file) => [file, parsed(fixture(`${source}/${file}`))] as const)
  const own = senders.filter((sender) => sender.source === source).map(({ body }) => parsed(body))
  return [...own, ...read.flatMap(([file, body]) => (file.startsWith('sequence-') ? (body as unknown[]) : [body]))]
}

export const names = Object.keys(sources) as SourceName[]

/** Headers that say what a body is. */
// biome-ignore format: a list of words
const HEADERS = [
  'content-type', 'ce-specversion', 'ce-id', 'ce-source', 'ce-type', 'ce-time', 'ce-subject', 'aeg-event-type', 'x-github-event', 'x-gitea-event', 'x-gitea-event-type',
  'x-gitlab-audit-event-type', 'x-goog-pubsub-message-id', 'x-goog-pubsub-publish-time', 'x-nexus-webhook-id', 'x-nexus-webhook-delivery', 'user-agent',
]
// biome-ignore format: a list of words
const SAID = [
  'application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json', 'application/x-ndjson', 'text/plain', '1.0', 'Notification', 'SubscriptionValidation',
  'package', 'registry_package', 'rm:repository:component', 'rm:repository:asset', 'rm:global:repository', 'container-registry.image.push', 'zotregistry.image.updated',
]

const header = fc.tuple(
  fc.constantFrom(...HEADERS),
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...SAID) }, headerText),
)
const headers = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(header, { maxLength: 2 }))
const query = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  fc.constantFrom('event=repo_push', 'event=build_success', 'event=__proto__', 'event=%ff', 'event=&event=x', 'a=b'),
)

/** How a source's payloads are sent. */
const sendings = (source: SourceName) => {
  const own = senders.filter((sender) => sender.source === source)
  const ways = own.flatMap((sender) => sender.ways.map((way) => ({ sender, way })))
  return fc.record({
    tree: fc.constantFrom(...bodiesOf(source).map(toTree)),
    changed: changes,
    spoilt: spoils,
    by: fc.constantFrom(...ways),
    form: source === 'gitea' || source === 'github' ? fc.boolean() : fc.constant(false),
    headers,
    query,
  })
}

type Sending = ReturnType<typeof sendings> extends fc.Arbitrary<infer Value> ? Value : never

const FORM = 'application/x-www-form-urlencoded'

const credentialsOf = (way: Way, body: Buffer, payload: Buffer): string =>
  way.credentials(way === giteaSha256 ? payload : body, SECRET)

/** The genuine request of a sending. */
function requestOf(source: SourceName, sending: Sending): Request {
  const { tree, changed, spoilt, form, by, headers, query } = sending
  const text = toJson(changed(tree as Tree))
  const plain = form ? Buffer.from(text) : spoilt(Buffer.from(text))
  const body = form ? Buffer.from(`payload=${encodeURIComponent(text)}`) : plain
  const said = { ...by.sender.headers, ...Object.fromEntries(headers), ...(form ? { 'content-type': FORM } : {}) }
  const draft = { body, headers: said, query: query ?? by.sender.query ?? '' }
  const sent = send(draft, by.way, credentialsOf(by.way, body, plain))
  return {
    method: 'POST',
    path: `/webhooks/${source}`,
    receivedAt: NOW,
    ...sent,
    headers: { authorization: '', ...sent.headers },
  }
}

/** Genuine requests of `source`, each with what it looks like when it broke the law. */
const requests = (source: SourceName): fc.Arbitrary<Request> =>
  sendings(source).map((sending) => {
    const request = requestOf(source, sending)
    const show = () => JSON.stringify({ ...request, body: request.body.toString() })
    return Object.assign(request, { [fc.toStringMethod]: show })
  })

const total = (counts: Record<string, number> = {}) => Object.values(counts).reduce((sum, count) => sum + count, 0)

/** What names somebody or something, which is never cut. */
const identity = ({ id, initiator, target, correlationId }: AuditEvent): string =>
  JSON.stringify([
    [id, correlationId, initiator.id, initiator.name, initiator.authnId, initiator.authnName],
    [target.id, target.name, target.alias, target.resourceGroupId],
  ])

const count = (text: string, part: string): number => text.split(part).length - 1

function isCut(event: AuditEvent): boolean {
  const text = identity(event)
  return count(text, BEGINS) !== count(text, ENDS)
}

/** How many items its source sees in `request`; one when it sees none in it. */
function itemsOf(registry: Registry | undefined, request: Request): number {
  assert.ok(registry)
  try {
    return sources[registry.source].items({ ...request, registry: registry.id }, registry.settings).length
  } catch {
    return 1
  }
}

/** Where events of every registry of the door belong. */
const LOCATION = 'eu-de'

/** That what `source` makes of any genuine request adds up, is kept, and is the same when it comes again. */
export function lawOf(source: SourceName): void {
  let kept: { queue: string; message: Message }[] = []
  const to = door({
    broken: {
      send(queue, messages) {
        kept.push(...messages.map((message) => ({ queue: queue.name, message })))
        // For its limits, which are those of SQS.
        const limits = memory()
        limits.create(queue)
        return limits.send(queue, messages)
      },
    },
  })
  // A machine that is busy must not refuse what it is asked.
  to.app.receiver.patience = 60_000
  const on = (name: string) => kept.filter(({ queue }) => queue.endsWith(name)).map(({ message }) => message)

  law(`whatever a genuine sender of ${source} posts adds up and is kept`, requests(source), async (request) => {
    kept = []
    const entry: Entry = { event: 'request' }
    const { status, body } = (await answer(request, families, to.app, entry)) as { status: number; body: Body }
    if (status === 200) {
      const registry = to.app.receiver.registries.get(source)
      const lost = registry ? sort(request, registry, families, { event: 'request' }).events : []
      assert.deepEqual([entry.handshake, kept, lost], [true, [], []])
      return
    }
    const items = itemsOf(to.app.receiver.registries.get(source), request)
    const events = on('-intake').map((message) => JSON.parse(message.body) as AuditEvent)
    for (const event of events) checkLocated(locate(event, LOCATION))
    const unusable = on('-quarantine').map(({ attributes }) => attributes.id)
    const again = await answer({ ...request, receivedAt: NOW + 30_000 }, families, to.app, { event: 'request' })
    const ids = body.accepted.map(({ id }) => id)
    assert.deepEqual(
      {
        status,
        error: entry.error,
        unreadable: entry.quarantined?.UNREADABLE,
        received: entry.received,
        sum: (entry.accepted ?? 0) + total(entry.ignored) + total(entry.quarantined),
        accepted: events.map(({ id }) => id),
        logged: entry.ids,
        quarantined: new Set(unusable),
        cut: events.filter(isCut),
        again: again.body,
      },
      {
        status: 202,
        error: undefined,
        unreadable: undefined,
        received: items,
        sum: items,
        accepted: ids,
        logged: ids,
        quarantined: new Set(body.quarantined.map(({ id }) => id)),
        cut: [],
        again: body,
      },
    )
  })
}
