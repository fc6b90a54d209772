import { alertSecret } from '../../lib/alertapp.ts'
import { readerSecret } from '../../lib/archiveapp.ts'
import type { Place } from '../../lib/locations.ts'
import {
  archiveQueue,
  archiveQueues,
  deadLetterQueue,
  intakeQueue,
  locationQueues,
  quarantineQueue,
} from '../../lib/queues/names.ts'
import { isLocked } from '../../lib/stores/s3.ts'
import { archiveArn, resultsArn, tableArns, workGroupArn } from './archive.ts'
import { arn, type Deployment, functionsOf, pascal, placeIn, queueArn } from './deployment.ts'

// What each function may do, and nothing else.

/** Logical id of the role of the function `name`. */
export const roleId = (name: string): string => `${pascal(name)}Role`

const allow = (Action: readonly string[], Resource: readonly unknown[]) => ({ Effect: 'Allow', Action, Resource })

/** A log stream as Lambda names it, `2026/01/31/[$LATEST]` and 32 hexadecimal digits: each `?` stands for one character. */
const STREAM = `????/??/??/[$LATEST]${'?'.repeat(32)}`

/** To write to the log group, which the template makes (docs/architecture.md tells why each of these names). */
function logs(group: string) {
  const stream = arn('logs', `log-group:${group}:log-stream:${STREAM}`)
  return [
    allow(
      ['logs:CreateLogStream'],
      [stream, arn('logs', `log-group:${group}`), arn('logs', `log-group:${group}:log-stream:`)],
    ),
    allow(['logs:PutLogEvents'], [stream]),
  ]
}

const CONSUME = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes']

/** To read secrets of these ids, each of which has an entry of its own. */
function secrets({ stage }: Deployment, ids: readonly string[]) {
  // Secrets Manager puts a dash and six characters behind the name.
  const entries = ids.map((id) => arn('secretsmanager', `secret:registry-events/${stage}/${id}-??????`))
  // A statement must name a resource.
  return entries.length > 0 ? [allow(['secretsmanager:GetSecretValue'], entries)] : []
}

/** What a function may do in an archive besides reading it, by patterns of names. */
interface Rights {
  /** To write, over what is there as well. */
  write?: readonly string[]
  /** To write where nothing is: its writes have to say `If-None-Match`. */
  create?: readonly string[]
  remove?: readonly string[]
}

/** Days that the clocks of a function and of S3 may be apart. */
const APART = 1

/** To lock what is written, in the way and for as long as `archive.ts` says, and not for longer. */
function locking({ lock }: Deployment, arns: readonly object[]) {
  if (!lock || arns.length === 0) return []
  const Condition = {
    NumericLessThanEqualsIfExists: { 's3:object-lock-remaining-retention-days': String(lock.days + APART) },
    StringEqualsIfExists: { 's3:object-lock-mode': lock.mode.toUpperCase() },
  }
  return [{ ...allow(['s3:PutObjectRetention'], arns), Condition }]
}

/** To read the archive, and what `rights` say. */
function archiveOf(deployment: Deployment, place: Place, { write = [], create = [], remove = [] }: Rights = {}) {
  const arnsOf = (patterns: readonly string[]) => patterns.map((pattern) => archiveArn(deployment, place, pattern))
  const onlyNew = { Condition: { Null: { 's3:if-none-match': 'false' } } }
  return [
    // Who may not list is told that an object is forbidden when it is not there.
    allow(['s3:ListBucket'], [archiveArn(deployment, place)]),
    allow(['s3:GetObject'], arnsOf(['*'])),
    ...(write.length > 0 ? [allow(['s3:PutObject'], arnsOf(write))] : []),
    ...(create.length > 0 ? [{ ...allow(['s3:PutObject'], arnsOf(create)), ...onlyNew }] : []),
    ...locking(deployment, arnsOf([...write, ...create].filter(isLocked))),
    ...(remove.length > 0 ? [allow(['s3:DeleteObject'], arnsOf(remove))] : []),
  ]
}

