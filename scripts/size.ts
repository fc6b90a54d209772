import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, functionNames } from '../deploy/bundle.ts'
import { type SourceName, sources } from '../lib/sources/index.ts'

// Fails when a packaged function is larger than its budget: size is what a cold start pays for. A function carries the sources that
// its registries use, so there is a budget for each of them.

const BUDGET_KB = 92

/** Sources that may be larger, and why. */
const LARGER: Readonly<Partial<Record<SourceName, { kb: number; why: string }>>> = {
  artifactregistry: { kb: 106, why: 'the library that verifies tokens' },
  ecr: { kb: 99, why: 'the operations of an API, by name' },
  gitlab: { kb: 103, why: 'hundreds of kinds of audit events, by name' },
  quay: { kb: 98, why: 'every kind of entry of its log, by name' },
}

/** Functions around the archive: they carry none of the sources. */
const AROUND_ARCHIVE: Readonly<Record<string, { kb: number; why: string }>> = {
  archive: { kb: 150, why: 'writing Parquet' },
  search: { kb: 300, why: 'reading Parquet, and the viewer' },
  upkeep: { kb: 210, why: 'reading and writing Parquet' },
  alerts: { kb: 185, why: 'what the search has, without the viewer' },
}

const sizeIn = (outdir: string, name: string): number => statSync(join(outdir, `${name}.cjs`)).size / 1024

/** Says how large `what` is, and fails when that is more than its budget. */
function tell(what: string, kb: number, budget: number, why = ''): void {
  process.stdout.write(`${what} ${kb.toFixed(1)} KB of ${budget} KB${why ? ` (${why})` : ''}\n`)
  if (kb > budget) process.exitCode = 1
}

const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-size-'))
try {
  for (const source of Object.keys(sources) as SourceName[]) {
    const registries = join(folder, `${source}.ts`)
    const registry = { id: source, source, domain: 'de.icr.io', region: 'eu-central', account: 'local' }
    writeFileSync(registries, `export const registries = ${JSON.stringify([registry])}\n`)
    const outdir = join(folder, source)
    await bundle(outdir, registries)
    const sizes = functionNames
      .filter((name) => !AROUND_ARCHIVE[name])
      .map((name) => ({ name, kb: sizeIn(outdir, name) }))
    const [largest = { name: '', kb: 0 }] = sizes.toSorted((a, b) => b.kb - a.kb)
    const { kb: budget = BUDGET_KB, why } = LARGER[source] ?? {}
    tell(`${source}: ${largest.name} has`, largest.kb, budget, why)
  }
  const outdir = join(folder, 'distribution')
  for (const [name, { kb, why }] of Object.entries(AROUND_ARCHIVE)) tell(`${name} has`, sizeIn(outdir, name), kb, why)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
