import { type Location, places } from '../locations.ts'
import type { QueueRef } from './queue.ts'

// Other programs read these queues by name: the names are a contract (docs/queues.md).

/** A queue with what it needs around it; each has a dead-letter queue `<name>-dlq` beside it. */
export interface QueueSpec extends QueueRef {
  /** Output of a location, or one of the two queues that every region of the router has. */
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

/** Where messages of a queue go that came back too often; beside the queue, in the same region. */
export const deadLetterQueue = ({ name, awsRegion }: QueueRef): QueueRef => ({ name: `${name}-dlq`, awsRegion })

/** The archive queue of every location; nothing is sent there before the archive exists. */
export function archiveQueues(stage: string): QueueSpec[] {
  return places.map((place) => {
    const { name, awsRegion } = locationQueue(stage, place)
    return { name: `${name}-archive`, awsRegion, kind: 'archive' as const }
  })
}

/** The queues that live in `awsRegion`: intake and quarantine, and those of the location that belongs there, if one does. */
export function queuesOf(stage: string, awsRegion: string): QueueSpec[] {
  return [
    { ...intakeQueue(stage, awsRegion), kind: 'intake' },
    { ...quarantineQueue(stage, awsRegion), kind: 'quarantine' },
    ...locationQueues(stage).filter((queue) => queue.awsRegion === awsRegion),
  ]
}

/** The queues of every location. */
export function locationQueues(stage: string): QueueSpec[] {
  return places.map((place) => ({ ...locationQueue(stage, place), kind: 'location' as const }))
}
