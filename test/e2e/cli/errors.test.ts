import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { explain } from '../../../cli/explain.ts'
import { main } from '../../../cli/program.ts'
import { AwsError } from '../../../lib/aws.ts'
import { RouterError } from '../../../lib/errors.ts'
import { deadLetterQueue, intakeQueue, quarantineQueue } from '../../../lib/queues/names.ts'
import { freePort } from '../../emulation.ts'
import { type Called, type FakeAws, type Refusal, startAws } from './aws.ts'
import { run } from './cli.ts'

// An operator's mistakes: the sentence says which queue, which region and which permission, and nothing has changed.

const awsRegion = 'eu-central-1'
const quarantine = quarantineQueue('prod', awsRegion)
const intake = intakeQueue('prod', awsRegion)

let aws: FakeAws
let folder = ''
let env: Record<string, string> = {}

const kept = {
  id: 'kept',
  reason: 'WRONG_FAMILY',
  message: 'it belongs to another family',
  registry: 'cloudevents',
  family: 'plan',
  receivedAt: '2026-11-22T13:00:00.12+0000',
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(
    JSON.stringify({
      specversion: '1.0',
      id: '1',
      source: '/s',
      type: 'container-registry.namespace.create',
      data: { target: { namespace: 'team' } },
    }),
  ).toString('base64'),
}

beforeAll(async () => {
  aws = await startAws('prod')
  folder = mkdtempSync(join(tmpdir(), 'registry-event-router-cli-'))
  env = { AWS_ENDPOINT: aws.url, AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'test', STAGE: 'prod' }
  await aws.queues.send(quarantine, [{ body: JSON.stringify(kept), attributes: {} }])
  await aws.queues.send(deadLetterQueue(quarantine), [{ body: '{}', attributes: {} }])
})

afterEach(() => {
  aws.before = async () => undefined
  aws.calls.length = 0
})

