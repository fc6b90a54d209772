/**
 * The columns of an archived event, one row each (docs/archive.md). `path` is where the value stands in the event; `hole` is the code of
 * the control character that stands for it in the column `event`; a column without one is not of the event. `again` is for values that the
 * rest of an event often says again, as its message does.
 */
// biome-ignore format: one row a line
export const columns = [
  { name: 'leaf', type: 'INT64', says: 'number of the event in the log of its location, from 0 on' },
  { name: 'id', type: 'STRING', path: 'id', hole: 1, says: 'id of the event' },
  { name: 'time', type: 'TIMESTAMP', path: 'eventTime', hole: 2, says: 'when it happened' },
  { name: 'action', type: 'STRING', path: 'action', hole: 3, says: 'name of the action' },
  { name: 'outcome', type: 'STRING', path: 'outcome', hole: 4, says: '`success`, `failure` or `pending`' },
  { name: 'severity', type: 'STRING', path: 'severity', hole: 5, says: '`normal`, `warning` or `critical`' },
  { name: 'data_event', type: 'BOOLEAN', path: 'dataEvent', says: 'whether it is a data event' },
  { name: 'initiator_id', type: 'STRING', path: 'initiator.id', hole: 6, again: true, says: 'id of who did it' },
  { name: 'initiator_name', type: 'STRING', path: 'initiator.name', hole: 7, says: 'name of who did it' },
  { name: 'address', type: 'STRING', path: 'initiator.host.address', hole: 8, says: 'address that it was done from' },
  { name: 'agent', type: 'STRING', path: 'initiator.host.agent', hole: 11, says: 'program that it was done with' },
  { name: 'target_id', type: 'STRING', path: 'target.id', hole: 12, again: true, says: 'id of what it was done to' },
  { name: 'target_name', type: 'STRING', path: 'target.name', hole: 14, again: true, says: 'name of what it was done to' },
  { name: 'registry', type: 'STRING', path: 'provenance.registry', hole: 15, says: 'id of the registry that sent it' },
  { name: 'region', type: 'STRING', path: 'provenance.region', hole: 16, says: 'region of that registry' },
  { name: 'account', type: 'STRING', path: 'provenance.account', hole: 17, again: true, says: 'account of that registry' },
  { name: 'correlation_id', type: 'STRING', path: 'correlationId', hole: 18, says: 'what ties events together' },
  { name: 'received_time', type: 'TIMESTAMP', path: 'provenance.receivedTime', hole: 19, says: 'when its webhook came' },
  { name: 'routed_time', type: 'TIMESTAMP', says: 'when the router sent it to the archive queue' },
  { name: 'archived_time', type: 'TIMESTAMP', says: 'when its batch was taken' },
  { name: 'event', type: 'STRING', says: 'the whole event, with holes' },
] as const satisfies readonly Column[]

/** What a row says about a column. */
export interface Column {
  name: string
  type: 'INT64' | 'STRING' | 'TIMESTAMP' | 'BOOLEAN'
  path?: string
  hole?: number
  again?: boolean
  says: string
}

export type ColumnName = (typeof columns)[number]['name']
