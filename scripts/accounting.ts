import { environment, readConfig } from '../lib/config.ts'
import type { Report } from '../local/accounting.ts'

// Asks a running emulation for its accounts and prints them for people. Exit code 0: they hold; 1: they do not; 2: nobody to ask.

/** Milliseconds that an answer may take; the whole ledger is read for it. */
const PATIENCE = 30_000

const COLUMNS = [
  ...['registry', 'location', 'received', 'accepted', 'ignored', 'quarantined', 'rejected'],
  ...['events', 'routed', 'on intake', 'dead letters', 'redriven', 'unanswered'],
  ...['archived', 'to archive', 'not archived', 'kept', 'gone'],
]

type Row = readonly (string | number)[]

const rowOf = ({ registry, location, events, archive, quarantine, ...items }: Report['registries'][number]): Row => [
  registry,
  location ?? '-',
  ...[items.received, items.accepted, items.ignored, items.quarantined, items.rejected],
  ...[events.accepted, events.routed, events.onIntake, events.deadLettered, events.redriven, events.unanswered],
  ...[archive.archived, archive.onQueue, archive.deadLettered],
  ...[quarantine.kept, quarantine.gone],
]

const isEmpty = (row: Row): boolean => row.slice(2).every((count) => count === 0)

/** Names to the left, numbers to the right. */
function table(rows: readonly Row[]): string {
  const lines = [COLUMNS, ...rows].map((row) => row.map(String))
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const pad = (cell: string, column: number) =>
    column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return lines.map((line) => line.map(pad).join('  ')).join('\n')
}

async function ask(url: string): Promise<Report> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) })
  const report = (await response.json()) as Partial<Report>
  if (!Array.isArray(report.registries) || !Array.isArray(report.mistakes)) {
    throw new Error(`it answered ${response.status} with something else than accounts`)
  }
  return report as Report
}

function print({ holds, registries, mistakes }: Report): void {
  const rows = registries.map(rowOf)
  const busy = rows.filter((row) => !isEmpty(row))
  process.stdout.write(`${table(busy)}\n`)
  if (busy.length < rows.length) process.stdout.write(`${rows.length - busy.length} more without any traffic\n`)
  if (holds) process.stdout.write('\nThe accounts hold: nothing is missing, and nothing is where it does not belong.\n')
  else process.stdout.write(`\nThe accounts do not hold:\n${mistakes.map((mistake) => `  ${mistake}\n`).join('')}`)
  process.exitCode = holds ? 0 : 1
}

/** Where a client finds what listens on `host`. */
function address({ host, port }: { host: string; port: number }): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** What went wrong with a call, down to the reason that says most. */
const reason = (error: Error): string => (error.cause instanceof Error ? reason(error.cause) : error.message)

try {
  // Only where it listens matters here; what else stands in the environment is for the emulation to check.
  const { HOST, PORT } = environment()
  const url = `${address(readConfig({ HOST, PORT }))}/accounting`
  await ask(url).then(print, (error: Error) => {
    throw new Error(
      `No local emulation answers at ${url}: ${reason(error) || 'nothing listens there'}. Start it with npm start, or set PORT and HOST to where it listens.`,
    )
  })
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 2
}
