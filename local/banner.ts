import { readerSecret } from '../lib/archiveapp.ts'
import type { Archives } from '../lib/archives.ts'
import type { Config } from '../lib/config.ts'
import type { Edition } from '../lib/edition.ts'
import { locationQueue } from '../lib/queues/names.ts'
import type { RegistryConfig } from '../lib/registries.ts'
import { route } from '../lib/route.ts'
import { secretVariable } from '../lib/secrets.ts'

const sample = {
  events: [
    {
      id: 'c1a3f1de-5b0c-4c39-9a52-0f3c1f6d7e10',
      timestamp: '2020-07-28T12:00:00Z',
      action: 'push',
      target: {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: `sha256:${'6f25857e'.repeat(8)}`,
        repository: 'team/app',
        tag: '1.0',
      },
      request: { id: 'r1', addr: '192.0.2.10:4711', host: 'de.icr.io', method: 'PUT', useragent: 'curl' },
      actor: { name: 'alice' },
    },
  ],
}

/** A secret in a command: of several values the first one; none is printed. */
const secretOf = (id: string): string => (process.env[secretVariable(id)] ? `\${${secretVariable(id)}%% *}` : 'local')

/** What somebody who just started the emulation wants to know: where everything is, and lines that show that it works. */
export function banner(
  config: Config,
  stage: string,
  tables: Edition,
  registries: readonly RegistryConfig[],
  { readers }: Archives,
): string {
  const http = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`
  const sqs = `http://127.0.0.1:${config.emulatorPort}`
  const registry = registries.find(({ source }) => source === 'distribution') ?? (registries[0] as RegistryConfig)
  const routed = route(registry.region, tables)
  const queue = locationQueue(stage, routed)
  const [reader] = readers.keys()
  const search = reader
    ? `
Or look for it in the archive: open ${http}/ in a browser, with the secret of the reader ${reader}, or

  curl -sS '${http}/events?target=de.icr.io/team/app:1.0' -H "Authorization: Bearer ${secretOf(readerSecret(reader))}"
`
    : ''
  return `
registry-event-router is ready (stage ${stage}, edition ${tables.date})

  webhooks    ${http}/webhooks/<registry>
  viewer      ${http}/
  search      ${http}/events  (docs/search.md)
  tables      ${http}/actions  ${http}/locations
  accounts    ${http}/accounting  (npm run accounting)
  queues      ${sqs}  (SQS; any credentials)
  state       ${config.stateDir}
  registries  ${registries.map(({ id }) => id).join(', ')}

Send an event:

  curl -sS ${http}/webhooks/${registry.id} -H "Authorization: Bearer ${secretOf(registry.id)}" -H 'Content-Type: application/vnd.docker.distribution.events.v2+json' -d '${JSON.stringify(sample)}'

and find it where it belongs, ${routed.locationName}:

  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws sqs receive-message --endpoint-url ${sqs} --region ${queue.awsRegion} --queue-url ${sqs}/${config.accountId}/${queue.name} --message-attribute-names All
${search}
Stop with Ctrl-C.
`
}
