import type { Findings } from './findings.ts'
import { HASH } from './hashes.ts'
import { type TileName, tileName, WIDTH } from './names.ts'
import type { TileReader } from './tiles.ts'
import type { Tree } from './tree.ts'

// What is wrong with the tiles of a log.

/** The log, and what lies in its archive. */
interface Tiles {
  tree: Tree
  tiles: TileReader
  listed: readonly TileName[]
  findings: Findings
}

/** Which leaves are below the `n`-th tile of `level`. */
const leavesOf = (level: number, n: number, width: number): string =>
  `leaves ${n * WIDTH ** (level + 1)} to ${(n * WIDTH + width) * WIDTH ** level - 1}`

/** A tile that the log has to have. */
function judge({ tree, tiles, findings }: Tiles, names: ReadonlySet<string>, level: number, n: number): void {
  const width = tiles.widthOf(level, n)
  const file = tileName(level, n, width)
  if (tiles.tile(level, n) === undefined) {
    const isThere = names.has(file)
    const message = `${leavesOf(level, n, width)}: it ${isThere ? 'has not the length that its name tells of' : 'is not there'}.`
    findings.add({ code: isThere ? 'TILE_CHANGED' : 'TILE_MISSING', file, message })
    return
  }
  const isRight = level === 0 && width === WIDTH ? tree.isRightLeafTile(n) : tree.isRight(level, n)
  if (isRight === true) return
  // Nothing is proven about it, so it is only said when it contradicts others.
  if (isRight === undefined && (level === 0 || tree.implied(level, n)?.join('') === tiles.tile(level, n))) return
  findings.add({
    code: 'TILE_CHANGED',
    file,
    message: `${leavesOf(level, n, width)}: it does not hold the hashes of them.`,
  })
}

/** A tile that was left over, or is of a larger log: what it has in common with the tile that counts has to be the same. */
function judgeOther({ tree, tiles, findings }: Tiles, { name, level, n, width }: TileName): void {
  const text = tiles.stored(name)
  if (text === undefined) return
  const common = Math.min(width, tiles.widthOf(level, n))
  const right = common > 0 ? (tree.proven(level, n)?.join('') ?? tiles.tile(level, n)) : ''
  if (text.length === width * HASH && (right === undefined || text.startsWith(right.substring(0, common * HASH))))
    return
  findings.add({
    code: 'TILE_CHANGED',
    file: name,
    message: `${leavesOf(level, n, width)}: it contradicts the tile of the whole log.`,
  })
}

/** Finds every tile that is missing or not right. Returns the leaves that the largest tile tells of. */
export function judgeTiles(all: Tiles): void {
  const { tiles, listed } = all
  const names = new Set(listed.map(({ name }) => name))
  for (let level = 0; tiles.countAt(level) > 0; level++) {
    for (let n = 0; n * WIDTH < tiles.countAt(level); n++) judge(all, names, level, n)
  }
  for (const tile of listed) {
    if (tile.width !== tiles.widthOf(tile.level, tile.n)) judgeOther(all, tile)
  }
}
