import type { EventsFile } from '../archive/names.ts'
import type { Location } from '../locations.ts'

/** A file of events on this machine. */
export interface LocalFile extends EventsFile {
  location: Location
  name: string
  path: string
  /** Changes when somebody else writes over the file. */
  mark: string
}

/** `own` as a literal of SQL: a path of this machine, never a value of a question. */
export const literal = (own: string): string => `'${own.replaceAll("'", "''")}'`

/** The rows of these files, with the columns that their paths and places in them say. */
export const rowsOf = (paths: readonly string[]): string =>
  `read_parquet([${paths.map(literal).join(', ')}], hive_partitioning = true, hive_types_autocast = false, filename = true, file_row_number = true)`
