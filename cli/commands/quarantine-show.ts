import { isUtf8 } from 'node:buffer'
import { Option } from 'commander'
import { families } from '../../functions/webhook.ts'
import { quarantineQueue } from '../../lib/queues/names.ts'
import { type Fate, fateOf } from '../../lib/redrive/fate.ts'
import { lookInto } from '../../lib/redrive/look.ts'
import { idsOf, type Quarantined, quarantinedIn } from '../../lib/redrive/quarantined.ts'
import type { Call, CommonOptions, Spec } from '../command.ts'
import { CommandError } from '../exits.ts'
import { fateFields, fateLines } from '../fate.ts'
import { fieldsOf, tellHidden, tellStuck } from '../filter.ts'
import { timeText } from '../terminal.ts'

interface Options extends CommonOptions {
  edition?: string
}

/** One delivery, and what would become of it, unless `registries.ts` can't be read. */
interface Shown {
  one: Quarantined
  fate: Fate | undefined
}

/** The body as JSON, as text, or in base64 when it is neither. */
function decode(body: Buffer): { json?: unknown; text?: string; base64?: string } {
  if (!isUtf8(body)) return { base64: body.toString('base64') }
  const text = body.toString()
  try {
    return { json: JSON.parse(text) }
  } catch {
    return { text }
  }
}

function bodyText({ body, present, parts }: Quarantined): string {
  if (!body) return `${present} of ${parts} parts are here`
  const { json, text, base64 } = decode(body)
  if (base64 !== undefined) return `(base64, it is not UTF-8)\n${base64}`
  return text ?? JSON.stringify(json, null, 2)
}

function asText({ one, fate }: Shown, from: string): string {
  const lines = [
    ['id', one.id],
    ['received', timeText(one.receivedAt)],
    ['registry', one.registry],
    ['family', one.family],
    ['reason', `${one.reason}: ${one.message}`],
    [
      'item',
      one.items ? `${one.items.length} of them` : one.item === undefined ? 'the body as a whole' : `${one.item}`,
    ],
    ...(one.items ?? []).map(({ id, item, reason, message }) => ['', `${item ?? '-'}: ${id} ${reason} ${message}`]),
    ...(one.query ? [['query', one.query]] : []),
    ...Object.entries(one.headers).map(([name, value], at) => [at === 0 ? 'headers' : '', `${name}: ${value}`]),
    ...(fate ? fateLines(fate).map((line, at) => [at === 0 ? 'today' : '', line]) : []),
    ...(fate ? [['', `(${from})`]] : []),
  ]
  return `${lines.map(([name = '', value = '']) => `${name.padEnd(10)}${value}`).join('\n')}\n\n${bodyText(one)}\n`
}

const asJson = ({ one, fate }: Shown) => ({
  ...fieldsOf(one),
  item: one.item ?? null,
  ...(one.items ? { items: one.items } : {}),
  query: one.query,
  headers: one.headers,
  body: one.body ? decode(one.body) : null,
  today: fate ? fateFields(fate) : null,
})

/** `registries.ts` with a mistake is no reason not to show what is there. */
async function todays({ target, options, terminal }: Call<Options>) {
  try {
    return await target.registries(options.edition)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    terminal.note(`What would become of it today can't be told: ${error.message}`)
    return undefined
  }
}

/** `quarantine show` */
export const quarantineShow: Spec<Options> = {
  usage: 'show <id>',
  summary: 'all that is kept of one, and what would become of it today',
  options: [
    new Option('--edition <date>', 'tables to look it up in, for registries that name none; EDITION if left out'),
  ],
  async run(call) {
    const { args, target, terminal, signal } = call
    const [id = ''] = args
    const today = await todays(call)
    const queue = quarantineQueue(target.stage, target.awsRegion)
    const queues = await target.connect(queue)
    const progress = (seen: number, total: number) => terminal.progress('looked at', seen, total)
    const found: Shown[] = []
    const hidden = await lookInto(queues, queue, { signal, progress }, tellStuck(terminal), async (look) => {
      for await (const { quarantined } of quarantinedIn(look)) {
        for (const one of quarantined) {
          const fate = today && fateOf(one, today.registries, families)
          if (idsOf(one).includes(id)) found.push({ one, fate })
        }
      }
      return look.hidden()
    })
    for (const shown of found) {
      terminal.json(asJson(shown))
      terminal.print(asText(shown, today?.from ?? ''))
    }
    if (found.length > 0) return 'ok'
    terminal.note(`${id} is not in quarantine (${target.name}).`)
    tellHidden(terminal, hidden)
    return 'undone'
  },
}
