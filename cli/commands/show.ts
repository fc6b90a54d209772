import { Option } from 'commander'
import type { Spec } from '../command.ts'
import type { Found } from '../events.ts'
import { CommandError } from '../exits.ts'
import { askJson, openReader, type ReaderOptions, readerOptions } from '../reader.ts'
import { fileSink } from '../sink.ts'

interface Options extends ReaderOptions {
  proof?: string
}

/** The path of one event. */
export const pathOf = (id: string): string => `/events/${encodeURIComponent(id)}`

/** Where an event may be that the search does not know. */
export function absent(error: unknown, id: string): unknown {
  if (!(error instanceof CommandError) || !('code' in error) || error.code !== 'NOT_FOUND') return error
  return new CommandError(
    'undone',
    `${id} is in no archive that this reader may see. It may not be archived yet, or be in quarantine: \`npx registry-events quarantine show ${id}\`.`,
  )
}

function asText({ location, leaf, routedTime, archivedTime, event }: Found): string {
  const lines = [
    ['id', event.id],
    ['happened', event.eventTime],
    ['action', event.action],
    ['outcome', `${event.outcome}, ${event.severity}`],
    ['initiator', event.initiator?.name || event.initiator?.id],
    ['target', event.target?.name || event.target?.id],
    ['archive', `leaf ${leaf} of ${location}`],
    ['routed', routedTime],
    ['archived', archivedTime],
  ]
  const head = lines.map(([name = '', value = '']) => `${name.padEnd(11)}${value}`.trimEnd()).join('\n')
  return `${head}\n\n${JSON.stringify(event, null, 2)}`
}

/** `show` */
export const show: Spec<Options> = {
  usage: 'show <id>',
  summary: 'one event with all that it holds',
  queueless: true,
  options: [
    new Option('--proof <file>', 'write the proof that it is in the log into a new file, for verify --proof'),
    ...readerOptions(),
  ],
  async run({ args: [id = ''], options, terminal, signal }) {
    const reader = openReader(options)
    const none = new URLSearchParams()
    const sink =
      options.proof === undefined ? undefined : await fileSink(options.proof, { advice: 'take another name' })
    try {
      const found = await askJson<Found>(reader, pathOf(id), none, signal)
      terminal.json(found)
      terminal.print(asText(found))
      if (sink) {
        const { text } = await reader.ask(`${pathOf(id)}/proof`, none, 'application/json', signal)
        await sink.put(`${text}\n`)
        await sink.keep()
        terminal.note(`The proof is in ${options.proof}: npx registry-events verify --proof ${options.proof}`)
      }
      return 'ok'
    } catch (error) {
      await sink?.drop()
      throw absent(error, id)
    }
  },
}
