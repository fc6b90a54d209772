import type { Initiator } from './activity.ts'
import { readAddress } from './address.ts'

/** The initiator of an audit event. */
export interface EventInitiator {
  id: string
  name: string
  typeURI: string
  credential: { type: string }
  host: { address: string; addressType: string; agent?: string }
  authnId?: string
  authnName?: string
}

const TYPE_URI = {
  user: 'service/security/account/user',
  serviceid: 'service/security/account/serviceid',
  certificateid: 'service/security/client/certificateid',
  clientid: 'service/security/clientid',
} as const

function kindOf(id: string): keyof typeof TYPE_URI {
  if (id.startsWith('iam-ServiceId-')) return 'serviceid'
  if (id.startsWith('CertificateId-')) return 'certificateid'
  return 'user'
}

/**
 * The event's initiator. What the format requires and the sender does not say gets its documented stand-in (docs/events.md), and its
 * path is put into `assumed`; `source` names the sender when the actor is not known.
 */
export function writeInitiator(initiator: Initiator, source: string, assumed: string[]): EventInitiator {
  const id = initiator.id || initiator.name || ''
  if (!id) assumed.push('initiator.name')
  if (!initiator.credential) assumed.push('initiator.credential.type')
  return {
    id,
    name: initiator.name || id || source,
    typeURI: TYPE_URI[initiator.type ?? (id ? kindOf(id) : 'clientid')],
    credential: { type: initiator.credential ?? (id ? 'user' : 'public-access') },
    host: {
      ...readAddress(initiator.address ?? ''),
      ...(initiator.agent ? { agent: initiator.agent } : {}),
    },
    ...(initiator.authnId ? { authnId: initiator.authnId } : {}),
    ...(initiator.authnName ? { authnName: initiator.authnName } : {}),
  }
}
