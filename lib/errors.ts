// DATA: everything that can be wrong. `status` is the HTTP answer; a row without one never reaches a sender as an error,
// because a genuine but unusable webhook is answered 202 and kept in quarantine (a 4xx makes Distribution retry for ever).

/** Code, answer, whether the sender may try again, and one sentence. */
// biome-ignore format: one row a line
export const errors = {
  UNAUTHENTICATED:  { status: 401, retry: false, message: 'The credentials are missing or wrong, or there is no such registry.' },
  NOT_FOUND:        { status: 404, retry: false, message: 'There is nothing at this path: webhooks go to POST /webhooks/{registry} or POST /webhooks/{registry}/{family}.' },
  RATE_LIMITED:     { status: 429, retry: true,  message: 'There are more requests than the limit allows: send this one again later.' },
  TOO_LARGE:        { status: 413, retry: false, message: 'The body is larger than the limit.' },
  INTERNAL:         { status: 500, retry: true,  message: 'Something went wrong here. The request was not kept: send it again.' },
  UNAVAILABLE:      { status: 503, retry: true,  message: 'The events could not be queued. Nothing was promised: send the request again.' },
  INVALID_BODY:     { status: null, retry: false, message: 'The body is not JSON in UTF-8.' },
  INVALID_ENVELOPE: { status: null, retry: false, message: 'The body is not of the shape that this source sends.' },
  INVALID_ITEM:     { status: null, retry: false, message: 'The item is not of the shape that this source sends.' },
  INVALID_TARGET:   { status: null, retry: false, message: 'The target lacks what its action needs.' },
  TOO_MANY_ITEMS:   { status: null, retry: false, message: 'The body has more items than the limit.' },
  TOO_DEEP:         { status: null, retry: false, message: 'The item is nested deeper than the limit.' },
  EVENT_TOO_LARGE:  { status: null, retry: false, message: 'The event is over the size limit although everything that may be cut was cut.' },
  UNKNOWN_ACTION:   { status: null, retry: false, message: 'The action is not in the action table of this edition.' },
  WRONG_FAMILY:     { status: null, retry: false, message: 'The action belongs to the function of another family.' },
  UNREADABLE:       { status: null, retry: false, message: 'Reading the item failed in an unforeseen way; the log has the details.' },
  UNROUTABLE:       { status: null, retry: false, message: 'The location mapping has no place for the event.' },
  BAD_QUERY:        { status: 400, retry: false, message: 'A parameter of the query is not as it has to be.' },
  BAD_CURSOR:       { status: 400, retry: false, message: 'The cursor is none of this query: begin again without one.' },
  FORBIDDEN:        { status: 403, retry: false, message: 'The reader may not see this location.' },
  REMOVED:          { status: 410, retry: false, message: 'The event was removed under retention.' },
  QUERY_TOO_LARGE:  { status: 414, retry: false, message: 'The query or its cursor is over 8 KiB.' },
  ENTRY_TOO_LARGE:  { status: 422, retry: false, message: 'The bundle holds an event that its form has no room for.' },
  ARCHIVE_DAMAGED:  { status: 500, retry: false, message: 'A file of the archive is missing or damaged.' },
  INVALID_CONFIG:   { status: 503, retry: true,  message: 'The router is not configured correctly; its log says what is wrong.' },
} as const satisfies Record<string, { status: number | null; retry: boolean; message: string }>

export type ErrorCode = keyof typeof errors

/** The one error that this project throws on purpose. `message` is for people; `cause` is for the log only. */
export class RouterError extends Error {
  readonly code: ErrorCode
  /** Seconds after which it is worth trying again, when that is known. */
  readonly retryAfter: number | undefined
  constructor(
    code: ErrorCode,
    message: string = errors[code].message,
    options?: { cause?: unknown; retryAfter?: number },
  ) {
    super(message, options)
    this.name = 'RouterError'
    this.code = code
    this.retryAfter = options?.retryAfter
  }
}
