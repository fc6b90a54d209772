import { iso, json, type Sample, type Told } from './sample.ts'
import { url } from './ways.ts'

// A push request of Pub/Sub. What a service account signs nobody else can make, so the secret stands in the URL.

const notification = (told: Told, content: object) =>
  json({
    message: {
      data: Buffer.from(JSON.stringify(content)).toString('base64'),
      messageId: told.id,
      publishTime: iso(told),
    },
    subscription: 'projects/sample/subscriptions/registry-events',
  })

const byTag = ({ domain, repository, tag }: Told) => `${domain}/${repository}:${tag}`
const byDigest = ({ domain, repository, digest }: Told) => `${domain}/${repository}@${digest}`

export const artifactregistry: Sample = {
  way: () => url,
  actions: {
    'image.push': (told) => notification(told, { action: 'INSERT', digest: byDigest(told), tag: byTag(told) }),
    'image.untag': (told) => notification(told, { action: 'DELETE', tag: byTag(told) }),
    'image.delete': (told) => notification(told, { action: 'DELETE', digest: byDigest(told) }),
  },
}
