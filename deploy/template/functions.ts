import { intakeQueue } from '../../lib/queues/names.ts'
import { BUILD_DIR, functionNames } from '../bundle.ts'
import type { Deployment } from './deployment.ts'
import { BATCH_SIZE, BATCH_WINDOW, MAX_CONCURRENCY, queueId, TIMEOUT } from './queues.ts'
import { roleId } from './roles.ts'

/** Every path that the search function answers (docs/search.md). */
const SEARCH_PATHS = [
  ...['/events', '/events/{proxy+}', '/logs', '/logs/{proxy+}', '/reader', '/searches'],
  ...['/', '/viewer.js', '/viewer.css', '/viewer.svg'],
]

/** The functions of `serverless.yml`: the router on the intake queue, every other one on its path. */
export function functions(deployment: Deployment): Record<string, object> {
  const events = (name: string): object[] => {
    if (name === 'router') {
      const mapping = {
        arn: { 'Fn::GetAtt': [queueId(deployment.stage, intakeQueue(deployment.stage, '')), 'Arn'] },
        batchSize: BATCH_SIZE,
        maximumBatchingWindow: BATCH_WINDOW,
        maximumConcurrency: MAX_CONCURRENCY,
        functionResponseType: 'ReportBatchItemFailures',
      }
      return [{ sqs: mapping }]
    }
    if (name === 'archive') return []
    if (name === 'upkeep' || name === 'alerts') return []
    if (name === 'search') return SEARCH_PATHS.map((path) => ({ httpApi: `GET ${path}` }))
    if (name === 'webhook') return [{ httpApi: 'POST /webhooks/{registry}' }, { httpApi: '*' }]
    return [{ httpApi: `POST /webhooks/{registry}/${name}` }]
  }
  const entries = functionNames.map((name) => [
    name,
    {
      handler: `${BUILD_DIR}/${name}.handler`,
      role: roleId(name),
      timeout: TIMEOUT,
      package: { patterns: [`${BUILD_DIR}/${name}.cjs`] },
      events: events(name),
    },
  ])
  return Object.fromEntries(entries)
}
