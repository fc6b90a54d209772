import { iso, json, type Sample, type Told } from './sample.ts'
import { gitlabToken } from './ways.ts'

const event = (type: string, told: Told, message: string) =>
  json(
    {
      id: told.id,
      author_id: 1,
      author_name: told.initiator,
      entity_id: 1,
      entity_type: 'Project',
      entity_path: told.repository,
      ip_address: told.address,
      target_id: 1,
      target_type: 'ContainerRepository',
      target_details: told.repository,
      created_at: iso(told),
      event_type: type,
      details: { author_name: told.initiator, author_class: 'User', custom_message: message },
    },
    { 'content-type': 'application/x-www-form-urlencoded', 'x-gitlab-audit-event-type': type },
  )

export const gitlab: Sample = {
  way: () => gitlabToken,
  actions: {
    'image.untag': (told) =>
      event('container_repository_tags_deleted', told, `Container repository tags marked for deletion: ${told.tag}`),
    'image.bulkdelete': (told) =>
      event('container_repository_deleted', told, `Container repository deleted: ${told.repository}`),
  },
}
