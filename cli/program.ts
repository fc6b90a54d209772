import { Command, CommanderError } from 'commander'
import type { CommonOptions, Spec } from './command.ts'
import { commands, groups } from './commands/index.ts'
import { CommandError, type Exit, exits } from './exits.ts'
import { optionsOf } from './options.ts'
import { openTarget, type Target } from './target.ts'
import { openTerminal, visible } from './terminal.ts'

// From the words of the command line to a command, and from how it ended to the exit code.

const STOPPING =
  'Stopping when what is under way is done. Ctrl-C again ends at once; messages that are held come back by themselves.'

/** Aborts at the first Ctrl-C, so that what is under way ends cleanly; the second one ends the process. */
function interruption(said: () => void): { signal: AbortSignal; end(): void } {
  const controller = new AbortController()
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(exits.interrupted.code)
    controller.abort()
    said()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  // Nobody reads on, as with `| head`.
  const stop = () => controller.abort()
  process.stdout.on('error', stop)
  return {
    signal: controller.signal,
    end() {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
      process.stdout.off('error', stop)
    },
  }
}

async function run(spec: Spec, args: readonly string[], options: CommonOptions): Promise<Exit> {
  const terminal = openTerminal(options.json === true)
  const { signal, end } = interruption(() => {
    if (!spec.queueless) terminal.note(STOPPING)
  })
  let target: Target | undefined
  const call = {
    args,
    options,
    terminal,
    signal,
    get target() {
      target ??= openTarget(options)
      return target
    },
  }
  try {
    const exit = await spec.run(call)
    return signal.aborted ? 'interrupted' : exit
  } catch (error) {
    if (signal.aborted && (error as Error).name === 'AbortError') return 'interrupted'
    if (!(error instanceof CommandError)) throw error
    terminal.note(error.message)
    return error.exit
  } finally {
    terminal.end()
    end()
  }
}

function add(group: Command, spec: Spec, ended: (exit: Exit) => void): void {
  const command = group
    .command(spec.usage)
    .description(spec.summary)
    .action(async () => ended(await run(spec, command.args, command.opts())))
  for (const option of optionsOf(spec)) command.addOption(option)
  for (const argument of command.registeredArguments) {
    const choices = spec.choices?.[argument.name()]
    if (choices) argument.choices(choices)
  }
}

/** Runs the command that `argv` (without the program's own name) says, and resolves to its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let exit: Exit = 'ok'
  const program = new Command('registry-events')
    .description('finds events in the archive, and looks after the queues of registry-event-router')
    .exitOverride()
    .showHelpAfterError('(--help says how it is used)')
    .configureOutput({ writeErr: (text) => process.stderr.write(visible(text)) })
  const ended = (how: Exit) => {
    exit = how
  }
  for (const spec of commands) add(program, spec, ended)
  for (const [name, { summary, commands: specs }] of Object.entries(groups)) {
    const group = program.command(name).description(summary)
    for (const spec of specs) add(group, spec, ended)
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? exits.ok.code : exits.usage.code
  }
  return exits[exit].code
}
