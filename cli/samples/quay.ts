import { json, type Sample, seconds, split, type Told } from './sample.ts'
import { splunk, url } from './ways.ts'

/** An entry of the action log, as its producer for Splunk sends it. */
const entry = (kind: string, told: Told, metadata: object = {}) => {
  const { namespace, name } = split(told)
  return json(
    {
      event: {
        kind,
        account: namespace,
        namespace_name: namespace,
        repository: name,
        performer: told.initiator,
        ip: told.address,
        datetime: seconds(told),
        metadata_json: { namespace, repo: name, 'user-agent': told.agent, ...metadata },
        request_id: told.id,
      },
      host: told.domain,
      sourcetype: 'access_combined',
    },
    {},
    { way: splunk },
  )
}

export const quay: Sample = {
  way: () => url,
  actions: {
    'image.push': (told) =>
      json(
        {
          ...split(told),
          repository: told.repository,
          docker_url: `${told.domain}/${told.repository}`,
          homepage: `https://${told.domain}/repository/${told.repository}`,
          updated_tags: [told.tag],
        },
        {},
        { query: 'event=repo_push' },
      ),
    'image.pull': (told) => entry('pull_repo', told, { tag: told.tag, manifest_digest: told.digest }),
    'image.tag': (told) => entry('create_tag', told, { tag: told.tag }),
    'image.untag': (told) => entry('delete_tag', told, { tag: told.tag }),
    'image.delete': (told) => entry('permanently_delete_tag', told, { tag: told.tag, manifest_digest: told.digest }),
    'image.bulkdelete': (told) => entry('delete_repo', told),
    'namespace.create': (told) => entry('org_create', told),
    'namespace.delete': (told) => entry('org_delete', told),
    'quota.set': (told) => entry('org_create_quota', told, { limit_bytes: 5 * 1024 ** 3 }),
  },
}
