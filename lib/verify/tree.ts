import { perfectTrees, rootOver, topOf } from './hashes.ts'
import { WIDTH } from './names.ts'
import type { TileReader } from './tiles.ts'

// Which tiles are right. The signed root is the only thing that is known to be: a hash is proven when it was worked into that root. There
// are several ways to work it out of what is stored, because each hash stands there more than once: in its tile, in the tiles below it,
// and in the events. The way that leads to the signed root tells which of them are damaged.

/** A hash of `level`; `undefined` when there is none. */
type Source = (level: number, index: number) => string | undefined

/** All hashes of the levels from 1 on. */
type Levels = (string | undefined)[][]

const allOf = (hashes: readonly (string | undefined)[]): readonly string[] | undefined =>
  hashes.every((hash) => hash !== undefined) ? (hashes as string[]) : undefined

/** The root of the first `size` leaves, of hashes of `source`; `undefined` when one is missing. */
function rootAt(size: number, source: Source): string | undefined {
  const tops = perfectTrees(size).map(({ start, leaves }) => {
    let level = 0
    let unit = 1
    for (; unit * WIDTH <= leaves; unit *= WIDTH) level += 1
    const hashes = Array.from({ length: leaves / unit }, (_, index) => source(level, start / unit + index))
    const all = allOf(hashes)
    return all && topOf(all)
  })
  const all = allOf(tops)
  return all && rootOver(all)
}

/** The tree of a log, as it is stored and as it follows from its events. */
export class Tree {
  private readonly tiles: TileReader
  /** Hashes of rows that are not those of the tiles, by leaf. */
  private readonly rows: ReadonlyMap<number, string>
  /** What follows from the stored tiles of level 0. */
  private readonly fromTiles: Levels
  /** What follows from them with the hashes of rows instead of theirs. */
  private readonly fromRows: Levels
  /** The way that leads to the signed root. */
  private readonly proof: Source | undefined
  private readonly known = new Map<string, readonly string[] | undefined>()

  /** `tops`: the hash that each full tile of level 0 has on the level above. */
  constructor(
    tiles: TileReader,
    size: number,
    root: string | undefined,
    tops: readonly (string | undefined)[],
    rows: ReadonlyMap<number, string>,
  ) {
    this.tiles = tiles
    this.rows = rows
    this.fromTiles = this.levelsOver([...tops])
    this.fromRows = rows.size === 0 ? this.fromTiles : this.levelsOver(this.topsOfRows(tops))
    this.proof = this.sources().find((source) => root !== undefined && rootAt(size, source) === root)
  }

  /** Whether what is stored leads to the signed root. */
  get isProven(): boolean {
    return this.proof !== undefined
  }

  /** The root of the first `size` leaves, as far as it can be proven. */
  rootOf(size: number): string | undefined {
    return rootAt(size, (level, index) => this.proven(level, Math.floor(index / WIDTH))?.[index % WIDTH])
  }

  /** The hashes of a tile that lead to the signed root; `undefined` when none are known that do. */
  proven(level: number, n: number): readonly string[] | undefined {
    const key = `${level}/${n}`
    if (!this.known.has(key)) {
      if (this.known.size > WIDTH) this.known.clear()
      this.known.set(key, this.prove(level, n))
    }
    return this.known.get(key)
  }

  /** What the tiles below it say that a tile holds. */
  implied(level: number, n: number): readonly string[] | undefined {
    return this.slice(this.source(this.fromTiles), level, n)
  }

  private prove(level: number, n: number): readonly string[] | undefined {
    if (!this.proof || level > 8) return undefined
    const isFull = n < this.tiles.countAt(level + 1)
    if (!isFull) return this.slice(this.proof, level, n)
    const above = this.proven(level + 1, Math.floor(n / WIDTH))?.[n % WIDTH]
    if (above === undefined) return undefined
    const known = [this.stored, this.source(this.fromTiles), this.withRows, this.source(this.fromRows)]
    return known.map((source) => this.slice(source, level, n)).find((hashes) => hashes && topOf(hashes) === above)
  }

  private slice(source: Source, level: number, n: number): readonly string[] | undefined {
    const width = this.tiles.widthOf(level, n)
    return allOf(Array.from({ length: width }, (_, index) => source(level, n * WIDTH + index)))
  }

  /** A hash as it stands in its tile. */
  private readonly stored: Source = (level, index) => this.tiles.hash(level, index)

  /** The same, but those of level 0 as rows have them. */
  private readonly withRows: Source = (level, index) =>
    (level === 0 ? this.rows.get(index) : undefined) ?? this.tiles.hash(level, index)

  /** A hash as it follows from those below it. */
  private source(levels: Levels): Source {
    const leaves = levels === this.fromTiles ? this.stored : this.withRows
    return (level, index) => (level === 0 ? leaves(0, index) : levels[level]?.[index])
  }

  private sources(): Source[] {
    const either =
      (one: Source, other: Source): Source =>
      (level, index) =>
        one(level, index) ?? other(level, index)
    const fromTiles = this.source(this.fromTiles)
    const fromRows = this.source(this.fromRows)
    return [fromTiles, either(this.stored, fromTiles), fromRows, either(this.withRows, fromRows)]
  }

  private topsOfRows(tops: readonly (string | undefined)[]): (string | undefined)[] {
    const changed = [...tops]
    for (const n of new Set([...this.rows.keys()].map((leaf) => Math.floor(leaf / WIDTH)))) {
      const hashes = n < tops.length ? this.slice(this.withRows, 0, n) : undefined
      if (hashes) changed[n] = topOf(hashes)
    }
    return changed
  }

  /** The levels from 1 on. What does not follow, because a tile is missing, is what the tile above says. */
  private levelsOver(tops: (string | undefined)[]): Levels {
    const levels: Levels = [[]]
    let below = tops
    for (let level = 1; this.tiles.countAt(level) > 0; level++) {
      const here = below.map((hash, index) => hash ?? this.tiles.hash(level, index))
      levels.push(here)
      below = Array.from({ length: this.tiles.countAt(level + 1) }, (_, n) => {
        const all = allOf(here.slice(n * WIDTH, (n + 1) * WIDTH))
        return all && topOf(all)
      })
    }
    return levels
  }

  /** Whether a stored tile holds what is proven; `undefined` when it is missing or nothing is proven. */
  isRight(level: number, n: number): boolean | undefined {
    const proven = this.proven(level, n)
    const tile = this.tiles.tile(level, n)
    if (!proven || tile === undefined) return undefined
    return proven.join('') === tile
  }

  /** Whether a full tile of level 0 holds what is proven: without reading it again. */
  isRightLeafTile(n: number): boolean | undefined {
    const top = this.fromTiles[1]?.[n]
    const above = this.proven(1, Math.floor(n / WIDTH))?.[n % WIDTH]
    return above === undefined || top === undefined ? undefined : above === top
  }

  /** The hash of `leaf`: the proven one, and what its tile says when none can be proven. */
  hashOf(leaf: number): string | undefined {
    return this.proven(0, Math.floor(leaf / WIDTH))?.[leaf % WIDTH] ?? this.tiles.hash(0, leaf)
  }
}
