import { describe, expect, test } from '@jest/globals'
import { actions } from '../../lib/actions.ts'
import type { AuditEvent } from '../../lib/event.ts'
import { cadf } from '../../lib/formats/cadf.ts'
import { door } from '../door.ts'
import { cloudEvent } from '../samples.ts'

// CADF 1.0, written down from its specification and not from our code.

const ACTIONS = [
  ...['create', 'read', 'update', 'delete', 'monitor', 'backup', 'capture', 'configure', 'deploy', 'disable', 'enable'],
  ...['restore', 'start', 'stop', 'undeploy', 'send', 'receive', 'authenticate', 'renew', 'revoke', 'allow', 'deny'],
  ...['evaluate', 'notify', 'unknown'],
]
const RESOURCES = [
  'storage/(?:node|volume|memory|container|directory|database|queue)',
  'compute/(?:node|cpu|machine|process|thread)',
  'network/(?:node|connection|domain|cluster)',
  'service/(?:bss|composition|compute|database|image|network|storage)',
  'service/oss/(?:capacity|configuration|logging|monitoring|performance|virtualization)',
  'service/security(?:/account/user|/keymanager|/audit)?',
  'data/(?:catalog|config|database|directory|file|image|log|message|module|package|report|template|workload)',
  'data/security/(?:account|credential|group|identity|key|license|node|policy|profile|role)',
  'system',
  'unknown',
]
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?[+-]\d{2}:\d{2}$/
const isAction = new RegExp(`^(?:${ACTIONS.join('|')})(?:/|$)`)
const isResource = new RegExp(`^(?:${RESOURCES.join('|')})(?:/|$)`)

interface Resource {
  id: string
  typeURI: string
  name: string
  host?: object
  credential?: object
}

/** What is looked at of an event in CADF. */
interface Written {
  [property: string]: unknown
  action: string
  initiator: Resource
  target: Resource
  observer: Resource
  reporterchain: { role: string; reporterTime: string; reporter: Resource }[]
  attachments: { name: string; content: Record<string, unknown> }[]
}

/** The event of `data`, which has its location, in both forms. */
async function write(data: object, action = 'container-registry.image.push'): Promise<[Written, AuditEvent]> {
  const [opened, plain] = [door({ format: 'cadf' }), door()]
  const family = actions.find((row) => row.action === action)?.family ?? 'image'
  const bodies = [opened, plain].map(async ({ post, route, queues }) => {
    await post('/webhooks/newest', cloudEvent(action, family, { data }))
    await route()
    const queue = { name: 'registry-events-test-eu-es', awsRegion: 'eu-south-2' }
    return JSON.parse((await queues.receive(queue, 1, 0, 0))[0]?.body ?? 'null')
  })
  return (await Promise.all(bodies)) as [Written, AuditEvent]
}

const image = { repository: 'team/app', tag: '1.4.0', digest: `sha256:${'ab'.repeat(32)}` }
const left = ({ attachments }: Written): Record<string, unknown> | undefined =>
  attachments.find(({ name }) => name === 'activity-tracker')?.content

test('what CADF has a property for stands there', async () => {
  const [json, event] = await write({
    target: { ...image, alias: 'other', host: 'private.es.icr.io' },
    initiator: { id: 'IBMid-50ABC', name: 'alice', credential: 'apikey', address: '192.0.2.10', agent: 'docker/27.0' },
    reason: { code: 403, message: 'denied' },
    requestData: { asked: 'for' },
    responseData: { answered: 'no' },
    correlationId: 'c-1',
  })
  const { attachments, ...rest } = json
  expect(rest).toEqual({
    typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
    id: event.id,
    eventType: 'activity',
    eventTime: '2026-11-22T12:39:43.08+00:00',
    name: 'Container Registry: push image es.icr.io/team/app:1.4.0 -failure',
    action: 'create',
    outcome: 'failure',
    severity: 'critical',
    reason: {
      reasonType: 'http://www.iana.org/assignments/http-status-codes/http-status-codes.xml',
      reasonCode: '403',
    },
    initiator: {
      id: 'IBMid-50ABC',
      typeURI: 'service/security/account/user',
      name: 'alice',
      credential: { token: 'xxxxxxxx', type: 'apikey' },
      host: { address: '192.0.2.10', agent: 'docker/27.0' },
    },
    target: {
      id: `es.icr.io/team/app@${image.digest}`,
      typeURI: 'data/image/container-registry/image',
      name: 'es.icr.io/team/app:1.4.0',
      host: { address: 'private.es.icr.io' },
    },
    observer: {
      id: 'crn:v1:bluemix:public:container-registry:eu-es:a/acme:::',
      typeURI: 'service/security/audit',
      name: 'ActivityTracker',
    },
    reporterchain: [
      {
        role: 'relay',
        reporterTime: '2026-11-22T13:00:00.12+00:00',
        reporter: { id: 'registry-event-router', typeURI: 'service/oss/logging', name: 'registry-event-router' },
      },
    ],
    tags: ['//container-registry/action?value=container-registry.image.push'],
  })
  expect(attachments.map(({ name }) => name)).toEqual(['activity-tracker', 'requestData', 'responseData'])
  expect(left(json)).toEqual({
    dataEvent: true,
    saveServiceCopy: true,
    correlationId: 'c-1',
    provenance: event.provenance,
    reason: { reasonType: 'Forbidden', reasonForFailure: 'denied' },
    initiator: { host: { addressType: 'IPv4' } },
    target: { alias: 'other' },
  })
  expect(attachments.slice(1).map(({ content }) => content)).toEqual([{ asked: 'for' }, { answered: 'no' }])
})

