// PURE: how often something may happen. The clock is the caller's.

/** How often: `perSecond` times in the long run, `burst` times at once. */
export interface Rate {
  perSecond: number
  burst: number
}

/**
 * Takes a token at `now` (milliseconds since 1970) and returns 0. When there is none it takes nothing and returns the milliseconds until there
 * is one. `giveBack` puts one back that was taken.
 */
export type Bucket = ((now: number) => number) & { giveBack(): void }

/** How far `now` may lie behind the last one before it counts as a clock that was set back, not as requests that overtake each other. */
const DISORDER_MILLISECONDS = 1000

/** A token: sums of fractions end a little below 1. */
const WHOLE = 1 - 1e-9

/** A token bucket, full at first. A clock that jumps fills it once at most and never stops it. */
export function bucket({ perSecond, burst }: Rate): Bucket {
  let tokens = burst
  let at = Number.NEGATIVE_INFINITY
  const take = (now: number): number => {
    if (now > at) tokens = Math.min(burst, tokens + ((now - at) * perSecond) / 1000)
    if (now > at || at - now > DISORDER_MILLISECONDS) at = now
    if (tokens < WHOLE) return Math.ceil(((WHOLE - tokens) * 1000) / perSecond)
    tokens -= 1
    return 0
  }
  take.giveBack = () => {
    tokens = Math.min(burst, tokens + 1)
  }
  return take
}
