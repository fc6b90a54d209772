// How large a log was when: whatever was archived since a time lies behind its size at that time.

/** When a log had how many leaves, in milliseconds since 1970. */
export type Size = readonly [time: number, size: number]

/** How far the clocks of whoever receives, archives and looks may be apart. */
const TOLERANCE = 60_000
/** Steps in which `over` is remembered. */
const STEPS = 50

/** The last of `sizes` that all that was received from `time` on lies behind; the first one when none is so old. */
export const sizeAt = (sizes: readonly Size[], time: number): Size =>
  sizes.findLast(([at]) => at <= time - TOLERANCE) ?? sizes[0] ?? [0, 0]

/** `sizes`, and that the log has `size` leaves `now`; those that a look at the last `over` milliseconds needs no more are left out. */
export function withSize(sizes: readonly Size[], size: number, now: number, over: number): readonly Size[] {
  const [time, known] = sizes.at(-1) ?? [0, -1]
  if (known === size || now - time < over / STEPS) return sizes
  const needed = sizes.indexOf(sizeAt(sizes, now - over))
  return [...sizes.slice(Math.max(0, needed)), [now, size]]
}
