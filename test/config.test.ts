import { describe, expect, test } from '@jest/globals'
import { start } from '../lib/app.ts'
import { readConfig } from '../lib/config.ts'
import type { RouterError } from '../lib/errors.ts'
import { checkRegistries, type RegistryConfig } from '../lib/registries.ts'
import { environmentSecrets } from '../lib/secrets.ts'
import { registries } from '../registries.ts'

const failure = (work: () => unknown): RouterError => {
  try {
    work()
  } catch (error) {
    return error as RouterError
  }
  throw new Error('it did not fail')
}

describe('registries.ts', () => {
  const good = { id: 'a', source: 'distribution', domain: 'de.icr.io', region: 'eu-central', account: 'x' } as const

  test('the one of the project is right in the seed edition and in the newest', () => {
    expect([...checkRegistries(registries, '2020-07-28').keys()]).toEqual(registries.map(({ id }) => id))
    expect([...checkRegistries(registries, '2026-08-11').keys()]).toEqual(registries.map(({ id }) => id))
  })

  test('every mistake is listed at once', () => {
    const wrong = [
      { ...good, id: 'Upper_Case', source: 'harbour', account: '' },
      { ...good, id: 'twice' },
      { ...good, id: 'twice', region: 'mars' },
      { ...good, id: 'b', domain: 'xx.icr.io' },
      { ...good, id: 'c', domain: 'au.icr.io' },
      { ...good, id: 'd', domain: 'http://x/', editions: ['2020-99-99', 'x'] },
      { ...good, id: 'e', editions: [], accept: { childs: 'each', children: 'none' }, secret: 'never' },
    ] as unknown as RegistryConfig[]
    const { code, message } = failure(() => checkRegistries(wrong, '2020-07-28'))
    expect(code).toBe('INVALID_CONFIG')
    expect(message.split('\n')).toEqual([
      'registries.ts has 14 mistake(s):',
      expect.stringContaining('registry "Upper_Case": id: use 1 to 63 lower-case letters'),
      expect.stringContaining('registry "Upper_Case": source: "harbour" is unknown; there are '),
      expect.stringContaining('registry "Upper_Case": account:'),
      expect.stringContaining('registry "twice": region: "mars" is not in edition 2020-07-28; it has'),
      expect.stringContaining('registry "twice": id: is used twice'),
      expect.stringContaining('registry "b": domain: xx.icr.io is not in the location table'),
      expect.stringContaining('registry "c": domain: au.icr.io belongs to region ap-south, but region says eu-central'),
      expect.stringContaining('registry "d": domain: write it like'),
      expect.stringContaining('registry "d": editions: edition "2020-99-99" is not a date'),
      expect.stringContaining('registry "d": editions: edition "x" is not a date'),
      expect.stringContaining('registry "e": accept.children: must be "each" or "tagged"'),
      expect.stringContaining('registry "e": accept.childs: distribution has no such setting; it has children'),
      expect.stringContaining('registry "e": secret: there is no such setting'),
      expect.stringContaining('registry "e": editions: is empty'),
    ])
  })

  test.each([
    [{ region: 'eu-de' }],
    [{ region: 'eu-central', domain: 'private.de.icr.io' }],
    [{ domain: 'hub.example.com:5000', region: 'ap-south' }],
    [{ domain: 'icr.io', region: 'global' }],
    [{ domain: 'es.icr.io', region: 'eu-es', editions: ['2026-08-11'] }],
  ] as Partial<RegistryConfig>[][])('%j is fine', (changes) => {
    expect(checkRegistries([{ ...good, ...changes }], '2020-07-28').size).toBe(1)
  })

  test('a region of a later edition says which regions there are', () => {
    const { message } = failure(() =>
      checkRegistries([{ ...good, domain: 'es.icr.io', region: 'eu-es' }], '2020-07-28'),
    )
    expect(message).toContain('"eu-es" is not in edition 2020-07-28; it has ap-south, eu-central')
  })

  test('an empty list is a mistake', () => {
    expect(failure(() => checkRegistries([], '2020-07-28')).message).toContain('there is no registry')
  })

  test('mistakes are found by the types already', () => {
    // @ts-expect-error no such source
    const source: RegistryConfig = { ...good, source: 'harbour' }
    // @ts-expect-error no such region
    const region: RegistryConfig = { ...good, region: 'mars' }
    // @ts-expect-error secrets never stand here
    const secret: RegistryConfig = { ...good, secret: 'x' }
    expect([source, region, secret]).toHaveLength(3)
  })
})

describe('the environment', () => {
  test('nothing set gives the documented defaults', () => {
    expect(readConfig({})).toEqual({
      stage: 'local',
      edition: '2020-07-28',
      eventFormat: 'activity-tracker',
      outputs: ['queue', 'archive'],
      awsRegion: 'eu-central-1',
      accountId: '000000000000',
      emulated: false,
      awsEndpoint: undefined,
      bodyLimit: 1048576,
      port: 3000,
      emulatorPort: 4566,
      host: '127.0.0.1',
      stateDir: '.local',
    })
  })

  test('the outputs of locations are a choice', () => {
    const outputsOf = (OUTPUTS: string) => readConfig({ OUTPUTS }).outputs
    expect(['archive', 'queue', 'archive, queue', ''].map(outputsOf)).toEqual([
      ['archive'],
      ['queue'],
      ['queue', 'archive'],
      ['queue', 'archive'],
    ])
    for (const wrong of [',', 'queue,', 'queue,queue', 'Queue'])
      expect(failure(() => outputsOf(wrong)).message).toContain('OUTPUTS is')
  })

  test('every mistake is listed at once', () => {
    const env = {
      STAGE: 'Prod!',
      EDITION: '2020-02-31',
      PORT: '0',
      EMULATOR_PORT: 'x',
      BODY_LIMIT: '99999999',
      EVENT_FORMAT: 'xml',
      OUTPUTS: 'queue,elsewhere',
    }
    const { code, message } = failure(() => readConfig(env))
    expect(code).toBe('INVALID_CONFIG')
    for (const name of Object.keys(env)) expect(message).toContain(name)
    expect(message).toContain('7 mistake(s)')
  })
})

describe('secrets from the environment', () => {
  test('by id, several values, a fallback for what is not set', async () => {
    const secrets = environmentSecrets({ SECRET_HUB_EU: ' new  old\n' }, ['hub-eu', 'other'], 'local')
    expect([await secrets('hub-eu'), await secrets('other'), await secrets('nobody')]).toEqual([
      ['new', 'old'],
      ['local'],
      [],
    ])
  })

  test('a registry without a secret does not start: every one is named with its variable, no secret is shown', () => {
    const env = { SECRET_A: '', SECRET_B: '   ', SECRET_D: 'hidden' }
    const { code, message } = failure(() => environmentSecrets(env, ['a', 'b', 'c', 'd']))
    expect(code).toBe('INVALID_CONFIG')
    expect(message).toBe(
      'The secrets have 3 mistake(s):\n  - registry "a" has no secret: set SECRET_A\n  - registry "b" has no secret: set SECRET_B\n  - registry "c" has no secret: set SECRET_C',
    )
  })

  test('an empty variable is no secret, not even in local emulation', () => {
    expect(failure(() => start(registries, { EMULATION: 'local', SECRET_DISTRIBUTION: '' })).message).toContain(
      'set SECRET_DISTRIBUTION',
    )
  })
})
