import type { Leaves, Odd } from './file.ts'
import type { Finding, Findings } from './findings.ts'
import type { Removed } from './removed.ts'
import type { Tree } from './tree.ts'

// What is wrong with the events of a log: those that the tiles contradict, and those that are missing.

/** What is known of the rows of an archive. */
export interface RowsOf {
  size: number
  odd: readonly Odd[]
  seen: Leaves
  good: Leaves
  removed: Removed['ranges']
  tree: Tree
  findings: Findings
}

/** Leaves without their event that are looked for under other numbers. */
const MOST_LOOKED_FOR = 200_000

/** The rows whose hashes are not those of their leaves. */
class OddRows {
  private readonly tree: Tree
  private readonly byHash = new Map<string, Odd>()
  private readonly byLeaf = new Map<number, Odd>()
  private readonly leafOf = new Map<string, number>()
  readonly wrong: readonly Odd[]

  constructor({ odd, good, size, tree }: RowsOf) {
    this.tree = tree
    this.wrong = odd.filter((row) => {
      if (this.expected(row.leaf) !== row.hash) return true
      // The tile was damaged, and this is what it said.
      good.add(row.leaf)
      return false
    })
    for (const row of this.wrong) {
      this.byHash.set(row.hash, row)
      this.byLeaf.set(row.leaf, row)
    }
    // Where nothing is wrong, nothing can have gone elsewhere.
    for (const leaf of this.wrong.length === 0 ? [] : good.missing(size)) {
      const expected = this.expected(leaf)
      if (this.leafOf.size === MOST_LOOKED_FOR) break
      if (expected !== undefined) this.leafOf.set(expected, leaf)
    }
  }

  /** The hash that the log has for `leaf`. */
  expected(leaf: number): string | undefined {
    if (leaf < 0) return undefined
    return this.tree.hashOf(leaf)
  }

  /** The leaf that the event of a row really has, when it is one of the others. */
  realLeaf({ hash }: Odd): number | undefined {
    return this.leafOf.get(hash)
  }

  /** The row at `leaf`. */
  at(leaf: number): Odd | undefined {
    return this.byLeaf.get(leaf)
  }

  /** The row that holds the event of `leaf` under another number. */
  holding(leaf: number): Odd | undefined {
    if (this.byHash.size === 0) return undefined
    const expected = this.expected(leaf)
    return expected === undefined ? undefined : this.byHash.get(expected)
  }
}

const about = ({ file, leaf, id }: Odd): Pick<Finding, 'file' | 'leaf' | 'id'> => ({
  file,
  leaf,
  ...(id ? { id } : {}),
})

/** What is wrong with the row: `undefined` when another finding says it. */
function findingOf(row: Odd, rows: OddRows, good: Leaves): Finding | undefined {
  const real = rows.realLeaf(row)
  if (real !== undefined && real !== row.leaf) {
    const other = rows.holding(row.leaf)
    if (other?.leaf !== real) {
      return { code: 'EVENT_MOVED', message: `It is the event of leaf ${real}.`, ...about(row) }
    }
    if (row.leaf > real) return undefined
    const message = `It is the event of leaf ${real}, and that of this leaf stands there.`
    return { code: 'EVENT_SWAPPED', message, ...about(row), lastLeaf: real }
  }
  const why = row.wrong === undefined ? '' : ` Besides, ${row.wrong}.`
  if (good.has(row.leaf)) {
    return {
      code: 'EVENT_ADDED',
      message: `The event of this leaf is another one, which is there.${why}`,
      ...about(row),
    }
  }
  return { code: 'EVENT_CHANGED', message: `Its hash is not the one that the log has for it.${why}`, ...about(row) }
}

const ofRange = (first: number, last: number): string =>
  first === last ? `leaf ${first}` : `leaves ${first} to ${last}`

/** Numbers that follow one another, as one. */
function* runsOf(numbers: Iterable<number>): Generator<[number, number]> {
  let run: [number, number] | undefined
  for (const number of numbers) {
    if (run && number === run[1] + 1) run[1] = number
    else {
      if (run) yield run
      run = [number, number]
    }
  }
  if (run) yield run
}

/** Whether a leaf is in one of `ranges`, asked in the order of leaves. */
function inOrder(ranges: Removed['ranges']): (leaf: number) => boolean {
  let at = 0
  return (leaf) => {
    while ((ranges[at]?.[1] ?? Number.POSITIVE_INFINITY) < leaf) at++
    return (ranges[at]?.[0] ?? Number.POSITIVE_INFINITY) <= leaf
  }
}

/** Finds every event that is wrong or missing. Returns how many are not there because they were removed under retention. */
export function judgeRows(all: RowsOf): number {
  const { size, seen, good, removed, findings } = all
  const rows = new OddRows(all)
  for (const row of rows.wrong) {
    const finding = findingOf(row, rows, good)
    if (finding) findings.add(finding)
  }
  const isRemoved = inOrder(removed)
  let count = 0
  const missing = function* (): Generator<number> {
    for (const leaf of good.missing(size)) {
      const isThere = rows.holding(leaf) !== undefined
      const row = rows.at(leaf)
      const isMoved = row !== undefined && rows.realLeaf(row) !== undefined
      if (isRemoved(leaf) && !seen.has(leaf)) count += 1
      else if (!isThere && (isMoved || !seen.has(leaf))) yield leaf
    }
  }
  for (const [first, last] of runsOf(missing())) {
    const message = `There is no event of ${ofRange(first, last)}, and nothing says that it was removed.`
    findings.add({ code: 'EVENT_MISSING', message, leaf: first, ...(last > first ? { lastLeaf: last } : {}) })
  }
  const listed = new Set(rows.wrong.map(({ leaf }) => leaf))
  for (const [first, last] of runsOf(unlisted(all, listed))) {
    const message = `The hashes of ${ofRange(first, last)} are not those that the log has for them.`
    findings.add({ code: 'EVENT_CHANGED', message, leaf: first, ...(last > first ? { lastLeaf: last } : {}) })
  }
  return count
}

/** Leaves whose rows are wrong and were too many to be remembered one by one. */
function* unlisted({ size, seen, good }: RowsOf, listed: ReadonlySet<number>): Generator<number> {
  for (const leaf of good.missing(size)) if (seen.has(leaf) && !listed.has(leaf)) yield leaf
}
