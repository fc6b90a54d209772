import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { drained } from '../e2e/depth.ts'
import { type Emulation, startEmulation } from '../emulation.ts'
import { contents, missing } from '../faults/queues.ts'
import {
  type Accepted,
  distribution,
  harbor,
  noPromises,
  note,
  pushed,
  type Sender,
  type Webhook,
} from '../faults/senders.ts'
import { chance } from './chance.ts'

// npm run load: authenticated traffic at full speed against local emulation, a process of its own that is killed at moments of chance
// and started again on the same ports and the same state. Every webhook is sent until it is answered 202, as registries do.

const SECONDS = Number(process.env.SECONDS ?? 60)
const KILLS = Number(process.env.KILLS ?? 5)
const SENDERS = Number(process.env.SENDERS ?? 16)
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)

/** What a sender sends when: every second one is Harbor, the others are Distribution registries of four regions. */
const DISTRIBUTIONS = [
  'distribution',
  'distribution-us-south',
  'distribution-uk-south',
  'distribution-ap-north',
] as const
/** Milliseconds after which a sender gives up on an answer, and pauses before it sends again what was not taken. */
const PATIENCE = { distribution: 1000, harbor: 3000 }
const PAUSE = 100

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const random = chance(seed)
const agent = new Agent({ keepAlive: true, maxSockets: SENDERS })
const promises = noPromises()
const answered: Record<number, number> = {}
/** Of every answer: when it was asked for and how long it took, in milliseconds. */
const latencies: { from: number; took: number }[] = []
/** When the emulation was not there: from a kill until it was ready again. */
const outages: { from: number; to: number }[] = []
let sent = 0
let timeouts = 0
let peak = 0
let emulation!: Emulation

/** Resolves to the answer's status and body; to status 0 when there was none in time. */
async function post({ sender, headers, body }: Webhook, timeout: number): Promise<{ status: number; body: Accepted }> {
  const none = { status: 0, body: { accepted: [], ignored: 0, quarantined: [] } }
  const request = httpRequest(`${emulation.url}/webhooks/${sender}`, {
    method: 'POST',
    agent,
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    signal: AbortSignal.timeout(timeout),
  })
  try {
    request.end(body)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return { status: response.statusCode ?? 0, body: JSON.parse(await text(response)) as Accepted }
  } catch (error) {
    if ((error as Error).name === 'AbortError') timeouts++
    return none
  }
}

/** Sends webhooks one after the other until `end`, each as often as it takes. */
async function send(number: number, end: number): Promise<void> {
  const isHarbor = number % 2 === 1
  const sender: Sender = isHarbor ? 'harbor' : (DISTRIBUTIONS[(number / 2) % DISTRIBUTIONS.length] as Sender)
  for (let count = 0; performance.now() < end; count++) {
    const tag = `${seed}-${number}-${count}`
    const webhook = isHarbor ? harbor(tag) : distribution([pushed(tag)], sender)
    for (let taken = false; !taken && performance.now() < end + PATIENCE_AFTER; ) {
      const from = performance.now()
      sent++
      const answer = await post(webhook, isHarbor ? PATIENCE.harbor : PATIENCE.distribution)
      answered[answer.status] = (answered[answer.status] ?? 0) + 1
      latencies.push({ from, took: performance.now() - from })
      note(promises, webhook, answer)
      taken = answer.status === 202
      if (!taken) await sleep(PAUSE)
    }
  }
}

/** Notes the most memory that the process of the emulation ever had, in MiB (Linux). */
function measureMemory(): void {
  const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${emulation.pid}/status`, 'utf8')) ?? []
  peak = Math.max(peak, Number(kib) / 1024)
}

/** Kills the emulation at the times `moments` (milliseconds from `start`) and starts it again. */
async function strike(start: number, moments: readonly number[]): Promise<void> {
  for (const moment of moments) {
    await sleep(Math.max(0, start + moment - performance.now()))
    const { port, emulatorPort, stateDir } = emulation
    measureMemory()
    const from = performance.now()
    await emulation.kill()
    emulation = await startEmulation({ port, emulatorPort, stateDir })
    const to = performance.now()
    outages.push({ from, to })
    print(`killed ${Math.round(moment)} ms after the start, ready again after ${Math.round(to - from)} ms`)
  }
}

/** What the p99 of the answers has to stay below, in milliseconds. */
const MOST_MILLISECONDS = 800
/** How long a sender goes on after the end with what was not taken: then something is wrong that time does not heal. */
const PATIENCE_AFTER = 60_000

/** The value that the share `part` of the sorted `values` does not exceed. */
const quantile = (values: readonly number[], part: number): number =>
  values[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN

/** What was asked for and answered while the emulation was there. */
const undisturbed = (): number[] =>
  latencies
    .filter(({ from, took }) => outages.every((outage) => from > outage.to || from + took < outage.from))
    .map(({ took }) => took)
    .sort((a, b) => a - b)

async function run(): Promise<boolean> {
  print(`SEED=${seed}: ${SECONDS} s, ${SENDERS} senders, ${KILLS} kills`)
  emulation = await startEmulation()
  const start = performance.now()
  const moments = Array.from({ length: KILLS }, () => (0.05 + 0.9 * random()) * SECONDS * 1000).sort((a, b) => a - b)
  const striking = strike(start, moments)
  await Promise.all([striking, ...Array.from({ length: SENDERS }, (_, number) => send(number, start + SECONDS * 1000))])
  const seconds = (performance.now() - start) / 1000
  const down = outages.reduce((sum, { from, to }) => sum + to - from, 0) / 1000
  measureMemory()
  const before = performance.now()
  await drained(emulation, 300)
  const draining = (performance.now() - before) / 1000
  const found = await contents(`http://127.0.0.1:${emulation.emulatorPort}`)
  const lost = missing(promises, found)
  const copies = [...found.values()].flat()
  const distinct = new Set(copies).size
  const accounts = (await (await fetch(`${emulation.url}/accounting`)).json()) as {
    holds: boolean
    mistakes: unknown[]
  }
  const times = undisturbed()
  const ms = (value: number) => `${value.toFixed(0)} ms`
  print(`
requests sent        ${sent}, answered 202 ${answered[202] ?? 0}, otherwise ${JSON.stringify({ ...answered, 202: undefined })} (0: no answer; ${timeouts} of them gave up waiting)
events promised      ${promises.events.size}
found on the queues  ${distinct}, with ${copies.length - distinct} more copies
lost                 ${lost.length}
answer               p50 ${ms(quantile(times, 0.5))}, p99 ${ms(quantile(times, 0.99))}, max ${ms(times.at(-1) ?? Number.NaN)} of ${times.length} while it was not being killed
requests a second    ${(times.length / (seconds - down)).toFixed(0)} in ${(seconds - down).toFixed(1)} s, ${down.toFixed(1)} s down
memory               ${peak.toFixed(0)} MiB at most
drained              ${draining.toFixed(1)} s after the last answer
accounts             ${accounts.holds ? 'hold' : `do not hold: ${JSON.stringify(accounts.mistakes).slice(0, 2000)}`}`)
  if (lost.length > 0) print(`LOST:\n${lost.slice(0, 20).join('\n')}`)
  const isSlow = !(quantile(times, 0.99) < MOST_MILLISECONDS)
  if (isSlow) print(`too slow             the p99 has to be below ${MOST_MILLISECONDS} ms`)
  return lost.length === 0 && accounts.holds && promises.events.size > 0 && !isSlow
}

process.exitCode = 1
try {
  if (await run()) process.exitCode = 0
} finally {
  agent.destroy()
  await emulation?.close()
}
