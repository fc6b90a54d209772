import {
  deadLetterQueue,
  intakeQueue,
  locationQueues,
  type QueueSpec,
  quarantineQueue,
  queuesOf,
} from '../lib/queues/names.ts'
import type { QueueRef } from '../lib/queues/queue.ts'
import { BUILD_DIR, functionNames } from './bundle.ts'

// What `serverless.yml` would have to repeat for every function and queue, derived from the tables.

/** What a template is made for. */
export interface Deployment {
  service: string
  stage: string
  awsRegion: string
  registryIds: readonly string[]
}

/** Seconds that a function may run. */
const TIMEOUT = 10
/** Records of one invocation of the router, and seconds that Lambda may wait to gather them. */
export const BATCH_SIZE = 100
const BATCH_WINDOW = 1
/** Six times the function's time and the window, as AWS advises: an event is not handed out twice while it is being routed. */
const VISIBILITY_TIMEOUT = 6 * TIMEOUT + BATCH_WINDOW
/** How often a message may come back before it goes to the dead-letter queue. */
const MAX_RECEIVES = 10
/** The same for quarantine, which nobody consumes: looking into it counts as receiving. The most that SQS takes. */
const MAX_LOOKS = 1000
/** 14 days, the most that SQS keeps a message. */
const RETENTION = 14 * 24 * 60 * 60

const pascal = (name: string): string => name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** `registry-events-prod-eu-de-dlq` → `EuDeDlqQueue`. */
const logicalId = (stage: string, { name }: QueueRef): string =>
  `${pascal(name.slice(`registry-events-${stage}-`.length))}Queue`

const arn = ({ name, awsRegion }: QueueRef) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:sqs:${awsRegion}:\${AWS::AccountId}:${name}`,
})

const allow = (Action: readonly string[], Resource: readonly unknown[]) => ({ Effect: 'Allow', Action, Resource })

/** What the function `name` may do: its own queues, the secrets of the configured registries, its own log. */
function statements(name: string, { service, stage, awsRegion, registryIds }: Deployment) {
  const log = `log-group:/aws/lambda/${service}-${stage}-${name}:log-stream:*`
  const logs = allow(
    ['logs:CreateLogStream', 'logs:PutLogEvents'],
    [{ 'Fn::Sub': `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:${log}` }],
  )
  const intake = arn(intakeQueue(stage, awsRegion))
  if (name === 'router') {
    const consume = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes']
    return [logs, allow(consume, [intake]), allow(['sqs:SendMessage'], locationQueues(stage).map(arn))]
  }
  const secrets = registryIds.map((id) => ({
    // Secrets Manager puts a dash and six characters behind the name.
    'Fn::Sub': `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:registry-events/${stage}/${id}-??????`,
  }))
  return [
    logs,
    allow(['sqs:SendMessage'], [intake, arn(quarantineQueue(stage, awsRegion))]),
    allow(['sqs:GetQueueAttributes'], [intake]),
    allow(['secretsmanager:GetSecretValue'], secrets),
  ]
}

const role = (name: string, deployment: Deployment) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    Policies: [
      { PolicyName: 'own', PolicyDocument: { Version: '2012-10-17', Statement: statements(name, deployment) } },
    ],
  },
})

/** Attributes of a queue as SQS and CloudFormation name them; a dead-letter queue has no `deadLetterArn`. */
export function queueAttributes(kind: QueueSpec['kind'] | 'dlq', deadLetterArn?: unknown): Record<string, unknown> {
  const maxReceiveCount = kind === 'quarantine' ? MAX_LOOKS : MAX_RECEIVES
  return {
    MessageRetentionPeriod: RETENTION,
    MaximumMessageSize: 1024 * 1024,
    ...(kind === 'intake' ? { VisibilityTimeout: VISIBILITY_TIMEOUT } : {}),
    ...(deadLetterArn ? { RedrivePolicy: { deadLetterTargetArn: deadLetterArn, maxReceiveCount } } : {}),
  }
}

function queueResources(queue: QueueSpec, stage: string): [string, object][] {
  const dead = deadLetterQueue(queue)
  const deadId = logicalId(stage, dead)
  const encrypted = { SqsManagedSseEnabled: true }
  const kept = { UpdateReplacePolicy: 'Retain', DeletionPolicy: 'Retain' }
  const Type = 'AWS::SQS::Queue'
  return [
    [deadId, { Type, ...kept, Properties: { QueueName: dead.name, ...encrypted, ...queueAttributes('dlq') } }],
    [
      logicalId(stage, queue),
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

/** The functions of `serverless.yml`: the router on the intake queue, every other one on its path. */
export function functions(deployment: Deployment): Record<string, object> {
  const events = (name: string): object[] => {
    if (name === 'router') {
      const mapping = {
        arn: { 'Fn::GetAtt': [logicalId(deployment.stage, intakeQueue(deployment.stage, '')), 'Arn'] },
        batchSize: BATCH_SIZE,
        maximumBatchingWindow: BATCH_WINDOW,
        functionResponseType: 'ReportBatchItemFailures',
      }
      return [{ sqs: mapping }]
    }
    if (name === 'webhook') return [{ httpApi: 'POST /webhooks/{registry}' }, { httpApi: '*' }]
    return [{ httpApi: `POST /webhooks/{registry}/${name}` }]
  }
  const entries = functionNames.map((name) => [
    name,
    {
      handler: `${BUILD_DIR}/${name}.handler`,
      role: `${pascal(name)}Role`,
      timeout: TIMEOUT,
      package: { patterns: [`${BUILD_DIR}/${name}.cjs`] },
      events: events(name),
    },
  ])
  return Object.fromEntries(entries)
}

/** Queues that belong in this AWS region, and a role for each function. */
export function resources(deployment: Deployment): { Resources: Record<string, object> } {
  const { stage, awsRegion } = deployment
  const queues = queuesOf(stage, awsRegion).flatMap((queue) => queueResources(queue, stage))
  const roles = functionNames.map((name): [string, object] => [`${pascal(name)}Role`, role(name, deployment)])
  return { Resources: Object.fromEntries([...queues, ...roles]) }
}
