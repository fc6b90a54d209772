import { Option } from 'commander'
import { type RetainedDay, retain } from '../../lib/archive/retain.ts'
import { type ArchiveOptions, archiveOptions, archiveSettings, damagedIn, onEach, sizeText } from '../archives.ts'
import type { Spec } from '../command.ts'
import { counted } from '../exits.ts'
import { table } from '../terminal.ts'

interface Options extends ArchiveOptions {
  dryRun?: true
}

const fateOf = ({ holds }: RetainedDay, dryRun: boolean): string => {
  if (holds.length > 0) return `stays: held by ${holds.join(', ')}`
  return dryRun ? 'would be removed' : 'removed'
}

/** `archive retention` */
export const archiveRetention: Spec<Options> = {
  usage: 'retention',
  summary: 'remove the days that are older than archive.ts says',
  options: [...archiveOptions(), new Option('--dry-run', 'only say what would be removed')],
  async run(call) {
    const { options, terminal, signal } = call
    const dryRun = options.dryRun === true
    const { retentionOf } = await archiveSettings()
    const rows: string[][] = []
    const sum = { events: 0, bytes: 0, days: 0 }
    const exit = await onEach(call, async (archive) => {
      const { location, store } = archive
      const days = retentionOf(location)
      if (days === undefined) {
        terminal.note(`${location}: events are kept for ever, archive.ts says nothing else.`)
        return 'ok'
      }
      const damaged = damagedIn(archive, terminal)
      const tellDay = (day: RetainedDay) => {
        const isHeld = day.holds.length > 0
        if (!isHeld)
          Object.assign(sum, { events: sum.events + day.events, bytes: sum.bytes + day.bytes, days: sum.days + 1 })
        terminal.json({ location, ...day, removed: !isHeld && !dryRun })
        rows.push([location, day.day, `${day.events}`, `${day.files}`, sizeText(day.bytes), fateOf(day, dryRun)])
      }
      const key = await archive.key()
      const { until } = await retain({
        store,
        location,
        key,
        days,
        now: Date.now,
        dryRun,
        signal,
        tellDamaged: damaged.tell,
        tellDay,
      })
      terminal.note(`${location}: ${counted(days, 'day')}, so up to ${until}.`)
      return damaged.found.length > 0 ? 'damaged' : 'ok'
    })
    if (rows.length > 0)
      terminal.print(table(['location', 'day', 'events', 'files', 'bytes', 'what'], rows, terminal.width))
    const what = `${counted(sum.days, 'day')}, ${counted(sum.events, 'event')}, ${sizeText(sum.bytes)}`
    terminal.note(dryRun ? `Nothing was changed. Without --dry-run it would be ${what}.` : `Removed: ${what}.`)
    return exit
  },
}
