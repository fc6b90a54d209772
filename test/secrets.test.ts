import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { managedSecrets } from '../lib/secrets.ts'

// Against a server that speaks the Secrets Manager's protocol on loopback.

let server: Server
let answers: [status: number, body: object][] = []
let asked: { id: string; target: string; signed: boolean }[] = []
let clock = 0

async function open() {
  asked = []
  clock = 0
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { SecretId } = JSON.parse(Buffer.concat(chunks).toString())
      const signed = request.headers.authorization?.includes('/eu-de-test-1/secretsmanager/aws4_request') === true
      asked.push({ id: SecretId, target: String(request.headers['x-amz-target']), signed })
      const [status, body] = answers[Math.min(asked.length, answers.length) - 1] as [number, object]
      response.writeHead(status).end(JSON.stringify(body))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = () => ({ accessKeyId: 'a', secretAccessKey: 'b' })
  return managedSecrets({ endpoint, credentials }, 'eu-de-test-1', 'prod', 1000, () => clock)
}

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const MINUTES = 60_000

test('an entry is read once in five minutes, several values are all valid', async () => {
  answers = [
    [200, { SecretString: 'new old' }],
    [200, { SecretString: 'newer' }],
  ]
  const secrets = await open()
  expect(await secrets('hub')).toEqual(['new', 'old'])
  clock = 4.9 * MINUTES
  expect(await secrets('hub')).toEqual(['new', 'old'])
  expect(asked).toEqual([{ id: 'registry-events/prod/hub', target: 'secretsmanager.GetSecretValue', signed: true }])
  clock = 5 * MINUTES
  expect(await secrets('hub')).toEqual(['newer'])
})

test('a failed reading is never kept, and the last values stay valid', async () => {
  answers = [
    [500, { __type: 'InternalServiceError' }],
    [200, { SecretString: 'good' }],
    [500, {}],
    [200, { SecretString: 'next' }],
  ]
  const secrets = await open()
  await expect(secrets('hub')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await secrets('hub')).toEqual(['good'])
  clock = 6 * MINUTES
  expect(await secrets('hub')).toEqual(['good'])
  expect(await secrets('hub')).toEqual(['next'])
})

test.each([
  [
    'is not there',
    [400, { __type: 'ResourceNotFoundException', Message: 'no' }],
    'The secret registry-events/prod/hub is not there: create it.',
  ],
  ['is empty', [200, { SecretString: ' ' }], 'The secret registry-events/prod/hub is empty.'],
] as [string, [number, object], string][])(
  'an entry that %s is a mistake of the configuration',
  async (_what, answer, message) => {
    answers = [answer]
    const secrets = await open()
    await expect(secrets('hub')).rejects.toMatchObject({ code: 'INVALID_CONFIG', message })
  },
)
