import { registries } from '../registries.ts'
import type { Alerting } from './alerts/alerts.ts'
import { asking } from './alerts/ask.ts'
import { type AlertSearch, alertSearches } from './alerts/searches.ts'
import { post } from './alerts/webhook.ts'
import { type ArchiveApp, archiveApp } from './archiveapp.ts'
import { RouterError } from './errors.ts'
import type { Queues, Refusal } from './queues/queue.ts'
import { sqs } from './queues/sqs.ts'
import type { RegistryConfig } from './registries.ts'
import { route } from './route.ts'
import { searchApp } from './search/app.ts'
import type { Archives } from './search/search.ts'

/** Milliseconds until a receiver has to have answered. */
const RECEIVER_TIMEOUT = 10_000
/** Milliseconds after which no further alert is sent in a run; looking, and one more try, have to fit into the rest of a minute. */
const PATIENCE = 30_000

/** Id of the secret that signs the alerts of the search `id`. */
export const alertSecret = (id: string): string => `alert-${id}`

async function toQueue(queues: Queues, { id: search, to }: AlertSearch, id: string, body: string): Promise<void> {
  if (!('queue' in to)) return
  const refusals = new Map<number, Refusal>()
  const message = { body, attributes: { type: 'alert', search, id } }
  const failed = await queues.send({ name: to.queue, awsRegion: to.awsRegion }, [message], RECEIVER_TIMEOUT, refusals)
  if (failed.length > 0) throw new RouterError('UNAVAILABLE', `${to.queue} refused the alert: ${refusals.get(0)?.why}`)
}

/** Puts alerts together: they ask `archives` and look after the searches of `archive.ts` in this AWS region. */
export function startAlerts(
  { config, archives: settings, aws, locations, store, secretsOf }: ArchiveApp,
  archives: Archives,
  configs: readonly RegistryConfig[] = registries,
): Alerting {
  const searches = alertSearches(settings.searches)
  const signed = searches.filter(({ to }) => 'webhook' in to).map(({ id }) => alertSecret(id))
  const secrets = secretsOf(signed, 'local')
  const queues = sqs({ ...aws, accountId: config.accountId, timeout: RECEIVER_TIMEOUT })
  return {
    searches,
    locations,
    registries: new Map(
      configs.map(({ id, region, editions }) => [id, route(region, editions?.[0] ?? config.edition).location]),
    ),
    store,
    ask: asking(archives),
    async send(search, id, body) {
      const { to } = search
      if (!('webhook' in to)) return toQueue(queues, search, id, body)
      const values = await secrets(alertSecret(search.id))
      const { emulated } = config
      await post({
        address: to.webhook,
        id,
        body,
        secrets: values,
        emulated,
        now: Date.now(),
        timeout: RECEIVER_TIMEOUT,
      })
    },
    viewer: settings.viewer,
    now: Date.now,
    patience: PATIENCE,
  }
}

let started: Alerting | undefined

/** The alerts of this process, made at the first call. An attempt that failed is made again at the next one. */
export function alertApp(): Alerting {
  started ??= startAlerts(archiveApp(), searchApp().archives)
  return started
}
