// SQL with its parameters. What is interpolated is a parameter unless it is a fragment, and fragments are made of literals of this
// project alone: no value of a question can become a part of the text.

/** A value that a statement is executed with. Times are text: `2026-11-22 13:00:00.120`, in UTC. */
export type Parameter = string | number | boolean

/** A piece of SQL, `?` for each of its parameters in turn. */
export interface Fragment {
  sql: string
  parameters: readonly Parameter[]
}

const isFragment = (part: Fragment | Parameter): part is Fragment => typeof part === 'object'

/** SQL with `?` for every value between its texts; fragments stand as they are. */
export function sql(texts: TemplateStringsArray, ...parts: readonly (Fragment | Parameter)[]): Fragment {
  const fragments = parts.map((part) => (isFragment(part) ? part : { sql: '?', parameters: [part] }))
  return {
    sql: texts.map((text, index) => `${text}${fragments[index]?.sql ?? ''}`).join(''),
    parameters: fragments.flatMap(({ parameters }) => parameters),
  }
}

/** SQL of this project's own: names of columns, pieces of a dialect, whole numbers that were checked. Never a value of a question. */
export const text = (own: string): Fragment => ({ sql: own, parameters: [] })

/** `fragments` with `separator` between them. */
export const join = (fragments: readonly Fragment[], separator: string): Fragment => ({
  sql: fragments.map((fragment) => fragment.sql).join(separator),
  parameters: fragments.flatMap(({ parameters }) => parameters),
})

/** All of `fragments`, in brackets; true without any. */
export const all = (fragments: readonly Fragment[]): Fragment =>
  fragments.length === 0 ? text('TRUE') : sql`(${join(fragments, ' AND ')})`

/** Any of `fragments`, in brackets; false without any. */
export const any = (fragments: readonly Fragment[]): Fragment =>
  fragments.length === 0 ? text('FALSE') : sql`(${join(fragments, ' OR ')})`

/** `?, ?`: the values as a list. */
export const list = (values: readonly Parameter[]): Fragment =>
  join(
    values.map((value) => sql`${value}`),
    ', ',
  )
