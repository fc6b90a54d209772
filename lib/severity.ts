import type { Severity } from './actions.ts'

// The published table of reason codes of Activity Tracker (docs/events.md); it goes over the verb's severity, downwards too.
// biome-ignore format: one row
const BY_CODE: Readonly<Record<number, Severity>> = {
  400: 'warning', 401: 'critical', 403: 'critical', 409: 'warning', 424: 'warning', 500: 'warning', 502: 'warning',
  503: 'critical', 504: 'warning', 505: 'warning', 507: 'critical',
}

/**
 * Severity of an action that ended with HTTP status `code`: on success the one of its row; on failure the published one of the
 * code; for a code without one (404, 429, ...) at least `warning`, because failures are that, and never below the row's.
 */
export function severityOf(code: number, ofRow: Severity): Severity {
  if (code >= 200 && code < 300) return ofRow
  return BY_CODE[code] ?? (ofRow === 'normal' ? 'warning' : ofRow)
}
