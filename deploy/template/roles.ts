import { deadLetterQueue, intakeQueue, locationQueues, quarantineQueue } from '../../lib/queues/names.ts'
import { functionNames } from '../bundle.ts'
import { arn, type Deployment, pascal, queueArn } from './deployment.ts'

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

/** What the function `name` may do: its own queues, the secrets that it checks requests against, its own log. */
function statements(name: string, { service, stage, awsRegion, registryIds }: Deployment) {
  const own = logs(`/aws/lambda/${service}-${stage}-${name}`)
  const intake = intakeQueue(stage, awsRegion)
  const intakeArn = queueArn(intake)
  if (name === 'router') {
    const consume = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes']
    const sinks = [...locationQueues(stage), deadLetterQueue(intake)]
    return [...own, allow(consume, [intakeArn]), allow(['sqs:SendMessage'], sinks.map(queueArn))]
  }
  // Secrets Manager puts a dash and six characters behind the name.
  const secrets = registryIds.map((id) => arn('secretsmanager', `secret:registry-events/${stage}/${id}-??????`))
  return [
    ...own,
    allow(['sqs:SendMessage'], [intakeArn, queueArn(quarantineQueue(stage, awsRegion))]),
    allow(['sqs:GetQueueAttributes'], [intakeArn]),
    // A statement must name a resource.
    ...(secrets.length > 0 ? [allow(['secretsmanager:GetSecretValue'], secrets)] : []),
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
  functionNames.map((name): [string, object] => [roleId(name), role(name, deployment)])
