import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isAbsent } from './disk.ts'

// What the files of an archive are called (docs/archive.md).

/** Hashes of a full tile. */
export const WIDTH = 256

/** A file of events, by its name. */
export interface EventsName {
  name: string
  location: string
  day: string
  first: number
  count: number
  digest: string
}

/** A tile, by its name: `width` hashes of `level`, those from the `n`-th full tile on. */
export interface TileName {
  name: string
  level: number
  n: number
  width: number
}

/** Everything that lies in an archive. */
export interface Contents {
  events: EventsName[]
  tiles: TileName[]
  /** Journal entries, by their first leaves. */
  journal: { name: string; first: number }[]
  removed: { name: string; day: string }[]
  holds: string[]
  /** What no archive has, and what is no regular file although it is called like one. */
  unknown: string[]
  hasCheckpoint: boolean
  /** The public key of the log lies there. */
  hasKey: boolean
}

const path = (n: number): string => {
  const parts = [String(n % 1000).padStart(3, '0')]
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    parts.unshift(`x${String(rest % 1000).padStart(3, '0')}`)
  }
  return parts.join('/')
}

/** The name of a tile of `width` hashes. */
export const tileName = (level: number, n: number, width: number = WIDTH): string =>
  `log/tile/${level}/${path(n)}${width === WIDTH ? '' : `.p/${width}`}`

const EVENTS =
  /^events\/location=([a-z0-9-]+)\/day=(\d{4}-\d\d-\d\d)\/(\d{12})-([1-9]\d{0,11})-([0-9a-f]{32})\.parquet$/
const TILE = /^log\/tile\/(\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/

function parseEvents(name: string): EventsName | undefined {
  const [, location = '', day = '', first, count, digest = ''] = EVENTS.exec(name) ?? []
  return first === undefined ? undefined : { name, location, day, first: Number(first), count: Number(count), digest }
}

function parseTile(name: string): TileName | undefined {
  const [, level, parts = '', width] = TILE.exec(name) ?? []
  if (level === undefined) return undefined
  const tile = { name, level: Number(level), n: Number(parts.replace(/[x/]/g, '')), width: Number(width ?? WIDTH) }
  // No log has leaves that can't be counted.
  const isCountable = (tile.n + 1) * WIDTH ** (tile.level + 1) <= Number.MAX_SAFE_INTEGER
  return isCountable && tileName(tile.level, tile.n, tile.width) === name ? tile : undefined
}

/** Puts a file into the list of its kind. Returns whether it has one. */
function sort(contents: Contents, name: string): boolean {
  const events = parseEvents(name)
  const tile = parseTile(name)
  const [, journal] = /^journal\/(\d{12})$/.exec(name) ?? []
  const [, day] = /^removed\/(\d{4}-\d\d-\d\d)$/.exec(name) ?? []
  if (events) contents.events.push(events)
  else if (tile) contents.tiles.push(tile)
  else if (journal !== undefined) contents.journal.push({ name, first: Number(journal) })
  else if (day !== undefined) contents.removed.push({ name, day })
  else if (name === 'log/checkpoint') contents.hasCheckpoint = true
  else if (name === 'log/key') contents.hasKey = true
  else if (/^holds\/[^/]+$/.test(name)) contents.holds.push(name)
  // What alerts remember is no event, and no word about one.
  else return /^alerts\/[^/]+$/.test(name)
  return true
}

const nothing = (): Contents => ({
  events: [],
  tiles: [],
  journal: [],
  removed: [],
  holds: [],
  unknown: [],
  hasCheckpoint: false,
  hasKey: false,
})

/** Folders of an archive lie in each other at most this deep. */
const DEEPEST = 16

/** What lies in `folder`; nothing when it is none, or goes while it is looked at: whoever cleans up is at work. */
function entriesOf(root: string, folder: string): Dirent[] {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true })
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

/** Sorts what lies below `folder` of the archive `root`; what begins with a dot is not of the archive. */
function walk(root: string, folder: string, contents: Contents): void {
  for (const entry of entriesOf(root, folder)) {
    if (entry.name.startsWith('.')) continue
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`
    // A folder that is called like a file stands in the place of one. Neither links nor pipes are followed.
    const isFolder = entry.isDirectory() && !sort(nothing(), name) && name.split('/').length < DEEPEST
    if (isFolder) walk(root, name, contents)
    else if (!entry.isFile() || !sort(contents, name)) contents.unknown.push(name)
  }
}

/** What lies in the archive `root`: nothing, when there is no such folder. */
export function contentsOf(root: string): Contents {
  const contents = nothing()
  walk(root, '', contents)
  contents.events.sort((one, other) => one.first - other.first)
  return contents
}

/** Whether nothing lies there that is of a log. */
export const isEmpty = ({ events, tiles, journal, removed, hasCheckpoint, hasKey }: Contents): boolean =>
  !hasCheckpoint && !hasKey && [events, tiles, journal, removed].every(({ length }) => length === 0)
