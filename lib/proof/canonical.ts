/** Whether JSON.stringify writes `value` in canonical form: no key stands before a lesser one, and every number is one. */
function isInOrder(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(isInOrder)
  let last = ''
  for (const key in value) {
    if (key < last || !isInOrder((value as Record<string, unknown>)[key])) return false
    last = key
  }
  return true
}

function write(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('A number is too large for JSON.')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  const members = value as Record<string, unknown>
  const keys = Object.keys(members).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${write(members[key])}`).join(',')}}`
}

/**
 * The canonical JSON (RFC 8785) of `value`, which JSON.parse made. A lone surrogate, which RFC 8785 does not know, is written as its escape in small
 * letters: an event that holds one is kept like any other. Throws a `RangeError` for a number that is none, and for what is nested too deep.
 */
export const canonicalText = (value: unknown): string => (isInOrder(value) ? JSON.stringify(value) : write(value))
