// What is asked of the search function (docs/search.md), and what can go wrong with it.

/** Something that went wrong, with the code of the answer, or `OFFLINE` when there was none, or `UNREADABLE` when it was no JSON. */
export class Problem extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'Problem'
    this.code = code
  }
}

let secret = ''
let refused = (_problem: Problem): void => {}

/** Every request from now on is made with this secret. It is held in this variable, and never put into an address. */
export function useSecret(value: string): void {
  secret = value
}

/** `listener` is told when a secret is missing or not taken. */
export function onRefused(listener: (problem: Problem) => void): void {
  refused = listener
}

async function problemOf(answer: Response): Promise<Problem> {
  const body = await answer.json().catch(() => undefined)
  const { code, message } = Object(body)
  if (typeof code === 'string' && typeof message === 'string') return new Problem(code, message)
  return new Problem(
    answer.status === 401 ? 'UNAUTHENTICATED' : 'UNREADABLE',
    `The answer was ${answer.status} ${answer.statusText}.`,
  )
}

/** The answer to `GET path`, below the address of the viewer. Rejects with a `Problem`, or with an `AbortError`. */
export async function ask(path: string, init: { accept?: string; signal?: AbortSignal } = {}): Promise<Response> {
  const headers: Record<string, string> = { accept: init.accept ?? 'application/json' }
  if (secret) headers.authorization = `Bearer ${secret}`
  const request = new Request(new URL(path, document.baseURI), { headers, signal: init.signal ?? null })
  const answer = await fetch(request).catch((error: unknown) => {
    if (init.signal?.aborted) throw error
    throw new Problem('OFFLINE', 'There is no answer: the service can not be reached, or this machine is offline.')
  })
  if (answer.ok) return answer
  const problem = await problemOf(answer)
  if (problem.code === 'UNAUTHENTICATED') refused(problem)
  throw problem
}

/** The JSON that is answered to `GET path`. Rejects as `ask` does. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask(path, signal ? { signal } : {})
  try {
    return await answer.json()
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem('UNREADABLE', 'The answer is no JSON.')
  }
}

/** What went wrong, as a `Problem`; `undefined` when it was only called off. */
export function asProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  if (error instanceof DOMException && error.name === 'AbortError') return undefined
  return new Problem('UNREADABLE', error instanceof Error ? error.message : String(error))
}

/** The path of an event, or of something of it. */
export const pathOf = (id: string, what = ''): string => `events/${encodeURIComponent(id)}${what && `/${what}`}`
