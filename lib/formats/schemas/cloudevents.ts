import * as v from 'valibot'
import {
  account,
  action,
  activityTrackerSchema,
  edition,
  id,
  location,
  logSourceCRN,
  registry,
  severity,
  text,
  timeWith,
} from './activity-tracker.ts'

// What an event as a CloudEvent looks like: names of attributes have lower-case letters and digits only.

/** An event as a CloudEvent 1.0 on the queue of its location. */
export const cloudeventsSchema = v.strictObject({
  specversion: v.literal('1.0'),
  id,
  source: logSourceCRN,
  type: action,
  time: timeWith('Z'),
  subject: text,
  datacontenttype: v.literal('application/json'),
  severitytext: severity,
  severitynumber: v.picklist([9, 13, 17]),
  dataevent: v.boolean(),
  registry,
  account,
  region: text,
  location,
  edition,
  correlationid: v.optional(text),
  recordedtime: timeWith('Z'),
  data: activityTrackerSchema,
})
