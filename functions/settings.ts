import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Settings of the registry service: changing them says to what. */
export const settings = family('settings', {
  target: {},
  except: {
    'container-registry.settings.set': { needs: ['platformMetrics'] },
  },
})

export const handler = http([settings])
