import { Option } from 'commander'
import { environment, readConfig } from '../lib/config.ts'
import { type Edition, edition } from '../lib/edition.ts'
import { CommandError } from './exits.ts'

/** The option that names an edition. */
export const editionOption = (): Option =>
  new Option('--edition <date>', 'the tables as they stood on that day, like 2020-07-28; EDITION if left out')

/** The tables of `date`, or of the edition in use. Throws a `CommandError` for a day without tables. */
export function tablesOf(date: string | undefined): Edition {
  try {
    return edition(date ?? readConfig(environment()).edition)
  } catch (error) {
    throw new CommandError('usage', (error as Error).message)
  }
}
