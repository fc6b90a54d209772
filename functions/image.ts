import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Images: a repository with a tag or a digest. Tagging and untagging need the tag. A list needs nothing, a bulk deletion its repository. */
export const image = family('image', {
  target: { is: 'repository', needs: ['repository'], either: ['tag', 'digest'] },
  except: {
    'container-registry.image.list': { is: 'repository' },
    'container-registry.image.bulkdelete': { is: 'repository', needs: ['repository'] },
    'container-registry.image.tag': { is: 'repository', needs: ['repository', 'tag'] },
    'container-registry.image.untag': { is: 'repository', needs: ['repository', 'tag'] },
  },
})

export const handler = http([image])
