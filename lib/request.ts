import { RouterError } from './errors.ts'

/** An HTTP request as it was sent: header names in lower case, `body` the very bytes. Times are milliseconds since 1970. */
export interface Request {
  method: string
  /** Without the query string, percent-encoding as sent. */
  path: string
  query: string
  headers: Readonly<Record<string, string>>
  body: Buffer
  receivedAt: number
  /** Address of the client as the platform saw it, never what a header says. */
  address?: string
  /** Id of the registry that it is genuine for, once that is known. */
  registry?: string
}

/** An HTTP answer; `body` is sent as JSON. */
export interface Response {
  status: number
  headers: Record<string, string>
  body?: unknown
  /** Text or bytes that are sent as they are, in place of `body`; `headers` say what they are. */
  raw?: string | Uint8Array
}

/** Throws `TOO_LARGE` when a body of `bytes` is over `limit`. */
export function checkSize(bytes: number, limit: number): void {
  if (bytes > limit) throw new RouterError('TOO_LARGE', `The body has ${bytes} bytes, the limit is ${limit}.`)
}
