import { randomInt } from 'node:crypto'
import { test } from '@jest/globals'
import fc from 'fast-check'

// A law is a property that has to hold for whatever comes; each is tried on FUZZ_RUNS random cases.

/** How many cases each law is tried on. */
const RUNS = Number(process.env.FUZZ_RUNS || 10_000)
/** What the cases are made from: the same seed makes the same ones. */
const SEED = Number(process.env.FUZZ_SEED || randomInt(2 ** 31 - 1))

/** Whether it holds for a case; throwing means that it does not. */
type Verdict = boolean | undefined

/** Tests that `holds` for each of the cases that `arbitrary` makes. */
export function law<Case>(
  name: string,
  arbitrary: fc.Arbitrary<Case>,
  holds: (value: Case) => Verdict | Promise<Verdict>,
): void {
  test(name, async () => {
    const property = fc.asyncProperty(arbitrary, async (value) => holds(value))
    const details = await fc.check(property, { numRuns: RUNS, seed: SEED })
    if (!details.failed) return
    const again = `FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS} npm run fuzz -- -t '${name}'`
    throw new Error(`The same again: ${again}\n\n${fc.defaultReportMessage(details)}`, {
      cause: details.errorInstance,
    })
  })
}
