import {
  archiveQueues,
  deadLetterQueue,
  intakeQueue,
  locationQueues,
  type QueueSpec,
  quarantineQueue,
} from '../lib/queues/names.ts'
import { CommandError } from './exits.ts'
import type { Target } from './target.ts'

/** The queues of a deployment that have a dead-letter queue: intake and quarantine of its region, and those of all locations. */
export const queuesOf = ({ stage, awsRegion }: Target): QueueSpec[] => [
  { ...intakeQueue(stage, awsRegion), kind: 'intake' },
  { ...quarantineQueue(stage, awsRegion), kind: 'quarantine' },
  ...locationQueues(stage),
  ...archiveQueues(stage),
]

/** How people call a queue: `eu-de` for `registry-events-local-eu-de`. */
export const shortName = ({ name }: QueueSpec, { stage }: Target): string =>
  name.slice(`registry-events-${stage}-`.length)

/** The queue that somebody calls `name`: in full or short, with `-dlq` or without. Throws a `CommandError` that lists them. */
export function queueNamed(name: string, target: Target): QueueSpec {
  const queues = queuesOf(target)
  const found = queues.find((queue) =>
    [queue.name, deadLetterQueue(queue).name, shortName(queue, target), `${shortName(queue, target)}-dlq`].includes(
      name,
    ),
  )
  if (found) return found
  const names = queues.map((queue) => shortName(queue, target)).join(', ')
  throw new CommandError(
    'usage',
    `There is no queue ${JSON.stringify(name)} in stage ${target.stage}. There are ${names}.`,
  )
}
