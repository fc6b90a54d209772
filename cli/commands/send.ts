import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Option } from 'commander'
import { environment, readConfig } from '../../lib/config.ts'
import { secretVariable } from '../../lib/secrets.ts'
import type { SourceName } from '../../lib/sources/index.ts'
import { isShared } from '../../lib/sources/signature.ts'
import type { ShortAction } from '../../lib/sources/vocabulary.ts'
import { shortAction, shortActions } from '../actions.ts'
import { type Address, addressAt } from '../address.ts'
import { amount, type Call, type CommonOptions, type Spec } from '../command.ts'
import { CommandError, counted, type Exit } from '../exits.ts'
import { Offering } from '../query.ts'
import { reasonOf } from '../reader.ts'
import { samples, sourceNames } from '../samples/index.ts'
import type { Sample, Told, Written } from '../samples/sample.ts'
import { send as prove } from '../samples/ways.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends CommonOptions {
  action?: string
  registry?: string
  url?: string
  plainHttp?: true
  count?: number
  repository?: string
  tag?: string
  initiator?: string
}

/** Milliseconds that one answer may take. */
const TIMEOUT = 30_000
/** How often a request is sent that the router could not take at once, and most seconds in between. */
const ATTEMPTS = 5
const LONGEST = 10

/** The action that a sample tells of, and how it is written. */
function writerOf(source: SourceName, { actions }: Sample, wanted: string | undefined) {
  const known = Object.keys(actions) as ShortAction[]
  const name = wanted === undefined ? ('image.push' in actions ? 'image.push' : known[0]) : shortAction(wanted)
  const write = Object.hasOwn(actions, name ?? '') ? actions[name as ShortAction] : undefined
  if (name && write) return { name, write }
  throw new CommandError('usage', `The sample of ${source} can tell of ${known.join(', ')}. Nothing was sent.`)
}

/** Where the webhook is: as it was said, or that of the registry in local emulation. */
function webhook(options: Options, registry: string): Address {
  if (options.url === undefined) {
    let port: number
    try {
      port = readConfig(environment()).port
    } catch (error) {
      throw new CommandError('usage', (error as Error).message)
    }
    return addressAt(`http://127.0.0.1:${port}/webhooks/${encodeURIComponent(registry)}`, '--url', true)
  }
  const address = addressAt(options.url, '--url', options.plainHttp === true)
  if (address.url.searchParams.has('token'))
    throw new CommandError(
      'usage',
      `--url holds a token. Leave it out: others on this machine see what a command was told. It is taken from ${secretVariable(registry)}. Nothing was sent.`,
    )
  if (address.url.pathname === '/') address.url.pathname = `/webhooks/${encodeURIComponent(registry)}`
  return address
}

/** The secret of the registry; local emulation knows `local` if nobody said otherwise, and nobody else is ever sent that. */
function secretOf(registry: string, { isLoopback }: Address): string {
  const variable = secretVariable(registry)
  const values = (environment()[variable] ?? (isLoopback ? 'local' : '')).split(/\s+/).filter((value) => value !== '')
  const secret = values.find(isShared)
  if (secret) return secret
  throw new CommandError(
    'usage',
    values.length > 0
      ? `${variable} has nothing but public keys, which sign nothing. Nothing was sent.`
      : `Set ${variable} to the secret of the registry ${registry}. Nothing was sent.`,
  )
}

/** The domain of the registry as `registries.ts` here has it: another one would be told as a contradiction. */
async function domainOf(registry: string, { target }: Pick<Call<Options>, 'target'>): Promise<string> {
  const known = await target.registries().catch(() => undefined)
  return known?.registries.get(registry)?.domain ?? 'registry.example.com'
}

/** Something new to tell of. */
function newTold({ repository = 'team/app', tag, initiator = 'alice' }: Options, domain: string): Told {
  const id = randomUUID()
  return {
    id,
    time: Date.now(),
    repository,
    tag: tag ?? `sample-${id.slice(0, 8)}`,
    digest: `sha256:${createHash('sha256').update(id).digest('hex')}`,
    domain,
    initiator,
    address: '192.0.2.10',
    agent: 'registry-events/1.0',
  }
}

/** What the router answers. */
interface Answer {
  status: number
  accepted: { id: string; action: string; target: string }[]
  ignored: number
  quarantined: { id: string; reason: string }[]
  code?: string
  message?: string
}

/** Where something is sent, as whom, and until when. */
interface Sending {
  registry: string
  /** Of the registry. */
  domain: string
  address: Address
  secret: string
  signal: AbortSignal
}

/** The request of a sample that proves itself. */
function requestOf(sample: Sample, written: Written, told: Told, { registry, address, secret }: Sending) {
  const way = written.way ?? sample.way(told)
  const body = Buffer.from(written.body)
  const draft = { body, headers: { ...written.headers }, query: written.query ?? '' }
  const { headers, query } = prove(draft, way, way.credentials(body, secret))
  const target = new URL(address.url)
  target.search = [address.url.search.slice(1), query].filter(Boolean).join('&')
  try {
    return { target, body, headers: new Headers(headers) }
  } catch {
    // What went wrong would repeat the secret.
    throw new CommandError('usage', `${secretVariable(registry)} has characters that no header can carry.`)
  }
}

