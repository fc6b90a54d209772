import { STATUS_CODES } from 'node:http'
import type { Activity } from './activity.ts'
import type { EditionAction } from './edition.ts'
import { RouterError } from './errors.ts'

/** How an audited action ended. */
export interface EventOutcome {
  outcome: 'success' | 'pending' | 'failure'
  reason: { reasonCode: number; reasonType: string; reasonForFailure?: string }
}

/**
 * Outcome and reason of an event whose action is `row` (docs/events.md). Throws `INVALID_ITEM` when the sender's outcome and reason code
 * contradict each other: an audit event must not.
 */
export function writeOutcome({ outcome, reason }: Activity, row: EditionAction): EventOutcome {
  const code = reason.code ?? (outcome === 'failure' ? 500 : outcome === 'pending' ? 202 : row.success)
  const succeeded = code >= 200 && code < 300
  const derived = !succeeded ? 'failure' : outcome === 'pending' && code === 202 ? 'pending' : 'success'
  if (outcome && outcome !== derived) {
    throw new RouterError('INVALID_ITEM', `outcome: ${outcome} contradicts reason.code ${code}.`)
  }
  const phrase = STATUS_CODES[code] ?? 'Unknown'
  return {
    outcome: derived,
    reason: {
      reasonCode: code,
      reasonType: phrase,
      ...(succeeded ? {} : { reasonForFailure: reason.message || phrase }),
    },
  }
}
