import { Option } from 'commander'
import { deadLetterQueue, type QueueSpec } from '../../lib/queues/names.ts'
import type { Count, Queues } from '../../lib/queues/queue.ts'
import { type DeadLetter, readDeadLetter } from '../../lib/redrive/deadletters.ts'
import { lookInto } from '../../lib/redrive/look.ts'
import { amount, type Call, type CommonOptions, type Spec } from '../command.ts'
import { CommandError, counted } from '../exits.ts'
import { isAbsent } from '../explain.ts'
import { tellHidden, tellStuck } from '../filter.ts'
import { queueNamed, queuesOf, shortName } from '../queues.ts'
import { table, timeText } from '../terminal.ts'

interface Options extends CommonOptions {
  limit?: number
}

/** Dead letters of each queue that are looked at when nobody says how many. */
const MOST = 1000

/** One dead-letter queue. */
interface Row {
  queue: string
  awsRegion: string
  messages: number
  /** Those of them that could not be looked at, because somebody else holds them. */
  hidden: number
  oldest: string | null
  /** How many of those that were looked at are there for which reason. */
  reasons: Record<string, number>
}

async function lettersOf(
  queue: QueueSpec,
  queues: Queues,
  { terminal, signal, options }: Call<Options>,
): Promise<{ letters: DeadLetter[]; unseen: number }> {
  const progress = (seen: number, total: number) => terminal.progress(`looked at ${queue.name}-dlq,`, seen, total)
  const letters: DeadLetter[] = []
  const look = { signal, most: options.limit ?? MOST, progress }
  const dead = deadLetterQueue(queue)
  const unseen = await lookInto(queues, dead, look, tellStuck(terminal), async ({ batches, hidden }) => {
    for await (const batch of batches()) letters.push(...batch.map((message) => readDeadLetter(message, queue)))
    return hidden()
  })
  const isEnough = letters.length >= look.most
  return { letters: letters.sort((a, b) => a.message.sentAt - b.message.sentAt), unseen: isEnough ? 0 : unseen }
}

const reasonOf = ({ reason, obstacle }: DeadLetter): string => (obstacle ? `${reason} (unroutable)` : reason)

async function rowOf(
  queue: QueueSpec,
  queues: Queues,
  { waiting, hidden }: Count,
  call: Call<Options>,
): Promise<{ row: Row; letters: DeadLetter[] }> {
  const dead = deadLetterQueue(queue)
  const { letters, unseen } = waiting + hidden > 0 ? await lettersOf(queue, queues, call) : { letters: [], unseen: 0 }
  const reasons: Record<string, number> = {}
  for (const letter of letters) reasons[reasonOf(letter)] = (reasons[reasonOf(letter)] ?? 0) + 1
  const [oldest] = letters
  return {
    row: {
      queue: dead.name,
      awsRegion: dead.awsRegion,
      messages: Math.max(waiting + hidden, letters.length),
      hidden: unseen,
      oldest: oldest ? timeText(oldest.message.sentAt) : null,
      reasons,
    },
    letters,
  }
}

const reasonsText = (reasons: Row['reasons']): string =>
  Object.entries(reasons)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ')

const rowCells = ({ queue, awsRegion, messages, oldest, reasons }: Row) => [
  queue,
  awsRegion,
  String(messages),
  oldest ?? '',
  reasonsText(reasons),
]
const HEAD = ['queue', 'AWS region', 'messages', 'oldest', 'reasons']

/** The body as JSON, if it is. */
function bodyOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

const letterJson = (letter: DeadLetter) => ({
  messageId: letter.message.messageId,
  sentAt: timeText(letter.message.sentAt),
  reason: letter.reason,
  id: letter.id ?? null,
  registry: letter.registry ?? null,
  location: letter.location ?? null,
  ...(letter.obstacle ? { obstacle: letter.obstacle } : {}),
  attributes: letter.message.attributes,
  body: bodyOf(letter.message.body),
})

