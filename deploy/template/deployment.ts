import type { LockConfig } from '../../lib/archives.ts'
import { type Place, places } from '../../lib/locations.ts'
import type { QueueRef } from '../../lib/queues/queue.ts'
import { functionNames } from '../bundle.ts'

/** What a template is made for. */
export interface Deployment {
  service: string
  stage: string
  awsRegion: string
  /** Registries whose senders are checked against a secret. */
  registryIds: readonly string[]
  /** Those who may ask for events. */
  readerIds: readonly string[]
  /** How objects of the archive are locked, if they are. */
  lock: LockConfig | undefined
  /** Days for which what was written over in an archive, or removed, can be had back. */
  undoDays: number
  /** Days for which the rows of an answer are kept. */
  answerDays: number
  /** Saved searches that alert, and where to. */
  alerts: readonly Alert[]
}

/** A saved search that alerts. */
export interface Alert {
  id: string
  to: { webhook: string } | QueueTarget
}

interface QueueTarget {
  queue: string
  awsRegion: string
}

/** The location that belongs in the AWS region, if one does: what has none has no archive. */
export const placeIn = ({ awsRegion }: Deployment): Place | undefined =>
  places.find((place) => place.awsRegion === awsRegion)

/** Functions around the archive: there are none where there is no archive. */
const AROUND_ARCHIVE: ReadonlySet<string> = new Set(['archive', 'search', 'upkeep', 'alerts'])

/** The functions of a deployment. */
export const functionsOf = (deployment: Deployment): readonly string[] =>
  functionNames.filter((name) => {
    if (name === 'alerts' && deployment.alerts.length === 0) return false
    return !AROUND_ARCHIVE.has(name) || placeIn(deployment) !== undefined
  })

/** `eu-de-dlq` → `EuDeDlq`. */
export const pascal = (name: string): string =>
  name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** The name of a queue without what all of a stage share: `registry-events-prod-eu-de-dlq` → `eu-de-dlq`. */
export const shortName = (stage: string, { name }: QueueRef): string => name.slice(`registry-events-${stage}-`.length)

/** The ARN of `resource` (`queue-name`) of `service` in `awsRegion`, `${AWS::Region}` for the one of the deployment. */
export const arn = (service: string, resource: string, awsRegion = `\${AWS::Region}`) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:${service}:${awsRegion}:\${AWS::AccountId}:${resource}`,
})

/** The ARN of a queue, whichever deployment made it. */
export const queueArn = ({ name, awsRegion }: QueueRef) => arn('sqs', name, awsRegion)

/** A policy that refuses `actions` on `resources` to everybody who does not use TLS. */
export const denyPlain = (actions: readonly string[], ...resources: readonly unknown[]) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Deny',
      Principal: '*',
      Action: actions,
      Resource: resources,
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  ],
})
