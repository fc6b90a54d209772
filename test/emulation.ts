import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { AuditEvent } from '../lib/event.ts'
import type { FormatName } from '../lib/formats/format.ts'
import { formats } from '../lib/formats/index.ts'
import { places } from '../lib/locations.ts'
import { locationQueue } from '../lib/queues/names.ts'
import type { QueueRef, Queues } from '../lib/queues/queue.ts'
import { sqs } from '../lib/queues/sqs.ts'
import { checkLocated } from './formats/check.ts'

// Local emulation as a child process on free ports, with its state in a temporary folder: what `npm start` runs.

const root = resolve(import.meta.dirname, '..')

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** An event with the attributes of its message. */
export interface Delivered {
  event: AuditEvent
  attributes: Readonly<Record<string, string>>
}

/** A running emulation. */
export interface Emulation {
  url: string
  /** Id of its process. */
  pid: number
  port: number
  emulatorPort: number
  stateDir: string
  queues: Queues
  /** Everything that was printed so far. */
  output(): string
  /** Stops it as Ctrl-C does and resolves to the exit code; the state stays. */
  stop(signal?: 'SIGINT' | 'SIGTERM'): Promise<number | null>
  /** Ends it without any warning; the state stays. */
  kill(): Promise<void>
  /** Stops it, if it still runs, and removes its state. */
  close(): Promise<void>
}

/** Settings of an emulation; what is left out is free or new. */
export interface Settings {
  port?: number
  emulatorPort?: number
  stateDir?: string
  env?: Readonly<Record<string, string>>
}

/** Runs the emulation without waiting for it; `ended` resolves to the exit code. */
export function spawnEmulation(env: Readonly<Record<string, string>>): {
  child: ChildProcess
  output(): string
  ended: Promise<number | null>
} {
  const binary = join(root, 'node_modules/serverless/bin/serverless.js')
  const args = [binary, 'offline', 'start', '--stage', 'local', '--region', 'eu-central-1']
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, SLS_LOG_LEVEL: 'warning', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  child.stdout?.on('data', (chunk) => {
    printed += chunk
  })
  child.stderr?.on('data', (chunk) => {
    printed += chunk
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, output: () => printed, ended }
}

/** Starts an emulation and resolves when it says that it is ready; rejects with all that it printed when it ends before. */
export async function startEmulation(settings: Settings = {}): Promise<Emulation> {
  const port = settings.port ?? (await freePort())
  const emulatorPort = settings.emulatorPort ?? (await freePort())
  const stateDir = settings.stateDir ?? mkdtempSync(join(tmpdir(), 'registry-event-router-'))
  const { child, output, ended } = spawnEmulation({
    PORT: String(port),
    EMULATOR_PORT: String(emulatorPort),
    STATE_DIR: stateDir,
    ...settings.env,
  })
  await new Promise<void>((done, fail) => {
    child.stdout?.on('data', () => output().includes('registry-event-router is ready') && done())
    ended.then((code) => fail(new Error(`The emulation ended with ${code} before it was ready:\n${output()}`)))
  })
  const stop = async (signal: 'SIGINT' | 'SIGTERM' = 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    port,
    emulatorPort,
    stateDir,
    queues: sqs({
      endpoint: `http://127.0.0.1:${emulatorPort}`,
      credentials: () => ({ accessKeyId: 'test', secretAccessKey: 'test' }),
      accountId: '000000000000',
      timeout: 5000,
    }),
    output,
    stop,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) await stop()
      rmSync(stateDir, { recursive: true, force: true })
      rmSync(join(root, `.build/local-${port}`), { recursive: true, force: true })
    },
  }
}

/** The queue of `location` of stage `local`. */
export function queueAt(location: string): QueueRef {
  const place = places.find((row) => row.location === location)
  if (!place) throw new Error(`There is no location ${location}`)
  return locationQueue('local', place)
}

/**
 * Takes events off `queue` until `enough` says so of all that were taken, or until `seconds` are over; resolves to what was
 * taken, in order of arrival. They are read in `format` and checked against the published
 * schemas.
 */
export async function take(
  queues: Queues,
  queue: QueueRef,
  enough: (taken: readonly Delivered[]) => boolean,
  seconds = 20,
  format: FormatName = 'activity-tracker',
): Promise<Delivered[]> {
  const taken: Delivered[] = []
  const end = Date.now() + seconds * 1000
  while (!enough(taken) && Date.now() < end) {
    const messages = await queues.receive(queue, 10, 1, 60)
    await Promise.all(messages.map(({ receipt }) => queues.remove(queue, receipt)))
    for (const { body, attributes } of messages) {
      taken.push({ event: checkLocated(formats[format].read(JSON.parse(body))), attributes })
    }
  }
  return taken
}

/** The locations whose queue has a message that nobody took. */
export async function locationsWithEvents(queues: Queues): Promise<string[]> {
  const looks = places.map(async ({ location }) => {
    const messages = await queues.receive(queueAt(location), 1, 0, 0)
    return messages.length > 0 ? [location] : []
  })
  return (await Promise.all(looks)).flat()
}
