import { type Format, isEvent, notOf } from './format.ts'

/** IBM Cloud Activity Tracker: the form that events have all the way here, and that its consumers read. */
export const activityTracker: Format = {
  name: 'activity-tracker',
  write: (event) => event,
  read(json) {
    if (!isEvent(json)) throw notOf('activity-tracker')
    return json
  },
}
