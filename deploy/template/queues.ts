import { deadLetterQueue, type QueueSpec, queuesOf } from '../../lib/queues/names.ts'
import type { QueueRef } from '../../lib/queues/queue.ts'
import { type Deployment, pascal, shortName } from './deployment.ts'

// The queues of a deployment, and how the router takes from its own.

/** Seconds that a function may run. */
export const TIMEOUT = 10
/** Records of one invocation of the router, and seconds that Lambda may wait to gather them. */
export const BATCH_SIZE = 100
export const BATCH_WINDOW = 1
/** Six times the function's time and the window, as AWS advises: an event is not handed out twice while it is being routed. */
const VISIBILITY_TIMEOUT = 6 * TIMEOUT + BATCH_WINDOW
/** How often a message may come back before it goes to the dead-letter queue. */
const MAX_RECEIVES = 10
/** 14 days, the most that SQS keeps a message. */
const RETENTION = 14 * 24 * 60 * 60

/** `registry-events-prod-eu-de-dlq` → `EuDeDlqQueue`. */
export const queueId = (stage: string, queue: QueueRef): string => `${pascal(shortName(stage, queue))}Queue`

/** Attributes of a queue as SQS and CloudFormation name them; a dead-letter queue has no `deadLetterArn`. */
export function queueAttributes(kind: QueueSpec['kind'] | 'dlq', deadLetterArn?: unknown): Record<string, unknown> {
  return {
    MessageRetentionPeriod: RETENTION,
    MaximumMessageSize: 1024 * 1024,
    ...(kind === 'intake' ? { VisibilityTimeout: VISIBILITY_TIMEOUT } : {}),
    ...(deadLetterArn ? { RedrivePolicy: { deadLetterTargetArn: deadLetterArn, maxReceiveCount: MAX_RECEIVES } } : {}),
  }
}

function queueResources(queue: QueueSpec, stage: string): [string, object][] {
  const dead = deadLetterQueue(queue)
  const deadId = queueId(stage, dead)
  const encrypted = { SqsManagedSseEnabled: true }
  const kept = { UpdateReplacePolicy: 'Retain', DeletionPolicy: 'Retain' }
  const Type = 'AWS::SQS::Queue'
  return [
    [deadId, { Type, ...kept, Properties: { QueueName: dead.name, ...encrypted, ...queueAttributes('dlq') } }],
    [
      queueId(stage, queue),
      {
        Type,
        ...kept,
        Properties: {
          QueueName: queue.name,
          ...encrypted,
          ...queueAttributes(queue.kind, { 'Fn::GetAtt': [deadId, 'Arn'] }),
        },
      },
    ],
  ]
}

/** The queues that belong in this AWS region, each with its dead-letter queue. */
export const queues = ({ stage, awsRegion }: Deployment): [string, object][] =>
  queuesOf(stage, awsRegion).flatMap((queue) => queueResources(queue, stage))