afterAll(async () => {
  await aws?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Refuses `operation` as AWS does. */
function refuse(operation: string, refusal: Refusal): void {
  aws.before = async (call: Called) => (call.operation === operation ? refusal : undefined)
}

const user = 'arn:aws:iam::123456789012:user/alice'
const denied = (action: string): Refusal => ({
  status: 403,
  type: 'com.amazon.coral.service#AccessDeniedException',
  message: `User: ${user} is not authorized to perform: ${action} on resource: arn:aws:sqs:eu-central-1:123456789012:any`,
})

/** Nothing was sent or deleted, and everything lies where it lay. */
async function expectUnchanged(): Promise<void> {
  expect(aws.calls.filter(({ operation }) => /Send|Delete/.test(operation))).toEqual([])
  const counts = await Promise.all(
    [quarantine, intake, deadLetterQueue(quarantine)].map((queue) => aws.queues.count(queue)),
  )
  expect(counts.map(({ waiting, hidden }) => waiting + hidden)).toEqual([1, 0, 1])
}

const at = 'registry-events-prod-quarantine in eu-central-1'

describe('against AWS', () => {
  test.each<[string, string, string, Refusal, RegExp]>([
    [
      'no permission to receive',
      'quarantine redrive',
      'ReceiveMessage',
      denied('sqs:receivemessage'),
      new RegExp(`sqs:ReceiveMessage on ${at}`),
    ],
    [
      'no permission to count',
      'dlq redrive quarantine',
      'GetQueueAttributes',
      denied('sqs:getqueueattributes'),
      /sqs:GetQueueAttributes on registry-events-prod-quarantine-dlq in eu-central-1/,
    ],
    [
      'no permission to ask for the queue',
      'quarantine list',
      'GetQueueUrl',
      denied('sqs:getqueueurl'),
      new RegExp(`sqs:GetQueueUrl on ${at}`),
    ],
    [
      'expired credentials',
      'quarantine redrive',
      'GetQueueUrl',
      {
        status: 403,
        type: 'com.amazon.coral.service#ExpiredTokenException',
        message: 'The security token included in the request is expired',
      },
      new RegExp(`The AWS credentials have expired, for ${at}. Get new ones`),
    ],
    [
      'unknown credentials',
      'dlq list',
      'GetQueueUrl',
      {
        status: 403,
        type: 'com.amazon.coral.service#UnrecognizedClientException',
        message: 'The security token included in the request is invalid.',
      },
      /AWS does not know these credentials in eu-central-1, for registry-events-prod-intake/,
    ],
  ])('%s', async (_what, command, operation, refusal, sentence) => {
    refuse(operation, refusal)
    const { code, out, err } = await run(command, env)
    expect([code, out]).toEqual([3, ''])
    expect(err).toMatch(sentence)
    expect(err).toContain(`AWS says: ${refusal.message}`)
    await expectUnchanged()
  })

  test.each([
    ['quarantine redrive', intake.name],
    ['dlq redrive quarantine', quarantine.name],
  ])('%s without permission to send: nothing has changed, and it says so', async (command, name) => {
    refuse('SendMessageBatch', denied('sqs:sendmessage'))
    const { code, err } = await run(command, env)
    expect([code, err]).toEqual([3, expect.stringContaining(`sqs:SendMessage on ${name} in eu-central-1`)])
    expect(err).toContain('Nothing was changed.')
    expect(aws.calls.filter(({ operation }) => /Delete/.test(operation))).toEqual([])
    aws.calls.length = 0
    await expectUnchanged()
  })

  test('no permission to delete: one event at most is sent, and it says that it comes again', async () => {
    refuse('DeleteMessageBatch', denied('sqs:deletemessage'))
    const { code, err } = await run('quarantine redrive', env)
    expect([code, err]).toEqual([3, expect.stringContaining(`sqs:DeleteMessage on ${at}`)])
    expect(err).toContain('1 could not be taken out: they come again with the same ids.')
    const [sent] = await aws.queues.receive(intake, 10, 1, 60)
    await aws.queues.remove(intake, sent?.receipt ?? '')
    aws.calls.length = 0
    await expectUnchanged()
  })

  test('the wrong region, and a stage that is not there', async () => {
    for (const words of ['--region us-east-1', '--stage porduction']) {
      const { code, err } = await run(`quarantine redrive ${words}`, env)
      expect([code, err]).toEqual([
        3,
        expect.stringMatching(/^There is no queue registry-events-\w+-quarantine in [a-z0-9-]+, or /),
      ])
      expect(err).toMatch(/Check --stage \(\w+\), --region, and the account of the credentials\./)
    }
    await expectUnchanged()
  })

  test('no credentials at all', async () => {
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...none } = env
    const { code, err } = await run('quarantine redrive', none)
    expect([code, err]).toEqual([
      3,
      expect.stringMatching(
        /^registry-events-prod-quarantine in eu-central-1 can't be asked\. There are no AWS credentials: [\s\S]*Set AWS_PROFILE, or AWS_ACCESS_KEY_ID/,
      ),
    ])
    expect(aws.calls).toEqual([])
  })

  test('dead letters of another region than the router is in', async () => {
    const { code, err } = await run('dlq list --region us-east-1', env)
    expect([code, err]).toEqual([
      3,
      expect.stringContaining('There is no queue registry-events-prod-intake in us-east-1'),
    ])
    expect(aws.calls.filter(({ operation }) => /Send|Delete/.test(operation))).toEqual([])
  })

  test.each(['quarantine list', 'quarantine redrive'])('%s of what is no reason and no registry', async (command) => {
    const misspelt = await run(`${command} --reason UNKOWN_ACTION`, env)
    expect([misspelt.code, misspelt.err]).toEqual([2, expect.stringContaining('UNKNOWN_ACTION')])
    const nobody = await run(`${command} --registry nope`, env)
    expect([nobody.code, nobody.err]).toEqual([2, expect.stringContaining('"nope", which is no registry of')])
    expect(aws.calls.filter(({ operation }) => /Send|Delete/.test(operation))).toEqual([])
  })

  test('a region that is not deployed costs the list of dead letters nothing', async () => {
    aws.before = async ({ awsRegion: region }) =>
      region === 'ap-south-1'
        ? { status: 400, type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'The specified queue does not exist.' }
        : undefined
    const { code, out, err } = await run('dlq list', env)
    expect([code, out, err]).toEqual([
      0,
      expect.stringContaining('registry-events-prod-quarantine-dlq'),
      expect.stringMatching(
        /Not deployed, or not to be seen with these credentials: in-mum \(ap-south-1\), .*in-mum-archive \(ap-south-1\)\./,
      ),
    ])
  })
})

describe('wrong usage, before anything is asked for', () => {
  test.each<[string, RegExp]>([
    ['dlq redrive nowhere', /^There is no queue "nowhere" in stage prod. There are intake, quarantine, us-south, /],
    ['quarantine show', /missing required argument 'id'/],
    ['quarantine list --since yesterday', /Write it like 30m, 12h, 7d/],
    ['quarantine list --limit none', /It has to be a whole number from 1 on/],
    ['quarantine redrive --region frankfurt', /It has to be an AWS region, like eu-central-1/],
    ['quarantine redrive --edition 1999-01-01', /edition 1999-01-01 is outside of the tables known here/],
    ['quarantine remove', /unknown command 'remove'/],
  ])('%s', async (command, sentence) => {
    const err = jest.spyOn(process.stderr, 'write').mockReturnValue(true)
    const out = jest.spyOn(process.stdout, 'write')
    const before = process.env
    process.env = { ...before, ...env }
    try {
      expect(await main(command.split(' '))).toBe(2)
      expect(err.mock.calls.join('')).toMatch(sentence)
      expect(out).not.toHaveBeenCalled()
      expect(aws.calls).toEqual([])
    } finally {
      process.env = before
      jest.restoreAllMocks()
    }
  })

  test('mistakes in registries.ts', async () => {
    const REGISTRIES = join(folder, 'wrong.ts')
    writeFileSync(REGISTRIES, "export const registries = [{ id: 'a', source: 'zto' }]\n")
    const { code, err } = await run('quarantine redrive', { ...env, REGISTRIES })
    expect([code, err]).toEqual([2, expect.stringContaining('source: "zto" is unknown')])
    expect(aws.calls).toEqual([])
  })
})

test('an emulation that does not run', async () => {
  const { code, err } = await run('quarantine list', { EMULATOR_PORT: String(await freePort()) })
  expect([code, err]).toEqual([
    3,
    expect.stringMatching(/^The emulation at http:\S+ can't be reached. Start it with `npm start`/),
  ])
})

describe('every error of AWS says queue, region and what to do', () => {
  test.each<[string, RegExp]>([
    ['AccessDenied', /Not allowed: sqs:SendMessage/],
    ['AccessDeniedException', /Not allowed: sqs:SendMessage/],
    ['KmsAccessDenied', /Not allowed/],
    ['QueueDoesNotExist', /There is no queue .* Check --stage/],
    ['AWS.SimpleQueueService.NonExistentQueue', /There is no queue .* Check --stage/],
    ['ExpiredToken', /have expired.*aws sso login/],
    ['ExpiredTokenException', /have expired/],
    ['InvalidClientTokenId', /does not know these credentials/],
    ['UnrecognizedClientException', /does not know these credentials/],
    ['InvalidSignatureException', /clock/],
    ['SignatureDoesNotMatch', /clock/],
    ['OptInRequired', /is not enabled for the account/],
    ['OverLimit', /120,000/],
    ['RequestThrottled', /Try again/],
    ['InvalidAddress', /ACCOUNT_ID/],
    ['SomethingNew', /AWS answered SomethingNew \(400\) to sqs:SendMessage/],
  ])('%s', (code, sentence) => {
    const cause = new AwsError(400, code, 'as AWS puts it')
    const error = new RouterError('UNAVAILABLE', 'it failed', { cause })
    const where = { queue: quarantine, permission: 'sqs:SendMessage', stage: 'prod', emulation: undefined }
    const told = explain(error, where)
    expect(told.message).toMatch(sentence)
    expect(told.message).toContain(quarantine.name)
    expect(told.message).toContain(awsRegion)
    expect(told.message).toContain('AWS says: as AWS puts it')
    expect(told).toMatchObject({ exit: 'unreachable', refused: true })
  })
})
