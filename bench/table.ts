import { clients } from './bundles.ts'
import type { Measured, Verdict } from './targets.ts'

/** Where and when it was measured. */
export interface Machine {
  date: string
  node: string
  cpu: string
  cores: number
}

const show = (value: number): string => value.toFixed(value >= 1000 ? 0 : value >= 100 ? 1 : 2)

/** Lines of columns: the first one to the left, the others to the right. */
function align(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
    })
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('')
}

const microseconds = (perSecond: number): number => 1e6 / perSecond

const compared = ({ transform, coldStart, send, bundle }: Measured) => [
  {
    what: 'webhook to message, µs of one core',
    ours: microseconds(transform.perSecond),
    other: microseconds(transform.limitPerSecond),
    ratio: transform.ratioToLimit,
  },
  {
    what: 'cold start to the first 202, ms',
    ours: coldStart.ms,
    other: coldStart.baselineMs,
    ratio: coldStart.ratioToBaseline,
  },
  { what: 'CPU of a batch of 10, ms', ours: send.cpuMs, other: send.baselineCpuMs, ratio: send.ratioToBaseline },
  {
    what: 'packaged image function, KiB',
    ours: bundle.kb,
    other: bundle.baselineKb,
    ratio: bundle.kb / bundle.baselineKb,
  },
]

const cpuOf = ({ send }: Measured) => ({ aws4: send.cpuMs, sdk: send.baselineCpuMs, aws4fetch: send.aws4fetchCpuMs })

/** What was measured with a million events: the archive, `zcat | grep`, and DuckDB over gzipped JSON lines. */
function millionRows({ million: { archive, search, verify } }: Measured): string[][] {
  const none = ''
  return [
    ['a million events', 'archive', 'zcat | grep', 'DuckDB, JSON lines'],
    ['newest 100 of an initiator, ms', ...[search.filterMs, search.grepFilterMs, search.duckdbJsonFilterMs].map(show)],
    ['events of an initiator counted, ms', ...[search.countMs, search.grepCountMs, search.duckdbJsonCountMs].map(show)],
    ['bytes an event (gzipped JSON lines)', ...[archive.bytesPerEvent, archive.gzipBytesPerEvent].map(show), none],
    ['the first question after a start, ms', show(search.firstMs), none, none],
    ['words that stand nowhere, in whole events, ms', show(search.textMs), none, none],
    ['archived, events/s', show(archive.eventsPerSecond), none, none],
    ['archived and compacted, events/s', show(archive.compactedPerSecond), none, none],
    ['verified, events/s', show(verify.entriesPerSecond), none, none],
  ]
}

/** What was measured as text for people, missed targets last. */
export function table(machine: Machine, measured: Measured, verdicts: readonly Verdict[]): string {
  const missed = verdicts.filter(({ met }) => !met)
  return [
    `${machine.date}  node ${machine.node}  ${machine.cores} cores, ${machine.cpu}\n`,
    align([
      ['ours against the limit (first line) or the AWS SDK, zod and middy', 'ours', 'other', 'ratio'],
      ...compared(measured).map(({ what, ours, other, ratio }) => [what, show(ours), show(other), show(ratio)]),
    ]),
    align([
      ['client', 'CPU of a batch, ms', 'load and first send, ms', 'KiB'],
      ...clients.map((name) => {
        const { loadAndFirstSendMs, bundleKb } = measured.client[name]
        return [name, show(cpuOf(measured)[name]), show(loadAndFirstSendMs), show(bundleKb)]
      }),
    ]),
    align([
      ['source', 'µs of one core', 'bytes', 'events'],
      ...Object.entries(measured.sources).map(([name, { usPerRequest, bytes, events }]) => [
        name,
        show(usPerRequest),
        String(bytes),
        String(events),
      ]),
    ]),
    align(millionRows(measured)),
    align([
      ['target', '', '', 'measured', ''],
      ...verdicts.map(({ name, bound, target, value, met }) => [
        name,
        bound,
        show(target),
        show(value),
        met ? 'met' : 'MISSED',
      ]),
    ]),
    missed.length === 0 ? 'Every target is met.\n' : `MISSED: ${missed.map(({ name }) => name).join(', ')}\n`,
  ].join('\n')
}
