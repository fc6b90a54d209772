import { Option } from 'commander'
import { compact } from '../../lib/archive/compact.ts'
import { type ArchiveOptions, archiveOptions, damagedIn, onEach, sizeText } from '../archives.ts'
import type { Spec } from '../command.ts'
import { counted } from '../exits.ts'
import { table } from '../terminal.ts'

interface Options extends ArchiveOptions {
  dryRun?: true
  atOnce?: true
}

/** `archive compact` */
export const archiveCompact: Spec<Options> = {
  usage: 'compact',
  summary: 'merge the small files of each day',
  options: [
    ...archiveOptions(),
    new Option('--dry-run', 'only say what would be done'),
    new Option('--at-once', 'remove what was merged now, not ten minutes later: when nobody is searching'),
  ],
  async run(call) {
    const { options, terminal, signal } = call
    const dryRun = options.dryRun === true
    const rows: string[][] = []
    const exit = await onEach(call, async (archive) => {
      const { location, store } = archive
      const damaged = damagedIn(archive, terminal)
      const run = () =>
        compact({
          store,
          location,
          now: Date.now,
          dryRun,
          signal,
          tellDamaged: damaged.tell,
          tellMerged: () => terminal.progress(`${location}: files written`, ++written, written),
          // The clock of a store may be ahead of this one.
          ...(options.atOnce ? { grace: Number.NEGATIVE_INFINITY } : {}),
        })
      let written = 0
      const done = await run()
      if (options.atOnce && !dryRun && done.waiting > 0) {
        const { removed, bytes, waiting, isDone } = await run()
        Object.assign(done, { removed: done.removed + removed, bytes: done.bytes + bytes, waiting, isDone })
      }
      terminal.json({ location, dryRun, ...done, damaged: damaged.found })
      const { merged, events, removed, bytes, waiting } = done
      rows.push([location, `${merged}`, `${done.written}`, `${events}`, `${removed}`, sizeText(bytes), `${waiting}`])
      return damaged.found.length > 0 ? 'damaged' : 'ok'
    })
    if (rows.length > 0) {
      terminal.print(
        table(
          ['location', 'merged', 'into', 'events', 'removed', 'bytes removed', 'removed later'],
          rows,
          terminal.width,
        ),
      )
    }
    terminal.note(`${dryRun ? 'Nothing was changed' : 'Done'}: ${counted(rows.length, 'archive')}.`)
    return exit
  },
}
