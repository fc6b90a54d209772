import * as known from '../../cli/samples/ways.ts'
import { NOW } from '../now.ts'

// How senders prove that they are genuine, at the time of the tests.

export * from '../../cli/samples/ways.ts'

export const standard: known.Way = known.standardAt('msg_1', NOW)

/** Every way, to see that a sender proves itself by its own alone. */
export const ways: readonly known.Way[] = [
  known.bearer,
  known.bare,
  known.basic,
  known.url,
  known.splunk,
  known.splunkWithRegistry,
  known.gitlabToken,
  known.jfrogSecret,
  known.jfrogSha256,
  known.hubSha256,
  known.hubSha1,
  known.giteaSha256,
  known.nexusSha1,
  standard,
]
