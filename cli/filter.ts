import { Option } from 'commander'
import { errors } from '../lib/errors.ts'
import { HOLD_SECONDS } from '../lib/redrive/look.ts'
import type { Quarantined } from '../lib/redrive/quarantined.ts'
import { since } from './command.ts'
import { CommandError, counted } from './exits.ts'
import type { Target } from './target.ts'
import { type Terminal, timeText } from './terminal.ts'

// What the commands about quarantine have in common.

/** Which things in quarantine are meant. */
export interface Filter {
  registry?: string
  reason?: string
  since?: number
}

/** What something can be in quarantine for. */
const REASONS = Object.entries(errors).flatMap(([code, { status }]) => (status === null ? [code] : []))

/** The options of a `Filter`. */
export const filterOptions = (): Option[] => [
  new Option('--registry <id>', 'only of this registry'),
  new Option('--reason <code>', 'only with this reason').choices(REASONS),
  new Option('--since <time>', 'only what came since: 30m, 12h, 7d, or a time').argParser(since),
]

/** Throws a `CommandError` when the registry that nothing was found of is none: its name may be misspelt. */
export async function checkRegistry({ registry }: Filter, target: Target): Promise<void> {
  if (registry === undefined) return
  const { registries, from } = await target.registries()
  if (registries.has(registry)) return
  const known = [...registries.keys()].join(', ')
  throw new CommandError(
    'usage',
    `There is nothing of ${JSON.stringify(registry)}, which is no registry of ${from}: ${known}.`,
  )
}

/** Whether `filter` means it. */
export const isMeant = ({ registry, reason, since = 0 }: Filter, quarantined: Quarantined): boolean =>
  (registry === undefined || quarantined.registry === registry) &&
  (reason === undefined ||
    quarantined.reason === reason ||
    (quarantined.items ?? []).some((item) => item.reason === reason)) &&
  quarantined.receivedAt >= since

const MINUTES = HOLD_SECONDS / 60

/** Says how many messages could not be given back after a look. Throws when that needs a permission that is missing. */
export const tellStuck =
  (terminal: Terminal) =>
  (messages: number, why?: unknown): void => {
    terminal.note(
      `${counted(messages, 'message')} could not be given back after looking: hidden from others for ${MINUTES} minutes at most, then back.`,
    )
    if (why instanceof CommandError) terminal.note(why.message)
  }

/** Says that somebody else held messages, which were not seen therefore. */
export function tellHidden(terminal: Terminal, hidden: number): void {
  if (hidden === 0) return
  terminal.note(
    `${counted(hidden, 'message')} could not be looked at: somebody else looks at them, or looked and was killed; they are back within ${MINUTES} minutes.`,
  )
}

/** Says that there are messages which are none of ours. */
export function tellForeign(terminal: Terminal, foreign: number): void {
  if (foreign > 0)
    terminal.note(`${counted(foreign, 'message')} on the queue are no messages of quarantine; they stay.`)
}

/** What every list says of something in quarantine, for programs. */
export const fieldsOf = (one: Quarantined) => ({
  id: one.id,
  receivedAt: timeText(one.receivedAt),
  registry: one.registry,
  family: one.family,
  reason: one.reason,
  message: one.message,
})
