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

/** `rows` below `head`, each column as wide as its widest cell; the last one has no end to be lined up. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows.map((row) => row.map((cell) => inLine(cell, MOST_IN_CELL)))]
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Milliseconds since 1970 as people and programs read it: `2026-11-22T13:00:00.120Z`. */
export const timeText = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** How far a long work is. */
export type Progress = (what: string, count: number, total: number) => void

/** Where a command writes. */
export interface Terminal {
  /** A result: for people lines of text, unless a program asked. */
  print(text: string): void
  /** A result for programs: one line of JSON each, if it was asked for. */
  json(value: object): void
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
