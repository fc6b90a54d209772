import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { NEWEST } from '../../lib/edition.ts'
import type { Report } from '../../local/accounting.ts'
import { type Emulation, queueAt, startEmulation, take } from '../emulation.ts'
import { cloudEvent } from '../samples.ts'

// An operator's day: a webhook that the edition knows nothing of, the edition corrected, and the event where it belongs.

let emulation: Emulation | undefined
const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-cli-'))

afterEach(async () => {
  await emulation?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What `npx registry-events` with `args` ended with, called in the project's folder as the docs say. */
async function npx(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn('npx', ['registry-events', ...args], {
    cwd: resolve(import.meta.dirname, '../..'),
    env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  const [code] = await once(child, 'close')
  return { code, out }
}

function listFile(edition: string): string {
  const file = join(folder, `${edition}.ts`)
  const place = { domain: 'de.icr.io', region: 'eu-central', account: 'acme', editions: [edition] }
  writeFileSync(file, `export const registries = [${JSON.stringify({ id: 'own', source: 'cloudevents', ...place })}]\n`)
  return file
}

test('from quarantine to the queue of the location, with the id that it would have had', async () => {
  const started = await startEmulation({ env: { REGISTRIES: listFile('2020-07-28') } })
  emulation = started
  const answer = await fetch(`${started.url}/webhooks/own`, {
    method: 'POST',
    headers: { authorization: 'Bearer local', 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify(cloudEvent('container-registry.signature.write', 'signature')),
  })
  const { quarantined } = (await answer.json()) as { quarantined: { id: string; reason: string }[] }
  expect(quarantined).toMatchObject([{ reason: 'UNKNOWN_ACTION' }])
  const [{ id } = { id: '' }] = quarantined
  const env = { EMULATOR_PORT: String(started.emulatorPort), REGISTRIES: listFile(NEWEST) }

  const list = await npx(['quarantine', 'list'], env)
  expect([list.code, list.out]).toEqual([0, expect.stringContaining(id)])
  const redrive = await npx(['quarantine', 'redrive', '--json'], env)
  expect(redrive.code).toBe(0)
  const row = JSON.parse(redrive.out)
  expect(row).toMatchObject({ id, outcome: 'redriven', removed: true })

  const [delivered] = await take(started.queues, queueAt('eu-de'), ({ length }) => length === 1)
  expect(delivered?.event).toMatchObject({
    id: row.events[0].id,
    action: 'container-registry.signature.write',
    provenance: { registry: 'own', edition: NEWEST, location: 'eu-de', redrivenTime: expect.any(String) },
  })
  const again = await npx(['quarantine', 'list', '--json'], env)
  expect([again.code, again.out]).toEqual([0, ''])
  const accounts = await fetch(`${started.url}/accounting`)
  const report = (await accounts.json()) as Report
  expect(report).toMatchObject({ holds: true, mistakes: [] })
  expect(report.registries[0]?.quarantine).toEqual({ answered: 1, kept: 0, redriven: 1, gone: 0 })
})
