import { InvalidArgumentError, type Option } from 'commander'
import type { Exit } from './exits.ts'
import type { Target, TargetOptions } from './target.ts'
import type { Terminal } from './terminal.ts'

/** What every command may be told; where it works only those that are about the queues of a deployment. */
export interface CommonOptions extends TargetOptions {
  json?: true
}

/** One run of a command. */
export interface Call<Options extends CommonOptions> {
  args: readonly string[]
  options: Options
  /** The deployment of `options`; a mistake in the environment shows when it is asked for. */
  readonly target: Target
  terminal: Terminal
  /** Is aborted by Ctrl-C: what is under way is finished, nothing else is begun. */
  signal: AbortSignal
}

/** One command: its file says all about it, and `commands/index.ts` lists it. */
export interface Spec<Options extends CommonOptions = CommonOptions> {
  /** Name and arguments: `redrive [id...]`. */
  usage: string
  summary: string
  options: readonly Option[]
  /** Values of its arguments, by their names, where only some are allowed. */
  choices?: Readonly<Record<string, readonly string[]>>
  /** It is about no queues: it takes neither `--stage` nor `--region`, and Ctrl-C ends it at once. */
  queueless?: true
  /** What it writes is for no program that reads JSON: it does not take `--json`. */
  textOnly?: true
  /** Resolves to how it ended. Throws a `CommandError` for what it can't go on from. */
  run(call: Call<Options>): Promise<Exit>
}

/** Commands about one thing: `quarantine list`. */
export interface Group {
  summary: string
  commands: readonly Spec[]
}

/** Reads an option that is a whole number from 1 on. */
export function amount(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError('It has to be a whole number from 1 on.')
  return value
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads an option that is a time, or how long ago: `2026-11-22T13:00:00Z`, `30m`, `12h`, `7d`. In milliseconds since 1970. */
export function since(text: string): number {
  const [, count, unit] = /^(\d+)([mhd])$/.exec(text) ?? []
  if (count && unit) return Date.now() - Number(count) * (UNITS[unit] ?? 0)
  const time = /^\d{4}-\d{2}-\d{2}(?:T.*)?$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new InvalidArgumentError('Write it like 30m, 12h, 7d, 2026-11-22 or 2026-11-22T13:00:00Z.')
  return time
}
