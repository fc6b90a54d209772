import { places } from '../../lib/locations.ts'
import { NAMESPACE } from '../../lib/metrics.ts'
import { deadLetterQueue, intakeQueue, quarantineQueue, queuesOf } from '../../lib/queues/names.ts'
import { THROTTLED_BY_API } from './api.ts'
import { type Deployment, denyPlain, functionsOf, pascal, placeIn, shortName } from './deployment.ts'

// What somebody should be woken for, one row a kind of alarm. Each has a paragraph of its name in docs/operations.md.

/** A metric of CloudWatch, summed up or at its most within a period. */
interface Metric {
  namespace: string
  name: string
  dimensions: Record<string, unknown>
  statistic: 'Sum' | 'Maximum'
}

interface Kind {
  /** What it means, in a sentence. */
  says: string
  /** What there is an alarm for each of: a queue (`intake-dlq`), a function, a location. Left out when there is one for all. */
  each?: { what: 'queue' | 'function' | 'location'; of(deployment: Deployment): readonly string[] }
  /** The metrics by the names that `expression` has for them; without an expression there is one. */
  metrics(deployment: Deployment, subject: string): Record<string, Metric>
  expression?: string
  /** It fires when at least `threshold` is reached in `datapoints` of the last `periods` periods of `minutes`. */
  threshold: number
  minutes: number
  periods?: number
  datapoints?: number
  /** What a period without data means: a metric of what happens is silent as long as nothing does, a queue is when it was left alone. */
  missing?: 'ignore' | 'notBreaching'
}

const HOUR = 60 * 60
const DAY = 24 * HOUR

const ours = (name: string, { stage }: Deployment, dimensions: Record<string, string> = {}): Metric => ({
  namespace: NAMESPACE,
  name,
  dimensions: { Stage: stage, ...dimensions },
  statistic: 'Sum',
})

const ofQueue = (name: string, { stage }: Deployment, queue: string): Metric => ({
  namespace: 'AWS/SQS',
  name,
  dimensions: { QueueName: `registry-events-${stage}-${queue}` },
  statistic: 'Maximum',
})

const functionName = ({ service, stage }: Deployment, name: string): string => `${service}-${stage}-${name}`

const ofFunction = (name: string, deployment: Deployment, subject: string): Metric => ({
  namespace: 'AWS/Lambda',
  name,
  dimensions: { FunctionName: functionName(deployment, subject) },
  statistic: 'Sum',
})

const age: Kind['metrics'] = (deployment, queue) => ({
  age: ofQueue('ApproximateAgeOfOldestMessage', deployment, queue),
})

/** All messages of a queue, those that somebody is just looking at included. */
const messages: Kind['metrics'] = (deployment, queue) => ({
  waiting: ofQueue('ApproximateNumberOfMessagesVisible', deployment, queue),
  looked: ofQueue('ApproximateNumberOfMessagesNotVisible', deployment, queue),
})
const ALL_MESSAGES = 'waiting + looked'

const count =
  (name: string): Kind['metrics'] =>
  (deployment) => ({ count: ours(name, deployment) })

const intake = ({ stage, awsRegion }: Deployment) => shortName(stage, intakeQueue(stage, awsRegion))
const quarantine = ({ stage, awsRegion }: Deployment) => shortName(stage, quarantineQueue(stage, awsRegion))
const outputs =
  (wanted: 'location' | 'archive') =>
  ({ stage, awsRegion }: Deployment) =>
    queuesOf(stage, awsRegion)
      .filter(({ kind }) => kind === wanted)
      .map((queue) => shortName(stage, queue))
const deadLetters = ({ stage, awsRegion }: Deployment) =>
  queuesOf(stage, awsRegion).map((queue) => shortName(stage, deadLetterQueue(queue)))

const eachFunction = { what: 'function', of: functionsOf } as const
/** There is one where there is an archive. */
const eachArchive = {
  what: 'location',
  of: (deployment: Deployment) => [placeIn(deployment)?.location ?? []].flat(),
} as const

