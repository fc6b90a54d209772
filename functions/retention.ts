import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Retention policies: setting or trying one out says the policy, reading one says whose. A list needs nothing. */
export const retention = family('retention', {
  target: { needs: ['namespace', 'policy'] },
  except: {
    'container-registry.retention.get': { needs: ['namespace'] },
    'container-registry.retention.list': {},
  },
})

export const handler = http([retention])