/** To ask Athena, which reads the archive and writes the answer with the rights of whoever asks. */
const ask = (deployment: Deployment, place: Place, rights?: Rights) => [
  ...archiveOf(deployment, place, rights),
  allow(
    ['athena:StartQueryExecution', 'athena:GetQueryExecution', 'athena:GetQueryResults', 'athena:StopQueryExecution'],
    [workGroupArn(deployment)],
  ),
  allow(['glue:GetDatabase', 'glue:GetTable', 'glue:GetPartitions'], tableArns(deployment)),
  allow(['s3:GetBucketLocation'], [archiveArn(deployment, place), resultsArn()]),
  allow(['s3:ListBucket', 's3:ListBucketMultipartUploads'], [resultsArn()]),
  allow(['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'], [resultsArn('*')]),
]

/**
 * What the functions around the archive may do. Nothing but the upkeep may remove events, and nobody the checkpoint. Who may write over an object
 * can't make its older version go: nobody may remove versions (docs/aws.md).
 */
const aroundArchive: Readonly<Record<string, (deployment: Deployment, place: Place) => object[]>> = {
  archive(deployment, place) {
    const queue = archiveQueue(deployment.stage, place)
    return [
      allow(CONSUME, [queueArn(queue)]),
      allow(['sqs:SendMessage'], [queueArn(deadLetterQueue(queue))]),
      ...secrets(deployment, ['log-key']),
      ...archiveOf(deployment, place, {
        write: ['events/*', 'log/checkpoint', 'log/tile/*'],
        create: ['journal/*', 'log/key'],
        // Of tiles the partial ones alone.
        remove: ['journal/*', 'log/tile/*.p/*'],
      }),
    ]
  },
  search: (deployment, place) => [
    ...secrets(deployment, deployment.readerIds.map(readerSecret)),
    ...ask(deployment, place),
  ],
  upkeep: (deployment, place) => [
    ...secrets(deployment, ['log-key']),
    ...archiveOf(deployment, place, { write: ['events/*', 'removed/*'], remove: ['events/*'] }),
  ],
  alerts(deployment, place) {
    const signed = deployment.alerts.filter(({ to }) => 'webhook' in to).map(({ id }) => alertSecret(id))
    const queues = deployment.alerts.flatMap(({ to }) =>
      'queue' in to ? [queueArn({ name: to.queue, awsRegion: to.awsRegion })] : [],
    )
    return [
      ...secrets(deployment, signed),
      ...(queues.length > 0 ? [allow(['sqs:SendMessage'], queues)] : []),
      ...ask(deployment, place, { write: ['alerts/*'] }),
    ]
  },
}

/** What the function `name` may do: its own queues, the secrets that it checks requests against, its own log. */
function statements(name: string, deployment: Deployment) {
  const { service, stage, awsRegion, registryIds } = deployment
  const own = logs(`/aws/lambda/${service}-${stage}-${name}`)
  const intake = intakeQueue(stage, awsRegion)
  const intakeArn = queueArn(intake)
  const place = placeIn(deployment)
  if (place && aroundArchive[name]) return [...own, ...aroundArchive[name](deployment, place)]
  if (name === 'router') {
    const sinks = [...locationQueues(stage), ...archiveQueues(stage), deadLetterQueue(intake)]
    return [...own, allow(CONSUME, [intakeArn]), allow(['sqs:SendMessage'], sinks.map(queueArn))]
  }
  return [
    ...own,
    allow(['sqs:SendMessage'], [intakeArn, queueArn(quarantineQueue(stage, awsRegion))]),
    allow(['sqs:GetQueueAttributes'], [intakeArn]),
    ...secrets(deployment, registryIds),
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

/** A role for each function. */
export const roles = (deployment: Deployment): [string, object][] =>
  functionsOf(deployment).map((name): [string, object] => [roleId(name), role(name, deployment)])
