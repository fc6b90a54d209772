import * as v from 'valibot'

// Settings that several sources have, under one name and with one meaning. The first value is the default.

const choice = <const Values extends readonly [string, ...string[]]>(values: Values, says: string) =>
  v.optional(
    v.pipe(v.picklist(values, `must be ${values.map((value) => `"${value}"`).join(' or ')}`), v.description(says)),
    values[0] as Values[number],
  )

/** Pushes without a tag. */
export const children = choice(
  ['each', 'tagged'],
  'Pushes by digest, which the children of a multi-arch image are: `each` is an event, or only `tagged` pushes are',
)

/** Tags of signatures, attestations and SBOMs. */
export const signatures = choice(
  ['push', 'ignore'],
  'Tags of signatures, attestations and SBOMs (`sha256-<64 hex digits>.sig`, also without an ending): a `push` like any other, or ignored. Whoever pushes chooses the tag',
)

/** HEAD requests of manifests. */
export const head = choice(
  ['ignore', 'inspect'],
  'HEAD of a manifest, with which clients look a tag up: ignored, or `manifest.inspect`',
)

/** Helm charts. */
export const charts = choice(['record', 'ignore'], 'Helm charts: recorded like images, or ignored')

/** Copies that the registry makes by itself. */
export const replication = choice(
  ['ignore', 'push'],
  'Reports about replication: ignored, because what arrives is reported as a push as well, or an `image.push` each',
)

/** Runs of retention policies. */
export const retention = choice(
  ['ignore', 'bulkdelete'],
  'Reports about runs of retention: ignored, because each deletion is reported as well, or an `image.bulkdelete` each',
)

/** One setting of a source that no other source has. */
export const setting = choice
