import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { RegistryConfig } from '../../lib/registries.ts'
import { door } from '../door.ts'

// Captured from a stock registry 2.8.2 (Debian) on loopback, but for `constructed-*`, `composite-*` and GitLab's fork
// (`registry-*`), which were written from the sources. A `sequence-*` file is a list of requests in order of arrival.

const read = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../fixtures/distribution', `${name}.json`), 'utf8')

const V1 = 'application/vnd.docker.distribution.events.v1+json'
const V2 = 'application/vnd.docker.distribution.events.v2+json'

const A = 'de.icr.io/team/app'
const HELLO = 'de.icr.io/apps/hello'
const ARM = 'bb6bfb73857'
const AMD = 'e2e25d5e4c8'

// Written down by reading the fixtures: action, target name (a digest by its first characters), how many are ignored.
const table: [fixture: string, events: [action: string, target: string][], ignored: number][] = [
  ['push-manifest-tag', [['image.push', `${A}:v1`]], 0],
  ['push-manifest-tag-actor-references', [['image.push', `${A}:v1`]], 0],
  ['push-manifest-by-digest', [['image.push', `${A}@sha256:70653f8e56f`]], 0],
  ['push-existing-digest-new-tag', [['image.push', `${A}:stable`]], 0],
  ['push-same-tag-same-digest', [['image.push', `${A}:v1`]], 0],
  ['push-index-tag', [['image.push', 'de.icr.io/team/multi:2.0']], 0],
  ['push-index-tag-actor-references', [['image.push', 'de.icr.io/team/multi:2.0']], 0],
  ['push-docker-manifest-list', [['image.push', `${A}:docker-list`]], 0],
  ['push-docker-schema2', [['image.push', `${A}:docker`]], 0],
  ['push-cosign-signature-tag', [['image.push', 'de.icr.io/charts/web:sha256-cc42da26f7c']], 0],
  ['push-blob', [], 1],
  ['mount-blob', [], 1],
  ['pull-manifest-head', [], 1],
  ['pull-manifest-get-tag', [['image.pull', `${A}:v1`]], 0],
  ['pull-manifest-get-digest', [['image.pull', `${A}@sha256:2157e82cb80`]], 0],
  ['pull-behind-proxy-ipv4', [['image.pull', `${A}:v1`]], 0],
  ['pull-blob-get', [], 1],
  ['pull-blob-head', [], 1],
  ['pull-blob-range', [], 1],
  ['delete-manifest-digest', [['image.delete', `${A}@sha256:2157e82cb80`]], 0],
  ['delete-manifest-tag', [['image.untag', `${A}:v1`]], 0],
  ['delete-blob', [['image.delete', `${A}@sha256:494cfd532b7`]], 0],
  ['constructed-v3-delete-by-tag', [['image.untag', `${HELLO}:1.1`]], 0],
  ['registry-delete-repository', [['image.bulkdelete', 'de.icr.io/group/project']], 0],
  ['registry-push-actor-user-type', [['image.push', 'de.icr.io/group/project:main']], 0],
  ['constructed-empty-envelope', [], 0],
  [
    'composite-envelope-multi-arch-push',
    [
      ['image.push', `${HELLO}@sha256:${ARM}`],
      ['image.push', `${HELLO}@sha256:${AMD}`],
      ['image.push', `${HELLO}:1.0`],
    ],
    4,
  ],
  ['sequence-push-single-arch', [['image.push', `${A}:v1`]], 2],
  ['sequence-push-same-tag-new-digest', [['image.push', `${A}:v1`]], 2],
  ['sequence-mount-and-push', [['image.push', 'de.icr.io/team/copy:v1']], 2],
  [
    'sequence-delete-digest-with-two-tags',
    [
      ['image.delete', `${A}@sha256:2157e82cb80`],
      ['image.untag', `${A}:v1`],
      ['image.untag', `${A}:also-two`],
    ],
    0,
  ],
  [
    'sequence-skopeo-push-multi-arch',
    [
      ['image.push', `${HELLO}@sha256:${ARM}`],
      ['image.push', `${HELLO}@sha256:${AMD}`],
      ['image.push', `${HELLO}:1.0`],
    ],
    4,
  ],
  [
    'sequence-skopeo-push-multi-arch-existing',
    [
      ['image.push', `${HELLO}@sha256:${ARM}`],
      ['image.push', `${HELLO}@sha256:${AMD}`],
      ['image.push', `${HELLO}:1.1`],
    ],
    4,
  ],
  [
    'sequence-skopeo-pull-one-platform',
    [
      ['image.pull', `${HELLO}:1.0`],
      ['image.pull', `${HELLO}@sha256:${ARM}`],
    ],
    2,
  ],
  [
    'sequence-skopeo-pull-all-platforms',
    [
      ['image.pull', `${HELLO}:1.0`],
      ['image.pull', `${HELLO}@sha256:${ARM}`],
      ['image.pull', `${HELLO}@sha256:${AMD}`],
    ],
    4,
  ],
  [
    'sequence-skopeo-inspect',
    [
      ['image.pull', `${HELLO}:1.0`],
      ['image.pull', `${HELLO}@sha256:${ARM}`],
    ],
    1,
  ],
]

