import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { type Emulation, freePort, queueAt, type Settings, spawnEmulation, startEmulation, take } from '../emulation.ts'
import { until } from './deadline.ts'
import { depth, drained } from './depth.ts'

// Stopping, starting again, and not being able to start.

let emulation: Emulation | undefined
let other: Server | undefined

afterEach(async () => {
  other?.close()
  await emulation?.close()
  emulation = undefined
  other = undefined
})

const start = async (settings?: Settings): Promise<Emulation> => {
  emulation = await startEmulation(settings)
  return emulation
}

/** Listens on `port`; rejects when it is taken. */
async function occupy(port: number): Promise<void> {
  other = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
}

/** Sends the webhook of a push of `tag` and resolves to the event's id. */
async function send({ url }: Emulation, tag: string): Promise<string> {
  const event = {
    id: tag,
    action: 'push',
    target: { mediaType: 'application/vnd.oci.image.manifest.v1+json', repository: 'team/app', tag },
  }
  const answer = await fetch(`${url}/webhooks/distribution`, {
    method: 'POST',
    headers: { authorization: 'Bearer local', 'content-type': 'application/json' },
    body: JSON.stringify({ events: [event] }),
  })
  expect(answer.status).toBe(202)
  const { accepted } = (await answer.json()) as { accepted: [{ id: string }] }
  return accepted[0].id
}

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it with 0 within 5 seconds and frees its ports', async (signal) => {
  const { port, emulatorPort, stop } = await start()
  const from = Date.now()
  expect(await stop(signal)).toBe(0)
  expect(Date.now() - from).toBeLessThan(5000)
  for (const freed of [port, emulatorPort]) {
    await occupy(freed)
    other?.close()
  }
})

test('what lies on a queue is there after a restart', async () => {
  const first = await start()
  const id = await send(first, '1.0')
  await drained(first, 10)
  await first.stop()
  const { port, emulatorPort, stateDir } = first
  const second = await start({ port, emulatorPort, stateDir })
  expect(await depth(second, queueAt('eu-de'))).toBe(1)
  const [delivered] = await take(second.queues, queueAt('eu-de'), ({ length }) => length === 1)
  expect(delivered?.event).toMatchObject({ id, target: { name: 'de.icr.io/team/app:1.0' } })
  await second.stop()
  const third = await start({ port, emulatorPort, stateDir })
  expect(await depth(third, queueAt('eu-de'))).toBe(0)
})

test.each([
  { variable: 'PORT', says: 'for HTTP' },
  { variable: 'EMULATOR_PORT', says: 'for SQS' },
])('a $variable that is taken is named, with the variable to set', async ({ variable, says }) => {
  const taken = await freePort()
  const free = await freePort()
  await occupy(taken)
  const stateDir = mkdtempSync(join(tmpdir(), 'registry-event-router-'))
  const ports = { PORT: String(free), EMULATOR_PORT: String(free), [variable]: String(taken) }
  const { output, ended } = spawnEmulation({ ...ports, STATE_DIR: stateDir })
  const code = await ended
  rmSync(stateDir, { recursive: true, force: true })
  expect(code).toBeGreaterThan(0)
  // The last words may come out of the pipe after the end.
  const sentence = `Port ${taken} ${says} is taken by another program: set ${variable} to a free one.`
  await until('it says which variable to set', async () => output().includes(sentence), 5, output)
  expect(output()).not.toContain('    at ')
})

test('two emulations do not share a state', async () => {
  const first = await start()
  const env = { PORT: String(await freePort()), EMULATOR_PORT: String(await freePort()), STATE_DIR: first.stateDir }
  const { output, ended } = spawnEmulation(env)
  expect(await ended).toBeGreaterThan(0)
  expect(output()).toContain(`STATE_DIR ${first.stateDir}: another emulation uses it`)
  expect(output()).toContain('set STATE_DIR to another folder')
})

test('mistakes in registries.ts are all told at once, and nothing starts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'registries-'))
  const file = join(folder, 'registries.ts')
  writeFileSync(
    file,
    'export const registries = [{ id: "A" }, null, { id: "b", source: "distribution", domain: "b.example", region: "mars", account: "x" }]',
  )
  const { output, ended } = spawnEmulation({
    PORT: String(await freePort()),
    EMULATOR_PORT: String(await freePort()),
    REGISTRIES: file,
  })
  const code = await ended
  rmSync(folder, { recursive: true, force: true })
  expect(code).toBeGreaterThan(0)
  for (const part of [
    'registry "A": id:',
    'registry "A": source:',
    'registry number 2: has to be an object',
    'registry "b": region: "mars"',
  ]) {
    expect(output()).toContain(part)
  }
  expect(output()).not.toContain('    at ')
})

test('mistakes in the environment are all told at once, and nothing starts', async () => {
  const free = await freePort()
  const env = { PORT: String(free), EMULATOR_PORT: 'many', EDITION: '1999-01-01', EVENT_FORMAT: 'xml' }
  const { output, ended } = spawnEmulation(env)
  expect(await ended).toBeGreaterThan(0)
  expect(output()).toContain(
    'EDITION: edition 1999-01-01 is outside of the tables known here: 2019-07-25 to 2026-08-11',
  )
  expect(output()).toContain('EMULATOR_PORT is "many", but has to be a whole number from 1 to 65535')
  expect(output()).toContain('EVENT_FORMAT is "xml"')
  await occupy(free)
})
