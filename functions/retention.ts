import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Retention policies: setting or trying one out says the policy, reading one says whose. A list needs nothing. */
export const retention = family('retention', {
  target: { is: 'namespace', needs: ['namespace', 'policy'] },
  except: {
    'container-registry.retention.get': { is: 'namespace', needs: ['namespace'] },
    'container-registry.retention.list': { is: 'namespace' },
  },
})

export const handler = http([retention])
