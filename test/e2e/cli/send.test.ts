import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { sourceNames } from '../../../cli/samples/index.ts'
import { type Door, door } from '../../door.ts'
import { run } from './cli.ts'

// `registry-events send` over HTTP to the router's own door, whose secrets are all `local`.

let opened: Door
let server: Server
let refusals: { status: number; headers?: Record<string, string> }[] = []
let paths: string[] = []
let env: Record<string, string> = {}

beforeEach(async () => {
  opened = door({ secrets: ['local'] })
  refusals = []
  paths = []
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { pathname, search } = new URL(request.url ?? '', 'http://localhost')
    paths.push(pathname)
    const refusal = refusals.shift()
    if (refusal) {
      response.writeHead(refusal.status, refusal.headers)
      response.end(JSON.stringify({ code: 'UNAVAILABLE', message: 'Not now.' }))
      return
    }
    const answer = await opened.post(pathname, Buffer.concat(chunks), {
      headers: { authorization: '', ...(request.headers as Record<string, string>) },
      query: search.slice(1),
      receivedAt: Date.now(),
    })
    response.writeHead(answer.status, answer.headers)
    response.end(JSON.stringify(answer.body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  env = { PORT: String((server.address() as AddressInfo).port) }
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

test.each(sourceNames)('%s', async (source) => {
  const { code, rows } = await run(`send ${source} --json`, env)
  expect([code, rows()]).toEqual([0, [expect.objectContaining({ source, registry: source, status: 202, ignored: 0 })]])
  const [event] = await opened.intake()
  expect(rows()[0]?.accepted).toMatchObject([{ id: event?.id }])
})

test('says the ids, and how to find them', async () => {
  const { code, out, err } = await run(
    'send distribution --action container-registry.image.delete --repository prod/app --initiator mallory --count 3',
    env,
  )
  const events = await opened.intake()
  expect(code).toBe(0)
  expect(events).toHaveLength(3)
  for (const { id, action, initiator, target } of events) {
    expect(out).toMatch(new RegExp(`^202 {2}accepted {5}${id} {2}image\\.delete {2}`, 'm'))
    expect([action, initiator.name]).toEqual(['container-registry.image.delete', 'mallory'])
    expect(target.name).toContain('prod/app')
  }
  expect(err).toContain(`npx registry-events show ${out.split(/ +/)[2]}`)
  expect(err).toContain('tail -n 3')
})

test('an action that the edition does not have is in quarantine', async () => {
  const { code, out, err } = await run('send cdevents --action signature.write', env)
  expect([code, out]).toEqual([1, expect.stringContaining('UNKNOWN_ACTION')])
  const [kept] = await opened.quarantine()
  expect(err).toContain(`npx registry-events quarantine show ${kept?.id}`)
})

test('the address may be the webhook or the router alone, with a registry of another name', async () => {
  const url = `http://127.0.0.1:${env.PORT}`
  expect((await run(`send cloudevents --url ${url}/webhooks/newest`, {})).code).toBe(0)
  expect((await run(`send cloudevents --url ${url} --registry newest`, {})).code).toBe(0)
  expect((await run('send cloudevents --registry newest', env)).code).toBe(0)
  expect(paths).toEqual(['/webhooks/newest', '/webhooks/newest', '/webhooks/newest'])
})

test('is sent again when the router asks for it', async () => {
  refusals = [{ status: 503, headers: { 'retry-after': '1' } }]
  const { code } = await run('send zot', env)
  expect([code, paths.length]).toEqual([0, 2])
  expect(await opened.intake()).toHaveLength(1)
})

describe('the secret', () => {
  test('is that of the environment, the first one that can sign, and never shown', async () => {
    const { code, out, err } = await run('send zot', { ...env, SECRET_ZOT: 'wr0ng-secret local' })
    expect([code, err]).toEqual([3, expect.stringContaining('UNAUTHENTICATED')])
    expect(err).toContain('Check SECRET_ZOT, and whether zot is a registry')
    expect(out + err).not.toContain('wr0ng-secret')
    expect((await run('send zot', { ...env, SECRET_ZOT: 'whpk_abc local' })).code).toBe(0)
    expect(await run('send zot', { ...env, SECRET_ZOT: 'whpk_abc' })).toMatchObject({
      code: 2,
      err: expect.stringContaining('nothing but public keys'),
    })
  })

  test('with characters that no header can carry is not repeated', async () => {
    const { code, err } = await run('send distribution', { ...env, SECRET_DISTRIBUTION: 'gehe\u0001m€' })
    expect([code, err]).toEqual([2, expect.stringContaining('SECRET_DISTRIBUTION has characters')])
    expect(err).not.toContain('gehe')
  })

  test.each([
    ['http://registry.example.com/webhooks/acr', 'plain HTTP to another machine'],
    ['https://registry.example.com/webhooks/acr', 'Set SECRET_ACR'],
    ['https://registry.example.com/webhooks/acr?token=s3cret', '--url holds a token'],
    ['https://u:s3cret@registry.example.com/webhooks/acr', 'holds credentials'],
  ])('goes not to %s', async (url, what) => {
    const { code, err } = await run(`send acr --url ${url}`, {})
    expect([code, err]).toEqual([2, expect.stringContaining(what)])
    expect(err).not.toContain('s3cret')
  })

  test('goes nowhere else', async () => {
    refusals = [{ status: 307, headers: { location: '/webhooks/elsewhere' } }]
    expect((await run('send acr', env)).code).toBe(3)
    expect(paths).toHaveLength(1)
  })
})

test.each([
  ['send nothing', 'Allowed choices are acr, alibaba'],
  ['send gitlab --action image.push', 'can tell of image.untag, image.bulkdelete'],
  ['send', "missing required argument 'source'"],
])('%s is told', async (args, what) => {
  expect(await run(args, env)).toMatchObject({ code: 2, err: expect.stringContaining(what) })
})
