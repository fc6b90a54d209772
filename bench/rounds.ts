/** `count` rounds, of which `discarded` come first and do not count. */
export interface Rounds {
  /** Odd, so that there is a middle one. */
  count: number
  discarded: number
}

/** The middle one of `values`, of which there is an odd number. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/**
 * How many times larger `values` are than `others`: the median of the rounds' own ratios, because what disturbs a shared machine
 * disturbs both within a round, and rarely two rounds alike.
 */
export const ratio = (values: readonly number[], others: readonly number[]): number =>
  median(values.map((value, round) => value / (others[round] ?? Number.NaN)))

/** Lets every candidate measure itself once a round, all in turn: A, B, A, B. Resolves to what each measured in the rounds that count. */
export async function inTurn<Name extends string>(
  { count, discarded }: Rounds,
  candidates: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(candidates) as Name[]
  const measured = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < discarded + count; round++) {
    for (const name of names) {
      const value = await candidates[name]()
      if (round >= discarded) measured.get(name)?.push(value)
    }
  }
  return Object.fromEntries(measured) as Record<Name, number[]>
}
