// How long a location that does not answer is left alone. Pure logic: the clock is handed in.

/** Milliseconds from a failure to the first probe, and the most from one probe to the next; each pause is twice the one before. */
const FIRST_PAUSE = 5_000
const LONGEST_PAUSE = 60_000

/** Milliseconds without a failure after which a location counts as well: every record has come back by then more than once. */
const WELL = 60 * 60 * 1000

/** What one process knows of one location. */
export interface Circuit {
  /**
   * How many messages may be sent to the location now: any number while it is closed, none while it is open, one as a probe when
   * its pause is over. Asking for the probe takes it: the next one comes after the next pause, whatever becomes of this one.
   */
  allowance(): number
  /** The location answered: closes the circuit. */
  answered(): void
  /** A whole call failed, or nothing in it was taken although nothing was wrong with it: opens the circuit. */
  failed(): void
  /** Whether an hour has been watched here in which no call failed. */
  isWell(): boolean
}

/** A closed circuit; `now` is a clock in milliseconds that never goes back. */
export function circuit(now: () => number): Circuit {
  let pause = 0
  let probeAt = 0
  // Nothing is known about the time before.
  let lastFailure = now()
  return {
    allowance() {
      if (pause === 0) return Number.POSITIVE_INFINITY
      if (now() < probeAt) return 0
      pause = Math.min(LONGEST_PAUSE, pause * 2)
      probeAt = now() + pause
      return 1
    },
    answered() {
      pause = 0
    },
    failed() {
      lastFailure = now()
      // Calls that were under way together fail together: only a probe makes the pause longer.
      if (pause === 0) pause = FIRST_PAUSE
      probeAt = now() + pause
    },
    isWell: () => now() - lastFailure >= WELL,
  }
}

/** The circuits of all locations in one process, each made when it is first asked for. */
export function circuits(now: () => number = () => performance.now()): (location: string) => Circuit {
  const known = new Map<string, Circuit>()
  return (location) => {
    const found = known.get(location) ?? circuit(now)
    known.set(location, found)
    return found
  }
}
