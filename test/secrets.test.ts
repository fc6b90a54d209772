import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { environmentSecrets, managedSecrets, type Secrets } from '../lib/secrets.ts'
import { door } from './door.ts'
import { type Manager, openManager, type Refusal } from './manager.ts'

const MINUTES = 60_000
const START = Date.UTC(2026, 10, 22, 13)

let manager: Manager
let clock: number

beforeEach(async () => {
  manager = await openManager()
  clock = START
})
afterEach(() => manager.close())

const entryOf = (id: string) => `registry-events/prod/${id}`

/** Of a Secrets Manager whose entries are `entries`, by the ids of registries. */
function managed(entries: Readonly<Record<string, string | Refusal>>): Secrets {
  for (const [id, entry] of Object.entries(entries)) manager.entries[entryOf(id)] = entry
  return managedSecrets({
    ...manager.aws,
    region: 'eu-central-1',
    stage: 'prod',
    registryIds: Object.keys(entries),
    timeout: 1000,
    now: () => clock,
  })
}

/** Of variables of the environment. */
const inEnvironment = (values: Readonly<Record<string, string>>): Secrets =>
  environmentSecrets(
    Object.fromEntries(Object.entries(values).map(([id, value]) => [`SECRET_${id.toUpperCase()}`, value])),
    Object.keys(values),
  )

// What every implementation has to keep.
describe.each([
  ['environment', inEnvironment],
  ['Secrets Manager', managed],
])('%s', (_name, open) => {
  test('several values, separated by any white space, are all valid', async () => {
    const secrets = open({ hub: ' new\told\n', other: 'one' })
    expect([await secrets('hub'), await secrets('other')]).toEqual([['new', 'old'], ['one']])
  })

  test.each(['nobody', '', '__proto__', 'HUB', 'hub '])('an id that is no registry’s has none: %j', async (id) => {
    const secrets = open({ hub: 'value', other: 'one' })
    expect(await secrets(id)).toEqual([])
    expect(await secrets(id, { since: clock })).toEqual([])
  })

  test('it is the same list until it is read again', async () => {
    const secrets = open({ hub: 'new old' })
    const first = await secrets('hub')
    expect(await secrets('hub')).toBe(first)
    expect(await secrets('hub', { since: clock - 1, timeout: 500 })).toBe(first)
  })

  test.each([
    ['there is no value', ' '],
    ['no value can work', 'whsec_ whsec_c2hvcnQ!'],
    ['a value is too long', 'c2hvcnQ'.repeat(200)],
  ])('when %s it says so, and shows none', async (_what, value) => {
    const work = async () => open({ hub: value })('hub')
    const error: Error = await work().then(
      () => new Error('it was taken'),
      (reason) => reason,
    )
    expect(error).toMatchObject({ code: 'INVALID_CONFIG', message: expect.stringMatching(/hub/i) })
    expect(error.message).not.toContain('c2hvcnQ')
  })
})

