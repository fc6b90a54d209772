import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Namespaces: the name. A list needs nothing. */
export const namespace = family('namespace', {
  target: { is: 'namespace', needs: ['namespace'] },
  except: {
    'container-registry.namespace.list': {},
  },
})

export const handler = http([namespace])
