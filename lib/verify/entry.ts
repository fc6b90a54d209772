import { type Column, type ColumnName, columns } from '../archive/columns.ts'
import { parseTime } from '../time.ts'
import { readCanonical } from './json.ts'

// From a row of the columns to the text of the event, and whether both say the same.
//
// Reading every text as JSON would take most of the time. But of all events there are few shapes: the same members with values of the
// same kinds. So the first text of a shape is read as JSON, and a regular expression is made of it that holds for those that are canonical
// and have that shape; the others are only matched with it.

/** What a column holds in one row; times are milliseconds since 1970. */
export type Value = string | number | boolean | null

/** The columns of some rows. Texts are there of some of them only, of those from the row `from` on. */
export type Rows = Record<ColumnName, ArrayLike<Value>> & {
  from: number
  /** Most of the texts come more than once. */
  repeat: boolean
}

/** What was found in a row: the text of its event, and what is wrong with it. */
export interface Entry {
  text: string
  wrong: string | undefined
}

interface Placed extends Column {
  name: ColumnName
  steps: string[]
}

const placed: Placed[] = columns.flatMap((column) =>
  'path' in column ? [{ ...column, steps: column.path.split('.') }] : [],
)
const byHole = new Map(placed.flatMap((column) => (column.hole === undefined ? [] : [[column.hole, column] as const])))
const byPath = new Map(placed.map((column) => [column.path ?? '', column]))
const LOCATION = 'provenance.location'

