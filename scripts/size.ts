import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, functionNames } from '../deploy/bundle.ts'
import { sources } from '../lib/sources/index.ts'

// Fails when a packaged function is larger than its budget: size is what a cold start pays for. A function carries the sources that
// its registries use, so the budget is for one source, whichever it is.

const BUDGET_KB = 80

const folder = mkdtempSync(join(tmpdir(), 'registry-event-router-size-'))
try {
  let largest = { what: '', kb: 0 }
  for (const source of Object.keys(sources)) {
    const registries = join(folder, `${source}.ts`)
    const registry = { id: source, source, domain: 'de.icr.io', region: 'eu-central', account: 'local' }
    writeFileSync(registries, `export const registries = ${JSON.stringify([registry])}\n`)
    const outdir = join(folder, source)
    await bundle(outdir, registries)
    for (const name of functionNames) {
      const kb = statSync(join(outdir, `${name}.cjs`)).size / 1024
      const what = `${name} with the source ${source}`
      if (kb > largest.kb) largest = { what, kb }
      if (kb <= BUDGET_KB) continue
      process.stderr.write(`${what} has ${kb.toFixed(1)} KB, the budget is ${BUDGET_KB} KB\n`)
      process.exitCode = 1
    }
  }
  process.stdout.write(`the largest, ${largest.what}, has ${largest.kb.toFixed(1)} KB of ${BUDGET_KB} KB\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
