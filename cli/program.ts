import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { CommonOptions, Spec } from './command.ts'
import { groups } from './commands/index.ts'
import { CommandError, type Exit, exits } from './exits.ts'
import { openTarget } from './target.ts'
import { openTerminal, visible } from './terminal.ts'

// From the words of the command line to a command, and from how it ended to the exit code.

const matching =
  (form: RegExp, wanted: string) =>
  (text: string): string => {
    if (!form.test(text)) throw new InvalidArgumentError(`It has to be ${wanted}.`)
    return text
  }

const stage = matching(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,26}[A-Za-z0-9])?$/, '1 to 28 letters, digits and inner dashes')
const region = matching(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'an AWS region, like eu-central-1')

/** Aborts at the first Ctrl-C, so that what is under way ends cleanly; the second one ends the process. */
function interruption(note: (text: string) => void): { signal: AbortSignal; end(): void } {
  const controller = new AbortController()
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(exits.interrupted.code)
    controller.abort()
    note(
      'Stopping when what is under way is done. Ctrl-C again ends at once; messages that are held come back by themselves.',
    )
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
  const { signal, end } = interruption(terminal.note)
  try {
    const exit = await spec.run({ args, options, target: openTarget(options), terminal, signal })
    return signal.aborted ? 'interrupted' : exit
  } catch (error) {
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
    .option('--stage <name>', 'local for local emulation, any other is on AWS; STAGE, or local, if left out', stage)
    .option('--region <region>', 'AWS region of the intake and quarantine queue; on AWS AWS_REGION if left out', region)
    .option('--json', 'results as JSON, one line each')
    .action(async () => ended(await run(spec, command.args, command.opts())))
  for (const option of spec.options) command.addOption(option)
}

/** Runs the command that `argv` (without the program's own name) says, and resolves to its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let exit: Exit = 'ok'
  const program = new Command('registry-events')
    .description('looks after the queues of registry-event-router')
    .exitOverride()
    .showHelpAfterError('(--help says how it is used)')
    .configureOutput({ writeErr: (text) => process.stderr.write(visible(text)) })
  for (const [name, { summary, commands }] of Object.entries(groups)) {
    const group = program.command(name).description(summary)
    for (const spec of commands) {
      add(group, spec, (how) => {
        exit = how
      })
    }
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? exits.ok.code : exits.usage.code
  }
  return exits[exit].code
}
