import { alarms } from './template/alarms.ts'
import { api, apiSettings } from './template/api.ts'
import { archive } from './template/archive.ts'
import type { Deployment } from './template/deployment.ts'
import { queues } from './template/queues.ts'
import { roles } from './template/roles.ts'

// What `serverless.yml` would have to repeat for every function and queue, derived from the tables.

export { accessLog } from './template/api.ts'
export type { Deployment } from './template/deployment.ts'
export { functions } from './template/functions.ts'
export { BATCH_SIZE, queueAttributes } from './template/queues.ts'

/** Queues and archive that belong in this AWS region, a role for each function, alarms; and what is added to the API that `serverless` makes. */
export function resources(deployment: Deployment) {
  const Resources: Record<string, object> = Object.fromEntries([
    ...queues(deployment),
    ...archive(deployment),
    ...roles(deployment),
    ...api,
    ...alarms(deployment),
  ])
  return { Resources, extensions: apiSettings }
}