/** The kinds of alarms. Every threshold is told, and what to do about it, in docs/operations.md. */
export const kinds = {
  'intake-age': {
    says: 'Events have been waiting on the intake queue for minutes: the router does not keep up, or does not run.',
    metrics: (deployment) => age(deployment, intake(deployment)),
    threshold: 5 * 60,
    minutes: 1,
    periods: 5,
  },
  'location-age': {
    says: 'Whoever reads the queue of the location is an hour behind, or does not read.',
    each: { what: 'queue', of: outputs('location') },
    metrics: age,
    threshold: HOUR,
    minutes: 5,
    periods: 3,
  },
  'archive-age': {
    says: 'Events have been waiting for the archive for a quarter of an hour: they can not be found yet.',
    each: { what: 'queue', of: outputs('archive') },
    metrics: age,
    threshold: HOUR / 4,
    minutes: 5,
    periods: 3,
  },
  'kept-age': {
    says: 'Something has been in quarantine or on a dead-letter queue for a week: in another one SQS throws it away.',
    each: { what: 'queue', of: (deployment) => [quarantine(deployment), ...deadLetters(deployment)] },
    metrics: age,
    threshold: 7 * DAY,
    minutes: 60,
    missing: 'ignore',
  },
  'dead-letters': {
    says: 'There are messages on a dead-letter queue.',
    each: { what: 'queue', of: deadLetters },
    metrics: messages,
    expression: ALL_MESSAGES,
    threshold: 1,
    minutes: 5,
    missing: 'ignore',
  },
  'dead-lettered': {
    says: 'The router gave events up: it put them on the dead-letter queue of the intake queue.',
    metrics: count('DeadLettered'),
    threshold: 1,
    minutes: 5,
  },
  'archive-postponed': {
    says: 'The archive of the location can not be written: its events wait on the archive queue.',
    each: eachArchive,
    metrics: (deployment, location) => ({ count: ours('ArchivePostponed', deployment, { Location: location }) }),
    threshold: 1,
    minutes: 5,
    periods: 6,
    datapoints: 2,
  },
  'archive-dead-lettered': {
    says: 'Something on the archive queue of the location can not be archived: it went to its dead-letter queue.',
    each: eachArchive,
    metrics: (deployment, location) => ({ count: ours('ArchiveDeadLettered', deployment, { Location: location }) }),
    threshold: 1,
    minutes: 5,
  },
  quarantine: {
    says: 'There is something in quarantine.',
    metrics: (deployment) => messages(deployment, quarantine(deployment)),
    expression: ALL_MESSAGES,
    threshold: 1,
    minutes: 5,
    missing: 'ignore',
  },
  quarantined: {
    says: 'A genuine sender sent something unusable: it went to quarantine.',
    metrics: count('Quarantined'),
    threshold: 1,
    minutes: 5,
  },
  postponed: {
    says: 'The queue of the location does not take its events: they wait on the intake queue.',
    each: { what: 'location', of: () => places.map(({ location }) => location) },
    metrics: (deployment, location) => ({ count: ours('Postponed', deployment, { Location: location }) }),
    threshold: 1,
    minutes: 5,
    periods: 6,
    datapoints: 2,
  },
  unauthenticated: {
    says: 'Requests for a registry of ours were refused with 401: its sender may have the wrong secret.',
    metrics: (deployment) => ({
      all: ours('Unauthenticated', deployment),
      strangers: ours('Unauthenticated', deployment, { Registry: 'unknown' }),
    }),
    expression: 'all - FILL(strangers, 0)',
    threshold: 1,
    minutes: 5,
  },
  probing: {
    says: 'Many requests for registries that do not exist: somebody is trying names.',
    metrics: (deployment) => ({ count: ours('Unauthenticated', deployment, { Registry: 'unknown' }) }),
    threshold: 100,
    minutes: 5,
  },
  failed: {
    says: 'Requests were answered with 500 or 503: their events were not taken.',
    metrics: count('Failed'),
    threshold: 1,
    minutes: 5,
  },
  'api-5xx': {
    says: 'The HTTP API answered requests with 5xx: a function said so, or was not there to be asked.',
    metrics: () => ({
      count: { namespace: 'AWS/ApiGateway', name: '5xx', dimensions: { ApiId: { Ref: 'HttpApi' } }, statistic: 'Sum' },
    }),
    threshold: 1,
    minutes: 5,
  },
  blocked: {
    says: 'Requests for a registry of ours were answered with 404 or 413: a sender that repeats them is stuck.',
    metrics: count('Blocked'),
    threshold: 1,
    minutes: 5,
  },
  throttled: {
    says: 'Requests of a registry over its limit were answered with 429.',
    metrics: count('Throttled'),
    threshold: 1,
    minutes: 5,
  },
  'api-throttled': {
    says: 'The HTTP API answered requests with 429: there were more than it lets through.',
    metrics: count(THROTTLED_BY_API),
    threshold: 1,
    minutes: 5,
  },
  'search-failed': {
    says: 'Questions to the archive were answered with 5xx.',
    each: eachArchive,
    metrics: count('SearchFailed'),
    threshold: 1,
    minutes: 5,
  },
  'search-unauthenticated': {
    says: 'Many questions to the archive were refused with 401: somebody is trying secrets.',
    each: eachArchive,
    metrics: count('SearchUnauthenticated'),
    threshold: 20,
    minutes: 5,
  },
  'upkeep-failed': {
    says: 'The upkeep of the archive did not get through: small files are not merged, or old events not removed.',
    each: eachArchive,
    metrics: count('UpkeepFailures'),
    threshold: 1,
    minutes: 60,
    periods: 3,
    datapoints: 2,
  },
  'alerts-failed': {
    says: 'A saved search could not be asked, or an alert of one could not be delivered.',
    each: { what: 'location', of: (deployment) => (deployment.alerts.length > 0 ? eachArchive.of(deployment) : []) },
    metrics: (deployment) => ({
      failures: ours('AlertFailures', deployment),
      lost: ours('AlertsGivenUp', deployment),
    }),
    expression: 'FILL(failures, 0) + FILL(lost, 0)',
    threshold: 1,
    minutes: 15,
  },
  'function-throttles': {
    says: 'Lambda did not run a function: the account has no concurrency left.',
    each: eachFunction,
    metrics: (deployment, name) => ({ count: ofFunction('Throttles', deployment, name) }),
    threshold: 1,
    minutes: 5,
  },
  'function-errors': {
    says: 'A function broke off: it ran out of time or memory, or could not start.',
    each: eachFunction,
    metrics: (deployment, name) => ({ count: ofFunction('Errors', deployment, name) }),
    threshold: 1,
    minutes: 5,
  },
  'function-silent': {
    says: 'A function ran and nothing of it is in its log: the metrics that other alarms need are missing as well.',
    each: eachFunction,
    metrics: (deployment, name) => ({
      calls: ofFunction('Invocations', deployment, name),
      lines: {
        namespace: 'AWS/Logs',
        name: 'IncomingLogEvents',
        dimensions: { LogGroupName: `/aws/lambda/${functionName(deployment, name)}` },
        statistic: 'Sum',
      },
    }),
    expression: 'IF(calls > 0 AND FILL(lines, 0) == 0, 1, 0)',
    threshold: 1,
    minutes: 60,
  },
} satisfies Record<string, Kind>

