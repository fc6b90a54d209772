import * as v from 'valibot'
import { mistakesOfSearches, type SavedSearch } from './alerts/searches.ts'
import { RouterError } from './errors.ts'
import { type Location, places } from './locations.ts'
import { parseVerifierKey, type VerifierKey } from './proof/note.ts'

/** Who may ask for events. Its secret is found by `reader-<id>`, as that of a registry is by its id. */
export interface ReaderConfig {
  /** Lower-case letters, digits and inner dashes. */
  id: string
  /** The locations whose events it may see. */
  locations: 'all' | readonly Location[]
}

/** For how long nobody can take an object of an archive away before its time: S3 object lock. */
export interface LockConfig {
  /** Whether somebody with the permission for it can all the same. */
  mode: 'governance' | 'compliance'
  days: number
}

/** The archives of a deployment, as written in `archive.ts`. Secrets never stand there. */
export interface ArchiveConfig {
  /**
   * What the names of the logs begin with: a domain of yours, with or without a path. A log is known by its name: keep it.
   */
  origin: string
  readers: readonly ReaderConfig[]
  /** For how many days events are kept, by location; `default` is for the others. For ever where nothing is said. */
  retention?: Readonly<Partial<Record<Location | 'default', number>>>
  lock?: LockConfig
  /** For how many days a bucket keeps what was written over or removed, so that it can be had back; 30 if left out. */
  undoDays?: number
  /** For how many days the rows of an answer of Athena lie in the bucket beside the archive; 1 if left out. */
  answerDays?: number
  /**
   * The public keys of the logs by location, as `log/key` of each archive has them (docs/configuration.md): the search takes no checkpoint that
   * another key has signed. Where nothing is said, the key in the archive counts.
   */
  logKeys?: Readonly<Partial<Record<Location, string>>>
  /** Saved searches and alerts (docs/alerts.md). */
  searches?: readonly SavedSearch[]
  /** Address of the viewer as people reach it, for links in alerts. */
  viewer?: string
}

/** A checked reader. */
export interface Reader {
  id: string
  locations: readonly Location[]
}

/** The checked archives of a deployment. */
export interface Archives {
  origin: string
  readers: ReadonlyMap<string, Reader>
  /** Days for which the events of a location are kept; `undefined` for ever. */
  retentionOf(location: Location): number | undefined
  lock: LockConfig | undefined
  undoDays: number
  answerDays: number
  /** The key of the log of a location, where it is configured. */
  logKeyOf(location: Location): VerifierKey | undefined
  searches: readonly SavedSearch[]
  viewer: string | undefined
}

const ALL: readonly Location[] = places.map(({ location }) => location)

/** Days for which what was written over or removed can be had back, when nothing is said. */
const UNDO_DAYS = 30
/** Days for which the rows of an answer are kept, when nothing is said. */
const ANSWER_DAYS = 1
/** A hundred years. */
const MOST_DAYS = 36_525
const days = v.pipe(
  v.number('has to be a number of days'),
  v.integer('has to be whole days'),
  v.minValue(1, 'has to be 1 or more'),
  v.maxValue(MOST_DAYS, `has to be ${MOST_DAYS} at most`),
)
const location = v.picklist(ALL, `has to be one of ${ALL.join(', ')}`)

/** An object with exactly these members. */
const members = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.strictObject(entries, (issue) =>
    issue.expected === 'never'
      ? `there is no such setting; there are ${Object.keys(entries).join(', ')}`
      : issue.received === 'undefined'
        ? 'is missing'
        : 'has to be an object',
  )

