import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Quotas of the account: changing them says the numbers. */
export const quota = family('quota', {
  target: {},
  except: {
    'container-registry.quota.set': { either: ['storageMegabytes', 'trafficMegabytes', 'storagePercent'] },
  },
})

export const handler = http([quota])
