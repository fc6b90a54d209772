import { type Location, places } from '../locations.ts'
import type { QueueRef } from './queue.ts'

// Other programs read these queues by name: the names are a contract (docs/queues.md).

/** A queue with what it needs around it; each has a dead-letter queue `<name>-dlq` beside it. */
export interface QueueSpec extends QueueRef {
  /** One of the two outputs of a location, or of the two queues that every region of the router has. */
  kind: 'intake' | 'quarantine' | 'location' | 'archive'
}

const prefix = (stage: string): string => `registry-events-${stage}`

/** Where webhooks put their events: one in each AWS region that has a router. */
export const intakeQueue = (stage: string, awsRegion: string): QueueRef => ({
  name: `${prefix(stage)}-intake`,
  awsRegion,
})

/** Where genuine but unusable items are kept with the reason: one in each AWS region that has a router. */
export const quarantineQueue = (stage: string, awsRegion: string): QueueRef => ({
  name: `${prefix(stage)}-quarantine`,
  awsRegion,
})

/** The queue of `location`, in the AWS region that belongs to it. */
export const locationQueue = (
  stage: string,
  { location, awsRegion }: { location: Location; awsRegion: string },
): QueueRef => ({
  name: `${prefix(stage)}-${location}`,
  awsRegion,
})

/** The archive queue of `location`: what goes into its archive, in the AWS region that belongs to it. */
export const archiveQueue = (stage: string, place: { location: Location; awsRegion: string }): QueueRef => ({
  name: `${locationQueue(stage, place).name}-archive`,
  awsRegion: place.awsRegion,
})

/** Where messages of a queue go that came back too often; beside the queue, in the same region. */
export const deadLetterQueue = ({ name, awsRegion }: QueueRef): QueueRef => ({ name: `${name}-dlq`, awsRegion })

/** The archive queue of every location. */
export const archiveQueues = (stage: string): QueueSpec[] =>
  places.map((place) => ({ ...archiveQueue(stage, place), kind: 'archive' as const }))

/** The queues that live in `awsRegion`: intake and quarantine, and the two of the location that belongs there, if one does. */
export function queuesOf(stage: string, awsRegion: string): QueueSpec[] {
  return [
    { ...intakeQueue(stage, awsRegion), kind: 'intake' },
    { ...quarantineQueue(stage, awsRegion), kind: 'quarantine' },
    ...[...locationQueues(stage), ...archiveQueues(stage)].filter((queue) => queue.awsRegion === awsRegion),
  ]
}

/** The queues of every location. */
export function locationQueues(stage: string): QueueSpec[] {
  return places.map((place) => ({ ...locationQueue(stage, place), kind: 'location' as const }))
}