const cutDigest = (target: string) => target.replace(/(sha256[:-][0-9a-f]{11})[0-9a-f]+(\.sig)?$/, '$1')

describe.each([V1, V2])('as %s', (contentType) => {
  test.each(table)('%s', async (fixture, events, ignored) => {
    const { post, quarantine } = door()
    const body = read(fixture)
    const requests = fixture.startsWith('sequence-') ? JSON.parse(body) : [body]
    const accepted: [string, string][] = []
    let noise = 0
    for (const request of requests) {
      const answer = await post('/webhooks/distribution/image', request, { headers: { 'content-type': contentType } })
      expect(answer.status).toBe(202)
      for (const { action, target } of answer.body.accepted)
        accepted.push([action.slice('container-registry.'.length), cutDigest(target)])
      noise += answer.body.ignored
    }
    expect(accepted).toEqual(events)
    expect(noise).toBe(ignored)
    expect(await quarantine()).toEqual([])
  })
})

test('a captured push by tag, field by field', async () => {
  const { post, intake } = door()
  await post('/webhooks/distribution', read('push-manifest-tag-actor-references'))
  const digest = 'sha256:6f25857ed481ac27a83d6d4232a457a88b0929b8cfdd8920670484f5a5831ccd'
  const [event] = await intake()
  expect(event).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    eventTime: '2026-11-22T12:39:43.08+0000',
    action: 'container-registry.image.push',
    outcome: 'success',
    message: 'Container Registry: push image de.icr.io/team/app:v1',
    severity: 'normal',
    dataEvent: true,
    initiator: {
      id: 'ci-bot',
      name: 'ci-bot',
      typeURI: 'service/security/account/user',
      credential: { type: 'user' },
      host: { address: '127.0.0.1', addressType: 'IPv4', agent: 'containerd/v1.7.13' },
    },
    target: {
      id: `de.icr.io/team/app@${digest}`,
      name: 'de.icr.io/team/app:v1',
      typeURI: 'container-registry/image',
      host: { address: 'registry.example.com:5000' },
    },
    observer: { name: 'ActivityTracker' },
    reason: { reasonCode: 201, reasonType: 'Created' },
    logSourceCRN: 'crn:v1:bluemix:public:container-registry::a/acme:::',
    saveServiceCopy: true,
    correlationId: 'fd518d4c-4459-443e-bede-bf418207f53c',
    route: {
      registry: 'distribution',
      account: 'acme',
      source: 'distribution',
      rule: 'push, by tag',
      domain: 'de.icr.io',
      region: 'eu-central',
      edition: '2020-07-28',
      receivedTime: '2026-11-22T13:00:00.12+0000',
      assumed: ['initiator.credential.type'],
      contradictingDomain: 'registry.example.com:5000',
    },
  })
})

test('an anonymous push names the source, not an invented user', async () => {
  const { post, intake } = door()
  await post('/webhooks/distribution', read('push-manifest-tag'))
  const [event] = await intake()
  expect(event?.initiator).toMatchObject({
    id: '',
    name: 'distribution',
    typeURI: 'service/security/clientid',
    credential: { type: 'public-access' },
  })
  expect(event?.route?.assumed).toEqual(['initiator.name', 'initiator.credential.type'])
})

test('a delete by digest is critical, what goes with it a warning', async () => {
  const { post, intake } = door()
  for (const request of JSON.parse(read('sequence-delete-digest-with-two-tags')))
    await post('/webhooks/distribution', request)
  const events = await intake()
  const digest = `${A}@sha256:2157e82cb80`
  expect(events.map(({ severity, reason, target }) => [severity, reason.reasonCode, cutDigest(target.id)])).toEqual([
    ['critical', 202, digest],
    ['warning', 202, `${A}:v1`],
    ['warning', 202, `${A}:also-two`],
  ])
  expect(new Set(events.map(({ correlationId }) => correlationId)).size).toBe(1)
})

