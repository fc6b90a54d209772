import { sender as cloudevents } from './cloudevents.ts'
import * as distribution from './distribution.ts'
import { sender as harbor } from './harbor.ts'
import type { Sender } from './sender.ts'

/** One or more of every source. */
export const senders: readonly Sender[] = [cloudevents, distribution.single, distribution.several, harbor]
