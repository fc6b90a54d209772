import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, functionNames } from '../deploy/bundle.ts'

// Fails when a packaged function is larger than its budget: size is what a cold start pays for.

const BUDGET_KB = 80

const outdir = mkdtempSync(join(tmpdir(), 'registry-event-router-size-'))
try {
  await bundle(outdir)
  const sizes = functionNames.map((name) => ({ name, kb: statSync(join(outdir, `${name}.cjs`)).size / 1024 }))
  const over = sizes.filter(({ kb }) => kb > BUDGET_KB)
  for (const { name, kb } of over)
    process.stderr.write(`${name} has ${kb.toFixed(1)} KB, the budget is ${BUDGET_KB} KB\n`)
  const largest = Math.max(...sizes.map(({ kb }) => kb))
  process.stdout.write(`${sizes.length} functions, the largest has ${largest.toFixed(1)} KB of ${BUDGET_KB} KB\n`)
  process.exitCode = over.length > 0 ? 1 : 0
} finally {
  rmSync(outdir, { recursive: true, force: true })
}
