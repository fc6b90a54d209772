import type { QueueRef } from '../../lib/queues/queue.ts'

/** What a template is made for. */
export interface Deployment {
  service: string
  stage: string
  awsRegion: string
  /** Registries whose senders are checked against a secret. */
  registryIds: readonly string[]
}

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

/** A policy that refuses `actions` on `resource` to everybody who does not use TLS. */
export const denyPlain = (actions: readonly string[], resource: unknown) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Deny',
      Principal: '*',
      Action: actions,
      Resource: [resource],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  ],
})
