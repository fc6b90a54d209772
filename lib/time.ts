const RFC3339 = /^(\d{4})-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:[Zz]|[+-]\d{2}:?\d{2})$/

/**
 * Milliseconds since 1970 of an RFC 3339 time with 0 to 9 fraction digits and any offset (`+0000` without the colon too), or
 * `undefined` when `text` is no such time or lies in year 1, which GitHub and Go senders use for "none"
 * (docs/events.md).
 */
export function parseTime(text: string): number | undefined {
  const match = RFC3339.exec(text)
  if (!match || match[1] === '0001') return undefined
  const time = Date.parse(
    text
      .replace(' ', 'T')
      .replace(',', '.')
      .replace(/([+-]\d{2})(\d{2})$/, '$1:$2'),
  )
  return Number.isNaN(time) ? undefined : time
}

/** `time` (milliseconds since 1970) in the strict form of Activity Tracker: UTC, two fraction digits, `+0000`. */
export function formatTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 22)}+0000`
}
