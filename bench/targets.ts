import type { coldStart } from './coldstart.ts'
import type { compareClients } from './send.ts'
import type { transform } from './transform.ts'

/** Everything that one run measures. Times in milliseconds, sizes in KiB, ratios of medians. */
export interface Measured extends Awaited<ReturnType<typeof compareClients>> {
  transform: Awaited<ReturnType<typeof transform>>
  coldStart: Awaited<ReturnType<typeof coldStart>>
  bundle: { kb: number; baselineKb: number }
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

/** Holds `measured` against every target. */
export const judge = (measured: Measured): Verdict[] =>
  targets.map(({ name, most, of }) => {
    const value = of(measured)
    return { name, value, target: most, met: value <= most }
  })
