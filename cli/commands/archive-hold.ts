import { Option } from 'commander'
import { addHold, type Hold, readHolds, releaseHold } from '../../lib/archive/holds.ts'
import { REMOVED } from '../../lib/archive/names.ts'
import type { Store } from '../../lib/stores/store.ts'
import { type ArchiveOptions, archiveOptions, caller, dayOption, type OpenArchive, onEach } from '../archives.ts'
import type { Call, Spec } from '../command.ts'
import { CommandError, counted, type Exit } from '../exits.ts'
import { table } from '../terminal.ts'

interface Options extends ArchiveOptions {
  from?: string
  to?: string
  reason?: string
  by?: string
}

/** What must be said. Throws a `CommandError` that names what is missing. */
function needed<Name extends string>(values: Readonly<Record<Name, string | undefined>>): Record<Name, string> {
  const missing = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [name] : []))
  if (missing.length > 0) throw new CommandError('usage', `Say ${missing.join(' and ')}, too.`)
  return values as Record<Name, string>
}

const byAndTime = ({ options }: Call<Options>) => ({ by: options.by ?? caller(), time: new Date().toISOString() })

/** Days from `from` to `to` of which something was removed. */
async function removedDays(store: Store, { from, to }: Hold): Promise<string[]> {
  const days = await Array.fromAsync(store.list(REMOVED), ({ name }) => name.slice(REMOVED.length))
  return days.filter((day) => from <= day && day <= to)
}

function add(call: Call<Options>): Promise<Exit> {
  const { args, options, terminal } = call
  const said = needed({ 'a name': args[1], '--from': options.from, '--to': options.to, '--reason': options.reason })
  const { '--from': from, '--to': to, '--reason': reason } = said
  const hold: Hold = { name: said['a name'], from, to, reason, ...byAndTime(call) }
  const holding = async ({ location, store }: OpenArchive): Promise<Exit> => {
    await addHold(store, hold)
    const gone = await removedDays(store, hold)
    terminal.json({ location, ...hold, removedDays: gone })
    terminal.print(`${location}: ${hold.name} holds ${from} to ${to}.`)
    if (gone.length === 0) return 'ok'
    terminal.note(`${location}: events of ${gone.join(', ')} were removed before that, or are just being removed.`)
    return 'undone'
  }
  // What begins later may hold events of these days as well.
  return onEach(call, holding, 'any')
}

function release(call: Call<Options>): Promise<Exit> {
  const { args, options, terminal } = call
  const said = needed({ 'a name': args[1], '--reason': options.reason })
  return onEach(call, async ({ location, store }) => {
    const hold = await releaseHold(store, said['a name'], { reason: said['--reason'], ...byAndTime(call) })
    terminal.json({ location, ...hold })
    terminal.print(`${location}: ${hold.name} no longer holds ${hold.from} to ${hold.to}.`)
    return 'ok'
  })
}

async function list(call: Call<Options>): Promise<Exit> {
  const { terminal } = call
  const rows: string[][] = []
  const exit = await onEach(call, async ({ location, store }) => {
    for (const hold of await readHolds(store)) {
      const { name, from, to, by, time, reason, released } = hold
      terminal.json({ location, ...hold })
      const end = released ? `${released.time} by ${released.by}: ${released.reason}` : ''
      rows.push([location, name, from, to, time, by, end, reason])
    }
    return 'ok'
  })
  const head = ['location', 'name', 'from', 'to', 'since', 'by', 'released', 'reason']
  if (rows.length > 0) terminal.print(table(head, rows, terminal.width))
  const active = rows.filter(([, , , , , , end]) => end === '').length
  terminal.note(`${counted(active, 'hold')}, ${rows.length - active} released.`)
  return exit
}

const verbs = { add, list, release } as const

/** `archive hold` */
export const archiveHold: Spec<Options> = {
  usage: 'hold <what> [name]',
  summary: 'legal holds: days that retention leaves alone',
  choices: { what: Object.keys(verbs) },
  options: [
    ...archiveOptions(),
    new Option('--from <day>', 'the first day that is held').argParser(dayOption),
    new Option('--to <day>', 'the last day that is held').argParser(dayOption),
    new Option('--reason <text>', 'why it is held, or released'),
    new Option('--by <who>', 'who says so; the user of this machine if left out'),
  ],
  run: (call) => verbs[call.args[0] as keyof typeof verbs](call),
}
