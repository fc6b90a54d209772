import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Emulation, queueAt, startEmulation, take } from './emulation.ts'

let emulation: Emulation

beforeAll(async () => {
  emulation = await startEmulation()
}, 30_000)

afterAll(() => emulation?.close())

test('the curl line of the banner works as pasted', async () => {
  const line = /^ {2}curl .*$/m.exec(emulation.output())?.[0] ?? ''
  const { execFileSync } = await import('node:child_process')
  const answer = JSON.parse(execFileSync('sh', ['-c', line], { encoding: 'utf8' }))
  expect(answer.accepted).toHaveLength(1)
  const [delivered] = await take(emulation.queues, queueAt('eu-de'), (taken) => taken.length === 1)
  expect(delivered?.event.id).toBe(answer.accepted[0].id)
})

test('stops cleanly on SIGTERM', async () => {
  expect(await emulation.stop('SIGTERM')).toBe(0)
})
