import { iso, json, type Sample, seconds, split, type Told } from './sample.ts'
import { bare } from './ways.ts'

const event = (type: string, told: Told) =>
  json({
    type,
    occur_at: seconds(told),
    operator: told.initiator,
    event_data: {
      resources: [
        {
          digest: told.digest,
          tag: told.tag,
          resource_url: `${told.domain}/${told.repository}:${told.tag}`,
        },
      ],
      repository: { ...split(told), repo_full_name: told.repository, repo_type: 'private' },
    },
  })

/** A row of the audit log, which tells of what no webhook tells. */
const row = (operation: string, type: string, resource: string, told: Told) =>
  json([
    {
      id: told.id,
      username: told.initiator,
      resource,
      resource_type: type,
      operation,
      operation_result: true,
      op_time: iso(told),
    },
  ])

export const harbor: Sample = {
  way: () => bare,
  actions: {
    'image.push': (told) => event('PUSH_ARTIFACT', told),
    'image.pull': (told) => event('PULL_ARTIFACT', told),
    'image.delete': (told) => event('DELETE_ARTIFACT', told),
    'image.tag': (told) => row('create', 'tag', `${told.repository}:${told.tag}`, told),
    'image.untag': (told) => row('delete', 'tag', `${told.repository}:${told.tag}`, told),
    'image.bulkdelete': (told) => row('delete', 'repository', told.repository, told),
    'namespace.create': (told) => row('create', 'project', split(told).namespace, told),
    'namespace.delete': (told) => row('delete', 'project', split(told).namespace, told),
  },
}
