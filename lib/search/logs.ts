import { parseTileName, TILE_WIDTH, type TileRef } from '../archive/names.ts'
import { countOf } from '../archive/ranges.ts'
import { eventText } from '../archive/row.ts'
import { tilesOf } from '../archive/tiles.ts'
import { RouterError } from '../errors.ts'
import type { Location } from '../locations.ts'
import { atEach, type Complete, checkpointOf, keyAt } from './checkpoints.ts'
import type { Damaged } from './engine.ts'
import { common, notesOf } from './missing.ts'
import { type Archives, deadline } from './search.ts'

// The files of logs, for clients of tlog-tiles (docs/archive.md).

/** A log by its location: its name, the key that it is known by, and how many leaves it has. */
export interface Log {
  location: Location
  origin: string
  key: string
  size: number
}

/** The verifier key of a log as text: the one that is configured, else the one in the archive. Rejects with `ARCHIVE_DAMAGED` when there is none. */
export const keyOf = async (location: Location, archives: Archives): Promise<string> =>
  (await keyAt(location, archives)).text

async function logOf(location: Location, archives: Archives): Promise<Log | undefined> {
  const complete = await checkpointOf(location, archives)
  if (!complete) return undefined
  const [origin = ''] = complete.checkpoint.split('\n', 1)
  return { location, origin, key: await keyOf(location, archives), size: complete.size }
}

/** The logs of `locations` that have begun; those whose checkpoint or key is damaged are told. Rejects with `ARCHIVE_DAMAGED` when all of them are. */
export async function logs(
  locations: readonly Location[],
  archives: Archives,
): Promise<{ logs: Log[]; damaged?: Damaged[] }> {
  const { found, damaged } = await atEach(locations, (location) => logOf(location, archives))
  return { logs: found, ...(damaged.length > 0 ? { damaged } : {}) }
}

/** The checkpoint of a location. Rejects with `NOT_FOUND` before anything was archived there. */
export async function headOf(location: Location, archives: Archives): Promise<Complete> {
  const complete = await checkpointOf(location, archives)
  if (complete) return complete
  throw new RouterError('NOT_FOUND', `Nothing was archived at ${location} yet.`)
}

/** The tile that `path` names (`tile/0/x001/234.p/5`) when the log has its hashes; else it throws `NOT_FOUND`. */
function tileAt(path: string, size: number): TileRef {
  const tile = parseTileName(`log/${path}`)
  const count = tile ? Math.floor(size / TILE_WIDTH ** tile.level) : 0
  if (tile && tile.n * TILE_WIDTH + tile.width <= count) return tile
  throw new RouterError('NOT_FOUND', `The log has no ${path}.`)
}

/** The bytes of a tile: `tile/1/000`. Rejects with `NOT_FOUND` when the log has none, with `ARCHIVE_DAMAGED` when it is missing all the same. */
export async function tile(location: Location, path: string, archives: Archives): Promise<Buffer> {
  const { size } = await headOf(location, archives)
  const { level, n, width } = tileAt(path, size)
  try {
    return await tilesOf(archives.store(location))(level, n, width)
  } catch (error) {
    if (!(error instanceof RouterError) || error.code !== 'ARCHIVE_DAMAGED') throw error
    throw new RouterError('ARCHIVE_DAMAGED', `${location}: ${error.message}`, { cause: error })
  }
}

/** Bytes that an entry may have: its length stands in 16 bits. */
const MOST_ENTRY = 0xffff

/** Why leaves of `location` are not there: they were removed, or a file is missing. */
async function missing(
  location: Location,
  leaf: number,
  archives: Archives,
  damaged: readonly string[],
): Promise<never> {
  const { notes } = await notesOf(location, archives.store(location), await keyAt(location, archives))
  const note = notes.find(({ leaves }) => countOf(common(leaves, [[leaf, leaf]])) > 0)
  if (note) throw new RouterError('REMOVED', `${location}: leaf ${leaf} of ${note.day} was removed under retention.`)
  if (damaged.length > 0) {
    throw new RouterError(
      'ARCHIVE_DAMAGED',
      `${location}: leaf ${leaf} is in none of the files; damaged are ${damaged.join(', ')}.`,
    )
  }
  throw new RouterError('ARCHIVE_DAMAGED', `${location}: leaf ${leaf} is in none of the files.`)
}

/**
 * An entry bundle: `tile/entries/000`. Rejects like `tile`, with `REMOVED` when events of it were removed, and with `ENTRY_TOO_LARGE` when one
 * is too large for that form.
 */
export async function entries(location: Location, path: string, archives: Archives): Promise<Buffer> {
  const { size } = await headOf(location, archives)
  const { n, width } = tileAt(path.replace('tile/entries/', 'tile/0/'), size)
  const from = n * TILE_WIDTH
  const { found, damaged } = await archives.engine.leaves({ location, from, size: from + width }, deadline(archives))
  const texts = new Map(found.map(({ row }) => [row.leaf, Buffer.from(eventText(row))]))
  const parts: Buffer[] = []
  for (let leaf = from; leaf < from + width; leaf++) {
    const bytes =
      texts.get(leaf) ??
      (await missing(
        location,
        leaf,
        archives,
        damaged.map(({ file }) => file),
      ))
    if (bytes.length > MOST_ENTRY) {
      throw new RouterError(
        'ENTRY_TOO_LARGE',
        `Leaf ${leaf} has ${bytes.length} bytes, an entry may have ${MOST_ENTRY}.`,
      )
    }
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    parts.push(length, bytes)
  }
  return Buffer.concat(parts)
}