const schema = members({
  origin: v.pipe(
    v.string('has to be text'),
    v.maxLength(200, 'has to be of 200 characters at most'),
    v.regex(
      /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?:\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)*$/,
      'write it like events.example.com or example.com/events',
    ),
  ),
  readers: v.array(
    members({
      id: v.pipe(
        v.string('has to be text'),
        v.regex(/^[a-z0-9](?:[a-z0-9-]{0,54}[a-z0-9])?$/, 'use 1 to 56 lower-case letters, digits and inner dashes'),
      ),
      locations: v.union(
        [v.literal('all'), v.pipe(v.array(location), v.minLength(1, 'has to name one location at least'))],
        `has to be 'all' or a list of ${ALL.join(', ')}`,
      ),
    }),
    'has to be a list',
  ),
  retention: v.optional(
    members(Object.fromEntries(['default', ...ALL].map((name) => [name, v.optional(days)])) as Record<string, never>),
  ),
  lock: v.optional(
    members({ mode: v.picklist(['governance', 'compliance'], 'has to be governance or compliance'), days }),
  ),
  undoDays: v.optional(days),
  answerDays: v.optional(days),
  logKeys: v.optional(
    members(
      Object.fromEntries(ALL.map((name) => [name, v.optional(v.string('has to be text'))])) as Record<string, never>,
    ),
  ),
  searches: v.optional(v.unknown()),
  viewer: v.optional(
    v.pipe(v.string('has to be text'), v.regex(/^https?:\/\/[^\s#]+$/, 'write it like https://events.example.com')),
  ),
})

/** What is wrong with `text` as the key of the log of `location`; nothing when it is one. */
function mistakeOfKey(location: string, text: unknown, origin: unknown): string[] {
  // The schema tells that it is no text.
  if (typeof text !== 'string' || typeof origin !== 'string') return []
  try {
    const { name } = parseVerifierKey(text)
    if (name.startsWith(`${origin}/`) && name.endsWith(`/${location}`)) return []
    return [`logKeys.${location}: it is the key of ${name}, not of a log ${origin}/<stage>/${location}`]
  } catch {
    return [`logKeys.${location}: has to be a verifier key like ${origin}/prod/${location}+4a997dc0+Aep...`]
  }
}

/** `value`, whatever it is, as an object whose members can be asked for. */
const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const isNumber = (value: unknown): value is number => typeof value === 'number'

/**
 * What `schema` can't say: readers that share an id, and events that have to go before S3 lets them. Of what is not as it has to be nothing is
 * said, so that these are told together with all other mistakes.
 */
function contradictions(config: unknown): string[] {
  const { origin, readers, retention, lock, logKeys } = record(config)
  const ids = (Array.isArray(readers) ? readers : [])
    .map((reader) => record(reader).id)
    .filter((id) => id !== undefined)
  const twice = new Set(ids.filter((id, index) => ids.indexOf(id) !== index))
  const { days: locked } = record(lock)
  const early = Object.entries(record(retention)).filter(
    ([, kept]) => isNumber(kept) && isNumber(locked) && kept < locked,
  )
  return [
    ...[...twice].map((id) => `readers: the id ${JSON.stringify(id)} is used twice`),
    ...Object.entries(record(logKeys)).flatMap(([location, key]) => mistakeOfKey(location, key, origin)),
    ...early.map(([name, kept]) => `retention.${name}: ${kept} days end before the lock of ${locked} days does`),
  ]
}

/**
 * Checks `config` (the object of `archive.ts`). Throws one `INVALID_CONFIG` that lists every mistake at once.
 */
export function checkArchives(config: ArchiveConfig): Archives {
  const parsed = v.safeParse(schema, config)
  const own = parsed.issues?.map((issue) => `${v.getDotPath(issue) ?? 'archive'}: ${issue.message}`) ?? []
  const mistakes = [...own, ...contradictions(config), ...mistakesOfSearches(config?.searches ?? [])]
  if (mistakes.length > 0) {
    throw new RouterError(
      'INVALID_CONFIG',
      `archive.ts has ${mistakes.length} mistake(s):\n  - ${mistakes.join('\n  - ')}`,
    )
  }
  const { origin, readers, retention = {}, lock, logKeys = {}, searches = [], viewer } = config
  const { undoDays = UNDO_DAYS, answerDays = ANSWER_DAYS } = config
  return {
    origin,
    readers: new Map(
      readers.map(({ id, locations }) => [id, { id, locations: locations === 'all' ? ALL : locations }]),
    ),
    retentionOf: (of) => retention[of] ?? retention.default,
    lock,
    undoDays,
    answerDays,
    logKeyOf: (of) => (logKeys[of] === undefined ? undefined : parseVerifierKey(logKeys[of])),
    searches,
    viewer,
  }
}
