import type { Explanation } from '../../lib/search/explain.ts'
import type { Spec } from '../command.ts'
import { askJson, openReader, type ReaderOptions, readerOptions } from '../reader.ts'
import { wrapped } from '../terminal.ts'
import { absent, pathOf } from './show.ts'

/** Characters of the name of a step. */
const NAME = 12

/** `explain` */
export const explain: Spec<ReaderOptions> = {
  usage: 'explain <id>',
  summary: 'every step of one event: from which webhook, by which rule and tables, to where, and when',
  queueless: true,
  options: readerOptions(),
  async run({ args: [id = ''], options, terminal, signal }) {
    const reader = openReader(options)
    const path = `${pathOf(id)}/explain`
    const explanation = await askJson<Explanation>(reader, path, new URLSearchParams(), signal).catch(
      (error: unknown) => {
        throw absent(error, id)
      },
    )
    for (const step of explanation.steps) terminal.json(step)
    const lines = explanation.steps.map(({ step, says }) => step.padEnd(NAME) + wrapped(says, NAME, terminal.width))
    terminal.print(lines.join('\n'))
    return 'ok'
  },
}
