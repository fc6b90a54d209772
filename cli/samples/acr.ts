import { iso, json, type Sample, type Told } from './sample.ts'
import { url } from './ways.ts'

// Event Grid's own schema, delivered to a webhook whose URL holds the secret.

const event = (type: string, told: Told, target: object) =>
  json(
    [
      {
        id: told.id,
        topic: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/sample',
        subject: `${told.repository}:${told.tag}`,
        eventType: `Microsoft.ContainerRegistry.${type}`,
        eventTime: iso(told),
        data: {
          id: told.id,
          timestamp: iso(told),
          target: { repository: told.repository, ...target },
          request: { id: told.id, host: told.domain, useragent: told.agent },
        },
        dataVersion: '2.0',
        metadataVersion: '1',
      },
    ],
    { 'aeg-event-type': 'Notification' },
  )

export const acr: Sample = {
  way: () => url,
  actions: {
    'image.push': (told) => event('ImagePushed', told, { digest: told.digest, tag: told.tag }),
    'image.delete': (told) => event('ImageDeleted', told, { digest: told.digest }),
    'image.bulkdelete': (told) => event('ImageDeleted', told, {}),
  },
}
