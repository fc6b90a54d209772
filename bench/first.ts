import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

// A process of its own: loads the bundle `file`, calls what it exports as `name` for the first time, with the JSON of standard input,
// and prints how many milliseconds both took. Nothing is imported here that a fresh process has not loaded already.

const [, , file = '', name = ''] = process.argv

async function run(): Promise<void> {
  const input: unknown = JSON.parse(readFileSync(0, 'utf8'))
  const load = createRequire(file)
  const start = performance.now()
  const exported = load(file) as Record<string, (input: unknown, context: object) => Promise<unknown>>
  const first = exported[name]
  if (!first) throw new Error(`${file} exports no ${name}`)
  const result = await first(input, {})
  const milliseconds = performance.now() - start
  process.stdout.write(`\n${JSON.stringify({ milliseconds, result })}\n`)
}

run().catch((error: unknown) => {
  process.stderr.write(`${error}\n`)
  process.exitCode = 1
})
