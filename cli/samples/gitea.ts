import { iso, json, type Sample, split, type Told } from './sample.ts'
import { giteaSha256 } from './ways.ts'

const event = (action: string, told: Told) => {
  const { namespace, name } = split(told)
  return json(
    {
      action,
      package: {
        id: 1,
        owner: { id: 1, login: namespace },
        type: 'container',
        name,
        version: told.tag,
        html_url: `https://${told.domain}/${namespace}/-/packages/container/${encodeURIComponent(name)}/${told.tag}`,
        created_at: iso(told),
      },
      sender: { id: 2, login: told.initiator },
    },
    { 'x-gitea-event': 'package', 'x-gitea-event-type': 'package', 'x-gitea-delivery': told.id },
  )
}

export const gitea: Sample = {
  way: () => giteaSha256,
  actions: {
    'image.push': (told) => event('created', told),
    'image.delete': (told) => event('deleted', told),
  },
}
