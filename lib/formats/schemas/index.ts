import type { GenericSchema } from 'valibot'
import type { FormatName } from '../format.ts'
import { activityTrackerSchema } from './activity-tracker.ts'
import { cadfSchema } from './cadf.ts'
import { cloudeventsSchema } from './cloudevents.ts'

/** The schema of every output format. */
export const schemas: Readonly<Record<FormatName, GenericSchema>> = {
  'activity-tracker': activityTrackerSchema,
  cadf: cadfSchema,
  cloudevents: cloudeventsSchema,
}
