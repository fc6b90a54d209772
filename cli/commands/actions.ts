import { Option } from 'commander'
import { families, shortAction } from '../actions.ts'
import type { CommonOptions, Spec } from '../command.ts'
import { editionOption, tablesOf } from '../editions.ts'
import { counted } from '../exits.ts'
import { table } from '../terminal.ts'

interface Options extends CommonOptions {
  edition?: string
  family?: string
}

/** `actions` */
export const actions: Spec<Options> = {
  usage: 'actions',
  summary: 'the action table of an edition',
  queueless: true,
  options: [editionOption(), new Option('--family <name>', 'only of this family').choices(families)],
  async run({ options, terminal }) {
    const { date, actions: all } = tablesOf(options.edition)
    const rows = all.filter(({ family }) => options.family === undefined || family === options.family)
    for (const row of rows) terminal.json({ edition: date, ...row })
    const cells = rows.map((row) => [
      shortAction(row.action),
      row.family,
      row.dataEvent ? 'data' : 'management',
      row.severity,
      `${row.deprecated ? '(deprecated) ' : ''}${row.description}`,
    ])
    terminal.print(table(['action', 'family', 'event', 'severity', 'what it reports'], cells, terminal.width))
    terminal.note(`${counted(rows.length, 'action')} of edition ${date}.`)
    return 'ok'
  },
}
