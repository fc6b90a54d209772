// How the objects of an archive are called (docs/archive.md).

/** The signed tree head. */
export const CHECKPOINT = 'log/checkpoint'
/** The public key of the log. */
export const LOG_KEY = 'log/key'
/** What the names of files of events begin with. */
export const EVENTS = 'events/'
/** What the names of tiles begin with. */
export const TILES = 'log/tile/'
/** What the names of journal entries begin with. */
export const JOURNAL = 'journal/'
/** What the names of notes of what was removed begin with. */
export const REMOVED = 'removed/'
/** What the names of legal holds begin with. */
export const HOLDS = 'holds/'

/** A file of events: of one location and one day (UTC, `2026-11-22`), `count` of them, from the leaf `first` on. */
export interface EventsFile {
  location: string
  day: string
  first: number
  count: number
  /** The first 32 hexadecimal digits of the SHA-256 of the file. */
  digest: string
}

const twelve = (number: number): string => String(number).padStart(12, '0')

/** What the names of the files of `location` begin with; those of one day, when there is one. */
export const eventsOf = (location: string, day?: string): string =>
  `${EVENTS}location=${location}/${day === undefined ? '' : `day=${day}/`}`

/** The name of a file of events. */
export const eventsFile = ({ location, day, first, count, digest }: EventsFile): string =>
  `${eventsOf(location, day)}${twelve(first)}-${count}-${digest}.parquet`

const EVENTS_FILE =
  /^events\/location=([a-z0-9-]+)\/day=(\d{4}-\d\d-\d\d)\/(\d{12})-([1-9]\d{0,11})-([0-9a-f]{32})\.parquet$/

/** What the name of a file of events says; `undefined` when it is no such name. */
export function parseEventsFile(name: string): EventsFile | undefined {
  const match = EVENTS_FILE.exec(name)
  if (!match) return undefined
  const [, location = '', day = '', first, count, digest = ''] = match
  return { location, day, first: Number(first), count: Number(count), digest }
}

/** The name of the journal entry that begins at the leaf `first`. */
export const journalName = (first: number): string => `${JOURNAL}${twelve(first)}`

/** The leaf at which the journal entry of this name begins; `undefined` when it is no such name. */
export function parseJournalName(name: string): number | undefined {
  const match = /^journal\/(\d{12})$/.exec(name)
  return match ? Number(match[1]) : undefined
}

/** Hashes of a full tile. */
export const TILE_WIDTH = 256

/** `n` as C2SP tlog-tiles writes it: `x001/x234/067`. */
function tilePath(n: number): string {
  let path = String(n % 1000).padStart(3, '0')
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`
  }
  return path
}

/** The name of the `n`-th tile of `level` with `width` hashes: 1 to 255 of a partial one. */
export const tileName = (level: number, n: number, width: number = TILE_WIDTH): string =>
  `${TILES}${level}/${tilePath(n)}${width === TILE_WIDTH ? '' : `.p/${width}`}`

/** What the names of the partial ones of a tile begin with. */
export const partialsOf = (level: number, n: number): string => `${TILES}${level}/${tilePath(n)}.p/`

/** A tile by its place. */
export interface TileRef {
  level: number
  n: number
  width: number
}

/** What the name of a tile says; `undefined` when it is no such name. */
export function parseTileName(name: string): TileRef | undefined {
  const match = /^log\/tile\/(\d|[1-5]\d|6[0-3])\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(name)
  if (!match) return undefined
  const [, level, path = '', partial] = match
  const tile = { level: Number(level), n: Number(path.replace(/[x/]/g, '')), width: Number(partial ?? TILE_WIDTH) }
  return tileName(tile.level, tile.n, tile.width) === name ? tile : undefined
}

/** The name of the list of what was removed of `day`. */
export const removedName = (day: string): string => `${REMOVED}${day}`

/** The name of the legal hold `name`. */
export const holdName = (name: string): string => `${HOLDS}${name}`
