import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readRegular } from './disk.ts'
import { HASH, topOf } from './hashes.ts'
import { tileName, WIDTH } from './names.ts'

// The tiles of a log as they are stored: nothing here says that they are right.

/** Tiles that are kept in memory at once. */
const KEPT = 512

/** What a tile holds: its hashes, one after the other, as a text. */
export type Tile = string

/** Reads the tiles of the archive `root` whose log has `size` leaves. */
export class TileReader {
  private readonly kept = new Map<string, Tile | undefined>()
  private readonly root: string
  private readonly size: number

  constructor(root: string, size: number) {
    this.root = root
    this.size = size
  }

  /** How many hashes of `level` a log of this size has. */
  countAt(level: number): number {
    return Math.floor(this.size / WIDTH ** level)
  }

  /** How many of them are in the `n`-th tile. */
  widthOf(level: number, n: number): number {
    return Math.min(WIDTH, this.countAt(level) - n * WIDTH)
  }

  /** The `n`-th tile of `level`; `undefined` when it is missing or has not the length of its name. */
  tile(level: number, n: number): Tile | undefined {
    const key = `${level}/${n}`
    if (this.kept.has(key)) return this.kept.get(key)
    const tile = this.read(level, n)
    const [oldest] = this.kept.keys()
    if (this.kept.size >= KEPT && oldest !== undefined) this.kept.delete(oldest)
    this.kept.set(key, tile)
    return tile
  }

  /** The hash `index` of `level`. */
  hash(level: number, index: number): string | undefined {
    const at = (index % WIDTH) * HASH
    return this.tile(level, Math.floor(index / WIDTH))?.substring(at, at + HASH)
  }

  /** What the tile with exactly this name holds, whatever its length: no more than a byte more than the largest has. */
  stored(name: string): Tile | undefined {
    return readRegular(this.root, name, WIDTH * HASH)?.toString('latin1')
  }

  /** Whether there is a tile of that place that holds as many hashes as it has to. */
  private read(level: number, n: number): Tile | undefined {
    const width = this.widthOf(level, n)
    for (const candidate of this.candidates(level, n, width)) {
      const tile = this.stored(tileName(level, n, candidate))
      if (tile?.length === candidate * HASH) return tile.substring(0, width * HASH)
    }
    return undefined
  }

  /** Widths of the tiles that may be there: the log may have grown, and then the narrow ones are taken away. */
  private *candidates(level: number, n: number, width: number): Generator<number> {
    yield width
    if (width === WIDTH) return
    yield WIDTH
    yield* this.partials(level, n).filter((other) => other > width)
  }

  private partials(level: number, n: number): number[] {
    try {
      const names = readdirSync(join(this.root, `${tileName(level, n)}.p`))
      return names.map(Number).filter((width) => Number.isInteger(width) && width < WIDTH)
    } catch {
      return []
    }
  }
}

/** The hashes of `tile`. */
export const hashesOf = (tile: Tile): string[] =>
  Array.from({ length: tile.length / HASH }, (_, index) => tile.substring(index * HASH, (index + 1) * HASH))

/** The hash that a full tile has on the level above. */
export const tileTop = (tile: Tile): string => topOf(hashesOf(tile))
