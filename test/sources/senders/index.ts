import { sender as acr } from './acr.ts'
import { sender as cloudevents } from './cloudevents.ts'
import { sender as distribution } from './distribution.ts'
import { sender as ecr } from './ecr.ts'
import { sender as harbor } from './harbor.ts'
import type { Sender } from './sender.ts'

/** One or more of every source. */
export const senders: readonly Sender[] = [acr, cloudevents, distribution, ecr, harbor]
