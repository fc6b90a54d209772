import { deadLetterQueue, type QueueSpec, queuesOf } from '../../lib/queues/names.ts'
import type { QueueRef } from '../../lib/queues/queue.ts'
import { type Deployment, denyPlain, pascal, shortName } from './deployment.ts'

// The queues of a deployment, and how the router takes from its own.

/** Seconds that a function may run: the longest round of the router (lib/router.ts) and some more. */
export const TIMEOUT = 15
/** The same for the archive function: a batch of 6 MB, which is the most that Lambda hands over, and one of somebody else to finish. */
export const ARCHIVE_TIMEOUT = 60
/** Records of one invocation of the router. */
export const BATCH_SIZE = 100
/**
 * How Lambda feeds the functions that consume a queue: records of one invocation, seconds to gather them, and the most batches at once.
 * Without a limit of its own a mapping takes more than the functions of an account may run, and each batch that is turned away then counts
 * as received. The archive gets large batches, because each makes files; two is the least that a mapping can be limited to.
 */
export const MAPPINGS = {
  intake: { batchSize: BATCH_SIZE, maximumBatchingWindow: 1, maximumConcurrency: 10 },
  archive: { batchSize: 10_000, maximumBatchingWindow: 10, maximumConcurrency: 2 },
} as const
/** Six times the function's time and the window, as AWS advises: an event is not handed out twice while it is being worked on. */
const VISIBILITY_TIMEOUTS = {
  intake: 6 * TIMEOUT + MAPPINGS.intake.maximumBatchingWindow,
  archive: 6 * ARCHIVE_TIMEOUT + MAPPINGS.archive.maximumBatchingWindow,
} as const
/**
 * How often a message may be received before SQS moves it to the dead-letter queue. On the intake queue the router decides, on an archive queue
 * the archive function (docs/queues.md), and who only looks into quarantine receives, too: the most that SQS takes. Consumers of the other
 * queues are other people's.
 */
const MAX_RECEIVES = { intake: 1000, quarantine: 1000, location: 10, archive: 1000 } as const
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
    ...(kind === 'intake' || kind === 'archive' ? { VisibilityTimeout: VISIBILITY_TIMEOUTS[kind] } : {}),
    ...(redrive ? { RedrivePolicy: redrive } : {}),
  }
}

/** What touches messages; SQS allows seven actions in a statement. */
const MESSAGE_ACTIONS = [
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:PurgeQueue',
  'sqs:GetQueueAttributes',
  'sqs:GetQueueUrl',
]

/** Turns away whoever comes without TLS, whatever a role allows. */
const tlsOnly = (id: string) => ({
  Type: 'AWS::SQS::QueuePolicy',
  Properties: { Queues: [{ Ref: id }], PolicyDocument: denyPlain(MESSAGE_ACTIONS, { 'Fn::GetAtt': [id, 'Arn'] }) },
})

/** A queue with its policy; both are kept when the deployment is removed. */
function queueResources(stage: string, queue: QueueRef, attributes: Record<string, unknown>): [string, object][] {
  const id = queueId(stage, queue)
  const kept = { UpdateReplacePolicy: 'Retain', DeletionPolicy: 'Retain' }
  const Properties = { QueueName: queue.name, SqsManagedSseEnabled: true, ...attributes }
  return [
    [id, { Type: 'AWS::SQS::Queue', ...kept, Properties }],
    [`${id}Policy`, { ...tlsOnly(id), ...kept }],
  ]
}

/** The queues that belong in this AWS region, each with its dead-letter queue, encrypted, and closed to who comes without TLS. */
export const queues = ({ stage, awsRegion }: Deployment): [string, object][] =>
  queuesOf(stage, awsRegion).flatMap((queue) => {
    const dead = deadLetterQueue(queue)
    const deadArn = { 'Fn::GetAtt': [queueId(stage, dead), 'Arn'] }
    return [
      ...queueResources(stage, dead, queueAttributes('dlq')),
      ...queueResources(stage, queue, queueAttributes(queue.kind, deadArn)),
    ]
  })
