import { setTimeout as wait } from 'node:timers/promises'
import { Option } from 'commander'
import { environment, readConfig } from '../lib/config.ts'
import { secretVariable } from '../lib/secrets.ts'
import { addressAt } from './address.ts'
import type { CommonOptions } from './command.ts'
import { CommandError, type Exit } from './exits.ts'

// Questions to the search function (docs/search.md).

/** Milliseconds that one answer may take: Athena is slow, API Gateway gives up sooner. */
const TIMEOUT = 60_000

/** What every command that asks the search may be told about it. */
export interface ReaderOptions extends CommonOptions {
  url?: string
  plainHttp?: true
}

/** The options of `ReaderOptions`. */
export const readerOptions = (): Option[] => [
  new Option(
    '--url <address>',
    'where the search is; REGISTRY_EVENTS_URL, or local emulation, if left out. The token is REGISTRY_EVENTS_TOKEN',
  ),
  new Option('--plain-http', 'send the token to another machine without encryption'),
]

/** What the search answered instead of what was asked for. */
export class ReaderError extends CommandError {
  /** The code of its table, if it said one: `NOT_FOUND`. */
  readonly code: string | undefined
  /** It may well answer when it is asked again. */
  readonly isPassing: boolean
  constructor(exit: Exit, message: string, { code, isPassing = false, cause }: Partial<ReaderError> = {}) {
    super(exit, message, { cause })
    this.code = code
    this.isPassing = isPassing
  }
}

/** An answer that is no error. */
export interface Answer {
  text: string
  headers: Headers
}

/** Who asks the search, and where. */
export interface Reader {
  /** For people: where it is. */
  name: string
  /** Whether it is on this machine. */
  isLoopback: boolean
  /** Rejects with a `ReaderError` for whatever is no answer, with an `AbortError` when `signal` is aborted. */
  ask(path: string, query: URLSearchParams, accept: string, signal: AbortSignal): Promise<Answer>
}

/** What to do about an error, by its code. */
const ADVICE: Readonly<Record<string, { exit: Exit; advice: string }>> = {
  BAD_QUERY: { exit: 'usage', advice: '' },
  BAD_CURSOR: { exit: 'usage', advice: 'Begin again: the search was changed meanwhile.' },
  QUERY_TOO_LARGE: { exit: 'usage', advice: 'Ask for less at a time.' },
  UNAUTHENTICATED: {
    exit: 'unreachable',
    advice: 'Set REGISTRY_EVENTS_TOKEN to the secret of a reader of archive.ts.',
  },
  FORBIDDEN: { exit: 'unreachable', advice: 'archive.ts says which locations a reader may see.' },
  NOT_FOUND: { exit: 'undone', advice: '' },
  REMOVED: { exit: 'undone', advice: '' },
  ENTRY_TOO_LARGE: { exit: 'undone', advice: '' },
  ARCHIVE_DAMAGED: {
    exit: 'damaged',
    advice: '`npx registry-events verify` finds everything that is damaged.',
  },
}

const RETRIED = new Set([429, 502, 503, 504])

/** `{"code","message"}` of an error's body, if it has that form. */
function errorIn(text: string): { code?: string; message?: string } {
  try {
    const { code, message } = JSON.parse(text) as Record<string, unknown>
    return { ...(typeof code === 'string' ? { code } : {}), ...(typeof message === 'string' ? { message } : {}) }
  } catch {
    return {}
  }
}

/** `answer` that is an error, as a sentence that says what to do. */
function refusal(status: number, text: string, where: string): ReaderError {
  const { code, message } = errorIn(text)
  const known = code !== undefined && Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined
  const said = code ? `${code}: ${message ?? ''}` : `${where} answered ${status}, which is no answer of the search.`
  const advice = known?.advice || (RETRIED.has(status) ? 'Try again in a while.' : '')
  return new ReaderError(known?.exit ?? 'unreachable', [said.trim(), advice].filter(Boolean).join('\n'), {
    code,
    isPassing: RETRIED.has(status),
  })
}

/** The innermost reason of a failed call. */
export function reasonOf(error: unknown): string {
  const { cause, message, code, errors } = error as Error & { code?: string; errors?: Error[] }
  if (cause) return reasonOf(cause)
  return message || errors?.[0]?.message || code || String(error)
}

