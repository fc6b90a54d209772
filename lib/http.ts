import type { App } from './app.ts'
import { errors, RouterError } from './errors.ts'
import { receive } from './family.ts'
import type { Entry } from './log.ts'
import type { Request, Response } from './request.ts'
import type { FamilyRules } from './target.ts'

// The paths of the HTTP contract, and the answer to everything that goes wrong.

/** Answers requests that are no webhooks; `undefined` for those that it does not know. */
export type Asked = (request: Request, app: App) => Promise<Response | undefined>
/** Headers of every answer, whoever gives it: it is data for one asker, to be shown, stored and embedded nowhere. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'strict-transport-security': 'max-age=31536000',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
}

/** Seconds until a request is worth trying again when nothing better is known. */
const RETRY_SECONDS = 5

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}

/** What senders to a Splunk HTTP event collector put behind the address that they are given (docs/sources/quay.md). */
const COLLECTOR = '/services/collector/event'

/** The registry that a collector's request without a path of its own is for: `Authorization: Splunk <registry>:<secret>`. */
const inCredentials = ({ headers }: Request): string =>
  /^splunk +([^\s:]+):/i.exec(headers.authorization ?? '')?.[1] ?? '-'

/** Registry and family that `request` is addressed to; `undefined` when its path is none of a webhook. */
function addressee(request: Request): { id: string; family: string | undefined } | undefined {
  const path = request.path.replace(/\/$/, '')
  if (path === COLLECTOR) return { id: inCredentials(request), family: undefined }
  const [, root, id, family, ...rest] = (path.endsWith(COLLECTOR) ? path.slice(0, -COLLECTOR.length) : path).split('/')
  return root === 'webhooks' && id && rest.length === 0 ? { id: decode(id), family } : undefined
}

async function webhook(request: Request, families: readonly FamilyRules[], app: App, entry: Entry): Promise<Response> {
  try {
    const to = addressee(request)
    // Whoever it is from, the log says which registry it was meant for; only ids that are configured can get there.
    if (to && app.receiver.registries.has(to.id)) entry.registry = to.id
    const served = to?.family === undefined ? families : families.filter((rules) => rules.family === to.family)
    if (!to || served.length === 0) throw new RouterError('NOT_FOUND')
    return await receive(request, to.id, served, app.receiver, entry)
  } catch (error) {
    // Refused as a whole: its items if they were read, else the request counts as one.
    entry.received ??= 1
    entry.rejected = entry.received
    throw error
  }
}

/**
 * Answers any request: webhooks for `families`, and what `asked` knows. Throws a `RouterError` for what is answered with an error,
 * see `answerError`.
 */
export async function answer(
  request: Request,
  families: readonly FamilyRules[],
  app: App,
  entry: Entry,
  asked?: Asked,
): Promise<Response> {
  const { method, path } = request
  if (
    (path.startsWith('/webhooks/') || path.replace(/\/$/, '') === COLLECTOR) &&
    (method === 'POST' || method === 'OPTIONS')
  )
    return webhook(request, families, app, entry)
  const answered = await asked?.(request, app)
  if (!answered) throw new RouterError('NOT_FOUND')
  return answered
}

/** The answer to a request that ended in `error`: `{"code","message"}` of the error's row, never a stack, never a cause. */
export function answerError(error: unknown, entry: Entry): Response {
  const known = error instanceof RouterError && errors[error.code].status !== null
  const code = known ? error.code : 'INTERNAL'
  const row = errors[code]
  entry.code = code
  if (known) entry.why = error.message
  else entry.error = error
  // What the sender gets to read of an error on our side is the row's sentence alone.
  const message = row.retry ? row.message : (error as RouterError).message
  const after = known ? error.retryAfter : undefined
  const headers = {
    ...(row.retry ? { 'retry-after': String(after ?? RETRY_SECONDS) } : {}),
    ...(row.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  }
  return { status: row.status ?? 500, headers, body: { code, message } }
}
