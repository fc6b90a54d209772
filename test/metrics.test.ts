import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { Ajv } from 'ajv'
import type { APIGatewayProxyEventV2, Context, SQSEvent } from 'aws-lambda'
import { handler as router } from '../functions/router.ts'
import { handler } from '../functions/webhook.ts'
import { type Entry, log } from '../lib/log.ts'
import { metricsOf } from '../lib/metrics.ts'
import { door } from './door.ts'
import { cloudEvent } from './samples.ts'

// A line with metrics is a document of CloudWatch's embedded metric format: what its specification asks for.
const text = { type: 'string', minLength: 1, maxLength: 255 }
const isDocument = new Ajv().compile({
  type: 'object',
  required: ['_aws'],
  properties: {
    _aws: {
      type: 'object',
      required: ['Timestamp', 'CloudWatchMetrics'],
      additionalProperties: false,
      properties: {
        Timestamp: { type: 'integer' },
        CloudWatchMetrics: {
          type: 'array',
          items: {
            type: 'object',
            required: ['Namespace', 'Dimensions', 'Metrics'],
            additionalProperties: false,
            properties: {
              Namespace: text,
              Dimensions: { type: 'array', minItems: 1, items: { type: 'array', maxItems: 9, items: text } },
              Metrics: {
                type: 'array',
                minItems: 1,
                maxItems: 100,
                items: {
                  type: 'object',
                  required: ['Name'],
                  additionalProperties: false,
                  properties: { Name: text, Unit: { enum: ['Count', 'None', 'Milliseconds', 'Bytes'] } },
                },
              },
            },
          },
        },
      },
    },
  },
})

interface Document {
  [member: string]: unknown
  _aws: {
    Timestamp: number
    CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[]
  }
}

/** What CloudWatch makes of `line`: one value for each metric and set of dimensions, `Stage=prod Registry=r: Received`. */
function readAs(line: object): Record<string, number> {
  expect(isDocument(line) || isDocument.errors).toBe(true)
  const document = line as Document
  expect(Math.abs(document._aws.Timestamp - Date.now())).toBeLessThan(60_000)
  const values: Record<string, number> = {}
  for (const { Namespace, Dimensions, Metrics } of document._aws.CloudWatchMetrics) {
    expect(Namespace).toBe('registry-event-router')
    for (const set of Dimensions) {
      const where = set.map((name) => {
        expect(document[name]).toMatch(/^.{1,1024}$/)
        return `${name}=${document[name]}`
      })
      for (const { Name, Unit } of Metrics) {
        expect([typeof document[Name], Unit]).toEqual(['number', 'Count'])
        values[`${where.join(' ')}: ${Name}`] = document[Name] as number
      }
    }
  }
  return values
}

const written = (entry: Entry): string[] => {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  log(entry, metricsOf(entry, 'prod'))
  const [[printed] = []] = write.mock.calls
  write.mockRestore()
  return String(printed).trimEnd().split('\n')
}

describe('a webhook', () => {
  const push = cloudEvent('container-registry.image.push', 'image')

  test('counts its items, in its own line, for the stage and for its registry', async () => {
    const opened = door()
    await opened.post('/webhooks/cloudevents', [push, { ...push, type: 'container-registry.image.paint' }])
    const [line = '', ...more] = written({ ...opened.entry, status: 202 })
    expect(more).toEqual([])
    expect(JSON.parse(line)).toMatchObject({ event: 'request', registry: 'cloudevents', received: 2, accepted: 1 })
    expect(readAs(JSON.parse(line))).toEqual({
      'Stage=prod: Received': 2,
      'Stage=prod: Accepted': 1,
      'Stage=prod: Quarantined': 1,
      'Stage=prod Registry=cloudevents: Received': 2,
      'Stage=prod Registry=cloudevents: Accepted': 1,
      'Stage=prod Registry=cloudevents: Quarantined': 1,
    })
  })

  test.each([
    [401, 'cloudevents', 'Unauthenticated'],
    [401, 'nobody-s', 'Unauthenticated'],
    [429, 'cloudevents', 'Throttled'],
    [500, 'cloudevents', 'Failed'],
    [503, 'cloudevents', 'Failed'],
  ])('that is answered %d counts for %s as %s', async (status, id, name) => {
    const opened = door()
    await opened.post(`/webhooks/${id}`, push, { headers: { authorization: 'wrong' } })
    const [line = ''] = written({ ...opened.entry, status })
    const registry = id === 'cloudevents' ? id : 'unknown'
    expect(line).not.toContain('nobody-s')
    expect(readAs(JSON.parse(line))).toEqual({
      'Stage=prod: Received': 1,
      'Stage=prod: Rejected': 1,
      [`Stage=prod: ${name}`]: 1,
      [`Stage=prod Registry=${registry}: Received`]: 1,
      [`Stage=prod Registry=${registry}: Rejected`]: 1,
      [`Stage=prod Registry=${registry}: ${name}`]: 1,
    })
  })

  test('that has nothing to count has no metrics', () => {
    const [line = ''] = written({ event: 'request', status: 200 })
    expect(Object.keys(JSON.parse(line))).toEqual(['time', 'event', 'status'])
  })
})

