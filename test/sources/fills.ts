import type { AuditEvent, Provenance } from '../../lib/event.ts'
import { about, type SourceName, sources } from '../../lib/sources/index.ts'
import type { Verdict } from '../../lib/sources/vocabulary.ts'

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

const means = (verdict: Verdict | undefined, action: string): boolean =>
  verdict !== undefined && 'action' in verdict && `container-registry.${verdict.action}` === action

/** What is wrong with the rule that an event names: the vocabulary has to have it, for that action. */
function contradictingRule(action: string, { source, rule }: Provenance): string[] {
  const { vocabulary } = sources[source as SourceName]
  if (Object.keys(vocabulary).length === 0) return rule === action ? [] : [`the rule is ${rule}`]
  const meaning = vocabulary[rule]
  return means(meaning, action) || means(meaning?.unless?.becomes, action) ? [] : [`the rule is ${rule}`]
}

/**
 * What `event` holds although the docs of its source say never, what it lacks although they say always, and a rule that is none of its
 * source.
 */
export function contradictions(event: AuditEvent): string[] {
  const source = event.route?.source as SourceName
  const { fills } = about[source]
  const filled = filledOf(event)
  const fields = (Object.keys(fills) as Field[]).flatMap((field) => {
    const said = fills[field]
    if (said === 'never' && filled[field]) return [`${field} is filled`]
    // A success is what every other event says, too.
    if (said === 'always' && !filled[field] && field !== 'outcome') return [`${field} is not filled`]
    return []
  })
  return [...fields, ...contradictingRule(event.action, event.route as Provenance)]
}
