import { deflateRawSync, inflateRawSync } from 'node:zlib'
import * as v from 'valibot'
import { RouterError } from '../errors.ts'
import { fingerprint } from '../ids.ts'
import { type Location, places } from '../locations.ts'
import type { SortName } from './fields.ts'

// Where a page ended, as text that only this code reads. It holds the checkpoints that all pages of a query are of. Anybody can write one:
// nothing in it is taken that could not have been written here, and of a checkpoint the signature counts.

const location = v.picklist(places.map((place): Location => place.location))
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
/** Years have four digits. */
const time = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(Date.UTC(1000, 0, 1)),
  v.maxValue(Date.UTC(9999, 11, 31, 23, 59, 59, 999)),
)
const words = v.pipe(
  v.string(),
  v.check((text) => text.isWellFormed()),
)
const schema = v.strictObject({
  query: v.string(),
  now: time,
  checkpoints: v.pipe(
    v.array(v.strictObject({ location, note: v.string() })),
    v.check((all) => new Set(all.map((one) => one.location)).size === all.length),
  ),
  position: v.strictObject({ value: v.optional(v.union([words, v.picklist([0, 1, 2])])), time, location, leaf: whole }),
})

/** What a cursor says. `now` is when the first page was asked for: what was a day ago then still is on the last page. */
export type Cursor = v.InferOutput<typeof schema>

/** Nothing that is written here is larger. */
const MOST_BYTES = 64 * 1024

/** Parameters that may change from page to page. */
const OF_A_PAGE: ReadonlySet<string> = new Set(['cursor', 'limit', 'format', 'proof', 'damaged'])

/** What is the same for all pages of a query, whatever the order of its parameters. */
export function queryMark(query: URLSearchParams): string {
  const own = [...query].filter(([name]) => !OF_A_PAGE.has(name)).map((pair) => JSON.stringify(pair))
  return fingerprint(own.sort().join('\n')).slice(0, 32)
}

/** `cursor` as text for a URL. */
export const writeCursor = (cursor: Cursor): string => deflateRawSync(JSON.stringify(cursor)).toString('base64url')

/** What the value of a position is, by what events are sorted by. */
function typeOfValue(by: SortName): string {
  if (by === 'time') return 'undefined'
  return by === 'severity' ? 'number' : 'string'
}

/**
 * What `text` says, when it is a cursor of the query with that mark, whose events are sorted by `by`. Throws `BAD_CURSOR` for any other text.
 */
export function readCursor(text: string, mark: string, by: SortName): Cursor {
  try {
    const cursor = v.parse(
      schema,
      JSON.parse(inflateRawSync(Buffer.from(text, 'base64url'), { maxOutputLength: MOST_BYTES }).toString()),
    )
    if (cursor.query === mark && typeof cursor.position.value === typeOfValue(by)) return cursor
  } catch (cause) {
    throw new RouterError('BAD_CURSOR', undefined, { cause })
  }
  throw new RouterError('BAD_CURSOR')
}
