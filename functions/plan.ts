import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** The pricing plan of the account: changing it says to which. */
export const plan = family('plan', {
  target: {},
  except: {
    'container-registry.plan.set': { needs: ['plan'] },
  },
})

export const handler = http([plan])
