import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { resources } from '../deploy/template.ts'
import { places } from '../lib/locations.ts'
import { registries } from '../registries.ts'

const root = resolve(import.meta.dirname, '..')
const run = promisify(execFile)

const serverless = (...args: string[]) =>
  run(process.execPath, [join(root, 'node_modules/serverless/bin/serverless.js'), 'package', ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  })

interface Resource {
  Type: string
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation is looked into by many paths
  Properties: any
}

describe('npx serverless package --stage prod --region ap-northeast-1', () => {
  const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-package-'))
  let all: Record<string, Resource>
  const of = (type: string) => Object.entries(all).filter(([, resource]) => resource.Type === type)

  beforeAll(async () => {
    await serverless('--stage', 'prod', '--region', 'ap-northeast-1', '--package', folder)
    all = JSON.parse(readFileSync(join(folder, 'cloudformation-template-update-stack.json'), 'utf8')).Resources
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('an HTTP API with a path for every family, the common path, and the rest', () => {
    expect(of('AWS::ApiGatewayV2::Api')).toHaveLength(1)
    const routes = of('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties.RouteKey)
    const families =
      'auth exemption image manifest namespace plan quota registrytoken retention settings signature trash vulnerability'
    const wanted = families.split(' ').map((family) => `POST /webhooks/{registry}/${family}`)
    expect(routes.toSorted()).toEqual([...wanted, 'POST /webhooks/{registry}', '$default'].toSorted())
  })

  test("fifteen functions on Lambda's Node 24", () => {
    const functions = of('AWS::Lambda::Function')
    expect(functions).toHaveLength(15)
    for (const [, { Properties }] of functions) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Timeout: 10,
        Environment: { Variables: { STAGE: 'prod', EDITION: '2020-07-28' } },
      })
      expect(Object.keys(Properties.Environment.Variables)).not.toContain('EMULATION')
    }
  })

  test('the queues of this region and of no other, each with a dead-letter queue and 14 days', () => {
    const queues = of('AWS::SQS::Queue')
    const names = ['intake', 'quarantine', 'jp-tok'].flatMap((name) => [
      `registry-events-prod-${name}`,
      `registry-events-prod-${name}-dlq`,
    ])
    expect(queues.map(([, { Properties }]) => Properties.QueueName).toSorted()).toEqual(names.toSorted())
    for (const [, { Properties }] of queues) {
      expect(Properties).toMatchObject({
        MessageRetentionPeriod: 1209600,
        SqsManagedSseEnabled: true,
        MaximumMessageSize: 1048576,
      })
      if (Properties.QueueName.endsWith('-dlq')) continue
      const isOurs = /-(intake|quarantine)$/.test(Properties.QueueName)
      expect(Properties.RedrivePolicy.maxReceiveCount).toBe(isOurs ? 1000 : 10)
      const [dead] = Properties.RedrivePolicy.deadLetterTargetArn['Fn::GetAtt']
      expect(all[dead]?.Properties.QueueName).toBe(`${Properties.QueueName}-dlq`)
    }
  })

  test('the router consumes the intake queue with partial failures, and no event is handed out twice while it is routed', () => {
    const [[, { Properties }], ...more] = of('AWS::Lambda::EventSourceMapping') as [[string, Resource]]
    expect(more).toEqual([])
    const [queue] = Properties.EventSourceArn['Fn::GetAtt']
    expect(all[queue]?.Properties.QueueName).toBe('registry-events-prod-intake')
    expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures'])
    expect(Properties.ScalingConfig).toEqual({ MaximumConcurrency: 10 })
    const timeout = all.RouterLambdaFunction?.Properties.Timeout
    expect(all[queue]?.Properties.VisibilityTimeout).toBeGreaterThanOrEqual(
      6 * timeout + Properties.MaximumBatchingWindowInSeconds,
    )
  })

  test('every function has its own role, which allows its own queues, secrets and log', () => {
    for (const [name, { Properties }] of of('AWS::Lambda::Function')) {
      const own = name.replace('LambdaFunction', 'Role')
      expect(Properties.Role['Fn::GetAtt']).toEqual([own, 'Arn'])
      const { Statement } = (all[own] as Resource).Properties.Policies[0].PolicyDocument
      const log = Statement[0].Resource[0]['Fn::Sub']
      expect(log).toContain(`log-group:/aws/lambda/${Properties.FunctionName}:`)
      for (const { Action, Resource } of Statement) {
        for (const action of Action) expect(action).toMatch(/^[a-z]+:[A-Za-z]+$/)
        for (const resource of Resource)
          expect(resource['Fn::Sub']).toMatch(/^arn:\$\{AWS::Partition\}:[a-z]+:[^*]+(?::log-stream:\*)?$/)
      }
    }
  })

  const allowed = (role: string, action: string): string[] => {
    const { Statement } = (all[role] as Resource).Properties.Policies[0].PolicyDocument
    const statements = Statement.filter(({ Action }: { Action: string[] }) => Action.includes(action))
    return statements.flatMap(({ Resource }: { Resource: { 'Fn::Sub': string }[] }) =>
      Resource.map((resource) => resource['Fn::Sub'].split(':').at(-1)),
    )
  }

  test('a family function may send to intake and quarantine, the router to every location and nowhere else', () => {
    expect(allowed('ImageRole', 'sqs:SendMessage')).toEqual([
      'registry-events-prod-intake',
      'registry-events-prod-quarantine',
    ])
    expect(allowed('ImageRole', 'sqs:ReceiveMessage')).toEqual([])
    expect(allowed('ImageRole', 'secretsmanager:GetSecretValue')).toEqual(
      registries.map(({ id }) => `registry-events/prod/${id}-??????`),
    )
    expect(allowed('RouterRole', 'sqs:ReceiveMessage')).toEqual(['registry-events-prod-intake'])
    expect(allowed('RouterRole', 'sqs:SendMessage')).toEqual([
      ...places.map(({ location }) => `registry-events-prod-${location}`),
      'registry-events-prod-intake-dlq',
    ])
    expect(allowed('RouterRole', 'secretsmanager:GetSecretValue')).toEqual([])
  })
})

test.each(places)('deployed to $awsRegion, the queues of $location are there', ({ awsRegion, location }) => {
  const { Resources } = resources({ service: 's', stage: 'dev', awsRegion, registryIds: ['a'] })
  const names = Object.values(Resources)
    .map((resource) => (resource as Resource).Properties.QueueName)
    .filter(Boolean)
  expect(names.filter((name) => !name.endsWith('-dlq'))).toEqual([
    'registry-events-dev-intake',
    'registry-events-dev-quarantine',
    `registry-events-dev-${location}`,
  ])
})

test('a region without a location has intake and quarantine only', () => {
  const { Resources } = resources({ service: 's', stage: 'dev', awsRegion: 'eu-north-1', registryIds: ['a'] })
  const queues = Object.values(Resources).filter((resource) => (resource as Resource).Type === 'AWS::SQS::Queue')
  expect(queues).toHaveLength(4)
})

test('a stage that queues cannot be named after is refused at once', async () => {
  await expect(serverless('--stage', 'a-stage-whose-name-is-much-too-long')).rejects.toMatchObject({
    stdout: expect.stringContaining('STAGE is "a-stage-whose-name-is-much-too-long"'),
  })
}, 30_000)
