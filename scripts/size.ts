import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, functionNames } from '../deploy/bundle.ts'
import { makeViewer } from '../deploy/web.ts'
import { type SourceName, sources } from '../lib/sources/index.ts'

// Fails when a packaged function is larger than its budget: size is what a cold start pays for. A function carries the sources that
// its registries use, so there is a budget for each of them.

const BUDGET_KB = 92

/** Sources that may be larger, and why. */
const LARGER: Readonly<Partial<Record<SourceName, { kb: number; why: string }>>> = {
  artifactregistry: { kb: 106, why: 'the library that verifies tokens' },
  ecr: { kb: 98, why: 'the operations of an API, by name' },
  gitlab: { kb: 103, why: 'hundreds of kinds of audit events, by name' },
  quay: { kb: 97, why: 'every kind of entry of its log, by name' },
}

/** Functions that have a budget of their own, whatever sources there are, and why. */
const OWN: Readonly<Record<string, { kb: number; why: string }>> = {
  search: { kb: 290, why: "the viewer's files, which it serves, and both engines" },
}

/** What the viewer's script may have: libraries and all. */
const VIEWER_KB = 80

const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-size-'))
let own: { name: string; kb: number }[] = []
try {
  for (const source of Object.keys(sources) as SourceName[]) {
    const registries = join(folder, `${source}.ts`)
    const registry = { id: source, source, domain: 'de.icr.io', region: 'eu-central', account: 'local' }
    writeFileSync(registries, `export const registries = ${JSON.stringify([registry])}\n`)
    const outdir = join(folder, source)
    await bundle(outdir, registries)
    const all = functionNames.map((name) => ({ name, kb: statSync(join(outdir, `${name}.cjs`)).size / 1024 }))
    own = all.filter(({ name }) => Object.hasOwn(OWN, name))
    const sizes = all.filter(({ name }) => !Object.hasOwn(OWN, name))
    const [largest = { name: '', kb: 0 }] = sizes.toSorted((a, b) => b.kb - a.kb)
    const { kb: budget = BUDGET_KB, why = '' } = LARGER[source] ?? {}
    process.stdout.write(
      `${source}: ${largest.name} has ${largest.kb.toFixed(1)} KB of ${budget} KB${why ? ` (${why})` : ''}\n`,
    )
    if (largest.kb > budget) process.exitCode = 1
  }
  for (const { name, kb } of own) {
    const { kb: budget = 0, why = '' } = OWN[name] ?? {}
    process.stdout.write(`${name} has ${kb.toFixed(1)} KB of ${budget} KB (${why})\n`)
    if (kb > budget) process.exitCode = 1
  }
  const { '/viewer.js': script = '' } = await makeViewer()
  const kb = Buffer.byteLength(script) / 1024
  process.stdout.write(`viewer: viewer.js has ${kb.toFixed(1)} KB of ${VIEWER_KB} KB\n`)
  if (kb > VIEWER_KB) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
