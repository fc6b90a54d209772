import { iso, json, type Sample, type Told } from './sample.ts'
import { basic } from './ways.ts'

/** A CloudEvent in binary mode: what happened stands in the headers. */
const event = (type: string, told: Told, data: object) =>
  json(
    {
      name: told.repository,
      ...data,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      actor: { name: told.initiator },
      request: { addr: `${told.address}:51312`, method: 'PUT', useragent: told.agent },
    },
    {
      'ce-specversion': '1.0',
      'ce-id': told.id,
      'ce-source': 'zot.example.com',
      'ce-type': `zotregistry.${type}`,
      'ce-time': iso(told),
    },
  )

export const zot: Sample = {
  way: () => basic,
  actions: {
    'image.push': (told) => event('image.updated', told, { reference: told.tag, digest: told.digest }),
    'image.untag': (told) => event('image.deleted', told, { reference: told.tag }),
    'image.delete': (told) => event('image.deleted', told, { reference: told.digest, digest: told.digest }),
    'namespace.create': (told) => event('repository.created', told, {}),
  },
}
