import { iso, json, type Sample, split, type Told } from './sample.ts'
import { standardAt } from './ways.ts'

const SOURCE = 'https://ci.example.com/pipelines/sample'

function event(predicate: string, told: Told) {
  const type = `dev.cdevents.artifact.${predicate}.0.2.0`
  const name = split(told).name.split('/').at(-1)
  const place = new URLSearchParams({ repository_url: `${told.domain}/${told.repository}`, tag: told.tag })
  return json(
    {
      specversion: '1.0',
      id: told.id,
      source: SOURCE,
      type,
      time: iso(told),
      datacontenttype: 'application/json',
      data: {
        context: { version: '0.4.1', id: told.id, source: SOURCE, type, timestamp: iso(told) },
        subject: {
          id: `pkg:oci/${name}@${encodeURIComponent(told.digest)}?${place}`,
          source: SOURCE,
          type: 'artifact',
          content: { user: told.initiator },
        },
      },
    },
    { 'content-type': 'application/cloudevents+json' },
  )
}

export const cdevents: Sample = {
  way: ({ id, time }) => standardAt(id, time),
  actions: {
    'image.push': (told) => event('published', told),
    'image.pull': (told) => event('downloaded', told),
    'image.delete': (told) => event('deleted', told),
    'signature.write': (told) => event('signed', told),
  },
}
