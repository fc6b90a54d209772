import { bare, basic, bearer, gitlabToken } from '../ways.ts'
import { fixture, type Sender } from './sender.ts'

export const sender: Sender = {
  source: 'gitlab',
  body: fixture('gitlab/audit-stream-container-tags-deleted.json'),
  headers: {
    'content-type': 'application/x-www-form-urlencoded',
    'x-gitlab-audit-event-type': 'container_repository_tags_deleted',
  },
  ways: [gitlabToken, bearer, bare, basic],
}
