import { Option } from 'commander'
import { families } from '../../functions/webhook.ts'
import { intakeQueue, quarantineQueue } from '../../lib/queues/names.ts'
import { type Outcome, type Report, redriveQuarantine } from '../../lib/redrive/quarantine.ts'
import type { CommonOptions, Spec } from '../command.ts'
import { CommandError, counted, type Exit } from '../exits.ts'
import { fateFields, hindrance, locations } from '../fate.ts'
import { checkRegistry, type Filter, filterOptions, isMeant, tellForeign, tellHidden, tellStuck } from '../filter.ts'
import { table, timeText } from '../terminal.ts'

interface Options extends CommonOptions, Filter {
  edition?: string
  dryRun?: true
  dropIgnored?: true
}

const asJson = ({ fate, outcome, removed }: Report) => ({
  id: fate.quarantined.id,
  receivedAt: timeText(fate.quarantined.receivedAt),
  registry: fate.quarantined.registry,
  was: fate.quarantined.reason,
  outcome,
  removed,
  ...fateFields(fate),
})

/** What became of things in one way, for the same reason. */
interface Sum {
  cells: readonly string[]
  count: number
  events: number
}

/** Reports, added up: there may be many thousands. */
class Account {
  readonly #sums = new Map<string, Sum>()
  readonly outcomes: Record<Outcome, number> = { redriven: 0, partly: 0, ignored: 0, unusable: 0, refused: 0 }
  events = 0
  removed = 0
  /** Its events were taken, and it is still there. */
  left = 0
  /** Something of it was not done; noise that stays is no such thing. */
  undone = 0

  add({ fate, outcome, removed }: Report, dryRun: boolean): void {
    const { quarantined, events, ignored, unusable } = fate
    const why = hindrance(fate) ?? { reason: Object.keys(ignored).join(', '), message: '' }
    const cells = [
      outcome,
      quarantined.registry,
      quarantined.reason,
      outcome === 'redriven' ? '' : why.reason,
      outcome === 'redriven' ? '' : why.message,
      locations(fate),
    ]
    const key = JSON.stringify(cells)
    const sum = this.#sums.get(key) ?? { cells, count: 0, events: 0 }
    this.#sums.set(key, { cells, count: sum.count + 1, events: sum.events + events.length })
    this.outcomes[outcome]++
    if (outcome !== 'refused') this.events += events.length
    if (removed) this.removed++
    else if (!dryRun && (outcome === 'redriven' || outcome === 'partly')) this.left++
    if (outcome === 'unusable' || outcome === 'refused' || unusable.length > 0) this.undone++
  }

  table(): string {
    const rows = [...this.#sums.values()].map(
      ({ cells: [outcome = '', registry = '', was = '', now = '', why = '', to = ''], count, events }) => [
        outcome,
        String(count),
        String(events),
        to,
        registry,
        was,
        now,
        why,
      ],
    )
    return table(['outcome', 'things', 'events', 'go to', 'registry', 'was', 'is now', 'why'], rows)
  }

  get total(): number {
    return Object.values(this.outcomes).reduce((sum, count) => sum + count, 0)
  }
}

/** What was done, in a few sentences. */
function summary(account: Account, dryRun: boolean): string {
  const { outcomes, events, removed, left } = account
  if (dryRun) return `Nothing was changed. Without --dry-run it would be ${counted(events, 'event')}.`
  const sentences = [
    `${counted(events, 'event')} put onto the intake queue, ${counted(removed, 'thing')} taken out of quarantine.`,
  ]
  if (outcomes.partly > 0) sentences.push(`Of ${counted(outcomes.partly, 'thing')} the rest stays.`)
  if (left > 0) sentences.push(`${left} could not be taken out: they come again with the same ids.`)
  if (outcomes.refused > 0) sentences.push(`${outcomes.refused} were refused by a queue and stay: try again.`)
  return sentences.join(' ')
}

const exitOf = ({ undone, left }: Account): Exit => (undone + left > 0 ? 'undone' : 'ok')

/** `quarantine redrive` */
export const quarantineRedrive: Spec<Options> = {
  usage: 'redrive [id...]',
  summary: 'read again what is in quarantine, with the registries and tables of today',
  options: [
    ...filterOptions(),
    new Option('--edition <date>', 'tables to look it up in, for registries that name none; EDITION if left out'),
    new Option('--drop-ignored', 'take out what is noise today as well'),
    new Option('--dry-run', 'only say what would be done'),
  ],
  async run({ args, options, target, terminal, signal }) {
    const { registries, from } = await target.registries(options.edition)
    const quarantine = quarantineQueue(target.stage, target.awsRegion)
    const queues = await target.connect(quarantine)
    const account = new Account()
    const dryRun = options.dryRun === true
    let unseen = 0
    const tell = () => {
      if (account.total > 0) terminal.print(account.table())
      terminal.note(summary(account, dryRun))
    }
    try {
      const { missing, foreign, hidden } = await redriveQuarantine({
        queues,
        intake: intakeQueue(target.stage, target.awsRegion),
        quarantine,
        registries,
        families,
        wants: (one) => isMeant(options, one),
        ids: args.length > 0 ? args : undefined,
        dryRun,
        dropIgnored: options.dropIgnored === true,
        signal,
        now: Date.now,
        report(report) {
          account.add(report, dryRun)
          terminal.json(asJson(report))
        },
        progress: terminal.progress,
        stuck: tellStuck(terminal),
      })
      tellForeign(terminal, foreign)
      tellHidden(terminal, hidden)
      unseen = hidden
      if (missing.length > 0) {
        terminal.note(`Not in quarantine: ${missing.join(', ')}. Nothing was changed (${target.name}).`)
        return 'undone'
      }
    } catch (error) {
      if (account.total > 0) tell()
      else if (error instanceof CommandError)
        terminal.note(error.refused ? 'Nothing was changed.' : 'Nothing was taken out of quarantine.')
      throw error
    }
    tell()
    if (account.total === 0) await checkRegistry(options, target)
    terminal.note(`Read with ${from} (${target.name}).`)
    return args.length === 0 && unseen > 0 ? 'undone' : exitOf(account)
  },
}
