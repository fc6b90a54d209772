import { type Column, columns } from '../archive/columns.ts'
import { all, any, type Fragment, sql, text } from './sql.ts'

// Free text for DuckDB: whether the JSON of an event holds a text. Putting the values back into the column `event` takes several times as long
// as reading all columns, so it is done last, and only for events where the text may stand half in a value and half beside it.
// `event` has few values in many rows, and what depends on it alone is worked out once for each of them.

/** A column that has a hole, and what is written there. */
interface Holed {
  hole: number
  value: string
  /** A time: there are no other characters in one than these. */
  isTime: boolean
}

const holed: readonly Holed[] = (columns as readonly Column[]).flatMap(({ name, type, hole }) => {
  if (hole === undefined) return []
  const isTime = type === 'TIMESTAMP'
  const value = isTime ? `(left(strftime(${name}, '%Y-%m-%dT%H:%M:%S.%g'), 22) || '+0000')` : name
  return [{ hole, value: `lower(${value})`, isTime }]
})
const IN_TIMES = /^[\dt:.+-]+$/i

const EVENT = 'lower(event)'
/** `event` as what `format` fills: `{3}` in place of each hole of the fourth column. */
const TEMPLATE = holed.reduce(
  (inner, { hole }, index) => `replace(${inner}, chr(${hole}), '{${index}}')`,
  `replace(replace(${EVENT}, '{', '{{'), '}', '}}')`,
)
/** The JSON of an event in small letters. */
const WHOLE = `format(${TEMPLATE}, ${holed.map(({ value }) => `coalesce(${value}, '')`).join(', ')})`

/** Canonical JSON has no other control characters. */
const HOLE = '[\\x01-\\x1f]'
/** Patterns that every event has, and that none has. What becomes of other letters than those of ASCII is not known here. */
const ALWAYS = '.'
const NEVER = '\\x00'
/** Characters beside a hole that are looked at. */
const NEAR = 4

const quoted = (part: string): string => part.replace(/[^a-z0-9]/g, (character) => `\\${character}`)

/** A pattern for what begins with `characters`, or with some of them when a hole comes then. */
function onwards([first = '', ...rest]: readonly string[]): string {
  const further = rest.length === 0 ? '' : `(?:${HOLE}|${onwards(rest)})`
  return `${quoted(first)}${further}`
}

/**
 * A pattern that `event` in small letters has wherever `value` (in small letters, ASCII) may begin before a hole and go on in it, or begin in one and go on
 * behind it.
 */
function acrossHoles(value: string): string {
  if (value.length < 2) return NEVER
  const before = new Set<string>()
  const behind = new Set<string>()
  for (let at = 1; at < value.length; at++) {
    before.add(quoted(value.slice(Math.max(0, at - NEAR), at)))
    behind.add(onwards([...value.slice(at, at + NEAR)]))
  }
  return `(?:${[...before].join('|')})${HOLE}|${HOLE}(?:${HOLE}|${[...behind].join('|')})`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: of ASCII alone it is known what becomes of it in small letters
const ASCII = /^[\x00-\x7f]+$/

/** Whether a value of an event that has a hole there holds `value`, or what is beside the holes does. */
function within(value: string): Fragment {
  const found = (where: string): Fragment => sql`contains(${text(where)}, lower(${value}))`
  const values = holed.filter(({ isTime }) => !isTime || IN_TIMES.test(value) || !ASCII.test(value))
  return any([
    found(EVENT),
    ...values.map(({ hole, value: of }) => sql`(${found(of)} AND ${text(`contains(event, chr(${hole}))`)})`),
  ])
}

/** Whether the JSON of an event holds any of `values`, letters of either case. It is put together once at most, however many they are. */
export function says(values: readonly string[]): Fragment {
  const patterns = values.map((value) => (ASCII.test(value) ? acrossHoles(value.toLowerCase()) : ALWAYS))
  // Of the functions with patterns this is the one that is worked out once for each value of `event`.
  const across = any(patterns.map((pattern) => sql`regexp_extract(${text(EVENT)}, ${pattern}) <> ''`))
  const held = any(values.map((value) => sql`contains(whole, lower(${value}))`))
  return any([...values.map(within), all([across, sql`list_transform([${text(WHOLE)}], lambda whole: ${held})[1]`])])
}
