import { Option } from 'commander'
import type { Spec } from '../command.ts'
import type { Found } from '../events.ts'
import { CommandError } from '../exits.ts'
import { askJson, openReader, type ReaderOptions, readerOptions } from '../reader.ts'

interface Options extends ReaderOptions {
  proof?: true
}

/** What `GET /events/{id}/proof` answers. */
interface Proof {
  location: string
  leaf: number
  entry: string
  hashes: readonly string[]
  size: number
  checkpoint: string
  key: string
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

/** `show` */
export const show: Spec<Options> = {
  usage: 'show <id>',
  summary: 'one event with all that it holds',
  queueless: true,
  options: [
    new Option('--proof', 'and the proof that it is in the log, as a C2SP tlog-proof; in JSON its parts'),
    ...readerOptions(),
  ],
  async run({ args: [id = ''], options, terminal, signal }) {
    const reader = openReader(options)
    const none = new URLSearchParams()
    try {
      const found = await askJson<Found>(reader, pathOf(id), none, signal)
      if (options.json) {
        const proof = options.proof ? await askJson<Proof>(reader, `${pathOf(id)}/proof`, none, signal) : undefined
        terminal.json({ ...found, ...(proof ? { proof } : {}) })
        return 'ok'
      }
      const { location, leaf, routedTime, archivedTime, event } = found
      const lines = [
        ['id', event.id],
        ['happened', event.eventTime],
        ['action', event.action],
        ['outcome', `${event.outcome}, ${event.severity}`],
        ['initiator', event.initiator?.name || event.initiator?.id || ''],
        ['target', event.target?.name || event.target?.id || ''],
        ['archive', `leaf ${leaf} of ${location}`],
        ['routed', routedTime],
        ['archived', archivedTime],
      ]
      const text = lines.map(([name = '', value = '']) => `${name.padEnd(11)}${value ?? ''}`.trimEnd()).join('\n')
      terminal.print(`${text}\n\n${JSON.stringify(event, null, 2)}`)
      if (options.proof) {
        const proof = await reader.ask(`${pathOf(id)}/proof`, none, 'text/plain', signal)
        terminal.print(`\n${proof.text.trimEnd()}`)
      }
      return 'ok'
    } catch (error) {
      throw absent(error, id)
    }
  },
}
