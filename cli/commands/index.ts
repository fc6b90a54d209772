import type { Group, Spec } from '../command.ts'
import { actions } from './actions.ts'
import { archiveCompact } from './archive-compact.ts'
import { archiveHold } from './archive-hold.ts'
import { archiveRetention } from './archive-retention.ts'
import { completing } from './completion.ts'
import { dlqList } from './dlq-list.ts'
import { dlqRedrive } from './dlq-redrive.ts'
import { explain } from './explain.ts'
import { exporting } from './export.ts'
import { locations } from './locations.ts'
import { quarantineList } from './quarantine-list.ts'
import { quarantineRedrive } from './quarantine-redrive.ts'
import { quarantineShow } from './quarantine-show.ts'
import { search } from './search.ts'
import { send } from './send.ts'
import { show } from './show.ts'
import { tail } from './tail.ts'
import { verify } from './verify.ts'

/** Commands that are about no group: `search`. To add one, add its file and its place here. */
export const commands: readonly Spec[] = [
  search,
  tail,
  show,
  explain,
  exporting,
  verify,
  actions,
  locations,
  send,
  completing(() => ({ commands, groups })),
]

/** All other commands. */
export const groups: Readonly<Record<string, Group>> = {
  quarantine: {
    summary: 'what genuine senders sent and the router could not use',
    commands: [quarantineList, quarantineShow, quarantineRedrive],
  },
  dlq: {
    summary: 'dead letters: what came back too often, or can never be routed',
    commands: [dlqList, dlqRedrive],
  },
  archive: {
    summary: 'the upkeep of the archives: small files, old days, legal holds',
    commands: [archiveCompact, archiveRetention, archiveHold],
  },
}
