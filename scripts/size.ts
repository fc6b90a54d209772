import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, functionNames } from '../deploy/bundle.ts'
import { makeViewer } from '../deploy/web.ts'
import { type SourceName, sources } from '../lib/sources/index.ts'

// Fails when a packaged function is larger than its budget: size is what a cold start pays for. A function carries the sources that
// its registries use, so there is a budget for each of them.

const BUDGET_KB = 93

/** Sources that may be larger, and why. */
const LARGER: Readonly<Partial<Record<SourceName, { kb: number; why: string }>>> = {
  artifactregistry: { kb: 107, why: 'the library that verifies tokens' },
  ecr: { kb: 100, why: 'the operations of an API, by name' },
  gitlab: { kb: 104, why: 'hundreds of kinds of audit events, by name' },
  quay: { kb: 99, why: 'every kind of entry of its log, by name' },
}

/** Functions that nobody waits for, or that do more than a webhook's: the same whatever the registries are. */
const OTHERS: Readonly<Record<string, { kb: number; why: string }>> = {
  alerts: { kb: 205, why: 'the search' },
  archive: { kb: 155, why: 'Parquet' },
  search: { kb: 450, why: 'the viewer, both engines, and every source, to explain what is long gone' },
  upkeep: { kb: 215, why: 'Parquet, read and written' },
}

const say = (what: string, name: string, kb: number, budget: number, why: string): void => {
  process.stdout.write(`${what}${name} has ${kb.toFixed(1)} KB of ${budget} KB${why ? ` (${why})` : ''}\n`)
  if (kb > budget) process.exitCode = 1
}

/** What the viewer's script may have: libraries and all. */
const VIEWER_KB = 80

const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-size-'))
try {
  for (const source of Object.keys(sources) as SourceName[]) {
    const registries = join(folder, `${source}.ts`)
    const registry = { id: source, source, domain: 'de.icr.io', region: 'eu-central', account: 'local' }
    writeFileSync(registries, `export const registries = ${JSON.stringify([registry])}\n`)
    const outdir = join(folder, source)
    await bundle(outdir, registries)
    const sizes = functionNames.map((name) => ({ name, kb: statSync(join(outdir, `${name}.cjs`)).size / 1024 }))
    const [largest = { name: '', kb: 0 }] = sizes
      .filter(({ name }) => !(name in OTHERS))
      .toSorted((a, b) => b.kb - a.kb)
    const { kb: budget = BUDGET_KB, why = '' } = LARGER[source] ?? {}
    say(`${source}: `, largest.name, largest.kb, budget, why)
    if (source !== 'distribution') continue
    for (const { name, kb } of sizes) {
      const other = OTHERS[name]
      if (other) say('', name, kb, other.kb, other.why)
    }
  }
  const { '/viewer.js': script = '' } = await makeViewer()
  const kb = Buffer.byteLength(script) / 1024
  say('viewer: ', 'viewer.js', kb, VIEWER_KB, '')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
