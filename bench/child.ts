import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** What a Lambda function finds in its environment, and nothing of the one who measures. */
const environment = (endpoint: string): Record<string, string> => ({
  STAGE: 'local',
  EMULATION: 'local',
  AWS_ENDPOINT: endpoint,
  AWS_REGION: 'eu-central-1',
  ACCOUNT_ID: '000000000000',
  AWS_ACCESS_KEY_ID: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
})

/** How long a fresh process took from before it loaded a bundle to the answer of its first call, and that answer. */
export interface First {
  milliseconds: number
  result: unknown
}

/** Lets the program `first` load `file` in a fresh process and call its export `name` with `input`. */
export async function callFirst(
  first: string,
  file: string,
  name: string,
  input: unknown,
  endpoint: string,
): Promise<First> {
  const running = execute(process.execPath, [first, file, name], { env: environment(endpoint) })
  running.child.stdin?.end(JSON.stringify(input))
  const { stdout } = await running
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

/** A program in a process of its own that answers messages; it ends with this process at the latest. */
export interface Child {
  /** Its next message, after `order` was sent to it if there is one. Rejects when it ends instead. */
  next(order?: object): Promise<unknown>
  stop(): void
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const over = new AbortController()
  const { signal } = over
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${child.spawnargs.join(' ')} ended with ${code}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended])
    return message
  } finally {
    ended.catch(() => undefined)
    over.abort()
  }
}

/** Starts the program `file` and waits until it says something; resolves to what it said and to the child. */
export async function startChild(file: string, args: readonly string[], endpoint = ''): Promise<[unknown, Child]> {
  const child = fork(file, args, { env: environment(endpoint), execArgv: [] })
  const said = await nextMessage(child)
  return [
    said,
    {
      next(order) {
        const answer = nextMessage(child)
        if (order) child.send(order)
        return answer
      },
      stop() {
        if (child.connected) child.disconnect()
      },
    },
  ]
}