const event = (changes: object) => ({
  events: [
    {
      id: 'e1',
      timestamp: '2026-11-22T12:00:00Z',
      action: 'push',
      target: {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        repository: 'team/app',
        tag: 'v1',
        digest: 'sha256:0a',
      },
      request: { addr: '192.0.2.1:1234', host: 'de.icr.io', method: 'PUT' },
      actor: { name: 'alice' },
      ...changes,
    },
  ],
})

test.each([
  ['2026-11-22T12:39:43.999999999Z', '2026-11-22T12:39:43.99+0000'],
  ['2026-11-22T12:39:43Z', '2026-11-22T12:39:43.00+0000'],
  ['2016-04-13T15:03:39.595901492+02:00', '2016-04-13T13:03:39.59+0000'],
  ['2023-01-25T14:45:54.17327+11:00', '2023-01-25T03:45:54.17+0000'],
  ['2023-01-25T00:15:00.5-08:00', '2023-01-25T08:15:00.50+0000'],
  ['2023-01-25T00:15:00+05:45', '2023-01-24T18:30:00.00+0000'],
  ['2023-01-25T00:15:00.25+0000', '2023-01-25T00:15:00.25+0000'],
])('time %s is %s', async (timestamp, eventTime) => {
  const { post, intake } = door()
  await post('/webhooks/distribution', event({ timestamp }))
  const [written] = await intake()
  expect(written?.eventTime).toBe(eventTime)
  expect(written?.route?.assumed).toEqual(['initiator.credential.type'])
})

test.each([['0001-01-01T00:00:00Z'], ['yesterday'], [''], [null], ['2023-13-45T99:00:00Z']])(
  'without a usable time (%j) the time of receipt is used, and the event says so',
  async (timestamp) => {
    const { post, intake } = door()
    await post('/webhooks/distribution', event({ timestamp }))
    const [written] = await intake()
    expect(written?.eventTime).toBe('2026-11-22T13:00:00.12+0000')
    expect(written?.route?.assumed).toContain('eventTime')
  },
)

test.each([
  ['192.0.2.1:1234', '192.0.2.1', 'IPv4'],
  ['192.0.2.1', '192.0.2.1', 'IPv4'],
  ['[2001:db8::1]:1234', '2001:db8::1', 'IPv6'],
  ['[2001:db8::1]', '2001:db8::1', 'IPv6'],
  ['2001:db8::1', '2001:db8::1', 'IPv6'],
  ['203.0.113.9, 10.0.0.1', '203.0.113.9', 'IPv4'],
  ['2001:db8::2, 10.0.0.1', '2001:db8::2', 'IPv6'],
  ['client.local', 'client.local', 'IPv4'],
  ['', '', 'IPv4'],
])('client address %j is %s, %s', async (addr, address, addressType) => {
  const { post, intake } = door()
  await post('/webhooks/distribution', event({ request: { addr } }))
  expect((await intake())[0]?.initiator.host).toEqual({ address, addressType })
})

const url = (reference: string) => `http://registry:5000/v2/team/app/manifests/${reference}`

test.each([
  [
    'octet-stream with a manifest URL (registry 2.0)',
    { mediaType: 'application/octet-stream', url: url('1.0') },
    `${A}:1.0`,
  ],
  ['no media type, a manifest URL', { url: url('sha256:0a') }, `${A}@sha256:0a`],
  [
    'an unknown media type with a manifest URL',
    { mediaType: 'application/vnd.oci.artifact.manifest.v1+json', url: url('sha256:0a') },
    `${A}@sha256:0a`,
  ],
  ['neither media type nor URL', {}, `${A}@sha256:0a`],
])('a push with %s is a manifest', async (_what, target, name) => {
  const { post } = door()
  const { body } = await post(
    '/webhooks/distribution',
    event({ target: { repository: 'team/app', digest: 'sha256:0a', ...target } }),
  )
  expect(body.accepted.map((entry) => entry.target)).toEqual([name])
})

test.each([
  [
    'a layer with a manifest URL',
    { mediaType: 'application/vnd.docker.container.image.rootfs.diff+x-gtar', url: url('latest') },
  ],
  [
    'octet-stream with a blob URL',
    { mediaType: 'application/octet-stream', url: 'http://registry:5000/v2/team/app/blobs/sha256:0a' },
  ],
])('a push of %s is noise', async (_what, target) => {
  const { post } = door()
  const { body } = await post(
    '/webhooks/distribution',
    event({ target: { repository: 'team/app', digest: 'sha256:0a', ...target } }),
  )
  expect(body).toEqual({ accepted: [], ignored: 1, quarantined: [] })
})

