import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { main } from '../../cli/program.ts'

// Options that contradict each other are refused before anything is asked or written.

let folder: string
let out = ''
let err = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'options-'))
  writeFileSync(join(folder, 'there.json'), 'mine')
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text
    return true
  })
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text
    return true
  })
})
beforeEach(() => {
  out = ''
  err = ''
})
afterAll(() => {
  jest.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

test.each([
  ['search --format csv --proof', 'CSV has no room for proofs: --format ndjson.'],
  ['search --proof', 'A table has no room for proofs: --json.'],
  ['search --format table --proof', 'A table has no room for proofs: --json.'],
  ['search --json --format csv', '--json is --format ndjson: say one of both.'],
  ['search --json --format table', '--json is --format ndjson: say one of both.'],
  ['export --format csv --proof', 'CSV has no room for proofs: --format ndjson.'],
  ['completion bash --json', "unknown option '--json'"],
])('%s is wrong usage', async (line, why) => {
  expect([await main(line.split(' ')), out]).toEqual([2, ''])
  expect(err).toContain(why)
})

test('a proof goes into a new file, and who has one of that name is told what can be done', async () => {
  const file = join(folder, 'there.json')
  expect(await main(['show', '936c2c0d-5b0e-5d7c-9d0b-52b1c0a8e0f1', '--proof', file])).toBe(2)
  expect(err).toContain(`${file} is there already. Nothing was written: take another name.`)
  expect(err).not.toContain('--force')
  expect(existsSync(file)).toBe(true)
})

test('an export says --force', async () => {
  expect(await main(['export', '--output', join(folder, 'there.json')])).toBe(2)
  expect(err).toContain('is there already. Nothing was written: say --force to replace it.')
})
