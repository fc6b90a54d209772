import { json, type Sample, split, type Told } from './sample.ts'
import { jfrogSha256 } from './ways.ts'

const event = (type: string, told: Told, data: object = {}) => {
  const { namespace, name } = split(told)
  return json({
    domain: 'docker',
    event_type: type,
    data: {
      repo_key: namespace,
      path: `${name}/${told.tag}/manifest.json`,
      name: 'manifest.json',
      sha256: told.digest.slice('sha256:'.length),
      image_name: name,
      image_type: 'docker',
      tag: told.tag,
      ...data,
    },
    subscription_key: 'sample',
    jpd_origin: `https://${told.domain}`,
    source: `jfrog/${told.initiator}`,
  })
}

export const artifactory: Sample = {
  way: () => jfrogSha256,
  actions: {
    'image.push': (told) => event('pushed', told),
    'image.delete': (told) => event('deleted', told),
    'image.tag': (told) =>
      event('promoted', told, { target_repo: split(told).namespace, target_tag: `${told.tag}-promoted` }),
  },
}
