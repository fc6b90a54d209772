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
/**
 * Most batches that the router works on at once. Without a limit of its own the mapping takes more than the functions of an account
 * may run, and each batch that is turned away then counts as received.
 */
export const MAX_CONCURRENCY = 10
/**
 * How often a message may be received before SQS moves it to the dead-letter queue. On the intake queue the router decides (docs/queues.md), and
 * who only looks into quarantine receives, too: the most that SQS takes. Consumers of the other queues are other people's.
 */
const MAX_RECEIVES = { intake: 1000, quarantine: 1000, location: 10, archive: 10 } as const
/** 14 days, the most that SQS keeps a message. */
const RETENTION = 14 * 24 * 60 * 60

/** `registry-events-prod-eu-de-dlq` → `EuDeDlqQueue`. */
export const queueId = (stage: string, queue: QueueRef): string => `${pascal(shortName(stage, queue))}Queue`

/** Attributes of a queue as SQS and CloudFormation name them, with its dead-letter queue unless it is one itself. */
export function queueAttributes(kind: QueueSpec['kind'] | 'dlq', deadLetterArn?: unknown): Record<string, unknown> {
  const redrive = kind !== 'dlq' && { deadLetterTargetArn: deadLetterArn, maxReceiveCount: MAX_RECEIVES[kind] }
  return {
    MessageRetentionPeriod: RETENTION,
    MaximumMessageSize: 1024 * 1024,
    ...(kind === 'intake' ? { VisibilityTimeout: VISIBILITY_TIMEOUT } : {}),
    ...(redrive ? { RedrivePolicy: redrive } : {}),
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
