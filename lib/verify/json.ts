// Canonical JSON (RFC 8785), read by hand: a text either is what it says in the only way in which it may be written, or it is refused. So it
// need not be written again to be compared. `JSON.parse` is handed single texts only, never names with what they name: in V8 13.6 it takes
// names of one escaped character for each other at times.

/** Objects and lists in each other: more are refused. */
const DEEPEST = 1000

const NUMBER = /-?\d+(?:\.\d+)?(?:e[+-]\d+)?/y
const TEXT = /"[^"\\]*(?:\\.[^"\\]*)*"/y
const WORD = /true|false|null/y
const words: Readonly<Record<string, unknown>> = { true: true, false: false, null: null }

class NotCanonical extends Error {}

/** A text that is read from its begin to its end. */
class Reader {
  at = 0
  private depth = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  value(): unknown {
    const next = this.text[this.at]
    if (next === '"') return this.string()
    if (next === '{') return this.inside(() => this.object())
    if (next === '[') return this.inside(() => this.list())
    if (next === 't' || next === 'f' || next === 'n') return words[this.token(WORD)]
    return this.number()
  }

  private inside<Value>(read: () => Value): Value {
    if (++this.depth > DEEPEST) throw new NotCanonical()
    this.at += 1
    const value = read()
    this.depth -= 1
    return value
  }

  private token(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const [token] = pattern.exec(this.text) ?? []
    if (token === undefined) throw new NotCanonical()
    this.at += token.length
    return token
  }

  /** `read`, unless it would be written in another way than `token`. */
  private only<Value>(value: Value, token: string): Value {
    if (JSON.stringify(value) !== token) throw new NotCanonical()
    return value
  }

  private number(): number {
    const token = this.token(NUMBER)
    return this.only(Number(token), token)
  }

  private string(): string {
    const token = this.token(TEXT)
    return this.only(JSON.parse(token) as string, token)
  }

  /** Whether `character` stands here; it is passed then. */
  private has(character: string): boolean {
    const isThere = this.text[this.at] === character
    if (isThere) this.at += 1
    return isThere
  }

  private expect(character: string): void {
    if (!this.has(character)) throw new NotCanonical()
  }

  private list(): unknown[] {
    const items: unknown[] = []
    if (this.has(']')) return items
    do items.push(this.value())
    while (this.has(','))
    this.expect(']')
    return items
  }

  private object(): object {
    // Without a prototype every name is only a name.
    const read: Record<string, unknown> = Object.create(null)
    if (this.has('}')) return read
    let before: string | undefined
    do {
      const name = this.string()
      if (before !== undefined && name <= before) throw new NotCanonical()
      this.expect(':')
      read[name] = this.value()
      before = name
    } while (this.has(','))
    this.expect('}')
    return read
  }
}

/** What the canonical JSON `text` says; `undefined` when it is none, or is too deep. */
export function readCanonical(text: string): unknown {
  const reader = new Reader(text)
  try {
    const value = reader.value()
    return reader.at === text.length ? value : undefined
  } catch (error) {
    if (error instanceof NotCanonical || error instanceof SyntaxError) return undefined
    throw error
  }
}
