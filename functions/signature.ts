import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Signatures: the signed image, by tag or digest. How and what was signed is kept as the events page says. */
export const signature = family('signature', {
  target: {
    is: 'repository',
    needs: ['repository'],
    either: ['tag', 'digest'],
    parameters: ['repository', 'signatureMethod', 'signatureObject'],
  },
})

export const handler = http([signature])
