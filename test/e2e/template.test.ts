import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import DeployPlugin from '../../deploy/plugin.ts'
import { resources } from '../../deploy/template.ts'
import { columns } from '../../lib/archive/columns.ts'
import { eventsFile } from '../../lib/archive/names.ts'
import { places } from '../../lib/locations.ts'
import { checkRegistries } from '../../lib/registries.ts'
import { athenaNames } from '../../lib/search/athena.ts'
import { registries } from '../../registries.ts'

const to = { webhook: 'https://alerts.example.com/' }
const settings = {
  registryIds: ['a'],
  readerIds: ['auditor'],
  lock: undefined,
  undoDays: 45,
  answerDays: 2,
  alerts: [{ id: 'deletions', to }],
}

const root = resolve(import.meta.dirname, '../..')
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

/** A statement of a policy, as far as it matters who may do what. */
interface Statement {
  Effect: string
  Action?: string | string[]
  Resource?: unknown
  Condition?: object
}

/** Everything of `value` that stands under `key`, however deep. */
function under(key: string, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => (name === key ? [inner] : under(key, inner)))
}

/** The texts in `value`, however deep. */
const texts = (value: unknown): string[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [String(value)]

describe('npx serverless package --stage prod --region ap-northeast-1', () => {
  const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-package-'))
  let all: Record<string, Resource>
  let size: number
  const of = (type: string) => Object.entries(all).filter(([, resource]) => resource.Type === type)

  beforeAll(async () => {
    await serverless('--stage', 'prod', '--region', 'ap-northeast-1', '--package', folder)
    const text = readFileSync(join(folder, 'cloudformation-template-update-stack.json'), 'utf8')
    size = Buffer.byteLength(text)
    all = JSON.parse(text).Resources
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('an HTTP API with a path for every family, the common path, and the rest', () => {
    expect(of('AWS::ApiGatewayV2::Api')).toHaveLength(1)
    const routes = of('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties.RouteKey)
    const families =
      'auth exemption image manifest namespace plan quota registrytoken retention settings signature trash vulnerability'
    const wanted = families.split(' ').map((family) => `POST /webhooks/{registry}/${family}`)
    const questions = ['/', '/events', '/events/{proxy+}', '/logs', '/logs/{proxy+}', '/reader', '/searches']
    const viewer = ['/icons.svg', '/viewer.css', '/viewer.js', '/viewer.svg']
    wanted.push(...[...questions, ...viewer].map((path) => `GET ${path}`))
    expect(routes.toSorted()).toEqual([...wanted, 'POST /webhooks/{registry}', '$default'].toSorted())
  })

  test("eighteen functions on Lambda's Node 24, with the time and the memory that they need", () => {
    const functions = of('AWS::Lambda::Function')
    expect(functions).toHaveLength(18)
    const larger: Record<string, object> = {
      ArchiveLambdaFunction: { Timeout: 60, MemorySize: 1769 },
      SearchLambdaFunction: { Timeout: 30, MemorySize: 1024 },
      UpkeepLambdaFunction: { Timeout: 300, MemorySize: 1769 },
    }
    for (const [name, { Properties }] of functions) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Environment: { Variables: { STAGE: 'prod', EDITION: '2020-07-28', OUTPUTS: 'queue,archive' } },
        ...(larger[name] ?? { Timeout: 15, MemorySize: 512 }),
      })
      expect(Object.keys(Properties.Environment.Variables)).not.toContain('EMULATION')
    }
  })

  test('the queues of this region and of no other, each with a dead-letter queue and 14 days', () => {
    const queues = of('AWS::SQS::Queue')
    const names = ['intake', 'quarantine', 'jp-tok', 'jp-tok-archive'].flatMap((name) => [
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
      const isOurs = /-(intake|quarantine|archive)$/.test(Properties.QueueName)
      expect(Properties.RedrivePolicy.maxReceiveCount).toBe(isOurs ? 1000 : 10)
      const [dead] = Properties.RedrivePolicy.deadLetterTargetArn['Fn::GetAtt']
      expect(all[dead]?.Properties.QueueName).toBe(`${Properties.QueueName}-dlq`)
    }
  })

  test.each([
    { name: 'intake', by: 'Router', size: 100, most: 10 },
    { name: 'jp-tok-archive', by: 'Archive', size: 10_000, most: 2 },
  ])('$by consumes $name with partial failures, and no event is handed out twice while it is at work', (consumed) => {
    const { name, by, size, most } = consumed
    const mappings = of('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties)
    expect(mappings).toHaveLength(2)
    const mapping = mappings.find(({ EventSourceArn }) => {
      const [queue] = EventSourceArn['Fn::GetAtt']
      return all[queue]?.Properties.QueueName === `registry-events-prod-${name}`
    })
    expect(mapping).toMatchObject({
      FunctionName: { 'Fn::GetAtt': [`${by}LambdaFunction`, 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BatchSize: size,
      ScalingConfig: { MaximumConcurrency: most },
    })
    const [queue] = mapping.EventSourceArn['Fn::GetAtt']
    expect(all[queue]?.Properties.VisibilityTimeout).toBeGreaterThanOrEqual(
      6 * all[`${by}LambdaFunction`]?.Properties.Timeout + mapping.MaximumBatchingWindowInSeconds,
    )
  })

  test('the upkeep of the archive is called every hour, and nothing else by a clock', () => {
    const rules = of('AWS::Events::Rule').map(([, { Properties }]) => Properties)
    expect(rules).toMatchObject([
      {
        ScheduleExpression: 'rate(1 hour)',
        State: 'ENABLED',
        Targets: [{ Arn: { 'Fn::GetAtt': ['UpkeepLambdaFunction', 'Arn'] } }],
      },
    ])
  })

  test('no policy has a wildcard but for objects of a bucket, and where the bucket of the code refuses plain HTTP', () => {
    const statements = Object.entries(all).flatMap(([id, resource]) =>
      (under('Statement', resource).flat() as Statement[]).map((statement) => ({ id, ...statement })),
    )
    // 18 roles with who takes them and what they may do, 8 queues, the topic and three buckets.
    expect(new Set(statements.map(({ id }) => id)).size).toBe(18 + 8 + 1 + 3)
    const ofObjects =
      /^(?:arn:\$\{AWS::Partition\}:s3:::events-prod-jp-tok-\$\{AWS::AccountId\}|\$\{\w+Bucket\.Arn\})(?:\/[a-z]+)*\/\*(?:\.p\/\*)?$/
    const wild = statements.filter(({ Action, Resource }) =>
      texts([Action, Resource]).some((text) => text.includes('*') && !ofObjects.test(text)),
    )
    expect(wild).toEqual([
      expect.objectContaining({
        id: 'ServerlessDeploymentBucketPolicy',
        Effect: 'Deny',
        Condition: { Bool: { 'aws:SecureTransport': false } },
      }),
    ])
    for (const { Action } of statements) {
      for (const action of [Action].flat()) if (action !== 's3:*') expect(action).toMatch(/^[a-z0-9]+:[A-Za-z]+$/)
    }
    // What others wrote may have wildcards of its own.
    expect(under('ManagedPolicyArns', all)).toEqual([])
    expect(under('NotAction', all)).toEqual([])
    expect(under('NotResource', all)).toEqual([])
  })

  test('only the HTTP API and the clock of this deployment may call a function', () => {
    const permissions = of('AWS::Lambda::Permission').map(([, { Properties }]) => Properties)
    expect(permissions).toHaveLength(16)
    for (const { Action, Principal, SourceArn } of permissions) {
      expect(Action).toBe('lambda:InvokeFunction')
      if (Principal === 'events.amazonaws.com') expect(all[SourceArn['Fn::GetAtt'][0]]?.Type).toBe('AWS::Events::Rule')
      else {
        expect(Principal).toBe('apigateway.amazonaws.com')
        expect(SourceArn['Fn::Join'][1]).toContainEqual({ Ref: 'HttpApi' })
      }
    }
  })

  const allowed = (role: string, action: string): string[] => {
    const { Statement } = (all[role] as Resource).Properties.Policies[0].PolicyDocument
    const statements = Statement.filter(({ Action }: { Action: string[] }) => Action.includes(action))
    return statements.flatMap(({ Resource }: { Resource: object[] }) =>
      Resource.map((resource) => texts(resource).join('.')),
    )
  }
  const names = (arns: readonly string[]) => arns.map((arn) => arn.split(':').at(-1))

  test('every function has its own role, which is its alone and small enough for IAM', () => {
    for (const [name, { Properties }] of of('AWS::Lambda::Function')) {
      const own = name.replace('LambdaFunction', 'Role')
      expect(Properties.Role['Fn::GetAtt']).toEqual([own, 'Arn'])
      const { Policies } = (all[own] as Resource).Properties
      expect(Policies).toHaveLength(1)
      expect(JSON.stringify(Policies[0].PolicyDocument).length).toBeLessThan(10_240)
      const actions = new Set(Policies[0].PolicyDocument.Statement.flatMap(({ Action }: Statement) => Action))
      const common = ['logs:CreateLogStream', 'logs:PutLogEvents']
      expect([...actions].toSorted()).toEqual([...common, ...(mayDo[name] ?? webhooks)].toSorted())
    }
  })
  const secret = 'secretsmanager:GetSecretValue'
  const webhooks = ['sqs:SendMessage', 'sqs:GetQueueAttributes', secret]
  const consume = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes']
  const upkeep = ['s3:GetObject', 's3:ListBucket', 's3:PutObject', 's3:DeleteObject', secret]
  const athena = ['StartQueryExecution', 'GetQueryExecution', 'GetQueryResults', 'StopQueryExecution']
  const mayDo: Record<string, string[]> = {
    RouterLambdaFunction: [...consume, 'sqs:SendMessage'],
    ArchiveLambdaFunction: [...consume, 'sqs:SendMessage', ...upkeep],
    UpkeepLambdaFunction: upkeep,
    SearchLambdaFunction: [
      ...['s3:GetObject', 's3:ListBucket', 's3:GetBucketLocation', 's3:PutObject', 's3:AbortMultipartUpload'],
      ...['s3:ListBucketMultipartUploads', 's3:ListMultipartUploadParts', secret],
      ...['glue:GetDatabase', 'glue:GetTable', 'glue:GetPartitions', ...athena.map((action) => `athena:${action}`)],
    ],
  }

  const bucket = `arn:\${AWS::Partition}:s3:::events-prod-jp-tok-\${AWS::AccountId}`

  test('the archive function may take from its queue, and write; it may remove neither events nor the checkpoint', () => {
    for (const action of consume)
      expect(names(allowed('ArchiveRole', action))).toEqual(['registry-events-prod-jp-tok-archive'])
    expect(names(allowed('ArchiveRole', 'sqs:SendMessage'))).toEqual(['registry-events-prod-jp-tok-archive-dlq'])
    expect(names(allowed('ArchiveRole', secret))).toEqual(['registry-events/prod/log-key-??????'])
    expect(allowed('ArchiveRole', 's3:ListBucket')).toEqual([bucket])
    expect(allowed('ArchiveRole', 's3:GetObject')).toEqual([`${bucket}/*`])
    expect(allowed('ArchiveRole', 's3:PutObject')).toEqual(
      ['events/*', 'log/checkpoint', 'log/tile/*', 'journal/*', 'log/key'].map((name) => `${bucket}/${name}`),
    )
    expect(allowed('ArchiveRole', 's3:DeleteObject')).toEqual([`${bucket}/journal/*`, `${bucket}/log/tile/*.p/*`])
  })

  test('the archive function takes numbers, and names the log, only where nobody has', () => {
    const { Statement } = (all.ArchiveRole as Resource).Properties.Policies[0].PolicyDocument
    const puts = (Statement as Statement[]).filter(({ Action }) => Action?.includes('s3:PutObject'))
    expect(puts.map(({ Resource, Condition }) => [Condition, texts(Resource)])).toEqual([
      [undefined, ['events/*', 'log/checkpoint', 'log/tile/*'].map((name) => `${bucket}/${name}`)],
      [{ Null: { 's3:if-none-match': 'false' } }, ['journal/*', 'log/key'].map((name) => `${bucket}/${name}`)],
    ])
  })

  test.each([
    ['log/tile/0/000.p/1', true],
    ['log/tile/12/x001/x234/067.p/255', true],
    ['journal/000000000000', true],
    ['log/tile/0/000', false],
    ['log/tile/1/x001/234', false],
    ['log/checkpoint', false],
    ['events/location=jp-tok/day=2026-11-22/000000000000-1-0.parquet', false],
    ['removed/2026-11-22', false],
  ])('that the archive function removes %s is %j', (name, isAllowed) => {
    const patterns = allowed('ArchiveRole', 's3:DeleteObject').map((arn) => arn.slice(bucket.length + 1))
    const forms = patterns.map((pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`))
    expect(forms.some((form) => form.test(name))).toBe(isAllowed)
  })

  test('only the upkeep may remove events, and it may not touch the log', () => {
    expect(allowed('UpkeepRole', 's3:PutObject')).toEqual([`${bucket}/events/*`, `${bucket}/removed/*`])
    expect(allowed('UpkeepRole', 's3:DeleteObject')).toEqual([`${bucket}/events/*`])
    const remove = Object.keys(all).filter(
      (id) => id.endsWith('Role') && allowed(id, 's3:DeleteObject').some((arn) => arn.includes('/events/')),
    )
    expect(remove).toEqual(['UpkeepRole'])
  })

  test('the search reads the archive, and writes nothing but the rows of its answers beside it', () => {
    expect(allowed('SearchRole', 's3:GetObject')).toEqual([`${bucket}/*`, `\${ResultsBucket.Arn}/*`])
    expect(allowed('SearchRole', 's3:PutObject')).toEqual([`\${ResultsBucket.Arn}/*`])
    expect(names(allowed('SearchRole', secret))).toEqual(['registry-events/prod/reader-local-??????'])
    expect(names(allowed('SearchRole', 'athena:StartQueryExecution'))).toEqual(['workgroup/registry-events-prod'])
    expect(names(allowed('SearchRole', 'glue:GetTable'))).toEqual([
      ...['catalog', 'database/default', 'database/registry_events_prod', 'table/registry_events_prod/archive'],
    ])
  })

  test('the bucket of the archive stays, keeps what was removed for a while, and is closed', () => {
    const { Properties, ...rest } = all.ArchiveBucket as Resource & { DeletionPolicy: string }
    expect(rest).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    expect(Properties).toMatchObject({
      BucketName: { 'Fn::Sub': `events-prod-jp-tok-\${AWS::AccountId}` },
      VersioningConfiguration: { Status: 'Enabled' },
      ObjectLockEnabled: true,
    })
    // Nothing that is current ends by itself: what was removed under retention is said, and signed.
    const [rule, ...more] = Properties.LifecycleConfiguration.Rules
    expect([more, Object.keys(rule).filter((key) => /Expiration/.test(key))]).toEqual([
      [],
      ['NoncurrentVersionExpiration'],
    ])
    expect(rule.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 30 })
    for (const id of ['ArchiveBucket', 'ResultsBucket']) {
      expect(all[id]?.Properties).toMatchObject({
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      })
      expect(all[`${id}Policy`]?.Properties.PolicyDocument.Statement).toEqual([
        {
          Effect: 'Deny',
          Principal: '*',
          Action: expect.arrayContaining(['s3:GetObject', 's3:PutObject', 's3:ListBucket']),
          Resource: [{ 'Fn::GetAtt': [id, 'Arn'] }, { 'Fn::Sub': `\${${id}.Arn}/*` }],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ])
    }
    expect(all.ResultsBucket?.Properties.LifecycleConfiguration.Rules).toMatchObject([{ ExpirationInDays: 1 }])
  })

  test('Athena reads the same files, by the same columns, in a work group that can not be talked out of its limits', () => {
    const { TableInput } = all.ArchiveTable?.Properties ?? {}
    expect(
      TableInput.StorageDescriptor.Columns.map(({ Name, Type }: { Name: string; Type: string }) => `${Name} ${Type}`),
    ).toEqual(
      columns.map(
        ({ name, type }) =>
          `${name} ${{ INT64: 'bigint', STRING: 'string', TIMESTAMP: 'timestamp', BOOLEAN: 'boolean' }[type]}`,
      ),
    )
    const { 'Fn::Sub': template } = TableInput.Parameters['storage.location.template']
    const name = eventsFile({ location: 'jp-tok', day: '2026-11-22', first: 0, count: 1, digest: '0'.repeat(32) })
    // What CloudFormation and then Athena make of it.
    const folder = template
      .replace(`\${AWS::AccountId}`, '123456789012')
      .replace(`\${!location}`, 'jp-tok')
      .replace(`\${!day}`, '2026-11-22')
    expect(`s3://events-prod-jp-tok-123456789012/${name}`.startsWith(folder)).toBe(true)
    expect(TableInput.Parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.location.values': 'jp-tok',
      'projection.day.type': 'date',
    })
    const { database, workGroup } = athenaNames('prod')
    expect([TableInput.Name, all.ArchiveDatabase?.Properties.DatabaseInput.Name]).toEqual(['archive', database])
    expect(all.ArchiveWorkGroup?.Properties).toMatchObject({
      Name: workGroup,
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        ResultConfiguration: {
          OutputLocation: { 'Fn::Sub': `s3://\${ResultsBucket}/` },
          ExpectedBucketOwner: { Ref: 'AWS::AccountId' },
        },
      },
    })
  })

  test('a function may write to its own log, to streams that are named as Lambda names them', () => {
    for (const [name, { Properties }] of of('AWS::Lambda::Function')) {
      const role = name.replace('LambdaFunction', 'Role')
      const group = `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${Properties.FunctionName}`
      const stream = `${group}:log-stream:2026/01/31/[$LATEST]2d75b45ba94f495598fd2fed9f3ca60e`
      const [pattern, ...more] = allowed(role, 'logs:PutLogEvents') as [string]
      expect(more).toEqual([])
      expect(pattern).toHaveLength(stream.length)
      expect([...pattern].map((letter, index) => (letter === '?' ? stream[index] : letter)).join('')).toBe(stream)
      expect(allowed(role, 'logs:CreateLogStream')).toEqual([pattern, group, `${group}:log-stream:`])
    }
  })

  test('every function has a log group of its own, and all logs end after 90 days', () => {
    const groups = of('AWS::Logs::LogGroup').map(([, { Properties }]) => Properties)
    const functions = of('AWS::Lambda::Function').map(([, { Properties }]) => `/aws/lambda/${Properties.FunctionName}`)
    expect(groups.map(({ LogGroupName }) => LogGroupName).toSorted()).toEqual(
      [...functions, '/aws/http-api/registry-event-router-prod'].toSorted(),
    )
    for (const { RetentionInDays } of groups) expect(RetentionInDays).toBe(90)
  })

  test('a family function may send to intake and quarantine and read secrets that are needed, and nothing else', () => {
    expect(names(allowed('ImageRole', 'sqs:SendMessage'))).toEqual([
      'registry-events-prod-intake',
      'registry-events-prod-quarantine',
    ])
    expect(names(allowed('ImageRole', 'sqs:GetQueueAttributes'))).toEqual(['registry-events-prod-intake'])
    const checked = [...checkRegistries(registries, '2020-07-28').values()]
    expect(names(allowed('ImageRole', 'secretsmanager:GetSecretValue'))).toEqual(
      checked.filter(({ needsSecret }) => needsSecret).map(({ id }) => `registry-events/prod/${id}-??????`),
    )
  })

  test('the router may take from intake, and send to every location and to what is left over of intake', () => {
    for (const action of ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes'])
      expect(names(allowed('RouterRole', `sqs:${action}`))).toEqual(['registry-events-prod-intake'])
    expect(names(allowed('RouterRole', 'sqs:SendMessage'))).toEqual([
      ...places.map(({ location }) => `registry-events-prod-${location}`),
      ...places.map(({ location }) => `registry-events-prod-${location}-archive`),
      'registry-events-prod-intake-dlq',
    ])
    for (const { location, awsRegion } of places)
      expect(allowed('RouterRole', 'sqs:SendMessage')).toContain(
        `arn:\${AWS::Partition}:sqs:${awsRegion}:\${AWS::AccountId}:registry-events-prod-${location}`,
      )
  })

  test('no queue is to be used without TLS, and the policies stay with the queues', () => {
    const policies = of('AWS::SQS::QueuePolicy') as [string, Resource & { DeletionPolicy: string }][]
    const queues = of('AWS::SQS::Queue').map(([id]) => id)
    expect(policies.map(([, { Properties }]) => Properties.Queues)).toEqual(queues.map((id) => [{ Ref: id }]))
    for (const [, { Properties, DeletionPolicy }] of policies) {
      expect(DeletionPolicy).toBe('Retain')
      expect(Properties.PolicyDocument.Statement).toEqual([
        {
          Effect: 'Deny',
          Principal: '*',
          Action: expect.arrayContaining(['sqs:SendMessage', 'sqs:ReceiveMessage', 'sqs:DeleteMessage']),
          Resource: [{ 'Fn::GetAtt': [Properties.Queues[0].Ref, 'Arn'] }],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ])
      // SQS's own limit.
      expect(Properties.PolicyDocument.Statement[0].Action.length).toBeLessThanOrEqual(7)
    }
  })

  test('the API lets a bounded number of requests through, and writes down nothing that a sender chose', () => {
    const [[, { Properties }]] = of('AWS::ApiGatewayV2::Stage') as [[string, Resource]]
    expect(Properties.DefaultRouteSettings).toEqual({
      DetailedMetricsEnabled: false,
      ThrottlingRateLimit: 500,
      ThrottlingBurstLimit: 250,
    })
    const { Format, DestinationArn } = Properties.AccessLogSettings
    expect(all[DestinationArn['Fn::GetAtt'][0]]?.Type).toBe('AWS::Logs::LogGroup')
    // Path, query, headers and user agent are the sender's: a secret may stand in each of them.
    const plain = [
      'requestTime',
      'requestId',
      'awsEndpointRequestId',
      'identity.sourceIp',
      'routeKey',
      'status',
      'integrationStatus',
      'responseLatency',
      'integrationErrorMessage',
    ]
    const used = [...Format.matchAll(/\$context\.([\w.]+)/g)].map(([, name]) => name)
    expect(used.toSorted()).toEqual(plain.toSorted())
    expect(Format.split('$')).toHaveLength(plain.length + 1)
    expect(JSON.parse(Format)).toMatchObject({ stage: 'prod', status: '$context.status' })
  })

  test('alarms say what to do, tell when it is over, and go to a topic that CloudWatch of this account may publish to', () => {
    const alarms = of('AWS::CloudWatch::Alarm')
    for (const [, { Properties }] of alarms) {
      expect(Properties.AlarmName).toMatch(/^registry-events-prod-[a-z0-9-]+$/)
      expect(Properties.AlarmDescription).toMatch(/^[A-Z].+\. docs\/operations\.md#[a-z0-9-]+$/)
      expect([Properties.AlarmActions, Properties.OKActions]).toEqual([
        [{ Ref: 'AlarmTopic' }],
        [{ Ref: 'AlarmTopic' }],
      ])
      // A metric that is silent when nothing happens must not turn an alarm into one that knows nothing.
      expect(['ignore', 'notBreaching']).toContain(Properties.TreatMissingData)
      const period = Properties.Period ?? Properties.Metrics[1].MetricStat.Period
      expect(period * Properties.EvaluationPeriods).toBeLessThanOrEqual(86_400)
      expect(Properties.DatapointsToAlarm).toBeLessThanOrEqual(Properties.EvaluationPeriods)
    }
    const unique = new Set(alarms.map(([, { Properties }]) => Properties.AlarmName))
    expect(unique.size).toBe(alarms.length)
    const [[, { Properties }]] = of('AWS::SNS::TopicPolicy') as [[string, Resource]]
    expect(Properties.Topics).toEqual([{ Ref: 'AlarmTopic' }])
    const allow = Properties.PolicyDocument.Statement.filter(({ Effect }: Statement) => Effect === 'Allow')
    expect(allow).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: ['sns:Publish'],
        Resource: [{ Ref: 'AlarmTopic' }],
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ])
    // CloudWatch has no right to use the key that AWS manages for topics: an alarm would be lost.
    expect(all.AlarmTopic?.Properties).toEqual({ TopicName: 'registry-events-prod-alarms' })
  })

  /** What the alarm `name` watches: `<namespace> <metric> <dimensions>`, one for each metric. */
  const watched = (name: string): string[] => {
    const found = of('AWS::CloudWatch::Alarm').find(([, { Properties }]) =>
      Properties.AlarmName.endsWith(`-prod-${name}`),
    )
    const { Metrics = [], ...only } = found?.[1].Properties ?? {}
    const metrics = Metrics.flatMap((entry: { MetricStat?: { Metric: object } }) => entry.MetricStat?.Metric ?? [])
    return [only, ...metrics].flatMap(({ Namespace, MetricName, Dimensions }) =>
      Namespace
        ? [`${Namespace} ${MetricName} ${Dimensions.map(({ Value }: { Value: unknown }) => texts(Value)).join(' ')}`]
        : [],
    )
  }

  test('the age of the oldest message of every queue, and any dead letter, is watched', () => {
    const oldest = (queue: string) => [`AWS/SQS ApproximateAgeOfOldestMessage registry-events-prod-${queue}`]
    expect(watched('intake-age')).toEqual(oldest('intake'))
    expect(watched('location-age-jp-tok')).toEqual(oldest('jp-tok'))
    expect(watched('archive-age-jp-tok-archive')).toEqual(oldest('jp-tok-archive'))
    const held = ['quarantine', 'intake-dlq', 'quarantine-dlq', 'jp-tok-dlq', 'jp-tok-archive-dlq']
    for (const queue of held) {
      expect(watched(`kept-age-${queue}`)).toEqual(oldest(queue))
      expect(watched(queue === 'quarantine' ? queue : `dead-letters-${queue}`)).toEqual([
        `AWS/SQS ApproximateNumberOfMessagesVisible registry-events-prod-${queue}`,
        `AWS/SQS ApproximateNumberOfMessagesNotVisible registry-events-prod-${queue}`,
      ])
    }
    expect(of('AWS::SQS::Queue')).toHaveLength(3 + held.length)
  })

  test('quarantine, refused senders, failures and throttling are watched', () => {
    const ours = {
      'dead-lettered': 'DeadLettered',
      quarantined: 'Quarantined',
      failed: 'Failed',
      throttled: 'Throttled',
      blocked: 'Blocked',
      'api-throttled': 'ThrottledByApi',
    }
    for (const [alarm, metric] of Object.entries(ours))
      expect(watched(alarm)).toEqual([`registry-event-router ${metric} prod`])
    expect(watched('unauthenticated')).toEqual([
      'registry-event-router Unauthenticated prod',
      'registry-event-router Unauthenticated prod unknown',
    ])
    expect(watched('probing')).toEqual(['registry-event-router Unauthenticated prod unknown'])
    expect(watched('api-5xx')).toEqual(['AWS/ApiGateway 5xx HttpApi'])
    expect(watched('archive-postponed-jp-tok')).toEqual(['registry-event-router ArchivePostponed prod jp-tok'])
    expect(watched('archive-dead-lettered-jp-tok')).toEqual(['registry-event-router ArchiveDeadLettered prod jp-tok'])
    expect(watched('search-failed-jp-tok')).toEqual(['registry-event-router SearchFailed prod'])
    expect(watched('search-unauthenticated-jp-tok')).toEqual(['registry-event-router SearchUnauthenticated prod'])
    expect(watched('upkeep-failed-jp-tok')).toEqual(['registry-event-router UpkeepFailures prod'])
    for (const { location } of places)
      expect(watched(`postponed-${location}`)).toEqual([`registry-event-router Postponed prod ${location}`])
    const [[, { Properties }]] = of('AWS::Logs::MetricFilter') as [[string, Resource]]
    expect(Properties.LogGroupName).toEqual({ Ref: 'HttpApiLogGroup' })
    const [made] = Properties.MetricTransformations
    expect(made).toMatchObject({ MetricName: 'ThrottledByApi', Dimensions: [{ Key: 'Stage', Value: '$.stage' }] })
    expect(Properties.FilterPattern).toBe('{ $.status = "429" && $.integrationStatus = "-" }')
    const [[, stage]] = of('AWS::ApiGatewayV2::Stage') as [[string, Resource]]
    const line = JSON.parse(stage.Properties.AccessLogSettings.Format)
    for (const [, field] of `${Properties.FilterPattern} $.stage`.matchAll(/\$\.(\w+)/g))
      expect(line).toHaveProperty([field as string])
  })

  test('every function is watched for throttles, errors and a log that stays empty', () => {
    for (const [, { Properties }] of of('AWS::Lambda::Function')) {
      const full = Properties.FunctionName
      const name = full.replace('registry-event-router-prod-', '')
      expect(watched(`function-throttles-${name}`)).toEqual([`AWS/Lambda Throttles ${full}`])
      expect(watched(`function-errors-${name}`)).toEqual([`AWS/Lambda Errors ${full}`])
      expect(watched(`function-silent-${name}`)).toEqual([
        `AWS/Lambda Invocations ${full}`,
        `AWS/Logs IncomingLogEvents /aws/lambda/${full}`,
      ])
    }
  })

  test("it stays far below CloudFormation's limits of 500 resources and 1 MB", () => {
    expect(Object.keys(all).length).toBeLessThan(350)
    expect(size).toBeLessThan(500_000)
  })
})

test.each(places)('deployed to $awsRegion, the queues of $location are there', ({ awsRegion, location }) => {
  const { Resources } = resources({ service: 's', stage: 'dev', awsRegion, ...settings })
  const names = Object.values(Resources)
    .map((resource) => (resource as Resource).Properties.QueueName)
    .filter(Boolean)
  expect(names.filter((name) => !name.endsWith('-dlq'))).toEqual([
    'registry-events-dev-intake',
    'registry-events-dev-quarantine',
    `registry-events-dev-${location}`,
    `registry-events-dev-${location}-archive`,
  ])
})

test('objects are locked, and alerts sent, by those who have to and by nobody else', () => {
  const alerts = [
    { id: 'deletions', to },
    { id: 'silence', to: { queue: 'on-call', awsRegion: 'eu-west-1' } },
  ]
  const { Resources } = resources({
    service: 's',
    stage: 'dev',
    awsRegion: 'eu-central-1',
    ...settings,
    lock: { mode: 'compliance', days: 400 },
    alerts,
  })
  const allowing = (action: string) =>
    Object.entries(Resources).flatMap(([id, resource]) =>
      under('Action', resource).flat().includes(action) ? [id] : [],
    )
  expect(allowing('s3:PutObjectRetention')).toEqual(['ArchiveRole', 'UpkeepRole'])
  const locking = [Resources.ArchiveRole, Resources.UpkeepRole]
    .flatMap((role) => under('Statement', role).flat() as Statement[])
    .filter(({ Action }) => Action?.includes('s3:PutObjectRetention'))
  expect(locking.map(({ Resource }) => texts(Resource).map((arn) => arn.split('/').slice(1).join('/')))).toEqual([
    ['events/*', 'log/checkpoint', 'log/tile/*', 'log/key'],
    ['events/*', 'removed/*'],
  ])
  // Who could lock for a hundred years could make the archive cost for a hundred years. Clocks may be a day apart.
  for (const { Condition } of locking)
    expect(Condition).toEqual({
      NumericLessThanEqualsIfExists: { 's3:object-lock-remaining-retention-days': '401' },
      StringEqualsIfExists: { 's3:object-lock-mode': 'COMPLIANCE' },
    })
  // Nobody may lift a lock.
  expect(allowing('s3:BypassGovernanceRetention')).toEqual([])
  const alertsMay = texts(Resources.AlertsRole)
  expect(alertsMay).toContain(`arn:\${AWS::Partition}:sqs:eu-west-1:\${AWS::AccountId}:on-call`)
  expect(alertsMay.filter((text) => text.includes(':secret:')).map((arn) => arn.split('/').at(-1))).toEqual([
    'alert-deletions-??????',
  ])
  expect(alertsMay.filter((text) => text.endsWith('/alerts/*'))).toHaveLength(1)
})

test('for how long something can be had back, and the rows of answers are kept, is what archive.ts says', () => {
  const { Resources } = resources({ service: 's', stage: 'dev', awsRegion: 'eu-central-1', ...settings })
  expect(under('NoncurrentDays', Resources.ArchiveBucket)).toEqual([45])
  expect(under('ExpirationInDays', Resources.ResultsBucket)).toEqual([2])
})

test('a region without a location has intake and quarantine only, and no archive', () => {
  const { Resources } = resources({ service: 's', stage: 'dev', awsRegion: 'eu-north-1', ...settings })
  const queues = Object.values(Resources).filter((resource) => (resource as Resource).Type === 'AWS::SQS::Queue')
  expect(queues).toHaveLength(4)
  const ids = Object.keys(Resources).join()
  for (const none of ['Bucket', 'Athena', 'ArchiveRole', 'SearchRole', 'UpkeepRole', 'AlertsRole'])
    expect(ids).not.toContain(none)
})

test('a secret that no sender is checked against may not be read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-registries-'))
  const file = join(folder, 'registries.mjs')
  const place = { domain: 'de.icr.io', region: 'eu-central', account: 'a' }
  const list = [
    { id: 'by-secret', source: 'distribution', ...place },
    {
      id: 'by-token',
      source: 'artifactregistry',
      ...place,
      accept: { audience: 'https://a.example', email: 'p@a.example' },
    },
  ]
  writeFileSync(file, `export const registries = ${JSON.stringify(list)}`)
  process.env.REGISTRIES = file
  try {
    const plugin = new DeployPlugin({
      service: { provider: { stage: 'dev', region: 'eu-central-1' } },
      classes: { Error },
    })
    const settings: Record<string, string> = {
      service: 's',
      'provider.stage': 'dev',
      'provider.region': 'eu-central-1',
    }
    const { value } = await plugin.configurationVariablesSources.tables.resolve({
      address: 'resources',
      resolveConfigurationProperty: async (path) => settings[path.join('.')] ?? '',
    })
    const secrets = texts((value as ReturnType<typeof resources>).Resources.ImageRole).filter((text) =>
      /:secret:/.test(text),
    )
    expect(secrets.map((arn) => arn.split('/').at(-1))).toEqual(['by-secret-??????'])
  } finally {
    Reflect.deleteProperty(process.env, 'REGISTRIES')
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a stage that queues cannot be named after is refused at once', async () => {
  await expect(serverless('--stage', 'a-stage-whose-name-is-much-too-long')).rejects.toMatchObject({
    stdout: expect.stringContaining('STAGE is "a-stage-whose-name-is-much-too-long"'),
  })
}, 30_000)
