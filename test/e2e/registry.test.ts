import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Delivered, type Emulation, locationsWithEvents, queueAt, startEmulation, take } from '../emulation.ts'
import { until } from './deadline.ts'
import { depth, drained, occupied } from './depth.ts'
import { type Image, writeImage } from './image.ts'
import { checkTools, type Registry, skopeo, startRegistry } from './registry.ts'

// A real registry, driven by a real client, sends its webhooks to local emulation; what lies on the queues in the end is compared
// field by field with what was done. How many webhooks each command causes was seen on the wire with docker-registry 2.8.2 and
// skopeo 1.9.3.

// Password `fixed-password`, made once with crypt(3).
const USERS = 'ci-bot:$2y$05$registryeventrouter12.A8MsM9dSTD11cCWnsF0.r5PKrs4j/ei\n'

const HTTP = { to: '--dest-tls-verify=false', from: '--src-tls-verify=false', at: '--tls-verify=false' }

const PUSH = {
  action: 'container-registry.image.push',
  rule: 'push, by tag',
  severity: 'normal',
  dataEvent: true,
  reason: { reasonCode: 201, reasonType: 'Created' },
}
const PULL = {
  action: 'container-registry.image.pull',
  rule: 'pull',
  severity: 'normal',
  dataEvent: true,
  reason: { reasonCode: 200, reasonType: 'OK' },
}
const DELETE = {
  action: 'container-registry.image.delete',
  rule: 'delete, by digest',
  severity: 'critical',
  dataEvent: true,
  reason: { reasonCode: 202, reasonType: 'Accepted' },
}
const UNTAG = {
  action: 'container-registry.image.untag',
  rule: 'delete, by tag',
  severity: 'warning',
  dataEvent: false,
  reason: { reasonCode: 202, reasonType: 'Accepted' },
}

/** What one event has to say that another need not. */
interface Row {
  action: string
  rule: string
  severity: string
  dataEvent: boolean
  reason: { reasonCode: number; reasonType: string }
  message: string
  name: string
  id: string
}

/** A registry with where its events belong and who drives it. */
interface Setting {
  registry: Registry
  id: string
  domain: string
  region: string
  location: string
  user?: string
}

/** What was delivered because of something that was done between two moments (milliseconds since 1970). */
interface Outcome {
  delivered: Delivered[]
  from: number
  to: number
}

let folder: string
let emulation: Emulation
let frankfurt: Setting
let tokyo: Setting
let app: Image
let multi: Image
/** Events of all tests, for the final accounts. */
let total = 0

beforeAll(async () => {
  checkTools()
  folder = mkdtempSync(join(tmpdir(), 'images-'))
  emulation = await startEmulation()
  const anonymous = await startRegistry({ webhook: `${emulation.url}/webhooks/distribution`, secret: 'local' })
  frankfurt = {
    registry: anonymous,
    id: 'distribution',
    domain: 'de.icr.io',
    region: 'eu-central',
    location: 'eu-de',
  }
  // The same for a registry with users, far away, whose webhooks go to the function of one family.
  const webhook = `${emulation.url}/webhooks/distribution-ap-south/image`
  tokyo = {
    registry: await startRegistry({ webhook, secret: 'local', users: USERS }),
    id: 'distribution-ap-south',
    domain: 'au.icr.io',
    region: 'ap-south',
    location: 'jp-tok',
    user: 'ci-bot',
  }
  // The text differs from run to run, so that skopeo's memory of blobs it has seen elsewhere changes nothing.
  const content = new Date().toISOString()
  app = writeImage(join(folder, 'app'), ['amd64'], `app ${content}`)
  multi = writeImage(join(folder, 'multi'), ['amd64', 'arm64'], `multi ${content}`)
}, 60_000)

