import type { Deployment } from './template/deployment.ts'
import { queues } from './template/queues.ts'
import { roles } from './template/roles.ts'

// What `serverless.yml` would have to repeat for every function and queue, derived from the tables.

export type { Deployment } from './template/deployment.ts'
export { functions } from './template/functions.ts'
export { BATCH_SIZE, queueAttributes } from './template/queues.ts'

/** Queues that belong in this AWS region, and a role for each function. */
export function resources(deployment: Deployment): { Resources: Record<string, object> } {
  return { Resources: Object.fromEntries([...queues(deployment), ...roles(deployment)]) }
}
