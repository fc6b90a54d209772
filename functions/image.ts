import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Images: a repository with a tag or a digest. A list needs nothing, a bulk deletion its repository. */
export const image = family('image', {
  target: { needs: ['repository'], either: ['tag', 'digest'] },
  except: {
    'container-registry.image.list': {},
    'container-registry.image.bulkdelete': { needs: ['repository'] },
  },
})

export const handler = http([image])
