import type { App } from './app.ts'
import { RouterError } from './errors.ts'
import { receive } from './family.ts'
import type { Entry } from './log.ts'
import type { Request, Response } from './request.ts'
import type { FamilyRules } from './target.ts'

// The paths of the HTTP contract.

/** Answers requests that are no webhooks; `undefined` for those that it does not know. */
export type Asked = (request: Request, app: App) => Promise<Response | undefined>
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
