import type { ColumnName } from '../archive/columns.ts'

/**
 * How a value of a parameter is compared. `address` is equal whatever way it is written, `whole` looks at the JSON of the event, letters of either
 * case.
 */
export type Match = 'equal' | 'prefix' | 'contains' | 'address' | 'network' | 'whole'

/** What a row says of a parameter. */
interface FieldRow {
  /** Any of these has to meet the value. */
  columns: readonly ColumnName[]
  match: Match
  /** All that it can be, where that is known. */
  values?: readonly string[]
}

/** DATA: the parameters that say which events (docs/search.md), and the columns of the archive that they look at. */
// biome-ignore format: one row a line
export const fields = {
  action:         { columns: ['action'], match: 'equal' },
  family:         { columns: ['action'], match: 'equal' },
  dataEvent:      { columns: ['data_event'], match: 'equal', values: ['true', 'false'] },
  outcome:        { columns: ['outcome'], match: 'equal', values: ['success', 'failure', 'pending'] },
  severity:       { columns: ['severity'], match: 'equal', values: ['normal', 'warning', 'critical'] },
  initiator:      { columns: ['initiator_id', 'initiator_name'], match: 'equal' },
  address:        { columns: ['address'], match: 'equal' },
  target:         { columns: ['target_id', 'target_name'], match: 'equal' },
  targetPrefix:   { columns: ['target_id', 'target_name'], match: 'prefix' },
  targetContains: { columns: ['target_id', 'target_name'], match: 'contains' },
  registry:       { columns: ['registry'], match: 'equal' },
  region:         { columns: ['region'], match: 'equal' },
  id:             { columns: ['id'], match: 'equal' },
  q:              { columns: [], match: 'whole' },
} as const satisfies Record<string, FieldRow>

export type FieldName = keyof typeof fields

/** DATA: what events can be sorted by. `location` stands in no column of its own. */
export const sortColumns = {
  time: 'time',
  action: 'action',
  initiator: 'initiator_name',
  target: 'target_name',
  severity: 'severity',
  outcome: 'outcome',
  address: 'address',
  registry: 'registry',
  location: 'location',
} as const satisfies Record<string, ColumnName | 'location'>

export type SortName = keyof typeof sortColumns

/** DATA: what events can be counted by. A family is counted by its actions. */
export const countColumns = {
  action: 'action',
  family: 'action',
  outcome: 'outcome',
  severity: 'severity',
  dataEvent: 'data_event',
  initiator: 'initiator_name',
  registry: 'registry',
  region: 'region',
  location: 'location',
  target: 'target_name',
  address: 'address',
} as const satisfies Record<string, ColumnName | 'location'>

export type CountName = keyof typeof countColumns

/** DATA: how long a bucket of a histogram can be, in milliseconds. */
export const intervals = {
  '1m': 60_000,
  '5m': 5 * 60_000,
  '15m': 15 * 60_000,
  '1h': 60 * 60_000,
  '6h': 6 * 60 * 60_000,
  '1d': 24 * 60 * 60_000,
  '7d': 7 * 24 * 60 * 60_000,
} as const

export type IntervalName = keyof typeof intervals
