// Which of many events lie in a window with enough of them.

/** Whatever happened at a time, in milliseconds since 1970. */
interface Timed {
  time: number
}

/** Slides a window of `over` milliseconds over what comes by time. `onEnough` gets each one that lies in a window with `atLeast`, once. */
function sliding<One extends Timed>(over: number, atLeast: number, onEnough: (one: One) => void) {
  let window: One[] = []
  let start = 0
  /** How many of them, from the beginning on, were said to be enough. */
  let said = 0
  return (one: One): void => {
    window.push(one)
    while ((window[start] as One).time <= one.time - over) start += 1
    if (start > 1000 && start > window.length / 2) {
      window = window.slice(start)
      said -= start
      start = 0
    }
    if (window.length - start < atLeast) return
    for (const next of window.slice(Math.max(start, said))) onEnough(next)
    said = window.length
  }
}

/**
 * Tells of matches, which are added by time, those that lie in a window of `over` milliseconds with `atLeast` of them, and would not without
 * what is new: each match is told once, whatever is new when, and in whatever order it comes. Calls `tell` by time.
 */
export function newlyEnough<One extends Timed>(
  { over, atLeast }: { over: number; atLeast: number },
  isNew: (one: One) => boolean,
  tell: (one: One) => void,
) {
  const before = new Set<One>()
  const now = new Set<One>()
  const add = sliding<One>(over, atLeast, (one) => now.add(one))
  const addOld = sliding<One>(over, atLeast, (one) => before.add(one))
  /** Tells those of before `time`: what comes can't change any more what they are. */
  const settle = (time: number): void => {
    for (const one of now) {
      if (one.time > time) return
      now.delete(one)
      if (!before.delete(one)) tell(one)
    }
  }
  return {
    add(one: One): void {
      settle(one.time - over)
      add(one)
      if (!isNew(one)) addOld(one)
    },
    end: () => settle(Number.POSITIVE_INFINITY),
  }
}
