import { setTimeout as wait } from 'node:timers/promises'
import { InvalidArgumentError, Option } from 'commander'
import { amount, type Call, type Spec } from '../command.ts'
import {
  type ColumnName,
  type Complete,
  columnsOption,
  completeText,
  type Damage,
  eventLines,
  type Found,
  limited,
  PAGE,
  type Page,
  pages,
  tellLacking,
  tellNarrow,
} from '../events.ts'
import { counted, type Exit } from '../exits.ts'
import { leavesOf, leavesText } from '../leaves.ts'
import { type QueryOptions, queryOf, queryOptions } from '../query.ts'
import { askJson, openReader, type Reader, ReaderError, readerOptions } from '../reader.ts'

interface Options extends QueryOptions {
  lines?: number
  follow?: true
  every?: number
  columns?: readonly ColumnName[]
}

const LINES = 10
/** Seconds between two looks: at this machine, and at AWS, where each of them costs. */
const EVERY = { here: 1, elsewhere: 10 }
/** Most seconds between two attempts to reach the search. */
const LONGEST = 15
/** Ids that are remembered, so that an event that is archived again does not come again. */
const REMEMBERED = 50_000

function upTo(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= PAGE) return Number(text)
  throw new InvalidArgumentError(`It has to be a whole number from 0 to ${PAGE}.`)
}

/** Shows events as they come, in a table whose columns keep their width, and none of them twice. */
function shower({ options, terminal }: Call<Options>) {
  const seen = new Set<string>()
  let lines: ReturnType<typeof eventLines> | undefined
  const known = ({ event: { id } }: Found): boolean => {
    if (seen.has(id)) return true
    seen.add(id)
    if (seen.size > REMEMBERED) seen.delete(seen.values().next().value as string)
    return false
  }
  return (events: readonly Found[]): void => {
    const fresh = events.filter((found) => !known(found))
    if (fresh.length === 0) return
    for (const found of fresh) terminal.json(found)
    if (!lines) {
      lines = eventLines(fresh, terminal.width, options.columns, options.follow)
      terminal.print(lines.head)
      if (!options.json) tellNarrow(terminal, lines.names, options.columns)
    }
    terminal.print(fresh.map(lines.line).join('\n'))
  }
}

/** The leaves from which on is looked next: behind those that were seen, or where `--after` says if that is later. */
function follower(query: URLSearchParams, note: (text: string) => void) {
  const floor = leavesOf(query.get('after') ?? '')
  const sizes = new Map<string, number>()
  return {
    /** A log only grows: one that is shorter than it was is another one, or was rolled back. */
    advance(complete: readonly Complete[]): void {
      for (const { location, size } of complete) {
        const before = sizes.get(location) ?? 0
        if (size < before)
          note(
            `The log of ${location} had ${before} leaves and has ${size} now: it was rolled back or replaced. \`npx registry-events verify\` looks into it.`,
          )
        sizes.set(location, size)
      }
    },
    /** The question for what came meanwhile. */
    next(): URLSearchParams {
      const asked = new URLSearchParams(query)
      const leaves = new Map(floor)
      for (const [location, size] of sizes) leaves.set(location, Math.max(size, floor.get(location) ?? 0))
      asked.set('sort', 'time')
      if (leaves.size > 0) asked.set('after', leavesText(leaves))
      return asked
    },
  }
}

/** Says everything that is damaged once. */
function damageTeller({ terminal }: Call<Options>) {
  const told = new Set<string>()
  return (damaged: readonly Damage[] = []): boolean => {
    const fresh = damaged.filter((one) => !told.has(JSON.stringify(one)))
    for (const one of fresh) told.add(JSON.stringify(one))
    tellLacking(terminal, { damaged: fresh })
    return told.size > 0
  }
}

/** Calls `look` again and again; what passes by itself, like a restart of the search, is told and waited for. */
async function again({ terminal, signal }: Call<Options>, seconds: number, look: () => Promise<void>): Promise<void> {
  let pause = seconds
  let isAway = false
  while (!signal.aborted) {
    await wait(pause * 1000, undefined, { signal })
    try {
      await look()
      if (isAway) terminal.note('It answers again.')
      isAway = false
      pause = seconds
    } catch (error) {
      if (!(error instanceof ReaderError) || !error.isPassing) throw error
      if (!isAway) terminal.note(`${error.message}\nTrying again until Ctrl-C.`)
      pause = isAway ? Math.min(pause * 2, LONGEST) : Math.min(1, seconds)
      isAway = true
    }
  }
}

/** The last events, the oldest first. */
async function last(reader: Reader, query: URLSearchParams, lines: number, signal: AbortSignal): Promise<Page> {
  const asked = limited(query, Math.max(lines, 1), null)
  asked.set('sort', '-time')
  const page = await askJson<Page>(reader, '/events', asked, signal)
  return { ...page, events: lines > 0 ? [...page.events].reverse() : [] }
}

/** `tail` */
export const tail: Spec<Options> = {
  usage: 'tail [words...]',
  summary: 'the last events, and with -f those that are archived from now on; the filters are those of search',
  queueless: true,
  options: [
    new Option('-n, --lines <number>', `so many of the last ones, ${LINES} if left out`).argParser(upTo),
    new Option('-f, --follow', 'go on with what is archived, until Ctrl-C'),
    new Option(
      '--every <seconds>',
      `how often is looked; ${EVERY.here} on this machine, ${EVERY.elsewhere} elsewhere, if left out`,
    ).argParser(amount),
    ...queryOptions(),
    columnsOption(),
    ...readerOptions(),
  ],
  async run(call): Promise<Exit> {
    const { args, options, terminal, signal } = call
    const reader = openReader(options)
    const query = queryOf(options, args)
    const show = shower(call)
    const tellDamage = damageTeller(call)
    const position = follower(query, terminal.note)
    const page = await last(reader, query, options.lines ?? LINES, signal)
    show(page.events)
    let isDamaged = tellDamage(page.damaged)
    position.advance(page.complete)
    if (!options.follow) {
      terminal.note(`${counted(page.events.length, 'event')}. Complete at ${completeText(page.complete)}.`)
      return isDamaged ? 'damaged' : 'ok'
    }
    await again(call, options.every ?? EVERY[reader.isLoopback ? 'here' : 'elsewhere'], async () => {
      let complete: readonly Complete[] = []
      for await (const found of pages({ reader, query: position.next(), limit: PAGE, signal })) {
        show(found.events)
        isDamaged = tellDamage(found.damaged) || isDamaged
        complete = found.complete
      }
      // Only now: what was cut short is looked at again from where it began.
      position.advance(complete)
    })
    return 'interrupted'
  },
}