describe('the cache of the Secrets Manager', () => {
  test('an entry is read once in five minutes', async () => {
    const secrets = managed({ hub: 'new old' })
    expect(await secrets('hub')).toEqual(['new', 'old'])
    manager.entries[entryOf('hub')] = 'newer'
    clock += 4.9 * MINUTES
    expect(await secrets('hub')).toEqual(['new', 'old'])
    expect(manager.asked).toEqual([
      { id: 'registry-events/prod/hub', target: 'secretsmanager.GetSecretValue', signed: true },
    ])
    clock += 0.1 * MINUTES
    expect(await secrets('hub')).toEqual(['newer'])
  })

  test('a clock that is set back does not keep an entry for longer', async () => {
    const secrets = managed({ hub: 'leaked' })
    await secrets('hub')
    manager.entries[entryOf('hub')] = 'new'
    clock -= 60 * MINUTES
    expect(await secrets('hub')).toEqual(['new'])
  })

  test('simultaneous first readings make one call, of each registry', async () => {
    const secrets = managed({ hub: 'a', other: 'b' })
    const all = Array.from({ length: 40 }, (_, index) => secrets(index % 2 ? 'hub' : 'other'))
    expect((await Promise.all(all)).flat()).toEqual(all.map((_, index) => (index % 2 ? 'a' : 'b')))
    expect(manager.asked).toHaveLength(2)
  })

  test('a failed reading is never kept, not even by those who waited for it', async () => {
    const secrets = managed({ hub: [500, { __type: 'InternalServiceError' }] })
    const waiting = [secrets('hub'), secrets('hub')]
    for (const reading of waiting) await expect(reading).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(manager.asked).toHaveLength(1)
    manager.entries[entryOf('hub')] = 'good'
    expect(await secrets('hub')).toEqual(['good'])
  })

  test('the last values stay valid while it can not be reached, for an hour', async () => {
    const secrets = managed({ hub: 'good' })
    await secrets('hub')
    manager.entries[entryOf('hub')] = [500, {}]
    clock += 59 * MINUTES
    expect(await secrets('hub')).toEqual(['good'])
    clock += 1 * MINUTES
    await expect(secrets('hub')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    manager.entries[entryOf('hub')] = 'next'
    expect(await secrets('hub')).toEqual(['next'])
  })

  test.each<[string, Refusal | string, string]>([
    ['is not there', [400, { __type: 'ResourceNotFoundException' }], 'is not there: create it.'],
    ['must not be read', [400, { __type: 'AccessDeniedException' }], 'must not be read by this function.'],
    ['is empty', ' ', 'is empty.'],
  ])('an entry that %s is a mistake of the configuration, at once', async (_what, entry, sentence) => {
    const secrets = managed({ hub: 'leaked' })
    await secrets('hub')
    manager.entries[entryOf('hub')] = entry
    clock += 5 * MINUTES
    const message = `The secret registry-events/prod/hub ${sentence}`
    await expect(secrets('hub')).rejects.toMatchObject({ code: 'INVALID_CONFIG', message })
    await expect(secrets('hub', { since: clock })).rejects.toMatchObject({ code: 'INVALID_CONFIG', message })
  })

  test('no error shows what AWS quotes of a signed request', async () => {
    const quoted =
      'Credential=AKIAEXAMPLE/20261122, Signature=5a15b22cf462f047318703b92e6f4f38884e4a7ab7b1d6426ca46a8bd1c26cbc'
    const token = 'x-amz-security-token:IQoJb3JpZ2luX2Vj'
    for (const Message of [
      `The request signature does not match.\n\nThe canonical string should have been\n'POST\n${token}'`,
      `'Host' must be a 'SignedHeader'. Authorization=AWS4-HMAC-SHA256 ${quoted}`,
      `Invalid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 ${quoted}'`,
    ]) {
      const secrets = managed({ hub: [403, { __type: 'SignatureDoesNotMatch', Message }] })
      const error: unknown = await secrets('hub').catch((reason) => reason)
      const { message, stack, cause } = error as Error
      const shown = [message, stack, String(cause), (cause as Error).stack].join('\n')
      expect(shown).toContain("can't be read")
      expect(shown).not.toMatch(/AKIAEXAMPLE|5a15b22c|IQoJb3J/)
    }
  })
})

describe('values that refused a request are read again', () => {
  test('not when they were read after it came', async () => {
    const secrets = managed({ hub: 'old' })
    const since = clock
    clock += 1
    await secrets('hub')
    await secrets('hub', { since })
    expect(manager.asked).toHaveLength(1)
  })

  test('those who ask meanwhile join, but for what was asked for before they came', async () => {
    const secrets = managed({ hub: 'old' })
    await secrets('hub')
    const hold = Promise.withResolvers<void>()
    manager.gate = hold.promise
    const early = secrets('hub', { since: clock++ })
    while (manager.asked.length < 2) await setImmediate()
    manager.entries[entryOf('hub')] = 'new old'
    clock += 1
    const late = [1, 2, 3].map(() => secrets('hub', { since: clock }))
    clock += 1
    hold.resolve()
    expect(await early).toEqual(['old'])
    for (const reading of late) expect(await reading).toEqual(['new', 'old'])
    expect(manager.asked).toHaveLength(3)
  })

  /** How many calls `count` requests for `id` make that are refused now. */
  async function refusals(secrets: Secrets, id: string, count: number): Promise<number> {
    const before = manager.asked.length
    for (let index = 0; index < count; index++) await secrets(id, { since: clock })
    return manager.asked.length - before
  }

  test.each(['hub', 'nobody'])('ten times at once and then once a second: %s', async (id) => {
    const secrets = managed({ hub: 'a', other: 'b' })
    await Promise.all([secrets('hub'), secrets('other')])
    expect(await refusals(secrets, id, 40)).toBe(10)
    clock += 1000
    expect(await refusals(secrets, id, 40)).toBe(1)
  })

  test('what strangers use up with one id leaves the others, but for a chance of one in sixteen', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `hub-${index}`)
    const secrets = managed(Object.fromEntries(ids.map((id) => [id, 'old'])))
    await Promise.all(ids.map((id) => secrets(id)))
    expect(await refusals(secrets, 'nobody', 40)).toBe(10)
    for (const id of ids) manager.entries[entryOf(id)] = 'old new'
    const values = await Promise.all(ids.map((id) => secrets(id, { since: clock })))
    expect(values.filter((value) => value.includes('new'))).not.toEqual([])
  })

  test('the calls do not tell a registry from an id that is none, once all have been read', async () => {
    const ids = ['hub', 'hob', 'registry']
    const callsOf = async (id: string) => {
      const secrets = managed(Object.fromEntries(ids.map((id) => [id, 'a'])))
      await Promise.all(ids.map((id) => secrets(id)))
      manager.asked = []
      const counts: number[] = []
      for (const step of [0, 0, 1000, 5 * MINUTES, 0, ...Array.from({ length: 20 }, () => 1)]) {
        clock += step
        await secrets(id)
        await secrets(id, { since: clock })
        counts.push(manager.asked.length)
      }
      return counts
    }
    const wanted = await callsOf('hub')
    for (const id of ['registry', 'hab', 'nobody', 'x']) expect(await callsOf(id)).toEqual(wanted)
  })

  test('when they can not be, nobody is told that his secret is wrong', async () => {
    const secrets = managed({ hub: 'old' })
    const { post } = door({ secrets, registries: [{ id: 'hub', ...registry }] })
    const send = (path: string, value: string) =>
      post(path, '{"events":[]}', { headers: { authorization: `Bearer ${value}` }, receivedAt: clock })
    expect((await send('/webhooks/hub', 'old')).status).toBe(202)
    manager.entries[entryOf('hub')] = [500, {}]
    for (const path of ['/webhooks/hub', '/webhooks/nobody']) {
      expect(await send(path, 'new')).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    }
    expect((await send('/webhooks/hub', 'old')).status).toBe(202)
  })
})

