import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { functionNames } from '../deploy/bundle.ts'
import { functions } from '../deploy/template.ts'
import { families } from '../functions/webhook.ts'
import { actions } from '../lib/actions.ts'
import { targetSchema } from '../lib/activity.ts'
import { errors } from '../lib/errors.ts'
import { places, regions } from '../lib/locations.ts'
import { sources } from '../lib/sources/index.ts'
import { targets } from './samples.ts'

// What a table promises has to be everywhere that it has to be; a test names whatever is missing.

const root = resolve(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const files = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))

const names = [...new Set(actions.map(({ family }) => family))]

test('thirteen families, each with its rules, its function, its path and a sample', () => {
  expect(names).toHaveLength(13)
  expect(families.map(({ family }) => family).toSorted()).toEqual(names.toSorted())
  expect(functionNames).toEqual([...names, 'router', 'webhook'].toSorted())
  const deployed = functions({ service: 's', stage: 'dev', awsRegion: 'eu-central-1', registryIds: [] })
  expect(Object.keys(deployed)).toEqual(functionNames)
  expect(Object.keys(targets).toSorted()).toEqual(names.toSorted())
})

test('rules name actions of their own family and fields that targets have', () => {
  for (const { family, target, except = {} } of families) {
    for (const action of Object.keys(except)) {
      expect([action, actions.find((row) => row.action === action)?.family]).toEqual([action, family])
    }
    for (const rule of [target, ...Object.values(except)]) {
      const fields = [...(rule.needs ?? []), ...(rule.either ?? []), ...(rule.parameters ?? [])]
      for (const field of fields) expect(Object.keys(targetSchema.entries)).toContain(field)
    }
  }
})

test('a source is called as its file is', () => {
  const found = files('lib/sources')
    .map((file) => basename(file, '.ts'))
    .filter(
      (name) => !['image', 'index', 'oidc', 'settings', 'signature', 'source', 'vocabulary', 'window'].includes(name),
    )
  expect(Object.keys(sources).toSorted()).toEqual(found.toSorted())
  for (const [name, source] of Object.entries(sources)) expect(source.name).toBe(name)
})

test('every place of the mapping has an AWS region of its own', () => {
  expect(new Set(places.map(({ awsRegion }) => awsRegion)).size).toBe(places.length)
  const known: string[] = places.map(({ location }) => location)
  for (const { locations } of regions) for (const { location } of locations) expect(known).toContain(location)
})

test('every error code is used somewhere', () => {
  const text = [...files('lib'), ...files('functions')]
    .filter((file) => !file.endsWith('errors.ts'))
    .map(read)
    .join('\n')
  const used = new Set(
    [...text.matchAll(/'([A-Z]+(?:_[A-Z]+)+|UNAUTHENTICATED|UNAVAILABLE|UNROUTABLE|UNREADABLE|INTERNAL)'/g)].map(
      ([, code]) => code,
    ),
  )
  for (const code of Object.keys(errors)) expect(used).toContain(code)
})

describe('every exported function of lib/ has its promise', () => {
  test.each(files('lib'))('%s', (file) => {
    const lines = read(file).split('\n')
    const bare = lines.flatMap((line, index) => {
      const exported = /^export (?:async )?(?:function|const|class) (\w+)/.exec(line)
      const before = lines.slice(0, index).findLast((above) => !/^\/\/ biome-ignore/.test(above)) ?? ''
      return exported && exported[1] !== 'about' && !before.endsWith('*/') ? [exported[1]] : []
    })
    expect(bare).toEqual([])
  })
})

test('what is particular to one file stays in it', () => {
  const users = (pattern: RegExp) => [...files('lib'), ...files('functions')].filter((file) => pattern.test(read(file)))
  expect(users(/process\.env/)).toEqual(['lib/config.ts'])
  expect(users(/timingSafeEqual\(/)).toEqual(['lib/sources/signature.ts'])
  expect(users(/@middy/)).toEqual(['lib/runtimes/lambda.ts'])
  expect(users(/from 'aws4'/)).toEqual(['lib/aws.ts'])
})
