import { RouterError } from '../errors.ts'
import type { Checkpoint } from '../proof/checkpoint.ts'
import { leafHash } from '../proof/tree.ts'
import type { Store } from '../stores/store.ts'
import { formatTime } from '../time.ts'
import { columns } from './columns.ts'
import { TILE_WIDTH } from './names.ts'
import { eventText, type Row, toRow } from './row.ts'
import { provenLeaves } from './tiles.ts'

// Whether rows that somebody wrote into an archive are those of its log: before anything is signed or removed on their word.

/** Tiles that are read, and in memory, at once. */
const TILES_AT_ONCE = 32

/** Throws `ARCHIVE_DAMAGED` when `rows`, which stand in a file of `day`, are not what the log says of their leaves. */
export type CheckRows = (rows: readonly Row[], day: string) => Promise<void>

const damaged = (leaf: number, why: string) => new RouterError('ARCHIVE_DAMAGED', `Its leaf ${leaf} ${why}.`)

/** Throws when `row`, which stands in a file of `day`, is not that of the event whose hash is `hash`. */
function checkRow(row: Row, hash: Buffer | undefined, day: string): void {
  const text = eventText(row)
  if (!hash?.equals(leafHash(text))) throw damaged(row.leaf, 'is not the event whose hash is in the log')
  const same = toRow(text, row.leaf, { routed: row.routed_time, archived: row.archived_time })
  if (columns.some(({ name }) => row[name] !== same[name]))
    throw damaged(row.leaf, 'has columns that say something else than its event')
  if (row.time === null || formatTime(row.time).slice(0, 10) !== day) throw damaged(row.leaf, `is not of ${day}`)
}

/** What makes sure that rows are those of the log of `checkpoint`. */
export function checkingRows(store: Pick<Store, 'get'>, checkpoint: Checkpoint): CheckRows {
  const readLeaves = provenLeaves(store, checkpoint)
  return async (rows, day) => {
    const byTile = [...Map.groupBy(rows, ({ leaf }) => Math.floor(leaf / TILE_WIDTH))]
    for (let at = 0; at < byTile.length; at += TILES_AT_ONCE) {
      const some = byTile.slice(at, at + TILES_AT_ONCE)
      const tiles = await Promise.all(some.map(([n]) => readLeaves(n)))
      for (const [index, [, ofTile]] of some.entries()) {
        for (const row of ofTile) checkRow(row, tiles[index]?.[row.leaf % TILE_WIDTH], day)
      }
    }
  }
}
