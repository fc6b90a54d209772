import { family } from '../lib/family.ts'
import { http } from '../lib/runtimes/lambda.ts'

/** Registry tokens: the id of the token, never the token. Lists and bulk deletions need nothing. */
export const registrytoken = family('registrytoken', {
  target: { is: 'token', needs: ['token'] },
  except: {
    'container-registry.registrytoken.list': {},
    'container-registry.registrytokens.delete': {},
  },
})

export const handler = http([registrytoken])
