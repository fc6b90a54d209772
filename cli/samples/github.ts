import { iso, json, type Sample, split } from './sample.ts'
import { hubSha256 } from './ways.ts'

export const github: Sample = {
  way: () => hubSha256,
  actions: {
    'image.push': (told) => {
      const { namespace, name } = split(told)
      return json(
        {
          action: 'published',
          package: {
            id: 1,
            name,
            namespace,
            ecosystem: 'CONTAINER',
            package_type: 'CONTAINER',
            updated_at: iso(told),
            owner: { login: namespace },
            package_version: {
              version: told.digest,
              updated_at: iso(told),
              container_metadata: {
                tag: { name: told.tag, digest: told.digest },
                manifest: { digest: told.digest, media_type: 'application/vnd.oci.image.manifest.v1+json' },
              },
              package_url: `ghcr.io/${told.repository}:${told.tag}`,
            },
          },
          repository: { full_name: told.repository },
          sender: { login: told.initiator },
        },
        { 'x-github-event': 'package', 'x-github-delivery': told.id },
      )
    },
  },
}
