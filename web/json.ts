/** A piece of JSON text, and what it is. */
export interface Token {
  kind: 'name' | 'text' | 'value' | 'mark'
  text: string
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*|true|false|null)|([^"\d\-tfn]+|.)/g

/** JSON text in pieces, for colours: together they are the text again. */
export function tokens(text: string): Token[] {
  const found: Token[] = []
  for (const [, quoted, colon, value, mark = ''] of text.matchAll(TOKEN)) {
    if (quoted !== undefined) {
      found.push({ kind: colon === undefined ? 'text' : 'name', text: quoted })
      if (colon !== undefined) found.push({ kind: 'mark', text: colon })
    } else if (value === undefined) found.push({ kind: 'mark', text: mark })
    else found.push({ kind: 'value', text: value })
  }
  return found
}
