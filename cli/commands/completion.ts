import type { Spec } from '../command.ts'
import { completion, type Shell, shells, type Tables } from '../completion.ts'

/** `completion`, of the commands that `tables` gives. */
export const completing = (tables: () => Tables): Spec => ({
  usage: 'completion <shell>',
  summary: 'the script that completes commands, options and values in a shell',
  queueless: true,
  textOnly: true,
  choices: { shell: shells },
  options: [],
  async run({ args: [shell], terminal }) {
    await terminal.raw(completion(shell as Shell, tables()))
    return 'ok'
  },
})
