import { intakeQueue, locationQueues, quarantineQueue } from '../../lib/queues/names.ts'
import { functionNames } from '../bundle.ts'
import { arn, type Deployment, pascal, queueArn } from './deployment.ts'

// What each function may do, and nothing else.

/** Logical id of the role of the function `name`. */
export const roleId = (name: string): string => `${pascal(name)}Role`

const allow = (Action: readonly string[], Resource: readonly unknown[]) => ({ Effect: 'Allow', Action, Resource })

/** What the function `name` may do: its own queues, the secrets of the configured registries, its own log. */
function statements(name: string, { service, stage, awsRegion, registryIds }: Deployment) {
  const logs = allow(
    ['logs:CreateLogStream', 'logs:PutLogEvents'],
    [arn('logs', `log-group:/aws/lambda/${service}-${stage}-${name}:log-stream:*`)],
  )
  const intake = queueArn(intakeQueue(stage, awsRegion))
  if (name === 'router') {
    const consume = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes']
    return [logs, allow(consume, [intake]), allow(['sqs:SendMessage'], locationQueues(stage).map(queueArn))]
  }
  // Secrets Manager puts a dash and six characters behind the name.
  const secrets = registryIds.map((id) => arn('secretsmanager', `secret:registry-events/${stage}/${id}-??????`))
  return [
    logs,
    allow(['sqs:SendMessage'], [intake, queueArn(quarantineQueue(stage, awsRegion))]),
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

/** A role for each function. */
export const roles = (deployment: Deployment): [string, object][] =>
  functionNames.map((name): [string, object] => [roleId(name), role(name, deployment)])