/** One queue, message by message. */
async function listOne(queue: QueueSpec, queues: Queues, call: Call<Options>): Promise<void> {
  const { terminal, target } = call
  const { row, letters } = await rowOf(queue, queues, await queues.count(deadLetterQueue(queue)), call)
  for (const letter of letters) terminal.json(letterJson(letter))
  if (letters.length > 0) {
    const cells = letters.map((letter) => [
      letter.id ?? letter.message.messageId,
      timeText(letter.message.sentAt),
      letter.registry ?? '',
      letter.location ?? '',
      letter.reason,
      letter.obstacle ?? '',
    ])
    terminal.print(table(['id', 'sent', 'registry', 'location', 'reason', 'why it would come back'], cells))
  }
  terminal.note(
    `${letters.length} of ${counted(row.messages, 'message')} on ${row.queue} in ${row.awsRegion} (${target.name}).`,
  )
  tellHidden(terminal, row.hidden)
}

/** Not every location need be deployed; intake and quarantine are wherever the router is. */
const mayBeAbsent = ({ kind }: ReturnType<typeof queuesOf>[number]): boolean =>
  kind === 'location' || kind === 'archive'

/** A row of every queue that there is. A queue that can't be looked into costs the others nothing. */
async function rowsOf(queues: Queues, call: Call<Options>) {
  const all = queuesOf(call.target)
  // Most are empty, and far away.
  const counts = await Promise.allSettled(all.map((queue) => queues.count(deadLetterQueue(queue))))
  const rows: Row[] = []
  const absent: string[] = []
  const errors: CommandError[] = []
  for (const [index, queue] of all.entries()) {
    if (call.signal.aborted) break
    const count = counts[index]
    try {
      if (count?.status !== 'fulfilled') throw count?.reason
      rows.push((await rowOf(queue, queues, count.value, call)).row)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (isAbsent(error) && mayBeAbsent(queue)) absent.push(`${shortName(queue, call.target)} (${queue.awsRegion})`)
      else errors.push(error)
    }
  }
  return { rows, absent, errors }
}

/** All queues, a row each. */
async function listAll(queues: Queues, call: Call<Options>): Promise<void> {
  const { terminal, target, signal } = call
  const { rows, absent, errors } = await rowsOf(queues, call)
  if (rows.length === 0 && !signal.aborted) {
    const none = `None of the queues of stage ${target.stage} is there: check --stage, --region, and the account of the credentials.`
    // What is wrong with all of them is wrong with the first one.
    throw errors[0] ?? new CommandError('unreachable', none)
  }
  for (const row of rows) terminal.json(row)
  const full = rows.filter(({ messages }) => messages > 0)
  if (full.length > 0) terminal.print(table(HEAD, full.map(rowCells)))
  terminal.note(`${full.length} of ${counted(rows.length, 'dead-letter queue')} with something on it (${target.name}).`)
  if (absent.length > 0) {
    terminal.note(`Not deployed, or not to be seen with these credentials: ${absent.join(', ')}.`)
  }
  tellHidden(
    terminal,
    full.reduce((sum, { hidden }) => sum + hidden, 0),
  )
  if (errors.length > 0) throw new CommandError('unreachable', errors.map(({ message }) => message).join('\n'))
}

/** `dlq list` */
export const dlqList: Spec<Options> = {
  usage: 'list [queue]',
  summary: 'what is on the dead-letter queues, or on that of one queue',
  options: [
    new Option('--limit <number>', `look at so many of each queue at most, ${MOST} if left out`).argParser(amount),
  ],
  async run(call) {
    const { args, target } = call
    const [name] = args
    const one = name === undefined ? undefined : queueNamed(name, target)
    const [first] = queuesOf(target)
    const queues = await target.connect(one ?? (first as QueueSpec))
    if (one) await listOne(one, queues, call)
    else await listAll(queues, call)
    return 'ok'
  },
}
