import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { countOf, covers, intersect, rangesOf, union } from '../../lib/archive/ranges.ts'

const leaves = fc.uniqueArray(fc.nat(40), { maxLength: 30 })
const sorted = (set: Iterable<number>) => [...set].sort((one, other) => one - other)

test('leaves become the ranges that they make', () => {
  expect(rangesOf([7, 1, 2, 3, 9, 8, 5])).toEqual([
    [1, 3],
    [5, 5],
    [7, 9],
  ])
  expect(rangesOf([])).toEqual([])
})

test('sets of ranges are sets of leaves', () => {
  fc.assert(
    fc.property(leaves, leaves, (one, other) => {
      const [a, b] = [new Set(one), new Set(other)]
      expect(union([...rangesOf(one), ...rangesOf(other)])).toEqual(rangesOf(sorted(a.union(b))))
      expect(covers(rangesOf(one), rangesOf(other))).toBe(b.isSubsetOf(a))
      expect(intersect(rangesOf(one), rangesOf(other))).toBe(!a.isDisjointFrom(b))
      expect(countOf(rangesOf(one))).toBe(one.length)
    }),
    { numRuns: 500 },
  )
})
