import { actions, type Family } from '../../lib/actions.ts'
import type { ShortAction } from '../../lib/sources/vocabulary.ts'
import { shortAction } from '../actions.ts'
import { iso, json, type Sample, split, type Told, type Written } from './sample.ts'
import { standardAt } from './ways.ts'

/** A target that every action of the family takes. */
export function targetsOf(told: Pick<Told, 'repository' | 'tag' | 'digest'>): Readonly<Record<Family, object>> {
  const image = { repository: told.repository, tag: told.tag, digest: told.digest }
  const { namespace } = split(told)
  return {
    auth: { privateOnly: true },
    exemption: { issueType: 'cve', issueId: 'CVE-2020-0001' },
    image,
    manifest: image,
    namespace: { namespace },
    plan: { plan: 'standard' },
    quota: { storageMegabytes: 5120, trafficMegabytes: -1 },
    registrytoken: { token: '0f3c1f6d-7e10-4c39-9a52-c1a3f1de5b0c' },
    retention: { namespace, policy: { imagesPerRepo: 10, retainUntagged: false } },
    settings: { platformMetrics: true },
    signature: { ...image, signatureMethod: 'simple', signatureObject: 'image' },
    trash: image,
    vulnerability: { ...image, includeIBM: false, includePrivate: true },
  }
}

const rows = actions.map(({ action, family }): [ShortAction, (told: Told) => Written] => [
  shortAction(action) as ShortAction,
  (told) =>
    json(
      {
        specversion: '1.0',
        id: told.id,
        source: '/sample',
        type: action,
        time: iso(told),
        data: {
          target: targetsOf(told)[family],
          initiator: { id: told.initiator, name: told.initiator, address: told.address, agent: told.agent },
        },
      },
      { 'content-type': 'application/cloudevents+json' },
    ),
])

export const cloudevents: Sample = {
  way: ({ id, time }) => standardAt(id, time),
  actions: Object.fromEntries(rows),
}
