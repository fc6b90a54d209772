import { type Again, type Sorted, sort } from '../items.ts'
import type { Registry } from '../registries.ts'
import type { FamilyRules } from '../target.ts'
import { deliveryOf, joined, type Quarantined, requestOf } from './quarantined.ts'

// What was unusable, read with today's registries and tables as if it had come just when it did.

/** What today's router makes of something in quarantine. Its events have the ids that they would have had at once. */
export interface Fate extends Sorted {
  quarantined: Quarantined
  /** The body is split into another number of items than then: an index says nothing any more, and all of it was read. */
  isResplit: boolean
  /** Why it could not be read at all. */
  obstacle?: string
}

const nothing = (quarantined: Quarantined, obstacle: string): Fate => ({
  quarantined,
  isResplit: false,
  events: [],
  ignored: {},
  noise: [],
  unusable: [],
  obstacle,
})

/**
 * The id in quarantine of each event of `fate`, in order: that of its item. Ids that are not those of one item, or of which nobody
 * knows any more which item it was, are shared out.
 */
export function originsOf({ quarantined: { entries }, events, isResplit }: Fate): string[] {
  const byItem = new Map(isResplit ? [] : entries.map(({ item, id }) => [item, id]))
  const loose = entries.filter(({ item }) => isResplit || item === undefined)
  let shared = 0
  return events.map(({ item }) => byItem.get(item) ?? (loose[shared++ % loose.length] ?? entries[0])?.id ?? '')
}

/** The items that `quarantined` stands for. */
function itemsOf({ entries, of }: Quarantined): Again {
  const items = entries.flatMap(({ item }) => item ?? [])
  return items.length > 0 ? { items, of } : {}
}

/**
 * What becomes of `quarantined` with these `registries`. Of several deliveries ask in the order in which they came: where a sender gives
 * no id, repetitions within a short time have that of the first one (lib/sources/window.ts). Never throws.
 */
export function fateOf(
  quarantined: Quarantined,
  registries: ReadonlyMap<string, Registry>,
  families: readonly FamilyRules[],
): Fate {
  const { body, present, parts } = quarantined
  if (!body) return nothing(quarantined, `${present} of ${parts} parts of the body are here.`)
  const registry = registries.get(quarantined.registry)
  if (!registry) return nothing(quarantined, `There is no registry ${JSON.stringify(quarantined.registry)} any more.`)
  const again = itemsOf(quarantined)
  const sorted = sort(requestOf(quarantined, body), registry, families, { event: 'redrive' }, again)
  const isResplit = again.of !== undefined && sorted.of !== undefined && again.of !== sorted.of
  const fate = { quarantined, isResplit, ...sorted }
  const isEmpty = sorted.events.length + sorted.unusable.length + sorted.noise.length === 0
  return isEmpty ? { ...fate, obstacle: 'The body has no such item today.' } : fate
}

/**
 * `fateOf` each of `quarantined`. Of the things of one delivery that is split into another number of items today it is the same: they
 * are joined into one, those that are wanted and the others, else each of them would bring all of the body.
 */
export function fatesOf(
  quarantined: readonly Quarantined[],
  isWanted: (quarantined: Quarantined) => boolean,
  ...today: [registries: ReadonlyMap<string, Registry>, families: readonly FamilyRules[]]
): Fate[] {
  const resplit = new Map<string, Fate>()
  const keyOf = (one: Quarantined) => `${isWanted(one)} ${deliveryOf(one)}`
  return quarantined.flatMap((one) => {
    const same = resplit.size > 0 ? resplit.get(keyOf(one)) : undefined
    if (same) {
      same.quarantined = joined(same.quarantined, one)
      return []
    }
    const fate = fateOf(one, ...today)
    if (fate.isResplit) resplit.set(keyOf(one), fate)
    return [fate]
  })
}
