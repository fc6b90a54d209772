import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { resolve } from 'node:path'
import { measureArchive } from './archive.ts'
import { kibibytes, makeBundles } from './bundles.ts'
import { coldStart } from './coldstart.ts'
import { temporaryFolder } from './folder.ts'
import { compareClients } from './send.ts'
import { costs } from './sources.ts'
import { table } from './table.ts'
import { judge } from './targets.ts'
import { transform } from './transform.ts'

// `npm run bench`: measures, prints a table, writes `bench/latest.json`. A target that was missed is said, but is no error.

const fileOf = await makeBundles(temporaryFolder())
const measured = {
  transform: await transform(),
  coldStart: await coldStart(fileOf),
  ...(await compareClients(fileOf)),
  sources: await costs(),
  million: await measureArchive(temporaryFolder()),
  bundle: { kb: kibibytes(fileOf('functions/image')), baselineKb: kibibytes(fileOf('bench/baseline')) },
}
const machine = {
  date: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
}
const targets = judge(measured)
const latest = { ...machine, ...measured, targets }
writeFileSync(resolve(import.meta.dirname, 'latest.json'), `${JSON.stringify(latest, null, 2)}\n`)
process.stdout.write(table(machine, measured, targets))
