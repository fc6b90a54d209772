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

const ATTEMPTS = [{ scheme: token, counts: true }]

/**
 * Tells who sends a request. Rejects with `UNAUTHENTICATED` when it is no reader, with `RATE_LIMITED` when too many requests from its address
 * were refused of late, and with `UNAVAILABLE` when a secret can't be read. No reader's name is in a request, so all secrets are compared,
 * whichever fits.
 */
export function authenticator({ readers, secrets }: Readers): (request: Request) => Promise<Reader> {
  const refusals = new Map<string, { bucket: Bucket; left: boolean }>()

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

  return async (request) => {
    if (!request.headers.authorization)
      throw new RouterError('UNAUTHENTICATED', 'The credentials are missing or wrong.')
    const address = request.address ?? ''
    const { bucket: refused, left } = refusals.get(address) ?? { bucket: bucket(REFUSALS), left: true }
    if (!left) {
      const wait = refused(request.receivedAt)
      if (wait > 0) throw new RouterError('RATE_LIMITED', undefined, { retryAfter: Math.ceil(wait / 1000) })
    }
    // Its secret may be a new one.
    const reader = (await readerOf(request)) ?? (await readerOf(request, request.receivedAt))
    refusals.delete(address)
    if (reader) return reader
    if (refusals.size >= MOST_ADDRESSES) refusals.delete(refusals.keys().next().value as string)
    refusals.set(address, { bucket: refused, left: refused(request.receivedAt) === 0 })
    throw new RouterError('UNAUTHENTICATED', 'The credentials are missing or wrong.')
  }
}
