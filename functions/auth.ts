import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Network and IAM access of the account: reading it needs nothing, changing it says what it was changed to. */
export const auth = family('auth', {
  target: {},
  except: {
    'container-registry.auth.set': { either: ['privateOnly', 'iamAuthz'] },
  },
})

export const handler = http([auth])
