import { Option } from 'commander'
import { deadLetterQueue, quarantineQueue } from '../../lib/queues/names.ts'
import type { Queues } from '../../lib/queues/queue.ts'
import { type Look, lookInto } from '../../lib/redrive/look.ts'
import { type Quarantined, quarantinedIn } from '../../lib/redrive/quarantined.ts'
import { amount, type Call, type CommonOptions, type Spec } from '../command.ts'
import { CommandError, counted } from '../exits.ts'
import {
  checkRegistry,
  type Filter,
  fieldsOf,
  filterOptions,
  isMeant,
  tellForeign,
  tellHidden,
  tellStuck,
} from '../filter.ts'
import { table } from '../terminal.ts'

interface Options extends CommonOptions, Filter {
  limit?: number
}

/** What is listed of one thing. */
const toRow = (one: Quarantined) => ({
  ...fieldsOf(one),
  ...(one.item === undefined ? {} : { item: one.item }),
  ...(one.items ? { items: one.items } : {}),
  ...(one.parts > 1 ? { parts: one.parts, present: one.present } : {}),
  bytes: one.body?.length ?? null,
  looks: one.receiveCount,
})

type Row = ReturnType<typeof toRow>

const itemText = ({ item, items }: Row): string =>
  items ? `${items.length} items` : item === undefined ? 'all' : `${item}`

/** Dead letters of quarantine are where nobody looks for them. */
async function tellDead({ target, terminal }: Call<Options>, queues: Queues): Promise<void> {
  const dead = deadLetterQueue(quarantineQueue(target.stage, target.awsRegion))
  try {
    const { waiting, hidden } = await queues.count(dead)
    const count = waiting + hidden
    if (count > 0)
      terminal.note(`${counted(count, 'more message')} on ${dead.name}: registry-events dlq redrive quarantine`)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    terminal.note(`Whether there is more on ${dead.name} can't be told: ${error.message}`)
  }
}

async function collect(look: Look, options: Options): Promise<{ rows: Row[]; foreign: number }> {
  const rows: Row[] = []
  let foreign = 0
  for await (const found of quarantinedIn(look)) {
    foreign += found.foreign.length
    rows.push(...found.quarantined.filter((one) => isMeant(options, one)).map(toRow))
  }
  return { rows: rows.sort((a, b) => a.receivedAt.localeCompare(b.receivedAt)), foreign }
}

/** `quarantine list` */
export const quarantineList: Spec<Options> = {
  usage: 'list',
  summary: 'what is in quarantine, oldest first',
  options: [...filterOptions(), new Option('--limit <number>', 'at most so many').argParser(amount)],
  async run(call) {
    const { options, target, terminal, signal } = call
    const queue = quarantineQueue(target.stage, target.awsRegion)
    const queues = await target.connect(queue)
    const isAll = options.registry === undefined && options.reason === undefined && options.since === undefined
    const most = isAll ? options.limit : undefined
    const progress = (seen: number, total: number) => terminal.progress('looked at', seen, total)
    const { rows, foreign, waiting, hidden } = await lookInto(
      queues,
      queue,
      { signal, most, progress },
      tellStuck(terminal),
      async (look) => ({ ...(await collect(look, options)), waiting: look.waiting, hidden: look.hidden() }),
    )
    const shown = rows.slice(0, options.limit)
    for (const row of shown) terminal.json(row)
    if (shown.length > 0) {
      const cells = shown.map((row) => [row.id, row.receivedAt, row.registry, row.reason, itemText(row), row.message])
      terminal.print(table(['id', 'received', 'registry', 'reason', 'item', 'what is wrong'], cells))
    }
    const all = Math.max(waiting, rows.length)
    const ofAll = isAll && rows.length === all ? '' : ` of ${counted(all, 'message')}`
    terminal.note(`${shown.length} in quarantine${ofAll} (${target.name}).`)
    tellForeign(terminal, foreign)
    tellHidden(terminal, rows.length === most ? 0 : hidden)
    if (rows.length === 0) await checkRegistry(options, target)
    await tellDead(call, queues)
    return 'ok'
  },
}
