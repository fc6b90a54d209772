import type { Answer, Ask, Item } from '../../lib/alerts/question.ts'
import { parseTime } from '../../lib/time.ts'

// A stand-in for the search that looks at every event: the few parameters that alerts use.

const timeOf = ({ event }: Item): number => parseTime(event.eventTime) ?? 0

/** Answers as the search does, over `items`: those of one location, by leaf. */
export const scanning =
  (items: readonly Item[]): Ask =>
  async (query) => {
    const [, after = '0'] = /:(\d+)$/.exec(query.get('after') ?? '') ?? []
    const [from, to] = ['from', 'to'].map((name) => Date.parse(query.get(name) ?? '') || undefined)
    const action = query.get('action')
    const registry = query.get('registry')
    const limit = Number(query.get('limit'))
    const [size = items.length, start = 0] = (query.get('cursor') ?? '').split(' ').filter(Boolean).map(Number)
    const direction = query.get('sort') === '-time' ? -1 : 1
    const met = items
      .slice(0, size)
      .filter((item) => item.leaf >= Number(after))
      .filter((item) => (from === undefined || timeOf(item) >= from) && (to === undefined || timeOf(item) < to))
      .filter(({ event }) => !action || event.action === `container-registry.${action}`)
      .filter(({ event }) => !registry || event.provenance?.registry === registry)
      .toSorted((one, other) => direction * (timeOf(one) - timeOf(other) || one.leaf - other.leaf))
    const end = start + limit
    const answer: Answer = {
      events: met.slice(start, end),
      next: met.length > end ? `${size} ${end}` : null,
    }
    return answer
  }
