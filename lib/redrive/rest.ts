import { toText } from '../body.ts'
import { brief } from '../quarantine.ts'
import { MAX_BATCH_BYTES, type Message, sizeOf } from '../queues/queue.ts'
import type { Fate } from './fate.ts'
import type { Entry } from './quarantined.ts'

// What stays of something in quarantine of which the rest became events.

/** What is left of an item; noise is said nothing about. */
type Left = Pick<Entry, 'item'> & Partial<Entry>

/** Items of `fate` that are no events, and not to be dropped either. */
const leftOf = ({ unusable, noise }: Fate, dropIgnored: boolean): Left[] =>
  [...unusable, ...(dropIgnored ? [] : noise.map((item) => ({ item })))].sort((a, b) => (a.item ?? 0) - (b.item ?? 0))

/** Whether anything of `fate` has to stay although its events go. */
export const hasRest = ({ unusable, noise }: Fate, dropIgnored: boolean): boolean =>
  unusable.length > 0 || (noise.length > 0 && !dropIgnored)

/**
 * `left` of `fate` under the ids by which the answer to the webhook named it. An id that is not that of one item, or of which nobody
 * knows any more which item it was, stays as long as anything does.
 */
function entriesOf({ quarantined: { entries }, isResplit }: Fate, left: readonly Left[]): Entry[] {
  const byItem = new Map(isResplit ? [] : entries.map((entry) => [entry.item, entry]))
  const loose = isResplit ? [...entries] : entries.filter(({ item }) => item === undefined)
  const last = loose.at(-1) ?? (entries[0] as Entry)
  const named = left.map(({ item, reason, message }) => {
    const then = byItem.get(item) ?? loose.shift() ?? last
    return { id: then.id, item, reason: reason ?? then.reason, message: message ?? then.message }
  })
  return [...named, ...loose.map((entry) => ({ ...entry, item: undefined }))]
}

/**
 * What is left of `fate` as one thing, in the messages that it has, with all that they hold besides: `[]` when nothing is left, or when
 * its list does not fit into a message and all of it has to stay.
 */
export function restOf(fate: Fate, dropIgnored: boolean): Message[] {
  const entries = entriesOf(fate, leftOf(fate, dropIgnored))
  const [first] = entries
  if (!first || !hasRest(fate, dropIgnored)) return []
  const { id, reason } = first
  const list = entries.map((entry) => ({ ...entry, message: brief(entry.message) }))
  const named = { ...first, of: fate.of, items: list.length > 1 ? list : undefined }
  const parts = new Map(
    fate.quarantined.messages.map(({ body, attributes }): [number, Message] => {
      const kept = JSON.parse(body)
      const message = { body: toText({ ...kept, ...named }), attributes: { ...attributes, reason, id } }
      return [kept.part ?? 1, message]
    }),
  )
  const messages = [...parts.values()]
  return messages.every((message) => sizeOf(message) <= MAX_BATCH_BYTES) ? messages : []
}
