import type { Reader } from '../archives.ts'
import { RouterError } from '../errors.ts'
import { type Bucket, bucket, type Rate } from '../limit.ts'
import type { Request } from '../request.ts'
import type { Secrets } from '../secrets.ts'
import { token, verify } from '../sources/signature.ts'

// Who asks: a reader that knows its secret.

/** The readers, and their secrets by the reader's id. */
export interface Readers {
  readers: ReadonlyMap<string, Reader>
  secrets: Secrets
}

/** How often an address may be refused. */
const REFUSALS: Rate = { perSecond: 1, burst: 20 }
/** Most addresses that are remembered at a time. */
const MOST_ADDRESSES = 10_000

/** What an address may still try. */
interface Attempts {
  take: Bucket
  /** Those that are not decided yet. */
  pending: Set<Promise<unknown>>
}

const ATTEMPTS = [{ scheme: token, counts: true }]

/**
 * Tells who sends a request. Rejects with `UNAUTHENTICATED` when it is no reader, with `RATE_LIMITED` when too many requests from its address
 * were refused of late, and with `UNAVAILABLE` when a secret can't be read. No reader's name is in a request, so all secrets are compared,
 * whichever fits.
 */
export function authenticator({ readers, secrets }: Readers): (request: Request) => Promise<Reader> {
  const attempts = new Map<string, Attempts>()

  async function readerOf(request: Request, since?: number): Promise<Reader | undefined> {
    let found: Reader | undefined
    let failure: unknown
    for (const [id, reader] of readers) {
      try {
        const values = await secrets(id, since === undefined ? {} : { since })
        if (await verify(request, ATTEMPTS, values)) found = reader
      } catch (error) {
        // The secret of one reader must not cost the others.
        failure = error
      }
    }
    if (!found && failure) throw failure
    return found
  }

  /** What `address` may still try. Those that tried most lately are remembered. */
  function attemptsOf(address: string): Attempts {
    const known = attempts.get(address) ?? { take: bucket(REFUSALS), pending: new Set() }
    attempts.delete(address)
    if (attempts.size >= MOST_ADDRESSES) attempts.delete(attempts.keys().next().value as string)
    attempts.set(address, known)
    return known
  }

  /**
   * Resolves once the address may try, to what has to be called when that is decided. An attempt counts as wrong until it is known to be right, so
   * others wait for it.
   */
  async function admit({ take, pending }: Attempts, now: number): Promise<(isRight: boolean) => void> {
    for (let wait = take(now); wait > 0; wait = take(now)) {
      if (pending.size === 0) throw new RouterError('RATE_LIMITED', undefined, { retryAfter: Math.ceil(wait / 1000) })
      await Promise.race(pending)
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    pending.add(promise)
    return (isRight) => {
      if (isRight) take.giveBack()
      pending.delete(promise)
      resolve()
    }
  }

  return async (request) => {
    if (!request.headers.authorization)
      throw new RouterError('UNAUTHENTICATED', 'The credentials are missing or wrong.')
    const decide = await admit(attemptsOf(request.address ?? ''), request.receivedAt)
    let reader: Reader | undefined
    try {
      // Its secret may be a new one.
      reader = (await readerOf(request)) ?? (await readerOf(request, request.receivedAt))
    } finally {
      decide(reader !== undefined)
    }
    if (!reader) throw new RouterError('UNAUTHENTICATED', 'The credentials are missing or wrong.')
    return reader
  }
}
