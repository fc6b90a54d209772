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
}

/** What was measured for a target, and whether it was met: `value` is at most `target`. */
export interface Verdict {
  name: string
  value: number
  target: number
  met: boolean
}

/** What the project promises; every value is the better the smaller it is. */
const targets: readonly { name: string; most: number; of(measured: Measured): number }[] = [
  { name: 'transform.ratioToLimit', most: 4, of: ({ transform }) => transform.ratioToLimit },
  { name: 'coldStart.ratioToBaseline', most: 0.5, of: ({ coldStart }) => coldStart.ratioToBaseline },
  { name: 'send.ratioToBaseline', most: 0.5, of: ({ send }) => send.ratioToBaseline },
  { name: 'bundle.kb', most: 80, of: ({ bundle }) => bundle.kb },
]

/** Most microseconds that a request of a source may cost while its body is below 2 KB. */
const MOST_US = 100
const SMALL = 2048

const verdict = (name: string, value: number, target: number): Verdict => ({
  name,
  value,
  target,
  met: value <= target,
})

/** Holds `measured` against every target. */
export const judge = (measured: Measured): Verdict[] => [
  ...targets.map(({ name, most, of }) => verdict(name, of(measured), most)),
  ...Object.entries(measured.sources)
    .filter(([, { bytes }]) => bytes < SMALL)
    .map(([name, { usPerRequest }]) => verdict(`sources.${name}.usPerRequest`, usPerRequest, MOST_US)),
]
