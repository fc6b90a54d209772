// Sets of leaves as what they are made of: runs of leaves that follow one another.

/** From the first to the last leaf, both of them in it. */
export type Range = readonly [first: number, last: number]

/** A set of leaves: by number, and no two ranges touch. */
export type Ranges = readonly Range[]

/** The set of all of `ranges`, in any order. */
export function union(ranges: readonly Range[]): Ranges {
  const joined: [number, number][] = []
  for (const [first, last] of ranges.toSorted(([one], [other]) => one - other)) {
    const before = joined.at(-1)
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else joined.push([first, last])
  }
  return joined
}

/** The set of `leaves`, in any order. */
export const rangesOf = (leaves: readonly number[]): Ranges => union(leaves.map((leaf) => [leaf, leaf]))

/** Whether all of `inner` are in `outer`. */
export function covers(outer: Ranges, inner: Ranges): boolean {
  let at = 0
  return inner.every(([first, last]) => {
    while ((outer[at]?.[1] ?? Number.POSITIVE_INFINITY) < first) at++
    const range = outer[at]
    return range !== undefined && range[0] <= first && last <= range[1]
  })
}

/** Whether some leaf is in both. */
export const intersect = (one: Ranges, other: Ranges): boolean =>
  countOf(union([...one, ...other])) < countOf(one) + countOf(other)

/** How many leaves there are. */
export const countOf = (ranges: Ranges): number => ranges.reduce((count, [first, last]) => count + last - first + 1, 0)