test('what the sender wrote stands in it once', async () => {
  const [json] = await write({
    target: { ...image, alias: 'mark-alias' },
    initiator: { id: 'mark-id', agent: 'mark-agent', authnId: 'mark-authn' },
    requestData: { asked: 'mark-request' },
    responseData: { answered: 'mark-response' },
    correlationId: 'mark-correlation',
  })
  for (const mark of ['alias', 'agent', 'authn', 'request', 'response', 'correlation']) {
    expect(JSON.stringify(json).split(`mark-${mark}`)).toHaveLength(2)
  }
})

describe('an id', () => {
  test('that is empty is "unknown", and empty again when it is read', async () => {
    const [json, event] = await write({ target: image })
    expect(event.initiator).toMatchObject({ id: '', host: { address: '' } })
    expect(json.initiator).toMatchObject({ id: 'unknown', credential: { token: 'xxxxxxxx', type: 'public-access' } })
    expect(json.initiator.host).toBeUndefined()
    expect(cadf.read(json)).toEqual(event)
  })

  test('that is no URI is encoded, and as it was when it is read', async () => {
    const target = { ...image, id: 'de.icr.io/té_am/my app:1%' }
    const [json, event] = await write({ target, initiator: { id: 'Zoë — ci <x>', name: 'Zoë' } })
    expect([json.initiator.id, json.target.id]).toEqual([
      'Zo%C3%AB%20%E2%80%94%20ci%20%3Cx%3E',
      'de.icr.io/t%C3%A9_am/my%20app:1%25',
    ])
    expect([event.initiator.id, event.target.id]).toEqual(['Zoë — ci <x>', 'de.icr.io/té_am/my app:1%'])
    const back = cadf.read(json)
    expect([back.initiator.id, back.target.id]).toEqual([event.initiator.id, event.target.id])
  })

  test('that is empty is told from one that is "unknown"', async () => {
    const [json, event] = await write({ target: { ...image, id: 'unknown' }, initiator: { id: 'unknown' } })
    expect([event.initiator.id, event.target.id]).toEqual(['unknown', 'unknown'])
    expect(cadf.read(json)).toEqual(event)
  })

  test('may be the one of the target', async () => {
    const [, event] = await write({ target: image })
    const bare = { ...event, target: { ...event.target, id: '' } }
    const json = JSON.parse(JSON.stringify(cadf.write(bare))) as Written
    expect(json.target.id).toBe('unknown')
    expect(cadf.read(json)).toEqual(bare)
  })
})

describe('taxonomies', () => {
  test.each(actions)('$action', ({ cadf: [action, resource], type, deprecated }) => {
    expect(action).toMatch(isAction)
    expect(resource).toMatch(isResource)
    expect(`${resource}/${type}`).toMatch(/^data\/.*\/container-registry\/[a-z/]+$/)
    expect(typeof deprecated === 'string' || deprecated === null).toBe(true)
  })

  test('every resource and every time of an event', async () => {
    const [json] = await write({ target: image })
    const [step] = json.reporterchain
    for (const resource of [json.initiator, json.target, json.observer, step?.reporter]) {
      expect(resource?.typeURI).toMatch(isResource)
    }
    expect([json.eventTime, step?.reporterTime]).toEqual([expect.stringMatching(TIME), expect.stringMatching(TIME)])
  })

  test.each([
    ['image.pull', 'read', 'data/image/container-registry/image'],
    ['image.list', 'read/list', 'data/image/container-registry/image'],
    ['image.untag', 'update/untag', 'data/image/container-registry/image'],
    ['image.bulkdelete', 'delete', 'data/image/container-registry/image'],
    ['trash.restore', 'restore', 'data/image/container-registry/trash'],
    ['namespace.create', 'create', 'data/directory/container-registry/namespace'],
    ['quota.set', 'update', 'data/config/container-registry/quota'],
    ['retention.set', 'update', 'data/security/policy/container-registry/retention'],
    ['signature.write', 'create', 'data/security/credential/container-registry/signature'],
    ['account-vulnerability-report.list', 'read/list', 'data/report/container-registry/account/vulnerability/report'],
  ])('%s is %s of %s', async (action, cadfAction, typeURI) => {
    const full = `container-registry.${action}`
    const family = actions.find((row) => row.action === full)?.family ?? 'image'
    const [json] = await write(cloudEvent(full, family).data, full)
    expect([json.action, json.target.typeURI]).toEqual([cadfAction, typeURI])
  })

  test('an action that the table does not have is unknown, and read as what it was', async () => {
    const [, event] = await write({ target: image })
    const later = { ...event, action: 'container-registry.image.fly' }
    const json = JSON.parse(JSON.stringify(cadf.write(later))) as Written
    expect([json.action, json.target.typeURI]).toEqual(['unknown', 'unknown/container-registry/image'])
    expect(cadf.read(json)).toEqual(later)
  })
})

test.each([
  ['no attachment', { attachments: [] }],
  ['no tags', { tags: undefined }],
  ['other tags', { tags: ['x'] }],
  ['another type', { typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/log' }],
])('an event of somebody else, with %s, is refused', async (_what, changes) => {
  const [json] = await write({ target: image })
  expect(() => cadf.read({ ...json, ...changes })).toThrow('The event is not in the format cadf.')
})