/** The rows of `kinds`, with their names. */
export const kindEntries: readonly [string, Kind][] = Object.entries(kinds)

const TOPIC = 'AlarmTopic'

function stat({ namespace, name, dimensions, statistic }: Metric, minutes: number) {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }))
  return { Metric: { Namespace: namespace, MetricName: name, Dimensions }, Stat: statistic, Period: minutes * 60 }
}

/** What an alarm watches, as CloudFormation writes it: one metric, or an expression over several. */
function watched({ metrics, expression, minutes }: Kind, deployment: Deployment, subject: string): object {
  const named = Object.entries(metrics(deployment, subject)).map(([Id, metric]) => ({ Id, ...stat(metric, minutes) }))
  if (expression === undefined) {
    const [only] = named
    return { ...only?.Metric, Statistic: only?.Stat, Period: only?.Period }
  }
  const parts = named.map(({ Id, ...MetricStat }) => ({ Id, MetricStat, ReturnData: false }))
  return { Metrics: [{ Id: 'result', Expression: expression, ReturnData: true }, ...parts] }
}

function alarm(name: string, kind: Kind, deployment: Deployment, subject: string): [string, object] {
  const full = subject ? `${name}-${subject}` : name
  const periods = kind.periods ?? 1
  const Properties = {
    AlarmName: `registry-events-${deployment.stage}-${full}`,
    AlarmDescription: `${kind.says} docs/operations.md#${name}`,
    ...watched(kind, deployment, subject),
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    Threshold: kind.threshold,
    EvaluationPeriods: periods,
    DatapointsToAlarm: kind.datapoints ?? periods,
    TreatMissingData: kind.missing ?? 'notBreaching',
    AlarmActions: [{ Ref: TOPIC }],
    OKActions: [{ Ref: TOPIC }],
  }
  return [`${pascal(full)}Alarm`, { Type: 'AWS::CloudWatch::Alarm', Properties }]
}

/** The topic that alarms go to: CloudWatch of this account may publish there, and nobody without TLS. */
function topic(stage: string): [string, object][] {
  const arn = { Ref: TOPIC }
  const publish = {
    Effect: 'Allow',
    Principal: { Service: 'cloudwatch.amazonaws.com' },
    Action: ['sns:Publish'],
    Resource: [arn],
    Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
  }
  const { Version, Statement } = denyPlain(['sns:Publish'], arn)
  const PolicyDocument = { Version, Statement: [publish, ...Statement] }
  return [
    [TOPIC, { Type: 'AWS::SNS::Topic', Properties: { TopicName: `registry-events-${stage}-alarms` } }],
    [`${TOPIC}Policy`, { Type: 'AWS::SNS::TopicPolicy', Properties: { Topics: [arn], PolicyDocument } }],
  ]
}

/** Every alarm of a deployment, and the topic that they go to. */
export function alarms(deployment: Deployment): [string, object][] {
  const all = kindEntries.flatMap(([name, kind]) => {
    const subjects = kind.each?.of(deployment) ?? ['']
    return subjects.map((subject) => alarm(name, kind, deployment, subject))
  })
  return [...topic(deployment.stage), ...all]
}
