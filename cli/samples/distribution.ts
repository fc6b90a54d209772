import { iso, json, type Sample, type Told } from './sample.ts'
import { bearer } from './ways.ts'

const event = (action: string, method: string, told: Told, target: object) =>
  json(
    {
      events: [
        {
          id: told.id,
          timestamp: iso(told),
          action,
          target: { repository: told.repository, ...target },
          request: {
            id: told.id,
            addr: `${told.address}:51312`,
            host: told.domain,
            method,
            useragent: told.agent,
          },
          actor: { name: told.initiator },
          source: { addr: 'sample:5000', instanceID: told.id },
        },
      ],
    },
    { 'content-type': 'application/vnd.docker.distribution.events.v1+json' },
  )

const manifest = ({ digest, tag }: Told) => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: 412,
  digest,
  tag,
})

export const distribution: Sample = {
  way: () => bearer,
  actions: {
    'image.push': (told) => event('push', 'PUT', told, manifest(told)),
    'image.pull': (told) => event('pull', 'GET', told, manifest(told)),
    'image.delete': (told) => event('delete', 'DELETE', told, { digest: told.digest }),
    'image.untag': (told) => event('delete', 'DELETE', told, { tag: told.tag }),
    'image.bulkdelete': (told) => event('delete', 'DELETE', told, {}),
  },
}
