import { Option } from 'commander'
import { type DeadLetter, redriveDeadLetters } from '../../lib/redrive/deadletters.ts'
import { amount, type CommonOptions, type Spec } from '../command.ts'
import { CommandError, counted } from '../exits.ts'
import { tellHidden, tellStuck } from '../filter.ts'
import { queueNamed } from '../queues.ts'
import { table } from '../terminal.ts'

interface Options extends CommonOptions {
  limit?: number
  dryRun?: true
}

/** `dlq redrive` */
export const dlqRedrive: Spec<Options> = {
  usage: 'redrive <queue>',
  summary: 'put dead letters back onto the queue that they came from',
  options: [
    new Option('--limit <number>', 'at most so many').argParser(amount),
    new Option('--dry-run', 'only say what would be done'),
  ],
  async run({ args, options, target, terminal, signal }) {
    const queue = queueNamed(args[0] ?? '', target)
    const queues = await target.connect(queue)
    const dryRun = options.dryRun === true
    const counts = { redriven: 0, refused: 0, unroutable: 0 }
    let left = 0
    const obstacles: DeadLetter[] = []
    const tell = () => {
      if (obstacles.length > 0) {
        const cells = obstacles.map(({ id, message, registry, obstacle }) => [
          id ?? message.messageId,
          registry ?? '',
          obstacle ?? '',
        ])
        terminal.print(table(['stays: id', 'registry', 'it would come right back'], cells))
      }
      const { redriven, refused, unroutable } = counts
      const done = dryRun
        ? 'Nothing was changed. Without --dry-run it would be'
        : `${queue.name} in ${queue.awsRegion} has`
      terminal.note(`${done} ${counted(redriven, 'message')} back.`)
      if (left > 0)
        terminal.note(`${left} of them could not be removed from ${queue.name}-dlq: they come again with the same ids.`)
      if (refused > 0) terminal.note(`${refused} were refused by ${queue.name} and stay: try again.`)
      if (unroutable > 0)
        terminal.note(`${unroutable} stay: no location can be found for them, so they would come right back.`)
    }
    let unseen = 0
    try {
      const hidden = await redriveDeadLetters({
        queues,
        queue,
        limit: options.limit,
        dryRun,
        signal,
        report(letter, outcome, removed) {
          counts[outcome]++
          if (outcome === 'unroutable' && obstacles.length < 100) obstacles.push(letter)
          if (outcome === 'redriven' && !removed && !dryRun) left++
          terminal.json({
            messageId: letter.message.messageId,
            id: letter.id ?? null,
            reason: letter.reason,
            outcome,
            removed,
            ...(letter.obstacle ? { obstacle: letter.obstacle } : {}),
          })
        },
        progress: terminal.progress,
        stuck: tellStuck(terminal),
      })
      tell()
      tellHidden(terminal, hidden)
      unseen = hidden
    } catch (error) {
      if (counts.redriven + counts.refused + counts.unroutable > 0) tell()
      else if (error instanceof CommandError)
        terminal.note(error.refused ? 'Nothing was changed.' : `Nothing was taken off ${queue.name}-dlq.`)
      throw error
    }
    return counts.refused + counts.unroutable + left + unseen > 0 ? 'undone' : 'ok'
  },
}
