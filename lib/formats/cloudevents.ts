import type { Severity } from '../actions.ts'
import { type Format, isEvent, isObject, notOf } from './format.ts'

// CloudEvents 1.0 in structured mode: the envelope repeats what subscriptions filter by, the event is its data.

/** The numbers of OpenTelemetry's INFO, WARN and ERROR, which the severity extension takes. */
const SEVERITY: Readonly<Record<Severity, number>> = { normal: 9, warning: 13, critical: 17 }

/** `…+0000` as RFC 3339 wants it. */
const rfc3339 = (time: string): string => time.replace(/\+0000$/, 'Z')

/** CloudEvents 1.0, structured mode, JSON: `application/cloudevents+json`. */
export const cloudevents: Format = {
  name: 'cloudevents',
  write(event) {
    const { registry, account, region, location, edition, receivedTime } = event.provenance ?? event.route ?? {}
    return {
      specversion: '1.0',
      id: event.id,
      source: event.logSourceCRN,
      type: event.action,
      time: rfc3339(event.eventTime),
      subject: event.target.name,
      datacontenttype: 'application/json',
      severitytext: event.severity,
      severitynumber: SEVERITY[event.severity],
      dataevent: event.dataEvent,
      registry,
      account,
      region,
      location,
      edition,
      correlationid: event.correlationId,
      recordedtime: receivedTime && rfc3339(receivedTime),
      data: event,
    }
  },
  read(json) {
    if (!isObject(json) || json.specversion !== '1.0' || !isEvent(json.data)) throw notOf('cloudevents')
    return json.data
  },
}