// biome-ignore lint/suspicious/noControlCharactersInRegex: holes are control characters
const HOLES = /[\u0000-\u001f]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: what JSON has to escape
const UNCLEAN = /["\\\u0000-\u001f\ud800-\udfff]/u

/** Whether `text` can stand in a hole: JSON would not have to escape it. */
const isClean = (text: string): boolean => !UNCLEAN.test(text)

const MINUTE = 60_000
const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'))
let minuteKnown = Number.NaN
let minuteText = ''

/** A time as events write it: `2026-11-22T13:00:00.12+0000`. */
export function timeText(milliseconds: number): string {
  const minute = Math.floor(milliseconds / MINUTE)
  // The next event probably happened in the same minute.
  if (minute !== minuteKnown) {
    minuteText = new Date(minute * MINUTE).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:'.length)
    minuteKnown = minute
  }
  const rest = milliseconds - minute * MINUTE
  const [seconds, hundredths] = [Math.floor(rest / 1000), Math.floor((rest % 1000) / 10)]
  return `${minuteText}${TWO_DIGITS[seconds]}.${TWO_DIGITS[hundredths]}+0000`
}

/** What stands in a hole of `column` in the row `at`; `undefined` when nothing fills it. */
function filling(column: Placed, rows: Rows, at: number): string | undefined {
  const value = rows[column.name][at]
  if (typeof value === 'number') return timeText(value)
  return typeof value === 'string' ? value : undefined
}

// Reading a text as JSON.

function valueAt(event: unknown, steps: readonly string[]): unknown {
  let value = event
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}

/** What `column` has to hold when the event has `found` at its path. */
function wanted({ type }: Placed, found: unknown): Value {
  if (type === 'BOOLEAN') return typeof found === 'boolean' ? found : null
  if (typeof found !== 'string') return null
  return type === 'TIMESTAMP' ? (parseTime(found) ?? null) : found.toWellFormed()
}

/** Characters of a value that are worth quoting. */
const MOST_QUOTED = 100

const differs = (column: Placed, value: Value): string =>
  `column \`${column.name}\` says ${JSON.stringify(value).slice(0, MOST_QUOTED)}, the event something else at \`${column.path}\``

/** Reads one row with nothing known of its shape. */
function readSlowly(rows: Rows, at: number, location: string): Entry {
  const holed = String(rows.event[at - rows.from])
  let wrong: string | undefined
  const text = holed.replace(HOLES, (hole) => {
    const column = byHole.get(hole.charCodeAt(0))
    const value = column && filling(column, rows, at)
    if (value === undefined || !isClean(value)) wrong ??= 'the text of the event has a hole that nothing fits into'
    return value ?? hole
  })
  const event = readCanonical(text)
  if (event === undefined) return { text, wrong: wrong ?? 'the text of the event is not canonical JSON' }
  const misfit = placed.find(
    (column) => (rows[column.name][at] ?? null) !== wanted(column, valueAt(event, column.steps)),
  )
  if (misfit) wrong ??= differs(misfit, rows[misfit.name][at] ?? null)
  const place = valueAt(event, LOCATION.split('.'))
  if (place !== undefined && place !== location) wrong ??= `the event is of the location ${JSON.stringify(place)}`
  return { text, wrong }
}

// Matching a text with a shape.

/** What is true of all rows whose text matches. */
interface Shape {
  /** Has a group for each piece between two holes. */
  pattern: RegExp
  /** What stands in the holes, in their order. */
  holes: Placed[]
  /** Columns whose value follows from the shape alone. */
  fixed: { column: Placed; value: Value }[]
  /** Columns whose value stands in the hole of another one. */
  same: { column: Placed; as: Placed }[]
  bound?: Bound
}

// Every number that these match is written as canonical JSON writes it: whole ones of 15 digits, and decimals of 13.
const NUMBER = '(?:0|-?(?:[1-9]\\d{0,14}|(?:0|[1-9]\\d{0,7})\\.\\d{0,4}[1-9]))'
const PLAIN_NUMBER = new RegExp(`^${NUMBER}$`)
const PLAIN_TEXT = '[^"\\\\\\u0000-\\u001f]*'

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')

/** Is thrown by what has no shape that is worth remembering. */
class Shapeless extends Error {}

/** Makes a shape of one text. */
class Shaper {
  readonly holes: Placed[] = []
  readonly fixed: Shape['fixed'] = []
  readonly same: Shape['same'] = []

  /** What stands for `value`, which is at `path`. */
  pattern(value: unknown, path: string): string {
    if (typeof value === 'string') return `"${this.textPattern(value, path)}"`
    const column = byPath.get(path)
    if (column) this.fixed.push({ column, value: wanted(column, value) })
    if (typeof value === 'number') return this.numberPattern(value)
    if (typeof value !== 'object' || value === null) return String(value)
    if (Array.isArray(value)) return `\\[${value.map((inner) => this.pattern(inner, `${path}[]`)).join(',')}\\]`
    return `\\{${this.members(value, path)}\\}`
  }

  private numberPattern(value: number): string {
    if (!PLAIN_NUMBER.test(JSON.stringify(value))) throw new Shapeless()
    return NUMBER
  }

  private members(value: object, path: string): string {
    let before: string | undefined
    const members = Object.entries(value).map(([name, inner]) => {
      if (!isClean(name) || name === '' || name.includes('.') || (before !== undefined && name <= before))
        throw new Shapeless()
      before = name
      return `"${literally(name)}":${this.pattern(inner, path === '' ? name : `${path}.${name}`)}`
    })
    return members.join(',')
  }

  private textPattern(text: string, path: string): string {
    const column = byPath.get(path)
    if (column) return this.columnPattern(text, column)
    if (path === LOCATION) return literally(text)
    return text
      .replace(HOLES, '\n')
      .split('\n')
      .map((_, index) => this.piece(text, index))
      .join('')
  }

  /** A piece of a text behind its `index`-th hole, with that hole. */
  private piece(text: string, index: number): string {
    const hole = index === 0 ? '' : (text.match(HOLES)?.[index - 1] ?? '')
    return `${hole === '' ? '' : this.holePattern(hole)}${PLAIN_TEXT}`
  }

  private holePattern(hole: string): string {
    const column = byHole.get(hole.charCodeAt(0))
    if (!column) throw new Shapeless()
    this.holes.push(column)
    return `)\\u00${hole.charCodeAt(0).toString(16).padStart(2, '0')}(`
  }

  /** What the event has in a column: all of it is one hole, or it stands there as it is. */
  private columnPattern(text: string, column: Placed): string {
    const other = text.length === 1 ? byHole.get(text.charCodeAt(0)) : undefined
    if (other) {
      if (other.type !== column.type) throw new Shapeless()
      if (other !== column) this.same.push({ column, as: other })
      return this.holePattern(text)
    }
    if (column.type !== 'STRING' || !isClean(text)) throw new Shapeless()
    this.fixed.push({ column, value: text })
    return literally(text)
  }
}

/** The shape of `holed`; `undefined` when there is none that is worth remembering. */
function shapeOf(holed: string, location: string): Shape | undefined {
  const event = readCanonical(holed.replace(HOLES, (hole) => JSON.stringify(hole).slice(1, -1)))
  if (event === undefined) return undefined
  const place = valueAt(event, LOCATION.split('.'))
  if (place !== undefined && place !== location) return undefined
  const shaper = new Shaper()
  try {
    const pattern = new RegExp(`^(${shaper.pattern(event, '')})$`)
    const missing = placed.filter(({ steps }) => valueAt(event, steps) === undefined)
    const fixed = [...shaper.fixed, ...missing.map((column) => ({ column, value: null }))]
    return pattern.test(holed) ? { pattern, holes: shaper.holes, fixed, same: shaper.same } : undefined
  } catch (error) {
    if (error instanceof Shapeless) return undefined
    throw error
  }
}

/** A shape and the columns of the rows that are read just now. */
interface Bound {
  rows: Rows
  /** What stands in the holes, in their order. */
  holes: ArrayLike<Value>[]
  fixed: { values: ArrayLike<Value>; value: Value }[]
  same: { values: ArrayLike<Value>; as: ArrayLike<Value> }[]
}

const bind = ({ holes, fixed, same }: Shape, rows: Rows): Bound => ({
  rows,
  holes: holes.map(({ name }) => rows[name]),
  fixed: fixed.map(({ column, value }) => ({ values: rows[column.name], value })),
  same: same.map(({ column, as }) => ({ values: rows[column.name], as: rows[as.name] })),
})

/** Whether the columns of the row `at`, whose text has that shape, hold what the event says. */
function fits({ fixed, same }: Bound, at: number): boolean {
  for (const { values, value } of fixed) if ((values[at] ?? null) !== value) return false
  for (const { values, as } of same) if (values[at] !== as[at]) return false
  return true
}

/** Times that a hole stands for are cut to hundredths of a second. */
const isWhole = (value: number): boolean => value % 10 === 0

/** The text of a row of which the pieces between the holes are known; `undefined` when a hole can't be filled. */
function filled({ holes }: Bound, pieces: RegExpExecArray, at: number): string | undefined {
  let text = pieces[1] ?? ''
  for (let index = 0; index < holes.length; index++) {
    const value = holes[index]?.[at]
    if (typeof value === 'string') text += value
    else if (typeof value === 'number' && isWhole(value)) text += timeText(value)
    else return undefined
    text += pieces[index + 2]
  }
  return text
}

/** Longer texts and further shapes are not worth remembering. */
const LONGEST = 16_384
const MOST_SHAPES = 64
const MOST_LEARNT = 1024
/** Texts of which the shape is remembered. */
const MOST_TEXTS = 4096

/** A text and its shape. */
interface Matched {
  shape: Shape
  /** What stands between the holes, from the second element on. */
  pieces: RegExpExecArray
}

/** Reads the rows of a location. */
export class EntryReader {
  private readonly shapes: Shape[] = []
  private readonly texts = new Map<string, Matched>()
  private learnt = 0
  private readonly location: string

  constructor(location: string) {
    this.location = location
  }

  /** The event of the row `at`. `clean`: nothing that stands in a column would have to be escaped by JSON. */
  read(rows: Rows, at: number, clean: boolean): Entry {
    return (clean ? this.match(rows, at) : undefined) ?? this.learn(rows, at)
  }

  private match(rows: Rows, at: number): Entry | undefined {
    const holed = rows.event[at - rows.from]
    const matched = typeof holed === 'string' ? this.matched(holed, rows.repeat) : undefined
    if (!matched) return undefined
    const { shape, pieces } = matched
    if (shape.bound?.rows !== rows) shape.bound = bind(shape, rows)
    const text = fits(shape.bound, at) ? filled(shape.bound, pieces, at) : undefined
    return text === undefined ? undefined : { text, wrong: undefined }
  }

  /** The shape of a text; `repeat`: it probably comes again. */
  private matched(holed: string, repeat: boolean): Matched | undefined {
    const before = repeat ? this.texts.get(holed) : undefined
    if (before) return before
    const { shapes, texts } = this
    for (let index = 0; index < shapes.length; index++) {
      const shape = shapes[index] as Shape
      const pieces = shape.pattern.exec(holed)
      if (!pieces) continue
      // So the most frequent ones come to be tried first.
      if (index > 0) shapes.splice(index - 1, 2, shape, shapes[index - 1] as Shape)
      if (texts.size === MOST_TEXTS) texts.clear()
      if (repeat) texts.set(holed, { shape, pieces })
      return { shape, pieces }
    }
    return undefined
  }

  private learn(rows: Rows, at: number): Entry {
    const holed = String(rows.event[at - rows.from])
    const isWorthIt = holed.length <= LONGEST && this.learnt < MOST_LEARNT
    const known = isWorthIt && this.shapes.some(({ pattern }) => pattern.test(holed))
    const shape = isWorthIt && !known ? shapeOf(holed, this.location) : undefined
    if (shape) {
      this.learnt += 1
      if (this.shapes.length === MOST_SHAPES) this.shapes.pop()
      this.shapes.push(shape)
    }
    return readSlowly(rows, at, this.location)
  }
}
