// Text that outsiders wrote: control characters and lone surrogates reach no field of an event but the sender's own requestData and
// responseData (docs/events.md).

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g

/** `value` without control and direction-changing characters, well-formed, trimmed, and at most `limit` characters long. */
export function clean(value: string, limit: number): string {
  const text = value.length > limit * 4 ? value.slice(0, limit * 4) : value
  const plain = text.replace(CONTROL, ' ').trim()
  return (plain.length > limit ? plain.slice(0, limit).trimEnd() : plain).toWellFormed()
}

/** `value` with every text in it, however deep, as `clean` makes it; names of fields stay. */
export function cleanAll(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return clean(value, limit)
  if (Array.isArray(value)) return value.map((inner) => cleanAll(inner, limit))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cleanAll(inner, limit)]))
}

/** Whether `value` can be put into an event as it is: `clean` would not change it. */
export const isClean = (value: string, limit: number): boolean =>
  value.length <= limit && value.search(CONTROL) < 0 && value.trim() === value && value.isWellFormed()
