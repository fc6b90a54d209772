import { sender as artifactory } from './artifactory.ts'
import { sender as cloudevents } from './cloudevents.ts'
import { sender as distribution } from './distribution.ts'
import { sender as harbor } from './harbor.ts'
import { sender as nexus } from './nexus.ts'
import type { Sender } from './sender.ts'

/** One or more of every source. */
export const senders: readonly Sender[] = [artifactory, cloudevents, distribution, harbor, nexus]
