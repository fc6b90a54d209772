import fc from 'fast-check'
import type { EditionAction } from '../../lib/edition.ts'
import { escapedName } from '../../lib/json.ts'
import { isClean } from '../../lib/text.ts'
import { targets } from '../samples.ts'

// Random activities that the router has to take, as CloudEvents.

/** Text of any script that may name something, now and then a word that means something to a format. */
const name = fc.oneof(
  { arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), weight: 4 },
  fc.constantFrom(
    'unknown',
    'xxxxxxxx',
    'iam-ServiceId-1',
    'CertificateId-1',
    'a/container-registry/b',
    '+0000',
    '%3A?&=',
  ),
)
const identity = name.filter((text) => isClean(text, 60))
/** Text that is cleaned before it stands anywhere. */
const dirty = fc.string({ unit: 'binary', maxLength: 40 })
const who = dirty.map((text) => `w${text}`)
// A name that JSON has to escape is refused.
const bag = fc
  .dictionary(fc.string({ unit: 'binary', maxLength: 12 }), fc.jsonValue({ maxDepth: 2, stringUnit: 'binary' }), {
    maxKeys: 3,
  })
  .filter((value) => escapedName(value) === undefined)
const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('192.0.2.0/24'), fc.constant('[2001:db8::1]:4711'), dirty)

/** Outcomes and codes that do not contradict each other. */
const ending = fc.oneof(
  fc.constant({}),
  fc.constant({ outcome: 'pending' }),
  fc.record({ outcome: fc.constant('failure'), reason: fc.record({ message: dirty }, { requiredKeys: [] }) }),
  fc.record({ reason: fc.record({ code: fc.integer({ min: 100, max: 599 }) }) }),
)

const extras = fc.record(
  { id: identity, name: identity, alias: identity, resourceGroupId: identity, host: identity },
  { requiredKeys: [] },
)

const initiator = fc.record(
  {
    id: who,
    name: who,
    type: fc.constantFrom('user', 'serviceid', 'certificateid', 'clientid'),
    credential: fc.constantFrom('token', 'apikey', 'public-access', 's2s-authorization'),
    address,
    agent: dirty,
    authnId: who,
    authnName: who,
  },
  { requiredKeys: [] },
)

const rest = fc.record(
  { requestData: bag, responseData: bag, correlationId: identity, domain: fc.oneof(fc.constant('icr.io'), dirty) },
  { requiredKeys: [] },
)

/** A CloudEvent of the action `row`, with every optional field now and then. */
export const randomCloudEvent = ({ action, family }: EditionAction): fc.Arbitrary<object> =>
  fc
    .record({ id: fc.uuid(), time: fc.boolean(), target: extras, initiator, ending, rest })
    .map(({ id, time, target, initiator, ending, rest }) => ({
      specversion: '1.0',
      id,
      source: '/test',
      type: action,
      ...(time ? { time: '2020-07-28T12:39:43.080749884Z' } : {}),
      data: { target: { ...targets[family], ...target }, initiator, ...ending, ...rest },
    }))
