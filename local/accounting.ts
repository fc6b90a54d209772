import type { Output } from '../lib/config.ts'
import type { AuditEvent } from '../lib/event.ts'
import { places } from '../lib/locations.ts'
import { archiveQueue, deadLetterQueue, intakeQueue, locationQueue, quarantineQueue } from '../lib/queues/names.ts'
import type { QueueRef } from '../lib/queues/queue.ts'
import { idsOf, readQuarantine } from '../lib/redrive/quarantined.ts'
import { route } from '../lib/route.ts'
import { type EventCounts, type ItemSums, type Ledger, type PrunedSums, UNHEARD } from './ledger.ts'

// What the functions said (local/ledger.ts) held against what lies on the queues: the identities of docs/accounting.md.

/** A message as it lies on a queue, hidden or not. */
export interface Lying {
  messageId: string
  body: string
  attributes: Readonly<Record<string, string>>
}

/** The messages of a queue by its name, without receiving them. */
export type Look = (queue: string) => readonly Lying[]

/** One registry at one location. The first five count items, `events` counts events by id, and `quarantine` items by id. */
interface Account extends Omit<ItemSums, 'location' | 'contradictory'> {
  /** `null` for what was sent to no configured registry. */
  location: string | null
  events: {
    accepted: number
    routed: number
    onIntake: number
    deadLettered: number
    redriven: number
    unanswered: number
  }
  /** By id: routed = archived + onQueue + deadLettered; all zero where the archive is no output. */
  archive: {
    /** Routed while the archive was an output, or archived. */
    routed: number
    archived: number
    onQueue: number
    deadLettered: number
  }
  /** answered = kept + redriven + gone. */
  quarantine: {
    /** Answered 202 as quarantined. */
    answered: number
    /** Still there. */
    kept: number
    redriven: number
    gone: number
  }
}

/** What `GET /accounting` answers. */
export interface Report {
  holds: boolean
  registries: Account[]
  /** Sentences, each of which says what does not add up. */
  mistakes: string[]
}

/** Most mistakes of one kind that are named. */
const MOST_NAMED = 100
/** Where the router puts what has no location. */
const UNROUTABLE = 'unroutable'

interface Held {
  registry: string
  location: string
  id: string
  redriven: boolean
  /** The id that it had in quarantine. */
  from: string | undefined
}

const keyOf = ({ registry, location, id }: { registry: string; location: string; id?: string }): string =>
  JSON.stringify([registry, location, id])

const locationOf = (region: string, edition: string): string => {
  try {
    return route(region, edition).location
  } catch {
    return UNROUTABLE
  }
}

const parse = (body: string): Partial<AuditEvent> => {
  try {
    const event: unknown = JSON.parse(body)
    return typeof event === 'object' && event !== null ? event : {}
  } catch {
    return {}
  }
}

/** The event of a message of the intake queue or its dead-letter queue; a dead letter of the router says in its attributes whose it is. */
function holdOf({ messageId, body, attributes }: Lying): Held {
  const { id, route: path } = parse(body)
  return {
    registry: attributes.registry ?? path?.registry ?? 'unknown',
    location: attributes.location ?? locationOf(path?.region ?? '', path?.edition ?? ''),
    id: attributes.id ?? id ?? messageId,
    redriven: path !== undefined && 'redrivenTime' in path,
    from: path?.redrivenFrom,
  }
}

const byKey = (held: readonly Held[]): Map<string, Held> => new Map(held.map((entry) => [keyOf(entry), entry]))

/** Everything of one report: what was found, and what it adds up to. */
class Picture {
  readonly intake: Map<string, Held>
  readonly dead: Map<string, Held>
  readonly lost: string[] = []
  readonly gone: string[] = []
  readonly misplaced: string[] = []
  readonly #ledger: Ledger
  readonly #look: Look
  readonly #stage: string
  readonly #outputs: readonly Output[]
  /** Ids in quarantine of what was redriven and waits to be routed. */
  readonly #onTheirWay: Set<string | undefined>
  readonly #accounts = new Map<string, Account>()
  readonly #locations = new Map<string, Set<string>>()
  readonly #lying = new Map<string, Set<string>>()

  constructor(ledger: Ledger, look: Look, stage: string, outputs: readonly Output[]) {
    this.#outputs = outputs
    this.#ledger = ledger
    this.#look = look
    this.#stage = stage
    const intake = intakeQueue(stage, '')
    const [waiting, dead] = [intake, deadLetterQueue(intake)].map(({ name }) => look(name).map(holdOf))
    this.intake = byKey(waiting ?? [])
    this.dead = byKey(dead ?? [])
    // Of every message: one event may have come by several ways.
    this.#onTheirWay = new Set([...(waiting ?? []), ...(dead ?? [])].map(({ from }) => from))
  }

