import * as v from 'valibot'
import { RouterError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { parse } from '../parse.ts'
import { fromSeconds } from '../time.ts'
import { signatures } from './settings.ts'
import { query } from './signature.ts'
import { type About, defineSource } from './source.ts'
import { meaningOf, namingOf, pushes, ruled, type Vocabulary } from './vocabulary.ts'
import { idOfContent } from './window.ts'

// Docker Hub (docs/sources/dockerhub.md). Its bodies hold a `callback_url`, which is never called: it comes from outside.

const text = v.nullish(v.string('must be text'))

const bodySchema = v.object(
  {
    push_data: v.object(
      {
        pushed_at: v.nullish(v.number('must be a number')),
        pusher: text,
        tag: text,
        media_type: text,
      },
      'must be an object',
    ),
    repository: v.object({ repo_name: text, namespace: text, name: text }, 'must be an object'),
  },
  'is no push of Docker Hub',
)

type Repository = v.InferOutput<typeof bodySchema>['repository']

const push = pushes('push')

// Docker Hub tells of nothing else, and of no push by digest.
const vocabulary = {
  'push, by tag': push['push, by tag'],
  'push, signature': push['push, signature'],
} as const satisfies Vocabulary

const nameOf = ({ repo_name, namespace, name }: Repository): string | undefined =>
  repo_name || (namespace && name ? `${namespace}/${name}` : name) || undefined

/** How long equal bodies without a time count as one delivery that was repeated. */
const WINDOW = 3 * 60 * 1000

export const about: About = {
  title: 'Docker Hub',
  authentication: 'the secret in the URL, `?token=`: Docker Hub can carry nothing else',
  replays: 'not bounded',
  retries: 'not documented',
  identity:
    'repository, tag, time of the push and pusher: one push of several platforms is told several times, all alike',
  fills: {
    actor: 'always',
    repository: 'always',
    tag: 'always',
    digest: 'never',
    address: 'never',
    agent: 'never',
    time: 'always',
    domain: 'always',
    outcome: 'never',
  },
}

/** Docker Hub's webhooks, one push each. */
export const dockerhub = defineSource({
  name: 'dockerhub',
  schemes: [query],
  settings: { signatures },
  vocabulary,
  items(request) {
    const body = parseJson(request.body)
    if (typeof body !== 'object' || body === null || !('push_data' in body)) {
      throw new RouterError('INVALID_ENVELOPE', 'The body is no push of Docker Hub: it has no "push_data".')
    }
    return [body]
  },
  read(item, request, settings) {
    const { push_data, repository } = parse(bodySchema, item, 'INVALID_ITEM', 'The item')
    const { pusher, tag, pushed_at, media_type } = push_data
    // Before 2017 bodies did not say what was pushed; that it was `latest` would be made up.
    if (!tag) throw new RouterError('INVALID_TARGET', 'push_data.tag: is missing, so nothing says what was pushed.')
    const verdict = meaningOf('Docker Hub', vocabulary, `push, ${namingOf(tag, undefined)}`, settings)
    if ('ignored' in verdict) return verdict
    const name = nameOf(repository)
    const time = typeof pushed_at === 'number' ? fromSeconds(pushed_at) : undefined
    const content = JSON.stringify([name, tag, pushed_at, pusher])
    return {
      ...ruled(verdict),
      senderId: idOfContent(content, time, request, WINDOW),
      time,
      target: { ...(name ? { repository: name } : {}), tag },
      initiator: pusher ? { id: pusher, name: pusher } : {},
      reason: {},
      ...(media_type ? { requestData: { mediaType: media_type } } : {}),
      domain: 'docker.io',
    }
  },
})
