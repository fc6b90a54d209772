import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'

// The command line as a process of its own.

const root = resolve(import.meta.dirname, '../..')

test('whoever reads no further, as `head` does, gets no stack', () => {
  const script = '"$0" cli/registry-events.ts actions --json | true'
  const { stderr } = spawnSync('bash', ['--norc', '-c', script, process.execPath], { cwd: root, encoding: 'utf8' })
  expect(stderr).not.toContain('EPIPE')
})
