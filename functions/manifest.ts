import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Manifests: a repository with a tag or a digest. */
export const manifest = family('manifest', {
  target: { is: 'repository', needs: ['repository'], either: ['tag', 'digest'] },
})

export const handler = http([manifest])
