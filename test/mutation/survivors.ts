/** A change that no test notices, and why that is harmless. */
export interface Survivor {
  file: string
  /** The whole line that it is in. */
  within: string
  /** What stood there, and what stands there then. */
  from: string
  to: string
  why: string
}

export const survivors: readonly Survivor[] = []
