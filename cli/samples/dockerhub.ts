import { json, type Sample, seconds, split } from './sample.ts'
import { url } from './ways.ts'

export const dockerhub: Sample = {
  way: () => url,
  actions: {
    'image.push': (told) =>
      json({
        push_data: { pushed_at: seconds(told), tag: told.tag, pusher: told.initiator, images: [] },
        repository: { ...split(told), repo_name: told.repository, status: 'Active' },
      }),
  },
}
