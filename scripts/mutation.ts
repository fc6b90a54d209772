import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Stryker } from '@stryker-mutator/core'
import { type Survivor, survivors } from '../test/mutation/survivors.ts'

// Mutation testing: each change of the code that Stryker can think of is made, one at a time, and the tests have to fail. Writes
// docs/mutation.md. Fails when too few changes of a file are noticed, when a survivor has no reason, and when a reason has no survivor.

const LEAST_PERCENT = 90

/** What is changed, and the tests that have to notice. */
// biome-ignore format: one row a file
const FILES: Readonly<Record<string, readonly string[]>> = {
  'lib/family.ts': ['test/family.test.ts', 'test/webhook.test.ts'],
  'lib/route.ts': ['test/route.test.ts'],
  'lib/sources/signature.ts': ['test/sources/signature.test.ts', 'test/sources/vectors.test.ts'],
}

const root = resolve(import.meta.dirname, '..')
/** Nothing of it is kept. */
const folder = '.stryker'

type Mutant = Awaited<ReturnType<Stryker['runMutationTest']>>[number]

/** Makes the changes of `file`, one at a time, and runs its tests on each. */
function mutantsOf(file: string, tests: readonly string[]): Promise<Mutant[]> {
  const stryker = new Stryker({
    mutate: [file],
    plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/jest-runner'))],
    testRunner: 'jest',
    testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    jest: {
      projectType: 'custom',
      configFile: 'jest.config.json',
      config: { testMatch: tests.map((test) => `<rootDir>/${test}`) },
      enableFindRelatedTests: false,
    },
    coverageAnalysis: 'perTest',
    concurrency: 2,
    // Long enough for a busy machine: a change that only took its time must not count as noticed.
    timeoutMS: 60_000,
    reporters: ['progress-append-only'],
    thresholds: { high: 100, low: 95, break: null },
    tempDirName: `${folder}/tmp`,
  })
  return stryker.runMutationTest()
}

const KILLED: ReadonlySet<string> = new Set(['Killed', 'Timeout'])
/** What could not be run says nothing: it counts neither way. */
const INVALID: ReadonlySet<string> = new Set(['CompileError', 'RuntimeError', 'Ignored'])

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** What stood where `mutant` is. */
function original(source: string, { location: { start, end } }: Mutant): string {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  const last = lines.length - 1
  const cut = lines.map((line, index) =>
    line.slice(index === 0 ? start.column - 1 : 0, index === last ? end.column - 1 : undefined),
  )
  return oneLine(cut.join('\n'))
}

type Found = Omit<Survivor, 'why'> & { line: number }

function survivorsOf(file: string, mutants: readonly Mutant[]): Found[] {
  const source = readFileSync(resolve(root, file), 'utf8')
  const lines = source.split('\n')
  return mutants
    .filter(({ status }) => !KILLED.has(status))
    .map((mutant) => {
      const { line } = mutant.location.start
      const within = oneLine(lines[line - 1] ?? '')
      return { file, line, within, from: original(source, mutant), to: oneLine(mutant.replacement) }
    })
    .toSorted((a, b) => a.line - b.line)
}

const isFor = (found: Found, known: Survivor): boolean =>
  (['file', 'within', 'from', 'to'] as const).every((field) => found[field] === known[field])

const mistakes: string[] = []
const scores: string[] = []
const found: Found[] = []
const wanted = process.argv.slice(2)

for (const [file, tests] of Object.entries(FILES)) {
  if (wanted.length > 0 && !wanted.includes(file)) continue
  const mutants = (await mutantsOf(file, tests)).filter(({ status }) => !INVALID.has(status))
  const survived = survivorsOf(file, mutants)
  const percent = ((mutants.length - survived.length) / mutants.length) * 100
  if (percent < LEAST_PERCENT)
    mistakes.push(`${file}: ${percent.toFixed(1)} % were noticed, at least ${LEAST_PERCENT} % have to be`)
  scores.push(`| \`${file}\` | ${mutants.length} | ${mutants.length - survived.length} | ${percent.toFixed(1)} % |`)
  found.push(...survived)
}
rmSync(resolve(root, folder), { recursive: true, force: true })

for (const one of found)
  if (!survivors.some((known) => isFor(one, known)))
    mistakes.push(
      `${one.file}:${one.line} survived and has no reason in test/mutation/survivors.ts: ${JSON.stringify(one)}`,
    )
const run = (file: string) => wanted.length === 0 || wanted.includes(file)
for (const known of survivors)
  if (run(known.file) && !found.some((one) => isFor(one, known)))
    mistakes.push(`test/mutation/survivors.ts has a reason without a survivor: ${JSON.stringify(known)}`)

const code = (text: string): string => (text === '' ? 'nothing' : `\`${text.replaceAll('|', '\\|')}\``)
const rows = found.map((one) => {
  const why = survivors.find((known) => isFor(one, known))?.why ?? '**no reason**'
  return `| \`${one.file}\`:${one.line} | ${code(one.from)} | ${code(one.to)} | ${why} |`
})

const page = `# Mutation testing

Written by \`npm run mutation\`: each change of the code that Stryker can think of is made, one at a time, and the tests have to fail.
At least ${LEAST_PERCENT} % have to be noticed in every file; what was not noticed is below, each with the reason why it is harmless
(\`test/mutation/survivors.ts\`: a survivor without a reason fails the run, and so does a reason without a survivor).

| file | changes | noticed | |
| --- | --- | --- | --- |
${scores.join('\n')}

## Survivors

| where | stood there | stands there then | why nobody notices |
| --- | --- | --- | --- |
${rows.join('\n')}
`

// A run of some files is for whoever works on them.
if (wanted.length === 0) writeFileSync(resolve(root, 'docs/mutation.md'), page)
process.stdout.write(`${scores.join('\n')}\n${found.length} survived\n`)
for (const mistake of mistakes) process.stderr.write(`${mistake}\n`)
process.exitCode = mistakes.length > 0 ? 1 : 0
