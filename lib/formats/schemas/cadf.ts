import * as v from 'valibot'
import {
  action,
  addressType,
  authn,
  credentialType,
  data,
  id,
  initiatorTypeURI,
  logSourceCRN,
  message,
  observerName,
  outcome,
  provenance,
  severity,
  targetExtras,
  text,
  timeWith,
} from './activity-tracker.ts'

// What an event in CADF looks like. Taxonomies are checked from their roots: a longer path extends them.

const path = (...roots: readonly string[]) =>
  v.pipe(v.string(), v.regex(new RegExp(`^(?:${roots.join('|')})(?:/[a-z]+)*$`)))

const cadfAction = path('create', 'read', 'update', 'delete', 'restore')
const targetTypeURI = v.pipe(
  v.string(),
  v.regex(/^data\/(?:config|directory|image|report|security\/(?:credential|policy))\/container-registry(?:\/[a-z]+)+$/),
)

/** CADF's identifiers are URIs, relative ones too. */
const uri = v.pipe(v.string(), v.regex(/^(?:[A-Za-z0-9_.~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/))

/** An attachment called `name` that holds `content`. */
const attachment = <Name extends string, Content extends v.GenericSchema>(name: Name, content: Content) =>
  v.strictObject({
    typeURI: v.literal(`urn:registry-event-router:${name}`),
    contentType: v.literal('application/json'),
    name: v.literal(name),
    content,
  })

/** The event's fields that CADF has no property for, at their paths in Activity Tracker form. */
const rest = v.strictObject({
  dataEvent: v.boolean(),
  deprecated: v.optional(v.literal(true)),
  saveServiceCopy: v.literal(true),
  correlationId: v.optional(text),
  reason: v.strictObject({ reasonType: text, reasonForFailure: v.optional(text) }),
  initiator: v.strictObject({ id: v.optional(v.string()), host: v.strictObject({ addressType }), ...authn }),
  target: v.optional(v.pipe(v.strictObject({ id: v.optional(text), ...targetExtras }), v.minEntries(1))),
  provenance,
})

/** An event in CADF 1.0 on the queue of its location. */
export const cadfSchema = v.strictObject({
  typeURI: v.literal('http://schemas.dmtf.org/cloud/audit/1.0/event'),
  id,
  eventType: v.literal('activity'),
  eventTime: timeWith('\\+00:00'),
  name: message,
  action: cadfAction,
  outcome,
  severity,
  reason: v.strictObject({
    reasonType: v.literal('http://www.iana.org/assignments/http-status-codes/http-status-codes.xml'),
    reasonCode: v.pipe(v.string(), v.regex(/^[1-5]\d\d$/)),
  }),
  initiator: v.strictObject({
    id: uri,
    typeURI: initiatorTypeURI,
    name: text,
    credential: v.strictObject({ token: v.literal('xxxxxxxx'), type: credentialType }),
    host: v.optional(v.pipe(v.strictObject({ address: v.optional(text), agent: v.optional(text) }), v.minEntries(1))),
  }),
  target: v.strictObject({
    id: uri,
    typeURI: targetTypeURI,
    name: text,
    host: v.optional(v.strictObject({ address: text })),
  }),
  observer: v.strictObject({ id: logSourceCRN, typeURI: v.literal('service/security/audit'), name: observerName }),
  reporterchain: v.strictTuple([
    v.strictObject({
      role: v.literal('relay'),
      reporterTime: timeWith('\\+00:00'),
      reporter: v.strictObject({
        id: v.literal('registry-event-router'),
        typeURI: v.literal('service/oss/logging'),
        name: v.literal('registry-event-router'),
      }),
    }),
  ]),
  tags: v.strictTuple([v.picklist(action.options.map((name) => `//container-registry/action?value=${name}` as const))]),
  attachments: v.pipe(
    v.tupleWithRest(
      [attachment('activity-tracker', rest)],
      v.variant('name', [attachment('requestData', data), attachment('responseData', data)]),
    ),
    v.maxLength(3),
  ),
})