afterAll(async () => {
  await Promise.allSettled([frankfurt?.registry.close(), tokyo?.registry.close(), emulation?.close()])
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** Does `work`, which causes `webhooks` webhooks of the registry, and takes every event that comes of it off its queue. */
async function outcome({ registry, location }: Setting, webhooks: number, work: () => Promise<unknown>) {
  const before = await registry.metrics()
  const from = Date.now()
  await work()
  const to = Date.now()
  let now = before
  const delivered = async () => {
    now = await registry.metrics()
    return now.Pending === 0 && now.Successes >= before.Successes + webhooks
  }
  await until(`${webhooks} more webhooks are delivered`, delivered, 20, () => JSON.stringify({ before, now }))
  await drained(emulation, 20)
  const queue = queueAt(location)
  const count = await depth(emulation, queue)
  const taken = await take(emulation.queues, queue, ({ length }) => length >= count)
  expect((await registry.metrics()).Events).toBe(before.Events + webhooks)
  total += taken.length
  return { delivered: taken, from, to }
}

const initiatorOf = (user: string | undefined) => ({
  id: user ?? '',
  name: user ?? 'distribution',
  typeURI: user ? 'service/security/account/user' : 'service/security/clientid',
  credential: { type: user ? 'user' : 'public-access' },
  host: { address: '127.0.0.1', addressType: 'IPv4', agent: expect.stringMatching(/^skopeo\/\d/) },
})

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const DERIVED_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{2}\+0000$/

const delivery = ({ action, rule, severity, dataEvent, reason, message, name, id }: Row, setting: Setting): Delivered =>
  ({
    event: {
      id: expect.stringMatching(DERIVED_UUID),
      eventTime: expect.stringMatching(TIME),
      action,
      outcome: 'success',
      message,
      severity,
      dataEvent,
      initiator: initiatorOf(setting.user),
      target: { id, name, typeURI: 'container-registry/image', host: { address: setting.registry.host } },
      observer: { name: 'ActivityTracker' },
      reason,
      logSourceCRN: `crn:v1:bluemix:public:container-registry:${setting.location}:a/local:::`,
      saveServiceCopy: true,
      correlationId: expect.stringMatching(UUID),
      provenance: {
        registry: setting.id,
        account: 'local',
        source: 'distribution',
        rule,
        domain: setting.domain,
        region: setting.region,
        edition: '2020-07-28',
        receivedTime: expect.stringMatching(TIME),
        assumed: setting.user ? ['initiator.credential.type'] : ['initiator.name', 'initiator.credential.type'],
        contradictingDomain: setting.registry.host,
        location: setting.location,
      },
    },
    attributes: {
      type: 'audit',
      account: 'local',
      region: setting.region,
      location: setting.location,
      action,
      severity,
      dataEvent: dataEvent ? 'true' : 'false',
      id: expect.stringMatching(DERIVED_UUID),
      edition: '2020-07-28',
    },
  }) as unknown as Delivered

const millisecondsOf = (time: string): number => Date.parse(time.replace('+0000', 'Z'))

/** Expects one event for each of `rows`, and no other; queues have no order. */
function expectRows({ delivered, from, to }: Outcome, setting: Setting, rows: readonly Row[]): void {
  const key = (action: string, name: string) => `${action} ${name}`
  const sorted = delivered.toSorted((a, b) =>
    key(a.event.action, a.event.target.name) < key(b.event.action, b.event.target.name) ? -1 : 1,
  )
  const wanted = rows.toSorted((a, b) => (key(a.action, a.name) < key(b.action, b.name) ? -1 : 1))
  expect(sorted).toStrictEqual(wanted.map((row) => delivery(row, setting)))
  for (const { event, attributes } of delivered) {
    expect(attributes.id).toBe(event.id)
    // The last digit of the milliseconds is cut off.
    expect(millisecondsOf(event.eventTime)).toBeGreaterThan(from - 10)
    expect(millisecondsOf(event.eventTime)).toBeLessThanOrEqual(to)
    expect(millisecondsOf(event.provenance?.receivedTime ?? '')).toBeGreaterThan(from - 10)
    expect(millisecondsOf(event.provenance?.receivedTime ?? '')).toBeLessThanOrEqual(Date.now())
  }
  expect(new Set(delivered.map(({ event }) => event.id)).size).toBe(rows.length)
}

const image = (setting: Setting, name: string): string => `docker://${setting.registry.host}/${name}`

test('a push is one event, whatever it sends in blobs', async () => {
  const work = () => skopeo('copy', HTTP.to, `oci:${app.layout}`, image(frankfurt, 'team/app:1.0'))
  expectRows(await outcome(frankfurt, 3, work), frankfurt, [
    {
      ...PUSH,
      message: 'Container Registry: push image de.icr.io/team/app:1.0',
      name: 'de.icr.io/team/app:1.0',
      id: `de.icr.io/team/app@${app.digest}`,
    },
  ])
})

test('a second tag of the same image is a push too: the registry knows no tag action', async () => {
  const work = () => skopeo('copy', HTTP.to, `oci:${app.layout}`, image(frankfurt, 'team/app:latest'))
  expectRows(await outcome(frankfurt, 3, work), frankfurt, [
    {
      ...PUSH,
      message: 'Container Registry: push image de.icr.io/team/app:latest',
      name: 'de.icr.io/team/app:latest',
      id: `de.icr.io/team/app@${app.digest}`,
    },
  ])
})

test('a push for two platforms is an event for each manifest, by digest, and one for the tag', async () => {
  const work = () => skopeo('copy', '--all', HTTP.to, `oci:${multi.layout}`, image(frankfurt, 'team/multi:1.0'))
  const { amd64, arm64 } = multi.manifests
  expectRows(await outcome(frankfurt, 7, work), frankfurt, [
    {
      ...PUSH,
      rule: 'push, by digest',
      message: `Container Registry: push image de.icr.io/team/multi@${amd64}`,
      name: `de.icr.io/team/multi@${amd64}`,
      id: `de.icr.io/team/multi@${amd64}`,
    },
    {
      ...PUSH,
      rule: 'push, by digest',
      message: `Container Registry: push image de.icr.io/team/multi@${arm64}`,
      name: `de.icr.io/team/multi@${arm64}`,
      id: `de.icr.io/team/multi@${arm64}`,
    },
    {
      ...PUSH,
      message: 'Container Registry: push image de.icr.io/team/multi:1.0',
      name: 'de.icr.io/team/multi:1.0',
      id: `de.icr.io/team/multi@${multi.digest}`,
    },
  ])
})

test('a pull is one event', async () => {
  const work = () => skopeo('copy', HTTP.from, image(frankfurt, 'team/app:1.0'), `dir:${join(folder, 'pulled')}`)
  expectRows(await outcome(frankfurt, 3, work), frankfurt, [
    {
      ...PULL,
      message: 'Container Registry: pull image de.icr.io/team/app:1.0',
      name: 'de.icr.io/team/app:1.0',
      id: `de.icr.io/team/app@${app.digest}`,
    },
  ])
})

test('a pull of one platform of two is an event for the tag and one for the manifest', async () => {
  const platform = ['--override-os', 'linux', '--override-arch', 'arm64']
  const target = `dir:${join(folder, 'pulled-arm64')}`
  const work = () => skopeo(...platform, 'copy', HTTP.from, image(frankfurt, 'team/multi:1.0'), target)
  expectRows(await outcome(frankfurt, 4, work), frankfurt, [
    {
      ...PULL,
      message: 'Container Registry: pull image de.icr.io/team/multi:1.0',
      name: 'de.icr.io/team/multi:1.0',
      id: `de.icr.io/team/multi@${multi.digest}`,
    },
    {
      ...PULL,
      message: `Container Registry: pull image de.icr.io/team/multi@${multi.manifests.arm64}`,
      name: `de.icr.io/team/multi@${multi.manifests.arm64}`,
      id: `de.icr.io/team/multi@${multi.manifests.arm64}`,
    },
  ])
})

test('an inspect is a pull: on the wire they are the same', async () => {
  let inspected = ''
  const work = async () => {
    inspected = await skopeo('inspect', HTTP.at, image(frankfurt, 'team/app:1.0'))
  }
  expectRows(await outcome(frankfurt, 2, work), frankfurt, [
    {
      ...PULL,
      message: 'Container Registry: pull image de.icr.io/team/app:1.0',
      name: 'de.icr.io/team/app:1.0',
      id: `de.icr.io/team/app@${app.digest}`,
    },
  ])
  // Somebody else's word for the digest that the expectations are made of.
  expect(JSON.parse(inspected).Digest).toBe(app.digest)
})

test('a HEAD of a manifest is no pull', async () => {
  const url = `http://${frankfurt.registry.host}/v2/team/app/manifests/1.0`
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' }
  const work = async () => expect((await fetch(url, { method: 'HEAD', headers })).status).toBe(200)
  expectRows(await outcome(frankfurt, 1, work), frankfurt, [])
})

test('a delete is an event for the digest and one for every tag that goes with it', async () => {
  const work = () => skopeo('delete', HTTP.at, image(frankfurt, 'team/app:1.0'))
  const done = await outcome(frankfurt, 4, work)
  expectRows(done, frankfurt, [
    {
      ...DELETE,
      message: `Container Registry: delete image de.icr.io/team/app@${app.digest}`,
      name: `de.icr.io/team/app@${app.digest}`,
      id: `de.icr.io/team/app@${app.digest}`,
    },
    // skopeo looks the tag's digest up before it deletes it.
    {
      ...PULL,
      message: 'Container Registry: pull image de.icr.io/team/app:1.0',
      name: 'de.icr.io/team/app:1.0',
      id: `de.icr.io/team/app@${app.digest}`,
    },
    {
      ...UNTAG,
      message: 'Container Registry: untag image de.icr.io/team/app:1.0',
      name: 'de.icr.io/team/app:1.0',
      id: 'de.icr.io/team/app:1.0',
    },
    {
      ...UNTAG,
      message: 'Container Registry: untag image de.icr.io/team/app:latest',
      name: 'de.icr.io/team/app:latest',
      id: 'de.icr.io/team/app:latest',
    },
  ])
  const requests = done.delivered.filter(({ event }) => event.action !== PULL.action)
  expect(new Set(requests.map(({ event }) => event.correlationId)).size).toBe(1)
})

test('the user of a registry with users is the initiator, and its region decides the location', async () => {
  const credentials = 'ci-bot:fixed-password'
  const name = image(tokyo, 'team/app:1.0')
  const push = () => skopeo('copy', HTTP.to, '--dest-creds', credentials, `oci:${app.layout}`, name)
  expectRows(await outcome(tokyo, 3, push), tokyo, [
    {
      ...PUSH,
      message: 'Container Registry: push image au.icr.io/team/app:1.0',
      name: 'au.icr.io/team/app:1.0',
      id: `au.icr.io/team/app@${app.digest}`,
    },
  ])
  const remove = () => skopeo('delete', HTTP.at, '--creds', credentials, image(tokyo, `team/app@${app.digest}`))
  expectRows(await outcome(tokyo, 3, remove), tokyo, [
    {
      ...DELETE,
      message: `Container Registry: delete image au.icr.io/team/app@${app.digest}`,
      name: `au.icr.io/team/app@${app.digest}`,
      id: `au.icr.io/team/app@${app.digest}`,
    },
    {
      ...PULL,
      message: `Container Registry: pull image au.icr.io/team/app@${app.digest}`,
      name: `au.icr.io/team/app@${app.digest}`,
      id: `au.icr.io/team/app@${app.digest}`,
    },
    {
      ...UNTAG,
      message: 'Container Registry: untag image au.icr.io/team/app:1.0',
      name: 'au.icr.io/team/app:1.0',
      id: 'au.icr.io/team/app:1.0',
    },
  ])
})

test('a client without a password leaves no event: the registry reports what succeeded', async () => {
  const work = () => expect(skopeo('inspect', HTTP.at, image(tokyo, 'team/app:1.0'))).rejects.toThrow('unauthorized')
  expectRows(await outcome(tokyo, 0, work), tokyo, [])
})

/** One line of the emulation's output for a request. */
interface Line {
  event: string
  registry: string
  status: number
  received: number
  accepted: number
  ignored: Readonly<Record<string, number>>
  quarantined: Readonly<Record<string, number>>
}

const sum = (numbers: readonly number[]): number => numbers.reduce((left, right) => left + right, 0)

/** The counts of all requests that `registry` made, added up. */
function accounts(registry: string) {
  const lines = emulation
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{"'))
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => line.event === 'request' && line.registry === registry)
  const ignored: Record<string, number> = {}
  for (const [reason, count] of lines.flatMap((line) => Object.entries(line.ignored))) {
    ignored[reason] = (ignored[reason] ?? 0) + count
  }
  return {
    requests: lines.length,
    statuses: [...new Set(lines.map(({ status }) => status))],
    received: sum(lines.map(({ received }) => received)),
    accepted: sum(lines.map(({ accepted }) => accepted)),
    ignored,
    quarantined: sum(lines.flatMap((line) => Object.values(line.quarantined))),
  }
}

test('the accounts add up, the registries wait for nothing, and nothing is anywhere else', async () => {
  expect(accounts('distribution')).toStrictEqual({
    requests: 27,
    statuses: [202],
    received: 27,
    accepted: 13,
    ignored: { 'blob push': 6, 'blob pull': 7, 'manifest HEAD': 1 },
    quarantined: 0,
  })
  expect(accounts('distribution-ap-south')).toStrictEqual({
    requests: 6,
    statuses: [202],
    received: 6,
    accepted: 4,
    ignored: { 'blob push': 2 },
    quarantined: 0,
  })
  expect(total).toBe(13 + 4)
  const clean = { Pending: 0, Failures: 0, Errors: 0 }
  expect(await frankfurt.registry.metrics()).toStrictEqual({
    ...clean,
    Events: 27,
    Successes: 27,
    Statuses: { '202 Accepted': 27 },
  })
  expect(await tokyo.registry.metrics()).toStrictEqual({
    ...clean,
    Events: 6,
    Successes: 6,
    Statuses: { '202 Accepted': 6 },
  })
  expect(await locationsWithEvents(emulation.queues)).toEqual([])
  expect(await occupied(emulation)).toEqual([])
})
