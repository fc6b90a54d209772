import { createHook } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

// A process of its own: loads the packaged function `file`, calls its handler with the JSON of standard input, and kills itself
// without warning at the step `at` between the call and the answer; 0 is never. A step is every moment at which the function goes on after
// it waited: after each `await`, and after everything that a socket, a timer or the system gave it; with the word `outside` behind `at` only
// the latter, between which nothing happens that anybody else could see. At the end it prints how many steps there were, and the answer. With
// `VICTIM_NOW`, in milliseconds since 1970, its clock stands still: what it writes is the same each time.

const { VICTIM_NOW } = process.env
if (VICTIM_NOW) Date.now = () => Number(VICTIM_NOW)

const [, , file = '', at = '0', which = 'all'] = process.argv
const input: unknown = JSON.parse(readFileSync(0, 'utf8'))
const { handler } = createRequire(file)(file) as { handler(input: unknown, context: object): Promise<unknown> }

let step = 0
/** Ids of what is only waited for inside. */
const inside = new Set<number>()
const hook = createHook({
  init(id, type) {
    if (which === 'outside' && type === 'PROMISE') inside.add(id)
  },
  before(id) {
    if (inside.has(id)) return
    step++
    if (step === Number(at)) process.kill(process.pid, 'SIGKILL')
  },
}).enable()
handler(input, { awsRequestId: 'victim' }).then((answer) => {
  hook.disable()
  process.stdout.write(`\n${JSON.stringify({ steps: step, answer })}\n`, () => process.exit(0))
})
