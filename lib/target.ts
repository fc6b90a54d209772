import type { Target } from './activity.ts'
import { RouterError } from './errors.ts'

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

/** Throws `INVALID_TARGET`, naming the field, when `target` lacks what `rule` asks for `action`. */
export function checkTarget(action: string, rule: TargetRule, target: Target): void {
  const missing = rule.needs?.find((field) => target[field] === undefined)
  if (missing) throw new RouterError('INVALID_TARGET', `target.${missing} is missing: ${action} needs it.`)
  if (rule.either?.every((field) => target[field] === undefined)) {
    const fields = rule.either.map((field) => `target.${field}`).join(' or ')
    throw new RouterError('INVALID_TARGET', `${fields} is missing: ${action} needs one of them.`)
  }
}