test('the router counts events by registry and location: one line for each pair, the first in its own', () => {
  const lines = written({
    event: 'route',
    requestId: 'r1',
    received: 5,
    routed: { a: { 'eu-de': ['1', '2'] }, b: { 'jp-tok': ['3'] } },
    postponed: { a: { 'eu-de': ['4'] } },
    deadLettered: { unknown: { unroutable: ['5'] } },
  }).map((line) => JSON.parse(line))
  expect(lines.map(({ event, requestId }) => [event, requestId])).toEqual([
    ['route', 'r1'],
    ['metrics', 'r1'],
    ['metrics', 'r1'],
  ])
  expect(lines[0].received).toBe(5)
  expect(lines.map(readAs)).toEqual([
    {
      'Stage=prod: Routed': 2,
      'Stage=prod: Postponed': 1,
      'Stage=prod Location=eu-de: Routed': 2,
      'Stage=prod Location=eu-de: Postponed': 1,
      'Stage=prod Registry=a Location=eu-de: Routed': 2,
      'Stage=prod Registry=a Location=eu-de: Postponed': 1,
    },
    {
      'Stage=prod: Routed': 1,
      'Stage=prod Location=jp-tok: Routed': 1,
      'Stage=prod Registry=b Location=jp-tok: Routed': 1,
    },
    {
      'Stage=prod: DeadLettered': 1,
      'Stage=prod Location=unroutable: DeadLettered': 1,
      'Stage=prod Registry=unknown Location=unroutable: DeadLettered': 1,
    },
  ])
})

test('a batch of the archive is counted by registry and location, apart from what the router counts', () => {
  const lines = written({
    event: 'archive',
    received: 4,
    archived: { a: { 'eu-de': ['1', '2'] } },
    postponed: { a: { 'eu-de': ['3'] } },
    deadLettered: { unknown: { 'eu-de': ['m'] } },
  }).map((line) => JSON.parse(line))
  expect(lines.map(readAs)).toEqual([
    {
      'Stage=prod: Archived': 2,
      'Stage=prod: ArchivePostponed': 1,
      'Stage=prod Location=eu-de: Archived': 2,
      'Stage=prod Location=eu-de: ArchivePostponed': 1,
      'Stage=prod Registry=a Location=eu-de: Archived': 2,
      'Stage=prod Registry=a Location=eu-de: ArchivePostponed': 1,
    },
    {
      'Stage=prod: ArchiveDeadLettered': 1,
      'Stage=prod Location=eu-de: ArchiveDeadLettered': 1,
      'Stage=prod Registry=unknown Location=eu-de: ArchiveDeadLettered': 1,
    },
  ])
})

test('a question to the archive is no webhook: strangers are counted apart', () => {
  const counted = [200, 401, 503].map((status) => readAs(JSON.parse(written({ event: 'search', status })[0] ?? '')))
  expect(counted).toEqual([
    { 'Stage=prod: Searched': 1 },
    { 'Stage=prod: Searched': 1, 'Stage=prod: SearchUnauthenticated': 1 },
    { 'Stage=prod: Searched': 1, 'Stage=prod: SearchFailed': 1 },
  ])
})

test('a router that can not work at all says so, which Lambda counts as an error', async () => {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  const stage = process.env.STAGE
  process.env.STAGE = 'not a stage'
  const event = { Records: [{ messageId: 'm1', receiptHandle: 'r1', body: '{}', attributes: {} }] }
  const routed = router(event as unknown as SQSEvent, { awsRequestId: 'r1' } as Context)
  await expect(routed).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  const line = JSON.parse(String(write.mock.calls.at(-1)?.[0]))
  expect(line).toMatchObject({ event: 'route', received: 1, error: { name: 'RouterError' } })
  write.mockRestore()
  if (stage === undefined) delete process.env.STAGE
  else process.env.STAGE = stage
})

describe('a function', () => {
  const before = { ...process.env }
  afterEach(() => {
    process.env = { ...before }
    jest.restoreAllMocks()
  })

  const call = async (env: Record<string, string>, id: string) => {
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
    Object.assign(process.env, env)
    const event = {
      rawPath: `/webhooks/${id}`,
      rawQueryString: '',
      headers: { authorization: 'Bearer wrong' },
      requestContext: { http: { method: 'POST' } },
      body: '{}',
      isBase64Encoded: false,
    }
    await handler(event as unknown as APIGatewayProxyEventV2, { awsRequestId: 'r1' } as Context)
    return JSON.parse(String(write.mock.calls.at(-1)?.[0]))
  }

  test('writes metrics on AWS, even when its configuration is wrong, and none in local emulation', async () => {
    const wrong = await call({ STAGE: 'not a stage' }, 'distribution')
    expect(readAs(wrong)).toMatchObject({ 'Stage=not a stage: Failed': 1 })
    const nowhere = await call({ STAGE: 'prod' }, 'distribution/paint')
    expect(readAs(nowhere)).toMatchObject({
      'Stage=prod Registry=distribution: Rejected': 1,
      'Stage=prod Registry=distribution: Blocked': 1,
    })
    const nobody = await call({ STAGE: 'prod' }, 'stranger/paint')
    expect(readAs(nobody)).toMatchObject({ 'Stage=prod Registry=unknown: Rejected': 1 })
    expect(Object.keys(readAs(nobody)).join()).not.toContain('Blocked')
    const local = await call({ STAGE: 'local', EMULATION: 'local' }, 'stranger')
    expect(Object.keys(local)).not.toContain('_aws')
  })
})
