import { type ErrorCode, RouterError } from '../errors.ts'

// What is asked gets into no log.

/** An error whose message quotes what was asked: for who asked. `logged` is what the log may hold of it. */
export class QuotingError extends RouterError {
  readonly logged: string
  constructor(code: ErrorCode, message: string, logged: string, options?: { cause?: unknown }) {
    super(code, message, options)
    this.logged = logged
  }
}

/** A line of a stack that says where. */
const FRAME = /^ +at .*:\d+:\d+\)?$/

/**
 * `error` for the log, its causes included: which kind it is and where it came up, and none of its words. Engines quote in them what was asked,
 * and parsers what they read.
 */
export function unsaid(error: unknown): unknown {
  if (!(error instanceof Error)) return { name: typeof error }
  const { name, message, stack = '', cause } = error
  const { code } = error as { code?: unknown }
  // `Conversion Error: Could not convert string 'mallory'`
  const [kind] = /^[A-Z][A-Za-z ]{0,40} Error(?=:)/.exec(message) ?? []
  return {
    name,
    ...(kind === undefined ? {} : { kind }),
    ...(typeof code === 'string' && /^[A-Z_\d]{1,40}$/.test(code) ? { code } : {}),
    stack: stack.split('\n').filter((line) => FRAME.test(line)),
    ...(cause === undefined ? {} : { cause: unsaid(cause) }),
  }
}
