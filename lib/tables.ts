import type { App } from './app.ts'
import type { Request, Response } from './request.ts'

// What anybody may ask over HTTP: whether the router is ready, and what it goes by.

const ok = (body: unknown): Response => ({ status: 200, headers: {}, body })

/**
 * Answers `GET /health`, `/actions` and `/locations`; `undefined` for any other request. Throws `UNAVAILABLE` when the intake queue
 * does not answer. Only `functions/webhook.ts` has these paths, so no other function carries what only readers of the tables need.
 */
export async function tables({ method, path }: Request, app: App): Promise<Response | undefined> {
  if (method !== 'GET') return undefined
  if (path === '/health') {
    await app.receiver.queues.ready(app.receiver.intake)
    return ok({ status: 'ready', stage: app.stage, edition: app.tables.date })
  }
  if (path === '/actions') return ok({ edition: app.tables.date, actions: app.tables.actions })
  if (path === '/locations') {
    const locations = app.tables.regions.map(({ domains: _domains, ...row }) => row)
    return ok({ edition: app.tables.date, locations })
  }
  return undefined
}
