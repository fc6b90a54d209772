import type { Location } from '../locations.ts'
import { parseTime } from '../time.ts'
import { type Drafts, MOST_EVENTS } from './draft.ts'
import type { Part } from './find.ts'
import { type Ask, asked, type Item, isOf, reaches } from './question.ts'
import type { AlertSearch } from './searches.ts'

// What a search with `fewerThan` misses at one location. It goes by when events were received, which is this router's clock: a sender
// whose clock is wrong is neither silent for it nor loud.

const MINUTE = 60_000

/** Whether `now` and every minute of `over` before it are within the hours of `search`: nobody misses what nobody expects. */
export function isExpected({ hasHours, counts, over }: AlertSearch, now: number): boolean {
  if (!hasHours) return true
  for (let time = now - over; time < now; time += MINUTE) if (!counts(time)) return false
  return counts(now - 1)
}

const receivedAt = ({ event, archivedTime }: Item): number =>
  parseTime(event.provenance?.receivedTime ?? '') ?? parseTime(archivedTime ?? '') ?? 0

/** Events that were received, and why it may be that they are not all. */
interface Received {
  items: readonly Item[]
  why?: string
}

/** Events of `registry`, or of all, that were received from `since` on: all of them when they are fewer than `enough`. */
async function received(
  search: AlertSearch,
  location: Location,
  { part, registry, since, enough }: { part: Part; registry: string; since: number; enough: number },
  ask: Ask,
): Promise<Received> {
  const { times, from } = part
  const items: Item[] = []
  let why: string | undefined
  for await (const answer of asked(search, location, { times, after: from, registry, isLatestFirst: true }, ask)) {
    items.push(...answer.events.filter((item) => receivedAt(item) >= since))
    if (items.length >= enough) return { items }
    const damaged = answer.damaged?.find(({ file }) => reaches(file, from) && isOf(file, times))
    if (damaged) why = `${damaged.file}: ${damaged.why}`
  }
  return { items: items.reverse(), ...(why === undefined ? {} : { why }) }
}

/** What is missing, and of whom nobody knows, because what is missing may lie in a file that can't be read. */
export interface Lack {
  drafts: Drafts
  unknown: ReadonlySet<string>
  /** Why that is so, if it is. */
  failure?: string
}

/**
 * Which of `subjects` (registries, or `''` for the location as a whole) sent fewer events than `fewerThan` from `now - over` on. `part` has to
 * hold all that was archived since.
 */
export async function findFewer(
  search: AlertSearch,
  location: Location,
  subjects: readonly string[],
  { part, now }: { part: Part; now: number },
  ask: Ask,
): Promise<Lack> {
  const since = now - search.over
  const enough = search.threshold.fewerThan ?? 0
  const drafts: Drafts = new Map()
  const unknown = new Map<string, string>()
  for (const registry of subjects) {
    const { items, why } = await received(search, location, { part, registry, since, enough }, ask)
    if (items.length >= enough) continue
    if (why !== undefined) {
      unknown.set(registry, why)
      continue
    }
    drafts.set(registry, {
      ...(registry ? { by: { registry } } : {}),
      count: items.length,
      from: since,
      to: now,
      events: items.slice(0, MOST_EVENTS),
    })
  }
  const [failure] = unknown.values()
  return { drafts, unknown: new Set(unknown.keys()), ...(failure === undefined ? {} : { failure }) }
}