test('the same id with another action or target is another event, the same delivery twice is the same', async () => {
  const { post } = door()
  const ids = async (changes: object) =>
    (await post('/webhooks/distribution', event(changes))).body.accepted.map(({ id }) => id)
  const [push] = await ids({})
  const target = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    repository: 'team/app',
    tag: 'v2',
    digest: 'sha256:0a',
  }
  expect(await ids({})).toEqual([push])
  expect(await ids({ action: 'pull' })).not.toEqual([push])
  expect(await ids({ target })).not.toEqual([push])
  expect(await ids({ id: 'e2' })).not.toEqual([push])
})

test.each([
  ['de.icr.io', undefined],
  ['DE.icr.io:443', undefined],
  ['private.de.icr.io', undefined],
  ['registry.eu-de.bluemix.net', undefined],
  ['au.icr.io', 'au.icr.io'],
  ['evil.example', 'evil.example'],
])('host %s in the webhook: contradiction %j', async (host, contradictingDomain) => {
  const { post, intake } = door()
  await post('/webhooks/distribution', event({ request: { host, method: 'PUT' } }))
  const [written] = await intake()
  expect(written?.route?.contradictingDomain).toBe(contradictingDomain)
  expect(written?.route?.region).toBe('eu-central')
  expect(written?.target.name).toBe('de.icr.io/team/app:v1')
})

describe('settings', () => {
  const posted = async (accept: object, fixture: string, editions = ['2020-07-28']) => {
    const registry = { id: 'own', source: 'distribution', domain: 'r.example', region: 'eu-central', account: 'acme' }
    const registries = [{ ...registry, editions, accept }] as unknown as readonly RegistryConfig[]
    const to = door({ registries })
    const { body } = await to.post('/webhooks/own', read(fixture))
    return {
      body,
      ignored: to.entry.ignored,
      actions: body.accepted.map(({ action }) => action.split('.').slice(1).join('.')),
    }
  }

  test('a HEAD is ignored, or an inspection', async () => {
    expect(await posted({}, 'pull-manifest-head')).toMatchObject({ actions: [], ignored: { 'manifest HEAD': 1 } })
    const { actions, body } = await posted({ head: 'inspect' }, 'pull-manifest-head')
    expect([actions, body.ignored]).toEqual([['manifest.inspect'], 0])
    expect((await posted({ head: 'inspect' }, 'pull-manifest-get-tag')).actions).toEqual(['image.pull'])
  })

  test('pushes by digest are recorded, or only tagged ones are', async () => {
    const name = 'composite-envelope-multi-arch-push'
    expect((await posted({}, name)).actions).toEqual(['image.push', 'image.push', 'image.push'])
    const tagged = await posted({ children: 'tagged' }, name)
    expect(tagged.actions).toEqual(['image.push'])
    expect(tagged.ignored).toEqual({ 'blob push': 4, 'push by digest': 2 })
  })

  test('tags of signatures are recorded, or ignored', async () => {
    expect((await posted({}, 'push-cosign-signature-tag')).actions).toEqual(['image.push'])
    expect(await posted({ signatures: 'ignore' }, 'push-cosign-signature-tag')).toMatchObject({
      actions: [],
      ignored: { signature: 1 },
    })
  })
})

test.each([
  ['personal_access_token', 'token'],
  ['deploy_token', 'token'],
  ['build', 'token'],
  ['gitlab_or_ldap', 'user'],
])('GitLab’s user type %s is the credential %s', async (user_type, credential) => {
  const { post, intake } = door()
  const [event] = JSON.parse(read('registry-push-actor-user-type')).events
  await post('/webhooks/distribution', { events: [{ ...event, actor: { ...event.actor, user_type } }] })
  const [written] = await intake()
  expect(written?.initiator.credential.type).toBe(credential)
  expect(written?.route?.assumed ?? []).not.toContain('initiator.credential.type')
  expect(written?.requestData).toEqual({ userType: user_type })
})

test('a user type that GitLab adds is kept, and the credential is assumed', async () => {
  const { post, intake } = door()
  const [event] = JSON.parse(read('registry-push-actor-user-type')).events
  await post('/webhooks/distribution', { events: [{ ...event, actor: { ...event.actor, user_type: 'constructor' } }] })
  const [written] = await intake()
  expect(written?.requestData).toEqual({ userType: 'constructor' })
  expect(written?.route?.assumed).toContain('initiator.credential.type')
})