/**
 * The token of the environment. The search of this machine knows `local` if nobody said otherwise, as in local emulation; nobody else
 * is ever sent that.
 */
function tokenOf(env: Readonly<Record<string, string | undefined>>, isLoopback: boolean): string {
  const emulated = env[secretVariable('reader-local')]?.trim().split(/\s+/)[0] || 'local'
  const token = env.REGISTRY_EVENTS_TOKEN?.trim() || (isLoopback ? emulated : '')
  if (!token) throw new CommandError('usage', 'Set REGISTRY_EVENTS_TOKEN to the secret of a reader of archive.ts.')
  if (!/^[!-~]+$/.test(token))
    throw new CommandError(
      'usage',
      'REGISTRY_EVENTS_TOKEN has characters that no token has: it was cut or pasted wrong.',
    )
  return token
}

/** The search that `options` and the environment say. Throws a `CommandError` for what is no address and no token. */
export function openReader(options: ReaderOptions, env = environment()): Reader {
  const said = options.url ?? (env.REGISTRY_EVENTS_URL || undefined)
  const where = options.url === undefined ? 'REGISTRY_EVENTS_URL' : '--url'
  const { url, isLoopback } = addressAt(said ?? `http://127.0.0.1:${port(env)}`, where, options.plainHttp === true)
  if (url.search)
    throw new CommandError('usage', `${where} has a query: it has to be the address of the search and nothing else.`)
  const token = tokenOf(env, isLoopback)
  const base = url.href.replace(/\/+$/, '')
  const help = isLoopback
    ? 'Start local emulation with `npm start`, or say --url or REGISTRY_EVENTS_URL.'
    : 'Check --url or REGISTRY_EVENTS_URL, and the network.'
  const unreachable = (error: unknown): ReaderError =>
    new ReaderError('unreachable', `${base} can't be reached. ${help}\nWhat happened: ${reasonOf(error)}`, {
      isPassing: true,
      cause: error,
    })
  return {
    name: base,
    isLoopback,
    async ask(path, query, accept, signal) {
      const asked = query.size > 0 ? `${path}?${query}` : path
      let answer: Response
      let text: string
      try {
        answer = await fetch(`${base}${asked}`, {
          headers: { authorization: `Bearer ${token}`, accept },
          // The token would go wherever the answer says.
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
        })
        text = await answer.text()
      } catch (error) {
        if (signal.aborted) throw error
        throw unreachable(error)
      }
      if (answer.status >= 300 && answer.status < 400)
        throw new ReaderError(
          'unreachable',
          `${base} sends to ${answer.headers.get('location') ?? 'another address'}, where the token is not sent. If that is right, say it as --url.`,
        )
      if (!answer.ok) throw refusal(answer.status, text, base)
      return { text, headers: answer.headers }
    },
  }
}

function port(env: Readonly<Record<string, string | undefined>>): number {
  try {
    return readConfig(env).port
  } catch (error) {
    throw new CommandError('usage', (error as Error).message)
  }
}

/** Asks for JSON at `path`. Rejects as `Reader.ask` does, and when the answer is no JSON. */
export async function askJson<Value>(
  reader: Reader,
  path: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Value> {
  const { text } = await reader.ask(path, query, 'application/json', signal)
  try {
    return JSON.parse(text) as Value
  } catch (cause) {
    throw new ReaderError('unreachable', `${reader.name} is not the search: what it answered is no JSON.`, { cause })
  }
}

/** Milliseconds before each further attempt. */
const PAUSES = [500, 1000, 2000, 4000, 8000]

/** `reader` that asks again after what may pass: for long work that should not be lost. */
export const patient = (reader: Reader, note: (text: string) => void): Reader => ({
  ...reader,
  async ask(path, query, accept, signal) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await reader.ask(path, query, accept, signal)
      } catch (error) {
        const pause = PAUSES[attempt]
        if (!(error instanceof ReaderError) || !error.isPassing || pause === undefined) throw error
        if (attempt === 0) note(`${error.message.split('\n')[0]} Trying again.`)
        await wait(pause, undefined, { signal })
      }
    }
  },
})
