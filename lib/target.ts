import type { Family } from './actions.ts'
import type { Activity, Target } from './activity.ts'
import { crn } from './crn.ts'
import type { EditionAction } from './edition.ts'
import { RouterError } from './errors.ts'
import type { Registry } from './registries.ts'

/** What an action needs of its target, which of it names the target, and which is repeated as the action's custom data. */
export interface TargetRule {
  /** The field that the event's target is; `repository` stands for the image or repository. Without it: the account's registry. */
  is?: 'repository' | 'namespace' | 'token' | 'issueId'
  /** All of these. */
  needs?: readonly (keyof Target)[]
  /** At least one of these. */
  either?: readonly (keyof Target)[]
  /** Kept as text in `requestData.RequestParameters`, as the events page says for this action. */
  parameters?: readonly (keyof Target)[]
}

/** What is peculiar to a family: what its targets need, and the actions that need something else. */
export interface FamilyRules {
  family: Family
  target: TargetRule
  except?: Readonly<Record<string, TargetRule>>
}

/** Throws `INVALID_TARGET`, naming the field, when `target` lacks what `rule` asks for `action`. */
export function checkTarget(action: string, rule: TargetRule, target: Target): void {
  const missing = rule.needs?.find((field) => target[field] === undefined)
  if (missing) throw new RouterError('INVALID_TARGET', `target.${missing} is missing: ${action} needs it.`)
  if (rule.either?.every((field) => target[field] === undefined)) {
    const fields = rule.either.map((field) => `target.${field}`).join(' or ')
    throw new RouterError('INVALID_TARGET', `${fields} is missing: ${action} needs one of them.`)
  }
}

/** The target of an audit event. */
export interface EventTarget {
  id: string
  name: string
  typeURI: string
  alias?: string
  resourceGroupId?: string
  host?: { address: string }
}

/** Name and id of an image: by tag or digest as it was asked for, and by digest when it is known. */
function imageOf({ repository, tag, digest }: Target, { domain }: Registry): { name: string; id: string } | undefined {
  if (!repository) return undefined
  const image = `${domain}/${repository}`
  const byDigest = digest ? `${image}@${digest}` : undefined
  const name = tag ? `${image}:${tag}` : (byDigest ?? image)
  return { name, id: byDigest ?? name }
}

/** Name and id of what `rule` says that the target is; without it of the account's registry. */
function identify(
  target: Target,
  row: EditionAction,
  rule: TargetRule,
  registry: Registry,
): { name: string; id: string } {
  const image = rule.is === 'repository' ? imageOf(target, registry) : undefined
  if (image) return image
  const resource = rule.is ? target[rule.is] : undefined
  if (resource === undefined) return { name: registry.domain, id: crn('', registry.account) }
  const kind = row.type.split('/')[1] as string
  return { name: resource, id: crn('', registry.account, kind, resource) }
}

/** The event's target: what `rule` says that it is, as the sender named it. `domain` is the one that the sender says it served. */
export function writeTarget(
  target: Target,
  row: EditionAction,
  rule: TargetRule,
  registry: Registry,
  domain: string | undefined,
): EventTarget {
  const { name, id } = identify(target, row, rule, registry)
  const host = target.host ?? domain
  return {
    id: target.id ?? id,
    name: target.name ?? name,
    typeURI: row.type,
    ...(target.alias ? { alias: target.alias } : {}),
    ...(target.resourceGroupId ? { resourceGroupId: target.resourceGroupId } : {}),
    ...(host ? { host: { address: host } } : {}),
  }
}

// Fields of a target that stand in the event's target whatever it is.
const IN_TARGET: ReadonlySet<string> = new Set(['id', 'name', 'alias', 'resourceGroupId', 'host'])
const OF_IMAGE: ReadonlySet<string> = new Set(['repository', 'tag', 'digest'])

/** What the sender asked, and what its target says beyond what names it; `target` is the event's. */
export function writeRequestData(
  activity: Activity,
  rule: TargetRule,
  target: EventTarget,
  registry: Registry,
): Record<string, unknown> {
  const given = activity.target
  const data: Record<string, unknown> = { ...activity.requestData }
  // What did not go into the target's name or id must not vanish.
  const chosen = given.id !== undefined && given.name !== undefined
  const isImage = rule.is === 'repository' && given.repository !== undefined && !chosen
  for (const [field, value] of Object.entries(given)) {
    const inTarget = IN_TARGET.has(field) || (isImage ? OF_IMAGE.has(field) : field === rule.is && !chosen)
    if (!inTarget && !rule.parameters?.includes(field as keyof Target)) data[field] ??= value
  }
  const parameters = (rule.parameters ?? []).flatMap((field) => {
    if (field === 'name') return [[field, target.name]]
    if (given[field] === undefined) return []
    return [[field, field === 'repository' ? `${registry.domain}/${given.repository}` : String(given[field])]]
  })
  if (parameters.length > 0) data.RequestParameters ??= Object.fromEntries(parameters)
  return data
}
