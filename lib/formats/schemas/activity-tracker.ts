import * as v from 'valibot'
import { actions } from '../../actions.ts'
import { initiatorSchema } from '../../activity.ts'
import { places } from '../../locations.ts'

// What an event on a location queue looks like, as strict as it is written. No function needs it: tests and `npm run docs` do.

const DATE = '\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])'
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{2}'

/** A time with two fraction digits whose offset is `offset`. */
export const timeWith = (offset: string) => v.pipe(v.string(), v.regex(new RegExp(`^${DATE}T${TIME}${offset}$`)))

/** Text that is not empty. */
export const text = v.pipe(v.string(), v.minLength(1))

/** What the sender said beyond the published fields; left out when it is nothing. */
export const data = v.pipe(v.record(v.string(), v.unknown()), v.minEntries(1))

const locations = places.map(({ location }) => location)

/** A UUID v5. */
export const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/))

/** An action of any edition. */
export const action = v.picklist(actions.map((row) => row.action))
/** How it ended. */
export const outcome = v.picklist(['success', 'pending', 'failure'])
/** The sentence. */
export const message = v.pipe(v.string(), v.regex(/^Container Registry: ./))
/** How much it matters. */
export const severity = v.picklist(['normal', 'warning', 'critical'])
/** Where events can belong. */
export const location = v.picklist(locations)

/** The registry service of an account at a location. */
export const logSourceCRN = v.pipe(
  v.string(),
  v.regex(new RegExp(`^crn:v1:bluemix:public:container-registry:(?:${locations.join('|')}):a/[A-Za-z0-9_-]{1,64}:::$`)),
)

/** Kinds of initiators. */
export const initiatorTypeURI = v.picklist([
  'service/security/account/user',
  'service/security/account/serviceid',
  'service/security/client/certificateid',
  'service/security/clientid',
])

/** The published kinds of credentials. */
export const credentialType = initiatorSchema.entries.credential.wrapped.pipe[0]
/** The published kinds of addresses. */
export const addressType = v.picklist(['IPv4', 'IPv6', 'CSE', 'subnet'])
/** Who observed it. */
export const observerName = v.literal('ActivityTracker')

/** Fields of an initiator that both forms have. */
export const authn = { authnId: v.optional(text), authnName: v.optional(text) }

/** Fields of a target that both forms have. */
export const targetExtras = { alias: v.optional(text), resourceGroupId: v.optional(text) }

/** An account, as `registries.ts` may have it. */
export const account = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/))
/** The id of a registry. */
export const registry = v.pipe(v.string(), v.regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/))
/** The date of the tables. */
export const edition = v.pipe(v.string(), v.regex(new RegExp(`^${DATE}$`)))

/** Where an event comes from, and what was noted on the way. */
export const provenance = v.strictObject({
  registry,
  account,
  source: text,
  rule: text,
  domain: text,
  region: text,
  edition,
  receivedTime: timeWith('\\+0000'),
  redrivenTime: v.optional(timeWith('\\+0000')),
  redrivenFrom: v.optional(id),
  assumed: v.optional(
    v.pipe(v.array(v.picklist(['eventTime', 'initiator.name', 'initiator.credential.type'])), v.minLength(1)),
  ),
  cleaned: v.optional(v.pipe(v.array(text), v.minLength(1))),
  contradictingDomain: v.optional(text),
  cut: v.optional(v.pipe(v.array(v.picklist(['responseData', 'requestData'])), v.minLength(1))),
  location,
})

const codes = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))

/** The code decides how it ended; a failure says why. */
const agreement = v.union([
  v.looseObject({ outcome: v.literal('success'), reason: v.looseObject({ reasonCode: codes(200, 299) }) }),
  v.looseObject({ outcome: v.literal('pending'), reason: v.looseObject({ reasonCode: codes(202, 202) }) }),
  v.looseObject({
    outcome: v.literal('failure'),
    reason: v.looseObject({ reasonCode: v.union([codes(100, 199), codes(300, 599)]), reasonForFailure: text }),
  }),
])

/** An event in Activity Tracker form on the queue of its location. */
export const activityTrackerSchema = v.intersect([
  v.strictObject({
    id,
    eventTime: timeWith('\\+0000'),
    action,
    outcome,
    message,
    severity,
    dataEvent: v.boolean(),
    deprecated: v.optional(v.literal(true)),
    initiator: v.strictObject({
      id: v.string(),
      name: text,
      typeURI: initiatorTypeURI,
      credential: v.strictObject({ type: credentialType }),
      host: v.strictObject({ address: v.string(), addressType, agent: v.optional(text) }),
      ...authn,
    }),
    target: v.strictObject({
      id: text,
      name: text,
      typeURI: v.picklist([...new Set(actions.map((row) => row.type))]),
      host: v.optional(v.strictObject({ address: text })),
      ...targetExtras,
    }),
    observer: v.strictObject({ name: observerName }),
    reason: v.strictObject({ reasonCode: v.number(), reasonType: text, reasonForFailure: v.optional(text) }),
    logSourceCRN,
    saveServiceCopy: v.literal(true),
    requestData: v.optional(data),
    responseData: v.optional(data),
    correlationId: v.optional(text),
    provenance,
  }),
  agreement,
])
