/** One wide line: filled in on the way, written once. Never holds a secret, a header or a query string. */
export interface Entry {
  event: string
  requestId?: string
  registry?: string
  family?: string
  status?: number
  /** It was a handshake or a ping, which carries no items. */
  handshake?: true
  /** Accounting: received = accepted + ignored + quarantined + rejected, where all or nothing is rejected. */
  received?: number
  accepted?: number
  ignored?: Record<string, number>
  quarantined?: Record<string, number>
  rejected?: number
  deprecated?: number
  /** By registry and location; what no location was found for counts under `unroutable`. */
  routed?: Record<string, Record<string, number>>
  failed?: Record<string, Record<string, number>>
  code?: string
  why?: string
  error?: unknown
  milliseconds?: number
}

/** An error as plain data, its causes included. */
function plain(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack, cause } = error
  return { name, message, stack, ...(cause === undefined ? {} : { cause: plain(cause) }) }
}

/** Writes `entry` as one line of JSON to standard output, where Lambda's log and local emulation pick it up. */
export function log(entry: Entry): void {
  const { error, ...rest } = entry
  const line = {
    time: new Date().toISOString(),
    ...rest,
    ...(error === undefined ? {} : { error: plain(error) }),
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
