import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { startAlerts } from '../../lib/alertapp.ts'
import { alertSearches, type SavedSearch } from '../../lib/alerts/searches.ts'
import { post } from '../../lib/alerts/webhook.ts'
import { startArchive } from '../../lib/archiveapp.ts'
import type { Archives } from '../../lib/search/search.ts'
import { signStandard } from '../../lib/sources/signature.ts'
import { startClock } from '../../local/clock.ts'
import { type Receiver, receiver } from './receiver.ts'

// How an alert gets to where it belongs.

const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
const body = '{"test": 2432232314}'
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const NOW = 1_614_265_330_000

let open: Receiver | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

const hook = (address: string) => ({
  address,
  id,
  body,
  secrets: [secret],
  emulated: true,
  now: Date.now(),
  timeout: 2000,
})

test('is signed as the published example of Standard Webhooks is', () => {
  const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
  expect(signStandard(id, NOW / 1000, Buffer.from(body), [secret])).toBe(signature)
  expect(signStandard(id, NOW / 1000, Buffer.from(body), [secret, 'whpk_x', secret])).toBe(`${signature} ${signature}`)
  expect(() => signStandard(id, 1, Buffer.from(body), ['whpk_x'])).toThrow('There is no secret that could sign.')
})

test('holds for a receiver that knows only one of two secrets', async () => {
  open = await receiver(secret)
  await post({ ...hook(open.address), secrets: ['whsec_b3RoZXI=', secret] })
  await post({ ...hook(open.address), secrets: ['whsec_b3RoZXI='] })
  expect(open.taken.map(({ id, genuine }) => [id, genuine])).toEqual([
    [id, true],
    [id, false],
  ])
})

test('on AWS nothing goes to the machine itself, and nowhere without TLS', async () => {
  open = await receiver(secret)
  await expect(post({ ...hook(open.address), emulated: false })).rejects.toThrow(/can only be called with https$/)
  await expect(post(hook('http://192.0.2.1/'))).rejects.toThrow('192.0.2.1 can only be called with https')
  expect(open.taken).toEqual([])
})

test('a receiver that does not answer in time failed', async () => {
  open = await receiver(secret)
  open.answer = undefined
  await expect(post({ ...hook(open.address), timeout: 100 })).rejects.toThrow(
    /^127\.0\.0\.1:\d+: no answer within 100 ms$/,
  )
})

test('a receiver without a certificate that anybody trusts failed', async () => {
  // Whoever speaks no TLS has none.
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await expect(post(hook(`https://127.0.0.1:${port}/`))).rejects.toThrow(/^127\.0\.0\.1:\d+: /)
  await new Promise((done) => server.close(done))
})

test('the alerts of archive.ts are put together from the environment', async () => {
  open = await receiver(secret)
  const searches: SavedSearch[] = [
    { id: 'by-hook', says: 'a', query: '', atLeast: 1, to: { webhook: open.address } },
    { id: 'no-alert', says: 'b', query: '' },
  ]
  const settings = { origin: 'events.example.com', readers: [], searches, viewer: 'https://events.example.com' }
  const env = { EMULATION: 'local', SECRET_ALERT_BY_HOOK: secret }
  const registry = { id: 'r', source: 'harbor', domain: 'h.example.com', region: 'global', account: 'a' } as const
  const alerting = startAlerts(startArchive(settings, env), {} as Archives, [
    registry,
    { ...registry, id: 's', editions: ['2026-08-11'] },
  ])
  expect(alerting.searches).toEqual(
    alertSearches(searches).map((search) => ({ ...search, counts: expect.any(Function) })),
  )
  expect([...alerting.registries]).toEqual([
    ['r', 'us-south'],
    ['s', 'us-east'],
  ])
  expect([alerting.viewer, alerting.locations.length]).toEqual(['https://events.example.com', 13])
  await alerting.send(alerting.searches[0] as never, id, '{"a":1}')
  expect(open.taken).toEqual([{ id, genuine: true, body: { a: 1 } }])
})

test('the clock of the emulation calls again and again, never twice at a time, whatever went wrong', async () => {
  let [running, most, calls] = [0, 0, 0]
  let enough = () => {}
  const done = new Promise<void>((resolve) => {
    enough = resolve
  })
  const clock = startClock(async () => {
    running += 1
    calls += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setTimeout(resolve, 5))
    running -= 1
    if (calls === 3) enough()
    throw new Error('as always')
  }, 1)
  await done
  await clock.stop()
  const then = calls
  expect([most, running]).toEqual([1, 0])
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(calls).toBe(then)
})
