import { iso, json, type Sample, split, type Told } from './sample.ts'
import { nexusSha1 } from './ways.ts'

const event = (kind: string, action: string, told: Told, about: object) =>
  json(
    {
      timestamp: iso(told),
      nodeId: 'sample',
      initiator: `${told.initiator}/${told.address}`,
      action,
      ...about,
    },
    { 'x-nexus-webhook-id': kind, 'x-nexus-webhook-delivery': told.id },
  )

const component = (action: string, told: Told) => {
  const { namespace, name } = split(told)
  const about = { id: told.id, format: 'docker', name, version: told.tag }
  return event('rm:repository:component', action, told, { repositoryName: namespace, component: about })
}

const repository = (action: string, told: Told) =>
  event('rm:global:repository', action, told, {
    repository: { format: 'docker', name: split(told).namespace, type: 'hosted' },
  })

export const nexus: Sample = {
  way: () => nexusSha1,
  actions: {
    'image.push': (told) => component('CREATED', told),
    'image.delete': (told) => component('DELETED', told),
    'image.bulkdelete': (told) =>
      event('rm:repository:component', 'PURGED', told, {
        repositoryName: split(told).namespace,
        components: [told.id],
      }),
    'namespace.create': (told) => repository('CREATED', told),
    'namespace.delete': (told) => repository('DELETED', told),
  },
}
