import type { CommonOptions, Spec } from '../command.ts'
import { editionOption, tablesOf } from '../editions.ts'
import { counted } from '../exits.ts'
import { table } from '../terminal.ts'

interface Options extends CommonOptions {
  edition?: string
}

/** `locations` */
export const locations: Spec<Options> = {
  usage: 'locations',
  summary: 'the location mapping of an edition',
  queueless: true,
  options: [editionOption()],
  async run({ options, terminal }) {
    const { date, regions } = tablesOf(options.edition)
    for (const { domains, ...row } of regions) terminal.json({ edition: date, ...row, domains })
    const cells = regions.map((row) => [
      row.alias ? `${row.region} (${row.alias})` : row.region,
      row.domain,
      row.location,
      row.locationName,
      row.awsRegion,
    ])
    const head = ['region (other name)', 'domain', 'location', 'name', 'AWS region']
    terminal.print(table(head, cells, terminal.width))
    terminal.note(`${counted(regions.length, 'region')} of edition ${date}.`)
    return 'ok'
  },
}
