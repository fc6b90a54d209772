import { activityTracker } from './activity-tracker.ts'
import { cadf } from './cadf.ts'
import { cloudevents } from './cloudevents.ts'
import type { Format, FormatName } from './format.ts'

/** Every output format by its `EVENT_FORMAT`. */
export const formats: Readonly<Record<FormatName, Format>> = {
  'activity-tracker': activityTracker,
  cadf,
  cloudevents,
}
