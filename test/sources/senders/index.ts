import { sender as cloudevents } from './cloudevents.ts'
import { sender as distribution } from './distribution.ts'
import { sender as gitea } from './gitea.ts'
import { sender as github } from './github.ts'
import { sender as gitlab } from './gitlab.ts'
import { sender as harbor } from './harbor.ts'
import type { Sender } from './sender.ts'

/** One or more of every source. */
export const senders: readonly Sender[] = [cloudevents, distribution, gitea, github, gitlab, harbor]
