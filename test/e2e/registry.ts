import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../emulation.ts'
import { until } from './deadline.ts'

// A real registry (CNCF Distribution, as Debian packages it) with its data in a temporary folder, and skopeo to drive it.

const REGISTRY = 'docker-registry'
const CLIENT = 'skopeo'

/** What the registry counts about the endpoint of its notifications. */
export interface Metrics {
  /** Events that wait for their delivery. */
  Pending: number
  /** Events so far, and deliveries so far by how they ended. */
  Events: number
  Successes: number
  Failures: number
  Errors: number
  Statuses: Readonly<Record<string, number>>
}

/** What is used of the registry's debug server. */
interface Variables {
  registry: { notifications: { endpoints: [{ Metrics: Metrics }] } }
}

/** A running registry. */
export interface Registry {
  /** `127.0.0.1:<port>`, as image names and events have it. */
  host: string
  metrics(): Promise<Metrics>
  /** Stops it and removes its data. */
  close(): Promise<void>
}

/** Settings of a registry; `users` is the text of an htpasswd file, without it everybody is anonymous. */
export interface Settings {
  webhook: string
  secret: string
  users?: string
}

/** Throws, naming the packages to install, when the machine lacks what a real registry needs. */
export function checkTools(): void {
  const missing = [REGISTRY, CLIENT].filter((tool) => {
    try {
      execFileSync(tool, ['--version'], { stdio: 'ignore' })
      return false
    } catch {
      return true
    }
  })
  if (missing.length > 0) {
    throw new Error(
      `This test drives a real registry and needs ${missing.join(' and ')}: ` +
        `on Debian and Ubuntu, apt-get install -y ${missing.join(' ')}`,
    )
  }
}

/** Runs skopeo with `args` and resolves to what it printed; rejects with what it complained about. */
export async function skopeo(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(CLIENT, ['--insecure-policy', ...args], { timeout: 30_000 })
  return stdout
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ status }) => status === 200 || status === 401,
    () => false,
  )

/** Starts a registry that sends its events to `webhook`, one at a time, and resolves when it answers. */
export async function startRegistry({ webhook, secret, users }: Settings): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), 'registry-'))
  const host = `127.0.0.1:${await freePort()}`
  const debug = `127.0.0.1:${await freePort()}`
  const endpoint = {
    name: 'router',
    url: webhook,
    headers: { Authorization: [`Bearer ${secret}`] },
    timeout: '1s',
    threshold: 5,
    backoff: '1s',
  }
  const config = {
    version: '0.1',
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: host, secret: 'test', debug: { addr: debug } },
    notifications: { endpoints: [endpoint] },
    ...(users ? { auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } } } : {}),
  }
  if (users) writeFileSync(join(folder, 'htpasswd'), users)
  // JSON is YAML.
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config))
  const child = spawn(REGISTRY, ['serve', join(folder, 'config.yml')], { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += chunk
    })
  }
  const ended = once(child, 'exit')
  const close = async () => {
    child.kill()
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await until(
      'the registry answers',
      () => answers(`http://${host}/v2/`),
      10,
      () => printed,
    )
  } catch (error) {
    await close()
    throw error
  }
  return {
    host,
    async metrics() {
      const variables = (await (await fetch(`http://${debug}/debug/vars`)).json()) as Variables
      return variables.registry.notifications.endpoints[0].Metrics
    },
    close,
  }
}
