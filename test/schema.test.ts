import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'
import { Ajv } from 'ajv'
import { edition } from '../lib/edition.ts'
import { cloudEvent } from './samples.ts'

// The published schema of `data`, read by a validator that knows nothing of ours.

const schema = JSON.parse(readFileSync(resolve(import.meta.dirname, '../docs/schemas/activity.json'), 'utf8'))
const isActivity = new Ajv({ strict: false }).compile(schema)

test.each(['2020-07-28', '2026-08-11'])('takes a sample of every action of edition %s', (date) => {
  const { actions } = edition(date)
  expect(actions.filter(({ action, family }) => !isActivity(cloudEvent(action, family).data))).toEqual([])
})

test.each([
  [{ target: { digst: 'x' } }],
  [{ target: { tag: 5 } }],
  [{ target: { digest: 'no digest' } }],
  [{ target: { repository: 'x'.repeat(256) } }],
  [{ initiator: { type: 'robot' } }],
  [{ outcome: 'maybe' }],
  [{ reason: { code: 99 } }],
  [{ requestData: 'text' }],
  [{ hello: 'world' }],
])('refuses %j, as the router does', (data) => {
  expect(isActivity(data)).toBe(false)
})
