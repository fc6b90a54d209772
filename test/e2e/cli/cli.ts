import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

// The command line as a child process: what `npx registry-events` runs.

const root = resolve(import.meta.dirname, '../../..')

/** How a command ended, and what it wrote. */
export interface Ended {
  code: number | null
  out: string
  err: string
  /** The lines of `out` as JSON. */
  rows(): Record<string, unknown>[]
}

/** A command that runs. */
export interface Running {
  child: ChildProcess
  /** What it wrote so far. */
  out(): string
  err(): string
  ended: Promise<Ended>
}

/** Starts `registry-events` with `args`; of the environment it gets nothing but `env`. */
export function begin(args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [resolve(root, 'cli/registry-events.ts'), ...args], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  const rows = () => out.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err, rows }))
  return { child, out: () => out, err: () => err, ended }
}

/** Runs `registry-events` with `args` to its end. */
export const run = (args: string, env: Readonly<Record<string, string>>): Promise<Ended> =>
  begin(args.split(' '), env).ended
