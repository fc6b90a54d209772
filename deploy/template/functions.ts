import { archiveQueue, intakeQueue } from '../../lib/queues/names.ts'
import type { QueueRef } from '../../lib/queues/queue.ts'
import { BUILD_DIR } from '../bundle.ts'
import { viewerPaths } from '../web.ts'
import { type Deployment, functionsOf, placeIn } from './deployment.ts'
import { ARCHIVE_TIMEOUT, MAPPINGS, queueId, TIMEOUT } from './queues.ts'
import { roleId } from './roles.ts'

/** Every path that the search function answers (docs/search.md). */
const SEARCH_PATHS = [
  ...['/events', '/events/{proxy+}', '/logs', '/logs/{proxy+}', '/reader', '/searches'],
  ...viewerPaths,
]

/** A whole processor, to write and to read files. */
const WHOLE_PROCESSOR = 1769

/** What functions need beyond what others do: seconds, and megabytes. */
const needs: Readonly<Record<string, { timeout: number; memorySize?: number }>> = {
  archive: { timeout: ARCHIVE_TIMEOUT, memorySize: WHOLE_PROCESSOR },
  // As long as an HTTP API waits.
  search: { timeout: 30, memorySize: 1024 },
  upkeep: { timeout: 300, memorySize: WHOLE_PROCESSOR },
  alerts: { timeout: 60 },
}

const schedules: Readonly<Record<string, string>> = { upkeep: 'rate(1 hour)', alerts: 'rate(1 minute)' }

/** What calls the function `name`: a queue, a clock, or requests on its paths. */
function eventsOf(name: string, deployment: Deployment): object[] {
  const { stage } = deployment
  const consume = (queue: QueueRef, settings: object) => {
    const arn = { 'Fn::GetAtt': [queueId(stage, queue), 'Arn'] }
    return [{ sqs: { arn, ...settings, functionResponseType: 'ReportBatchItemFailures' } }]
  }
  const place = placeIn(deployment)
  if (name === 'router') return consume(intakeQueue(stage, ''), MAPPINGS.intake)
  if (name === 'archive' && place) return consume(archiveQueue(stage, place), MAPPINGS.archive)
  if (name === 'search') return SEARCH_PATHS.map((path) => ({ httpApi: `GET ${path}` }))
  if (schedules[name]) return [{ schedule: { rate: [schedules[name]] } }]
  if (name === 'webhook') return [{ httpApi: 'POST /webhooks/{registry}' }, { httpApi: '*' }]
  return [{ httpApi: `POST /webhooks/{registry}/${name}` }]
}

/** The functions of `serverless.yml`: the router and the archive function on their queues, every other one on its clock or its paths. */
export function functions(deployment: Deployment): Record<string, object> {
  const entries = functionsOf(deployment).map((name) => [
    name,
    {
      handler: `${BUILD_DIR}/${name}.handler`,
      role: roleId(name),
      timeout: TIMEOUT,
      ...needs[name],
      package: { patterns: [`${BUILD_DIR}/${name}.cjs`] },
      events: eventsOf(name, deployment),
    },
  ])
  return Object.fromEntries(entries)
}