const parsed = (text: string): Partial<Answer> => {
  try {
    return JSON.parse(text) as Partial<Answer>
  } catch {
    // The status says enough.
    return {}
  }
}

/** Sends a request once; `pause` is how many seconds to wait before it is sent again, if it should be. */
async function post(
  { target, body, headers }: ReturnType<typeof requestOf>,
  { address, signal }: Sending,
): Promise<{ answer: Answer; pause: number | undefined }> {
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers,
      body,
      // The secret would go wherever the answer says.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
    })
    const { accepted = [], ignored = 0, quarantined = [], ...error } = parsed(await response.text())
    const again = [429, 503].includes(response.status)
    return {
      answer: { ...error, status: response.status, accepted, ignored, quarantined },
      pause: again ? Math.min(Number(response.headers.get('retry-after')) || 1, LONGEST) : undefined,
    }
  } catch (error) {
    if (signal.aborted) throw error
    throw new CommandError(
      'unreachable',
      `${address.url.origin} can't be reached: start local emulation with \`npm start\`, or check --url.\nWhat happened: ${reasonOf(error)}`,
      { cause: error },
    )
  }
}

/** Sends something new until it is taken. */
async function deliver(
  sample: Sample,
  write: (told: Told) => Written,
  options: Options,
  sending: Sending,
): Promise<Answer> {
  const told = newTold(options, sending.domain)
  const request = requestOf(sample, write(told), told, sending)
  for (let attempt = 1; ; attempt++) {
    const { answer, pause } = await post(request, sending)
    if (pause === undefined || attempt === ATTEMPTS) return answer
    await wait(pause * 1000, undefined, { signal: sending.signal })
  }
}

/** What an answer that took nothing means. */
function refusal({ status, code, message }: Answer, registry: string, { url }: Address): CommandError {
  const said = code ? `${code}: ${message ?? ''}` : `It answered ${status}.`
  const advice =
    status === 401
      ? `Check ${secretVariable(registry)}, and whether ${registry} is a registry of that source there (--registry).`
      : status === 404
        ? `Check --url: ${url.origin}${url.pathname} is no webhook.`
        : ''
  return new CommandError('unreachable', [said, advice].filter(Boolean).join('\n'))
}

function tell(terminal: Terminal, answer: Answer): void {
  for (const { id, action, target } of answer.accepted)
    terminal.print(`${answer.status}  accepted     ${id}  ${shortAction(action)}  ${target}`)
  for (const { id, reason } of answer.quarantined) terminal.print(`${answer.status}  quarantined  ${id}  ${reason}`)
  if (answer.ignored > 0) terminal.print(`${answer.status}  ignored      ${counted(answer.ignored, 'item')}`)
}

/** How to find what was sent. */
function tellHow(terminal: Terminal, accepted: readonly string[], quarantined: readonly string[]): void {
  const [first, ...more] = accepted
  if (first) {
    const search = more.length > 0 ? ` (the last of them: npx registry-events tail -n ${accepted.length})` : ''
    terminal.note(`Find it a moment later: npx registry-events show ${first}${search}`)
  }
  const [kept] = quarantined
  if (kept) terminal.note(`Genuine but unusable: npx registry-events quarantine show ${kept}`)
}

/** `send` */
export const send: Spec<Options> = {
  usage: 'send <source>',
  summary: 'a sample event, as that kind of sender sends it and proves itself',
  queueless: true,
  choices: { source: sourceNames },
  options: [
    new Offering('--action <name>', 'what it tells of; image.push if the sender can, if left out', shortActions),
    new Option('--registry <id>', 'the registry that it comes from; the name of the source if left out'),
    new Option(
      '--url <address>',
      'the webhook, or the router alone; that of local emulation if left out. The secret is SECRET_<ID>',
    ),
    new Option('--plain-http', 'send the secret to another machine without encryption'),
    new Option('--count <number>', 'so many, one after the other, each another event').argParser(amount),
    new Option('--repository <name>', 'to what it happened; team/app if left out'),
    new Option('--tag <name>', 'with which tag; a new one each time if left out'),
    new Option('--initiator <name>', 'who did it; alice if left out'),
  ],
  async run(call): Promise<Exit> {
    const { args, options, terminal, signal } = call
    const source = args[0] as SourceName
    const sample = samples[source]
    const { write } = writerOf(source, sample, options.action)
    const registry = options.registry ?? source
    const address = webhook(options, registry)
    const secret = secretOf(registry, address)
    const sending = { registry, domain: await domainOf(registry, call), address, secret, signal }
    const count = options.count ?? 1
    const accepted: string[] = []
    const quarantined: string[] = []
    for (let sent = 1; sent <= count && !signal.aborted; sent++) {
      const answer = await deliver(sample, write, options, sending)
      terminal.json({ source, registry, ...answer })
      if (answer.status !== 202) throw refusal(answer, registry, address)
      tell(terminal, answer)
      accepted.push(...answer.accepted.map(({ id }) => id))
      quarantined.push(...answer.quarantined.map(({ id }) => id))
      if (count > 1) terminal.progress('sent', sent, count)
    }
    tellHow(terminal, accepted, quarantined)
    return quarantined.length > 0 || accepted.length < count ? 'undone' : 'ok'
  },
}
