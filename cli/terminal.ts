import { once } from 'node:events'
import { SingleBar } from 'cli-progress'

// What people and programs see: results on standard output, everything else on standard error.

/** What could move a terminal's cursor or turn text around. A tab and the end of a line are harmless in a text of several lines. */
const UNSEEN = /[^\t\n -~\u00a0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

const escaped = (character: string): string => {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/** `text`, which an outsider may have written, with everything that is not to be seen as `\u` and four digits. */
export const visible = (text: string): string => text.replace(UNSEEN, escaped)

/** The same in one line of at most `most` characters. */
const inLine = (text: string, most: number): string => {
  const line = visible(text).replace(/\s+/g, ' ').trim()
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

const MOST_IN_CELL = 160
/** What stands between two columns. */
const GAP = '  '

/** Takes characters from the widest column, one by one, until all fit into `room`, none below what it needs at least. */
function narrowed(widths: readonly number[], leasts: readonly number[], room: number): number[] {
  const fit = [...widths]
  for (let over = fit.reduce((sum, width) => sum + width, 0) - room; over > 0; over--) {
    const spare = fit.map((width, at) => (width > (leasts[at] ?? 0) ? width : 0))
    const widest = spare.indexOf(Math.max(...spare))
    if (!spare[widest]) break
    fit[widest] = (fit[widest] as number) - 1
  }
  return fit
}

/**
 * How one row of a table is written whose columns are as wide as the widest cell of `head` and `rows`, or narrower where all of them
 * would not fit into `room` characters; `leasts` is how wide each has to stay. Without a limit the last one has no end.
 */
export function fitted(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  room?: number,
  leasts: readonly number[] = head.map((name) => name.length),
): (row: readonly string[]) => string {
  const cells = [head, ...rows.map((row) => row.map((cell) => inLine(cell, MOST_IN_CELL)))]
  const wanted = head.map((_, column) =>
    Math.max(room === undefined ? 0 : (leasts[column] ?? 0), ...cells.map((row) => row[column]?.length ?? 0)),
  )
  const widths = room === undefined ? wanted : narrowed(wanted, leasts, room - GAP.length * (head.length - 1))
  return (row) =>
    row
      .map((cell, at) => inLine(cell, room === undefined ? MOST_IN_CELL : (widths[at] ?? 0)).padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd()
}

/** `rows` below `head`, each column as wide as its widest cell, in lines of at most `room` characters where that can be. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], room?: number): string {
  const line = fitted(head, rows, room)
  return [head, ...rows].map(line).join('\n')
}

/** `text` in lines of `width` characters at most, all but the first one indented by `indent`; in one without a width. */
export function wrapped(text: string, indent: number, width: number | undefined): string {
  if (width === undefined) return text
  const most = Math.max(width - indent, 20)
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line && line.length + 1 + word.length > most) lines.push(word)
    else lines[lines.length - 1] = line ? `${line} ${word}` : word
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}

/** Milliseconds since 1970 as people and programs read it: `2026-11-22T13:00:00.120Z`. */
export const timeText = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** How far a long work is. */
export type Progress = (what: string, count: number, total: number) => void

/** Where a command writes. */
export interface Terminal {
  /** Characters of a line, where people look at it. */
  width: number | undefined
  /** A result: for people lines of text, unless a program asked. */
  print(text: string): void
  /** A result for programs: one line of JSON each, if it was asked for. */
  json(value: object): void
  /**
   * A result as it is, without an end of line: in any case. Resolves when more can be written. Where people look at it, what they should not see
   * is escaped.
   */
  raw(text: string): Promise<void>
  /** Anything else that is worth saying. */
  note(text: string): void
  progress: Progress
}

/** Without a terminal one plain line each so many. */
const STEP = 1000

/** Progress as a bar on a terminal, and as a line now and then elsewhere. `end` takes the bar away. */
export function progressOn(stream: NodeJS.WriteStream): { progress: Progress; end(): void } {
  let bar: SingleBar | undefined
  let shown = ''
  const end = () => {
    bar?.stop()
    bar = undefined
  }
  const onTerminal: Progress = (what, count, total) => {
    if (what !== shown) end()
    shown = what
    if (!bar) {
      bar = new SingleBar({
        stream,
        format: `${what} [{bar}] {value} of {total}`,
        clearOnComplete: true,
        hideCursor: null,
      })
      bar.start(total, count)
    }
    bar.setTotal(total)
    bar.update(count)
  }
  let last = 0
  const inLines: Progress = (what, count, total) => {
    if (what !== shown) last = 0
    shown = what
    if (Math.floor(count / STEP) === Math.floor(last / STEP)) return
    last = count
    stream.write(`${what} ${count} of ${total}\n`)
  }
  return { progress: stream.isTTY ? onTerminal : inLines, end }
}

/** The terminal of this process. */
export function openTerminal(asJson: boolean): Terminal & { end(): void } {
  const { progress, end } = progressOn(process.stderr)
  const write = (stream: NodeJS.WriteStream, text: string) => {
    end()
    stream.write(`${visible(text)}\n`)
  }
  return {
    width: process.stdout.isTTY ? process.stdout.columns || 80 : undefined,
    raw: async (text) => {
      end()
      const { stdout } = process
      // Nothing drains when nobody reads on; whoever listens to its errors ends the command.
      if (!stdout.write(stdout.isTTY ? visible(text) : text)) await once(stdout, 'drain').catch(() => undefined)
    },
    print: (text) => {
      if (!asJson) write(process.stdout, text)
    },
    json: (value) => {
      if (asJson) write(process.stdout, JSON.stringify(value))
    },
    note: (text) => write(process.stderr, text),
    progress,
    end,
  }
}
