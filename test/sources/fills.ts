import type { AuditEvent } from '../../lib/event.ts'
import { about, type SourceName } from '../../lib/sources/index.ts'

type Field = keyof (typeof about)[SourceName]['fills']

/** Which fields of `event`, as it lies on the intake queue, hold what the sender said. */
function filledOf({ initiator, target, outcome, route }: AuditEvent): Record<Field, boolean> {
  const assumed = route?.assumed ?? []
  const image = target.name.slice((route?.domain ?? '').length)
  return {
    actor: !assumed.includes('initiator.name'),
    repository: target.name.startsWith(`${route?.domain}/`),
    tag: /^[^@]*:[^@]*$/.test(image),
    digest: target.id.includes('@'),
    address: initiator.host.address !== '',
    agent: initiator.host.agent !== undefined,
    time: !assumed.includes('eventTime'),
    domain: target.host !== undefined,
    outcome: outcome !== 'success',
  }
}

/** What `event` holds although the docs of its source say never, and what it lacks although they say always. */
export function contradictions(event: AuditEvent): string[] {
  const source = event.route?.source as SourceName
  const { fills } = about[source]
  const filled = filledOf(event)
  return (Object.keys(fills) as Field[]).flatMap((field) => {
    const said = fills[field]
    if (said === 'never' && filled[field]) return [`${field} is filled`]
    // A success is what every other event says, too.
    if (said === 'always' && !filled[field] && field !== 'outcome') return [`${field} is not filled`]
    return []
  })
}
