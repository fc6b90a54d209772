import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** The trash: a restored image by repository and tag or digest. A list needs nothing. */
export const trash = family('trash', {
  target: { is: 'repository', needs: ['repository'], either: ['tag', 'digest'] },
  except: {
    'container-registry.trash.list': {},
  },
})

export const handler = http([trash])
