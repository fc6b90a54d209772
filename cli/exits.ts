/** How a command can end: the exit code, and what it means. */
export const exits = {
  ok: { code: 0, means: 'done' },
  undone: {
    code: 1,
    means:
      'something was not done: it is still unusable, a queue or the router refused it, there is no such id; what was printed says which',
  },
  usage: {
    code: 2,
    means: 'wrong usage, or a mistake in `registries.ts`, `archive.ts` or the environment; nothing was done',
  },
  unreachable: {
    code: 3,
    means:
      "a queue, the router or the search can't be reached, is not there, or may not be used with these credentials; what was printed says what that left",
  },
  damaged: {
    code: 4,
    means: "the archive is damaged, or is not what it was: what was printed is not all of it, or can't be trusted",
  },
  interrupted: { code: 130, means: 'stopped by Ctrl-C; what was printed says how far it got' },
} as const satisfies Record<string, { code: number; means: string }>

export type Exit = keyof typeof exits

/** What ends a command: a sentence for people, and the exit. */
export class CommandError extends Error {
  readonly exit: Exit
  /** It was refused before anything could change; else some of what was asked for may have been done. */
  readonly refused: boolean
  constructor(exit: Exit, message: string, options: { cause?: unknown; refused?: boolean } = {}) {
    super(message, options)
    this.name = 'CommandError'
    this.exit = exit
    this.refused = options.refused ?? true
  }
}

/** `count` and the noun, in the plural where it has to be: `1 message`, `2 messages`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
