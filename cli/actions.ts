import { actions } from '../lib/actions.ts'

const PREFIX = 'container-registry.'

/** `image.push` for `container-registry.image.push`. */
export const shortAction = (action: string): string =>
  action.startsWith(PREFIX) ? action.slice(PREFIX.length) : action

/** Every action of any edition, by its short name. */
export const shortActions: readonly string[] = actions.map(({ action }) => shortAction(action))

export const families: readonly string[] = [...new Set(actions.map(({ family }) => family))].sort()
