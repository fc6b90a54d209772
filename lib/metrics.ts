import { type Entry, type Tally, total } from './log.ts'

// What CloudWatch counts (docs/accounting.md): members of the log's lines in the embedded metric format, which CloudWatch reads out of
// the log by itself. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

/** Namespace of everything that is counted here. */
export const NAMESPACE = 'registry-event-router'

/** Members of one line: `counts` by the dimensions of each of `sets`. What is zero is left out, and all of it when everything is. */
function members(
  counts: Readonly<Record<string, number>>,
  dimensions: Readonly<Record<string, string>>,
  sets: readonly (readonly string[])[],
): object | undefined {
  const counted = Object.entries(counts).filter(([, count]) => count > 0)
  if (counted.length === 0) return undefined
  const Metrics = counted.map(([Name]) => ({ Name, Unit: 'Count' }))
  return {
    _aws: { Timestamp: Date.now(), CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: sets, Metrics }] },
    ...dimensions,
    ...Object.fromEntries(counted),
  }
}

function ofRequest(entry: Entry, Stage: string): object | undefined {
  const { status = 0, registry: Registry = 'unknown' } = entry
  const counts = {
    Received: entry.received ?? 0,
    Accepted: entry.accepted ?? 0,
    Ignored: total(entry.ignored),
    Quarantined: total(entry.quarantined),
    Rejected: entry.rejected ?? 0,
    Unauthenticated: Number(status === 401),
    Throttled: Number(status === 429),
    Blocked: Number(entry.registry !== undefined && (status === 404 || status === 413)),
    Failed: Number(status >= 500),
  }
  return members(counts, { Stage, Registry }, [['Stage'], ['Stage', 'Registry']])
}

/** Lines for `tallies`, by the names of their metrics: one for each registry and location, because a line holds one value of a dimension. */
function ofTallies(tallies: Readonly<Record<string, Tally | undefined>>, Stage: string): object[] {
  const rows = new Map<string, { Registry: string; Location: string; counts: Record<string, number> }>()
  const add = (name: string, tally: Tally = {}) => {
    for (const [Registry, locations] of Object.entries(tally)) {
      for (const [Location, ids] of Object.entries(locations)) {
        const key = `${Registry} ${Location}`
        const row = rows.get(key) ?? { Registry, Location, counts: {} }
        row.counts[name] = ids.length
        rows.set(key, row)
      }
    }
  }
  for (const [name, tally] of Object.entries(tallies)) add(name, tally)
  const sets = [['Stage'], ['Stage', 'Location'], ['Stage', 'Registry', 'Location']]
  return [...rows.values()].flatMap(({ counts, ...row }) => members(counts, { Stage, ...row }, sets) ?? [])
}

const ofRoute = ({ routed, postponed, deadLettered }: Entry, stage: string): object[] =>
  ofTallies({ Routed: routed, Postponed: postponed, DeadLettered: deadLettered }, stage)

const ofArchive = ({ archived, postponed, deadLettered }: Entry, stage: string): object[] =>
  ofTallies({ Archived: archived, ArchivePostponed: postponed, ArchiveDeadLettered: deadLettered }, stage)

/** What was asked of the archive, and how it was answered. */
function ofSearch({ status = 0 }: Entry, Stage: string): object[] {
  const counts = {
    Searched: 1,
    SearchUnauthenticated: Number(status === 401),
    SearchFailed: Number(status >= 500),
  }
  return [members(counts, { Stage }, [['Stage']]) ?? []].flat()
}

function ofAlerts({ alerts }: Entry, Stage: string): object[] {
  if (!alerts) return []
  const counts = {
    AlertsMade: alerts.made,
    AlertsDelivered: alerts.delivered,
    AlertsGivenUp: alerts.givenUp,
    AlertFailures: alerts.failures.length,
  }
  return [members(counts, { Stage }, [['Stage']]) ?? []].flat()
}

const ofUpkeep = ({ upkeep }: Entry, Stage: string): object[] =>
  [members({ UpkeepFailures: upkeep?.failures.length ?? 0 }, { Stage }, [['Stage']]) ?? []].flat()

/** What is counted of an entry, by its event; of what is not listed nothing is. */
const counted: Readonly<Record<string, (entry: Entry, stage: string) => object[]>> = {
  request: (entry, stage) => [ofRequest(entry, stage) ?? []].flat(),
  route: ofRoute,
  archive: ofArchive,
  search: ofSearch,
  alerts: ofAlerts,
  upkeep: ofUpkeep,
}

/**
 * The metrics of `entry` as members of lines of the log: those of the first element belong into the entry's own line, each further one
 * is a line of its own. Nothing when there is nothing to count.
 */
export function metricsOf(entry: Entry, stage: string): object[] {
  return counted[entry.event]?.(entry, stage) ?? []
}
