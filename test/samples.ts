import { targetsOf } from '../cli/samples/cloudevents.ts'
import type { Family } from '../lib/actions.ts'

/** A target that every action of the family takes. */
export const targets: Readonly<Record<Family, object>> = targetsOf({
  repository: 'team/app',
  tag: '1.4.0',
  digest: `sha256:${'ab'.repeat(32)}`,
})

/** A CloudEvent of `action` in structured mode. */
export const cloudEvent = (action: string, family: Family, changes: object = {}) => ({
  specversion: '1.0',
  id: `ce-${action}`,
  source: '/test',
  type: action,
  time: '2026-11-22T12:39:43.080749884Z',
  data: { target: targets[family], initiator: { id: 'IBMid-50ABC', name: 'alice@example.com', address: '192.0.2.10' } },
  ...changes,
})
