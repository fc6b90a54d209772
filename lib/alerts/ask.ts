import type { AuditEvent } from '../event.ts'
import { type Archives, search } from '../search/search.ts'
import type { Alerting } from './alerts.ts'

/** Asks the search itself, without HTTP, as a reader that sees one location. */
export const asking =
  (archives: Archives): Alerting['ask'] =>
  (location) =>
  async (query) => {
    const { items, next, damaged } = await search(query, { id: 'alerts', locations: [location] }, archives)
    const events = items.map(({ location, leaf, routedTime, archivedTime, text }) => ({
      location,
      leaf,
      routedTime,
      archivedTime,
      event: JSON.parse(text) as AuditEvent,
    }))
    return { events, next, damaged }
  }
