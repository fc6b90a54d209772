import type { ArchiveMeasured } from './archive.ts'
import type { coldStart } from './coldstart.ts'
import type { compareClients } from './send.ts'
import type { Cost } from './sources.ts'
import type { transform } from './transform.ts'

/** Everything that one run measures. Times in milliseconds, sizes in KiB, ratios of medians. */
export interface Measured extends Awaited<ReturnType<typeof compareClients>> {
  transform: Awaited<ReturnType<typeof transform>>
  coldStart: Awaited<ReturnType<typeof coldStart>>
  bundle: { kb: number; baselineKb: number }
  sources: Readonly<Record<string, Cost>>
  million: ArchiveMeasured
}

/** What was measured for a target, and whether it was met: `value` is at most `target`, or at least. */
export interface Verdict {
  name: string
  value: number
  bound: 'at most' | 'at least'
  target: number
  met: boolean
}

/** A promise about what was measured. */
type Target = { name: string; of(measured: Measured): number } & ({ most: number } | { least: number })

/** What the project promises. */
const targets: readonly Target[] = [
  { name: 'transform.ratioToLimit', most: 4, of: ({ transform }) => transform.ratioToLimit },
  { name: 'coldStart.ratioToBaseline', most: 0.5, of: ({ coldStart }) => coldStart.ratioToBaseline },
  { name: 'send.ratioToBaseline', most: 0.5, of: ({ send }) => send.ratioToBaseline },
  { name: 'bundle.kb', most: 80, of: ({ bundle }) => bundle.kb },
  { name: 'search.filterMs', most: 100, of: ({ million }) => million.search.filterMs },
  { name: 'archive.eventsPerSecond', least: 20_000, of: ({ million }) => million.archive.eventsPerSecond },
  { name: 'archive.ratioToGzip', most: 1, of: ({ million }) => million.archive.ratioToGzip },
  { name: 'verify.entriesPerSecond', least: 200_000, of: ({ million }) => million.verify.entriesPerSecond },
]

/** Most microseconds that a request of a source may cost while its body is below 2 KB. */
const MOST_US = 100
const SMALL = 2048

const atMost = (name: string, value: number, target: number): Verdict => ({
  name,
  value,
  bound: 'at most',
  target,
  met: value <= target,
})

const atLeast = (name: string, value: number, target: number): Verdict => ({
  name,
  value,
  bound: 'at least',
  target,
  met: value >= target,
})

/** Holds `measured` against every target. */
export const judge = (measured: Measured): Verdict[] => [
  ...targets.map((target) => {
    const { name, of } = target
    return 'most' in target ? atMost(name, of(measured), target.most) : atLeast(name, of(measured), target.least)
  }),
  ...Object.entries(measured.sources)
    .filter(([, { bytes }]) => bytes < SMALL)
    .map(([name, { usPerRequest }]) => atMost(`sources.${name}.usPerRequest`, usPerRequest, MOST_US)),
]
