import { fieldOf, short } from './fields.ts'

/** Events whose `name` has this value; with `not`, those that have it not. */
export interface Filter {
  name: string
  not: boolean
  value: string
}

const isSame = (a: Filter) => (b: Filter) => a.name === b.name && a.value === b.value

/** `filters` with one more; the opposite of it is taken out. */
export function withFilter(filters: readonly Filter[], { name, not, value }: Filter): readonly Filter[] {
  const added = { name, not, value: short(value) }
  const place = filters.findIndex(isSame(added))
  return place < 0 ? [...filters, added] : filters.with(place, added)
}

export const withoutFilter = (filters: readonly Filter[], filter: Filter): readonly Filter[] =>
  filters.filter((other) => !isSame({ ...filter, value: short(filter.value) })(other))

/** How `filters` treat this value: as one of those that are looked for, as one that is left out, or not at all. */
export function standing(filters: readonly Filter[], name: string, value: string): 'is' | 'isNot' | undefined {
  const found = filters.find(isSame({ name, not: false, value: short(value) }))
  if (!found) return undefined
  return found.not ? 'isNot' : 'is'
}

/** `filters` with this one when it is not there, and without it when it is. */
export const toggled = (filters: readonly Filter[], filter: Filter): readonly Filter[] =>
  standing(filters, filter.name, filter.value) === (filter.not ? 'isNot' : 'is')
    ? withoutFilter(filters, filter)
    : withFilter(filters, filter)

/** The filters as they are asked for: each name once for each of its values, in any order. */
export const toPairs = (filters: readonly Filter[]): [string, string][] =>
  filters.map(({ name, not, value }) => [not ? `${name}!` : name, value])

/** The filter that a pair of a query says; `undefined` when there is none of that name. */
export function fromPair(key: string, value: string): Filter | undefined {
  const not = key.endsWith('!')
  const name = not ? key.slice(0, -1) : key
  return fieldOf(name) && value !== '' ? { name, not, value: short(value) } : undefined
}

/** The filters in groups: values of one name that any event has to have one of, or to have none of. */
export function grouped(filters: readonly Filter[]): Filter[][] {
  return [...Map.groupBy(filters, ({ name, not }) => `${name} ${not}`).values()]
}

// `name:value`, `-name:value`, `name!=value`, with quotes around values that hold blanks; else a word, or a text in quotes.
const TOKEN = /(-?)([A-Za-z]+)(!?=|:)(?:"([^"]*)"|(\S+))|"([^"]*)"|(\S+)/g

/**
 * Reads what was typed into the search box. What looks like a filter of a known name is one; the rest is a text that the events have
 * to hold.
 */
export function typed(text: string): Filter[] {
  const filters: Filter[] = []
  const words: string[] = []
  for (const match of text.matchAll(TOKEN)) {
    const [whole, minus, name = '', between, quoted, plain, phrase, word] = match
    const value = quoted ?? plain ?? ''
    const not = minus === '-' || between === '!='
    if (fieldOf(name) && value !== '') filters.push({ name, not, value: short(value) })
    else words.push(phrase ?? word ?? whole)
  }
  const rest = words.join(' ').trim()
  return rest ? [...filters, { name: 'q', not: false, value: rest }] : filters
}