const registry = { source: 'distribution', domain: 'de.icr.io', region: 'eu-central', account: 'acme' } as const

test('a secret is changed under load, and not one request is refused', async () => {
  const secrets = managed({ hub: 'old' })
  const { post } = door({ secrets, registries: [{ id: 'hub', ...registry }] })
  let current = 'old'
  const statuses: Record<string, number> = {}
  const send = async (value: string) => {
    clock += 1
    const request = { headers: { authorization: `Bearer ${value}` }, receivedAt: clock }
    return (await post('/webhooks/hub', '{"events":[]}', request)).status
  }
  let isOver = false
  const sender = async () => {
    while (!isOver) {
      const status = await send(current)
      statuses[status] = (statuses[status] ?? 0) + 1
      await setImmediate()
    }
  }
  const working = Array.from({ length: 16 }, sender)
  const taken = async (more: number) => {
    const until = (statuses[202] ?? 0) + more
    while ((statuses[202] ?? 0) < until && !statuses[401]) await setImmediate()
  }
  await taken(100)
  for (const [from, to] of [
    ['old', 'new'],
    ['new', 'newer'],
    ['newer', 'newest'],
  ]) {
    manager.entries[entryOf('hub')] = `${to} ${from}`
    current = to as string
    await taken(100)
    manager.entries[entryOf('hub')] = to as string
    await taken(100)
  }
  isOver = true
  await Promise.all(working)
  expect(Object.keys(statuses)).toEqual(['202'])
  clock += 5 * MINUTES
  expect([await send('newest'), await send('newer'), await send('old')]).toEqual([202, 401, 401])
})
