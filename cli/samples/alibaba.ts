import { iso, json, type Sample, split } from './sample.ts'
import { url } from './ways.ts'

/** Triggers tell the time in China. */
const inChina = (time: number): string => new Date(time + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')

export const alibaba: Sample = {
  way: () => url,
  actions: {
    'image.push': (told) =>
      json({
        push_data: { digest: told.digest, pushed_at: inChina(told.time), tag: told.tag },
        repository: { ...split(told), repo_full_name: told.repository, region: 'eu-central-1' },
      }),
    // By way of EventBridge.
    'image.build': (told) =>
      json(
        {
          id: told.id,
          source: 'acs.cr',
          specversion: '1.0',
          time: iso(told),
          type: 'cr:Artifact:BuildCompleted',
          data: {
            RepoNamespaceName: split(told).namespace,
            RepoName: split(told).name,
            Tag: told.tag,
            BuildStatus: 'SUCCESS',
            RegionId: 'eu-central-1',
          },
        },
        { 'content-type': 'application/cloudevents+json' },
      ),
  },
}