  get accounts(): Account[] {
    return [...this.#accounts.values()]
  }

  account(registry: string, location: string): Account {
    const key = keyOf({ registry, location })
    const known = this.#accounts.get(key)
    if (known) return known
    const made: Account = {
      registry,
      location: location || null,
      ...{ received: 0, accepted: 0, ignored: 0, quarantined: 0, rejected: 0 },
      events: { accepted: 0, routed: 0, onIntake: 0, deadLettered: 0, redriven: 0, unanswered: 0 },
      archive: { routed: 0, archived: 0, onQueue: 0, deadLettered: 0 },
      quarantine: { answered: 0, kept: 0, redriven: 0, gone: 0 },
    }
    this.#accounts.set(key, made)
    return made
  }

  addItems({ registry, location, contradictory: _, ...items }: ItemSums): void {
    Object.assign(this.account(registry, location), items)
    if (location) this.#locations.set(registry, (this.#locations.get(registry) ?? new Set()).add(location))
  }

  addPruned({ registry, location, accepted, routed, redriven, unanswered, kept, owed, archived }: PrunedSums): void {
    const { events, archive, quarantine } = this.account(registry, location)
    archive.routed += owed
    archive.archived += archived
    events.accepted += accepted
    events.routed += routed
    events.redriven += redriven
    events.unanswered += unanswered
    quarantine.answered += kept
    quarantine.redriven += kept
  }

  /** Whether a message with the id lies on the queue `name` of the stage. */
  #liesOn(name: string, id: string): boolean {
    let ids = this.#lying.get(name)
    if (!ids) {
      const queue = `registry-events-${this.#stage}-${name}`
      ids = new Set(this.#look(queue).map(({ attributes }) => attributes.id ?? ''))
      this.#lying.set(name, ids)
    }
    return ids.has(id)
  }

  /**
   * Whether the event was routed although nobody could write that down: it lies on the queue of its location, or is archived where it
   * has no other way, or was never promised.
   */
  #arrived({ location, id, accepted, archived }: EventCounts): boolean {
    if (this.#outputs.includes('queue') && accepted > 0) return this.#liesOn(location, id)
    return archived > 0 || this.#liesOn(location, id) || this.#liesOn(`${location}-archive`, id)
  }

  /** Settles an event that belongs into the archive and is not known to be there. */
  #settleArchive({ registry, location, id }: EventCounts): void {
    const { archive } = this.account(registry, location)
    if (this.#liesOn(`${location}-archive`, id)) archive.onQueue++
    else if (this.#liesOn(`${location}-archive-dlq`, id)) archive.deadLettered++
    else {
      this.lost.push(
        `LOST: event ${id} of registry ${registry} (${location}) was routed, but is neither archived nor on the archive queue.`,
      )
    }
  }

  /** Settles an event of which the promise or the end is missing. */
  settle(row: EventCounts): void {
    if (row.owed > 0 && row.archived === 0) this.#settleArchive(row)
    if (row.accepted === 0 || row.routed === 0) this.#settleEvent(row)
  }

  #settleEvent(row: EventCounts): void {
    const others = this.#ledger.placesOf(row.registry, row.id).filter(({ location }) => location !== row.location)
    // Its true place has a row of its own.
    if (row.location === UNROUTABLE && others.length > 0) return
    const held = this.intake.get(keyOf(row))
    const dead = this.dead.get(keyOf(row)) ?? this.dead.get(keyOf({ ...row, location: UNROUTABLE }))
    const { events } = this.account(row.registry, row.location)
    if (row.routed > 0) this.#checkPlace(row, others)
    else if (held) events.onIntake++
    else if (dead) events.deadLettered++
    else if (this.#arrived(row)) {
      events.routed++
      this.#checkPlace(row, others)
    } else {
      this.#lose(row, others)
      return
    }
    if (row.accepted > 0) return
    if (row.redriven > 0 || (held ?? dead)?.redriven) events.redriven++
    else events.unanswered++
  }

  /** An event that was routed without a promise is right where its registry is, or was. */
  #checkPlace(row: EventCounts, others: readonly EventCounts[]): void {
    const promised = others.filter(({ accepted }) => accepted > 0).map(({ location }) => location)
    const right = promised.length > 0 ? promised : [...(this.#locations.get(row.registry) ?? [])]
    if (right.length === 0 || right.includes(row.location)) return
    this.misplaced.push(
      `WRONG LOCATION: event ${row.id} of registry ${row.registry} belongs to ${right.join(' or ')}, but was routed to ${row.location}.`,
    )
  }

  #lose(row: EventCounts, others: readonly EventCounts[]): void {
    // That it went to another location is said there.
    if (others.some(({ routed }) => routed > 0)) return
    const { registry, location, id } = row
    const promise = row.accepted > 0 ? 'was answered 202' : 'went to the dead-letter queue'
    const then = row.accepted > 0 && row.deadLettered > 0 ? ', was dead-lettered' : ''
    this.lost.push(
      `LOST: event ${id} of registry ${registry} (${location}) ${promise}${then}, but was never routed and is on no queue.`,
    )
  }

  /** Holds the items that were answered 202 as quarantined against what lies in quarantine, and what was redriven out of it. */
  checkQuarantine(): void {
    const queue = quarantineQueue(this.#stage, '')
    const messages = [queue, deadLetterQueue(queue)].flatMap(({ name }) => this.#look(name))
    const { quarantined } = readQuarantine(
      messages.map((lying) => ({ ...lying, receipt: '', sentAt: 0, receiveCount: 0 })),
    )
    // What lacks a part of its body can't be redriven any more.
    const whole = new Set(quarantined.filter(({ body }) => body).flatMap(idsOf))
    for (const { registry, location, id, redriven } of this.#ledger.kept()) {
      const { quarantine } = this.account(registry, location)
      quarantine.answered++
      if (whole.has(id)) quarantine.kept++
      else if (redriven > 0 || this.#onTheirWay.has(id)) quarantine.redriven++
      else {
        quarantine.gone++
        this.gone.push(
          `GONE: item ${id} of registry ${registry} (${location}) was answered 202 as quarantined, but was not redriven and is not whole in quarantine any more.`,
        )
      }
    }
  }

  /** Holds what lies on the queues of the locations against the mapping, whatever the router said. */
  checkLocations(): void {
    for (const place of places) {
      for (const queue of [locationQueue(this.#stage, place), archiveQueue(this.#stage, place)])
        this.#checkQueue(queue, place)
    }
  }

  #checkQueue(queue: QueueRef, place: (typeof places)[number]): void {
    for (const { attributes } of this.#look(queue.name)) {
      const { type, id, region = '', edition = '' } = attributes
      if (type !== 'audit') continue
      const belongs = locationOf(region, edition)
      if (belongs === place.location) continue
      this.misplaced.push(
        `WRONG LOCATION: event ${id} lies on ${queue.name}, but ${region} belongs to ${belongs} in edition ${edition}.`,
      )
    }
  }
}

function itemMistakes(sums: readonly ItemSums[]): string[] {
  return sums.flatMap(({ registry, received, accepted, ignored, quarantined, rejected, contradictory }) => {
    const sum = accepted + ignored + quarantined + rejected
    const parts = `accepted ${accepted} + ignored ${ignored} + quarantined ${quarantined} + rejected ${rejected}`
    if (received !== sum) return [`ITEMS: registry ${registry} received ${received}, but ${parts} is ${sum}.`]
    if (contradictory > 0) return [`ITEMS: ${contradictory} request(s) to registry ${registry} contradict themselves.`]
    return []
  })
}

const named = (what: string, mistakes: readonly string[]): string[] =>
  mistakes.length <= MOST_NAMED
    ? [...mistakes]
    : [...mistakes.slice(0, MOST_NAMED), `${what}: ${mistakes.length} in all, the first ${MOST_NAMED} are named.`]

/**
 * The accounts of `stage`, whose locations have `outputs`: all that the ledger heard of, held against what `look` finds on the queues. Nothing else may happen in the
 * process while it is made, which a function without `await` makes sure of: an event on its way is never seen nowhere.
 */
export function account(ledger: Ledger, look: Look, stage: string, outputs: readonly Output[]): Report {
  const unwritten = ledger.unwritten()
  const picture = new Picture(ledger, look, stage, outputs)
  const sums = ledger.items()
  for (const row of sums) picture.addItems(row)
  for (const { registry, location, accepted, routed, owed, archived } of ledger.events()) {
    if (accepted + routed + archived === 0) continue
    const { events, archive } = picture.account(registry, location)
    Object.assign(events, { accepted, routed })
    Object.assign(archive, { routed: owed, archived })
  }
  for (const row of ledger.pruned()) picture.addPruned(row)
  const open = new Map(ledger.open().map((row) => [keyOf(row), row]))
  for (const row of open.values()) picture.settle(row)
  for (const [key, held] of [...picture.intake, ...picture.dead]) {
    if (open.has(key)) continue
    const { registry, location, id } = held
    const isKnown = ledger.placesOf(registry, id).some((row) => row.location === location || location === UNROUTABLE)
    const unheard = { registry, location, id, ...UNHEARD }
    open.set(key, unheard)
    if (!isKnown) picture.settle(unheard)
  }
  picture.checkQuarantine()
  picture.checkLocations()
  const mistakes = [
    ...itemMistakes(sums),
    // What is not written yet may be just what became of an event.
    ...(unwritten
      ? [
          `LEDGER: entries that could not be written: ${unwritten.count} (${unwritten.why}), so no event can be called lost yet.`,
        ]
      : [...named('LOST', picture.lost), ...named('GONE', picture.gone)]),
    ...named('WRONG LOCATION', picture.misplaced),
  ]
  return { holds: mistakes.length === 0, registries: picture.accounts, mistakes }
}
