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

/** To read the archive, to write what `put` means, and to remove what `remove` means. */
function archiveOf(deployment: Deployment, place: Place, put: readonly string[] = [], remove: readonly string[] = []) {
  const arnsOf = (patterns: readonly string[]) => patterns.map((pattern) => archiveArn(deployment, place, pattern))
  const write = deployment.isLocked ? ['s3:PutObject', 's3:PutObjectRetention'] : ['s3:PutObject']
  return [
    // Who may not list is told that an object is forbidden when it is not there.
    allow(['s3:ListBucket'], [archiveArn(deployment, place)]),
    allow(['s3:GetObject'], arnsOf(['*'])),
    ...(put.length > 0 ? [allow(write, arnsOf(put))] : []),
    ...(remove.length > 0 ? [allow(['s3:DeleteObject'], arnsOf(remove))] : []),
  ]
}

/** To ask Athena, which reads the archive and writes the answer with the rights of whoever asks. */
const ask = (deployment: Deployment, place: Place) => [
  ...archiveOf(deployment, place),
  allow(
    ['athena:StartQueryExecution', 'athena:GetQueryExecution', 'athena:GetQueryResults', 'athena:StopQueryExecution'],
    [workGroupArn(deployment)],
  ),
  allow(['glue:GetDatabase', 'glue:GetTable', 'glue:GetPartitions'], tableArns(deployment)),
  allow(['s3:GetBucketLocation'], [archiveArn(deployment, place), resultsArn()]),
  allow(['s3:ListBucket', 's3:ListBucketMultipartUploads'], [resultsArn()]),
  allow(['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'], [resultsArn('*')]),
]

/** What the functions around the archive may do. Nothing but the upkeep may remove events, and nobody the checkpoint. */
const aroundArchive: Readonly<Record<string, (deployment: Deployment, place: Place) => object[]>> = {
  archive(deployment, place) {
    const queue = archiveQueue(deployment.stage, place)
    return [
      allow(CONSUME, [queueArn(queue)]),
      allow(['sqs:SendMessage'], [queueArn(deadLetterQueue(queue))]),
      ...secrets(deployment, ['log-key']),
      ...archiveOf(deployment, place, ['events/*', 'log/*', 'journal/*'], ['journal/*', 'log/tile/*']),
    ]
  },
  search: (deployment, place) => [
    ...secrets(deployment, deployment.readerIds.map(readerSecret)),
    ...ask(deployment, place),
  ],
  upkeep: (deployment, place) => [
    ...secrets(deployment, ['log-key']),
    ...archiveOf(deployment, place, ['events/*', 'removed/*'], ['events/*']),
  ],
  alerts(deployment, place) {
    const signed = deployment.alerts.filter(({ to }) => 'webhook' in to).map(({ id }) => alertSecret(id))
    const queues = deployment.alerts.flatMap(({ to }) =>
      'queue' in to ? [queueArn({ name: to.queue, awsRegion: to.awsRegion })] : [],
    )
    return [
      ...secrets(deployment, signed),
      ...(queues.length > 0 ? [allow(['sqs:SendMessage'], queues)] : []),
      ...ask(deployment, place),
      allow(deployment.isLocked ? ['s3:PutObject', 's3:PutObjectRetention'] : ['s3:PutObject'], [
        archiveArn(deployment, place, 'alerts/*'),
      ]),
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
